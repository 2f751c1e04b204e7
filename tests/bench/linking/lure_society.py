"""Builds the lure world's people: who exists, who works with whom, who holds what and when. Reports come after."""

from collections.abc import Iterator
from math import sqrt
from random import Random
from uuid import UUID

from tests.bench.linking.lure_money import draw_imei, draw_wallet
from tests.bench.linking.lure_networks import (
    DAY,
    RELENT_RATE,
    Line,
    Wanted,
    build_carriers,
    draw_v4,
    find_lease,
    lend,
    lend_to_lines,
    want_row,
)
from tests.bench.linking.lure_people import (
    Account,
    Crew,
    Device,
    Identity,
    Kit,
    Offender,
    Payment,
    School,
    Slot,
    Victim,
)
from tests.bench.linking.lure_pictures import draw_picture
from tests.bench.linking.lure_platforms import Platform, PlatformKind, build_platforms
from tests.bench.linking.lure_words import (
    draw_code,
    draw_first_name,
    draw_habit,
    draw_handle,
    draw_word,
    skewed,
)

START, END = 1_740_787_200, 1_740_787_200 + 365 * DAY
"""The year that is simulated: from 2025-03-01."""

SIZE_TAIL = 0.75
SIZE_MAX = 50
"""Tips of an offender: at least n with n ** -SIZE_TAIL, none above SIZE_MAX; half have one or two."""
CREW_RATE = 0.3
CREW_SIZES = (3, 15)
CREW_SCHEME_RATE = 0.2
CREW_COMPUTER_RATE = 0.25
"""Of offenders in a crew; of crews that name all accounts alike; of a member's accounts made at the shared computer."""
CREW_NETWORK_RATE, OFFICE_RATE = 0.62, 0.55
"""Of a member's logins, those from the crew's network; of these, from the office line, the others by its exits."""
HOME_RATE, CARRIER_RATE = 0.48, 0.24
"""Of the other logins; what is left comes from an exit of a VPN that everybody can book."""
HOUSEHOLD_RATE = 0.03
"""Of offenders who live on the line of another one."""
NUMBER_DAYS = (4, 24)
NUMBER_USER_RATE = 0.65
"""How long a number of an Internet telephone service is kept; how many offenders use such numbers."""
SOLD_RATE = 0.1
"""Of accounts, those sold to another offender when the seller turned to the next."""
ACCOUNTS = (5, 30)
PERSONAL_MAIL_RATE, OWN_MAIL_RATE, TAGGED_MAIL_RATE = 0.52, 0.33, 0.1
"""Of accounts: on one of the offender's few mailboxes, on one made for it; of the former, with a +tag."""
RENAMED_HANDLE_RATE = 0.2
VENDOR_ID_RATE, DEVICE_RESET_RATE = 0.65, 0.15
"""Of devices seen by a platform: shown as its own number for the device; of these, those reset since."""

_COUNTRIES = ("US", "GB", "FR", "PH", "BR", "NG", "DE", "IN", "CI", "RO", "MX", "MA", "AU", "CA", "ID", "PL", "ZA")
_MAIL_HOSTS = ("postlane", "quickmail", "inbox24", "letterbox", "mailo", "webpost", "tempbox")
_SLOT_KINDS: tuple[PlatformKind, ...] = ("game", "social", "messenger", "social", "game", "messenger")
_SERIAL_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ23456789"
_SCRIPT = (
    ("Met in a game,", "First contact by a friend request,", "An unknown person wrote,", "Contact began in a group,"),
    ("then moved to a messenger;", "the chat was continued elsewhere;", "another app was asked for;"),
    ("money was demanded", "gift cards were demanded", "a payment was demanded within the hour"),
    ("under a threat to tell friends.", "with a list of followers.", "and a countdown was sent.", "again and again."),
)


class Society:
    """All there is in one lure world. Everything is drawn from `rng` in a fixed order."""

    def __init__(self, rng: Random, tip_count: int) -> None:
        self.rng = rng
        self.platforms = build_platforms(rng, tip_count=tip_count, start=START, end=END)
        self.carriers = build_carriers(rng, tip_count)
        self.exits = [draw_v4(rng) for _ in range(20 + tip_count // 40)]
        self.identities = [self._draw_identity() for _ in range(40 + tip_count // 8)]
        self.kits = [self._draw_kit() for _ in range(12 + tip_count // 150)]
        self.mules = [self.draw_handle_payment() for _ in range(10 + tip_count // 40)]
        self.groups = [self._draw_group() for _ in range(8 + tip_count // 100)]
        self.schools = [self._draw_school() for _ in range(10 + tip_count // 25)]
        self.offenders: list[Offender] = []
        self._settle(tip_count)
        for offender in self.offenders:
            self._open_accounts(offender)
        self._sell_accounts()

    def draw_login_address(self, offender: Offender, at: int) -> str:
        """Return the address from which an offender is seen then."""
        rng, crew = self.rng, offender.crew
        if crew is not None and rng.random() < CREW_NETWORK_RATE:
            office = crew.office.draw_address(rng, at) if rng.random() < OFFICE_RATE else None
            return office or rng.choice(crew.exits)
        chance = rng.random()
        if chance < HOME_RATE and (address := offender.line.draw_address(rng, at)):
            return address
        return offender.carrier.draw_address(rng) if chance < HOME_RATE + CARRIER_RATE else rng.choice(offender.exits)

    def draw_handle_payment(self) -> Payment:
        """Return a new handle at a payment service."""
        rng, service = self.rng, self._draw_platform("payment")
        handle = f"${draw_word(rng, 2)}{rng.randrange(1000) if rng.random() < 0.6 else ''}"
        return {"type": "payment", "value": service.free_handle(rng, handle), "service": service.name}

    def draw_mail(self, local: str) -> str:
        """Return a mailbox of this name, at one of the usual places."""
        return f"{local}@{_MAIL_HOSTS[skewed(self.rng, len(_MAIL_HOSTS))]}.example"

    def draw_victim(self) -> Victim:
        """Return somebody new who was lured."""
        rng = self.rng
        name, family = draw_first_name(rng), draw_word(rng, 2)
        parent = f"{draw_first_name(rng)} {family.title()}"
        return Victim(
            name=f"{name} {family[0].upper()}.",
            handle=f"{name.lower()}{draw_word(rng, 1)}{rng.randrange(1000)}",
            phone=draw_number(rng),
            uids={},
            parent_name=parent,
            parent_mail=self.draw_mail(f"{parent.lower().replace(' ', '.')}{rng.randrange(100)}"),
            parent_phone=draw_number(rng),
            school=skewed(rng, len(self.schools)),
            place=(rng.choice(_COUNTRIES), f"R{rng.randrange(40)}", f"{draw_word(rng, 2).title()}"),
        )

    def _settle(self, tip_count: int) -> None:
        """Make the offenders, crew by crew, and lend them lines and numbers."""
        rng = self.rng
        lines: dict[Line, tuple[int, int]] = {}
        sizes = list(_draw_sizes(rng, tip_count))
        # A crew has about seven members, so it is begun that much more seldom than its members are met.
        members_mean = CREW_SIZES[0] + (CREW_SIZES[1] - CREW_SIZES[0]) / 3
        begin_rate = CREW_RATE / (CREW_RATE + (1 - CREW_RATE) * members_mean)
        while sizes:
            is_crew = rng.random() < begin_rate
            crew = self._draw_crew() if is_crew else None
            members = CREW_SIZES[0] + skewed(rng, CREW_SIZES[1] - CREW_SIZES[0] + 1) if is_crew else 1
            if crew:
                lines[crew.office] = (START - 60 * DAY, END)
            for _ in range(min(members, len(sizes))):
                offender = self._draw_offender(sizes.pop(), crew)
                start, end = lines.get(offender.line, (END, START))
                lines[offender.line] = (min(start, offender.start - 40 * DAY), max(end, offender.end))
                self.offenders.append(offender)
        lend_to_lines(rng, [(line, *span) for line, span in lines.items()])
        self._lend_numbers()

    def _lend_numbers(self) -> None:
        rng = self.rng
        wanted: list[Wanted] = []
        for offender in self.offenders:
            if rng.random() < NUMBER_USER_RATE:
                begin, end = offender.start - 5 * DAY, offender.end
                wanted += want_row(rng, offender.numbers, begin, end, days=NUMBER_DAYS, number=len(wanted), gap_days=12)
        idle_s = (DAY // 2, 6 * DAY)
        lend(rng, wanted, lambda: draw_number(rng), relent_rate=RELENT_RATE["number"], idle_s=idle_s)

    def _draw_offender(self, tips: int, crew: Crew | None) -> Offender:
        rng = self.rng
        duration = min(364 * DAY, int((20 + rng.expovariate(1 / (25 * sqrt(tips)))) * DAY))
        start = START + rng.randrange(END - START - duration)
        habit = crew.scheme if crew and crew.scheme else draw_habit(rng)
        local = "".join(habit.own[:2]) if habit.kind == "stem" else f"{draw_word(rng, 3)}{rng.randrange(100)}"
        shares_home = self.offenders and rng.random() < HOUSEHOLD_RATE
        return Offender(
            name=f"offender-{len(self.offenders):06d}",
            tips=tips,
            start=start,
            end=start + duration,
            crew=crew,
            habit=habit,
            real_name=f"{draw_word(rng, 2).title()} {draw_word(rng, 2).title()}",
            birth_date=_draw_birth_date(rng, 1965, 2005),
            document=f"{draw_code(rng, 'ABCDEFGHKLMNPR', 2)}{rng.randrange(10**7):07d}",
            country=_COUNTRIES[skewed(rng, len(_COUNTRIES), 1.5)],
            mailboxes=tuple(self.draw_mail(f"{local}{part}") for part in ("", ".2", "x")[: rng.randint(1, 3)]),
            devices=tuple(_draw_device(rng) for _ in range(rng.choice((1, 1, 2, 3)))),
            line=rng.choice(self.offenders).line if shares_home else Line(),
            carrier=self.carriers[skewed(rng, len(self.carriers))],
            exits=tuple(self._draw_exit() for _ in range(3)),
            identities=crew.identities if crew else self._draw_identities(),
            kits=(crew.kit,) if crew else (self._choose_kit(), self._choose_kit()),
            own_pictures=tuple(draw_picture(rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))),
            payments=self._draw_payments(crew),
            mules=crew.mules if crew else [self.mules[skewed(rng, len(self.mules))] for _ in range(2)],
        )

    def _draw_crew(self) -> Crew:
        rng = self.rng
        return Crew(
            wallets=[draw_wallet(rng) for _ in range(rng.choice((1, 1, 2)))],
            mules=[self.draw_handle_payment() for _ in range(rng.randint(1, 4))],
            pages=[f"https://{draw_word(rng, 2)}.example/{draw_word(rng, 1)}" for _ in range(2)],
            office=Line(),
            exits=tuple(self._draw_exit() if rng.random() < 0.3 else draw_v4(rng) for _ in range(rng.choice((1, 2)))),
            computer=_draw_device(rng),
            kit=self._choose_kit() if rng.random() < 0.5 else self._draw_kit(),
            identities=self._draw_identities(),
            scheme=draw_habit(rng) if rng.random() < CREW_SCHEME_RATE else None,
        )

    def _draw_payments(self, crew: Crew | None) -> tuple[Payment, ...]:
        """Return what the offender is paid to: in a crew mostly its wallet, with a handle of one's own at most."""
        rng = self.rng
        handles = [self.draw_handle_payment() for _ in range(rng.randint(0, 1) if crew else rng.randint(1, 3))]
        if crew:
            return (*crew.wallets, *crew.wallets, *handles)
        return (*handles, draw_wallet(rng)) if rng.random() < 0.3 else tuple(handles)

    def _open_accounts(self, offender: Offender) -> None:
        """Give an offender three to six places at platforms, in each one account after the other."""
        rng = self.rng
        slot_count = rng.randint(3, 6)
        least, most = -(-ACCOUNTS[0] // slot_count), ACCOUNTS[1] // slot_count
        for kind in _SLOT_KINDS[:slot_count]:
            platform = self.platforms[kind][skewed(rng, len(self.platforms[kind]))]
            slot = Slot()
            turns = min(most, least + int(rng.expovariate(1 / (0.3 + offender.tips * 0.1))))
            length = (offender.end - offender.start) // turns
            for turn in range(turns):
                start = offender.start + turn * length + (rng.randrange(length) // 2 if turn else 0)
                slot.add(start, self._open_account(offender, platform, start))
            offender.slots.append(slot)

    def _open_account(self, offender: Offender, platform: Platform, start: int) -> Account:
        rng = self.rng
        created_at = start - rng.randrange(5 * DAY)
        handle = platform.free_handle(rng, draw_handle(rng, offender.habit))
        is_renamed = rng.random() < RENAMED_HANDLE_RATE
        number = find_lease(offender.numbers, created_at) if "phone" in platform.tells else None
        return Account(
            platform=platform,
            uid=platform.draw_id(rng, created_at),
            handle=handle,
            later_handle=platform.free_handle(rng, draw_handle(rng, offender.habit)) if is_renamed else handle,
            renamed_at=start + rng.randrange(40 * DAY),
            created_at=created_at,
            email=self._choose_mail(offender, handle, platform) if "email" in platform.tells else None,
            phone=number,
            device=self._show_device(offender, platform) if "device" in platform.tells else None,
            registered_from=self.draw_login_address(offender, created_at) if "ip" in platform.tells else None,
        )

    def _choose_mail(self, offender: Offender, handle: str, platform: Platform) -> str | None:
        rng, chance = self.rng, self.rng.random()
        if chance < PERSONAL_MAIL_RATE:
            mail = rng.choice(offender.mailboxes)
            return mail.replace("@", f"+{platform.name.lower()}@") if rng.random() < TAGGED_MAIL_RATE else mail
        return self.draw_mail(handle.strip("._")) if chance < PERSONAL_MAIL_RATE + OWN_MAIL_RATE else None

    def _show_device(self, offender: Offender, platform: Platform) -> str:
        rng = self.rng
        is_shared = offender.crew is not None and rng.random() < CREW_COMPUTER_RATE
        device = offender.crew.computer if offender.crew and is_shared else rng.choice(offender.devices)
        if rng.random() >= VENDOR_ID_RATE:
            return device.hardware
        if platform.name not in device.shown or rng.random() < DEVICE_RESET_RATE:
            device.shown[platform.name] = str(UUID(int=rng.getrandbits(128), version=4))
        return device.shown[platform.name]

    def _sell_accounts(self) -> None:
        rng = self.rng
        for seller in self.offenders:
            for slot in seller.slots:
                for place in range(len(slot.accounts) - 1):
                    if rng.random() < SOLD_RATE and (buyer := self._find_buyer(seller, slot.starts[place + 1])):
                        buyer.slots[0].add(slot.starts[place + 1], slot.accounts[place])

    def _find_buyer(self, seller: Offender, at: int) -> Offender | None:
        for buyer in self.rng.choices(self.offenders, k=6):
            if buyer is not seller and buyer.start <= at < buyer.end:
                return buyer
        return None

    def _draw_platform(self, kind: PlatformKind) -> Platform:
        platforms = self.platforms[kind]
        return platforms[skewed(self.rng, len(platforms))]

    def _draw_identity(self) -> Identity:
        rng = self.rng
        name = f"{draw_first_name(rng)} {draw_word(rng, 2).title()}"
        return Identity(name, _draw_birth_date(rng, 1994, 2009), tuple(draw_picture(rng) for _ in range(3)))

    def _draw_identities(self) -> tuple[Identity, ...]:
        rng = self.rng
        return tuple(self.identities[skewed(rng, len(self.identities))] for _ in range(rng.randint(1, 4)))

    def _draw_kit(self) -> Kit:
        rng = self.rng
        script = " ".join(rng.choice(part) for part in _SCRIPT)
        return Kit(tuple(draw_picture(rng) for _ in range(rng.randint(2, 5))), script)

    def _choose_kit(self) -> Kit:
        return self.kits[skewed(self.rng, len(self.kits))]

    def _draw_exit(self) -> str:
        return self.exits[skewed(self.rng, len(self.exits))]

    def _draw_group(self) -> str:
        return f"https://{self._draw_platform('social').domain}/invite/{draw_word(self.rng, 3)}"

    def _draw_school(self) -> School:
        rng, town = self.rng, draw_word(self.rng, 2)
        address = {"line": f"{rng.randint(1, 300)} {draw_word(rng, 2).title()} Road", "city": town.title()}
        mail = f"office@{town}-{rng.choice(('high', 'middle', 'academy'))}.example"
        return School(f"{town.title()} School", mail, draw_number(rng), {**address, "country": rng.choice(_COUNTRIES)})


def draw_number(rng: Random) -> str:
    """Return a telephone number in E.164, most of them American."""
    chance = rng.random()
    if chance < 0.66:
        area = rng.choice((201, 305, 312, 404, 512, 617, 702, 786, 929))
        return f"+1{area}{rng.randint(200, 554)}{rng.randrange(10**4):04d}"
    if chance < 0.86:
        return f"+447{rng.randint(300, 999)}{rng.randrange(10**6):06d}"
    return f"+336{rng.randrange(10**8):08d}"


def _draw_sizes(rng: Random, tip_count: int) -> Iterator[int]:
    left = tip_count
    while left:
        size = int((1 - rng.random()) ** (-1 / SIZE_TAIL))
        if size <= SIZE_MAX:
            yield min(size, left)
            left -= min(size, left)


def _draw_birth_date(rng: Random, first: int, last: int) -> str:
    return f"{rng.randint(first, last)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _draw_device(rng: Random) -> Device:
    return Device(
        draw_imei(rng) if rng.random() < 0.6 else f"SN{draw_code(rng, 'ABCDEFGHJKLMNPRSTUVWXYZ23456789', 10)}"
    )
