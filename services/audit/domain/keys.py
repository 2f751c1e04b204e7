"""Whom a look-up asked for and what its reference names, as keys that can be compared and not read.

A key is the first half of an HMAC-SHA-256 under a secret of this service: 16 bytes. Two equal keys mean the same value;
without the secret nobody can try names until one fits. What is kept of look-ups outlives their bodies.
"""

import hmac
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any
from unicodedata import normalize

from shared.identifiers import fold_name, normalise_identifier

KEY_BYTES = 16
WORD_CHARS_MIN = 2
SERIAL_DIGITS = 3
"""So many digits at the end of a number are taken to count something: a thousand neighbours have one key."""
NAME_WORDS_MIN = 2
"""A name of one word may be anyone's."""
CASE_DIGITS_MIN = 4
"""A reference that has so many digits may be a case's; `asap` and `see mail of 3/4` are not."""
WORDS_MAX = 6
"""Of one name, so many words are paired; hardly anybody has more."""

_FIELDS = (("emails", "email"), ("usernames", "username"), ("phones", "phone"), ("documents", "document"))
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FLIGHT = re.compile(r"(?<![A-Z0-9])([A-Z][A-Z0-9]|[0-9][A-Z])[ /_-]{0,2}0*([1-9][0-9]{0,3})[A-Z]?(?![A-Z0-9])")
_SERIAL = re.compile(rf"(?P<stem>.*?)[0-9]{{1,{SERIAL_DIGITS}}}(?P<rest>@.*)?")


class Keys:
    """Makes keys under one secret."""

    def __init__(self, secret: bytes) -> None:
        # A key of its own, so that what is stored says nothing of what else the secret is used for.
        self._secret = hmac.digest(secret, b"cets audit: keys of look-ups", "sha256")

    def of(self, kind: str, *parts: str) -> bytes:
        """Return the key of a value of this kind; its parts may hold anything."""
        text = "\x1f".join((kind, *(part.replace("\x1f", " ") for part in parts)))
        return hmac.digest(self._secret, text.encode(errors="replace"), "sha256")[:KEY_BYTES]

    def persons(self, asked: Mapping[str, Any]) -> list[bytes]:
        """Return a key for each thing that a look-up's parameters identify a person by, the name first.

        A name is taken with the birth date, whatever the order of its words; each identifier by itself.
        """
        words = sorted(_words(asked))
        found = [self.of("person", " ".join(words), str(asked.get("birth_date") or ""))] if words else []
        found += [self.of(type_, value) for type_, value in _identifiers(asked)]
        return list(dict.fromkeys(found))

    def likeness(self, asked: Mapping[str, Any]) -> list[bytes]:
        """Return keys that look-ups of neighbours share: each word of the name, each number without its last digits."""
        found = [self.of("word", word) for word in _words(asked)]
        for type_, value in _identifiers(asked):
            serial = _SERIAL.fullmatch(value)
            if serial is not None:
                found.append(self.of("series", type_, serial["stem"], serial["rest"] or ""))
        return list(dict.fromkeys(found))

    def passenger(self, asked: Mapping[str, Any]) -> tuple[list[bytes], list[bytes]]:
        """Return the keys by which a look-up is found to be about a passenger, and those under which one is found.

        The second are of whoever stands on a list, by the parameters that they were looked up with. Another look-up is
        about them when it has one of them among its first: an identifier, most of all a passport's number; or two words
        of the name and the whole birth date, whatever the order of the words and whatever is left out; or, when either
        side has no whole birth date, the very same words, two at least.
        """
        named, words, is_dated = self._named(asked)
        undated = self._undated(asked)
        if is_dated:
            return [*named, *undated], [*named, *words]
        return [*named, *words], [*named, *words, *undated]

    def _named(self, asked: Mapping[str, Any]) -> tuple[list[bytes], list[bytes], bool]:
        """Return keys of identifiers and of words with a whole birth date; of all words; and if that date is there."""
        words, born = sorted(set(_words(asked))), str(asked.get("birth_date") or "")
        keys = [self.of(type_, value) for type_, value in _identifiers(asked)]
        is_dated = _DATE.fullmatch(born) is not None
        if is_dated:
            # A name of one word, which some people's is, counts with the birth date.
            pairs = combinations(words[:WORDS_MAX], min(2, len(words)))
            keys += [self.of("born", born, *pair) for pair in pairs if pair]
        return keys, [self.of("named", *words)] if len(words) >= NAME_WORDS_MIN else [], is_dated

    def _undated(self, asked: Mapping[str, Any]) -> list[bytes]:
        words = sorted(set(_words(asked)))
        return [self.of("named, undated", *words)] if len(words) >= NAME_WORDS_MIN else []

    def reference(self, text: str) -> list[bytes]:
        """Return keys of what a reference may name: flights, ids, or as a whole the reference of a tip's source."""
        found = [self.of("id", id_.lower()) for id_ in _UUID.findall(text)]
        found += [self.flight(flight) for flight in flights_of(text)]
        return list(dict.fromkeys([*found, *self.source_reference(text)]))

    def flight(self, flight: str) -> bytes:
        """Return the key of a flight number as `flights_of` gives it."""
        return self.of("flight", flight)

    def source_reference(self, text: str) -> list[bytes]:
        """Return the key of the name by which a source knows its tip; none of one without a letter or digit."""
        bare = _bare(text)
        return [self.of("reference", bare)] if bare else []


def flights_of(text: str) -> list[str]:
    """Return the flight numbers in a text, without blanks and leading zeros: `lh 0400/12 Mar` has LH400."""
    return ["".join(found) for found in _FLIGHT.findall(normalize("NFKC", text).upper())]


def names_flight_or_case(reference: str) -> bool:
    """Return whether a reference can name a flight or a case at all, by its looks."""
    digits = sum(char.isdigit() for char in reference)
    return digits >= CASE_DIGITS_MIN or bool(flights_of(reference))


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _words(asked: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(word for word in fold_name(str(asked.get("name") or "")) if len(word) >= WORD_CHARS_MIN)


def _identifiers(asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, type_ in _FIELDS:
        for given in asked.get(field) or ():
            found = normalise_identifier(type_, str(given))
            if found is not None:
                yield type_, found.canonical
