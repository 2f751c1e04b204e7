"""The answer to a look-up: what stands behind each match, and the document the caller gets and may read again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.query.domain.evidence import Evidence
from services.query.domain.grade import Grade, Match

Investigation = Literal["developing", "referred", "closed", "none"]

CAVEAT = (
    "Investigative information, not a finding: verify the identity before acting on it. "
    "Not to be passed on outside your agency without ICE's express authorization."
)
_OF_LEAD_STATE: dict[str | None, Investigation] = {
    None: "none",
    "open": "developing",
    "held": "developing",
    "referred": "referred",
    "closed": "closed",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call about a match."""

    office: str
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The lead and the office behind a person. Without a lead, `lead_state` and `tier` are None.

    `record_id` is the person's oldest record that the caller may see. `lead_state` is open, held, referred or closed.
    `contact` is the office that has the lead, else the one that closed it last; None while none ever had it.
    `is_with_office`: one has it now.
    """

    record_id: UUID
    lead_id: UUID | None = None
    lead_state: str | None = None
    tier: str | None = None
    contact: Contact | None = None
    is_with_office: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """A match and what stands behind it."""

    match: Match
    standing: Standing

    @property
    def investigation(self) -> Investigation:
        """The lead's state in an officer's words.

        While an office has the lead, it is referred: that something new makes it wait for a look is no news of the
        asker's, and may come of a lead that is kept from them.
        """
        is_kept = self.standing.lead_state == "held" and self.standing.is_with_office
        return "referred" if is_kept else _OF_LEAD_STATE[self.standing.lead_state]

    @property
    def is_relevant(self) -> bool:
        """Whether it is surely enough the person, and an investigation is under way."""
        return self.match.grade in (Grade.CONFIRMED, Grade.PROBABLE) and self.investigation in (
            "developing",
            "referred",
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, best match first. `is_truncated` tells that there are, or may well be, more."""

    lookup_id: UUID
    answered_at: datetime
    matches: tuple[Answered, ...]
    is_truncated: bool

    @property
    def grades(self) -> dict[str, int]:
        """How many matches there are of each grade that occurs."""
        return dict(Counter(str(answered.match.grade) for answered in self.matches))


def answer_of(
    lookup_id: UUID,
    answered_at: datetime,
    matches: Sequence[Match],
    standings: Mapping[UUID, Standing],
    *,
    is_truncated: bool,
) -> Answer:
    """Return the answer that these matches make."""
    return Answer(lookup_id, answered_at, answered_of(matches, standings), is_truncated)


def answered_of(matches: Sequence[Match], standings: Mapping[UUID, Standing]) -> tuple[Answered, ...]:
    """Join each match with what stands behind its person; a person of whom nothing is known stands alone."""
    return tuple(Answered(match, standings.get(match.person_id, Standing(match.record_id))) for match in matches)


def document_of(answer: Answer, *, ceiu: Contact) -> dict[str, Any]:
    """Return the answer as `POST /v1/lookups` gives it, ready for JSON, in the order of its fields there.

    `ceiu` is whom to call about a match that no office has.
    """
    return {
        "lookup_id": str(answer.lookup_id),
        "answered_at": answer.answered_at.isoformat().replace("+00:00", "Z"),
        "matches": [document_of_match(answered, ceiu=ceiu) for answered in answer.matches],
        "truncated": answer.is_truncated,
    }


def document_of_match(answered: Answered, *, ceiu: Contact) -> dict[str, Any]:
    """Return one match of `document_of`."""
    match, standing = answered.match, answered.standing
    return {
        "record_id": str(standing.record_id),
        "tip_ids": [str(tip_id) for tip_id in match.tip_ids],
        "lead_id": str(standing.lead_id) if standing.lead_id else None,
        "grade": str(match.grade),
        "relevant": answered.is_relevant,
        "investigation": answered.investigation,
        "tier": standing.tier,
        "evidence": {
            "for": [_document_of_evidence(item) for item in match.speaking_for],
            "against": [_document_of_evidence(item) for item in match.against],
            "missing": [_document_of_evidence(item) for item in match.missing],
        },
        "contact": _document_of_contact(standing.contact or ceiu),
        "caveat": CAVEAT,
    }


def _document_of_contact(contact: Contact) -> dict[str, Any]:
    return {"office": contact.office, "name": contact.name, "phone": contact.phone}


def _document_of_evidence(item: Evidence) -> dict[str, Any]:
    # Written out, at a tenth of what asdict costs: who asks for eighty identifiers is told of each at every match.
    return {
        "field": item.field,
        "given": item.given,
        "recorded": item.recorded,
        "detail": item.detail,
        "weight": item.weight,
    }
