"""What a look-up asks: the fields as given, checked and made comparable."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.query.domain.words import Reading, is_searchable, readings_of
from shared.errors import FieldError, Rejected
from shared.identifiers import BirthDate, Identifier, normalise_identifier, parse_birth_date
from shared.identifiers.identifier import NO_SERVICE

KeyType = Literal["email", "username", "phone", "document"]

_LISTS: tuple[tuple[str, KeyType, str], ...] = (
    ("emails", "email", "not an e-mail address"),
    ("usernames", "username", "not a user name"),
    ("phones", "phone", "not a phone number in international form, such as +1 202 555 0143"),
    ("documents", "document", "not a document number: letters and digits"),
)
_WILDCARDS = "*%?"
_PATTERN = "wildcards are not understood: give the whole as it is known"
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a look-up as the caller wrote them; at least one besides the birth date is given."""

    name: str | None = None
    birth_date: str | None = None
    emails: tuple[str, ...] = ()
    usernames: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedKey:
    """One identifier that is asked for. `reason` says why it cannot tell people apart, and is "" when it can."""

    type: KeyType
    given: str
    exact: str
    canonical: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A look-up, readable; keys come in the order given. Without a name there are no readings."""

    asked: Asked
    readings: tuple[Reading, ...]
    birth_date: BirthDate | None
    keys: tuple[AskedKey, ...]

    @property
    def name(self) -> str | None:
        """The name as given."""
        return self.asked.name

    @property
    def search_keys(self) -> tuple[AskedKey, ...]:
        """The identifiers that records are found by."""
        return tuple(key for key in self.keys if not key.reason)


def read_question(asked: Asked, *, today: date) -> Question:
    """Return the question.

    Raises:
        Rejected: a field cannot be read; every such field is named, and no value is repeated.
    """
    faults: list[FieldError] = []
    readings = readings_of(asked.name) if asked.name is not None else ()
    if asked.name is not None and (fault := _fault_of_name(asked.name, readings)):
        faults.append(FieldError(("name",), fault))
    birth_date = None
    if asked.birth_date is not None:
        try:
            birth_date = parse_birth_date(asked.birth_date)
        except ValueError as error:
            faults.append(FieldError(("birth_date",), str(error)))
        else:
            if (birth_date.year, birth_date.month or 1, birth_date.day or 1) > (today.year, today.month, today.day):
                faults.append(FieldError(("birth_date",), "the birth date lies in the future"))
    keys = list(_read_keys(asked, faults))
    if not faults and asked.name is None and not keys:
        faults.append(FieldError((), "give at least one of name, emails, usernames, phones, documents"))
    if faults:
        raise Rejected("some fields are not valid", errors=faults)
    return Question(asked, readings, birth_date, tuple(dict.fromkeys(keys)))


def _fault_of_name(name: str, readings: Sequence[Reading]) -> str:
    """Return what is wrong with a name, "" when nothing is."""
    if any(unicodedata.category(char) in ("Cc", "Cs") or char in _DIRECTION_MARKS for char in name):
        return "must not hold control characters or marks of writing direction"
    if any(sign in name for sign in _WILDCARDS):
        return "wildcards are not understood: give the name as it is known"
    if not any(is_searchable(word) for words in readings for word in words):
        return "has no word of two letters or more to look for"
    return ""


def _read_keys(asked: Asked, faults: list[FieldError]) -> Iterator[AskedKey]:
    for field, type_, fault in _LISTS:
        for place, given in enumerate(getattr(asked, field)):
            found = normalise_identifier(type_, given)
            if found is None:
                faults.append(FieldError((field, place), fault))
                continue
            if _is_pattern(given, found):
                faults.append(FieldError((field, place), _PATTERN))
                continue
            # A look-up does not know the service; a user name is compared across all of them, as weaker evidence.
            reason = "" if found.reason == NO_SERVICE else found.reason
            yield AskedKey(type_, given, found.exact, found.canonical, reason)


def _is_pattern(given: str, found: Identifier) -> bool:
    """Return whether an identifier that can be read is written with wildcards, and would be read as another.

    A user name may hold such signs, and so may an address before its @ (`ana%example.org@example.net`). At an edge
    hardly any has one, and who asks for `night*` would take it that nobody of that kind is known.
    """
    if found.type == "phone":
        return any(sign in given for sign in _WILDCARDS)
    own = found.exact.rpartition("@")[0] if found.type == "email" else found.exact
    return own != own.strip(_WILDCARDS)
