"""The hand-over of an answer into a CBP risk assessment, and how far its follow-up is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.query.domain.answer import Contact

FollowUpState = Literal["open", "contacted", "done"]
StepState = Literal["contacted", "done"]
_NEXT: dict[FollowUpState, StepState] = {"open": "contacted", "contacted": "done"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a follow-up."""

    state: StepState
    taken_at: datetime
    actor: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Handoff:
    """A hand-off as it is kept. `office` is where it goes to, `from_office` that of whoever recorded it, if any.

    `record_ids` are the matches relied on. `local_office` is the HSI office to contact; None where CBP has a liaison
    officer and nobody asked for it, and then there is nothing to follow up.
    """

    handoff_id: UUID
    lookup_id: UUID
    recorded_at: datetime
    actor: str
    agency: str
    from_office: str | None
    office: str
    reference: str
    liaison: bool
    record_ids: tuple[UUID, ...]
    local_office: Contact | None
    steps: tuple[Step, ...] = ()

    @property
    def state(self) -> FollowUpState | None:
        """How far the follow-up is; None when there is none."""
        if self.local_office is None:
            return None
        return self.steps[-1].state if self.steps else "open"

    def can_become(self, state: StepState) -> bool:
        """Return whether that is the next step."""
        return self.state is not None and _NEXT.get(self.state) == state


def choose_local_office(contacts: Sequence[Contact]) -> Contact:
    """Return the HSI office to contact: the one that has the best of the matches relied on, which come best first.

    Referral's events name the offices of its directory that have a lead, and an answer names them as contacts; of the
    others query knows nothing. So the office that has the case is named, and the unit where no office has it.
    """
    return contacts[0]
