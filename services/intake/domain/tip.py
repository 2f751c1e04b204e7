"""The life of a tip: amended by its source, reviewed by a person, looked at again when there is reason to."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

MARK_BITS = 62


class State(StrEnum):
    """Where a tip stands."""

    AWAITING_REVIEW = "awaiting_review"
    ACTIONABLE = "actionable"
    NOT_ACTIONABLE = "not_actionable"


class Status(StrEnum):
    """What became of a submission."""

    ACCEPTED = "accepted"
    AMENDED = "amended"
    DUPLICATE = "duplicate"


AMENDED = "its source amended it"
LINKED = "it was linked to a tip found actionable"


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip without its content.

    `version` counts contents from 1. `revision` counts contents, reviews and research results together; it is the
    version of the tip in events. `decision` is that of the newest review, and outlives an amendment.
    """

    tip_id: UUID
    source: str
    source_ref: str
    state: State
    version: int
    revision: int
    decision: State | None = None
    reopened_because: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same tip for its source."""
        return self.source, self.source_ref


def tip_id_of(fresh: UUID, source: str, source_ref: str) -> UUID:
    """Return the id of a new tip: a fresh UUIDv7, but its last 62 bits are of SHA-256 over the source's reference.

    So whoever chooses among tips by those bits chooses the same ones whatever the order in which they were posted.
    """
    digest = int.from_bytes(sha256(f"{source}\0{source_ref}".encode()).digest(), "big")
    return UUID(int=fresh.int >> MARK_BITS << MARK_BITS | digest >> (256 - MARK_BITS))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person's answers on both limbs: plausible information that can be verified, and illegal conduct if verified."""

    plausible: bool
    verifiable: bool
    illegal_if_verified: bool

    @property
    def decision(self) -> State:
        """Actionable if and only if all three hold."""
        is_actionable = self.plausible and self.verifiable and self.illegal_if_verified
        return State.ACTIONABLE if is_actionable else State.NOT_ACTIONABLE


@dataclass(frozen=True, slots=True)
class Known:
    """What intake last heard of a tip's links: the version of that news, and the actionable tips it led to."""

    version: int
    actionable_ids: frozenset[UUID]


def amend(tip: Tip) -> Tip:
    """Return the tip with one more content: a decision stands, but must be looked at again."""
    return replace(
        tip,
        version=tip.version + 1,
        revision=tip.revision + 1,
        state=State.AWAITING_REVIEW,
        reopened_because=AMENDED if tip.decision else None,
    )


def review(tip: Tip, verdict: Verdict) -> Tip:
    """Return the tip as decided."""
    decision = verdict.decision
    return replace(tip, revision=tip.revision + 1, state=decision, decision=decision, reopened_because=None)


def research(tip: Tip) -> Tip:
    """Return the tip with one more research result, which decides nothing by itself."""
    return replace(tip, revision=tip.revision + 1)


def is_news(known: Known | None, actionable_ids: Collection[UUID], *, is_linked_to_actionable: bool) -> bool:
    """Return whether links say something new that makes a rejected tip worth another look.

    `actionable_ids` are those of the listed links that lead to a tip found actionable. When only an unlisted one does,
    that is news the first time.
    """
    if not actionable_ids:
        return is_linked_to_actionable and known is None
    return known is None or not known.actionable_ids.issuperset(actionable_ids)
