"""Lives of the field world: offenders with their personas and households, and the world they share with others.

Who he is and what he uses when; what a source sees of it, and how it is written down, is in worlds/field.py.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from tests.bench.linking.field_names import Name, Word, draw_family, draw_name, plain, skewed
from tests.bench.linking.field_people import (
    COUNTRIES,
    Base,
    Country,
    Phone,
    draw_address,
    draw_base,
    draw_country,
    draw_document,
    draw_email,
    draw_handle,
    draw_imei,
    draw_payment,
    draw_phone,
)

DAYS = 730.0
"""The world lasts two years; a moment in it is a number of days since it began."""
SIZE_MAX = 48
SIZE_POWER = 2.1
"""The share of offenders with n tips falls as n ** -SIZE_POWER, up to SIZE_MAX."""
TIPS_PER_PERSONA = 10
HOUSEHOLD_SHARED = 0.03
HOUSEHOLD_MAILBOX = 0.3
PHONE_RECYCLED = 0.12
PHONE_RESTS_DAYS = 120.0
"""Of new numbers, how many would be a given-up one, if that has rested long enough."""
GROUP_MEMBER = 0.4
CAFE_HABIT = 0.15
IN_FACILITY = 0.05
VICTIM_SHARED = 0.03
HIJACKS = 0.03
HIJACKED_RESOLD = 0.3
OWN_FILES = 0.5
HOME_IPV6 = 0.15
CAFE_NETWORK_UNNAMED = 0.3
AD_ID_RESET_DAYS = 120
MAC_RANDOM_DAYS = 30

SERVICES = ("twitter", "photogram", "tele", "snapbox", "kickchat", "facelook", "vkontact", "roomchat", "gamehub")
_SIZES = tuple(accumulate(n**-SIZE_POWER for n in range(1, SIZE_MAX + 1)))
_DEFAULT_NETWORKS = ("TP-LINK_2G", "NETGEAR", "FREE_WIFI", "dlink", "Guest")
_RESORTS = tuple(c for c in COUNTRIES if c.code in {"TH", "PH", "MX", "MA", "RU"})
_STIRS = (0x9E3779B97F4A7C15F39CC0605CEDC835, 0xC2B2AE3D27D4EB4F165667B19E3779F9)

Address = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class File:
    """Hashes of a file; `pdq` as a number of 256 bits. `is_flagged`: some lists know it as viral."""

    md5: str
    sha1: str
    sha256: str
    pdq: int
    quality: int
    is_flagged: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who can be reached: a relative, a victim, a school, a café owner."""

    name: Name
    phone: Phone
    email: str
    account: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Group:
    """A chat group: whoever has the invite may join; `host` is the handle of who runs it."""

    service: str
    invite: str
    host: str


@dataclass(frozen=True, slots=True)
class Cafe:
    country: Country
    address: Address
    ip: str
    network: str
    machines: tuple[str, ...]
    owner: Contact


@dataclass(frozen=True, slots=True)
class Facility:
    """A prison or a hostel, with one telephone for all."""

    country: Country
    address: Address
    phone: Phone


@dataclass(frozen=True, slots=True)
class Household:
    """A home and who lives there; its line gets a new IP with every lease."""

    country: Country
    family: Word
    address: Address
    mailbox: str
    landline: Phone
    network: str
    tablet: str
    line: int
    lease_days: int
    prefix: str
    relatives: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """A face shown online: accounts of one handle habit as (service, handle, number there), a mailbox, a wallet."""

    base: Base
    display: str
    accounts: tuple[tuple[str, str, str], ...]
    emails: tuple[str, ...]
    payment: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Actor:
    """An offender, his belongings, and his `size` in tips. `phones` are in order of use, each with the day it began."""

    key: str
    size: int
    country: Country
    resort: Country
    name: Name
    birth: tuple[int, int, int]
    household: Household
    personas: tuple[Persona, ...]
    phones: tuple[tuple[float, Phone], ...]
    imeis: tuple[str, ...]
    laptop: str
    device_seed: int
    documents: tuple[str, ...]
    groups: tuple[Group, ...]
    cafes: tuple[Cafe, ...]
    facility: Facility | None
    files: tuple[File, ...]
    victims: tuple[Contact, ...]
    hijacked: Contact | None
    start: float
    span: float

    def phone_at(self, day: float) -> Phone:
        """Return the phone in use on that day."""
        begins = [begin for begin, _ in self.phones]
        return self.phones[max(0, bisect_right(begins, day) - 1)][1]


@dataclass(slots=True)
class Shared:
    """What offenders share, drawn as they come; its parts grow with the number of tips by the same rule."""

    rng: Random
    tip_count: int
    groups: list[Group] = field(default_factory=list)
    cafes: dict[str, list[Cafe]] = field(default_factory=dict)
    facilities: list[Facility] = field(default_factory=list)
    institutions: list[Contact] = field(default_factory=list)
    viral_files: list[File] = field(default_factory=list)
    blank_pdqs: list[int] = field(default_factory=list)
    exits: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    retired: list[tuple[float, Phone]] = field(default_factory=list)
    households: list[Household] = field(default_factory=list)
    victims: list[Contact] = field(default_factory=list)
    resold: list[Contact] = field(default_factory=list)


def draw_shared(rng: Random, tip_count: int) -> Shared:
    shared = Shared(rng, tip_count)
    shared.groups = [_draw_group(shared) for _ in range(12 + tip_count // 80)]
    for country in COUNTRIES:
        shared.cafes[country.code] = [_draw_cafe(shared, country) for _ in range(2 + tip_count // 1500)]
    for _ in range(4 + tip_count // 400):
        country = draw_country(rng)
        shared.facilities.append(Facility(country, draw_address(rng, country), draw_phone(rng, country)))
    shared.institutions = [draw_contact(shared, draw_country(rng)) for _ in range(10 + tip_count // 250)]
    shared.viral_files = [draw_file(rng, is_viral=True) for _ in range(40 + tip_count // 25)]
    shared.blank_pdqs = [rng.getrandbits(256) for _ in range(6)]
    shared.exits = [f"185.{rng.randrange(100, 250)}.{rng.randrange(256)}.{rng.randrange(1, 255)}" for _ in range(15)]
    shared.exits += [f"45.{rng.randrange(80, 160)}.7.{rng.randrange(1, 255)}" for _ in range(tip_count // 700)]
    return shared


def draw_actor(shared: Shared, key: str, size_max: int) -> Actor:
    """Return one more offender, of at most `size_max` tips."""
    rng = shared.rng
    size = min(size_max, 1 + bisect_right(_SIZES, rng.random() * _SIZES[-1]))
    household = _draw_household(shared)
    country = household.country
    name = draw_name(rng, country.culture, household.family)
    resort = rng.choice(_RESORTS)
    span = rng.random() * min(640.0, 40.0 + 30.0 * size)
    start = rng.random() * (DAYS - span)
    payment = draw_payment(rng, Base((), "", ""))
    personas = tuple(_draw_persona(shared, name, payment) for _ in range(1 + size // TIPS_PER_PERSONA))
    cafes = shared.cafes[country.code]
    actor = Actor(
        key=key,
        size=size,
        country=country,
        resort=resort,
        name=name,
        birth=(rng.randrange(1950, 2004), rng.randrange(1, 13), rng.randrange(1, 29)),
        household=household,
        personas=personas,
        phones=_draw_phones(shared, (country, resort), start, span, size=size),
        imeis=tuple(draw_imei(rng) for _ in range(1 + (rng.random() < 0.3))),
        laptop=_code(rng, 10).upper(),
        device_seed=rng.getrandbits(120),
        documents=tuple(draw_document(rng, country) for _ in range(1 + (rng.random() < 0.15))),
        groups=tuple(skewed(rng, shared.groups, 2.5) for _ in range(rng.randrange(1, 4)))
        if rng.random() < GROUP_MEMBER
        else (),
        cafes=(skewed(rng, cafes), skewed(rng, cafes)) if rng.random() < CAFE_HABIT else (),
        facility=rng.choice(shared.facilities) if rng.random() < IN_FACILITY else None,
        files=tuple(draw_file(rng, is_viral=False) for _ in range(1 + int(rng.expovariate(0.4))))
        if rng.random() < OWN_FILES
        else (),
        victims=tuple(_draw_victim(shared, country) for _ in range(1 + size // 4)),
        hijacked=_draw_hijacked(shared) if rng.random() < HIJACKS else None,
        start=start,
        span=span,
    )
    shared.retired.append((start + span, actor.phones[-1][1]))
    return actor


def draw_contact(shared: Shared, country: Country, family: Word | None = None) -> Contact:
    rng = shared.rng
    name = draw_name(rng, country.culture, family)
    return Contact(name, draw_phone(rng, country), _draw_mailbox(shared, name, Base((), "", "")))


def draw_file(rng: Random, *, is_viral: bool, pdq: int | None = None) -> File:
    """Return a new file, or with `pdq` another encoding of a picture that looks like that."""
    picture = rng.getrandbits(256) if pdq is None else pdq
    hashes = (f"{rng.getrandbits(128):032x}", f"{rng.getrandbits(160):040x}", f"{rng.getrandbits(256):064x}")
    return File(*hashes, picture, rng.randrange(40, 101), is_flagged=is_viral and rng.random() < 0.4)


def home_ip(shared: Shared, household: Household, day: float) -> str:
    """Return the household's address on that day; after a lease another line of the provider may have it."""
    if household.prefix:
        return f"{household.prefix}:{shared.rng.getrandbits(16):x}:{shared.rng.getrandbits(16):x}:a8ff:fe2b"
    pool = min(65_000, 300 + shared.tip_count // 3)
    place = (household.line * 40_503 + int(day / household.lease_days) * 2_654_435_761) % pool
    return f"{household.country.network}.{place >> 8}.{place & 255}"


def mobile_ip(shared: Shared, country: Country) -> str:
    """Return one of the few addresses behind which a mobile carrier puts all its subscribers."""
    first, second = country.network.split(".")
    return f"{first}.{int(second) + 1}.64.{shared.rng.randrange(1, 3 + shared.tip_count // 2500)}"


def advertising_id(actor: Actor, day: float) -> str:
    digits = f"{_stirred(actor.device_seed, int(day / AD_ID_RESET_DAYS)):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def random_mac(actor: Actor, day: float) -> str:
    """Return the address a phone makes up for itself: locally administered, another one after a while."""
    digits = f"{_stirred(actor.device_seed + 1, int(day / MAC_RANDOM_DAYS)):032x}"
    return ":".join((digits[20] + "a", *(digits[i : i + 2] for i in range(22, 32, 2))))


def sharing_id(actor: Actor) -> str:
    """Return the number by which his file-sharing program knows itself; it stays."""
    return f"{_stirred(actor.device_seed + 2, 0):032X}"


def _stirred(seed: int, period: int) -> int:
    return ((seed + period * _STIRS[0]) * _STIRS[1] >> 7) % (1 << 128)


def _code(rng: Random, length: int) -> str:
    return "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789", k=length))


def _draw_group(shared: Shared) -> Group:
    service = skewed(shared.rng, SERVICES[2:5])
    _, host = _draw_account(shared, draw_base(shared.rng, draw_name(shared.rng, "english")), service)
    return Group(service, _code(shared.rng, 16), host)


def _draw_account(shared: Shared, base: Base, service: str) -> tuple[str, str]:
    """Return an account under a handle that nobody else has at that service."""
    handle = draw_handle(shared.rng, base)
    while f"{service}/{handle.casefold()}" in shared.taken:
        handle += str(shared.rng.randrange(100))
    shared.taken.add(f"{service}/{handle.casefold()}")
    return service, handle


def _draw_cafe(shared: Shared, country: Country) -> Cafe:
    rng = shared.rng
    address = draw_address(rng, country)
    named = f"{plain(address[1]).split()[0]}Net_{rng.randrange(100)}"
    return Cafe(
        country=country,
        address=address,
        ip=f"{country.network.split('.')[0]}.{rng.randrange(1, 40)}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
        network=rng.choice(_DEFAULT_NETWORKS) if rng.random() < CAFE_NETWORK_UNNAMED else named,
        machines=tuple(f"00:1c:{rng.getrandbits(32).to_bytes(4).hex(':')}" for _ in range(8)),
        owner=draw_contact(shared, country),
    )


def _draw_household(shared: Shared) -> Household:
    """Return a new home, or seldom the one of an earlier offender: two offenders under one roof."""
    rng = shared.rng
    if shared.households and rng.random() < HOUSEHOLD_SHARED:
        return rng.choice(shared.households)
    country = draw_country(rng)
    family = draw_family(rng, country.culture)
    mailbox = f"family.{_ascii(family[1])}{rng.randrange(10, 9999)}@outlook.com"
    prefix = f"2a0{rng.randrange(10)}:{rng.getrandbits(14) + 4096:x}:{rng.getrandbits(16):x}:{rng.getrandbits(16):x}"
    household = Household(
        country=country,
        family=family,
        address=draw_address(rng, country),
        mailbox=mailbox if rng.random() < HOUSEHOLD_MAILBOX else "",
        landline=draw_phone(rng, country),
        network=rng.choice(_DEFAULT_NETWORKS) if rng.random() < 0.15 else f"HOME-{_code(rng, 4).upper()}",
        tablet=_code(rng, 12).upper(),
        line=rng.getrandbits(24),
        lease_days=rng.choice((2, 8, 30, 90, 365)),
        prefix=prefix if rng.random() < HOME_IPV6 else "",
        relatives=tuple(draw_contact(shared, country, family) for _ in range(rng.randrange(1, 4))),
    )
    shared.households.append(household)
    return household


def _draw_persona(shared: Shared, name: Name, payment: tuple[str, str]) -> Persona:
    rng = shared.rng
    base = draw_base(rng, name)
    accounts = []
    for _ in range(1 + (rng.random() < 0.5) + (rng.random() < 0.25)):
        service, handle = _draw_account(shared, base, skewed(rng, SERVICES, 1.3))
        accounts.append((service, handle, str(rng.randrange(10**8, 10**10))))
    display = base.words[0].title() + base.emoji if rng.random() < 0.6 else name.given[0]
    return Persona(
        base=base,
        display=display,
        accounts=tuple(accounts),
        emails=tuple(_draw_mailbox(shared, name, base) for _ in range(1 + (rng.random() < 0.3))),
        payment=payment if rng.random() < 0.6 else draw_payment(rng, base),
    )


def _draw_mailbox(shared: Shared, name: Name, base: Base) -> str:
    email = draw_email(shared.rng, name, base)
    while email in shared.taken:
        local, domain = email.split("@")
        email = f"{local}{shared.rng.randrange(100)}@{domain}"
    shared.taken.add(email)
    return email


def _draw_phones(
    shared: Shared, countries: tuple[Country, Country], start: float, span: float, *, size: int
) -> tuple[tuple[float, Phone], ...]:
    """Return the phones of a span, one after the other; the last may be one bought abroad."""
    rng = shared.rng
    count = 1 + size // 14 + (rng.random() < 0.35)
    begins = [start + span * i / count for i in range(count)]
    abroad = [rng.random() < 0.2 for _ in begins]
    phones = [_draw_number(shared, countries[there], begin) for there, begin in zip(abroad, begins, strict=True)]
    shared.retired += [(until, phone) for until, phone in zip(begins[1:], phones, strict=False)]
    return tuple(zip(begins, phones, strict=True))


def _draw_number(shared: Shared, country: Country, begin: float) -> Phone:
    """Return a number, seldom one that somebody gave up a while ago."""
    rng = shared.rng
    if shared.retired and rng.random() < PHONE_RECYCLED:
        until, phone = rng.choice(shared.retired)
        if until + PHONE_RESTS_DAYS < begin:
            return phone
    return draw_phone(rng, country)


def _draw_victim(shared: Shared, country: Country) -> Contact:
    rng = shared.rng
    if shared.victims and rng.random() < VICTIM_SHARED:
        return rng.choice(shared.victims)
    name = draw_name(rng, country.culture)
    account = _draw_account(shared, draw_base(rng, name), skewed(rng, SERVICES, 1.3))
    victim = Contact(name, _draw_number(shared, country, rng.random() * DAYS), "", account)
    shared.victims.append(victim)
    return victim


def _draw_hijacked(shared: Shared) -> Contact:
    """Return the owner of an account that was taken over; such an account is often sold on."""
    rng = shared.rng
    if shared.resold and rng.random() < HIJACKED_RESOLD:
        return rng.choice(shared.resold)
    contact = draw_contact(shared, draw_country(rng))
    account = _draw_account(shared, draw_base(rng, contact.name), rng.choice(SERVICES))
    owner = Contact(contact.name, contact.phone, contact.email, account)
    shared.resold.append(owner)
    return owner


def _ascii(text: str) -> str:
    return "".join(c for c in plain(text).lower() if c.isascii() and c.isalpha())
