"""The hearsay world: callers, police and platforms of nine countries, who each know one thing or two of an offender.

What kind of world this is; each rate is a constant:
1. Seven sources tell what is their habit (`HABITS`), two identifiers on average; whoever knows nothing knows a handle.
2. Handles are what people like: a word of their language, a first name, an emoji, at most two digits. So many have the
   same one, on one service too; an offender has one to three in a year, on one to three services.
3. Families have a mailbox, a landline and a tablet (`FAMILY_MAILBOX` …), and more than half have several offenders.
4. Phones are written as the country does, not always saying which; advertising ids are reset every few months.
5. Desks of schools and hot lines report two tips of five (`DESK`); a form with one box for contacts makes theirs the
   subject's (`DESK_AS_SUBJECT`). A public computer or a shop's phone is told of whoever used it.
6. Every fifth event reaches two sources, each with its own half of it (`TWIN`).
7. Two services were renamed in spring, and who writes a service's name spells it as he likes.
8. Names are written by ear, cut or turned round; birth dates are mostly a year or 1 January.
9. Home lines have a new address every six weeks, carriers' pools and VPN exits serve all; files are few, some recoded.
10. Offenders have 1 to 48 tips, most one or two.
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from tests.bench.linking.hearsay_words import (
    BY_EAR,
    COUNTRIES,
    GIVEN,
    SURNAMES,
    draw_address,
    draw_advertising_id,
    draw_file,
    draw_handle,
    draw_mail_host,
    draw_phone,
    draw_serial,
    draw_syllables,
)
from tests.bench.linking.world import World

Json = dict[str, Any]

START = datetime(2025, 10, 1, tzinfo=UTC)
DAYS = 360
RENAMED_ON = 170
SIZE_MAX, SIZE_EXPONENT = 48, 1.9
SHARES = {
    "police": 24, "tipline": 24, "foreign_police": 20, "ncmec": 16, "interpol": 6, "field": 5, "attache": 5,
}  # fmt: skip
HABITS: Mapping[str, Mapping[str, float]] = {
    "police": {"name": 0.70, "birth": 0.45, "phone": 0.69, "email": 0.39, "username": 0.53, "device": 0.30},
    "tipline": {"name": 0.40, "birth": 0.05, "phone": 0.29, "email": 0.24, "username": 0.90, "url": 0.12},
    "foreign_police": {"name": 0.55, "birth": 0.35, "phone": 0.53, "email": 0.47, "username": 0.53, "ip": 0.37},
    "ncmec": {"email": 0.90, "username": 0.85, "ip": 0.85, "phone": 0.21, "device": 0.44, "payment": 0.05},
    "interpol": {"name": 0.25, "username": 0.77, "ip": 0.74, "email": 0.47, "document": 0.08, "files": 0.50},
    "field": {"name": 0.60, "birth": 0.40, "phone": 0.81, "email": 0.60, "device": 0.41, "payment": 0.12},
    "attache": {"name": 0.60, "birth": 0.30, "phone": 0.61, "email": 0.53, "username": 0.43, "document": 0.15},
}
"""Of a source's tips, the part that tells each. Whatever tells nothing at all tells a handle."""
FILES_ELSEWHERE = 0.10
DRIFT_PER_YEAR = {"email": 0.5, "phone": 0.5, "device": 2.0, "payment": 0.7, "handle": 0.35, "document": 0.0}
COMES_BACK = 0.25
FAMILY_SIZES = {1: 45, 2: 30, 3: 15, 4: 10}
FAMILY_MAILBOX, FAMILY_LANDLINE, FAMILY_TABLET = 0.30, 0.2, 0.2
"""Of what is told of a type, the part that is the family's."""
DESK, DESK_AS_SUBJECT, DESK_TIPS = 0.40, 0.16, 18
"""How often a desk reports, how often its contacts then stand as the subject's; tips of a desk, about."""
PUBLIC_DEVICE, SHOP_PHONE, PLACE_TIPS = 0.12, 0.07, 70
TWIN, TWIN_DAYS = 0.20, 9
NO_REGION, NO_SERVICE, SLOPPY = 0.15, 0.12, 0.4
NETWORKS = {"home": 0.40, "carrier": 0.40, "vpn": 0.12, "cafe": 0.08}
LEASES, CARRIER_TIPS, EXITS = 8, 150, 15
BIRTH_YEAR_ONLY, BIRTH_FIRST, BIRTH_SWAPPED = 0.35, 0.15, 0.04
VICTIM = 0.25

SERVICES = {"Instagram": 24, "Snapchat": 18, "Telegram": 14, "WhatsApp": 10, "Twitter": 12, "Chirpo": 12, "Kik": 10}
RENAMED = {"Twitter": "X", "Chirpo": "Nestly"}
SPELLINGS = {
    "Instagram": ("IG", "insta", "instagram.com"), "Snapchat": ("snap", "SNAPCHAT"), "Telegram": ("t.me", "telegram"),
    "WhatsApp": ("whatsapp", "WhatsApp Messenger"), "Kik": ("kik messenger",), "X": ("x.com", "Twitter"),
    "Nestly": ("nestly.example", "Nestly (Chirpo)"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Drift:
    """Values that followed one another: each from its day on."""

    days: Sequence[float]
    values: Sequence[str]

    def at(self, rng: random.Random, day: float) -> str:
        now = max(0, bisect_right(self.days, day) - 1)
        return self.values[rng.randrange(now + 1) if rng.random() < COMES_BACK else now]


@dataclass(frozen=True, slots=True)
class _Family:
    """Who lives together: what is theirs in common, and the address of their line in each lease."""

    country: str
    surname: str
    mailbox: str
    landline: str
    tablet: str
    leases: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Actor:
    """An offender, with what he calls himself and holds over the year, by kind."""

    id: str
    family: _Family
    given: str
    birth: str
    drifts: Mapping[str, _Drift]
    services: Sequence[str]
    files: Sequence[Json]
    victims: Sequence[Json]


@dataclass(frozen=True, slots=True)
class _Commons:
    """What many share, and the mail addresses that are given."""

    carriers: Sequence[str]
    exits: Sequence[str]
    cafes: Sequence[str]
    computers: Sequence[str]
    shops: Sequence[str]
    desks: Sequence[Json]
    files: Sequence[Json]
    victims: Sequence[Json]
    taken: set[str] = field(default_factory=set)


def generate(seed: int, tip_count: int) -> World:
    """Return a world of so many tips; the same for the same seed."""
    rng = random.Random(f"hearsay {seed}")
    commons = _commons(rng, tip_count)
    drafts: list[tuple[float, float, _Actor, str]] = []
    actors = _actors(rng, commons)
    left = tip_count
    while left > 0:
        actor, size = next(actors), min(left, _size(rng))
        drafts += _drafts(rng, actor, size)
        left -= size
    drafts.sort(key=lambda draft: draft[:2])
    tips = [_tip(rng, commons, draft[2], draft[3], draft[0], number) for number, draft in enumerate(drafts)]
    return World("hearsay", seed, tips, [draft[2].id for draft in drafts])


def _drafts(rng: random.Random, actor: _Actor, size: int) -> list[tuple[float, float, _Actor, str]]:
    """Return when and by whom he is reported: a twin comes days later, from another source."""
    span = rng.uniform(30, DAYS - 20)
    first = rng.uniform(0, DAYS - 20 - span)
    found: list[tuple[float, float, _Actor, str]] = []
    while len(found) < size:
        day, source = first + rng.random() * span, _source(rng)
        found.append((day, rng.random(), actor, source))
        if len(found) < size and rng.random() < TWIN:
            found.append((day + rng.uniform(0, TWIN_DAYS), rng.random(), actor, _source(rng)))
    return found


def _source(rng: random.Random) -> str:
    return rng.choices([*SHARES], [*SHARES.values()])[0]


_SIZE_WEIGHTS = list(accumulate(size**-SIZE_EXPONENT for size in range(1, SIZE_MAX + 1)))


def _size(rng: random.Random) -> int:
    return rng.choices(range(1, SIZE_MAX + 1), cum_weights=_SIZE_WEIGHTS)[0]


def _commons(rng: random.Random, tip_count: int) -> _Commons:
    return _Commons(
        carriers=[draw_address(rng) for _ in range(3 + tip_count // CARRIER_TIPS)],
        exits=[draw_address(rng) for _ in range(EXITS)],
        cafes=[draw_address(rng) for _ in range(3 + tip_count // 100)],
        computers=[draw_serial(rng) for _ in range(1 + tip_count // PLACE_TIPS)],
        shops=[draw_phone(rng, rng.choice([*COUNTRIES])) for _ in range(1 + tip_count // PLACE_TIPS)],
        desks=[_desk(rng) for _ in range(1 + tip_count // DESK_TIPS)],
        files=[draw_file(rng) for _ in range(20 + tip_count // 100)],
        victims=[_victim(rng) for _ in range(2 + tip_count // 20)],
    )


def _actors(rng: random.Random, commons: _Commons) -> Iterator[_Actor]:
    number = 0
    while True:
        family = _family(rng, commons)
        size = rng.choices([*FAMILY_SIZES], [*FAMILY_SIZES.values()])[0]
        for given in rng.sample(GIVEN[family.country].split(), size):
            yield _actor(rng, commons, family, given, number)
            number += 1


def _family(rng: random.Random, commons: _Commons) -> _Family:
    country = rng.choice([*COUNTRIES])
    surname = rng.choice(SURNAMES[country].split()) + (rng.choice(["", "-" + draw_syllables(rng).title()]))
    before, behind = rng.choice(["familie", "family", "the", "casa", ""]), rng.choice(["", rng.randrange(100)])
    mail = f"{before}{surname.lower()}{behind}"
    return _Family(
        country=country,
        surname=surname,
        mailbox=_free(rng, commons, f"{mail}@{draw_mail_host(rng, country)}"),
        landline=draw_phone(rng, country),
        tablet=draw_serial(rng),
        leases=[draw_address(rng) for _ in range(LEASES)],
    )


def _actor(rng: random.Random, commons: _Commons, family: _Family, given: str, number: int) -> _Actor:
    makers: dict[str, Callable[[], str]] = {
        "email": lambda: _free(rng, commons, _email(rng, given, family)),
        "phone": lambda: draw_phone(rng, family.country),
        "device": lambda: draw_advertising_id(rng),
        "payment": lambda: f"{given.lower()}{rng.randrange(10_000)}",
        "handle": lambda: draw_handle(rng),
        "document": lambda: f"{rng.choice('ABCKLP')}{rng.randrange(10**7, 10**8)}",
    }
    return _Actor(
        id=f"actor-{number}",
        family=family,
        given=given,
        birth=f"{rng.randint(1950, 2006)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        drifts={kind: _drift(rng, DRIFT_PER_YEAR[kind], make) for kind, make in makers.items()},
        services=rng.choices([*SERVICES], [*SERVICES.values()], k=rng.randint(1, 3)),
        files=[draw_file(rng) for _ in range(rng.randint(1, 4))],
        victims=rng.sample(commons.victims, 2),
    )


def _free(rng: random.Random, commons: _Commons, value: str) -> str:
    """Return the address, or one like it that nobody has yet."""
    while value in commons.taken:
        name, at, host = value.partition("@")
        value = f"{name}{rng.randrange(10)}{at}{host}"
    commons.taken.add(value)
    return value


def _drift(rng: random.Random, per_year: float, make: Callable[[], str]) -> _Drift:
    days, values, day = [0.0], [make()], 0.0
    while per_year and (day := day + rng.expovariate(per_year / DAYS)) < DAYS:
        days.append(day)
        values.append(make())
    return _Drift(days, values)


def _tip(rng: random.Random, commons: _Commons, actor: _Actor, source: str, day: float, number: int) -> Json:
    reported = START + timedelta(days=day)
    seen = reported - timedelta(days=rng.expovariate(1 / 4))
    habits = HABITS[source]
    service = _service(rng, actor, day)
    subject: Json = {"role": "subject"}
    rows = [
        row
        for kind in ("email", "phone", "username", "device", "payment", "document", "url", "ip")
        if rng.random() < habits.get(kind, 0.0) and (row := _row(rng, commons, actor, kind, day, service, seen))
    ]
    subject["identifiers"] = rows or [_row(rng, commons, actor, "username", day, service, seen)]
    if rng.random() < habits.get("name", 0.0):
        subject["names"] = [_name(rng, actor)]
        if rng.random() < habits.get("birth", 0.0):
            subject["birth_date"] = _birth(rng, actor)
    others = [rng.choice(actor.victims)] if rng.random() < VICTIM else []
    if rng.random() < DESK:
        desk = commons.desks[int(len(commons.desks) * rng.random() ** 1.5)]
        others.append({"role": "reporter", **desk})
        if rng.random() < DESK_AS_SUBJECT:
            rows = subject["identifiers"]
            rows.append(rng.choice(desk["identifiers"]))
    incident = {
        "type": rng.choice(["possession", "distribution", "enticement", "travel", "other"]),
        "occurred_at": seen.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "country": actor.family.country,
    }
    files = [_shown(rng, commons, actor)] if rng.random() < habits.get("files", FILES_ELSEWHERE) else []
    return {
        "source": source,
        "source_ref": f"HS-{number:07}",
        "reported_at": reported.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "incident": incident | ({"platform": service} if service else {}),
        "parties": [subject, *others],
        "files": files,
    }


def _row(
    rng: random.Random, commons: _Commons, actor: _Actor, kind: str, day: float, service: str | None, seen: datetime
) -> Json:
    if kind == "ip":
        return {"type": "ip", "value": _ip(rng, commons, actor, day), "at": seen.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if kind == "url":
        site = (service or "page").lower().split()[0].removesuffix(".com")
        return {"type": "url", "value": f"https://www.{site}.example/u/{actor.drifts['handle'].at(rng, day)}"}
    value = _value(rng, commons, actor, kind, day)
    row = {"type": kind, "value": value}
    if kind == "username" and service:
        row["service"] = service
    elif kind == "payment":
        row["service"] = "PayPal"
    elif kind == "document":
        row["country"] = actor.family.country
    elif kind == "phone":
        row |= _written(rng, value)
    return row


def _value(rng: random.Random, commons: _Commons, actor: _Actor, kind: str, day: float) -> str:
    family, draw = actor.family, rng.random()
    if kind == "email" and draw < FAMILY_MAILBOX:
        return family.mailbox
    if kind == "phone" and draw < FAMILY_LANDLINE:
        return family.landline
    if kind == "phone" and draw < FAMILY_LANDLINE + SHOP_PHONE:
        return rng.choice(commons.shops)
    if kind == "device" and draw < FAMILY_TABLET:
        return family.tablet
    if kind == "device" and draw < FAMILY_TABLET + PUBLIC_DEVICE:
        return rng.choice(commons.computers)
    return actor.drifts["handle" if kind == "username" else kind].at(rng, day)


def _service(rng: random.Random, actor: _Actor, day: float) -> str | None:
    if rng.random() < NO_SERVICE:
        return None
    service = rng.choice(actor.services)
    service = RENAMED.get(service, service) if day > RENAMED_ON else service
    return rng.choice(SPELLINGS[service]) if service in SPELLINGS and rng.random() < SLOPPY else service


def _ip(rng: random.Random, commons: _Commons, actor: _Actor, day: float) -> str:
    network = rng.choices([*NETWORKS], [*NETWORKS.values()])[0]
    pools = {"carrier": commons.carriers, "vpn": commons.exits, "cafe": commons.cafes}
    if network == "home":
        return actor.family.leases[min(LEASES - 1, int(day * LEASES / DAYS))]
    return rng.choice(pools[network])


def _written(rng: random.Random, number: str) -> Json:
    """Return the number as a source writes it: with its code, or as its country does and mostly saying which."""
    if rng.random() < 0.4:
        return {"value": number}
    region, (code, shape) = next((at, form) for at, form in COUNTRIES.items() if number.startswith(form[0]))
    digits = number.removeprefix(code)
    text = shape.format(digits[0], digits[1:3], digits[3:6], digits[6:])
    return {"value": text} if rng.random() < NO_REGION else {"value": text, "region": region}


def _shown(rng: random.Random, commons: _Commons, actor: _Actor) -> Json:
    shown = (
        rng.choice(actor.files) if rng.random() < 0.5 else commons.files[int(len(commons.files) * rng.random() ** 2)]
    )
    if rng.random() < 0.3:
        bits = int(shown["pdq"], 16)
        for place in rng.sample(range(256), rng.randint(4, 28)):
            bits ^= 1 << place
        shown = {**shown, "sha256": f"{rng.getrandbits(256):064x}", "pdq": f"{bits:064x}"}
    return shown if rng.random() < 0.5 else {"sha256": shown["sha256"]}


def _name(rng: random.Random, actor: _Actor) -> str:
    given, surname = actor.given, actor.family.surname
    if rng.random() < 0.2:
        given, surname = _as_heard(given), _as_heard(surname)
    draw = rng.random()
    if draw < 0.12:
        return given
    return f"{surname}, {given}" if draw < 0.3 else f"{given} {surname}"


def _as_heard(name: str) -> str:
    name = name.lower()
    for heard, written in BY_EAR:
        name = name.replace(heard, written)
    return name.title()


def _birth(rng: random.Random, actor: _Actor) -> str:
    draw, (year, month, day) = rng.random(), actor.birth.split("-")
    if draw < BIRTH_YEAR_ONLY:
        return year
    if draw < BIRTH_YEAR_ONLY + BIRTH_FIRST:
        return f"{year}-01-01"
    is_swapped = draw < BIRTH_YEAR_ONLY + BIRTH_FIRST + BIRTH_SWAPPED and int(day) <= 12
    return f"{year}-{day}-{month}" if is_swapped else actor.birth


def _email(rng: random.Random, given: str, family: _Family) -> str:
    own, surname = given.lower(), family.surname.lower()
    local = rng.choice([f"{own}.{surname}", f"{own}{rng.randrange(1000)}", f"{own[0]}{surname}{rng.randrange(100)}"])
    return f"{local}@{draw_mail_host(rng, family.country)}"


def _desk(rng: random.Random) -> Json:
    name = rng.choice(["counselling", "hotline", "report", "desk", "safety"])
    mail = f"{name}.{draw_syllables(rng)}@{draw_syllables(rng)}.example"
    number = draw_phone(rng, rng.choice([*COUNTRIES]))
    return {"identifiers": [{"type": "email", "value": mail}, {"type": "phone", "value": number}]}


def _victim(rng: random.Random) -> Json:
    row = {"type": "username", "value": draw_handle(rng), "service": rng.choice([*SERVICES])}
    return {"role": "victim", "identifiers": [row]}
