"""The value every normaliser returns, and what a source may say beside it."""

from dataclasses import dataclass

PLACEHOLDER = "placeholder"
NO_SERVICE = "no service"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A normalised identifier. Compare keys only within one `type` and one `scope`.

    type: email, username, account, phone, device, payment, url, document, ip, sha256, sha1 or md5.
    exact: equal keys are the same value in the strict reading (letter case and spelling folded).
    canonical: equal keys are the same thing after the provider's rules (dots and tags in an e-mail address, mobile
        hosts); a link that rests on this key alone is one grade weaker.
    scope: what the value is unique within (service, country, kind of device), "" when it is unique by itself.
    links: False for a valid value that must never be a link key; `reason` then says why, and is "" otherwise.

    Neither key is longer than 2,083 bytes in UTF-8, so that a PostgreSQL B-tree row (2,704 bytes) can hold it.
    """

    type: str
    exact: str
    canonical: str
    scope: str
    links: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the source said beside the value, as given; "" where it said nothing."""

    service: str = ""
    region: str = ""
    country: str = ""


def identifier(type: str, exact: str, *, canonical: str = "", scope: str = "", reason: str = "") -> Identifier:
    """Build an identifier: `canonical` is `exact` unless given, and it links unless there is a reason not to."""
    return Identifier(type, exact, canonical or exact, scope, not reason, reason)
