"""What is planted: of each kind several times, by different people, none of them the same way."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.bench.lookup.population import Person
from tests.bench.sensors.work import SLOPPY, family, is_working_day, times
from tests.bench.sensors.world import DAYS, START, Flight, User, World, mail_of

TRAVELLER = "traveller_targeting"
FIRST_DAY = 16
EPISODES = 4
"""Of each kind in a world."""
VAGUE = (*SLOPPY, "test", "x", "n/a", "check", "training")


def abuse(world: World) -> None:
    """Plant every kind of abuse, each by other people if there are enough."""
    for sensor, plant in KINDS.items():
        for user in world.chance.sample(_able(world, sensor), EPISODES):
            world.plant(sensor, user)
            plant(world, user)
            world.work()


def _able(world: World, sensor: str) -> Sequence[User]:
    """Office workers have hours that one can be outside of; shifts have not. Who may enter a tip, or submit a list."""
    if sensor == "own_reason":
        return world.of("cbp.att", "ceiu.analyst", "ceiu.supervisor")
    return world.of("hsi.agent", "ceiu.analyst") if sensor == "off_hours" else world.users


def _day(world: World, user: User) -> datetime:
    """Return when the user's shift begins on some later working day."""
    chance = world.chance
    while True:
        start = START + timedelta(days=chance.randrange(FIRST_DAY, DAYS - 1), hours=user.begins)
        if is_working_day(start):
            return start


def _no_reason(world: World, user: User) -> None:
    """Vague references now and then, or many made-up cases or flights."""
    chance, start = world.chance, _day(world, user)
    if chance.random() < 0.5:
        for at in times(chance, start, chance.randint(4, 10)):
            world.look_up(user, at, world.anyone(), chance.choice(VAGUE))
        return
    cbp = user.actor.agency == "CBP"
    count = chance.randint(60, 120) if cbp else chance.randint(22, 50) if user.actor.office else chance.randint(30, 70)
    for at in times(chance, start, count):
        number = chance.randrange(1000, 9999)
        reference = f"{chance.choice(('AA', 'UA', 'DL'))}{number}" if cbp else f"CASE-2026-{number}"
        world.look_up(user, at, world.anyone(), reference)


def _enumeration(world: World, user: User) -> None:
    """A surname through all given names, numbers that count up, a list of people one by one, or a list at once."""
    chance, start = world.chance, _day(world, user) + timedelta(hours=world.chance.uniform(0.5, 6))
    case = chance.choice(world.cases)
    reference = chance.choice(
        (f"CASE-2026-{chance.randrange(1000, 9999)}", case.source_ref, str(case.lead_id), "AA1201")
    )
    count, step = chance.randint(10, 25), timedelta(seconds=chance.uniform(8, 70))
    if chance.random() < 0.3:
        # Over midnight.
        start = (start + timedelta(days=1)).replace(hour=0, minute=0, second=0) - step * chance.randint(3, 7)
    match chance.choice(("surname", "document", "username", "one by one", "at once", "invented flight")):
        case "surname":
            asked: Sequence[Person | dict[str, Any]] = family(world, world.anyone(), count)
        case "document":
            first = chance.randrange(10**6, 10**7)
            asked = [{"documents": [f"C{first + number}"]} for number in range(count)]
        case "username":
            asked = [{"usernames": [f"dark_{number}"]} for number in range(count)]
        case "one by one":
            asked = [world.anyone() for _ in range(count + 35 if user.actor.agency == "CBP" else count + 10)]
            reference, step = f"CASE-2026-{chance.randrange(1000, 9999)}", timedelta(seconds=chance.uniform(8, 50))
        case "invented flight":
            request, flight = world.new_id(), f"AA{chance.randint(3000, 9999)}"
            for _ in range(chance.randint(50, 300)):
                world.look_up(user, start, world.anyone(), flight, purpose=TRAVELLER, request=request)
            return
        case _:
            request = world.new_id()
            for _ in range(chance.randint(40, 200)):
                world.look_up(user, start, world.anyone(), "CASE-2026-7", purpose="investigation", request=request)
            return
    for number, each in enumerate(asked):
        world.look_up(user, start + number * step, each, reference)


def _own_reason(world: World, user: User) -> None:
    """A list of people one would know more of, as a flight that is none; or a tip about somebody one knows."""
    chance, start = world.chance, _day(world, user)
    if user.actor.agency == "CBP":
        people = [world.traveller() for _ in range(chance.randint(8, 40))]
        flight = Flight(f"AA{chance.randint(3000, 9999)}", start + timedelta(days=1), is_listed=True, travellers=people)
        world.submit_list(user, flight, start)
        asked, reference = people[: round(len(people) * chance.uniform(0.7, 1))], flight.number
    else:
        case = world.open_case(start, office=None, entered_by=user, is_reviewed=False)
        asked, reference = [world.anyone() for _ in range(chance.randint(13, 30))], case.source_ref
    for at, person in zip(times(chance, start + timedelta(minutes=5), len(asked), hours=7), asked, strict=True):
        world.look_up(user, at, person, reference)


def _repeated(world: World, user: User) -> None:
    """An old acquaintance, on many days within three weeks; under an old case, a made-up one, or a tip of one's own."""
    chance, person = world.chance, world.anyone()
    reference = chance.choice(
        (f"CASE-2026-{chance.randrange(1000, 9999)}", chance.choice(world.cases).source_ref, "AA12", "own")
    )
    if reference == "own":
        begin = START + timedelta(days=5, hours=user.begins - 3)
        reference = world.open_case(begin, office=None, entered_by=user, is_reviewed=False).source_ref
    for day in chance.sample(range(5, 28), chance.randint(6, 14)):
        start = START + timedelta(days=day, hours=user.begins)
        for at in times(chance, start, chance.choice((1, 1, 1, 2))):
            world.look_up(user, at, person, reference)


def _self_lookup(world: World, user: User) -> None:
    """The own name as it stands in the passport or the other way round, in part, or the own address."""
    chance, person = world.chance, user.person
    ways: list[dict[str, Any]] = [
        {"name": person.name, "birth_date": person.born},
        {"name": person.name.upper()},
        {"name": " ".join(reversed(person.name.split())), "birth_date": person.born},
        {"name": person.name, "birth_date": str(person.born)[:4]},
        {"emails": [mail_of(user).upper()]},
    ]
    world.look_up(
        user, _day(world, user) + timedelta(hours=chance.uniform(0, 8)), chance.choice(ways), "CASE-2026-1234"
    )


def _off_hours(world: World, user: User) -> None:
    """An hour or two in the night or early in the morning, under an old case or a made-up one."""
    chance = world.chance
    start = _day(world, user) + timedelta(hours=chance.choice((12, 13, 14, 18, 19)))
    old = [case for case in world.cases if case.opened_at < start - timedelta(days=2)]
    reference = chance.choice((f"CASE-2026-{chance.randrange(1000, 9999)}", chance.choice(old).source_ref))
    for at in times(chance, start, chance.randint(8, 20), hours=chance.uniform(0.7, 2)):
        world.look_up(user, at, world.anyone(), reference)


def _bulk_view(world: World, user: User) -> None:
    """Page after page of everything there is."""
    chance, start = world.chance, _day(world, user)
    if user.actor.office:
        pages, size = chance.randint(16, 60), 50
    else:
        pages, size = chance.randint(15, 60), 500
    for at in times(chance, start, pages, hours=chance.choice((0.3, 1, 6))):
        world.view(user, at, size)


KINDS: dict[str, Callable[[World, User], None]] = {
    "no_reason": _no_reason,
    "own_reason": _own_reason,
    "enumeration": _enumeration,
    "repeated": _repeated,
    "self_lookup": _self_lookup,
    "off_hours": _off_hours,
    "bulk_view": _bulk_view,
}
