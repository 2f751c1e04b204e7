"""What an answer tells of a passenger, tip by tip, and what of a new answer is news.

News is a tip that matches now or no longer, a better or worse grade, and an investigation that began or ended. The
tier, the order of matches, the office, and which tips are one person's may change without it. That a tip may no longer
be told, since its lead is silent now, is none: news of that would tell that there is something.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from uuid import UUID

from services.query.domain.answer import Answer

_UNDER_WAY = frozenset({"developing", "referred"})


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of a passenger and a tip."""

    grade: str
    relevant: bool
    investigation: str

    def says_as(self, other: "Telling") -> bool:
        """Return whether the other is no news after this one: an investigation that is handed over only goes on."""
        return (self.grade, self.relevant, self._stage) == (other.grade, other.relevant, other._stage)

    @property
    def _stage(self) -> str:
        return "under way" if self.investigation in _UNDER_WAY else self.investigation


Told = Mapping[UUID, Telling]
"""What is told of a passenger, by tip."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was told of a tip before, and what is now; None where it did not or does not match."""

    tip_id: UUID
    before: Telling | None
    after: Telling | None


def told_of(answer: Answer) -> dict[UUID, Telling]:
    """Return what an answer tells, by tip."""
    return {
        tip_id: Telling(str(answered.match.grade), answered.is_relevant, answered.investigation)
        for answered in answer.matches
        for tip_id in answered.match.tip_ids
    }


def compare(
    before: Told, answer: Answer, *, silent: Set[UUID] = frozenset()
) -> tuple[list[Change], dict[UUID, Telling]]:
    """Return what is news in an answer, in the order of tips, and what is told from now on.

    Of an answer that is cut, a tip that is no longer in it may only have been crowded out: it stays told. So does one
    that is `silent` to the agency: it is no news when it goes, nor when it comes back the same.
    """
    after = told_of(answer)
    if answer.is_truncated:
        after = {**before, **after}
    after |= {tip_id: telling for tip_id, telling in before.items() if tip_id in silent}
    changes = [
        Change(tip_id, old, new)
        for tip_id in sorted({*before, *after})
        if not _is_same(old := before.get(tip_id), new := after.get(tip_id))
    ]
    return changes, after


def _is_same(old: Telling | None, new: Telling | None) -> bool:
    return old is not None and new is not None and old.says_as(new)
