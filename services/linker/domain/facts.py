"""What a tip says, in the linker's words: the values that every other file of this package decides from.

The stream turns events into these. `TipContent` is one version of a tip as its source gave it; `TipFacts` is what a
lead needs to know of a tip, its research results and its newest review.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

Role = Literal["subject", "victim", "reporter", "recipient", "witness", "account_victim"]
IncidentType = Literal["possession", "distribution", "production", "enticement", "travel", "trafficking", "other"]
Decision = Literal["actionable", "not_actionable"]
PlaceRole = Literal["subject", "incident", "victim"]
OrderKind = Literal["preservation_letter", "summons", "subpoena"]
ORDER_KINDS: tuple[OrderKind, ...] = ("preservation_letter", "summons", "subpoena")
_MARK = (1 << 62) - 1


@dataclass(frozen=True, slots=True)
class GivenIdentifier:
    """An identifier exactly as it was given."""

    type: str
    value: str
    service: str | None = None
    region: str | None = None
    country: str | None = None
    verified: bool | None = None
    port: int | None = None
    at: datetime | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where someone is said to live."""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    postal_code: str | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A person a tip or a research result speaks of."""

    party_id: UUID
    role: Role
    names: tuple[str, ...] = ()
    birth_date: str | None = None
    citizenship: str | None = None
    identifiers: tuple[GivenIdentifier, ...] = ()
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """Hashes of one file. `viral`: the source says that it circulates widely; `pdq_quality` from 0 to 100."""

    sha256: str | None = None
    sha1: str | None = None
    md5: str | None = None
    pdq: str | None = None
    pdq_quality: int | None = None
    viral: bool = False


@dataclass(frozen=True, slots=True)
class Urgency:
    """What makes a tip pressing, or less so, as its source marked it."""

    child_in_immediate_danger: bool = False
    escalated: bool = False
    victim_identifiable: bool = False
    contact_access: bool = False
    travel_on: date | None = None
    viral: bool = False
    informational: bool = False


@dataclass(frozen=True, slots=True)
class TipContent:
    """One version of a tip. `place` is where the incident is said to have happened.

    `source_kind` is "" in tips that were stored before it was kept. `related_refs` are references by which the source
    names other reports as related to this one.
    """

    tip_id: UUID
    tip_version: int
    source: str
    source_ref: str
    reported_at: datetime
    incident_type: IncidentType
    platform: str | None = None
    place: Address = Address()
    urgency: Urgency = Urgency()
    parties: tuple[Party, ...] = ()
    files: tuple[File, ...] = ()
    source_kind: str = ""
    related_refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Research:
    """What one research result adds to its tip. `kind` and times are those of an order, if it is one."""

    parties: tuple[Party, ...] = ()
    files: tuple[File, ...] = ()
    kind: str | None = None
    served_at: datetime | None = None
    due_at: datetime | None = None
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A person's decision on a tip. `review_number` counts the tip's reviews from 1; the newest counts."""

    tip_id: UUID
    review_number: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject party of one tip, as given."""

    tip_id: UUID
    party_id: UUID
    names: tuple[str, ...] = ()
    birth_date: str | None = None
    citizenship: str | None = None
    identifiers: tuple[GivenIdentifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A place that may decide which office is right."""

    role: PlaceRole
    source_tip_id: UUID
    country: str | None = None
    region: str | None = None
    city: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A letter, summons or subpoena that was served, so that evidence is kept for it."""

    kind: OrderKind
    served_at: datetime
    due_at: datetime | None = None
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TipFacts:
    """What a lead needs to know of one member. `decision` is the newest review's, None before the first."""

    tip_id: UUID
    tip_version: int
    source: str
    source_ref: str
    reported_at: datetime
    incident_type: IncidentType
    platform: str | None = None
    urgency: Urgency = Urgency()
    decision: Decision | None = None
    subjects: tuple[Subject, ...] = ()
    places: tuple[Place, ...] = ()
    orders: tuple[Order, ...] = ()

    @property
    def is_actionable(self) -> bool:
        """A person found it plausible, verifiable, and illegal if verified."""
        return self.decision == "actionable"

    @property
    def counts(self) -> bool:
        """It may speak for a lead: no person found it not actionable. Such a tip stays a member, but is silent."""
        return self.decision != "not_actionable"


def in_no_order(tip_id: UUID) -> tuple[int, int]:
    """Return what to sort tips by where one must come first and time may not say which.

    The last 62 bits of a tip's id follow from its source and reference alone: intake makes it so.
    """
    return tip_id.int & _MARK, tip_id.int


def facts_of(content: TipContent, research: Sequence[Research] = (), *, decision: Decision | None) -> TipFacts:
    """Return what a lead needs to know of a tip, its research results taken together with it.

    Victims give a place and nothing else; reporters, witnesses, recipients and hijacked accounts give nothing.
    """
    parties = (*content.parties, *(party for result in research for party in result.parties))
    return TipFacts(
        tip_id=content.tip_id,
        tip_version=content.tip_version,
        source=content.source,
        source_ref=content.source_ref,
        reported_at=content.reported_at,
        incident_type=content.incident_type,
        platform=content.platform,
        urgency=content.urgency,
        decision=decision,
        subjects=tuple(_subject(content.tip_id, party) for party in parties if party.role == "subject"),
        places=tuple(dict.fromkeys(_places(content, parties))),
        orders=tuple(_orders(research)),
    )


def _orders(research: Sequence[Research]) -> Iterator[Order]:
    for result in research:
        for kind in ORDER_KINDS:
            if result.kind == kind and result.served_at is not None:
                yield Order(kind, result.served_at, result.due_at, result.returned_at)


def _subject(tip_id: UUID, party: Party) -> Subject:
    return Subject(tip_id, party.party_id, party.names, party.birth_date, party.citizenship, party.identifiers)


def _places(content: TipContent, parties: Sequence[Party]) -> Iterator[Place]:
    roles: tuple[Literal["subject", "victim"], ...] = ("subject", "victim")
    given: list[tuple[PlaceRole, Address]] = [("incident", content.place)]
    given += [
        (role, address) for role in roles for party in parties if party.role == role for address in party.addresses
    ]
    for role, address in given:
        if address != Address():
            yield Place(role, content.tip_id, address.country, address.region, address.city, address.postal_code)
