"""What a passenger list holds, in whatever form it came."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

MANIFEST_BYTES_MAX = 8 * 1024 * 1024
PASSENGERS_MAX = 2_000
VALUES_MAX = 20
"""Identifiers of one kind of one person."""
REMARKS_MAX = 20
NAME_CHARS_MAX, REF_CHARS_MAX = 200, 64


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person as the list has them. `number` is that of the segment or line they begin in.

    `name` is the surname first, `birth_date` is `YYYY-MM-DD` or less. `kind` is passenger, crew, transit_passenger or
    transit_crew. `remarks` say what of them could not be read.
    """

    number: int
    ref: str = ""
    name: str | None = None
    birth_date: str | None = None
    documents: tuple[str, ...] = ()
    kind: str = "passenger"
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    usernames: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def remarked(self, remark: str) -> "ListedPerson":
        """Return the person with a remark more; there is an end to remarks."""
        return replace(self, remarks=(*self.remarks, remark)[:REMARKS_MAX])


@dataclass(frozen=True, slots=True)
class PassengerList:
    """A list of one flight. Times are as in RFC 3339, local ones without an offset; references differ.

    `departs_last` is the last departure of a flight with several legs, else the same as `departs_at`.
    """

    flight: str
    departs_at: str
    departs_last: str
    passengers: tuple[ListedPerson, ...]
    remarks: tuple[str, ...] = ()


def with_references(people: Iterable[ListedPerson]) -> tuple[ListedPerson, ...]:
    """Give each person a reference of their own: the list's, or else their place, counted from 1."""
    found: dict[str, ListedPerson] = {}
    for place, person in enumerate(people, 1):
        ref = person.ref or str(place)
        while ref in found:
            ref = f"{ref}#{place}"
        found[ref] = replace(person, ref=ref)
    return tuple(found.values())
