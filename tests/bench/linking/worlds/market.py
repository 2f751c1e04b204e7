"""The market world: payers and sellers of pictures, as payment firms, hosts, police and a public form each see a part.

What kind of world this is; the rates that shape it are constants here and in market_people.py:
1. Nine kinds of desk (`DESKS`) tell what is before them: money, an account, a profile, a person at a counter. The
   public form has one box. Half of an offender's tips are of the kind where he is mostly met, so the rest know else.
2. Offenders go by one persona after another: each has a name, mailbox, wallet and up to three accounts, half of them
   named after the one before. What lasts is in the hand: SIM, handset, passport, home. A sixth of the tips comes of a
   search and tells all, what was held before as well (`SEARCHED`).
3. Whom one pays stands on his tip like his own (`PAYEE`), and an exchange's hot wallet as a person's.
4. Numbers of message boxes, test mailboxes, counters' phones, schools' computers and stolen accounts serve many;
   brothers and flatmates share a line, a tablet and a mailbox; SIMs and handsets are sold on.
5. Clerks type a filler of their own office (`FILLER`), leave in the form what the last tip had (`LEFT_IN`), mistype, or
   write the reporter's contact as the subject's (`REPORTER_IN_SUBJECT`); platforms write a stolen account's owner so.
6. A case with two suspects comes as one tip (`BUNDLE`); who came first in it is the tip's offender. Three of ten desks
   keep one person's form for both.
7. Names come in the country's script or two romanisations, in either order; birth dates are often a year.
8. Messengers that know numbers only give a display name as the handle; by hand, services are spelled at will.
9. Files go round: four of five belong to series, one in three is a near copy. Carriers' pools, exits and places' lines
   serve strangers; ports and times are seldom told.
10. Offenders have 1 to 45 tips, more than half one; an eighth of the events is told twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.bench.linking.market_people import DAYS, Actor, Persona, Row, Society, draw_file
from tests.bench.linking.market_words import PHONES, draw_phone, draw_root, pick_skewed
from tests.bench.linking.world import World

KIND = "market"
START = datetime(2025, 6, 2, tzinfo=UTC)
SPAN_MEAN = 150
"""Days from an offender's first tip, about."""
USUAL = 0.5
TWICE, TWICE_DAYS = 0.13, 12
NOBODY = 0.03
"""Tips that tell only of a site or a channel."""
SEARCHED, SECOND_BOX = 0.18, 0.4
"""Tips that come of a search or a warrant and tell everything the desk may know, twice; forms with a second thing."""
ONCE = frozenset({"name", "birth", "address", "document", "files", "channel"})
PAYEE, BUNDLE, ONE_FORM = 0.05, 0.03, 0.3
FILLER, LEFT_IN, MISTYPED, REPORTER_IN_SUBJECT = 0.08, 0.01, 0.02, 0.04
STOLEN, STOLEN_IN_SUBJECT = 0.04, 0.5
VICTIM, REPORTER, FREQUENT_REPORTER = 0.2, 0.5, 0.4
RELATED, RELATED_WRONG = 0.06, 0.15
SERIES, NEAR_COPY, VIRAL_FLAG = 0.8, 0.33, 0.15
NO_SERVICE, SLOPPY, NATIONAL, NO_REGION = 0.1, 0.3, 0.5, 0.12
PORT_TOLD, SERVER_PORT, TIME_TOLD = 0.3, 0.06, 0.8
NATIVE, OTHER_ROMAN, TURNED, GIVEN_ONLY = 0.3, 0.3, 0.3, 0.1
BIRTHS = {"year": 30, "first of January": 8, "swapped": 4, "whole": 58}
MAILBOX, TEST_BOX, BURNER, COUNTER, AGENT, HOT_WALLET = 0.06, 0.04, 0.25, 0.05, 0.05, 0.1
"""Of what is told of a type, the part that is the family's mailbox, a test mailbox; a persona's number, …"""
DEVICES = {"handset": 45, "advertising": 30, "tablet": 10, "computer": 15}
NETWORKS = {"home": 50, "pool": 28, "exit": 12, "place": 10}


@dataclass(frozen=True, slots=True)
class Desk:
    """A kind of desk: its source, how many of a hundred tips are its, how often a tip tells each thing.

    `has_one_box`: only one of these, which with the weight of its rate. `is_typed`: by hand, with what goes wrong then.
    """

    source: str
    weight: float
    tells: Mapping[str, float]
    has_one_box: bool = False
    is_typed: bool = True


DESKS = {
    "payments": Desk("ncmec", 12, {"pay": 0.95, "name": 0.7, "birth": 0.4, "phone": 0.65, "email": 0.8, "device": 0.4,
                                   "ip": 0.5, "wallet": 0.15}, is_typed=False),
    "host": Desk("ncmec", 15, {"account": 0.6, "username": 0.8, "email": 0.85, "phone": 0.25, "ip": 0.85,
                               "more_ip": 0.5, "device": 0.2, "files": 0.8}, is_typed=False),
    "messenger": Desk("ncmec", 12, {"phone": 0.9, "account": 0.4, "username": 0.6, "ip": 0.7, "more_ip": 0.3,
                                    "channel": 0.3, "device": 0.35, "files": 0.4}, is_typed=False),
    "form": Desk("tipline", 18, {"username": 52, "profile": 14, "phone": 14, "name": 8, "email": 12}, has_one_box=True),
    "undercover": Desk("interpol", 11, {"username": 0.95, "more_username": 0.5, "profile": 0.45, "wallet": 0.35,
                                        "channel": 0.3, "email": 0.25, "files": 0.35}),
    "station": Desk("police", 14, {"name": 0.85, "birth": 0.55, "address": 0.45, "phone": 0.75, "more_phone": 0.25,
                                   "device": 0.4, "email": 0.5, "username": 0.45}),
    "bureau": Desk("foreign_police", 10, {"name": 0.7, "birth": 0.3, "phone": 0.65, "username": 0.6, "document": 0.15,
                                          "pay": 0.2, "email": 0.4, "ip": 0.3, "files": 0.2}),
    "border": Desk("field", 5, {"name": 0.95, "birth": 0.85, "document": 0.6, "phone": 0.8, "device": 0.6,
                                "email": 0.5, "username": 0.3}),
    "traveller": Desk("attache", 3, {"name": 0.9, "birth": 0.4, "document": 0.4, "phone": 0.6, "pay": 0.4, "email": 0.3,
                                     "address": 0.3}),
}  # fmt: skip
"""`more_…` is a second one: what was held on some day before."""
FILLERS = (
    ("phone", "0000000000"), ("phone", "000-000-0000"), ("phone", "unknown"), ("phone", "5555555555"),
    ("email", "none@none.com"), ("email", "na@na.com"), ("email", "noemail@noemail.com"), ("username", "unknown"),
    ("username", "n/a"), ("username", "-"),
)  # fmt: skip
SPELLINGS = {
    "Telegram": ("t.me", "telegram", "TG"), "WhatsApp": ("whatsapp", "Whats App"),
    "Discord": ("discord.com", "DISCORD"), "Snapchat": ("snap", "snapchat.com"), "Instagram": ("IG", "insta"),
    "Kik": ("kik messenger", "KIK"), "Viber": ("viber",), "LINE": ("Line app", "line"),
}  # fmt: skip

Sighting = tuple[float, float, Actor, str]
"""On which day, a number that breaks ties, who and by which kind of desk."""


def generate(seed: int, tip_count: int) -> World:
    """Return a world of so many tips; the same for the same seed."""
    rng = Random(f"{KIND} {seed}")
    society = Society(rng, tip_count, {name: desk.weight for name, desk in DESKS.items()})
    sightings = sorted((each for actor in society.actors for each in _sightings(rng, actor)), key=lambda each: each[:2])
    writer = Writer(society)
    written = [writer.write(*each, number) for number, each in enumerate(sightings)]
    return World(KIND, seed, [tip for tip, _ in written], [actor for _, actor in written])


def _sightings(rng: Random, actor: Actor) -> list[Sighting]:
    first = rng.uniform(0, DAYS - 10)
    found: list[Sighting] = []
    while len(found) < actor.tips:
        day = min(DAYS - 1.0, first + rng.expovariate(1 / SPAN_MEAN))
        desk = actor.usual if rng.random() < USUAL else _draw_desk(rng)
        found.append((day, rng.random(), actor, desk))
        if len(found) < actor.tips and rng.random() < TWICE:
            found.append((min(DAYS - 1.0, day + rng.uniform(0, TWICE_DAYS)), rng.random(), actor, _draw_desk(rng)))
    return found


def _draw_desk(rng: Random) -> str:
    return rng.choices([*DESKS], [desk.weight for desk in DESKS.values()])[0]


class Writer:
    """Writes tips in order of arrival, as a form that was filled in before would have it."""

    def __init__(self, society: Society) -> None:
        self._society = society
        self._rng = society.rng
        self._last_rows: dict[str, Sequence[Row]] = {}
        self._last_refs: dict[str, str] = {}
        self._reporters = [self._new_reporter() for _ in range(2 + society.tip_count // 60)]
        self._offices = {name: draw_phone(self._rng, "US") for name in DESKS}

    def write(self, day: float, _: float, actor: Actor, kind: str, number: int) -> tuple[Row, str]:
        """Return a tip of an offender, and whose it counts as: a tip that tells of nobody is nobody's."""
        rng, desk = self._rng, DESKS[kind]
        seen = START + timedelta(days=max(0.0, day - rng.expovariate(1 / 5)))
        reference = f"MK-{number:07}"
        tip: Row = {
            "source": desk.source,
            "source_ref": reference,
            "reported_at": _text(START + timedelta(days=day)),
            "incident": {"type": rng.choice(("possession", "distribution", "enticement", "travel", "other"))},
        }
        if rng.random() < NOBODY:
            channel = {"type": "url", "value": pick_skewed(rng, self._society.channels)}
            return tip | {"parties": [{"role": "subject", "identifiers": [channel]}]}, f"nobody-{number}"
        told = self._told(desk)
        parties = [self._subject(desk, told, actor, day, seen)]
        if kind in {"station", "undercover", "bureau", "border"} and rng.random() < BUNDLE:
            parties = self._with_second(parties[0], desk, actor, day, seen)
        self._go_wrong(kind, parties[0])
        tip["parties"] = parties + self._others(parties[0], desk, actor)
        if "files" in told:
            tip["files"] = [self._file(actor) for _ in range(rng.randint(1, 3))]
        if actor.id in self._last_refs and rng.random() < RELATED:
            wrong = rng.choice([*self._last_refs.values()]) if rng.random() < RELATED_WRONG else None
            tip["related_refs"] = [wrong or self._last_refs[actor.id]]
        self._last_refs[actor.id] = reference
        return tip, actor.id

    def _told(self, desk: Desk) -> list[str]:
        rng = self._rng
        if desk.has_one_box:
            boxes = 1 + (rng.random() < SECOND_BOX)
            return list(dict.fromkeys(rng.choices([*desk.tells], [*desk.tells.values()], k=boxes)))
        if rng.random() < SEARCHED:
            again = (f"more_{what}" for what in desk.tells if what not in ONCE and not what.startswith("more_"))
            return [*(what for what in desk.tells if not what.startswith("more_")), *again]
        told = [what for what, rate in desk.tells.items() if rng.random() < rate]
        return told or [next(iter(desk.tells))]

    def _subject(self, desk: Desk, told: Sequence[str], actor: Actor, day: float, seen: datetime) -> Row:
        rng = self._rng
        subject: Row = {"role": "subject", "identifiers": []}
        for what in told:
            match what:
                case "name":
                    subject["names"] = [self._name(actor)]
                case "birth":
                    subject["birth_date"] = self._birth(actor)
                case "address":
                    subject["addresses"] = [actor.home.address]
                case "files":
                    pass
                case _:
                    kind = what.removeprefix("more_")
                    had_on = day if kind == what else rng.uniform(0, day)
                    row = self._row(kind, desk, actor, had_on, seen - timedelta(days=day - had_on))
                    if row not in subject["identifiers"]:
                        subject["identifiers"].append(row)
        if "pay" in told and rng.random() < PAYEE and self._society.sellers:
            payee = self._society.sellers[rng.choice(actor.payees) % len(self._society.sellers)]
            subject["identifiers"].append(payee.pay)
        return subject

    def _with_second(self, first: Row, desk: Desk, actor: Actor, day: float, seen: datetime) -> list[Row]:
        """Return two suspects, or one who has what both have."""
        companion = self._society.actors[actor.companion % len(self._society.actors)]
        other = self._subject(desk, self._told(desk), companion, day, seen)
        if self._rng.random() >= ONE_FORM:
            return [first, other]
        merged = {**other, **first, "identifiers": first["identifiers"] + other["identifiers"]}
        return [merged]

    def _go_wrong(self, kind: str, subject: Row) -> None:
        """Add what the clerk typed that is not the subject's, and remember what is in the form for the next tip."""
        rng, rows = self._rng, subject["identifiers"]
        if not DESKS[kind].is_typed:
            return
        own = list(rows)
        if rng.random() < LEFT_IN and self._last_rows.get(kind):
            rows.append(rng.choice(self._last_rows[kind]))
        if rng.random() < FILLER:
            type_, value = rng.choice([*FILLERS, ("phone", self._offices[kind])])
            rows.append({"type": type_, "value": value})
        if own:
            self._last_rows[kind] = own
            if rng.random() < MISTYPED:
                place = rows.index(own[0])
                rows[place] = {**own[0], "value": _mistyped(rng, own[0]["value"])}

    def _others(self, subject: Row, desk: Desk, actor: Actor) -> list[Row]:
        rng, others = self._rng, []
        if rng.random() < VICTIM:
            others.append(rng.choice(actor.victims))
        if desk.is_typed and rng.random() < REPORTER:
            is_frequent = rng.random() < FREQUENT_REPORTER
            reporter = pick_skewed(rng, self._reporters) if is_frequent else self._new_reporter()
            others.append(reporter)
            if rng.random() < REPORTER_IN_SUBJECT:
                subject["identifiers"].append(rng.choice(reporter["identifiers"]))
        if not desk.is_typed and rng.random() < STOLEN:
            owner = pick_skewed(rng, self._society.stolen)
            others.append(owner)
            if rng.random() < STOLEN_IN_SUBJECT:
                subject["identifiers"] += owner["identifiers"]
        return others

    def _row(self, what: str, desk: Desk, actor: Actor, day: float, seen: datetime) -> Row:
        persona = actor.persona_at(self._rng, day)
        row: Row = {"type": what}
        match what:
            case "email":
                row["value"] = self._email(actor, persona)
            case "phone":
                row |= self._phone(desk, actor, persona, day)
            case "device":
                row["value"] = self._device(actor, day)
            case "document":
                row |= {"value": actor.document, "country": actor.home.country}
            case "pay":
                row = persona.pay
            case "wallet":
                is_hot = self._rng.random() < HOT_WALLET
                wallet = self._rng.choice(self._society.hot_wallets) if is_hot else persona.wallet
                row = {"type": "payment", "value": wallet}
            case "channel":
                row = {"type": "url", "value": pick_skewed(self._rng, self._society.channels)}
            case "ip":
                row |= self._ip(actor, day, seen)
            case _:
                row = self._of_account(what, desk, *pick_skewed(self._rng, persona.accounts, 2.2))
        return row

    def _of_account(self, what: str, desk: Desk, service: str, handle: str, account: str) -> Row:
        rng = self._rng
        if what == "account":
            return {"type": "account", "value": account, "service": service}
        if what == "profile":
            host = service if service.endswith(".example") else f"{service.lower()}.com"
            return {"type": "url", "value": f"https://{host}/{rng.choice(('u', 'user', 'member'))}/{handle}"}
        row = {"type": "username", "value": handle, "service": service}
        if desk.is_typed and rng.random() < SLOPPY:
            row |= {"value": rng.choice((f"@{handle}", handle.title(), handle.upper(), f"{handle} "))}
            row |= {"service": rng.choice(SPELLINGS.get(service, (service,)))}
        if desk.is_typed and rng.random() < NO_SERVICE:
            del row["service"]
        return row

    def _email(self, actor: Actor, persona: Persona) -> str:
        rng, draw = self._rng, self._rng.random()
        if draw < MAILBOX:
            return actor.home.mailbox
        if draw < MAILBOX + TEST_BOX:
            return rng.choice(self._society.inboxes)
        local, _, host = persona.email.partition("@")
        if host == "gmail.com" and rng.random() < 0.15:
            local += f"+{rng.choice(('x', 'shop', 'tg', '2'))}"
        return f"{local}@{host}".upper() if rng.random() < 0.05 else f"{local}@{host}"

    def _phone(self, desk: Desk, actor: Actor, persona: Persona, day: float) -> Row:
        rng, draw = self._rng, self._rng.random()
        number = actor.sim.at(day)
        if draw < BURNER:
            number = persona.burner
        elif draw < BURNER + COUNTER and actor.place:
            number = actor.place.phone
        elif draw < BURNER + COUNTER + AGENT and desk.is_typed:
            number = rng.choice(self._society.agents)
        if not desk.is_typed or rng.random() >= NATIONAL:
            return {"value": number}
        region = next(region for region, (code, *_) in PHONES.items() if number.startswith(code))
        code, trunk, *_ = PHONES[region]
        digits = number.removeprefix(code)
        text = f"{trunk}{digits[:-7]} {digits[-7:-4]}-{digits[-4:]}"
        return {"value": text} if rng.random() < NO_REGION else {"value": text, "region": region}

    def _device(self, actor: Actor, day: float) -> str:
        kind = self._rng.choices([*DEVICES], [*DEVICES.values()])[0]
        if kind == "computer" and actor.place:
            return self._rng.choice(actor.place.computers)
        if kind == "tablet":
            return actor.home.tablet
        return (actor.advertising if kind == "advertising" else actor.handset).at(day)

    def _ip(self, actor: Actor, day: float, seen: datetime) -> Row:
        rng, society = self._rng, self._society
        network = rng.choices([*NETWORKS], [*NETWORKS.values()])[0]
        value = actor.home.leases.at(day)
        if network == "place" and actor.place:
            value = actor.place.network
        elif network in {"pool", "exit"}:
            value = rng.choice(society.pools if network == "pool" else society.exits)
        row: Row = {"value": value, "event": rng.choice(("login", "upload", "registration"))}
        if rng.random() < TIME_TOLD:
            row["at"] = _text(seen)
        if rng.random() < PORT_TOLD:
            row["port"] = 443 if rng.random() < SERVER_PORT else rng.randint(1_025, 65_000)
        return row

    def _name(self, actor: Actor) -> str:
        rng, draw = self._rng, self._rng.random()
        spelling = 0 if draw < NATIVE else 2 if draw < NATIVE + OTHER_ROMAN else 1
        given, surname = actor.given[spelling], actor.home.surname[spelling]
        if rng.random() < GIVEN_ONLY:
            return given
        return (
            rng.choice((f"{surname}, {given}", f"{surname} {given}")) if rng.random() < TURNED else f"{given} {surname}"
        )

    def _birth(self, actor: Actor) -> str:
        year, month, day = actor.birth.split("-")
        match self._rng.choices([*BIRTHS], [*BIRTHS.values()])[0]:
            case "year":
                return year
            case "first of January":
                return f"{year}-01-01"
            case "swapped" if int(day) <= 12:
                return f"{year}-{day}-{month}"
            case _:
                return actor.birth

    def _file(self, actor: Actor) -> Row:
        rng = self._rng
        shown = pick_skewed(rng, self._society.series, 2.5) if rng.random() < SERIES else rng.choice(actor.files)
        if rng.random() < NEAR_COPY:
            bits = int(shown["pdq"], 16)
            for place in rng.sample(range(256), rng.randint(2, 30)):
                bits ^= 1 << place
            shown = draw_file(rng) | {"pdq": f"{bits:064x}"}
        return {**shown, "viral": True} if rng.random() < VIRAL_FLAG else dict(shown)

    def _new_reporter(self) -> Row:
        rng = self._rng
        mail = f"{draw_root(rng, 'report', 'desk')}@{rng.choice(('school', 'parents', 'watch'))}.example"
        phone = draw_phone(rng, rng.choice([*PHONES]))
        return {
            "role": "reporter",
            "identifiers": [{"type": "email", "value": mail}, {"type": "phone", "value": phone}],
        }


def _mistyped(rng: Random, text: str) -> str:
    """Return the text with two neighbours swapped, or one sign left out."""
    if len(text) < 4:
        return text
    place = rng.randrange(len(text) - 2)
    return text[:place] + rng.choice((text[place + 1] + text[place], "")) + text[place + 2 :]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
