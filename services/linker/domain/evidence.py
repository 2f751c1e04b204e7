"""Who holds which value: the rows that all links and clusters are read from.

Evidence is kept per value ("these tips hold it"), never per pair: n holders are n rows, not n²/2, and a value that
becomes too common, or rare again, is one changed count. `links` reads the pairs of one tip off these rows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_network
from itertools import islice
from typing import Literal, NamedTuple
from uuid import UUID

from services.linker.domain.facts import Address, File, GivenIdentifier, Party, Research, Role, TipContent
from services.linker.domain.lists import NO_LISTS, Lists
from shared.identifiers import Identifier, normalise_file_hash, normalise_identifier
from shared.identifiers.handles import family_of, handle_of
from shared.identifiers.identifier import NO_SERVICE
from shared.identifiers.ip import NEEDS_TIME, port_in
from shared.identifiers.text import fold, is_placeholder, tidy

HolderRole = Role | Literal["file", "report"]
Origin = Literal["tip", "research"]

LINKING_ROLES: frozenset[HolderRole] = frozenset({"subject", "file", "report"})
"""The role firewall: a victim's, reporter's, witness's, recipient's or hijacked owner's value never joins tips."""
DISOWNING_ROLES: frozenset[Role] = frozenset({"reporter", "recipient", "witness", "account_victim"})
"""What a report gives as theirs is not its subject's. A victim's may be: they may live together, and CEIU is warned."""


_MAY_YET_LINK = frozenset({NEEDS_TIME, NO_SERVICE})
"""Reasons not to link that do not keep what is derived of a value from it."""
SERVER_PORTS = frozenset({0, 80, 443, 8080, 8443})
"""Reported in place of the client's port: as good as none."""
PORT_WINDOW_S = 600
DAY_WINDOW_S = 2 * 86_400
"""Moments are alike when they lie in one window. Its last quarter is the next one's first: two no further apart than
that always meet, of those further apart some are parted, and none meet that are further apart than a window."""
WINDOWED = frozenset({"ip_port", "ip", "ip_net"})
"""Types of values that end in the number of a window. A moment in two windows is two values of one strand."""
LINKING_KEYS_MAX = 1_000
"""Of more values in one tip only so many may link: a list of them is no one person's, and no tip may make work without
end."""
HOUSEHOLD_PREFIX = 64
"""Of an IPv6 address so many bits are the line's; the rest a device makes up, and changes (RFC 8981)."""


class Key(NamedTuple):
    """A value in the form in which equal means the same thing. A named tuple, because keys are sorted and are rows.

    `value` is the canonical form; `scope` is what it is unique within (a service, a country), or empty.
    """

    type: str
    value: str
    scope: str = ""


class KeyStat(NamedTuple):
    """How common a value is: the distinct tips that hold it and may link by it, and those that call it viral.

    `former_count`: the distinct tips that hold it no longer, and did in an older version.
    """

    tip_count: int
    viral_count: int = 0
    former_count: int = 0


class Holding(NamedTuple):
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


def holdings_of(
    content: TipContent, research: Sequence[Research] = (), *, lists: Lists = NO_LISTS
) -> tuple[Holding, ...]:
    """Return everything a tip holds, its research results included, each holding once, in the order given.

    Values that do not fit their type are left out: intake keeps them as given, and they mean nothing here. Values
    that may not link are kept with the reason, for warnings and explanations; so are those that a list ignores.
    """
    held: dict[tuple[object, ...], Holding] = {}
    for holding in _all_holdings(content, research, lists):
        _, key, exact, role, party_id, origin, *_ = holding
        # A number is hashed several times faster than the id that it is.
        first = held.setdefault((key, exact, role, party_id and party_id.int, origin), holding)
        if first is not holding:
            held[key, exact, role, party_id and party_id.int, origin] = first._replace(
                is_verified=first.is_verified or holding.is_verified,
                is_viral=first.is_viral or holding.is_viral,
            )
    return tuple(held.values()) if len(held) <= LINKING_KEYS_MAX else tuple(_bounded(held.values()))


def ignore_listed(identifier: Identifier, lists: Lists) -> Identifier:
    """Return the identifier; when it is on a list that ignores it, as one that never links, for that reason.

    One that links nothing for a reason of its own keeps that reason, unless it only lacks a time or a service.
    """
    if not _may_yet_link(identifier):
        return identifier
    found = lists.find(identifier.type, identifier.canonical)
    return (
        identifier
        if found is None or found.effect != "ignored"
        else replace(identifier, links=False, reason=found.words)
    )


def key_stats(holdings: Iterable[Holding]) -> dict[Key, KeyStat]:
    """Return how common each value is, in distinct tips. What the store counts in SQL; here as the reference."""
    linking = [holding for holding in holdings if holding.links]
    # A number is hashed several times faster than the id that it is.
    tips = {(holding.key, holding.tip_id.int) for holding in linking}
    viral = {(holding.key, holding.tip_id.int) for holding in linking if holding.is_viral}
    tip_counts, viral_counts = Counter(key for key, _ in tips), Counter(key for key, _ in viral)
    return {key: KeyStat(tip_count, viral_counts.get(key, 0)) for key, tip_count in tip_counts.items()}


def role_reason(role: HolderRole) -> str:
    """Return why a value does not link that would, if a subject held it."""
    return f"a {role.replace('_', ' ')} holds it"


def _may_yet_link(identifier: Identifier) -> bool:
    return identifier.links or identifier.reason in _MAY_YET_LINK


def _bounded(holdings: Collection[Holding]) -> Iterator[Holding]:
    """Yield the holdings, those of values beyond the most that one tip may link by as such that never link.

    Addresses at a time come last, as a log has hundreds; of the others, what people found by research comes first.
    """
    linking = [holding for holding in holdings if holding.links]
    linking.sort(key=lambda holding: (holding.key.type in WINDOWED, holding.origin == "tip"))
    keys = set(islice(dict.fromkeys(holding.key for holding in linking), LINKING_KEYS_MAX))
    for holding in holdings:
        if holding.links and holding.key not in keys:
            yield holding._replace(links=False, reason=f"its tip holds more than {LINKING_KEYS_MAX:,} values")
        else:
            yield holding


def _all_holdings(content: TipContent, research: Sequence[Research], lists: Lists) -> Iterator[Holding]:
    is_viral = content.urgency.viral
    yield from _holdings(content.tip_id, content.parties, content.files, lists, origin="tip", is_viral=is_viral)
    for result in research:
        yield from _holdings(content.tip_id, result.parties, result.files, lists, origin="research", is_viral=False)


def _holdings(
    tip_id: UUID, parties: Sequence[Party], files: Sequence[File], lists: Lists, *, origin: Origin, is_viral: bool
) -> Iterator[Holding]:
    read = [(party, list(_identifiers(party, lists))) for party in parties]
    others = {_key_of(each): party.role for party, found in read if party.role in DISOWNING_ROLES for _, each in found}
    for party, found in read:
        for given, told in found:
            own = _disowned(told, others) if others and party.role == "subject" else told
            is_verified = bool(given.verified)
            for derived in (own, *_derived(own, given, party.role)):
                yield _holding(tip_id, derived, party.role, party.party_id, origin, is_verified=is_verified)
        if party.role == "subject":
            for address in filter(None, map(_address, party.addresses)):
                yield _holding(tip_id, address, party.role, party.party_id, origin)
    for file in files:
        for kind, value in (("sha256", file.sha256), ("sha1", file.sha1), ("md5", file.md5)):
            identifier = normalise_file_hash(kind, value) if value is not None else None
            if identifier is not None:
                identifier = ignore_listed(identifier, lists)
                yield _holding(tip_id, identifier, "file", None, origin, is_viral=is_viral or file.viral)


def _identifiers(party: Party, lists: Lists) -> Iterator[tuple[GivenIdentifier, Identifier]]:
    for given in party.identifiers:
        identifier = normalise_identifier(
            given.type, given.value, service=given.service, region=given.region, country=given.country
        )
        if identifier is not None:
            yield given, ignore_listed(identifier, lists)


def _disowned(identifier: Identifier, others: Mapping[Key, Role]) -> Identifier:
    """Return a subject's identifier; when its report gives it as somebody else's too, as one that never links.

    A form with one box for contacts makes the reporter's the subject's.
    """
    role = others.get(_key_of(identifier))
    if role is None or not _may_yet_link(identifier):
        return identifier
    return replace(identifier, links=False, reason=role_reason(role))


def _derived(identifier: Identifier, given: GivenIdentifier, role: HolderRole) -> Iterator[Identifier]:
    """Yield what else a subject's identifier may be recognised by: a handle elsewhere, a line at a time."""
    if role != "subject":
        return
    if identifier.type in ("username", "email", "payment") and identifier.scope not in ("iban", "crypto"):
        name = identifier.canonical.partition("@")[0] if identifier.type == "email" else identifier.canonical
        is_name = identifier.links or (identifier.type == "username" and identifier.reason == NO_SERVICE)
        handle = handle_of(name) if is_name else ""
        if handle and not handle.isdecimal() and not is_placeholder(handle):
            yield _plain("handle", handle)
            if family := family_of(handle):
                yield _plain("handle_family", family)
    if identifier.type == "ip" and given.at is not None and identifier.reason == NEEDS_TIME:
        port = given.port if given.port is not None else port_in(given.value)
        yield from _lines(identifier.canonical, port, int(given.at.timestamp()))


def _lines(address: str, port: int | None, at_s: int) -> Iterator[Identifier]:
    """Yield the address with the port within minutes, and without it within a day; of IPv6 also the household's."""
    if port and port not in SERVER_PORTS:
        for window in _windows(at_s, PORT_WINDOW_S):
            yield _plain("ip_port", f"{address} {port} {window}")
    for window in _windows(at_s, DAY_WINDOW_S):
        yield _plain("ip", f"{address} {window}")
        if ":" in address:
            yield _plain("ip_net", f"{_household(address)} {window}")


def _windows(at_s: int, window_s: int) -> Iterable[int]:
    """Return the numbers of the windows that hold a moment: one, or two where they overlap."""
    overlap_s = window_s // 4
    step_s = window_s - overlap_s
    return dict.fromkeys((at_s // step_s, (at_s + overlap_s) // step_s))


@lru_cache(maxsize=2_000)
def _household(address: str) -> str:
    return str(ip_network((address, HOUSEHOLD_PREFIX), strict=False))


def _address(address: Address) -> Identifier | None:
    """Return a postal address to the flat, without marks and case; without a place there is none."""
    place = address.postal_code or address.city
    if not address.line or not place:
        return None
    line, where = ("".join(filter(str.isalnum, fold(tidy(text)))) for text in (address.line, place))
    return _plain("address", f"{line} {where}") if line and where else None


def _key_of(identifier: Identifier) -> Key:
    return Key(identifier.type, identifier.canonical, identifier.scope)


def _plain(type: str, value: str) -> Identifier:
    return Identifier(type=type, scope="", exact=value, canonical=value, links=True, reason="")


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
        tip_id,
        _key_of(identifier),
        identifier.exact,
        role,
        party_id,
        origin,
        is_verified,
        is_viral,
        may_link and identifier.links,
        identifier.reason or ("" if may_link else role_reason(role)),
    )
