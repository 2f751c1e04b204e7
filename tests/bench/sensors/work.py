"""What users do all day, honestly: also what comes near to abuse and is none."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.bench.lookup.population import Person
from tests.bench.sensors.world import (
    DAYS,
    OFFICES,
    START,
    Case,
    Flight,
    User,
    World,
    has_passport,
    listed_name,
    passport_of,
)

SLOPPY = ("see mail", "as discussed", "phone call", "asap", "per supervisor", "follow up")
AIRLINES = ("AA", "UA", "DL", "B6", "AM", "LH", "BA", "AF", "CM", "AV")
SHIFT_HOURS = 8


def work_a_month(world: World) -> None:
    """Let everybody work for a month."""
    flights = [_flights(world, START + timedelta(days=day)) for day in range(DAYS)]
    for day in range(DAYS):
        _open_cases(world, START + timedelta(days=day))
    for user in world.users:
        match user.actor.role:
            case "cbp.att":
                _officer(world, user, flights)
            case "hsi.agent":
                _agent(world, user)
            case _:
                _analyst(world, user)
    _called_in(world)


def at_the_desk(world: World, person: Person) -> Person | dict[str, Any]:
    """Return a traveller as an officer types them in: mostly the whole passport, at times less, now and then a slip."""
    chance, name = world.chance, person.name
    way = chance.random()
    if way < 0.6:
        return person
    if way < 0.72:
        return {"name": listed_name(person), "birth_date": person.born, "documents": [passport_of(person)]}
    if way < 0.82:
        return {"name": f"{person.surnames[0]} {person.given[0]}", "birth_date": person.born}
    if way < 0.9:
        return {"documents": [passport_of(person)]}
    if way < 0.97:
        return {"name": name}
    place = chance.randrange(len(name) - 1)
    return {"name": name[:place] + name[place + 1 :], "birth_date": person.born}


def is_working_day(at: datetime) -> bool:
    """Return whether it is Monday to Friday."""
    return at.weekday() < 5


def times(chance: Random, begins: datetime, count: int, *, hours: float = SHIFT_HOURS) -> list[datetime]:
    """Return so many times of a shift, in order."""
    return sorted(begins + timedelta(seconds=chance.uniform(0, hours * 3600)) for _ in range(count))


def family(world: World, person: Person, count: int) -> list[Person | dict[str, Any]]:
    """Return relatives: the same surname, other given names."""
    surname = person.surnames[0]
    return [
        {"name": f"{other.given[0]} {surname}", "birth_date": other.born}
        for other in world.chance.sample(world.cultures[person.culture], count)
    ]


def _open_cases(world: World, day: datetime) -> None:
    chance = world.chance
    for _ in range(chance.randint(10, 20) if is_working_day(day) else chance.randint(3, 8)):
        office = chance.choice(OFFICES) if chance.random() < 0.6 else None
        case = world.open_case(day + timedelta(hours=chance.uniform(0, 24)), office=office)
        for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
            world.update_case(case.opened_at + timedelta(hours=chance.uniform(1, 24 * 14)), case)


def _flights(world: World, day: datetime) -> list[Flight]:
    """Most of a flight come from one part of the world; one in ten was not submitted as a list."""
    chance, flights = world.chance, []
    for _ in range(40):
        home = [person for person in world.cultures[chance.choice(list(world.cultures))] if has_passport(person)]
        travellers = [chance.choice(home) if chance.random() < 0.7 else world.traveller() for _ in range(40)]
        number = f"{chance.choice(AIRLINES)}{chance.randint(1, 2999)}"
        at = day + timedelta(hours=chance.uniform(0, 24))
        flights.append(Flight(number, at, chance.random() < 0.9, travellers))
    return flights


def _officer(world: World, user: User, flights: Sequence[Sequence[Flight]]) -> None:
    """Travellers of flights, in shifts; some officers change shift after each week, and one in a while leaves late."""
    chance = world.chance
    rotates = chance.random() < 0.4
    off = chance.sample(range(7), 2)
    regular = [world.traveller() for _ in range(3)]
    for day in range(DAYS):
        if day % 7 in off:
            continue
        begins = (user.begins + (day // 7) * 8) % 24 if rotates else user.begins
        start = START + timedelta(days=day, hours=begins)
        near = [flight for flight in flights[day] if abs((flight.at - start).total_seconds()) < 14 * 3600]
        mine = chance.sample(near, min(len(near), 8))
        often = chance.choice(regular) if chance.random() < 0.2 else None
        if often is not None:
            # Somebody who travels all the time.
            mine[0].travellers = [*mine[0].travellers, often]
        for flight in mine:
            is_there = world.submitted.get(flight.number, start) < start and often not in flight.travellers
            if is_there and chance.random() < 0.7:
                continue
            if flight.is_listed and chance.random() < 0.4:
                world.submit_list(user, flight, start - timedelta(minutes=chance.uniform(0, 60)))
            elif flight.is_listed:
                colleague = chance.choice(world.of("cbp.att"))
                if colleague.begins == user.begins and not rotates:
                    world.submit_list(colleague, flight, start + timedelta(minutes=5))
                else:
                    world.submit_list(user, flight, start - timedelta(minutes=chance.uniform(0, 60)))
        busy = chance.random() < 0.15
        for at in times(
            chance, start + timedelta(minutes=10), chance.randint(70, 110) if busy else chance.randint(25, 60)
        ):
            flight = chance.choice(mine)
            # Some book when the list is on its way already.
            traveller = chance.choice(flight.travellers) if chance.random() < 0.98 else world.traveller()
            reference = f"{flight.number[:2]} {flight.number[2:]}" if chance.random() < 0.3 else flight.number
            if chance.random() < 0.005:
                reference = chance.choice(SLOPPY)
            world.look_up(user, at, at_the_desk(world, traveller), reference)
            if chance.random() < 0.03:
                for number, relative in enumerate(family(world, traveller, chance.randint(2, 5)), 1):
                    world.look_up(user, at + timedelta(seconds=40 * number), relative, flight.number)
            if chance.random() < 0.05:
                # Again at the gate, or with more of the passport.
                world.look_up(user, at + timedelta(minutes=chance.uniform(5, 200)), traveller, flight.number)
        if often is not None:
            world.look_up(user, start + timedelta(hours=2), often, mine[0].number)
        if chance.random() < 0.1:
            _small_flight(world, user, start)
        if chance.random() < 0.08:
            _batch(world, user, start + timedelta(hours=3), chance.choice(mine))


def _small_flight(world: World, user: User, start: datetime) -> None:
    """A private aeroplane: its list is made by whoever is there, and all on it may be asked about again."""
    chance = world.chance
    flight = Flight(
        f"N{chance.randint(1, 9)}{chance.randint(10, 999)}",
        start + timedelta(hours=chance.uniform(2, 9)),
        is_listed=True,
        travellers=[world.traveller() for _ in range(chance.randint(2, 9))],
    )
    world.marked["small flights"] += 1
    at = start + timedelta(minutes=chance.uniform(5, 60))
    world.submit_list(user, flight, at)
    for number, traveller in enumerate(chance.sample(flight.travellers, chance.randint(0, len(flight.travellers))), 1):
        if number <= chance.randint(1, 7):
            world.look_up(user, at + timedelta(minutes=3 * number), at_the_desk(world, traveller), flight.number)


def _batch(world: World, user: User, at: datetime, flight: Flight) -> None:
    """Part of a flight at once, or all of it."""
    chance, request = world.chance, world.new_id()
    count = len(flight.travellers) if chance.random() < 0.5 else chance.randint(5, len(flight.travellers))
    for traveller in flight.travellers[:count]:
        world.look_up(user, at, traveller, flight.number, request=request)


def _agent(world: World, user: User) -> None:
    """Cases of the own office: some days long, some looked at again for weeks; and cases that no tip is behind."""
    chance = world.chance
    cases = [case for case in world.cases if case.office == user.actor.office and chance.random() < 0.4]
    for case in cases:
        _work_on(
            world, user, case, _reference(world, case, own=f"{user.actor.office}-2026-{chance.randrange(9999):04}")
        )
    for day in range(DAYS):
        start = START + timedelta(days=day, hours=user.begins)
        if not is_working_day(start):
            continue
        own = f"HO-2026-{chance.randrange(10**4):04}"
        for at in times(chance, start, chance.choice((0, 0, 1, 1, 2, 3, 5))):
            reference = chance.choice(SLOPPY) if chance.random() < 0.03 else own
            world.look_up(user, at, world.anyone(), reference)
        for at in times(chance, start, chance.randint(1, 4)):
            world.view(user, at, chance.choice((1, 5, 25, 50)))
        _stays_late(world, user, start, own)


def _work_on(world: World, user: User, case: Case, reference: str) -> None:
    """First the person, then whom they know; again on later days, when something came or to see whether it did."""
    chance = world.chance
    first = next_shift(user, case.opened_at, chance)
    for visit in range(chance.choice((1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6))):
        at = next_shift(user, first + timedelta(days=visit * chance.choice((1, 2, 5, 7))), chance)
        if at >= START + timedelta(days=DAYS):
            return
        world.look_up(user, at, case.person, reference, case=case)
        if visit == 0 and chance.random() < 0.3:
            circle = [*family(world, case.person, chance.randint(1, 5)), *(world.anyone() for _ in range(2))]
            for number, relative in enumerate(circle, 1):
                world.look_up(user, at + timedelta(minutes=3 * number), relative, reference)
        if chance.random() < 0.2:
            world.look_up(user, at + timedelta(minutes=chance.uniform(2, 90)), case.person, reference, case=case)


def next_shift(user: User, at: datetime, chance: Random) -> datetime:
    """Return a time in the first shift of an office worker that ends after `at`."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    while not is_working_day(day) or day + timedelta(hours=user.begins + SHIFT_HOURS - 1) < at:
        day += timedelta(days=1)
    start = max(at, day + timedelta(hours=user.begins))
    return start + timedelta(seconds=chance.uniform(0, 3600))


def _reference(world: World, case: Case, *, own: str) -> str:
    known = (case.source_ref, str(case.lead_id), str(case.referral_id or case.tip_id))
    return world.chance.choice((*known, own))


def _stays_late(world: World, user: User, start: datetime, reference: str) -> None:
    chance = world.chance
    if chance.random() < 0.06:
        world.marked["stays late"] += 1
        for at in times(chance, start + timedelta(hours=SHIFT_HOURS + 1), chance.randint(1, 5), hours=2.5):
            world.look_up(user, at, world.anyone(), reference)


def _analyst(world: World, user: User) -> None:
    """Every lead is the CEIU's; two analysts answer redress requests, and after a weekend there is a backlog."""
    chance = world.chance
    does_redress = user.actor.id.endswith((".1", ".2"))
    for case in world.cases:
        if chance.random() < 0.09:
            _work_on(world, user, case, _reference(world, case, own=f"CEIU-2026-{chance.randrange(10**5):05}"))
    for day in range(DAYS):
        start = START + timedelta(days=day, hours=user.begins)
        if not is_working_day(start):
            continue
        for at in times(chance, start, chance.randint(4, 14) if does_redress else 0):
            reference = f"REDRESS-2026-{chance.randrange(10**4):04}"
            world.look_up(user, at, world.anyone(), reference, purpose="redress")
        for at in times(chance, start, chance.choice((1, 2, 3, 5, 8))):
            reference = chance.choice(SLOPPY) if chance.random() < 0.03 else f"CEIU-2026-{chance.randrange(10**5):05}"
            world.look_up(user, at, world.anyone(), reference)
        if chance.random() < 0.3:
            _enter_tip(world, user, start + timedelta(hours=chance.uniform(0.6, 7)))
        backlog = start.weekday() == 0
        for at in times(chance, start, chance.randint(15, 40) if backlog else chance.randint(4, 20)):
            world.view(user, at, chance.choice((1, 1, 20, 50, 50)))
        _stays_late(world, user, start, f"CEIU-2026-{chance.randrange(10**5):05}")


def _enter_tip(world: World, user: User, at: datetime) -> None:
    """Somebody calls: who enters the tip looks who that is at once, and whom they know; others review most tips."""
    chance = world.chance
    is_reviewed = chance.random() < 0.8
    reviewed_at = at + timedelta(hours=chance.uniform(0.6, 60))
    case = world.open_case(reviewed_at, office=None, entered_by=user, is_reviewed=is_reviewed, received_at=at)
    world.marked["own tips"] += 1
    reference = chance.choice((case.source_ref, str(case.tip_id)))
    for visit in range(chance.choice((1, 1, 2, 2, 3, 4))):
        again = next_shift(user, at + timedelta(days=visit), chance) if visit else at
        world.look_up(user, again + timedelta(minutes=5), case.person, reference)
    if chance.random() < 0.4:
        circle = [*family(world, case.person, chance.randint(1, 5)), *(world.anyone() for _ in range(3))]
        for number, relative in enumerate(circle, 1):
            world.look_up(user, at + timedelta(minutes=5 + 4 * number), relative, reference)


def _called_in(world: World) -> None:
    """Somebody is in danger: an agent and an analyst work on a new lead at night."""
    chance = world.chance
    for day in chance.sample(range(15, DAYS - 1), 4):
        at = START + timedelta(days=day, hours=chance.uniform(4, 8))
        agent, analyst = chance.choice(world.of("hsi.agent")), chance.choice(world.of("ceiu.analyst"))
        case = world.open_case(at, office=agent.actor.office)
        for user in (agent, analyst):
            world.marked["called in"] += 1
            for after in times(chance, at + timedelta(minutes=2), chance.randint(6, 14), hours=2):
                answers = chance.random() < 0.5
                who = case.person if answers else world.anyone()
                world.look_up(user, after, who, str(case.lead_id), case=case if answers else None)
