"""Phone numbers in E.164, read with the declared region only: a guessed country would link strangers.

A number need only be parsable, not valid: numbering plans change faster than metadata.
"""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from shared.identifiers.country import find_country
from shared.identifiers.identifier import PLACEHOLDER, Context, Identifier, identifier
from shared.identifiers.text import is_repetition

_NORTH_AMERICA = 1
_COUNTING = frozenset({"123456789", "1234567890", "0123456789", "12345678", "1234567"})
# A reading takes off a digit or more, and E.164 with its slack holds 17.
_ROUNDS_MAX = 17

_NOT_A_SUBSCRIBER = {
    ValidationResult.TOO_SHORT: "too short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "no area code",
}


def normalise_phone(text: str, context: Context) -> Identifier | None:
    """Return the number in E.164, or None when it has neither a leading + nor a region it can be read with.

    The extension is part of the exact key only: colleagues behind one switchboard share the canonical key.
    """
    # Ascension and Tristan da Cunha (AC, TA) have numbers of their own and no code of a country.
    number = _parse(text, find_country(context.region) or context.region.strip().upper())
    if number is None:
        return None
    canonical = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    exact = f"{canonical};ext={number.extension}" if number.extension else canonical
    return identifier("phone", exact, canonical=canonical, reason=_reason_not_to_link(number))


def _parse(text: str, region: str) -> PhoneNumber | None:
    """Read the text, and the result again until it stays: each reading may take off one more national prefix."""
    try:
        number = phonenumbers.parse(text, region)
        for _ in range(_ROUNDS_MAX):
            again = phonenumbers.parse(phonenumbers.format_number(number, PhoneNumberFormat.E164))
            again.extension = number.extension
            if again == number:
                return number
            number = again
    except NumberParseException:
        pass
    return None


def _reason_not_to_link(number: PhoneNumber) -> str:
    digits = phonenumbers.national_significant_number(number)
    if is_repetition(digits) or digits in _COUNTING or _is_fictional(number, digits):
        return PLACEHOLDER
    return _NOT_A_SUBSCRIBER.get(phonenumbers.is_possible_number_with_reason(number), "")


def _is_fictional(number: PhoneNumber, digits: str) -> bool:
    """555-0100 to 555-0199 in any area of North America is set aside for fiction (ATIS-0300115)."""
    return number.country_code == _NORTH_AMERICA and len(digits) in (7, 10) and digits[-7:-2] == "55501"
