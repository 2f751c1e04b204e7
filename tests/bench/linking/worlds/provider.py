"""Service providers reporting through a clearing house: fairly complete records over one year.

What this world assumes. The rates are constants: of what sources report, here; of persons, networks, pictures and
spelling, at the top of the provider_* modules beside this folder.
1. A person makes 1 to 60 tips (Zipf, most 1 to 3), in bursts; some tips name nobody and have a person of their own.
2. A provider reports one account: opened with its owner's handle, e-mail, phone and gadget, often closed afterwards.
3. Handles follow a habit of words, number, separator and leet that wears off; some habits are everybody's (john123).
4. Mail is respelled (case, dots, +tags, the old domain), false (none@none.com) or from a public throw-away box.
5. Phones change and are handed on months later; advertising ids are reset; households share a line and a tablet.
6. Home addresses are leased for days to months, then serve another home; carriers' NAT, VPN exits, cafés and clouds
   serve many at once. Providers log time and mostly port; an account's log is reported again with its next report.
7. Half of the files circulate among strangers, some flagged viral; copies are re-encoded, featureless ones alike.
8. Other parties stand beside the subject: victims (some of two offenders), recipients (often offenders too), robbed
   account owners, members of the public, the provider's own desk; a reporter is rarely written down as the subject.
9. Stated names and birth dates are true, mistyped, invented, or the form's default of 1 January.
10. Seven kinds of desk know different things (`DESKS`); those that type by hand mistype.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import accumulate
from random import Random

from tests.bench.linking import provider_words as words
from tests.bench.linking.provider_networks import DAY_S
from tests.bench.linking.provider_people import (
    NO_HANDLES,
    NO_MAILS,
    NO_PHONES,
    Account,
    Json,
    Person,
    Scene,
    current_address,
    drift,
    new_contact,
    new_person,
    new_victim,
    open_account,
)
from tests.bench.linking.provider_pictures import File, choose_picture, take_encoding
from tests.bench.linking.provider_words import pick, zipf
from tests.bench.linking.world import World

KIND = "provider"
START = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
YEAR_S = 365 * DAY_S

SIZE_WEIGHTS = tuple(accumulate(size**-2.0 for size in range(1, 61)))
NOBODY = 0.04  # of persons: one tip that names a site or nothing
BURST, BURST_D, GAP_D = 0.4, 0.5, 14.0  # the next tip is of the same days, or weeks later
ACCOUNT_AGAIN, ACCOUNT_CLOSED = 0.45, 0.6  # an open account is reported again; a reported one is closed
TAKEN_OVER = 0.012  # of provider reports: the account is another's
RECIPIENT, RECIPIENT_OFFENDER = 0.06, 0.5
REPORTER_IS_PROVIDER, REPORTER_FREQUENT, REPORTER_AS_SUBJECT = 0.95, 0.25, 0.004
RELATED_WRONG = 0.03
TYPED_PLACEHOLDER, TYPED_NAME_SLIP, TYPED_YEAR_ONLY = 0.03, 0.1, 0.08  # by desks that type by hand
FILES_MEAN, FILES_MAX, FILE_EMPTY, VIRAL_FLAG_SENT = 2.5, 12, 0.004, 0.85
LOGIN_DAYS = 6


@dataclass(frozen=True, slots=True)
class Desk:
    """A source: its share of the tips and the chance that it passes on each thing it could, in per cent.

    `delay_d` is the mean of days until it reports, `ips` the most addresses in one report, `slip` the chance that a
    value typed by hand is mistyped.
    """

    share: int
    delay_d: int
    account: int
    username: int
    mail: int
    phone: int
    ips: int
    port: int
    device: int
    payment: int
    url: int
    name: int
    birth: int
    address: int
    document: int
    files: int
    reporter: int
    victim: int
    related: int
    slip: int


DESKS = {
    "ncmec": Desk(70, 2, 88, 93, 82, 50, 8, 88, 60, 5, 30, 60, 50, 0, 0, 75, 90, 10, 5, 0),
    "tipline": Desk(12, 1, 10, 92, 30, 30, 0, 0, 0, 8, 50, 40, 5, 8, 0, 5, 70, 25, 2, 5),
    "police": Desk(6, 20, 30, 75, 70, 75, 3, 30, 50, 20, 20, 95, 90, 80, 20, 40, 10, 40, 15, 2),
    "interpol": Desk(4, 30, 30, 75, 60, 40, 4, 30, 10, 10, 30, 60, 60, 10, 40, 70, 0, 20, 5, 2),
    "foreign_police": Desk(4, 25, 30, 80, 65, 60, 4, 40, 30, 10, 20, 60, 60, 30, 30, 50, 0, 30, 5, 3),
    "field": Desk(3, 10, 20, 65, 70, 80, 2, 20, 40, 30, 10, 95, 90, 70, 50, 20, 10, 40, 15, 2),
    "attache": Desk(1, 15, 10, 50, 50, 60, 0, 0, 10, 20, 10, 95, 90, 20, 80, 10, 10, 30, 10, 3),
}
SOURCES = tuple(DESKS)
SOURCE_WEIGHTS = tuple(accumulate(desk.share for desk in DESKS.values()))
INCIDENTS = ("possession", "distribution", "enticement", "production", "trafficking", "travel", "other")
INCIDENT_WEIGHTS = tuple(accumulate((44, 36, 10, 5, 1, 1, 3)))
ZONES = {hours: timezone(timedelta(hours=hours)) for *_, hours in words.COUNTRIES}
EMPTY_FILE = {"md5": "d41d8cd98f00b204e9800998ecf8427e", "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}


@dataclass(slots=True)
class Draft:
    """A tip before tips are numbered in order of arrival; `related` is the earlier one it cites."""

    arrived_at: int
    source: str
    person: str
    body: Json
    related: "Draft | None"


def generate(seed: int, tip_count: int) -> World:
    """Return the world of this seed with exactly `tip_count` tips; the same call returns the same world."""
    scene = Scene(Random(seed), tip_count)
    drafts: list[Draft] = []
    number = 0
    while len(drafts) < tip_count:
        number += 1
        if scene.rng.random() < NOBODY:
            drafts.append(draft_nobody(scene, f"p{number}"))
        else:
            size = min(pick(scene.rng, SIZE_WEIGHTS) + 1, tip_count - len(drafts))
            drafts.extend(draft_career(scene, f"p{number}", size))
    drafts.sort(key=lambda draft: draft.arrived_at)
    number_tips(scene.rng, drafts)
    return World(KIND, seed, [draft.body for draft in drafts], [draft.person for draft in drafts])


def number_tips(rng: Random, drafts: list[Draft]) -> None:
    """Give each tip its source's next reference, and cite references where a tip names an earlier one."""
    counts = dict.fromkeys(SOURCES, 0)
    for draft in drafts:
        counts[draft.source] += 1
        draft.body["source_ref"] = f"{draft.source[:2].upper()}-2025-{counts[draft.source]:06d}"
    for draft in drafts:
        if draft.related and draft.related.arrived_at < draft.arrived_at:
            cited = rng.choice(drafts) if rng.random() < RELATED_WRONG else draft.related
            draft.body["related_refs"] = [cited.body["source_ref"]]


def draft_career(scene: Scene, key: str, size: int) -> Iterator[Draft]:
    """Yield the tips on one person."""
    rng = scene.rng
    gaps_s = [DAY_S * rng.expovariate(1 / (BURST_D if rng.random() < BURST else GAP_D)) for _ in range(size - 1)]
    span_s = min(sum(gaps_s), 0.95 * YEAR_S)
    pace = span_s / sum(gaps_s) if gaps_s else 1.0
    at = START + int(rng.random() * (YEAR_S - span_s))
    person = new_person(scene, key, at)
    earlier: Draft | None = None
    for gap_s in [0.0, *gaps_s]:
        at += int(gap_s * pace)
        drift(scene, person, at)
        earlier = draft_tip(scene, person, at, earlier)
        yield earlier
    scene.persons.append(person)


def draft_tip(scene: Scene, person: Person, at: int, earlier: Draft | None) -> Draft:
    """Return what one source reports of a person's doings at a time."""
    rng = scene.rng
    source = SOURCES[pick(rng, SOURCE_WEIGHTS)]
    desk = DESKS[source]
    account = use_account(scene, person, at)
    arrived_at = at + int(rng.expovariate(1 / (desk.delay_d * DAY_S))) + 60
    subject = describe_subject(scene, person, account, source)
    parties = [subject]
    if source == "ncmec" and rng.random() < TAKEN_OVER:
        parties = robbed_account(scene, subject, at)
    parties += other_parties(scene, person, account, source, subject)
    files = show_files(scene, person, account, source) if chance(rng, desk.files) else []
    body: Json = {
        "source_ref": "",
        "source": source,
        "reported_at": stamp(arrived_at, person, source),
        "incident": {
            "type": INCIDENTS[pick(rng, INCIDENT_WEIGHTS)],
            "occurred_at": stamp(at, person, source),
            "platform": account.service.name,
            "country": words.COUNTRIES[person.country][0],
        },
        "parties": parties,
        "files": files,
    }
    if files and all(file.get("viral") for file in files):
        body["urgency"] = {"viral": True}
    return Draft(arrived_at, source, person.key, body, earlier if chance(rng, desk.related) else None)


def draft_nobody(scene: Scene, key: str) -> Draft:
    """Return a tip on a site whose makers nobody could tell; well-known sites are reported again and again."""
    rng = scene.rng
    at = START + int(rng.random() * YEAR_S)
    source = "ncmec" if rng.random() < 0.5 else "tipline"
    site = f"https://{words.coin(70_000 + zipf(rng, 2_000))}.example/"
    path = f"board/{rng.randrange(100_000)}" if rng.random() < 0.6 else ""
    parties: list[Json] = [{"role": "subject", "identifiers": [{"type": "url", "value": site + path}]}]
    if chance(rng, DESKS["tipline"].reporter):
        parties.append(public_reporter(scene))
    body: Json = {
        "source_ref": "",
        "source": source,
        "reported_at": datetime.fromtimestamp(at + 3_600, UTC).isoformat(),
        "incident": {"type": "distribution", "occurred_at": datetime.fromtimestamp(at, UTC).isoformat()},
        "parties": parties,
        "files": [],
    }
    return Draft(at + 3_600, source, key, body, None)


def use_account(scene: Scene, person: Person, at: int) -> Account:
    """Return the account a tip is about, an open one or a new one, with what its service logged until then."""
    rng = scene.rng
    account = person.open[-1] if person.open and rng.random() < ACCOUNT_AGAIN else open_account(scene, person, at)
    window_s = min(at - account.opened_at, LOGIN_DAYS * DAY_S)
    for login_at in sorted(at - int(rng.random() * window_s) for _ in range(rng.randrange(4))):
        account.log.append((login_at, current_address(scene, person, login_at), rng.randrange(1_024, 65_536), "login"))
    account.log.append((at, current_address(scene, person, at), rng.randrange(1_024, 65_536), "upload"))
    if rng.random() < ACCOUNT_CLOSED:
        person.open.remove(account)
    return account


def describe_subject(scene: Scene, person: Person, account: Account, source: str) -> Json:
    """Return the offender as the source saw him; a provider sees an account, the others mostly the person."""
    rng = scene.rng
    desk = DESKS[source]
    party: Json = {"role": "subject"}
    own = provider_values(account) if source == "ncmec" else personal_values(scene, person, account, desk)
    known = (desk.account, desk.username, desk.mail, desk.phone, desk.device)
    identifiers = [
        value for value, per_cent in zip(own, known, strict=True) if value["value"] and chance(rng, per_cent)
    ]
    if person.payment and chance(rng, desk.payment):
        identifiers.append(dict(person.payment))
    if chance(rng, desk.url):
        identifiers.append(profile_url(rng, account))
    if chance(rng, desk.document):
        country = words.COUNTRIES[person.country][0]
        identifiers.append({"type": "document", "value": person.passport, "country": country})
    if desk.ips:
        identifiers += logged_addresses(rng, person, account, source)
    if chance(rng, desk.name):
        party["names"] = [account.name if source in {"ncmec", "tipline"} else typed_name(rng, person, source)]
    if chance(rng, desk.birth):
        party["birth_date"] = account.birth_date if source == "ncmec" else typed_birth_date(rng, person)
    if chance(rng, desk.address):
        party["addresses"] = [dict(person.address)]
    if not identifiers and "names" not in party:
        identifiers.append(own[1])
    party["identifiers"] = identifiers
    return party


def provider_values(account: Account) -> tuple[Json, ...]:
    """Return account number, handle, e-mail, phone and device as the service has them; a value may be empty."""
    name = account.service.name
    return (
        {"type": "account", "value": account.number, "service": name},
        {"type": "username", "value": account.handle, "service": name},
        {"type": "email", "value": account.mail, "verified": account.is_verified},
        {"type": "phone", "value": account.phone, "verified": True},
        {"type": "device", "value": account.device},
    )


def personal_values(scene: Scene, person: Person, account: Account, desk: Desk) -> tuple[Json, ...]:
    """Return the same five as people know them who met the person or the account: mostly right, typed by hand."""
    rng = scene.rng

    def typed(value: str, placeholders: tuple[str, ...]) -> str:
        if rng.random() < TYPED_PLACEHOLDER:
            return rng.choice(placeholders)
        return words.mistype(rng, value) if chance(rng, desk.slip) else value

    name = account.service.name
    gadget = person.gadgets[0]
    return (
        {"type": "account", "value": account.number, "service": name},
        {"type": "username", "value": typed(account.handle, NO_HANDLES), "service": name},
        {"type": "email", "value": typed(rng.choice(person.mails[-2:]) if person.mails else account.mail, NO_MAILS)},
        {"type": "phone", "value": words.write_phone(rng, typed(person.phone, NO_PHONES))},
        {"type": "device", "value": gadget.imei if rng.random() < 0.6 else gadget.serial},
    )


def logged_addresses(rng: Random, person: Person, account: Account, source: str) -> list[Json]:
    """Return the newest lines of the account's log as the source passes them on."""
    desk = DESKS[source]
    wanted = rng.randrange(1, desk.ips + 1)
    lines = []
    for at, address, port, event in account.log[-wanted:]:
        line: Json = {"type": "ip", "value": address, "at": stamp(at, person, source), "event": event}
        if account.service.port and chance(rng, desk.port):
            line["port"] = port if account.service.port < 0 else account.service.port
        lines.append(line)
    return lines


def profile_url(rng: Random, account: Account) -> Json:
    """Return the account's page as somebody copied it."""
    host = account.service.name.lower()
    form = rng.choice(
        ("https://{}.example/{}", "https://{}.example/{}", "https://m.{}.example/{}?ref=share", "{}.example/{}/")
    )
    return {"type": "url", "value": form.format(host, account.handle)}


def typed_name(rng: Random, person: Person, source: str) -> str:
    """Return the true name in the source's way of writing, at times with a slip."""
    first, last = person.name
    name = f"{last.upper()} {first}" if source == "interpol" else f"{first} {last}"
    return words.mistype(rng, name) if rng.random() < TYPED_NAME_SLIP else name


def typed_birth_date(rng: Random, person: Person) -> str:
    """Return the true birth date, at times only its year."""
    return str(person.birth_date.year) if rng.random() < TYPED_YEAR_ONLY else person.birth_date.isoformat()


def robbed_account(scene: Scene, subject: Json, at: int) -> list[Json]:
    """Return the two parties when the account was somebody else's: of the subject, only where he came from is known."""
    owner = new_person(scene, "", at)
    account = open_account(scene, owner, at)
    values = [value for value in provider_values(account) if value["value"]]
    traces = [value for value in subject["identifiers"] if value["type"] in {"ip", "device"}]
    return [
        {"role": "subject", "identifiers": traces},
        {"role": "account_victim", "names": [" ".join(owner.name)], "identifiers": values},
    ]


def other_parties(scene: Scene, person: Person, account: Account, source: str, subject: Json) -> list[Json]:
    """Return who else stands on the tip; now and then the reporter's own contact data end up with the subject."""
    rng = scene.rng
    desk = DESKS[source]
    parties = []
    if chance(rng, desk.victim):
        if not person.victims or rng.random() < 0.5:
            person.victims.append(new_victim(scene, account.service))
        parties.append(rng.choice(person.victims))
    if rng.random() < RECIPIENT:
        is_offender = bool(scene.persons) and rng.random() < RECIPIENT_OFFENDER
        other = rng.choice(scene.persons) if is_offender else new_person(scene, "", account.opened_at)
        theirs = other.accounts[-1] if other.accounts else open_account(scene, other, account.opened_at)
        parties.append({"role": "recipient", "identifiers": [dict(value) for value in provider_values(theirs)[1:3]]})
    if chance(rng, desk.reporter):
        if source == "ncmec" and rng.random() < REPORTER_IS_PROVIDER:
            safety = f"safety@{account.service.name.lower()}.example"
            contact = {"type": "email", "value": safety}
            parties.append({"role": "reporter", "names": [account.service.name], "identifiers": [contact]})
        else:
            parties.append(public_reporter(scene))
            if rng.random() < REPORTER_AS_SUBJECT:
                subject["identifiers"] += [dict(value) for value in parties[-1]["identifiers"]]
    return parties


def public_reporter(scene: Scene) -> Json:
    """Return a member of the public; a few report again and again."""
    rng = scene.rng
    is_frequent = rng.random() < REPORTER_FREQUENT
    contact = scene.reporters[zipf(rng, len(scene.reporters))] if is_frequent else new_contact(scene)
    return {"role": "reporter", **contact}


def show_files(scene: Scene, person: Person, account: Account, source: str) -> list[Json]:
    """Return the hashes that go with a tip."""
    rng = scene.rng
    files: dict[str, Json] = {}
    for _ in range(min(FILES_MAX, 1 + int(rng.expovariate(1 / FILES_MEAN)))):
        if rng.random() < FILE_EMPTY:
            files["empty"] = dict(EMPTY_FILE)
            continue
        other = rng.choice(scene.persons).album if scene.persons else None
        picture = choose_picture(rng, scene.gallery, person.album, other)
        has_pdq = account.service.has_pdq if source == "ncmec" else source == "interpol"
        file = write_hashes(take_encoding(rng, picture), has_pdq=has_pdq, is_full=source == "ncmec")
        if source == "ncmec" and picture.is_flagged and rng.random() < VIRAL_FLAG_SENT:
            file["viral"] = True
        files[file["md5"]] = file
    return list(files.values())


def write_hashes(file: File, *, has_pdq: bool, is_full: bool) -> Json:
    """Return a file's hashes: MD5 and SHA-1, from a full source SHA-256 too, PDQ where it is computed."""
    hashes: Json = {"md5": file.digest[:32], "sha1": file.digest[32:72]}
    if is_full:
        hashes["sha256"] = file.digest[72:]
    if has_pdq:
        hashes.update(pdq=f"{file.pdq:064x}", pdq_quality=file.quality)
    return hashes


def stamp(at: int, person: Person, source: str) -> str:
    """Return a time as the source writes it: UTC from providers and INTERPOL, else the clock on its own wall."""
    hours = 0 if source in {"ncmec", "interpol"} else words.COUNTRIES[person.country][5]
    return datetime.fromtimestamp(at, ZONES[hours]).isoformat()


def chance(rng: Random, per_cent: int) -> bool:
    """Return true in so many of a hundred cases."""
    return rng.random() * 100 < per_cent
