"""Who asks, and what they may be told.

SQL leaves the rest out, so that nothing of it is counted, cut off or waited for.
"""

from dataclasses import dataclass

OWNER_AGENCY = "ICE"
NO_OFFICE = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose eyes look.

    `sees_all`: tips found not actionable, and every agency's notes. `office`: of silent leads it is told of those that
    this office has or had, of none when empty, of all when None.
    """

    sees_all: bool
    office: str | None

    @property
    def is_whole(self) -> bool:
        """Nothing is kept from it."""
        return self.sees_all and self.office is None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a person of an agency, and of one of its offices, if any."""

    id: str
    agency: str
    office: str | None

    @property
    def sight(self) -> Sight:
        """What they may be told: CEIU, which is ICE without an office, sees everything."""
        if self.agency != OWNER_AGENCY:
            return Sight(sees_all=False, office=NO_OFFICE)
        return Sight(sees_all=True, office=self.office)
