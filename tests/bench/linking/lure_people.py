"""Persons of the lure world: offenders with their crews and accounts, those they harm, and those who report."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from tests.bench.linking.lure_networks import Carrier, Lease, Line
from tests.bench.linking.lure_pictures import Picture
from tests.bench.linking.lure_platforms import Platform
from tests.bench.linking.lure_words import Habit

Payment = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """A stolen identity: name, birth date and pictures of somebody who knows nothing of it. Many offenders use one."""

    name: str
    birth_date: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Kit:
    """A way to threaten, handed around: pictures to send and sentences to copy."""

    pictures: tuple[Picture, ...]
    script: str


@dataclass(eq=False, slots=True)
class Device:
    """A telephone or a computer: one number of its own, and another that it shows to each platform until reset."""

    hardware: str
    shown: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Account:
    """An account at a platform. What was given at its registration stays when it is sold or the number lapses."""

    platform: Platform
    uid: str
    handle: str
    later_handle: str
    renamed_at: int
    created_at: int
    email: str | None
    phone: str | None
    device: str | None
    registered_from: str | None

    def handle_at(self, at: int) -> str:
        """Return the handle that it shows then."""
        return self.later_handle if at >= self.renamed_at else self.handle


@dataclass(eq=False, slots=True)
class Slot:
    """One offender's place at one platform: the accounts held there, each from a time on until the next."""

    starts: list[int] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)

    def find_account(self, at: int) -> Account:
        """Return the account in use then; before the first, the first."""
        return self.accounts[max(0, bisect_right(self.starts, at) - 1)]

    def add(self, start: int, account: Account) -> None:
        """Hold the account from then on."""
        place = bisect_right(self.starts, start)
        self.starts.insert(place, start)
        self.accounts.insert(place, account)


@dataclass(eq=False, slots=True)
class Victim:
    """Someone who was lured, with a parent who may report; the values are theirs alone."""

    name: str
    handle: str
    phone: str
    uids: dict[str, str]
    parent_name: str
    parent_mail: str
    parent_phone: str
    school: int
    place: tuple[str, str, str]


@dataclass(eq=False, slots=True)
class Crew:
    """Offenders who work side by side: what they share says nothing of who of them it was."""

    wallets: list[Payment]
    mules: list[Payment]
    pages: list[str]
    office: Line
    exits: tuple[str, ...]
    computer: Device
    kit: Kit
    identities: tuple[Identity, ...]
    scheme: Habit | None
    victims: list[Victim] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Offender:
    """One person, active from `start` to `end` (seconds since 1970), with `tips` reports to come."""

    name: str
    tips: int
    start: int
    end: int
    crew: Crew | None
    habit: Habit
    real_name: str
    birth_date: str
    document: str
    country: str
    mailboxes: tuple[str, ...]
    devices: tuple[Device, ...]
    line: Line
    carrier: Carrier
    exits: tuple[str, ...]
    identities: tuple[Identity, ...]
    kits: tuple[Kit, ...]
    own_pictures: tuple[Picture, ...]
    payments: tuple[Payment, ...]
    mules: list[Payment]
    numbers: list[Lease] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class School:
    """A school, whose office reports for its pupils."""

    name: str
    email: str
    phone: str
    address: dict[str, str]
