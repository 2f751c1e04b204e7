"""Who holds which value: the rows that all links and clusters are read from.

Evidence is kept per value ("these tips hold it"), never per pair: n holders are n rows, not n²/2, and a value that
becomes too common, or rare again, is one changed count. `links` reads the pairs of one tip off these rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple
from uuid import UUID

from services.linker.domain.facts import File, Party, Research, Role, TipContent
from services.linker.domain.rules import KeyStat, Rules
from shared.identifiers import Identifier, normalise_file_hash, normalise_identifier

HolderRole = Role | Literal["file"]
Origin = Literal["tip", "research"]

LINKING_ROLES: frozenset[HolderRole] = frozenset({"subject", "file"})
"""The role firewall: a victim's, reporter's, witness's, recipient's or hijacked owner's value never joins tips."""


class Key(NamedTuple):
    """A value in the form in which equal means the same thing. A named tuple, because keys are sorted and are rows.

    `value` is the canonical form; `scope` is what it is unique within (a service, a country), or empty.
    """

    type: str
    value: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """One tip holds one value in one role. Unique by (tip_id, key, exact, role, party_id, origin).

    `exact` is the stricter form, from which a link tells whether the two were spelled alike; `links` says whether
    the value may join tips at all from here, `reason` why not ("" when it may); `is_viral` that the source calls the
    file widely circulated, which silences the value for everyone.
    """

    tip_id: UUID
    key: Key
    exact: str
    role: HolderRole
    party_id: UUID | None
    origin: Origin
    is_verified: bool
    is_viral: bool
    links: bool
    reason: str


def holdings_of(content: TipContent, research: Sequence[Research] = ()) -> tuple[Holding, ...]:
    """Return everything a tip holds, its research results included, each holding once, in the order given.

    Values that do not fit their type are left out: intake keeps them as given, and they mean nothing here. Values
    that may not link are kept with the reason, for warnings and explanations.
    """
    held: dict[tuple[object, ...], Holding] = {}
    for holding in _all_holdings(content, research):
        identity = (holding.key, holding.exact, holding.role, holding.party_id, holding.origin)
        first = held.setdefault(identity, holding)
        if first is not holding:
            held[identity] = replace(
                first,
                is_verified=first.is_verified or holding.is_verified,
                is_viral=first.is_viral or holding.is_viral,
            )
    return tuple(held.values())


def key_stats(holdings: Iterable[Holding]) -> dict[Key, KeyStat]:
    """Return how common each value is, in distinct tips. What the store counts in SQL; here as the reference."""
    holders: defaultdict[Key, set[UUID]] = defaultdict(set)
    viral: defaultdict[Key, set[UUID]] = defaultdict(set)
    for holding in holdings:
        if holding.links:
            holders[holding.key].add(holding.tip_id)
            if holding.is_viral:
                viral[holding.key].add(holding.tip_id)
    return {key: KeyStat(len(tips), len(viral[key])) for key, tips in holders.items()}


def joining_keys(holdings: Iterable[Holding], *, rules: Rules) -> dict[Key, frozenset[UUID]]:
    """Return the values that join tips now, each with all its holders: what `cluster` takes.

    The holdings must be all there are of each value that occurs in them.
    """
    linking = [holding for holding in holdings if holding.links]
    stats = key_stats(linking)
    joining = {key for key, stat in stats.items() if rules.standing(key.type, stat) == "joins"}
    holders: defaultdict[Key, set[UUID]] = defaultdict(set)
    for holding in linking:
        if holding.key in joining:
            holders[holding.key].add(holding.tip_id)
    return {key: frozenset(tips) for key, tips in holders.items()}


def _all_holdings(content: TipContent, research: Sequence[Research]) -> Iterator[Holding]:
    is_viral = content.urgency.viral
    yield from _holdings(content.tip_id, content.parties, content.files, origin="tip", is_viral=is_viral)
    for result in research:
        yield from _holdings(content.tip_id, result.parties, result.files, origin="research", is_viral=False)


def _holdings(
    tip_id: UUID, parties: Sequence[Party], files: Sequence[File], *, origin: Origin, is_viral: bool
) -> Iterator[Holding]:
    for party in parties:
        for given in party.identifiers:
            identifier = normalise_identifier(
                given.type, given.value, service=given.service, region=given.region, country=given.country
            )
            if identifier is not None:
                is_verified = bool(given.verified)
                yield _holding(tip_id, identifier, party.role, party.party_id, origin, is_verified=is_verified)
    for file in files:
        for kind, value in (("sha256", file.sha256), ("sha1", file.sha1), ("md5", file.md5)):
            identifier = normalise_file_hash(kind, value) if value is not None else None
            if identifier is not None:
                yield _holding(tip_id, identifier, "file", None, origin, is_viral=is_viral or file.viral)


def _holding(
    tip_id: UUID,
    identifier: Identifier,
    role: HolderRole,
    party_id: UUID | None,
    origin: Origin,
    *,
    is_verified: bool = False,
    is_viral: bool = False,
) -> Holding:
    may_link = role in LINKING_ROLES
    return Holding(
        tip_id=tip_id,
        key=Key(identifier.type, identifier.canonical, identifier.scope),
        exact=identifier.exact,
        role=role,
        party_id=party_id,
        origin=origin,
        is_verified=is_verified,
        is_viral=is_viral,
        links=may_link and identifier.links,
        reason=identifier.reason if may_link else f"a {role.replace('_', ' ')} holds it",
    )
