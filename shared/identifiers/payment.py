"""Payment identifiers. The type is read from the shape: IBAN, crypto-currency address, or a handle of some service."""

import re2

from shared.identifiers.account import fold_handle, normalise_service
from shared.identifiers.checksum import has_iban_check
from shared.identifiers.identifier import NO_SERVICE, PLACEHOLDER, Context, Identifier, identifier
from shared.identifiers.text import compact, is_placeholder

NUMBER_DIGITS_MIN = 6
"""A payment value with this many digits reads as a number of its own, so it may link without a service."""

_MASKS = frozenset("*•#")
_MARKS = "@$"

_IBAN = re2.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_SCHEME = re2.compile(r"(?i:bitcoin|litecoin|ethereum):")
_ETHEREUM = re2.compile(r"0x[0-9a-f]{40}")
_BECH32 = re2.compile(r"(?:bc|ltc)1[02-9ac-hj-np-z]{11,87}")
# Base58 has no 0, O, I and l, and letter case counts. An address has 26-35 characters, one of Monero 95 or 106.
_BASE58 = re2.compile(r"[13LMTDrX][1-9A-HJ-NP-Za-km-z]{25,34}|[48][1-9A-HJ-NP-Za-km-z]{94,105}")


def normalise_payment(text: str, context: Context) -> Identifier | None:
    """Return the payment identifier; its scope is iban, crypto, or the service that the handle belongs to.

    A card number is an opaque handle like any other: this system has no use for its parts.
    """
    handle = fold_handle(text, _MARKS)
    return _iban(handle) or _crypto(text.lstrip(_MARKS + " "), handle) or _handle(handle, context)


def _iban(handle: str) -> Identifier | None:
    iban = compact(handle, " -").upper()
    if not _IBAN.fullmatch(iban) or not has_iban_check(iban):
        return None
    return identifier("payment", iban, scope="iban")


def _crypto(text: str, handle: str) -> Identifier | None:
    """Read the folded handle where letter case is free, the text as given where it counts."""
    folded = _without_scheme(handle)
    if _ETHEREUM.fullmatch(folded) or _BECH32.fullmatch(folded):
        return identifier("payment", folded, scope="crypto", reason=PLACEHOLDER if len(set(folded)) == 2 else "")
    address = _without_scheme(text)
    return identifier("payment", address, scope="crypto") if _is_base58_address(address) else None


def _without_scheme(text: str) -> str:
    match = _SCHEME.match(text)
    return text[match.end() :] if match else text


def _is_base58_address(text: str) -> bool:
    # A real address mixes cases and digits; a long word or number does not.
    has_both_cases = text != text.lower() and text != text.upper()
    return bool(has_both_cases and _BASE58.fullmatch(text)) and any(map(str.isdecimal, text))


def _handle(handle: str, context: Context) -> Identifier | None:
    digits = compact(handle, " -")
    if digits.isdecimal():
        handle = digits
    if not handle:
        return None
    service = normalise_service(context.service)
    return identifier("payment", handle, scope=service, reason=_reason_not_to_link(handle, service))


def _reason_not_to_link(handle: str, service: str) -> str:
    if is_placeholder(handle):
        return PLACEHOLDER
    if handle.startswith("xxxx") or not _MASKS.isdisjoint(handle):
        return "masked number"
    is_number = sum(map(str.isdecimal, handle)) >= NUMBER_DIGITS_MIN
    return "" if service or is_number else NO_SERVICE
