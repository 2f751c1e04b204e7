"""What happens in a month, as the log would tell of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from services.audit.domain.logged import Logged
from shared.events.envelope import Actor
from tests.bench.lookup.population import Person, people

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 30
OFFICES = ("sac-boston", "sac-denver", "sac-miami", "sac-seattle")
PEOPLE = 20_000
HOURS = 8
ON_CALL = Actor(id="ceiu.on_call", kind="person", role="ceiu.supervisor", agency="ICE")
"""Who reviews what comes in at night and at weekends."""
SOURCE = Actor(id="source.ncmec", kind="system")
TOPICS = ("intake.tips", "linker.leads", "linker.notices", "query.activity", "referral.referrals", "linker.activity")


@dataclass(frozen=True)
class User:
    """Who works here: an actor, who they are as a person, and when their day begins (hour, UTC)."""

    actor: Actor
    person: Person
    begins: int


@dataclass
class Case:
    """A lead about a person, its tip's reference, and the office that has it (None: only the CEIU)."""

    lead_id: UUID
    tip_id: UUID
    referral_id: UUID | None
    source_ref: str
    person: Person
    office: str | None
    opened_at: datetime


@dataclass
class Flight:
    """A flight of a day, whether its list was submitted, and who travels."""

    number: str
    at: datetime
    is_listed: bool
    travellers: Sequence[Person]


@dataclass
class Planted:
    """An abuse: what kind, by whom, and the events it consists of."""

    sensor: str
    actor_id: str
    event_ids: list[UUID] = field(default_factory=list)


class World:
    """A seed's users, and everything that happened so far; `events` gives it in the order of time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.people = list(people(PEOPLE, seed))
        self.users = self._users()
        working = {user.person.number for user in self.users}
        self.people = [person for person in self.people if person.number not in working]
        self.cultures: dict[str, list[Person]] = {}
        for person in self.people:
            self.cultures.setdefault(person.culture, []).append(person)
        self.cases: list[Case] = []
        self.submitted: dict[str, datetime] = {}
        """When each flight's first list came."""
        self.planted: list[Planted] = []
        self.marked: Counter[str] = Counter()
        """What honest people did that comes near to abuse, by kind."""
        self._told: list[tuple[datetime, str, str, UUID, Actor | None, UUID, dict[str, Any]]] = []
        self._into: Planted | None = None

    def new_id(self) -> UUID:
        """Return an id that follows from the seed."""
        return UUID(int=self.chance.getrandbits(128), version=4)

    def of(self, *roles: str) -> list[User]:
        """Return the users of these roles."""
        return [user for user in self.users if user.actor.role in roles]

    def anyone(self) -> Person:
        """Return some person."""
        return self.chance.choice(self.people)

    def traveller(self) -> Person:
        """Return some person whose birth date a passport tells."""
        while not has_passport(person := self.anyone()):
            pass
        return person

    def plant(self, sensor: str, user: User) -> Planted:
        """Begin an abuse; the look-ups and views from now on are part of it, until `work` is called."""
        self._into = Planted(sensor, user.actor.id)
        self.planted.append(self._into)
        return self._into

    def work(self) -> None:
        """End an abuse: what follows is honest."""
        self._into = None

    def open_case(
        self,
        at: datetime,
        *,
        office: str | None,
        entered_by: User | None = None,
        received_at: datetime | None = None,
        is_reviewed: bool = True,
    ) -> Case:
        """A tip comes in or is entered by somebody, and becomes a lead once it is reviewed; an office may get it."""
        person = self.anyone()
        number = self.chance.randrange(10**6)
        referral_id = self.new_id() if office else None
        case = Case(self.new_id(), self.new_id(), referral_id, f"CT-2026-{number:06}", person, office, at)
        tip = {"tip_id": str(case.tip_id), "source_ref": case.source_ref, "personal": {"parties": []}}
        source = entered_by.actor if entered_by else SOURCE
        self.tell(received_at or at - timedelta(minutes=30), "intake.tips", "tip.received", tip, actor=source)
        if not is_reviewed:
            return case
        self.cases.append(case)
        analysts = self.of("ceiu.analyst", "ceiu.supervisor")
        there = [user for user in analysts if user is not entered_by and 0 <= at.hour - user.begins < HOURS]
        review = {"tip_id": str(case.tip_id), "decision": "actionable"}
        reviewer = self.chance.choice(there).actor if there and at.weekday() < 5 else ON_CALL
        self.tell(at - timedelta(seconds=9), "intake.tips", "tip.reviewed", review, actor=reviewer)
        self.update_case(at, case, type_="lead.opened")
        if office:
            referral = {
                "referral_id": str(referral_id),
                "lead_id": str(case.lead_id),
                "office": office,
                "state": "sent",
                "tip_ids": [str(case.tip_id)],
            }
            self.tell(at + timedelta(seconds=20), "referral.referrals", "referral.opened", referral)
        return case

    def update_case(self, at: datetime, case: Case, *, type_: str = "lead.updated") -> None:
        """Something of a lead changes."""
        lead: dict[str, Any] = {
            "lead_id": str(case.lead_id),
            "state": "referred" if case.office else "open",
            "aliases": [],
            "tips": [{"tip_id": str(case.tip_id)}],
        }
        self.tell(at, "linker.leads", type_, lead)

    def submit_list(self, user: User, flight: Flight, at: datetime) -> None:
        """A passenger list is submitted, and its passengers are looked up by the worker, as the list spells them."""
        request, id_ = self.new_id(), self.new_id()
        self.submitted[flight.number] = min(at, self.submitted.get(flight.number, at))
        manifest = {
            "manifest_id": str(id_),
            "passenger_count": len(flight.travellers),
            "ends_at": (flight.at + timedelta(days=1)).isoformat(),
            "personal": {"flight_number": flight.number, "departs_at": flight.at.isoformat()},
        }
        self.tell(at, "query.activity", "manifest.submitted", manifest, actor=user.actor, request=request)
        for number, person in enumerate(flight.travellers):
            asked = {"name": listed_name(person), "birth_date": person.born, "documents": [passport_of(person)]}
            self.look_up(user, at + timedelta(seconds=1 + number / 10), asked, flight.number, request=request)

    def look_up(
        self,
        user: User,
        at: datetime,
        person: Person | dict[str, Any],
        reference: str,
        *,
        purpose: str | None = None,
        request: UUID | None = None,
        case: Case | None = None,
    ) -> None:
        """Somebody looks somebody up; `case` is the one that answers."""
        cbp = user.actor.agency == "CBP"
        lookup_id = self.new_id()
        payload = {
            "lookup_id": str(lookup_id),
            "purpose": purpose or ("traveller_targeting" if cbp else "investigation"),
            "reference": reference,
            "match_count": int(case is not None),
            "truncated": False,
            "record_ids": [],
            "lead_ids": [str(case.lead_id)] if case else [],
            "grades": {},
            "duration_ms": 9.0,
            "personal": person if isinstance(person, dict) else {"name": person.name, "birth_date": person.born},
        }
        self.tell(at, "query.activity", "lookup.answered", payload, actor=user.actor, request=request)

    def view(self, user: User, at: datetime, count: int) -> None:
        """Somebody is shown a list."""
        payload = {"route": "GET /v1/leads", "kind": "lead", "record_ids": [], "record_count": count}
        self.tell(at, "linker.activity", "record.viewed", payload, actor=user.actor)

    def tell(
        self,
        at: datetime,
        topic: str,
        type_: str,
        payload: dict[str, Any],
        *,
        actor: Actor | None = None,
        request: UUID | None = None,
    ) -> None:
        """Put an event on the log."""
        event_id = self.new_id()
        if self._into is not None:
            self._into.event_ids.append(event_id)
        self._told.append((at, topic, type_, event_id, actor, request or self.new_id(), payload))

    def events(self) -> Iterator[Logged]:
        """Yield all events in the order of time, each topic a log of its own."""
        ends: Counter[str] = Counter()
        for at, topic, type_, event_id, actor, request, payload in sorted(self._told, key=lambda told: told[:4]):
            yield Logged(
                head_id=TOPICS.index(topic) + 1,
                index=ends[topic],
                topic=topic,
                partition=0,
                event_id=event_id,
                type=type_,
                occurred_at=at,
                subject_kind="thing",
                subject_id=str(event_id),
                outcome="ok",
                actor=actor,
                correlation_id=request,
                payload=payload,
                is_verified=True,
            )
            ends[topic] += 1

    def staff(self) -> dict[str, Any]:
        """Return who the users are, as the file of users tells it."""
        return {
            user.actor.id: {"names": [user.person.name], "birth_date": user.person.born, "emails": [mail_of(user)]}
            for user in self.users
        }

    def _users(self) -> list[User]:
        users = []
        for role, count in (("ceiu.analyst", 11), ("ceiu.supervisor", 2), ("hsi.agent", 12), ("cbp.att", 15)):
            for number in range(count):
                office = OFFICES[number % len(OFFICES)] if role == "hsi.agent" else None
                id_ = f"{role}.{office or ''}.{number}"
                actor = Actor(
                    id=id_,
                    kind="person",
                    role=role,
                    agency="CBP" if role == "cbp.att" else "ICE",
                    office=office,
                )
                begins = self.chance.choice((12, 13, 13, 14)) if role != "cbp.att" else (10, 13, 18, 3)[number % 4]
                users.append(User(actor, self.traveller(), begins))
        return users


def listed_name(person: Person) -> str:
    """Return a name as passenger lists spell it: surnames first, in capitals."""
    return " ".join((*person.surnames, *person.given)).upper()


def passport_of(person: Person) -> str:
    """Return a person's passport number."""
    return f"P{person.number:08}"


def has_passport(person: Person) -> bool:
    """Return whether the whole birth date is known."""
    return person.born is not None and len(person.born) == len("1980-02-03")


def mail_of(user: User) -> str:
    """Return a user's private address."""
    return f"{'.'.join(user.person.name.lower().split())}@example.org"
