"""Who is told that another is after the same value: units, what each has of the value, and which notices follow.

A notice names a kind of value, whom to call and which record of theirs; never the value, nor anything a tip says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Literal, NamedTuple
from uuid import UUID

from services.linker.domain.evidence import Holding, Key
from services.linker.domain.facts import Decision
from shared.identifiers import normalise_identifier
from shared.identifiers.identifier import NO_SERVICE

NoticeKind = Literal["deconfliction", "dual_role"]
RecordKind = Literal["tip", "lookup"]

GIVEN_TYPES = frozenset({"email", "username", "phone", "account", "device", "payment", "document", "url"})
"""What a source gives to name a person. What is derived from these, a network address, a home or a file is no one's."""
ASKED_IN_ANY_SCOPE = frozenset({"username", "document"})
"""A look-up knows neither the service of a user name nor the country of a document."""
SHOWN_HOLDERS_MAX = 3
"""A value that more tips hold, and that does not join them, is one that several people share."""
IDLE_PURPOSES = frozenset({"training", "audit"})
"""Look-ups made for these are after nobody."""

ICE = "ICE"
AGENCY_KINDS = frozenset({"local_law_enforcement", "foreign_law_enforcement", "interpol"})
OFFICE_KINDS = frozenset({"ice_office_domestic", "ice_office_foreign"})


class Unit(NamedTuple):
    """An agency, or one of its offices; no office is "". ICE without an office is the CEIU."""

    agency: str
    office: str = ""


CEIU = Unit(ICE)


class Record(NamedTuple):
    """What a unit has of a value: a tip, with its lead if it has one, or a look-up."""

    kind: RecordKind
    record_id: UUID
    lead_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TipStanding:
    """What decides whose a tip is. `office` has the referral of its lead; a silent lead is kept from all others."""

    tip_id: UUID
    source: str
    source_kind: str = ""
    decision: Decision | None = None
    lead_id: UUID | None = None
    is_silent: bool = False
    office: str | None = None

    @property
    def giver(self) -> Unit:
        """The unit whose own source gave the tip; the CEIU where that is nobody's, or not known."""
        if self.source_kind in OFFICE_KINDS:
            return Unit(ICE, self.source)
        return Unit(self.source) if self.source_kind in AGENCY_KINDS else CEIU

    @property
    def holder(self) -> Unit:
        """The office that has the lead, else who gave the tip."""
        return Unit(ICE, self.office) if self.office else self.giver

    def is_open_to(self, unit: Unit) -> bool:
        """Return whether a unit may learn that there is this tip.

        A silent lead is its holder's alone, and a tip found not actionable is ICE's alone, as on a look-up.
        """
        if self.is_silent:
            return unit == self.holder
        return self.decision != "not_actionable" or unit.agency == ICE


@dataclass(frozen=True, slots=True)
class Interest:
    """A unit is after a value, as a record of its own shows; `tip` is that record's, if it is a tip."""

    unit: Unit
    record: Record
    tip: TipStanding | None = None

    def is_open_to(self, unit: Unit) -> bool:
        """Return whether another unit may learn of this."""
        return self.tip is None or self.tip.is_open_to(unit)


@dataclass(frozen=True, slots=True)
class Asked:
    """A value that a look-up asked for, by whom; `key` is as `asked_key` has it."""

    key: Key
    unit: Unit
    lookup_id: UUID


@dataclass(frozen=True, slots=True)
class LookUp:
    """A person's look-up, as far as others are to hear of it: for which values, by whom, when."""

    lookup_id: UUID
    unit: Unit
    asked_at: datetime
    keys: tuple[Key, ...]

    @property
    def asked(self) -> list[Asked]:
        """The values one by one."""
        return [Asked(key, self.unit, self.lookup_id) for key in self.keys]


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call."""

    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who of a unit took note first, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two a notice is about, by its own record; `is_told` says whether the notice is shown to it."""

    unit: Unit
    record: Record
    is_told: bool
    acknowledged: Acknowledgement | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A notice that is due, unless its value and its units had it in this window. `left` is the smaller unit.

    In a dual-role warning both sides are the CEIU's: on the left the tip whose subject has the value, and on the right
    the one whose victim has it.
    """

    kind: NoticeKind
    key: Key
    left: Side
    right: Side

    @property
    def reach(self) -> int:
        """How many of the two are told."""
        return self.left.is_told + self.right.is_told


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that was raised. `type` is that of the value; until `until` there is no second one."""

    notice_id: UUID
    kind: NoticeKind
    type: str
    left: Side
    right: Side
    raised_at: datetime
    until: datetime


def given_keys(holdings: Iterable[Holding]) -> tuple[set[Key], set[Key]]:
    """Return the given values of a tip's subjects that may link, and those of its victims."""
    given = [holding for holding in holdings if holding.key.type in GIVEN_TYPES]
    subjects = {holding.key for holding in given if holding.role == "subject" and holding.links}
    return subjects, {holding.key for holding in given if holding.role == "victim"}


def asked_key(key: Key) -> Key:
    """Return a value as a look-up asks for it, under which its notices are counted."""
    return key._replace(scope="") if key.type in ASKED_IN_ANY_SCOPE else key


def keys_asked_for(given: Iterable[tuple[str, str]]) -> tuple[Key, ...]:
    """Return the values that a look-up names by type, each once, as `asked_key` has them.

    What cannot tell people apart is left out, as query leaves it out; a user name may do without its service.
    """
    found = (normalise_identifier(type_, value) for type_, value in given)
    telling = (each for each in found if each is not None and each.reason in ("", NO_SERVICE))
    return tuple(dict.fromkeys(asked_key(Key(each.type, each.canonical, each.scope)) for each in telling))


def given_by(tip: TipStanding) -> Interest:
    """Return the interest of whoever gave a tip: the one that touches, when a tip does."""
    return Interest(tip.giver, Record("tip", tip.tip_id, tip.lead_id), tip)


def held_by(tip: TipStanding) -> Interest:
    """Return the interest of whoever has a tip: the one that is touched."""
    return Interest(tip.holder, Record("tip", tip.tip_id, tip.lead_id), tip)


def asked_by(asked: Asked) -> Interest:
    """Return the interest that a look-up shows."""
    return Interest(asked.unit, Record("lookup", asked.lookup_id))


def meet(key: Key, touching: Iterable[Interest], touched: Iterable[Interest]) -> list[Found]:
    """Return what is due when some are after a value that others have: one for each two different units.

    Where two units meet by several records, the first two are named of which most may be told. Where neither may be
    told there is nothing.
    """
    return choose(
        _pair(key, one, other)
        for one, other in product(touching, touched)
        if one.unit != other.unit and one.record != other.record
    )


def choose(found: Iterable[Found]) -> list[Found]:
    """Return one of each kind, value and two units: of those that tell most units the first."""
    best: dict[tuple[NoticeKind, Key, Unit, Unit], Found] = {}
    for each in found:
        of = each.kind, each.key, each.left.unit, each.right.unit
        if each.reach > (best[of].reach if of in best else 0):
            best[of] = each
    return list(best.values())


def warn_of_dual_role(key: Key, subject: TipStanding, victim: TipStanding) -> Found:
    """Return the warning that a subject and a victim have one value: either may be taken for the other."""
    left = Side(CEIU, Record("tip", subject.tip_id, subject.lead_id), is_told=True)
    right = Side(CEIU, Record("tip", victim.tip_id, victim.lead_id), is_told=False)
    return Found("dual_role", asked_key(key), left, right)


def _pair(key: Key, one: Interest, other: Interest) -> Found:
    left, right = (one, other) if one.unit < other.unit else (other, one)
    return Found(
        "deconfliction",
        asked_key(key),
        Side(left.unit, left.record, is_told=right.is_open_to(left.unit)),
        Side(right.unit, right.record, is_told=left.is_open_to(right.unit)),
    )
