"""What one source tells of each thing about an offender: his handle, his phone, the line he used, the page he sends to.

Whether it is told at all is decided in worlds/field.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

from tests.bench.linking.field_lives import (
    Actor,
    Cafe,
    Contact,
    File,
    Group,
    Persona,
    Shared,
    advertising_id,
    home_ip,
    mobile_ip,
    random_mac,
    sharing_id,
)
from tests.bench.linking.field_names import skewed
from tests.bench.linking.field_people import (
    Country,
    Row,
    write_device,
    write_document,
    write_email,
    write_handle,
    write_payment,
    write_phone,
    write_profile_url,
)

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
RENAMED_AT = 320.0
"""The day from which Twitter is called X, by those who heard of it."""
OLD_PHONE_GIVEN = 0.2
HOUSEHOLD_CONTACT = 0.12
DISPLAY_AS_USERNAME = 0.08
IP_TIMED = 0.25
IP_WITH_PORT = 0.08
LANDING_PAGE = 0.2

SPELLINGS = {
    "photogram": ("photogram", "PhotoGram", "Photo Gram", "photogram.example"),
    "tele": ("Tele", "tele.example", "Tele Messenger", "TELE"),
    "vkontact": ("VKontact", "vkontact", "ВКонтакт", "vk"),
    "twitter": ("Twitter", "twitter", "twitter.com", "Twitter"),
    "twitter, renamed": ("X", "x.com", "X (formerly Twitter)", "Twitter", "Twitter/X"),
}
LANDING_PAGES = (
    "https://linkhub.example/",
    "https://linkhub.example/download",
    "https://tele.example/app",
    "https://cheapvids.example/join",
    "https://bit.example/3xKq",
    "https://roomchat.example/lobby",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A source: its share, how complete it is, how it meets offenders, how late and by whom it is told."""

    source: str
    share: int
    completeness: float
    kinds: dict[str, int]
    delay_days: float
    reporter: float
    native: float
    prefix: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something an offender did: when (in days), how he was met, and what whoever reports it may have seen."""

    day: float
    kind: str
    country: Country
    city: str
    persona: Persona
    account: tuple[str, str, str]
    post: str
    files: tuple[File, ...]
    group: Group | None
    cafe: Cafe | None
    victim: Contact | None


@dataclass(frozen=True, slots=True)
class Told:
    """One source telling of one event."""

    shared: Shared
    actor: Actor
    event: Event
    desk: Desk


def host_of(service: str) -> str:
    return "twitter.com" if service == "twitter" else f"{service}.example"


def write_time(day: float, offset_h: int) -> str:
    return (EPOCH + timedelta(days=day)).astimezone(_zone(offset_h)).isoformat(timespec="seconds")


@cache
def _zone(offset_h: int) -> timezone:
    return timezone(timedelta(hours=offset_h))


def write_service(told: Told, service: str = "") -> str:
    """Return the service's name in one spelling: the event's own, unless another is named."""
    name = service or told.event.account[0]
    if name == "twitter" and told.event.day > RENAMED_AT:
        name = "twitter, renamed"
    return told.shared.rng.choice(SPELLINGS.get(name, (name, name.title(), name)))


def _tell_usernames(told: Told) -> list[Row]:
    rng, persona = told.shared.rng, told.event.persona
    accounts = persona.accounts if told.event.kind == "case" else (told.event.account,)
    rows = []
    for service, handle, _ in accounts:
        text = persona.display if rng.random() < DISPLAY_AS_USERNAME else write_handle(rng, handle)
        row: Row = {"type": "username", "value": text}
        rows.append(row | ({"service": write_service(told, service)} if rng.random() < 0.8 else {}))
    return rows


def _tell_profile(told: Told) -> list[Row]:
    service, handle, _ = told.event.account
    host = "x.com" if service == "twitter" and told.event.day > RENAMED_AT else host_of(service)
    return [write_profile_url(told.shared.rng, host, handle)]


def _tell_emails(told: Told) -> list[Row]:
    rng, household = told.shared.rng, told.actor.household
    if household.mailbox and rng.random() < HOUSEHOLD_CONTACT * 2:
        return [write_email(rng, household.mailbox)]
    emails = told.event.persona.emails
    return [write_email(rng, email) for email in (emails if told.event.kind == "case" else (skewed(rng, emails, 2.0),))]


def _tell_phones(told: Told) -> list[Row]:
    rng, actor = told.shared.rng, told.actor
    if told.event.kind in {"person", "case"} and rng.random() < HOUSEHOLD_CONTACT:
        phone = actor.facility.phone if actor.facility and rng.random() < 0.6 else actor.household.landline
        return [write_phone(rng, phone)]
    phones = [actor.phone_at(told.event.day)]
    if rng.random() < OLD_PHONE_GIVEN:
        phones.append(rng.choice(actor.phones)[1])
    return [write_phone(rng, phone) for phone in dict.fromkeys(phones)]


def _tell_payment(told: Told) -> list[Row]:
    return [write_payment(told.shared.rng, told.event.persona.payment)]


def _tell_group(told: Told) -> list[Row]:
    if told.event.group is None:
        return []
    service, invite = told.event.group.service, told.event.group.invite
    path = told.shared.rng.choice(
        ("https://{}.example/joinchat/{}", "{}.example/joinchat/{}", "https://{}.example/+{}")
    )
    return [{"type": "url", "value": path.format(service, invite)}]


def _tell_page(told: Told) -> list[Row]:
    """Tell where his profile sends people: a landing page of many, or his own page on a link-in-bio site."""
    rng = told.shared.rng
    if rng.random() < LANDING_PAGE:
        return [{"type": "url", "value": skewed(rng, LANDING_PAGES)}]
    return [write_profile_url(rng, "linkhub.example", told.event.persona.accounts[0][1])]


def _tell_post(told: Told) -> list[Row]:
    return [{"type": "url", "value": told.event.post}]


def _tell_ips(told: Told) -> list[Row]:
    rng, shared, event = told.shared.rng, told.shared, told.event
    rows = []
    for _ in range(1 + (rng.random() < 0.25)):
        roll, day = rng.random(), event.day - rng.random() * 0.2
        if event.cafe and (event.kind == "cafe" or roll < 0.5):
            value = event.cafe.ip
        elif roll < (0.8 if event.kind == "network" else 0.6):
            value = home_ip(shared, told.actor.household, day)
        else:
            value = mobile_ip(shared, told.actor.country) if roll < 0.88 else rng.choice(shared.exits)
        row: Row = {"type": "ip", "value": value}
        if rng.random() < IP_TIMED:
            row["at"] = write_time(day, event.country.offset_h)
        if rng.random() < IP_WITH_PORT:
            row["port"] = rng.randrange(1024, 65_536)
        rows.append(row)
    return rows


def _tell_devices(told: Told) -> list[Row]:
    rng, actor, event = told.shared.rng, told.actor, told.event
    if event.kind == "cafe" and event.cafe:
        devices = [event.cafe.network, rng.choice(event.cafe.machines)]
        return [write_device(rng, rng.choice((*devices, random_mac(actor, event.day))))]
    if event.kind == "network":
        return [write_device(rng, rng.choice((sharing_id(actor), sharing_id(actor), advertising_id(actor, event.day))))]
    own = (skewed(rng, actor.imeis, 2.0), skewed(rng, actor.imeis, 2.0), actor.laptop, advertising_id(actor, event.day),
           random_mac(actor, event.day), actor.household.network, actor.household.tablet)  # fmt: skip
    return [write_device(rng, device) for device in rng.sample(own, 1 + (rng.random() < 0.4))]


def _tell_document(told: Told) -> list[Row]:
    return [
        write_document(told.shared.rng, skewed(told.shared.rng, told.actor.documents, 2.5), told.actor.country.code)
    ]


def _tell_account(told: Told) -> list[Row]:
    service, _, number = told.event.account
    return [{"type": "account", "value": number, "service": write_service(told, service)}]


TELL: dict[str, Callable[[Told], list[Row]]] = {
    "username": _tell_usernames,
    "profile": _tell_profile,
    "email": _tell_emails,
    "phone": _tell_phones,
    "payment": _tell_payment,
    "group": _tell_group,
    "page": _tell_page,
    "post": _tell_post,
    "ip": _tell_ips,
    "device": _tell_devices,
    "document": _tell_document,
    "account": _tell_account,
}
