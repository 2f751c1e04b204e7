"""Identity documents: passports, national ids, licences. Unique within the country that issued them.

The country is kept by its two letters: a source that says USA and one that says US mean one. What is no known code
stays as given, in upper case.
"""

import unicodedata

from shared.identifiers.country import normalise_country
from shared.identifiers.identifier import PLACEHOLDER, Context, Identifier, identifier
from shared.identifiers.text import compact, is_placeholder, is_repetition, tidy

NUMBER_CHARS_MAX = 64
COUNTRY_CHARS_MAX = 56
NUMBER_CHARS_MIN = 5
NUMBER_CHARS_MIN_WITHOUT_COUNTRY = 7
"""Short numbers repeat; without a country those of two hundred countries fall on one another."""

_COUNTING = frozenset({"12345", "123456", "1234567", "12345678", "123456789", "1234567890"})


def normalise_document(text: str, context: Context) -> Identifier | None:
    """Return the number in upper case without spaces, dashes, dots and slashes, or None when other signs are in it.

    Without a country it still links, in the scope "", where it meets only others without: the number of a document is
    rare enough when it is long enough, and a look-up rarely knows who issued it.
    """
    number = _upper(compact(text, " -–./"))
    if not number.isalnum() or len(number) > NUMBER_CHARS_MAX:
        return None
    country = _upper(tidy(context.country))
    country = normalise_country(country) if len(country) <= COUNTRY_CHARS_MAX else ""
    return identifier("document", number, scope=country, reason=_reason_not_to_link(number, country))


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else unicodedata.normalize("NFKC", text.upper())


def _reason_not_to_link(number: str, country: str) -> str:
    if is_placeholder(number.lower()) or is_repetition(number) or number in _COUNTING:
        return PLACEHOLDER
    if not any(map(str.isdecimal, number)):
        return "no digits"
    chars_min = NUMBER_CHARS_MIN if country else NUMBER_CHARS_MIN_WITHOUT_COUNTRY
    return "too short" if len(number) < chars_min else ""
