"""The networks of the provider world: leased home addresses, carriers' shared ones, VPN exits, cafés, clouds."""

from dataclasses import dataclass, field
from random import Random

from tests.bench.linking import provider_words as words

DAY_S = 86_400
ADDRESSES_PER_PERSON, LEASES_D, HOME_BEHIND_NAT = 8, (1, 3, 7, 21, 90), 0.12
MOBILE_LEASE_S = 6 * 3_600
V6_LINE, V6_USED = 0.4, 0.5
TOP_BITS = 0x1000_1000_1000_1000  # keep each group of an IPv6 address at four digits


@dataclass(slots=True)
class Pool:
    """The addresses of a network from `first` on; of an exclusive one, an address serves one line at a time."""

    first: int
    size: int
    is_exclusive: bool
    held: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def lease(self, rng: Random, start: int, end: int) -> str:
        while True:
            number = self.first + int(rng.random() * self.size)
            if not self.is_exclusive:
                return dotted(number)
            spans = self.held.setdefault(number, [])
            if all(end <= since or until <= start for since, until in spans):
                spans.append((start, end))
                return dotted(number)


@dataclass(slots=True)
class Line:
    """A subscriber's connection: another address with each lease, and for some an IPv6 network beside it."""

    pool: Pool
    lease_s: int
    phase_s: int
    v6_head: str
    leases: dict[int, tuple[str, str]] = field(default_factory=dict)

    def address(self, rng: Random, at: int) -> str:
        turn = (at + self.phase_s) // self.lease_s
        if turn not in self.leases:
            start = turn * self.lease_s - self.phase_s
            part = f"{rng.getrandbits(48) | TOP_BITS >> 16:012x}"
            network = f"{self.v6_head}:{part[:4]}:{part[4:8]}:{part[8:]}"
            self.leases[turn] = self.pool.lease(rng, start, start + self.lease_s), network
        v4, network = self.leases[turn]
        if self.v6_head and rng.random() < V6_USED:
            host = f"{rng.getrandbits(64) | TOP_BITS:016x}"
            return f"{network}:{host[:4]}:{host[4:8]}:{host[8:12]}:{host[12:]}"
        return v4


class Networks:
    """Who hands out addresses: by country the home pool and the carriers, and what the whole world shares."""

    def __init__(self, persons: int) -> None:
        self.homes, self.carriers = [], []
        for index, (_, share, *_rest) in enumerate(words.COUNTRIES):
            first = (24 + 8 * index) << 24
            self.homes.append(Pool(first, max(500, ADDRESSES_PER_PERSON * persons * share // 100), is_exclusive=True))
            nat = first + (192 << 16)
            self.carriers.append([Pool(nat + 4_096 * n, 64 << n, is_exclusive=False) for n in range(4)])
        self.vpn = [[dotted((185 << 24) + (n << 16) + host) for host in range(20 + 30 * n)] for n in range(8)]
        self.cafes = [dotted((92 << 24) + 977 * n + 17) for n in range(max(40, persons // 12))]
        self.clouds = Pool((34 << 24) + (64 << 16), 6_000, is_exclusive=False)

    def home_line(self, rng: Random, country: int) -> Line:
        """Return a home's connection; a few have no IPv4 address of their own."""
        is_shared = rng.random() < HOME_BEHIND_NAT
        lease_s = DAY_S * (1 if is_shared else rng.choice(LEASES_D))
        has_v6 = is_shared or rng.random() < V6_LINE
        pool = rng.choice(self.carriers[country]) if is_shared else self.homes[country]
        return Line(pool, lease_s, rng.randrange(lease_s), words.COUNTRIES[country][4] if has_v6 else "")

    def mobile_line(self, rng: Random, country: int) -> Line:
        """Return a phone's connection, behind its carrier's NAT."""
        head = words.COUNTRIES[country][4] if rng.random() < V6_LINE else ""
        return Line(rng.choice(self.carriers[country]), MOBILE_LEASE_S, rng.randrange(MOBILE_LEASE_S), head)


def dotted(number: int) -> str:
    """Return an IPv4 address as it is written."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
