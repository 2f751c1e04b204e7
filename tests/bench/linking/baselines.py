"""What simpler linkers make of a world: union-find over raw values, over checked ones, and Splink.

They show what the task is: whoever takes every equal value for one person, gets one cluster of nearly everybody. They
are given what helps them (our normalisation and placeholder list, where their row says so), and are not tuned.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from deploy.local.layout import CHECKOUT
from shared.identifiers.identifier import Identifier
from shared.identifiers.ip import is_never_public, parse_ip
from shared.identifiers.names import fold_name
from shared.identifiers.normalise import normalise_identifier
from tests.bench.linking.score import Attempt, time_limit_s
from tests.bench.linking.world import World

Json = Mapping[str, Any]

STRONG_TYPES = frozenset({"email", "phone", "device", "payment", "document", "account"})
CLUSTERS_MAX = 5
SPLINK_COLUMNS = {
    "email": "mail",
    "phone": "phone",
    "username": "handle",
    "device": "device",
    "payment": "payment",
    "account": "account",
    "document": "document",
}
"""Types to Splink's columns, whose names must not be words of SQL."""
SPLINK_THRESHOLDS = (0.1, 0.5, 0.9)
"""0.5 and 0.9 are what one would choose without truth; 0.1 is near the best there is on some worlds, and falls apart on
others."""


def link_subject_values(world: World) -> Attempt:
    """Put together what shares any value of a subject's identifier, letter by letter, whatever its type's worth."""
    return _link_values("any value, subject", world, lambda party: party["role"] == "subject")


def link_all_values(world: World) -> Attempt:
    """The same over every party: reporters, victims and recipients too."""
    return _link_values("any value, all roles", world, lambda party: True)


def link_strong_values(world: World) -> Attempt:
    """Put together what shares a normalised subject value of a strong type that is no placeholder.

    From the rarest value up (ties: by its text), each joins its holders if they are in at most five clusters by then.
    """
    started = time.monotonic()
    holders: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, tip in enumerate(world.tips):
        for identifier in filter(None, map(_normalised, _subject_given(tip))):
            if identifier.links and identifier.type in STRONG_TYPES:
                holders[identifier.type, identifier.scope, identifier.canonical].append(number)
    groups = Groups(len(world.tips))
    for _, found in sorted(holders.items(), key=lambda item: (len(item[1]), item[0])):
        if len({groups.find(tip) for tip in found}) <= CLUSTERS_MAX:
            groups.join_all(found)
    return Attempt(f"strong values, cap {CLUSTERS_MAX}", groups.names(), time.monotonic() - started)


def link_with_splink(world: World) -> list[Attempt]:
    """Let Splink train and predict, and cluster at each threshold, in a process that is cut when its time is over.

    Raises:
        RuntimeError: Splink failed; the message ends with what it said last.
    """
    rows = json.dumps({"rows": splink_rows(world.tips), "thresholds": SPLINK_THRESHOLDS, "seed": world.seed})
    limit_s = time_limit_s(len(world.tips))
    names = [f"Splink, p ≥ {threshold}" for threshold in SPLINK_THRESHOLDS]
    command = [sys.executable, "-m", "tests.bench.linking.splink_run"]
    try:
        done = subprocess.run(
            command, cwd=CHECKOUT, input=rows, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return [Attempt(name, None, limit_s, f"cut after {limit_s:.0f} s") for name in names]
    if done.returncode:
        raise RuntimeError(f"Splink ended with {done.returncode}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return [Attempt(name, clusters, found["seconds"]) for name, clusters in zip(names, found["clusters"], strict=True)]


class Groups:
    """Union-find over 0 to `count` - 1."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, item: int) -> int:
        """Return the item that stands for its group; halves the way there."""
        parents = self._parents
        while parents[item] != item:
            parents[item] = item = parents[parents[item]]
        return item

    def join_all(self, items: Sequence[int]) -> None:
        """Make one group of the groups of these items (at least one)."""
        root = self.find(items[0])
        for item in items[1:]:
            self._parents[self.find(item)] = root

    def names(self) -> list[int]:
        """Return for each item which group it is in."""
        return [self.find(item) for item in range(len(self._parents))]


def splink_rows(tips: Iterable[Json]) -> list[dict[str, Any]]:
    """Return a row a tip for Splink: of each type the first value and the list of all, None where there is none.

    Values are normalised and no placeholders. `ip_days` are addresses with the day they were seen, else reported;
    `name` is folded, its words sorted; `birth` is given only as a whole day.
    """
    return [_splink_row(number, tip) for number, tip in enumerate(tips)]


def _splink_row(number: int, tip: Json) -> dict[str, Any]:
    row: dict[str, Any] = {"tip": number}
    values: defaultdict[str, list[str]] = defaultdict(list)
    ip_days: list[str] = []
    for given in _subject_given(tip):
        identifier = _normalised(given)
        if identifier is not None and identifier.links:
            values[identifier.type].append(identifier.canonical)
        elif given["type"] == "ip" and (address := parse_ip(given["value"])) and not is_never_public(address):
            ip_days.append(f"{address} {(given.get('at') or tip['reported_at'])[:10]}")
    for type_, column in SPLINK_COLUMNS.items():
        found = list(dict.fromkeys(values[type_]))
        row[column] = found[0] if found else None
        row[f"{column}s"] = found or None
    row["ip_days"] = list(dict.fromkeys(ip_days)) or None
    subjects = [party for party in tip.get("parties", ()) if party["role"] == "subject"]
    names = (" ".join(sorted(fold_name(name))) for party in subjects for name in party.get("names", ()))
    row["name"] = next(filter(None, names), None)
    births = (party.get("birth_date") or "" for party in subjects)
    row["birth"] = next((birth for birth in births if len(birth) == len("YYYY-MM-DD")), None)
    return row


def _link_values(name: str, world: World, is_wanted: Callable[[Json], bool]) -> Attempt:
    started = time.monotonic()
    holders: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, tip in enumerate(world.tips):
        for party in filter(is_wanted, tip.get("parties", ())):
            for given in party.get("identifiers", ()):
                holders[given["type"], given["value"]].append(number)
    groups = Groups(len(world.tips))
    _join(groups, holders.values())
    return Attempt(name, groups.names(), time.monotonic() - started)


def _join(groups: Groups, holders: Collection[Sequence[int]]) -> None:
    for found in holders:
        groups.join_all(found)


def _subject_given(tip: Json) -> Iterator[Json]:
    for party in tip.get("parties", ()):
        if party["role"] == "subject":
            yield from party.get("identifiers", ())


def _normalised(given: Json) -> Identifier | None:
    scopes = {name: given.get(name) for name in ("service", "region", "country")}
    return normalise_identifier(given["type"], given["value"], **scopes)
