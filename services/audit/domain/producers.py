"""Whether a record was sent by the service that it names: its MAC, its topic, its number.

Every record carries its producer (`<service>.<shard>`), a number, dense for each producer, and a MAC with the service's
key. Whoever writes to Kafka without that key can neither add nor change a record unseen; whoever removes one leaves a
number out.
"""

import hmac
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter

from services.audit.domain.header import Header
from services.audit.domain.record import Body
from shared.events.producer import producer_mac
from shared.events.topics import may_send

FAULTS = ("unsigned", "unknown_producer", "foreign_topic", "bad_mac")
"""What can be wrong with a record's producer, each told alone: the first that holds, in this order."""


SHARD = re.compile(r"[0-9]{1,2}")
HOLES_MAX = 1_000
"""Of one producer. A relay leaves hardly any number out, but whoever has its key could leave out every other one."""

Keys = Mapping[str, Sequence[bytes]]
"""Each service's keys: the one that it signs with, and those that it signed with before."""


def find_fault(header: Header, body: Body, keys: Keys) -> str | None:
    """Return which of `FAULTS` a record has, None for none."""
    if header.producer is None or header.seq is None or header.mac is None:
        return "unsigned"
    service, _, shard = header.producer.rpartition(".")
    # No relay names itself otherwise: whoever has a key neither stops anybody by it, nor is a thousand producers.
    if service not in keys or not SHARD.fullmatch(shard):
        return "unknown_producer"
    if not _may_send(service, header.topic):
        return "foreign_topic"
    said = {
        "producer": header.producer.encode(),
        "seq": _spelling(body),
        "record_key": body.key or b"",
        "value": body.value or b"",
    }
    macs = (producer_mac(key, topic=header.topic, **said) for key in keys[service])
    return None if any(hmac.compare_digest(mac, header.mac) for mac in macs) else "bad_mac"


def _spelling(body: Body) -> bytes:
    """Return the number as it was spelled, of which the header keeps the value alone."""
    return next((value or b"" for name, value in body.headers if name == "seq"), b"")


_may_send = lru_cache(maxsize=1_024)(may_send)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of one producer's records, as first and last of each run, ascending, a hole between any two."""

    runs: Sequence[tuple[int, int]] = ()

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self.runs, number, key=itemgetter(0))
        return place > 0 and number <= self.runs[place - 1][1]

    def find_repeated(self, given: Iterable[int]) -> list[int]:
        """Return the positions in `given` of numbers that are here, or stand earlier in `given`."""
        seen: set[int] = set()
        repeated = []
        for position, number in enumerate(given):
            if number in seen or number in self:
                repeated.append(position)
            seen.add(number)
        return repeated

    def holes(self) -> list[tuple[int, int]]:
        """Return first and last of each run of numbers left out between the smallest and the largest."""
        return [(left[1] + 1, right[0] - 1) for left, right in pairwise(self.runs)]


def find_surplus(holes: Iterable[tuple[str, int, int]], *, holes_max: int = HOLES_MAX) -> list[tuple[str, int, int]]:
    """Return the earliest holes of each producer that has more than `holes_max`, as many as to leave it half of that.

    A hole is producer, first and last number that is left out.
    """
    surplus = []
    for _, group in groupby(sorted(holes), key=itemgetter(0)):
        mine = list(group)
        surplus += mine[: -(holes_max // 2)] if len(mine) > holes_max else []
    return surplus
