"""Networks and numbers of the lure world: what is lent for a time, then to somebody else. No IO.

IPv6 first: a home has a /64 for weeks, its machines a new address in it each day; a carrier puts thousands into one.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from random import Random
from typing import NamedTuple

DAY = 86_400

LINE_V6_RATE = 0.65
CARRIER_V6_RATE = 0.7
RELENT_RATE = {"number": 0.55, "prefix": 0.25, "address": 0.6}
"""How often a new lease gets a value given back before, not one that this world never saw."""

_V6_BLOCKS = (0x2400, 0x2401, 0x2600, 0x2601, 0x2607, 0x2804, 0x2A00, 0x2A01, 0x2A02, 0x2A04, 0x2C0F)
_V4_BLOCKS = (23, 31, 41, 62, 77, 81, 85, 91, 93, 102, 105, 109, 112, 154, 176, 177, 186, 190, 196, 197)


class Lease(NamedTuple):
    """A value that somebody holds from `start` until `end` (seconds since 1970)."""

    start: int
    end: int
    value: str


class Wanted(NamedTuple):
    """A lease asked for; once a value is found, it goes to the end of `leases`."""

    start: int
    end: int
    number: int
    leases: list[Lease]


def lend(
    rng: Random, wanted: Iterable[Wanted], draw: Callable[[], str], *, relent_rate: float, idle_s: tuple[int, int]
) -> None:
    """Give every asker a value, in order of time; one given back may return after a time between `idle_s`."""
    given_back: list[tuple[int, str]] = []
    for start, end, _, leases in sorted(wanted, key=lambda asked: asked[:3]):
        is_relent = given_back and given_back[0][0] <= start and rng.random() < relent_rate
        value = heapq.heappop(given_back)[1] if is_relent else draw()
        leases.append(Lease(start, end, value))
        heapq.heappush(given_back, (end + rng.randint(*idle_s), value))


def find_lease(leases: list[Lease], at: int) -> str | None:
    """Return the value held then, or None."""
    row = bisect_right(leases, at, key=lambda lease: lease.start) - 1
    return leases[row].value if row >= 0 and at < leases[row].end else None


@dataclass(eq=False, slots=True)
class Line:
    """A home's or an office's internet: an address and a /64 at a time, for everybody in it."""

    addresses: list[Lease] = field(default_factory=list)
    prefixes: list[Lease] = field(default_factory=list)
    daily: dict[tuple[str, int], int] = field(default_factory=dict)

    def draw_address(self, rng: Random, at: int) -> str | None:
        """Return an address of the line then; None when it has none yet or no longer."""
        prefix = find_lease(self.prefixes, at) if rng.random() < LINE_V6_RATE else None
        if prefix is None:
            return find_lease(self.addresses, at)
        if rng.random() < 0.3:
            return spell_v6(prefix, rng.getrandbits(64))
        return spell_v6(prefix, self.daily.setdefault((prefix, at // DAY), rng.getrandbits(64)))


@dataclass(frozen=True, slots=True)
class Carrier:
    """A mobile carrier: strangers share its /64s and, with a port each, its few IPv4 addresses."""

    prefixes: tuple[str, ...]
    addresses: tuple[str, ...]

    def draw_address(self, rng: Random) -> str:
        """Return the address of one session."""
        if rng.random() < CARRIER_V6_RATE:
            return spell_v6(rng.choice(self.prefixes), rng.getrandbits(64))
        return rng.choice(self.addresses)


def build_carriers(rng: Random, tip_count: int) -> list[Carrier]:
    """Return the carriers; the more tips, the more gateways."""
    gateways = 3 + tip_count // 2_000
    return [
        Carrier(tuple(draw_prefix(rng) for _ in range(gateways)), tuple(draw_v4(rng) for _ in range(2 * gateways)))
        for _ in range(30)
    ]


def lend_to_lines(rng: Random, lines: Iterable[tuple[Line, int, int]]) -> None:
    """Give each line, from start to end, a row of IPv4 addresses (days to weeks) and of /64s (weeks to months)."""
    addresses: list[Wanted] = []
    prefixes: list[Wanted] = []
    for line, start, end in lines:
        addresses += want_row(rng, line.addresses, start, end, days=(5, 45), number=len(addresses))
        prefixes += want_row(rng, line.prefixes, start, end, days=(25, 150), number=len(prefixes))
    lend(rng, addresses, lambda: draw_v4(rng), relent_rate=RELENT_RATE["address"], idle_s=(0, 3 * DAY))
    lend(rng, prefixes, lambda: draw_prefix(rng), relent_rate=RELENT_RATE["prefix"], idle_s=(DAY, 20 * DAY))


def want_row(
    rng: Random,
    leases: list[Lease],
    start: int,
    end: int,
    *,
    days: tuple[int, int],
    number: int,
    gap_days: int = 0,
) -> list[Wanted]:
    """Return the leases wanted one after the other until `end`, each so many days, with a gap of up to `gap_days`."""
    row: list[Wanted] = []
    while start < end:
        until = start + rng.randint(days[0] * DAY, days[1] * DAY)
        row.append(Wanted(start, until, number + len(row), leases))
        start = until + (rng.randint(0, gap_days * DAY) if gap_days else 0)
    return row


def draw_v4(rng: Random) -> str:
    """Return an IPv4 address of the public space."""
    bits = rng.getrandbits(24)
    return f"{rng.choice(_V4_BLOCKS)}.{bits >> 16}.{bits >> 8 & 255}.{bits & 255}"


def draw_prefix(rng: Random) -> str:
    """Return a /64 of the public space, as 16 hexadecimal digits."""
    return f"{rng.choice(_V6_BLOCKS):04x}{rng.getrandbits(48):012x}"


def spell_v6(prefix: str, rest: int) -> str:
    """Return the address with this /64 and these lower 64 bits, in its usual short form."""
    return str(IPv6Address(int(prefix, 16) << 64 | rest))


def respell_v6(rng: Random, address: str) -> str:
    """Return an IPv6 address as some desks write it: in full or in capitals; IPv4 stays."""
    if ":" not in address:
        return address
    return IPv6Address(address).exploded if rng.random() < 0.5 else address.upper()
