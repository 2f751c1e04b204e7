"""A hand-off: an answer that went into a risk assessment, and how it was followed up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

FollowUp = Literal["local_hsi_office"]
StepState = Literal["contacted", "answered", "done"]
HandoffState = Literal["open", "contacted", "answered", "done"]

ORDER: tuple[HandoffState, ...] = ("open", "contacted", "answered", "done")


@dataclass(frozen=True, slots=True)
class Handoff:
    """A hand-off as it is kept. `state` is that of its newest step.

    `office` is where the answer went; `local_office` is the HSI office to be asked, when there is no liaison officer.
    """

    handoff_id: UUID
    lookup_id: UUID
    created_at: datetime
    author: str
    agency: str
    author_office: str | None
    office: str
    reference: str
    liaison: bool
    follow_up: FollowUp | None
    local_office: str | None
    local_office_name: str | None
    local_office_phone: str | None
    record_ids: list[UUID]
    state: HandoffState = "open"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a follow-up."""

    step_id: UUID
    handoff_id: UUID
    created_at: datetime
    author: str
    state: StepState
    note: str | None


def may_follow(state: HandoffState, step: StepState) -> bool:
    """Return whether a step may come after a state: forward only, and nothing after the last."""
    return ORDER.index(step) > ORDER.index(state)
