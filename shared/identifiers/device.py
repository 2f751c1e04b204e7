"""Device ids. The kind is read from the shape, as sources do not name it, and is the scope.

Kinds: imei (15 digits with check digit), mac, uuid (advertising and vendor ids), and other (serial numbers and what
else a service calls a device id).
"""

import re2

from shared.identifiers.checksum import has_luhn_check
from shared.identifiers.identifier import PLACEHOLDER, Context, Identifier, identifier
from shared.identifiers.text import compact, fold, is_placeholder, is_repetition

ID_CHARS_MAX = 256
OPAQUE_CHARS_MIN = 6
"""Letters and digits an opaque id needs before two equal ones say anything: a guess, not measured."""

_IMEI = re2.compile(r"(?:imei[ :=#]*)?([0-9](?:[ ./-]?[0-9]){14})")
# A bare run of twelve must hold a letter: twelve decimal digits are more often some other number.
_MAC = re2.compile(
    r"(?:mac[ :=#]*)?((?:[0-9a-f]{2}:){5}[0-9a-f]{2}|(?:[0-9a-f]{2}-){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}"
    r"|[0-9a-f]{12})"
)
_UUID = re2.compile(r"\{?([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})\}?")


def normalise_device(text: str, _context: Context) -> Identifier | None:
    """Return the device id with its kind as scope; only an id of more than 256 characters is none."""
    folded = fold(text)
    return _imei(folded) or _mac(folded) or _uuid(folded) or _opaque(folded)


def _imei(text: str) -> Identifier | None:
    match = _IMEI.fullmatch(text)
    digits = compact(match[1], " ./-") if match else ""
    if not digits or not has_luhn_check(digits):
        return None
    return identifier("device", digits, scope="imei", reason=PLACEHOLDER if is_repetition(digits) else "")


def _mac(text: str) -> Identifier | None:
    match = _MAC.fullmatch(text)
    digits = compact(match[1], ":-.") if match else ""
    if not digits or match[1].isdecimal():
        return None
    exact = ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    if len(set(digits)) == 1:
        return identifier("device", exact, scope="mac", reason=PLACEHOLDER)
    # The second bit of the first octet marks an address made up locally: phones change theirs per network.
    is_made_up = int(digits[:2], 16) & 0b10
    return identifier("device", exact, scope="mac", reason="randomised address" if is_made_up else "")


def _uuid(text: str) -> Identifier | None:
    match = _UUID.fullmatch(text)
    if not match:
        return None
    digits = compact(match[1], "-")
    exact = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    # Phones that limit tracking all send the advertising id of zeros.
    return identifier("device", exact, scope="uuid", reason=PLACEHOLDER if len(set(digits)) == 1 else "")


def _opaque(text: str) -> Identifier | None:
    if len(text) > ID_CHARS_MAX:
        return None
    return identifier("device", text, scope="other", reason=_reason_not_to_link(text))


def _reason_not_to_link(text: str) -> str:
    signs = "".join(filter(str.isalnum, text))
    if not signs or is_placeholder(text) or is_repetition(signs):
        return PLACEHOLDER
    # "iphone", "galaxy s9 plus": a model that many own, not a device.
    if " " in text or not any(map(str.isdecimal, signs)):
        return "reads as a description"
    return "too short" if len(signs) < OPAQUE_CHARS_MIN else ""
