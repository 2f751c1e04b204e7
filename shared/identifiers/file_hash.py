"""Cryptographic file hashes: type and length are checked, so that a truncated or mislabelled one links nothing."""

from shared.identifiers.identifier import PLACEHOLDER, Context, Identifier, identifier

HASH_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}
"""Hexadecimal digits of each kind."""

_EMPTY_FILE = frozenset(
    {
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
)


def normalise_md5(text: str, _context: Context) -> Identifier | None:
    """Return the MD5 in lower case, or None unless it is 32 hexadecimal digits."""
    return _normalise("md5", text)


def normalise_sha1(text: str, _context: Context) -> Identifier | None:
    """Return the SHA-1 in lower case, or None unless it is 40 hexadecimal digits."""
    return _normalise("sha1", text)


def normalise_sha256(text: str, _context: Context) -> Identifier | None:
    """Return the SHA-256 in lower case, or None unless it is 64 hexadecimal digits."""
    return _normalise("sha256", text)


def _normalise(kind: str, text: str) -> Identifier | None:
    digits = text.lower()
    if len(digits) != HASH_DIGITS[kind] or not _is_hexadecimal(digits):
        return None
    if digits in _EMPTY_FILE:
        return identifier(kind, digits, reason="empty file")
    return identifier(kind, digits, reason=PLACEHOLDER if digits.count(digits[0]) == len(digits) else "")


def _is_hexadecimal(digits: str) -> bool:
    """Return whether these are pairs of hexadecimal digits, which may not be spaced."""
    try:
        return 2 * len(bytes.fromhex(digits)) == len(digits)
    except ValueError:
        return False
