"""The door to the room: one table from identifier type to the function that knows its rule."""

from collections.abc import Callable
from functools import lru_cache

from shared.identifiers.account import normalise_account, normalise_username
from shared.identifiers.device import normalise_device
from shared.identifiers.document import normalise_document
from shared.identifiers.email import normalise_email
from shared.identifiers.file_hash import HASH_DIGITS, normalise_md5, normalise_sha1, normalise_sha256
from shared.identifiers.identifier import Context, Identifier
from shared.identifiers.ip import normalise_ip
from shared.identifiers.payment import normalise_payment
from shared.identifiers.phone import normalise_phone
from shared.identifiers.text import tidy
from shared.identifiers.url import normalise_url

_NORMALISERS: dict[str, Callable[[str, Context], Identifier | None]] = {
    "email": normalise_email,
    "username": normalise_username,
    "account": normalise_account,
    "phone": normalise_phone,
    "device": normalise_device,
    "payment": normalise_payment,
    "url": normalise_url,
    "document": normalise_document,
    "ip": normalise_ip,
    "md5": normalise_md5,
    "sha1": normalise_sha1,
    "sha256": normalise_sha256,
}
IDENTIFIER_TYPES = frozenset(_NORMALISERS)
KEPT, KEPT_CHARS_MAX = 5_000, 200
"""Many tips name what others named before, mostly a short while ago. What is longer is not kept: memory has a bound."""


def normalise_identifier(
    type: str, value: str, *, service: str | None = None, region: str | None = None, country: str | None = None
) -> Identifier | None:
    """Return the identifier's keys, or None when the value does not fit its type or the type is unknown.

    None means: keep the value as given, and do not link it. `service` scopes user names, accounts and payment handles,
    `region` (a country as `find_country` reads it) reads national phone numbers, `country` scopes documents; other
    types ignore them.

    Never raises, whatever the strings hold. The time is linear in the length, and values above 2,083 characters are
    refused unread. Normalising an exact or canonical key again, with the scope as service or country, gives that key.
    """
    given = value, service or "", region or "", country or ""
    return (_normalise_again if sum(map(len, given)) <= KEPT_CHARS_MAX else _normalise)(type, *given)


def normalise_file_hash(kind: str, value: str) -> Identifier | None:
    """Return the hash's key, or None unless `kind` is md5, sha1 or sha256 and the value is one."""
    return normalise_identifier(kind, value) if kind in HASH_DIGITS else None


def _normalise(type: str, value: str, service: str, region: str, country: str) -> Identifier | None:
    normaliser = _NORMALISERS.get(type)
    text = tidy(value)
    if normaliser is None or not text:
        return None
    return normaliser(text, Context(service, region, country))


_normalise_again = lru_cache(maxsize=KEPT)(_normalise)
