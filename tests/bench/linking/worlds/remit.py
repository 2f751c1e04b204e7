"""The remit world: streams that are paid for from abroad, told by whoever sees an end of the money or of the talk.

What kind of world this is; the rates are constants here and in remit_people.py:
1. Payers abroad and hosts in four countries; a payer pays one to four hosts, three of four in one village. A tip is
   about one of them; the other end is in it as the recipient (`Desk.other`), or strays into the subject (`CROSSED`).
2. A third of the transfers have one number for both ends (TWO_FIRMS): it looks like a person's own, and two have it.
3. Firms report a customer whole and months late (`DESKS`, `delay`); a hot line passes on one thing or two.
4. Clerks lend customers' numbers to strangers (`LENT_CARD`); branches and hostels type their own phone (`DESK_PHONE`).
5. Hosts are paid on relatives' purses, at a neighbour's counter, or on a purse let by strangers (`PAID_ON`, RENTED);
   firms then know the name of a relative (`STRAW`).
6. A family has one handset, SIM, mailbox and line; a fifth of the hosts have a sibling who hosts. A village has one
   café and three masts' addresses. Handsets come in batches of one number, emulators have the same ones (`EMULATORS`).
7. Chats ban hosts every few months: the next account has a new number, mostly a like handle and the same mailbox. Stage
   names are few. A chat tells a quarter of the time which account it was before (`old`).
8. Payers' names are in seven countries' spellings, three with a script of their own; by ear and by form (`Desk.ear`).
9. Stills of a stream are kept by its payers too, as are its children as victims; teasers go round, none flagged viral.
10. An operation's tips name its first one as related, whomever they are about. Payers have 1 to 28 tips, hosts 1 to 55.

Of 5,000 tips (six seeds; the rates were set on the first three) union-find over any value makes one heap of 3,100 to
3,300 (F1 .01), over all parties one of 4,100 to 4,200 (.006); over strong values, at most five clusters a value, F1 is
.35 to .46 and precision .41 to .55. Whoever knew which values are shared would reach F1 .94 to .96 by the others alone;
.98 is a ceiling, all names and years read right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.bench.linking.market_words import pick_skewed
from tests.bench.linking.remit_people import DAYS, FIRMS, Chat, Offender, Row, Society, Village, Wallet
from tests.bench.linking.remit_words import COUNTRIES, FullName, draw_phone, to_national, write_name
from tests.bench.linking.world import World

KIND = "remit"
START = datetime(2024, 9, 2, tzinfo=UTC)
SPAN_MEAN = {True: 110, False: 190}
"""Days from a payer's, from a host's first tip, about."""
USUAL, TWICE = 0.35, 0.1
"""Of an offender's tips, those of the desk that met him first; those told by a second desk as well."""
NOBODY = 0.03
"""Tips that tell of a group only."""
CROSSED, REPORTER_IN_SUBJECT = 0.03, 0.03
"""What is not the subject's: a value of the other end, one of the reporter."""
CUSTOMER, LENT_CARD, DESK_PHONE, FILLER = 0.65, 0.15, 0.08, 0.06
"""Of firms' statements, those with a customer's number; such numbers, phones that are not his; forms with a filler."""
PAID_ON = {"own": 62, "relative": 22, "agent": 16}
"""Whose purse is told, in a hundred; their own may be let by a stranger."""
STRAW = 0.3
"""Of firms' tips on hosts, those with a relative's name."""
REPORTER, FREQUENT = 0.5, 0.5
"""Typed tips that name their reporter; reporters who report often."""
VICTIM, OPERATION, SEEN_BEFORE = 0.2, 0.1, 0.05
"""Tips that name a child; as related, the first tip of the village; the one before about the same offender."""
FAMILY_SIM, FAMILY_MAIL = 0.1, 0.08
"""Phones and mailboxes told that are the family's."""
DEVICES = {"own": 52, "advertising": 14, "family": 16, "café": 12, "emulator": 6}
NETWORKS = {True: {"home": 66, "exit": 34}, False: {"home": 34, "mast": 30, "café": 22, "exit": 14}}
"""Where payers, where hosts are on line from."""
EMULATORS = ("9774d56d682e549c", "351451208401216", "02000000abcd", "android-1f2e3d4c5b6a")
FILE_OWN, FILE_TEASER, NEAR_COPY = 0.6, 0.2, 0.35
"""Files that are the subject's; that all have. The rest is of the other end."""
FILLERS = (
    ("phone", "09000000000"), ("phone", "not given"), ("email", "customer@kwikremit.example"),
    ("email", "walkin@sendoro.example"), ("document", "P0000000"), ("username", "live"), ("username", "unknown"),
)  # fmt: skip
NO_REGION, NO_SERVICE = 0.1, 0.1
"""Of national numbers, of typed handles, those that do not say where they belong."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A kind of desk: its source, how many of a hundred tips are its and which part of them is about payers.

    `tells` is how often a tip tells each thing, the first where it told nothing; at most `clues_max` are told. `ear` is
    its rate of names by ear, `script` of names in their own script, `other` of tips with the other end; `delay` is in
    days, about.
    """

    source: str
    weight: float
    payers: float
    delay: float
    tells: Mapping[str, float]
    ear: float = 0.1
    script: float = 0.0
    other: float = 0.0
    is_typed: bool = True
    clues_max: int = 20


DESKS = {
    "transfers": Desk("ncmec", 18, 0.7, 60, {
        "statement": 0.95, "name": 0.97, "birth": 0.6, "document": 0.45, "address": 0.5, "phone": 0.7,
        "email": 0.35}, ear=0.2, other=0.7),
    "purses": Desk("ncmec", 11, 0.1, 25, {
        "purse": 0.97, "name": 0.7, "device": 0.5, "email": 0.5, "ip": 0.6, "birth": 0.3, "phone": 0.4}, other=0.25,
        is_typed=False),
    "cards": Desk("ncmec", 6, 0.95, 30, {
        "card": 0.95, "email": 0.85, "name": 0.6, "ip": 0.6, "phone": 0.4}, other=0.2, is_typed=False),
    "chats": Desk("ncmec", 22, 0.45, 6, {
        "account": 0.95, "handle": 0.9, "chat mail": 0.75, "phone": 0.45, "ip": 0.8, "another ip": 0.5, "device": 0.35,
        "old": 0.28, "files": 0.3}, other=0.35, is_typed=False),
    "hot line": Desk("tipline", 12, 0.25, 2, {
        "handle": 0.75, "profile": 0.3, "phone": 0.2, "name": 0.2, "purse": 0.1}, ear=0.3, other=0.05, clues_max=2),
    "local police": Desk("police", 12, 0.05, 20, {
        "name": 0.9, "address": 0.55, "birth": 0.5, "phone": 0.75, "device": 0.4, "handle": 0.4, "purse": 0.35,
        "document": 0.2}, ear=0.35, script=0.2, other=0.1),
    "police abroad": Desk("foreign_police", 9, 0.85, 30, {
        "name": 0.8, "birth": 0.6, "email": 0.6, "phone": 0.5, "handle": 0.6, "transfers": 0.3, "document": 0.25,
        "ip": 0.3, "files": 0.3}, script=0.2, other=0.2),
    "bureau": Desk("interpol", 6, 0.5, 45, {
        "handle": 0.9, "account": 0.3, "name": 0.35, "chat mail": 0.4, "old": 0.2, "files": 0.5}, ear=0.3, script=0.1,
        other=0.3),
    "field office": Desk("field", 2, 0.5, 10, {
        "name": 0.9, "document": 0.5, "phone": 0.7, "handle": 0.4, "birth": 0.6}, ear=0.3),
    "attaché": Desk("attache", 2, 0.9, 20, {
        "name": 0.95, "document": 0.6, "birth": 0.6, "phone": 0.6, "email": 0.4, "transfers": 0.2}, script=0.3),
}  # fmt: skip
FIRMS_DESKS = frozenset({"transfers", "purses"})

Sighting = tuple[float, float, str, Offender]
"""On which day it is reported, on which it was seen, by which kind of desk, and who."""


def generate(seed: int, tip_count: int) -> World:
    """Return a world of so many tips; the same for the same seed."""
    rng = Random(f"{KIND} {seed}")
    society = Society(rng, tip_count)
    sightings = [each for offender in society.hosts + society.payers for each in _sightings(rng, offender)]
    sightings.sort(key=lambda each: each[:3])
    writer = Writer(society)
    written = [writer.write(number, *each) for number, each in enumerate(sightings)]
    return World(KIND, seed, [tip for tip, _ in written], [actor for _, actor in written])


def _sightings(rng: Random, offender: Offender) -> list[Sighting]:
    first, usual = rng.uniform(0, DAYS - 30), _draw_desk(rng, offender)
    found: list[Sighting] = []
    while len(found) < offender.tips:
        seen = first + rng.expovariate(1 / SPAN_MEAN[offender.is_payer])
        seen = seen if seen < DAYS else rng.uniform(first, DAYS)
        for _ in range(1 + (len(found) + 1 < offender.tips and rng.random() < TWICE)):
            desk = usual if rng.random() < USUAL else _draw_desk(rng, offender)
            found.append((seen + rng.expovariate(1 / DESKS[desk].delay), seen, desk, offender))
    return found


def _draw_desk(rng: Random, offender: Offender) -> str:
    weights = [desk.weight * (desk.payers if offender.is_payer else 1 - desk.payers) for desk in DESKS.values()]
    return rng.choices([*DESKS], weights)[0]


class Writer:
    """Writes tips in order of arrival."""

    def __init__(self, society: Society) -> None:
        self._society, self._rng = society, society.rng
        self._first_refs: dict[Village | None, str] = {}
        self._last_refs: dict[str, str] = {}
        self._reporters = [self._new_reporter() for _ in range(3 + len(society.hosts) // 20)]

    def write(self, number: int, reported: float, seen: float, kind: str, offender: Offender) -> tuple[Row, str]:
        """Return a tip of an offender, and whose it counts as: one that tells of a group only is nobody's."""
        rng, desk = self._rng, DESKS[kind]
        tip: Row = {
            "source": desk.source,
            "source_ref": f"RM-{number:07}",
            "reported_at": _text(reported),
            "incident": {"type": rng.choice(("production", "trafficking", "enticement", "possession", "other"))},
        }
        if rng.random() < NOBODY:
            group = {"type": "url", "value": pick_skewed(rng, self._society.groups)}
            return tip | {"parties": [{"role": "subject", "identifiers": [group]}]}, f"nobody-{number}"
        told = self._told(desk)
        subject = self._subject(kind, told, offender, seen)
        tip["parties"] = [subject, *self._others(desk, subject, offender, seen)]
        self._go_wrong(kind, subject, offender, seen)
        if "files" in told:
            tip["files"] = [self._file(offender) for _ in range(rng.randint(1, 4))]
        if related := self._related(tip["source_ref"], offender):
            tip["related_refs"] = related
        return tip, offender.id

    def _told(self, desk: Desk) -> list[str]:
        told = [thing for thing, rate in desk.tells.items() if self._rng.random() < rate]
        return (told or [next(iter(desk.tells))])[: desk.clues_max]

    def _subject(self, kind: str, told: Sequence[str], offender: Offender, day: float) -> Row:
        rng, desk, rows = self._rng, DESKS[kind], list[Row]()
        subject: Row = {"role": "subject", "identifiers": rows}
        name: FullName = offender.name
        if kind in FIRMS_DESKS and not offender.is_payer and rng.random() < STRAW:
            name = rng.choice(offender.family.purses).holder
        for thing in told:
            match thing:
                case "name":
                    subject["names"] = [write_name(rng, name, by_ear=desk.ear, own_script=desk.script)]
                case "birth" if name is offender.name:
                    subject["birth_date"] = self._birth(offender, desk)
                case "document" if name is offender.name:
                    rows.append({"type": "document", "value": offender.document, "country": offender.family.country})
                case "address":
                    subject["addresses"] = [offender.family.address]
                case _:
                    rows += [row for row in self._rows(thing, desk, offender, day) if row not in rows]
        return subject

    def _rows(self, thing: str, desk: Desk, offender: Offender, day: float) -> list[Row]:
        rng, chat, rows = self._rng, offender.chats.at(day), list[Row]()
        match thing:
            case "statement" | "transfers":
                rows = self._transfers(offender, with_customer=CUSTOMER if thing == "statement" else 0.0)
            case "purse":
                rows = self._purse(offender, day)
            case "card":
                rows = [offender.card]
            case "phone":
                rows = [self._phone(desk, offender, day)]
            case "email" | "chat mail":
                is_shared = thing == "email" and rng.random() < FAMILY_MAIL
                rows = [{"type": "email", "value": offender.family.mailbox if is_shared else chat.email}]
            case "ip" | "another ip":
                rows = [self._ip(offender, day if thing == "ip" else max(0.0, day - rng.uniform(0, 20)))]
            case "device":
                rows = [{"type": "device", "value": self._device(offender, day)}]
            case "account":
                rows = [_account(chat)]
            case "handle":
                rows = [self._handle(desk, chat)]
            case "profile":
                host = chat.service.lower() if "." in chat.service else f"{chat.service.lower()}.com"
                rows = [{"type": "url", "value": f"https://{host}/u/{chat.handle}"}]
            case "old" if old := offender.chats.before(day):
                rows = [_account(old), self._handle(desk, old)]
        return rows

    def _transfers(self, offender: Offender, *, with_customer: float) -> list[Row]:
        """Return a firm's numbers of some transfers and, so often, its customer's, or the one its clerk lent him."""
        rng = self._rng
        firm = rng.choice(offender.transfers() or [(FIRMS[0], "")])[0]
        told = [number for its, number in offender.transfers() if its == firm]
        chosen = rng.sample(told, min(len(told), rng.randint(1, 4)))
        rows: list[Row] = [{"type": "payment", "value": number, "service": firm} for number in chosen]
        if not rows or rng.random() < with_customer:
            lent = pick_skewed(rng, self._society.lent_cards[firm, offender.is_payer])
            number = lent if rng.random() < LENT_CARD else offender.customer[firm]
            rows.append({"type": "account", "value": number, "service": firm})
        return rows

    def _purse(self, offender: Offender, day: float) -> list[Row]:
        """Return the purse that money goes to, often with the number it was opened with, which is the same."""
        rng, family = self._rng, offender.family
        way = rng.choices([*PAID_ON], [*PAID_ON.values()])[0]
        wallet: Wallet = offender.wallets.at(day)
        if way == "relative":
            wallet = rng.choice(family.purses)
        elif way == "agent" and family.village:
            wallet = rng.choice(family.village.agents)
        rows = [{"type": "payment", "value": wallet.value, "service": wallet.service}]
        return rows + [{"type": "phone", "value": wallet.value}] * (rng.random() < 0.4)

    def _phone(self, desk: Desk, offender: Offender, day: float) -> Row:
        rng, country, number = self._rng, offender.family.country, offender.sims.at(day)
        if desk.is_typed and rng.random() < DESK_PHONE:
            society = self._society
            return {"type": "phone", "value": rng.choice(society.branches if offender.is_payer else society.hostels)}
        if rng.random() < FAMILY_SIM:
            number = offender.family.sim
        if not desk.is_typed or rng.random() < 0.5:
            return {"type": "phone", "value": number}
        row = {"type": "phone", "value": to_national(number, country)}
        return row if rng.random() < NO_REGION else row | {"region": country}

    def _handle(self, desk: Desk, chat: Chat) -> Row:
        rng = self._rng
        row = {"type": "username", "value": chat.handle, "service": chat.service}
        if desk.is_typed and rng.random() < 0.25:
            row["value"] = rng.choice((f"@{chat.handle}", chat.handle.title(), chat.handle.upper()))
        if desk.is_typed and rng.random() < NO_SERVICE:
            del row["service"]
        return row

    def _device(self, offender: Offender, day: float) -> str:
        rng, family = self._rng, offender.family
        kind = rng.choices([*DEVICES], [*DEVICES.values()])[0]
        if kind == "family":
            return family.handset
        if kind == "café" and family.village:
            return rng.choice(family.village.computers)
        if kind == "emulator":
            return rng.choice(EMULATORS)
        return (offender.advertising if kind == "advertising" else offender.handsets).at(day)

    def _ip(self, offender: Offender, day: float) -> Row:
        rng, family = self._rng, offender.family
        networks = NETWORKS[offender.is_payer]
        network = rng.choices([*networks], [*networks.values()])[0]
        value = family.leases.at(day)
        if network == "exit":
            value = rng.choice(self._society.exits)
        elif family.village and network != "home":
            value = family.village.cafe if network == "café" else rng.choice(family.village.masts)
        row: Row = {"type": "ip", "value": value, "event": rng.choice(("login", "upload"))}
        return row | {"at": _text(day)} if rng.random() < 0.8 else row

    def _birth(self, offender: Offender, desk: Desk) -> str:
        draw = self._rng.random()
        if desk.is_typed and draw < 0.2:
            return offender.birth[:4]
        return f"{offender.birth[:4]}-01-01" if draw < 0.26 else offender.birth

    def _others(self, desk: Desk, subject: Row, offender: Offender, day: float) -> list[Row]:
        """Return whoever else is in the tip: the other end, a child, the reporter, whose value may be the subject's."""
        rng, found = self._rng, list[Row]()
        ends = offender.others()
        if ends and rng.random() < desk.other:
            found.append(self._end(desk, rng.choice(ends), day))
        if rng.random() < VICTIM:
            host = rng.choice(ends) if offender.is_payer and ends else offender
            found.append(rng.choice(host.family.children))
        if desk.is_typed and rng.random() < REPORTER:
            reporter = pick_skewed(rng, self._reporters) if rng.random() < FREQUENT else self._new_reporter()
            found.append(reporter)
            if rng.random() < REPORTER_IN_SUBJECT:
                subject["identifiers"].append(rng.choice(reporter["identifiers"]))
        return found

    def _end(self, desk: Desk, end: Offender, day: float) -> Row:
        name = write_name(self._rng, end.name, by_ear=desk.ear, own_script=desk.script)
        return {"role": "recipient", "names": [name], "identifiers": self._values_of_end(desk, end, day)}

    def _values_of_end(self, desk: Desk, end: Offender, day: float) -> list[Row]:
        if "statement" in desk.tells:
            return [{"type": "phone", "value": end.sims.at(day)}]
        if "purse" in desk.tells or "card" in desk.tells:
            return [end.card] if end.is_payer else self._purse(end, day)
        return [self._handle(desk, end.chats.at(day))]

    def _go_wrong(self, kind: str, subject: Row, offender: Offender, day: float) -> None:
        rng, desk, ends = self._rng, DESKS[kind], offender.others()
        if ends and rng.random() < CROSSED:
            subject["identifiers"] += self._values_of_end(desk, rng.choice(ends), day)
        if desk.is_typed and rng.random() < FILLER:
            type_, value = rng.choice(FILLERS)
            subject["identifiers"].append({"type": type_, "value": value})

    def _file(self, offender: Offender) -> Row:
        rng, draw, ends = self._rng, self._rng.random(), offender.others()
        if draw < FILE_TEASER:
            shown = pick_skewed(rng, self._society.teasers)
        else:
            shown = rng.choice((offender if draw < FILE_TEASER + FILE_OWN or not ends else rng.choice(ends)).files)
        if rng.random() >= NEAR_COPY:
            return dict(shown)
        bits = int(shown["pdq"], 16)
        for place in rng.sample(range(256), rng.randint(2, 28)):
            bits ^= 1 << place
        return {"md5": f"{rng.getrandbits(128):032x}", "pdq": f"{bits:064x}", "pdq_quality": rng.randint(40, 100)}

    def _related(self, reference: str, offender: Offender) -> list[str]:
        rng = self._rng
        ends = [offender, *offender.others()]
        village = next((end.family.village for end in ends if end.family.village), None)
        first = self._first_refs.setdefault(village, reference)
        last = self._last_refs.get(offender.id)
        self._last_refs[offender.id] = reference
        draw = rng.random()
        if draw < OPERATION and first != reference:
            return [first]
        return [last] if last and draw > 1 - SEEN_BEFORE else []

    def _new_reporter(self) -> Row:
        rng = self._rng
        phone = draw_phone(rng, rng.choice([*COUNTRIES]))
        mail = f"desk{rng.randrange(10**6)}@{rng.choice(('shelter', 'bank-watch', 'parish'))}.example"
        return {
            "role": "reporter",
            "identifiers": [{"type": "email", "value": mail}, {"type": "phone", "value": phone}],
        }


def _account(chat: Chat) -> Row:
    return {"type": "account", "value": chat.number, "service": chat.service}


def _text(day: float) -> str:
    return (START + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
