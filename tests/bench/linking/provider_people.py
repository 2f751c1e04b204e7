"""The persons of the provider world and what they share: lines and addresses, services, phones, pictures.

What the sources report of them is in worlds/provider.py, with the assumptions in words.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.bench.linking import provider_words as words
from tests.bench.linking.provider_networks import DAY_S, Line, Networks
from tests.bench.linking.provider_pictures import Album, Gallery
from tests.bench.linking.provider_words import pick, zipf

HOUSEHOLD = 0.08  # of persons: live with an earlier one
CAREFUL = 0.04  # of persons: always behind a VPN, throw-away mail
VPN_USER, VPN_USED = 0.22, 0.5
HOME, MOBILE, CAFE = 0.62, 0.3, 0.05  # of addresses without VPN; the rest are cloud machines
PHONE_LIFE_D, AD_ID_LIFE_D, GADGET_LIFE_D, HOME_LIFE_D, HABIT_LIFE_D = 240, 120, 500, 500, 150
PHONE_HANDED_ON, PHONE_REST_D = 0.08, 90
HANDLE_AGAIN, MAIL_AGAIN, THROWAWAY, THROWAWAY_PUBLIC = 0.4, 0.78, 0.05, 0.3
MAIL_VERIFIED, FIRST_GADGET = 0.6, 0.6
NO_MAIL, NO_PHONE, NO_HANDLE, NO_DEVICE = 0.015, 0.015, 0.01, 0.03  # placeholders stand instead
NAME_TRUE, NAME_TYPO, BIRTH_TRUE, BIRTH_DEFAULT = 0.5, 0.08, 0.5, 0.3
VICTIM_SHARED = 0.08

PERSONS_PER_TIP = 0.36
SERVICES = words.listed(
    "Pixnest Chattora Vidloop Cloudcrate Mumblr Snapfold Gamora Threadly Kikoo Photonia Streamix Boxdrop Wispr Fotobay "
    "Loopchat Guildhall Mailwind Linkup Datora Tunevox Roomio Faceto Zinga Postel Pingu Sharebin"
)
NO_HANDLES = ("unknown", "anonymous", "user", "deleted_user", "admin")
NO_MAILS = ("none@none.com", "noreply@noreply.com", "test@test.com", "no@mail.com")
NO_PHONES = ("+10000000000", "+11111111111", "+1234567890")
NO_DEVICES = ("000000000000000", "00000000-0000-0000-0000-000000000000", "0123456789ABCDEF", "unknown")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """A provider and what it logs; `port` is 0 for none, -1 for the client's, else always the service's own."""

    name: str
    device: str
    port: int
    asks_phone: bool
    has_pdq: bool


@dataclass(frozen=True, slots=True)
class Gadget:
    """A phone, tablet or computer with the ids that services and the police read from it."""

    imei: str
    advertising: str
    serial: str


@dataclass(slots=True)
class Account:
    """An account as its service knows it; `log` holds time, address, client port and event."""

    service: Service
    number: str
    handle: str
    mail: str
    is_verified: bool
    phone: str
    device: str
    name: str
    birth_date: str
    opened_at: int
    log: list[tuple[int, str, int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    """Somebody who makes tips, as of the last time seen."""

    key: str
    name: tuple[str, str]
    birth_date: date
    country: int
    habit: words.Habit
    phone: str
    gadgets: list[Gadget]
    line: Line
    mobile: Line
    exits: list[str]
    is_careful: bool
    cafes: list[str]
    services: list[Service]
    address: Json
    seen_at: int
    passport: str = ""
    payment: Json | None = None
    mails: list[str] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    open: list[Account] = field(default_factory=list)
    album: Album = field(default_factory=Album)
    victims: list[Json] = field(default_factory=list)


class Scene:
    """One world while it is drawn: its chance, its persons so far, and what they share."""

    def __init__(self, rng: Random, tip_count: int) -> None:
        self.rng = rng
        persons = max(200, int(tip_count * PERSONS_PER_TIP))
        self.surnames = 1_500 + 2 * persons
        self.persons: list[Person] = []
        self.taken: set[str] = set()
        self.given_up: list[tuple[int, str]] = []
        self.victims: list[Json] = []
        self.reporters = [new_contact(self) for _ in range(20 + tip_count // 500)]
        self.networks = Networks(persons)
        self.gallery = Gallery(rng, tip_count)
        kinds = ("advertising", "advertising", "imei", "serial", "")
        self.services = [
            Service(name, kinds[n % 5], (-1, -1, -1, -1, 443, -1, 0)[n % 7], asks_phone=n % 3 != 2, has_pdq=n % 4 != 3)
            for n, name in enumerate(SERVICES)
        ]


def new_contact(scene: Scene) -> Json:
    """Return a member of the public with own contact data, as a party without a role."""
    rng = scene.rng
    name = words.person_name(rng, scene.surnames)
    habit = words.new_habit(rng, name, rng.randrange(1950, 2005))
    identifiers = [{"type": "email", "value": unused_mail(scene, habit)}]
    if rng.random() < 0.5:
        identifiers.append({"type": "phone", "value": words.phone_number(rng, pick(rng, words.COUNTRY_WEIGHTS))})
    return {"names": [" ".join(name)], "identifiers": identifiers}


def new_person(scene: Scene, key: str, at: int) -> Person:
    """Return somebody not seen before; a few live with an earlier person: same line, address and tablet."""
    rng = scene.rng
    host = rng.choice(scene.persons) if scene.persons and rng.random() < HOUSEHOLD else None
    country = host.country if host else pick(rng, words.COUNTRY_WEIGHTS)
    first, last = words.person_name(rng, scene.surnames)
    name = (first, host.name[1]) if host and rng.random() < 0.7 else (first, last)
    birth_date = date(1955, 1, 1) + timedelta(days=int(rng.triangular(0, 19_000, 13_000)))
    is_careful = rng.random() < CAREFUL
    has_vpn = is_careful or rng.random() < VPN_USER
    person = Person(
        key=key,
        name=name,
        birth_date=birth_date,
        country=country,
        habit=words.new_habit(rng, name, birth_date.year),
        phone=next_phone(scene, country, at),
        gadgets=[new_gadget(rng), host.gadgets[-1] if host else new_gadget(rng)],
        line=host.line if host else scene.networks.home_line(rng, country),
        mobile=scene.networks.mobile_line(rng, country),
        exits=rng.choices(rng.choice(scene.networks.vpn), k=3) if has_vpn else [],
        is_careful=is_careful,
        cafes=rng.choices(scene.networks.cafes, k=2),
        services=[scene.services[zipf(rng, len(SERVICES))] for _ in range(rng.choice((1, 2, 2, 3, 4)))],
        address=host.address if host else new_address(rng, country),
        passport=f"{chr(65 + rng.randrange(26))}{rng.randrange(10**8):08d}",
        seen_at=at,
    )
    if rng.random() < 0.35:
        person.payment = new_payment(scene, person)
    return person


def new_gadget(rng: Random) -> Gadget:
    """Return a gadget with ids of its own."""
    return Gadget(words.imei(rng), words.advertising_id(rng), words.serial(rng))


def new_address(rng: Random, country: int) -> Json:
    """Return a postal address."""
    street = (
        f"{rng.randrange(1, 400)} {words.coin(zipf(rng, 3_000)).capitalize()} {rng.choice(('Street', 'Road', 'Lane'))}"
    )
    city = words.coin(zipf(rng, 800) + 5_000).capitalize()
    return {
        "line": street,
        "city": city,
        "postal_code": f"{rng.randrange(10**5):05d}",
        "country": words.COUNTRIES[country][0],
    }


def new_payment(scene: Scene, person: Person) -> Json:
    """Return a way to be paid: a short handle, a mail address, or a coin address."""
    rng = scene.rng
    kind = rng.randrange(3)
    if kind == 0:
        handle = unused(scene, "cash", words.handle(rng, person.habit))
        return {"type": "payment", "value": f"${handle}", "service": "Cashly"}
    if kind == 1:
        return {"type": "payment", "value": own_mail(scene, person), "service": "Paybridge"}
    return {"type": "payment", "value": "bc1q" + "".join(rng.choices("acdefghjklmnpqrstuvwxyz023456789", k=38))}


def new_victim(scene: Scene, service: Service) -> Json:
    """Return a child as a party; a few are those of an earlier person."""
    rng = scene.rng
    if scene.victims and rng.random() < VICTIM_SHARED:
        return rng.choice(scene.victims)
    name = words.person_name(rng, scene.surnames)
    year = rng.randrange(2008, 2017)
    handle = unused(scene, service.name, words.handle(rng, words.new_habit(rng, name, year)))
    identifiers = [{"type": "username", "value": handle, "service": service.name}]
    if rng.random() < 0.4:
        identifiers.append({"type": "email", "value": unused_mail(scene, words.new_habit(rng, name, year))})
    victim = {"role": "victim", "names": [name[0]], "birth_date": str(year), "identifiers": identifiers}
    scene.victims.append(victim)
    return victim


def next_phone(scene: Scene, country: int, at: int) -> str:
    """Return a number for a new contract; at times one that somebody gave up months ago."""
    rng = scene.rng
    if scene.given_up and rng.random() < PHONE_HANDED_ON:
        code = words.COUNTRIES[country][2]
        for index in rng.choices(range(len(scene.given_up)), k=8):
            since, number = scene.given_up[index]
            if since + PHONE_REST_D * DAY_S < at and number.startswith(code):
                del scene.given_up[index]
                return number
    return words.phone_number(rng, country)


def drift(scene: Scene, person: Person, at: int) -> None:
    """Bring a person to the time `at`: what may have changed since the last time seen."""
    rng = scene.rng
    gap_s = at - person.seen_at
    person.seen_at = at

    def has_ended(life_d: int) -> bool:
        return rng.random() * life_d * DAY_S < gap_s

    if has_ended(PHONE_LIFE_D):
        scene.given_up.append((at, person.phone))
        person.phone = next_phone(scene, person.country, at)
    if has_ended(GADGET_LIFE_D):
        person.gadgets[0] = new_gadget(rng)
    elif has_ended(AD_ID_LIFE_D):
        old = person.gadgets[0]
        person.gadgets[0] = Gadget(old.imei, words.advertising_id(rng), old.serial)
    if has_ended(HOME_LIFE_D):
        person.line, person.address = scene.networks.home_line(rng, person.country), new_address(rng, person.country)
    if has_ended(HABIT_LIFE_D):
        person.habit = words.bend_habit(rng, person.habit)


def unused(scene: Scene, where: str, wish: str) -> str:
    """Return the wished name, with digits behind it when somebody has it there already."""
    name = wish
    while f"{where}:{name.lower()}" in scene.taken:
        name = f"{wish}{scene.rng.randrange(1_000)}"
    scene.taken.add(f"{where}:{name.lower()}")
    return name


def unused_mail(scene: Scene, habit: words.Habit) -> str:
    """Return a mail address that nobody has; dots do not tell two boxes apart."""
    local, _, domain = words.mail_address(scene.rng, habit).partition("@")
    while f"@{domain}:{local.replace('.', '')}" in scene.taken:
        local += str(scene.rng.randrange(10))
    scene.taken.add(f"@{domain}:{local.replace('.', '')}")
    return f"{local}@{domain}"


def own_mail(scene: Scene, person: Person) -> str:
    """Return a mail address of the person, mostly one of the last two, else a new one."""
    if person.mails and scene.rng.random() < MAIL_AGAIN:
        return scene.rng.choice(person.mails[-2:])
    person.mails.append(unused_mail(scene, person.habit))
    return person.mails[-1]


def open_account(scene: Scene, person: Person, at: int) -> Account:
    """Return a new account of the person at one of their services, opened some weeks before `at`."""
    rng = scene.rng
    service = rng.choice(person.services)
    wish = person.handles[-1] if person.handles and rng.random() < HANDLE_AGAIN else words.handle(rng, person.habit)
    handle = rng.choice(NO_HANDLES) if rng.random() < NO_HANDLE else unused(scene, service.name, wish)
    person.handles.append(wish)
    gadget = person.gadgets[0] if rng.random() < FIRST_GADGET else person.gadgets[-1]
    device = getattr(gadget, service.device) if service.device else ""
    opened_at = at - min(120 * DAY_S, int(rng.expovariate(1 / (30 * DAY_S))) + 600)
    account = Account(
        service,
        number=str(rng.randrange(10**9, 10**11)),
        handle=handle,
        mail=account_mail(scene, person, service),
        is_verified=rng.random() < MAIL_VERIFIED,
        phone=(rng.choice(NO_PHONES) if rng.random() < NO_PHONE else person.phone) if service.asks_phone else "",
        device=rng.choice(NO_DEVICES) if device and rng.random() < NO_DEVICE else device,
        name=stated_name(scene, person),
        birth_date=stated_birth_date(rng, person),
        opened_at=opened_at,
    )
    account.log.append(
        (opened_at, current_address(scene, person, opened_at), rng.randrange(1_024, 65_536), "registration")
    )
    person.accounts.append(account)
    person.open.append(account)
    return account


def account_mail(scene: Scene, person: Person, service: Service) -> str:
    """Return the mail given to a service: the own one in some spelling, a throw-away box, or a placeholder."""
    rng = scene.rng
    if rng.random() < NO_MAIL:
        return rng.choice(NO_MAILS)
    if rng.random() < (0.7 if person.is_careful else THROWAWAY):
        is_public = rng.random() < THROWAWAY_PUBLIC
        local = (
            rng.choice(words.WORDS_FIRST)
            if is_public
            else f"{words.coin(rng.randrange(400_000))}{rng.randrange(1_000)}"
        )
        return f"{local}@{rng.choice(words.THROWAWAY_DOMAINS)}"
    return words.respell_mail(rng, own_mail(scene, person), service.name)


def stated_name(scene: Scene, person: Person) -> str:
    """Return the name given to a service: the true one, at times with a slip, or another."""
    rng = scene.rng
    if rng.random() >= NAME_TRUE:
        return (
            " ".join(words.person_name(rng, scene.surnames)) if rng.random() < 0.5 else words.handle(rng, person.habit)
        )
    name = " ".join(person.name)
    return words.mistype(rng, name) if rng.random() < NAME_TYPO else name


def stated_birth_date(rng: Random, person: Person) -> str:
    """Return the birth date given to a service: the true one, 1 January of some year, or any day."""
    chance = rng.random()
    if chance < BIRTH_TRUE:
        return person.birth_date.isoformat()
    if chance < BIRTH_TRUE + BIRTH_DEFAULT:
        return f"{rng.choice((1990, 2000, 1980, person.birth_date.year))}-01-01"
    return date(rng.randrange(1960, 2006), rng.randrange(1, 13), rng.randrange(1, 29)).isoformat()


def current_address(scene: Scene, person: Person, at: int) -> str:
    """Return the public address from which the person goes on line at that time."""
    rng = scene.rng
    if person.exits and (person.is_careful or rng.random() < VPN_USED):
        return person.exits[zipf(rng, len(person.exits))]
    where = rng.random()
    if where < HOME:
        return person.line.address(rng, at)
    if where < HOME + MOBILE:
        return person.mobile.address(rng, at)
    return rng.choice(person.cafes) if where < HOME + MOBILE + CAFE else scene.networks.clouds.lease(rng, at, at)
