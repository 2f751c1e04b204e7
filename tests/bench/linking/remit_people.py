"""Who there is in the remit world: payers, those they pay, their families and villages, and what many share."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Generic, TypeVar

from tests.bench.linking.lure_money import draw_imei
from tests.bench.linking.market_words import draw_address, draw_advertising_id, pick_skewed
from tests.bench.linking.remit_words import (
    ABROAD,
    AT_HOME,
    MAIL_HOSTS,
    STREETS,
    FullName,
    draw_family_name,
    draw_full_name,
    draw_payer_root,
    draw_phone,
    draw_stage_root,
    next_handle,
    to_handle,
)

T = TypeVar("T")
Row = dict[str, Any]

DAYS = 540
PAYERS = 0.5
"""Of the tips, those about payers."""
PAYER_SIZES, HOST_SIZES = (28, 1.9), (55, 1.55)
"""Tips of one payer and of one who streams: 1 to the most, falling with a power."""
PER_YEAR = {"sim": 0.9, "handset": 0.7, "advertising": 0.9, "mail": 0.4, "lease": 6.0, "wallet": 0.6}
"""How often each is replaced."""
BANS_PER_YEAR = {"payer": 0.9, "host": 2.2}
ROOT_KEPT, MAIL_KEPT, BOUGHT = 0.65, 0.75, 0.1
"""Of accounts opened after a ban: those that go on with the stage name, the mailbox; those bought, with its mail."""
SIM_AGAIN, CLONED = 0.03, 0.04
"""SIMs that were another's before; handsets of a batch that was made with one number."""
RENTED, RENTED_AGAIN = 0.2, 0.5
"""Wallets that a stranger opened and lets; those that were let to another before."""
RELATED_HOSTS, COUPLE = 0.2, 0.03
"""Who streams and has a brother or sister who does; payers of one household."""
TWO_FIRMS = 0.67
"""Of the ways money goes, those where the firm that pays out gives a number of its own."""
STAYS_IN_VILLAGE = 0.75
"""Of those whom a payer pays, the ones of the village he began with."""
CHATS = {"Skype": 20, "Viber": 14, "WhatsApp": 16, "Messenger": 20, "Telegram": 14, "camnook.example": 9,
         "yonderchat.example": 7}  # fmt: skip
FREE_NAMES = frozenset({"Viber", "WhatsApp", "Messenger"})
"""Chats where a handle is what one likes to be shown as."""
FIRMS = ("Kwikremit", "Sendoro", "Paluwagan Express", "Orbisend")
WALLETS = {"PH": "GCash", "KE": "M-Pesa", "RO": "Lumapay", "VN": "MoMo"}


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """Things that followed one another, each held from its day on."""

    days: Sequence[float]
    things: Sequence[T]

    def at(self, day: float) -> T:
        """Return what is held on a day."""
        return self.things[self._place(day)]

    def before(self, day: float) -> T | None:
        """Return what was held before that."""
        place = self._place(day)
        return self.things[place - 1] if place else None

    def _place(self, day: float) -> int:
        return max(0, bisect_right(self.days, day) - 1)


@dataclass(frozen=True, slots=True)
class Chat:
    """An account with a chat, and what it was opened with."""

    service: str
    handle: str
    number: str
    email: str


@dataclass(frozen=True, slots=True)
class Wallet:
    """An electronic purse; `holder` is whoever opened it."""

    value: str
    service: str
    holder: FullName


@dataclass(frozen=True, slots=True, eq=False)
class Village:
    """Where neighbours use one café, one counter and one mast."""

    country: str
    computers: Sequence[str]
    cafe: str
    agents: Sequence[Wallet]
    masts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Family:
    """Who lives under one roof, what they have in common, and the children, as victims."""

    country: str
    name: Sequence[str]
    address: Row
    handset: str
    sim: str
    mailbox: str
    leases: Held[str]
    purses: Sequence[Wallet]
    children: Sequence[Row]
    village: Village | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Money from one to the other: firms and their numbers of the transfers, as the payer and as the host is told."""

    payer: "Offender"
    host: "Offender"
    sent: Sequence[tuple[str, str]]
    paid_out: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Offender:
    """A payer, or a host: one who streams. `customer` is his number with each firm."""

    id: str
    tips: int
    is_payer: bool
    name: FullName
    birth: str
    document: str
    family: Family
    sims: Held[str]
    handsets: Held[str]
    advertising: Held[str]
    chats: Held[Chat]
    wallets: Held[Wallet]
    card: Row
    customer: dict[str, str]
    files: Sequence[Row]
    flows: list[Flow] = field(default_factory=list)

    def others(self) -> list["Offender"]:
        """Return those at the other end of his money."""
        return [flow.host if self.is_payer else flow.payer for flow in self.flows]

    def transfers(self) -> list[tuple[str, str]]:
        """Return firm and number of what he sent or was paid, as he is told them."""
        return [each for flow in self.flows for each in (flow.sent if self.is_payer else flow.paid_out)]


class Society:
    """Everybody, and what goes round among them. All is drawn from `rng`, in one order; the writer goes on with it."""

    def __init__(self, rng: Random, tip_count: int) -> None:
        self.rng = rng
        self._taken: set[tuple[str, str]] = set()
        self._sims: dict[str, list[str]] = {}
        self._rented: dict[str, list[Wallet]] = {country: [] for country in AT_HOME}
        self._batches = [draw_imei(rng) for _ in range(2 + tip_count // 500)]
        self.exits = [draw_address(rng) for _ in range(10 + tip_count // 400)]
        self.lent_cards = {
            (firm, is_payer): [_digits(rng, 9) for _ in range(2 + tip_count // 800)]
            for firm in FIRMS
            for is_payer in (True, False)
        }
        self.branches = [draw_phone(rng, rng.choice([*ABROAD])) for _ in range(2 + tip_count // 500)]
        self.hostels = [draw_phone(rng, rng.choice([*AT_HOME])) for _ in range(2 + tip_count // 500)]
        self.groups = [f"https://t.me/+{rng.getrandbits(80):020x}" for _ in range(4 + tip_count // 100)]
        self.teasers = [draw_frame(rng) for _ in range(15 + tip_count // 100)]
        self.villages = [self._village() for _ in range(2 + tip_count // 120)]
        payer_tips = round(tip_count * PAYERS)
        self.hosts = self._offenders(tip_count - payer_tips, is_payer=False)
        self._neighbours: dict[Village | None, list[Offender]] = {}
        for host in self.hosts:
            self._neighbours.setdefault(host.family.village, []).append(host)
        self.payers = self._offenders(payer_tips, is_payer=True)
        for payer in self.payers:
            self._let_pay(payer)

    def _offenders(self, tips: int, *, is_payer: bool) -> list[Offender]:
        found: list[Offender] = []
        while tips:
            size = min(tips, _draw_size(self.rng, *(PAYER_SIZES if is_payer else HOST_SIZES)))
            is_related = bool(found) and self.rng.random() < (COUPLE if is_payer else RELATED_HOSTS)
            family = found[-1].family if is_related else self._family(is_payer=is_payer)
            identity = f"{'payer' if is_payer else 'host'}-{len(found):05}"
            found.append(self._offender(identity, size, family, is_payer=is_payer))
            tips -= size
        return found

    def _offender(self, identity: str, size: int, family: Family, *, is_payer: bool) -> Offender:
        rng, country = self.rng, family.country
        name = draw_full_name(rng, country, family.name)
        sims = self._held(PER_YEAR["sim"] * (0.4 if is_payer else 1), lambda _: self._sim(country))
        first, last = (1944, 1992) if is_payer else (1965, 2004)
        return Offender(
            id=identity,
            tips=size,
            is_payer=is_payer,
            name=name,
            birth=f"{rng.randint(first, last)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            document=f"{rng.choice('ACEHKLNPX')}{_digits(rng, 8)}",
            family=family,
            sims=sims,
            handsets=self._held(PER_YEAR["handset"], lambda _: self._handset()),
            advertising=self._held(PER_YEAR["advertising"], lambda _: draw_advertising_id(rng)),
            chats=self._chats(name, is_payer=is_payer),
            wallets=self._held(PER_YEAR["wallet"], lambda day: self._wallet(name, country, sims.at(day))),
            card={"type": "payment", "value": _digits(rng, 12), "service": rng.choice(("PayPal", "Lumapay card"))},
            customer={firm: _digits(rng, 9) for firm in FIRMS},
            files=[draw_frame(rng) for _ in range(rng.randint(1, 5))],
        )

    def _chats(self, name: FullName, *, is_payer: bool) -> Held[Chat]:
        """Return the accounts, each opened when the one before was banned."""
        rng, last = self.rng, name.given[0]
        services = [*dict.fromkeys(rng.choices([*CHATS], [*CHATS.values()], k=2))]
        mark = rng.choice([f"{rng.randrange(100):02}", f"{rng.randint(1975, 2009)}", "ph", "vip", "xo", "real"])
        root = draw_payer_root(rng, last) if is_payer else draw_stage_root(rng)
        email = self._mail(name, root)
        days = self._days(BANS_PER_YEAR["payer" if is_payer else "host"])
        found: list[Chat] = []
        for times in range(len(days)):
            if times and rng.random() >= ROOT_KEPT:
                root = draw_payer_root(rng, last) if is_payer else draw_stage_root(rng)
            if times and rng.random() >= MAIL_KEPT:
                email = self._mail(name, root)
            is_bought = rng.random() < BOUGHT
            service = rng.choice(services)
            handle = root if is_payer and not times else next_handle(rng, root, mark, times)
            bought_mail = f"{to_handle(root)[:3]}{_digits(rng, 6)}@bulkbox.example"
            number = _digits(rng, rng.choice((9, 10)))
            found.append(Chat(service, self._free(service, handle), number, bought_mail if is_bought else email))
        return Held(days, found)

    def _let_pay(self, payer: Offender) -> None:
        """Tie a payer to some hosts, most of one village."""
        rng = self.rng
        if not self.hosts:
            return
        first = pick_skewed(rng, self.hosts)
        for turn in range(rng.choice((1, 1, 2, 2, 3, 4))):
            near = self._neighbours[first.family.village] if rng.random() < STAYS_IN_VILLAGE else self.hosts
            host = rng.choice(near) if turn else first
            sent = self._transfers(rng.randint(2, 9))
            flow = Flow(payer, host, sent, self._transfers(len(sent)) if rng.random() < TWO_FIRMS else sent)
            payer.flows.append(flow)
            host.flows.append(flow)

    def _transfers(self, count: int) -> list[tuple[str, str]]:
        firm = self.rng.choice(FIRMS)
        return [(firm, _digits(self.rng, 10)) for _ in range(count)]

    def _family(self, *, is_payer: bool) -> Family:
        rng = self.rng
        village = None if is_payer else pick_skewed(rng, self.villages)
        country = village.country if village else rng.choice([*ABROAD])
        name = draw_family_name(rng, country)
        relatives = [draw_full_name(rng, country, name) for _ in range(rng.randint(1, 3))]
        line = f"{rng.randint(1, 250)} {rng.choice(STREETS[country])}"
        return Family(
            country=country,
            name=name,
            address={"line": line, "postal_code": _digits(rng, 5), "country": country},
            handset=draw_imei(rng),
            sim=draw_phone(rng, country),
            mailbox=self._mail(relatives[0], "family"),
            leases=self._held(PER_YEAR["lease"], lambda _: draw_address(rng)),
            purses=[_open_wallet(each, country, draw_phone(rng, country)) for each in relatives],
            children=[self._child() for _ in range(rng.randint(1, 3))],
            village=village,
        )

    def _village(self) -> Village:
        rng = self.rng
        country = rng.choices([*AT_HOME], (6, 2, 2, 2))[0]
        keepers = [draw_full_name(rng, country) for _ in range(2)]
        return Village(
            country=country,
            computers=[f"NETCAFE-{rng.getrandbits(36):09X}" for _ in range(rng.randint(3, 8))],
            cafe=draw_address(rng),
            agents=[_open_wallet(keeper, country, draw_phone(rng, country)) for keeper in keepers],
            masts=[draw_address(rng) for _ in range(3)],
        )

    def _child(self) -> Row:
        service = self.rng.choice(("Messenger", "TikTok"))
        handle = self._free("child", f"{draw_stage_root(self.rng)}{self.rng.randrange(100)}")
        return {"role": "victim", "identifiers": [{"type": "username", "value": handle, "service": service}]}

    def _sim(self, country: str) -> str:
        given_up = self._sims.setdefault(country, [])
        if given_up and self.rng.random() < SIM_AGAIN:
            return self.rng.choice(given_up)
        given_up.append(draw_phone(self.rng, country))
        return given_up[-1]

    def _handset(self) -> str:
        return pick_skewed(self.rng, self._batches) if self.rng.random() < CLONED else draw_imei(self.rng)

    def _wallet(self, name: FullName, country: str, phone: str) -> Wallet:
        rng = self.rng
        if country in ABROAD or rng.random() >= RENTED:
            return _open_wallet(name, country, phone)
        let = self._rented[country]
        if not let or rng.random() >= RENTED_AGAIN:
            let.append(_open_wallet(draw_full_name(rng, country), country, draw_phone(rng, country)))
        return rng.choice(let[-8:])

    def _mail(self, name: FullName, root: str) -> str:
        rng = self.rng
        own = f"{to_handle(name.given[0])}.{to_handle(name.family[0])}" if rng.random() < 0.45 else to_handle(root)
        local = own.strip(".") + (str(rng.randint(1, 2010)) if rng.random() < 0.6 else "")
        host = rng.choice(MAIL_HOSTS)
        return f"{self._free(host, local)}@{host}"

    def _free(self, service: str, name: str) -> str:
        """Return the name, or one like it that nobody else has with the service."""
        while service not in FREE_NAMES and (service, name.lower()) in self._taken:
            name += str(self.rng.randrange(10))
        self._taken.add((service, name.lower()))
        return name

    def _held(self, per_year: float, make: Callable[[float], T]) -> Held[T]:
        days = self._days(per_year)
        return Held(days, [make(day) for day in days])

    def _days(self, per_year: float) -> list[float]:
        days = [0.0]
        while (day := days[-1] + self.rng.expovariate(per_year / 365)) < DAYS:
            days.append(day)
        return days


def draw_frame(rng: Random) -> Row:
    """Return the hashes of a still that was never taken."""
    return {"md5": f"{rng.getrandbits(128):032x}", "pdq": f"{rng.getrandbits(256):064x}", "pdq_quality": 100}


def _open_wallet(holder: FullName, country: str, phone: str) -> Wallet:
    """Return a purse; its number is its holder's phone."""
    return Wallet(phone, WALLETS.get(country, "Lumapay"), holder)


def _digits(rng: Random, count: int) -> str:
    return str(rng.randrange(10 ** (count - 1), 10**count))


def _draw_size(rng: Random, size_max: int, power: float) -> int:
    sizes = range(1, size_max + 1)
    return rng.choices(sizes, [size**-power for size in sizes])[0]
