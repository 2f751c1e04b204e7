"""The field world: what people report, over two years. Police (36 %), a public tip line (25 %), foreign police (14 %),
field offices (11 %), INTERPOL (9 %) and attachés (5 %) write down what they saw, far less complete than a provider.

1. Offenders have 1 to 48 tips (falling as n ** -2.1; most 1 or 2), one persona per ten tips, phones in turn, a home.
2. Each source meets them in its own way (a chat, a case, a trip, a neighbour's word …): `DESKS` and `SEEN` hold what it
   then knows. A twentieth of the single tips (`NOBODY`) tells nothing of the offender; those on persons and trips know
   the name first of all, in 3 Latin spellings or the own script, in any order, with birth dates partly swapped or cut.
3. Handles: a quarter short words, a third of those in other scripts native, 14 % with emoji, which desks often lose.
4. Phones: two of five in national format, an eighth of these without a region; 3 % of numbers had another owner.
5. IPs: a quarter with a time, 8 % with a port; leased homes, carrier NAT, cafés, exits. Ad ids and MACs are reset.
6. A sixth of all events (`SECOND_SOURCE`) is told by two sources, in other words; one service is renamed on the way.
7. Households (3 % with two offenders) share mailbox, landline and line; cafés, prisons and hostels their own.
8. Chat groups, landing pages, viral and blank pictures stand on tips of many; 3 % share a victim, 3 % hijack accounts.
9. Schools, mothers' groups and café owners report hundreds of tips; a careless desk (`REPORTER_IN_SUBJECT`, 3 %) puts
   the reporter's phone, and many forms (`PLACEHOLDER`, 9 %) a filler, into the subject.
10. Rates of spelling stand in field_names.py and field_people.py, of lives and sharing in field_lives.py.
"""

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from tests.bench.linking.field_clues import TELL, Desk, Event, Told, host_of, write_service, write_time
from tests.bench.linking.field_lives import (
    Actor,
    Cafe,
    Contact,
    File,
    Shared,
    draw_actor,
    draw_contact,
    draw_file,
    draw_shared,
)
from tests.bench.linking.field_names import skewed, write_birth_date, write_name
from tests.bench.linking.field_people import Row, write_address, write_email, write_handle, write_phone
from tests.bench.linking.world import World

SECOND_SOURCE = 0.16
RELATED_NAMED = 0.1
HABIT_KEPT = 0.55
"""How often an offender is met again in the way that is usual with him: the same chats, the same street."""
NOBODY = 0.05
REPORTER_IN_SUBJECT = 0.03
PLACEHOLDER = 0.09
INSTITUTION_REPORTS = 0.45
CAFE_USED = 0.4
FILE_VIRAL = 0.45
FILE_NEAR_COPY = 0.25
FILE_BLANK = 0.03
ZONE_MISLABELLED = 0.04

FILLERS = (
    ("phone", "0000000000"),
    ("phone", "unknown"),
    ("email", "none@none.com"),
    ("email", "unknown@unknown.com"),
    ("username", "unknown"),
    ("username", "N/A"),
    ("username", "anonymous"),
    ("ip", "192.168.1.1"),
    ("ip", "127.0.0.1"),
    ("device", "000000000000000"),
    ("device", "00000000-0000-0000-0000-000000000000"),
    ("document", "UNKNOWN"),
    ("url", "https://www.tele.example/"),
)
NO_NAMES = ("Unknown", "John Doe", "N/A", "Неизвестный", "مجهول", "unbekannt")
INCIDENTS = {
    "chat": ("distribution", "enticement", "possession", "other"),
    "contact": ("enticement", "enticement", "production", "trafficking"),
    "person": ("possession", "production", "other", "enticement"),
    "case": ("possession", "production", "distribution", "trafficking"),
    "travel": ("travel", "travel", "travel", "trafficking"),
    "network": ("distribution", "possession"),
    "cafe": ("possession", "distribution", "other"),
}
OPENINGS = ("Report:", "We were told that", "On the day named", "Caller says", "According to the file,", "Notice:")
ACTIONS = {
    "chat": ("offers pictures in a chat", "an account posts in a group", "messages with a minor were forwarded"),
    "contact": ("an adult wrote to a child and asked for pictures", "a child is pressed for money by messenger"),
    "person": (
        "a man known to the caller shows pictures",
        "a neighbour was seen with children",
        "something was found on his phone",
    ),
    "case": ("the home was searched and devices were seized", "the suspect was interviewed", "arrest on a warrant"),
    "travel": ("a traveller is expected", "a registered offender booked a flight", "was refused entry"),
    "network": ("a server log names this line", "file sharing was recorded from this address"),
    "cafe": ("files were left on a machine of the café", "a guest of the café watched pictures"),
}


DESKS = tuple(
    Desk(source, share, completeness, dict(zip(ACTIONS, kinds, strict=True)), delay_days, reporter, native, prefix)
    for source, share, completeness, kinds, delay_days, reporter, native, prefix in (
        ("police", 36, 1.0, (18, 25, 12, 35, 0, 8, 2), 20.0, 0.35, 0.1, "PD-"),
        ("tipline", 25, 0.85, (38, 30, 26, 0, 0, 0, 6), 3.0, 0.75, 0.08, "TL"),
        ("foreign_police", 14, 0.95, (14, 12, 2, 42, 16, 14, 0), 35.0, 0.15, 0.35, "FP/"),
        ("field", 11, 1.1, (10, 15, 2, 50, 16, 4, 3), 12.0, 0.1, 0.05, "FO-"),
        ("interpol", 9, 0.95, (20, 2, 0, 24, 32, 22, 0), 60.0, 0.03, 0.12, "I-24-"),
        ("attache", 5, 1.0, (10, 2, 2, 24, 50, 2, 10), 25.0, 0.1, 0.15, "ATT "),
    )
)
KINDS = tuple(ACTIONS)
_KIND_WEIGHTS = [sum(desk.share * desk.kinds[kind] for desk in DESKS) for kind in KINDS]
SEEN = {
    "chat": {"name": 0.15, "birth": 0.03, "address": 0.03, "username": 0.95, "profile": 0.35, "email": 0.25,
             "phone": 0.25, "payment": 0.15, "group": 0.45, "page": 0.25, "ip": 0.08, "account": 0.1,
             "post": 0.5, "files": 0.35},
    "contact": {"name": 0.35, "birth": 0.05, "address": 0.08, "username": 0.8, "profile": 0.2, "email": 0.25,
                "phone": 0.78, "payment": 0.35, "page": 0.1, "ip": 0.03, "post": 0.1, "files": 0.15},
    "person": {"name": 0.97, "birth": 0.45, "address": 0.75, "username": 0.3, "email": 0.25, "phone": 0.58,
               "device": 0.06, "profile": 0.2},
    "case": {"name": 0.98, "birth": 0.92, "address": 0.85, "username": 0.55, "email": 0.5, "phone": 0.78,
             "payment": 0.15, "ip": 0.25, "device": 0.6, "document": 0.4, "account": 0.25,
             "group": 0.15, "files": 0.45},
    "travel": {"name": 0.99, "birth": 0.88, "address": 0.25, "email": 0.28, "phone": 0.4, "document": 0.82},
    "network": {"name": 0.12, "birth": 0.05, "address": 0.2, "username": 0.45, "email": 0.3, "ip": 0.96, "device": 0.6,
                "account": 0.35, "files": 0.75, "post": 0.15, "payment": 0.1},
    "cafe": {"name": 0.65, "birth": 0.35, "username": 0.55, "email": 0.35, "phone": 0.5, "ip": 0.5, "device": 0.7,
             "document": 0.4, "files": 0.35},
}  # fmt: skip
"""How often each thing about an offender is seen, by the way he is met, when the desk is as complete as the police."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A tip, when (in days) and at which desk it arrives, who is behind it, and what told of the same event before."""

    arrives: float
    desk: Desk
    actor: str
    tip: Row
    of_same_event: "Telling | None"


def generate(seed: int, tip_count: int) -> World:
    """Return `tip_count` tips of the field world; the same seed and count give the same world."""
    rng = Random(seed)
    shared = draw_shared(rng, tip_count)
    told: list[Telling] = []
    while len(told) < tip_count:
        actor = draw_actor(shared, f"field-{len(told)}", tip_count - len(told))
        end, habit = len(told) + actor.size, _draw_kind(rng)
        while len(told) < end:
            kind = habit if rng.random() < HABIT_KEPT else _draw_kind(rng)
            told.extend(_tell_event(shared, actor, kind, room=end - len(told)))
    told.sort(key=lambda telling: telling.arrives)
    _number(rng, told)
    return World("field", seed, [telling.tip for telling in told], [telling.actor for telling in told])


def _number(rng: Random, told: list[Telling]) -> None:
    """Give each tip its source's next number, in order of arrival; some that come second name the first."""
    counts: Counter[str] = Counter()
    for telling in told:
        desk = telling.desk
        counts[desk.source] += 1
        telling.tip["source_ref"] = f"{desk.prefix}{counts[desk.source]:07}"
        first = telling.of_same_event
        if first and "source_ref" in first.tip and rng.random() < RELATED_NAMED:
            telling.tip["related_refs"] = [first.tip["source_ref"]]


def _draw_kind(rng: Random) -> str:
    return rng.choices(KINDS, weights=_KIND_WEIGHTS)[0]


def _tell_event(shared: Shared, actor: Actor, kind: str, *, room: int) -> list[Telling]:
    """Return what one or two sources tell of one event."""
    rng = shared.rng
    event = _draw_event(shared, actor, kind)
    desks = rng.choices(DESKS, weights=[desk.share * desk.kinds[kind] for desk in DESKS])
    if room > 1 and rng.random() < SECOND_SOURCE:
        desks.append(rng.choice([other for other in DESKS if other is not desks[0] and other.kinds[kind]]))
    tellings: list[Telling] = []
    for desk in desks:
        arrives = event.day + 0.02 + rng.expovariate(1 / desk.delay_days)
        tip = _write_tip(Told(shared, actor, event, desk), arrives)
        tellings.append(Telling(arrives, desk, actor.key, tip, tellings[0] if tellings else None))
    return tellings


def _draw_event(shared: Shared, actor: Actor, kind: str) -> Event:
    rng = shared.rng
    progress = rng.random()
    persona = actor.personas[int(progress * len(actor.personas))]
    if rng.random() < 0.15:
        persona = rng.choice(actor.personas)
    account = skewed(rng, persona.accounts, 2.0)
    country = actor.resort if kind == "travel" else actor.country
    return Event(
        day=actor.start + progress * actor.span,
        kind=kind,
        country=country,
        city=skewed(rng, country.cities) if kind == "travel" else actor.household.address[2],
        persona=persona,
        account=account,
        post=f"https://{host_of(account[0])}/{rng.choice(('p', 'post', 'status'))}/{rng.randrange(10**9, 10**12)}",
        files=_draw_files(shared, actor) if "files" in SEEN[kind] else (),
        group=rng.choice(actor.groups) if actor.groups else None,
        cafe=_draw_visit(shared, actor, kind),
        victim=rng.choice(actor.victims) if kind in {"contact", "chat", "person", "case"} else None,
    )


def _draw_visit(shared: Shared, actor: Actor, kind: str) -> Cafe | None:
    """Return the café he sits in, if he does: one of his own, or any of the country if he has none."""
    if kind != "cafe" and (not actor.cafes or shared.rng.random() > CAFE_USED):
        return None
    return skewed(shared.rng, actor.cafes or shared.cafes[actor.country.code])


def _draw_files(shared: Shared, actor: Actor) -> tuple[File, ...]:
    """Return some of his own files and of those that circulate, as they are or encoded anew, and blank ones."""
    rng = shared.rng
    files = []
    for _ in range(1 + int(rng.expovariate(0.9))):
        is_own = actor.files and rng.random() > FILE_VIRAL
        picture = skewed(rng, actor.files, 1.3) if is_own else skewed(rng, shared.viral_files, 3.0)
        files.append(_near_copy(rng, picture) if rng.random() < FILE_NEAR_COPY else picture)
    if rng.random() < FILE_BLANK:
        blank = draw_file(rng, is_viral=False, pdq=rng.choice(shared.blank_pdqs))
        files.append(replace(blank, quality=rng.randrange(0, 40)))
    return tuple(files)


def _near_copy(rng: Random, picture: File) -> File:
    """Return the picture encoded anew: other hashes, a PDQ up to 28 bits away."""
    flips = sum(1 << place for place in rng.sample(range(256), rng.randrange(0, 29, 2)))
    return draw_file(rng, is_viral=False, pdq=picture.pdq ^ flips)


def _write_tip(told: Told, arrives: float) -> Row:
    rng, event, desk = told.shared.rng, told.event, told.desk
    is_nobody = told.actor.size == 1 and rng.random() < NOBODY
    seen = {item for item, chance in SEEN[event.kind].items() if rng.random() < chance * desk.completeness}
    others = _write_others(told)
    subject = {"role": "subject", "names": ["Unknown"]} if is_nobody else _write_subject(told, seen, others)
    parties = [subject, *others]
    if others and rng.random() < 0.25:
        parties.reverse()
    tip: Row = {
        "source": desk.source,
        "reported_at": write_time(arrives, told.actor.country.offset_h if rng.random() < 0.5 else 0),
        "incident": _write_incident(told),
        "parties": parties,
    }
    urgency: Row = {
        flag: True for flag in ("victim_identifiable", "contact_access", "escalated") if rng.random() < 0.08
    }
    if event.kind == "travel":
        urgency["travel_on"] = write_time(event.day + rng.randrange(3, 60), 0)[:10]
    if urgency:
        tip["urgency"] = urgency
    if "files" in seen and not is_nobody:
        tip["files"] = [_write_file(rng, file) for file in event.files]
    return tip


def _write_subject(told: Told, seen: set[str], others: list[Row]) -> Row:
    rng, actor, event, desk = told.shared.rng, told.actor, told.event, told.desk
    identifiers = [row for item, tell in TELL.items() if item in seen for row in tell(told)]
    reporters = [row for party in others if party["role"] == "reporter" for row in party["identifiers"]]
    phones = [row for row in reporters if row["type"] == "phone"]
    if phones and rng.random() < REPORTER_IN_SUBJECT:
        identifiers.append(phones[0])
    if rng.random() < PLACEHOLDER:
        kind, value = rng.choice(FILLERS)
        identifiers.append({"type": kind, "value": value})
    party: Row = {"role": "subject", "identifiers": identifiers}
    if "name" in seen:
        names = [write_name(rng, actor.name, is_native=rng.random() < desk.native)]
        if rng.random() < desk.native:
            names.append(write_name(rng, actor.name, is_native=rng.random() < 0.7))
        party["names"] = names
        if rng.random() < 0.3:
            party["citizenship"] = actor.country.code
    elif rng.random() < 0.1:
        party["names"] = [rng.choice((event.persona.display, rng.choice(NO_NAMES)))]
    if "birth" in seen:
        party["birth_date"] = write_birth_date(rng, actor.birth)
    if "address" in seen:
        is_inside = actor.facility is not None and rng.random() < 0.5
        if is_inside and actor.facility is not None:
            party["addresses"] = [write_address(rng, actor.facility.address, actor.facility.country)]
        else:
            party["addresses"] = [write_address(rng, actor.household.address, actor.country)]
    return party


def _write_others(told: Told) -> list[Row]:
    """Return the parties beside the offender: reporter, victim, hijacked owner, witness, the group's host."""
    rng, shared, actor, event = told.shared.rng, told.shared, told.actor, told.event
    parties = []
    if rng.random() < told.desk.reporter:
        contact = (
            draw_contact(shared, actor.country)
            if rng.random() > INSTITUTION_REPORTS
            else skewed(rng, shared.institutions, 3.0)
        )
        if event.cafe and event.kind == "cafe":
            contact = event.cafe.owner
        elif event.kind == "person" and rng.random() < 0.6:
            contact = rng.choice(actor.household.relatives)
        parties.append(_write_contact(rng, "reporter", contact, _family_mailbox(rng, actor, contact)))
    if event.victim and rng.random() < 0.35:
        parties.append(_write_contact(rng, "victim", event.victim, ""))
    if actor.hijacked and rng.random() < 0.7:
        parties.append(_write_contact(rng, "account_victim", actor.hijacked, ""))
    if event.group and event.kind == "chat" and rng.random() < 0.12:
        host = {"type": "username", "value": write_handle(rng, event.group.host), "service": event.group.service}
        parties.append({"role": "recipient", "identifiers": [host]})
    if event.kind == "person" and rng.random() < 0.15:
        relative = rng.choice(actor.household.relatives)
        parties.append(_write_contact(rng, "witness", relative, _family_mailbox(rng, actor, relative)))
    return parties


def _family_mailbox(rng: Random, actor: Actor, contact: Contact) -> str:
    is_relative = contact in actor.household.relatives
    return actor.household.mailbox if is_relative and rng.random() < 0.7 else ""


def _write_contact(rng: Random, role: str, contact: Contact, mailbox: str) -> Row:
    """Return a party with some of what the contact left; `mailbox` is the one he shares, if he gave that."""
    identifiers = []
    if rng.random() < (0.7 if role == "reporter" else 0.3):
        identifiers.append(write_phone(rng, contact.phone))
    email = mailbox or contact.email
    if email and rng.random() < 0.6:
        identifiers.append(write_email(rng, email))
    service, handle = contact.account
    if handle and rng.random() < 0.6:
        identifiers.append({"type": "username", "value": write_handle(rng, handle), "service": service})
    names = [write_name(rng, contact.name, is_native=False)] if rng.random() < 0.6 else []
    return {"role": role, "names": names, "identifiers": identifiers}


def _write_incident(told: Told) -> Row:
    rng, event = told.shared.rng, told.event
    incident: Row = {
        "type": rng.choice(INCIDENTS[event.kind]),
        "narrative": f"{rng.choice(OPENINGS)} {rng.choice(ACTIONS[event.kind])}.",
        "country": event.country.code,
    }
    if rng.random() < 0.65:
        # People round to the hour or the day of their own clock.
        offset = event.country.offset_h
        parts_a_day = rng.choices((86_400, 24, 1), weights=(55, 30, 15))[0]
        day = int((event.day + offset / 24) * parts_a_day) / parts_a_day - offset / 24
        text = write_time(day, offset)
        incident["occurred_at"] = text[:19] + "Z" if rng.random() < ZONE_MISLABELLED else text
    if rng.random() < 0.6:
        incident["city"] = event.city
    if event.kind in {"chat", "contact"} and rng.random() < 0.8:
        incident["platform"] = write_service(told)
    return incident


def _write_file(rng: Random, file: File) -> Row:
    """Return those hashes of the file that the source's tool makes."""
    row: Row = {}
    for hash_name, chance in (("md5", 0.45), ("sha1", 0.6), ("sha256", 0.45)):
        if rng.random() < chance:
            row[hash_name] = getattr(file, hash_name)
    if not row or rng.random() < 0.5:
        row |= {"pdq": f"{file.pdq:064x}", "pdq_quality": file.quality}
    return row | ({"viral": True} if file.is_flagged and rng.random() < 0.6 else {})
