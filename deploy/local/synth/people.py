"""Invented people: name, birth date, home, and the identifiers they keep using, spelled anew in every tip."""

from dataclasses import dataclass
from typing import Any

from deploy.local.synth.chance import Chance, Register, slots
from deploy.local.synth.names import CULTURES, CULTURES_OF, Culture, Name, draw_name, letters_of
from deploy.local.synth.places import FOREIGN_PLACES, US_PLACES, Place, draw_street

SERVICES = ("socialA", "socialK", "chatB", "chatF", "gameC", "fileD", "liveG", "forumH")
PAYMENT_SERVICES = ("payD", "giftE")
MAIL_DOMAINS = (
    "example.org", "example.net", "example.com", "example.org", "example.net", "example.com",
    "mail.example", "post.example", "inbox.test", "letters.test",
)  # fmt: skip

_STEM_FIRST = ("dark", "silent", "blue", "lost", "mr", "night", "pixel", "red", "lone", "quick", "old", "ice")
_STEM_LAST = ("fox", "river", "gamer", "moon", "rider", "stone", "wolf", "cloud", "trader", "pilot", "ghost", "oak")

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_SUFFIX_CHARS = 5


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a person uses again and again, in its plainest spelling; its fields are those of a request."""

    type: str
    value: str
    service: str | None = None
    region: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who may stand in a tip."""

    name: Name
    birth_date: str
    """`YYYY-MM-DD`; a tip may know less of it."""
    citizenship: str
    home: Place
    street: str
    network: str
    """First half of their IPv6 addresses, out of the documentation block 2001:db8::/32."""
    identifiers: tuple[Identifier, ...]


IDENTIFIER_TYPES = slots(email=30, username=26, phone=18, account=10, device=7, payment=5, document=4)
"""How often a person has which identifier. Any of these, seen twice, is enough to join two tips."""

_IDENTIFIER_COUNT = (1, 1, 2, 2, 2, 3, 3, 4)


def draw_person(
    chance: Chance,
    register: Register,
    *,
    abroad_percent: float = 15,
    born: tuple[int, int] = (1950, 2004),
    culture: Culture | None = None,
) -> Person:
    """Return a person with one to four identifiers that nobody else in this world has."""
    home = chance.pick(FOREIGN_PLACES if chance.percent(abroad_percent) else US_PLACES)
    name = draw_name(culture or CULTURES[chance.pick(CULTURES_OF[home.country])], chance)
    birth_date = f"{chance.between(*born)}-{chance.between(1, 12):02d}-{chance.between(1, 28):02d}"
    network = register.issue("network", 2**32)
    types: list[str] = []
    for _ in range(chance.pick(_IDENTIFIER_COUNT)):
        kind = chance.pick(IDENTIFIER_TYPES)
        if kind not in types:
            types.append(kind)
    return Person(
        name,
        birth_date,
        home.country,
        home,
        draw_street(chance),
        f"2001:db8:{network >> 16:x}:{network & 0xFFFF:x}",
        tuple(draw_identifier(kind, name, home, chance, register) for kind in types),
    )


def draw_identifier(kind: str, name: Name, home: Place, chance: Chance, register: Register) -> Identifier:
    """Return a fresh identifier of that type (one of `IDENTIFIER_TYPES`) that fits the person's name and home."""
    match kind:
        case "email":
            return Identifier(kind, f"{_mail_stem(name, chance)}{_suffix(register)}@{chance.pick(MAIL_DOMAINS)}")
        case "username":
            stem = f"{chance.pick(_STEM_FIRST)}_{chance.pick(_STEM_LAST)}"
            return Identifier(kind, f"{stem}{_suffix(register)}", service=chance.pick(SERVICES))
        case "phone":
            digits = register.issue(f"phone {home.calling_code} {home.phone_prefix}", 10**home.phone_digits)
            return Identifier(
                kind,
                f"+{home.calling_code}{home.phone_prefix}{digits:0{home.phone_digits}d}",
                region=home.country,
            )
        case "account":
            return Identifier(kind, str(10**11 + register.issue(kind, 10**11)), service=chance.pick(SERVICES))
        case "device":
            return Identifier(kind, _imei(register))
        case "payment":
            value = f"{letters_of(name.given.latin[0])[:8]}.{_suffix(register)}"
            return Identifier(kind, value, service=chance.pick(PAYMENT_SERVICES))
        case "document":
            return Identifier(kind, f"X{register.issue(kind, 10**8):08d}", country=home.country)
    raise ValueError(f"{kind!r} is not an identifier that people keep using")


def spell_identifier(identifier: Identifier, chance: Chance) -> dict[str, Any]:
    """Return the identifier as one tip writes it: the same thing, in another case or format."""
    spelled: dict[str, Any] = {"type": identifier.type, "value": identifier.value}
    match identifier.type:
        case "email":
            spelled["value"] = _other_case(identifier.value, chance)
        case "username":
            at = "@" if chance.percent(15) else ""
            spelled["value"] = at + _other_case(identifier.value, chance)
        case "phone":
            return _spell_phone(identifier, chance)
        case "device" if chance.percent(30):
            imei = identifier.value
            spelled["value"] = f"{imei[:2]}-{imei[2:8]}-{imei[8:14]}-{imei[14]}"
        case "payment":
            spelled["value"] = _other_case(identifier.value, chance)
        case "document" if chance.percent(40):
            spelled["value"] = chance.pick(
                (identifier.value.lower(), f"{identifier.value[:1]} {identifier.value[1:5]} {identifier.value[5:]}")
            )
    if identifier.service:
        spelled["service"] = identifier.service
    if identifier.country:
        spelled["country"] = identifier.country
    return spelled


def _spell_phone(identifier: Identifier, chance: Chance) -> dict[str, Any]:
    value, region = identifier.value, identifier.region
    style = chance.below(10)
    if value.startswith("+1"):
        area, exchange, line = value[2:5], value[5:8], value[8:]
        if style < 3:
            return {"type": "phone", "value": f"+1 {area}-{exchange}-{line}"}
        if style < 6:
            return {"type": "phone", "value": f"({area}) {exchange}-{line}", "region": region}
        if style < 7:
            return {"type": "phone", "value": f"{area}.{exchange}.{line}", "region": region}
    elif style < 4:
        return {"type": "phone", "value": f"{value[:-6]} {value[-6:-3]} {value[-3:]}", "region": region}
    return {"type": "phone", "value": value, "region": region}


def _other_case(text: str, chance: Chance) -> str:
    style = chance.below(20)
    if style < 15:
        return text
    if style < 18:
        return text.title()
    return text.upper()


def _mail_stem(name: Name, chance: Chance) -> str:
    given, surname = letters_of(name.given.latin[0]), letters_of(name.surnames[0].latin[0])
    return chance.pick((f"{given}.{surname}.", f"{given[:1]}{surname}", f"{surname}.{given[:1]}", f"{given}_"))


def _suffix(register: Register) -> str:
    """Return five characters that no other identifier of this world ends in: they make the whole value unique."""
    number = register.issue("suffix", 36**_SUFFIX_CHARS)
    characters = []
    for _ in range(_SUFFIX_CHARS):
        number, digit = divmod(number, 36)
        characters.append(_BASE36[digit])
    return "".join(characters)


def _imei(register: Register) -> str:
    """Return an IMEI out of the range for test devices (it begins with 00), with its check digit."""
    body = f"001{register.issue('imei', 10**11):011d}"
    total = sum(sum(divmod(2 * int(digit), 10)) if place % 2 else int(digit) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"
