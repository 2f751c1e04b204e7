"""The exchange world: police of one continent send each other what cases brought to light, over eighteen months.

What kind of world this is; each rate is a constant:
1. Liaison officers and national bureaus write (`SHARES`); no platform reports itself, and hardly any tip has an IP.
2. Nearly each knows a name, in the spelling of the desk (`SPELLINGS`: one person, up to four transliterations), few a
   birth date (`BIRTH_TOLD`), a third of these only its year. Names are few: strangers share whole ones.
3. Money goes to IBANs; `MULES` are paid for many offenders, and their IBANs stand on tips as the subject's.
4. Prepaid SIMs are swapped within weeks (`SIM_DAYS`) and soon given to another (`SIM_AGAIN`); the handset stays.
5. A family has one handset, mailbox and flat (`FAMILY`): of some families two are offenders, of one surname.
6. Handles are a first name and a number that the next account raises by one (marek7, marek8); strangers meet there.
7. Seized drives hold the same files everywhere (`SEIZED`); few files are an offender's own.
8. Offenders have 1 to 40 tips, half of all one to three; victims and reporters stand in their own parties.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.bench.linking.lure_money import draw_imei
from tests.bench.linking.world import World

KIND = "exchange"

SHARES = {"foreign_police": 45, "interpol": 30, "police": 15, "attache": 10}
START, DAYS = datetime(2025, 1, 6, tzinfo=UTC), 540
SIZE_MAX, SIZE_TAIL = 40, 1.7
NAME_TOLD, BIRTH_TOLD, YEAR_ONLY = 0.85, 0.15, 0.33
FAMILY, MULES, MULE_USED = 0.12, 0.004, 0.3
SIM_DAYS, SIM_AGAIN = (14, 60), 0.15
TOLD = {"phone": 0.5, "device": 0.25, "iban": 0.3, "handle": 0.5, "email": 0.25, "address": 0.25, "document": 0.12}
"""How often a tip tells each."""
FILES, SEIZED, OWN_FILE = 0.3, 150, 0.25
SERVICES = ("chatka", "vizor", "telecom.example", "pictoria", "gamergrad")
MAIL_HOSTS = ("posta.example", "gmail.com", "inbox.example", "seznam.example")

GIVEN = ("Marek", "Oleksandr", "Dimitar", "Georgi", "Jiri", "Sergey", "Mihail", "Andrei", "Zoltan", "Luka", "Stefan",
         "Nikola", "Petar", "Vasyl", "Yuriy", "Tomas", "Piotr", "Ivan", "Bogdan", "Radu", "Milos", "Hristo", "Janos",
         "Pavel", "Aleksei", "Krzysztof", "Matei", "Viktor", "Daniel", "Jakub")  # fmt: skip
ROOTS = ("Novak", "Horvat", "Petrov", "Dimitrov", "Kovach", "Popov", "Yanchuk", "Marchenko", "Zielin", "Kucher",
         "Vasiliev", "Shevchuk", "Chernov", "Balog", "Mihail", "Todor", "Jurch", "Szab", "Grozav",
         "Lukash")  # fmt: skip
ENDINGS = ("", "ski", "ov", "ic", "enko", "escu", "yuk", "ak")
STREETS = ("Dlouha", "Hlavna", "Vitosha", "Mickiewicza", "Kossuth utca", "Strada Unirii", "Soborna", "Ilica")
CITIES = (("CZ", "Brno"), ("SK", "Nitra"), ("BG", "Sofia"), ("PL", "Lodz"), ("HU", "Pecs"), ("RO", "Iasi"),
          ("UA", "Lviv"), ("HR", "Split"))  # fmt: skip
DIALS = {"CZ": "+42060", "SK": "+42190", "BG": "+35988", "PL": "+4850", "HU": "+3620", "RO": "+4072", "UA": "+38050",
         "HR": "+38591"}  # fmt: skip
DIGITS = {"CZ": 7, "SK": 7, "BG": 7, "PL": 7, "HU": 7, "RO": 7, "UA": 7, "HR": 7}
SPELLINGS: tuple[dict[str, str], ...] = (
    {},
    {"y": "i", "ks": "x", "kh": "h"},
    {"ch": "c", "sh": "s", "j": "y"},
    {"v": "w", "z": "s", "ii": "i"},
)
"""What each desk writes for what."""


@dataclass(slots=True)
class _Home:
    """What a family shares."""

    country: str
    surname: str
    address: dict[str, str]
    mailbox: str
    handset: str


@dataclass(slots=True)
class _Actor:
    name: str
    given: str
    birth: str
    tips: int
    home: _Home
    ibans: list[str]
    document: str
    handset: str
    number: int
    sims: list[tuple[int, str]] = field(default_factory=list)
    own_files: list[str] = field(default_factory=list)


class _Society:
    """Who there is, and what goes round among them."""

    def __init__(self, rng: Random, tip_count: int) -> None:
        self.rng = rng
        self.seized = [f"{rng.getrandbits(256):064x}" for _ in range(SEIZED)]
        self.given_back: list[str] = []
        self.mules = [self.draw_iban("PL") for _ in range(max(2, int(MULES * tip_count)))]
        self.actors: list[_Actor] = []
        home, left = None, tip_count
        while left:
            home = home if home is not None and rng.random() < FAMILY else self._draw_home()
            actor = self._draw_actor(home, left)
            self.actors.append(actor)
            left -= actor.tips

    def draw_iban(self, country: str) -> str:
        account = f"{self.rng.randrange(10**20):020d}"
        rest = "".join(str(int(char, 36)) for char in f"{account}{country}00")
        return f"{country}{98 - int(rest) % 97:02d}{account}"

    def sim_at(self, actor: _Actor, day: int) -> str:
        """Return the number that an actor has on a day, which may have been another's."""
        found = [sim for until, sim in actor.sims if until >= day]
        if found:
            return found[0]
        rng, country = self.rng, actor.home.country
        if self.given_back and rng.random() < SIM_AGAIN:
            sim = self.given_back.pop(rng.randrange(len(self.given_back)))
        else:
            sim = f"{DIALS[country]}{rng.randrange(10 ** DIGITS[country]):0{DIGITS[country]}d}"
        if actor.sims:
            self.given_back.append(actor.sims[-1][1])
        actor.sims.append((day + rng.randint(*SIM_DAYS), sim))
        return sim

    def _draw_home(self) -> _Home:
        rng = self.rng
        country, city = rng.choice(CITIES)
        surname = rng.choice(ROOTS) + rng.choice(ENDINGS)
        line = f"{rng.choice(STREETS)} {rng.randint(1, 140)}/{rng.randint(1, 40)}"
        mailbox = f"{surname.lower()}{rng.randint(1, 999)}@{rng.choice(MAIL_HOSTS)}"
        return _Home(country, surname, {"country": country, "city": city, "line": line}, mailbox, draw_imei(rng))

    def _draw_actor(self, home: _Home, left: int) -> _Actor:
        rng = self.rng
        given = rng.choice(GIVEN)
        birth = (datetime(1955, 1, 2, tzinfo=UTC) + timedelta(days=rng.randrange(18_000))).date().isoformat()
        return _Actor(
            name=f"actor-{len(self.actors):06d}",
            given=given,
            birth=birth,
            tips=min(left, SIZE_MAX, int(rng.paretovariate(SIZE_TAIL - 0.7))),
            home=home,
            ibans=[self.draw_iban(home.country) for _ in range(rng.randint(1, 2))],
            document=f"{home.country}{rng.randrange(10**7):07d}",
            handset=home.handset if rng.random() < 0.4 else draw_imei(rng),
            number=rng.randint(1, 99),
            own_files=[f"{rng.getrandbits(256):064x}" for _ in range(2)],
        )


def generate(seed: int, tip_count: int) -> World:
    """Return a world of so many tips; the same for the same seed."""
    rng = Random(seed)
    society = _Society(rng, tip_count)
    told: list[tuple[int, dict[str, Any], str]] = []
    for actor in society.actors:
        since = rng.randrange(DAYS)
        for day in sorted(min(DAYS, since + int(rng.expovariate(1 / 120))) for _ in range(actor.tips)):
            told.append((day * 86_400 + rng.randrange(86_400), _tell(society, actor, day), actor.name))
    told.sort(key=lambda each: each[0])
    tips = []
    for number, (at_s, tip, _) in enumerate(told, start=1):
        moment = (START + timedelta(seconds=at_s)).isoformat()
        tips.append({"source_ref": f"EX-{number:07d}", "reported_at": moment, **tip})
    return World(KIND, seed, tips, [actor for _, _, actor in told])


def _tell(society: _Society, actor: _Actor, day: int) -> dict[str, Any]:
    rng = society.rng
    subject: dict[str, Any] = {"role": "subject", "identifiers": _identifiers(society, actor, day)}
    if rng.random() < NAME_TOLD:
        subject["names"] = [_spelled(rng, f"{actor.given} {actor.home.surname}")]
    if rng.random() < BIRTH_TOLD:
        subject["birth_date"] = actor.birth[:4] if rng.random() < YEAR_ONLY else actor.birth
    if rng.random() < TOLD["address"]:
        subject["addresses"] = [actor.home.address]
    parties = [subject]
    if rng.random() < 0.4:
        parties.append({"role": "victim", "names": [_spelled(rng, f"{rng.choice(GIVEN)} {rng.choice(ROOTS)}")]})
    if rng.random() < 0.2:
        mail = f"desk{rng.randint(1, 30)}@bureau.example"
        parties.append({"role": "reporter", "identifiers": [{"type": "email", "value": mail}]})
    tip: dict[str, Any] = {
        "source": rng.choices(list(SHARES), list(SHARES.values()))[0],
        "incident": {"type": rng.choice(("possession", "distribution", "enticement", "production"))},
        "parties": parties,
    }
    if rng.random() < FILES:
        files = actor.own_files if rng.random() < OWN_FILE else rng.sample(society.seized, rng.randint(1, 4))
        tip["files"] = [{"sha256": file} for file in files]
    return tip


def _identifiers(society: _Society, actor: _Actor, day: int) -> list[dict[str, str]]:
    rng = society.rng
    found = []
    if rng.random() < TOLD["phone"]:
        found.append({"type": "phone", "value": society.sim_at(actor, day)})
    if rng.random() < TOLD["device"]:
        found.append({"type": "device", "value": actor.handset})
    if rng.random() < TOLD["iban"]:
        iban = rng.choice(society.mules) if rng.random() < MULE_USED else rng.choice(actor.ibans)
        found.append({"type": "payment", "value": iban})
    if rng.random() < TOLD["handle"]:
        handle = f"{actor.given.lower()}{actor.number + day // 90}"
        found.append({"type": "username", "value": handle, "service": SERVICES[actor.number % len(SERVICES)]})
    if rng.random() < TOLD["email"]:
        own = f"{actor.given.lower()}.{actor.home.surname.lower()}{actor.number}@{MAIL_HOSTS[actor.number % 4]}"
        found.append({"type": "email", "value": actor.home.mailbox if rng.random() < 0.3 else own})
    if rng.random() < TOLD["document"]:
        found.append({"type": "document", "value": actor.document, "country": actor.home.country})
    return found


def _spelled(rng: Random, name: str) -> str:
    text = name.lower()
    for one, other in rng.choice(SPELLINGS).items():
        text = text.replace(one, other)
    words = [word.capitalize() for word in text.split()]
    return " ".join(words if rng.random() < 0.7 else reversed(words))
