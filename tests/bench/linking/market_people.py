"""Who there is in the market world, what each goes by and when, and what many share."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.bench.linking.market_words import (
    MAIL_HOSTS,
    PHONES,
    Spellings,
    draw_address,
    draw_advertising_id,
    draw_given,
    draw_imei,
    draw_phone,
    draw_root,
    draw_suggested,
    draw_surname,
    draw_wallet,
    pick_skewed,
    vary_root,
)

Row = dict[str, Any]

DAYS = 420
SIZE_MAX, SIZE_EXPONENT = 45, 1.8
"""Tips of an offender: 1 to the most, falling with this power."""
SELLERS = 0.2
"""Of the offenders, those whom others pay."""
HOME_SHARED, PLACE_HELD = 0.06, 0.35
"""Offenders who live with the one before; who use computers and the front desk's phone of a place."""
PER_YEAR = {"sim": 0.6, "handset": 0.7, "advertising": 1.0, "lease": 4.0}
"""How often each is replaced."""
SMS_BOX = 0.4
"""Personas registered with a number whose messages anybody reads on a page; the others bought one."""
PERSONAS_PER_YEAR, REBORN, MAIL_KEPT, PAY_KEPT, OLD_USED = 0.7, 0.5, 0.5, 0.6, 0.3
"""New personas; those named after the one before; what is kept; how often an old one is met."""
SIM_AGAIN, HANDSET_AGAIN = 0.03, 0.02
"""Numbers and handsets that were another's before."""
ACCOUNTS_MAX = 3
SERVICES = {
    "Telegram": 22, "WhatsApp": 16, "Discord": 12, "Snapchat": 10, "Viber": 8, "Instagram": 10, "LINE": 5, "Kik": 6,
    "boardnine.example": 6, "oldharbor.example": 4, "kestrelboard.example": 3, "dropnest.example": 8,
}  # fmt: skip
FREE_NAMES = frozenset({"WhatsApp", "Viber", "LINE"})
"""Messengers that know numbers only: what is told as a handle there is a display name, which nobody has alone."""
PAY_SERVICES = ("PayPal", "Cash App", "GCash", "Wise", "M-Pesa")


@dataclass(frozen=True, slots=True)
class Drift:
    """Values that followed one another, each from its day on."""

    days: Sequence[float]
    values: Sequence[str]

    def at(self, day: float) -> str:
        """Return the value of a day."""
        return self.values[max(0, bisect_right(self.days, day) - 1)]


@dataclass(frozen=True, slots=True)
class Home:
    """A line, and what lies about where it ends."""

    country: str
    surname: Spellings
    address: Row
    mailbox: str
    tablet: str
    leases: Drift


@dataclass(frozen=True, slots=True)
class Place:
    """A school, an office, a café or a hostel."""

    computers: Sequence[str]
    phone: str
    network: str
    address: Row


@dataclass(frozen=True, slots=True)
class Persona:
    """What an offender goes by from a day on; `accounts` are (service, handle, account id)."""

    root: str
    email: str
    burner: str
    wallet: str
    pay: Row
    accounts: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Actor:
    """An offender. `usual` is where he is met mostly; `payees` and `companion` are places in the
    lists of sellers and of actors, modulo their lengths.
    """

    id: str
    tips: int
    home: Home
    place: Place | None
    given: Spellings
    birth: str
    document: str
    usual: str
    sim: Drift
    handset: Drift
    advertising: Drift
    persona_days: Sequence[float]
    personas: Sequence[Persona]
    files: Sequence[Row]
    victims: Sequence[Row]
    payees: Sequence[int]
    companion: int

    def persona_at(self, rng: Random, day: float) -> Persona:
        """Return what he goes by on a day, now and then what he went by before."""
        now = max(0, bisect_right(self.persona_days, day) - 1)
        return self.personas[rng.randrange(now + 1) if rng.random() < OLD_USED else now]


class Society:
    """Everybody, and what goes round among them.

    `usual` weighs where offenders are mostly met. All is drawn from `rng`, in one order; whoever writes tips goes on
    with it.
    """

    def __init__(self, rng: Random, tip_count: int, usual: Mapping[str, float]) -> None:
        self.rng, self.tip_count, self.usual = rng, tip_count, usual
        self.actors: list[Actor] = []
        self.sellers: list[Persona] = []
        self._taken: set[tuple[str, str]] = set()
        self._sims: list[str] = []
        self._handsets: list[str] = []
        tips = tip_count
        self.sms_boxes = [draw_phone(rng, rng.choice([*PHONES])) for _ in range(2 + tips // 400)]
        self.inboxes = [f"{draw_root(rng, 'test', 'box')}@mailnesia.com" for _ in range(2 + tips // 400)]
        self.agents = [draw_phone(rng, rng.choice([*PHONES])) for _ in range(2 + tips // 250)]
        self.pools = [draw_address(rng) for _ in range(4 + tips // 120)]
        self.exits = [draw_address(rng) for _ in range(12 + tips // 2_000)]
        self.hot_wallets = [draw_wallet(rng) for _ in range(4)]
        self.channels = [f"https://t.me/joinchat/{rng.getrandbits(64):016x}" for _ in range(5 + tips // 80)]
        self.series = [draw_file(rng) for _ in range(20 + tips // 40)]
        self.victims = [self._victim() for _ in range(3 + tips // 12)]
        self.stolen = [self._stolen() for _ in range(2 + tips // 90)]
        self.places = [self._place() for _ in range(2 + tips // 40)]
        left = tips
        while left:
            actor = self._actor(left)
            self.actors.append(actor)
            left -= actor.tips

    def free_name(self, service: str, name: str) -> str:
        """Return the name, or one like it, that nobody else has with the service."""
        while service not in FREE_NAMES and (service, name.lower()) in self._taken:
            name = vary_root(self.rng, name)
        self._taken.add((service, name.lower()))
        return name

    def _actor(self, left: int) -> Actor:
        rng = self.rng
        home = self.actors[-1].home if self.actors and rng.random() < HOME_SHARED else self._home()
        given = draw_given(rng, home.country)
        is_seller = rng.random() < SELLERS
        days = [0.0, *_changes(rng, PERSONAS_PER_YEAR * (2 if is_seller else 1))]
        personas = list(self._personas(home, given[1], len(days)))
        if is_seller:
            self.sellers += personas[-1:]
        return Actor(
            id=f"offender-{len(self.actors):06}",
            tips=min(left, draw_size(rng)),
            home=home,
            place=pick_skewed(rng, self.places) if rng.random() < PLACE_HELD else None,
            given=given,
            birth=f"{rng.randint(1948, 2006)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            document=f"{rng.choice('ABEGKLMNPT')}{rng.randrange(10**7, 10**8)}",
            usual=rng.choices([*self.usual], [*self.usual.values()])[0],
            sim=self._drift("sim", lambda: self._second_hand(self._sims, SIM_AGAIN, draw_phone(rng, home.country))),
            handset=self._drift("handset", lambda: self._second_hand(self._handsets, HANDSET_AGAIN, draw_imei(rng))),
            advertising=self._drift("advertising", lambda: draw_advertising_id(rng)),
            persona_days=days,
            personas=personas,
            files=[draw_file(rng) for _ in range(rng.randint(1, 3))],
            victims=rng.sample(self.victims, 2),
            payees=[rng.randrange(10**6) for _ in range(rng.randint(1, 2))],
            companion=rng.randrange(10**6),
        )

    def _personas(self, home: Home, given: str, count: int) -> Iterator[Persona]:
        rng = self.rng
        before: Persona | None = None
        for _ in range(count):
            is_reborn = before is not None and rng.random() < REBORN
            root = vary_root(rng, before.root) if before and is_reborn else draw_root(rng, given, home.surname[1])
            services = rng.choices([*SERVICES], [*SERVICES.values()], k=rng.randint(1, ACCOUNTS_MAX))
            before = Persona(
                root=root,
                email=before.email if before and rng.random() < MAIL_KEPT else self._mail(root, given, home),
                burner=rng.choice(self.sms_boxes) if rng.random() < SMS_BOX else draw_phone(rng, rng.choice([*PHONES])),
                wallet=draw_wallet(rng),
                pay=before.pay if before and rng.random() < PAY_KEPT else self._pay(root, given, home),
                accounts=[self._account(service, root, given) for service in dict.fromkeys(services)],
            )
            yield before

    def _account(self, service: str, root: str, given: str) -> tuple[str, str, str]:
        rng, draw = self.rng, self.rng.random()
        if service in FREE_NAMES:
            name = given if draw < 0.5 else root
        else:
            name = draw_suggested(rng) if draw < 0.08 else vary_root(rng, root) if draw < 0.22 else root
        return service, self.free_name(service, name), str(rng.randrange(10**8, 10**10))

    def _mail(self, root: str, given: str, home: Home) -> str:
        rng, surname = self.rng, home.surname[1].lower().replace(" ", "")
        own = f"{given.lower()}.{surname}" if rng.random() < 0.35 else root.lower()
        local = "".join(sign for sign in own if sign.isascii() and (sign.isalnum() or sign in "._")) or "mail"
        host = rng.choice(MAIL_HOSTS)
        return f"{self.free_name(host, local.strip('._'))}@{host}"

    def _pay(self, root: str, given: str, home: Home) -> Row:
        service = self.rng.choice(PAY_SERVICES)
        if service in {"GCash", "M-Pesa"}:
            return {"type": "payment", "value": draw_phone(self.rng, home.country), "service": service}
        name = root if self.rng.random() < 0.5 else f"{given}{home.surname[1]}".replace(" ", "")
        return {"type": "payment", "value": self.free_name(service, name), "service": service}

    def _home(self) -> Home:
        rng = self.rng
        country = rng.choice([*PHONES])
        surname = draw_surname(rng, country)
        mailbox = self.free_name("family", f"{surname[1].lower().replace(' ', '')}.home")
        return Home(
            country=country,
            surname=surname,
            address={"line": f"{rng.randint(1, 300)} {rng.choice(MAIN_STREETS)}", "country": country},
            mailbox=f"{mailbox}@{rng.choice(MAIL_HOSTS)}",
            tablet=f"R9{rng.getrandbits(44):011X}",
            leases=self._drift("lease", lambda: draw_address(rng)),
        )

    def _place(self) -> Place:
        rng = self.rng
        country = rng.choice([*PHONES])
        return Place(
            computers=[f"PC{rng.getrandbits(40):010X}" for _ in range(rng.randint(1, 4))],
            phone=draw_phone(rng, country),
            network=draw_address(rng),
            address={"line": f"{rng.randint(1, 300)} {rng.choice(MAIN_STREETS)}", "country": country},
        )

    def _victim(self) -> Row:
        service = self.rng.choice([*SERVICES])
        name = self.free_name(service, draw_root(self.rng, "kim", "lee"))
        return {"role": "victim", "identifiers": [{"type": "username", "value": name, "service": service}]}

    def _stolen(self) -> Row:
        country = self.rng.choice([*PHONES])
        names = draw_given(self.rng, country)[1], draw_surname(self.rng, country)[1]
        local = self.free_name("owner", ".".join(names).lower().replace(" ", ""))
        email = {"type": "email", "value": f"{local}@owners.example"}
        return {"role": "account_victim", "names": [" ".join(names)], "identifiers": [email]}

    def _second_hand(self, pool: list[str], again: float, new: str) -> str:
        """Return a value that was another's, or the new one, which then may become another's."""
        if pool and self.rng.random() < again:
            return pool.pop(self.rng.randrange(len(pool)))
        pool.append(new)
        return new

    def _drift(self, kind: str, make: Callable[[], str]) -> Drift:
        days = [0.0, *_changes(self.rng, PER_YEAR[kind])]
        return Drift(days, [make() for _ in days])


MAIN_STREETS = (
    "Market Street",
    "Station Road",
    "Calle 45",
    "Mabini St",
    "Khreshchatyk",
    "Sukhumvit Soi 4",
    "Broad Street",
)
_SIZE_WEIGHTS = [size**-SIZE_EXPONENT for size in range(1, SIZE_MAX + 1)]


def draw_size(rng: Random) -> int:
    """Return how many tips an offender has."""
    return rng.choices(range(1, SIZE_MAX + 1), _SIZE_WEIGHTS)[0]


def draw_file(rng: Random) -> Row:
    """Return the hashes of a picture that was never taken."""
    sha1, pdq = rng.getrandbits(160), rng.getrandbits(256)
    return {"sha1": f"{sha1:040x}", "pdq": f"{pdq:064x}", "pdq_quality": rng.randint(50, 100)}


def _changes(rng: Random, per_year: float) -> Iterator[float]:
    day = rng.expovariate(per_year / 365)
    while day < DAYS:
        yield day
        day += rng.expovariate(per_year / 365)
