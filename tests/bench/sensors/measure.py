"""What the real follower, on a real database, flags of what was planted."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import orjson

from services.audit.domain.keys import Keys
from services.audit.domain.logged import Logged
from services.audit.domain.sensors import NAMES
from services.audit.domain.staff import read_staff
from services.audit.handlers.sensors import PATIENCE, Sensors
from shared.db.pool import Pool
from shared.metrics import Metrics
from tests.bench.sensors.abuse import abuse
from tests.bench.sensors.work import work_a_month
from tests.bench.sensors.world import START, World

SECRET = b"invented"
BATCH = timedelta(hours=6)
FLAGS = """
SELECT flag.sensor, flag.actor_id, array_agg(flag_event.event_id) AS event_ids
FROM flag JOIN flag_event USING (flag_id) GROUP BY flag.flag_id"""


@dataclass(frozen=True, slots=True)
class Score:
    """Of one sensor: flags, those that rest on abuse; abuses planted, those that the sensor for them flagged."""

    flagged: int = 0
    right: int = 0
    planted: int = 0
    found: int = 0

    @property
    def precision(self) -> float:
        """The share of flags that an auditor is glad of."""
        return self.right / self.flagged if self.flagged else 1.0

    @property
    def recall(self) -> float:
        """The share of abuses that are flagged as what they are."""
        return self.found / self.planted if self.planted else 1.0

    def __add__(self, other: "Score") -> "Score":
        """Return the score of both worlds together."""
        return Score(
            self.flagged + other.flagged,
            self.right + other.right,
            self.planted + other.planted,
            self.found + other.found,
        )


def invent(seed: int) -> World:
    """Return a month of work with abuse in it."""
    world = World(seed)
    work_a_month(world)
    abuse(world)
    return world


def batches(events: Sequence[Logged], every: timedelta) -> Iterator[list[Logged]]:
    """Cut events as a follower that looks every so often would be given them."""
    for _, batch in groupby(events, key=lambda event: (event.occurred_at - START) // every):
        yield list(batch)


async def measure(pool: Pool, world: World, *, every: timedelta = BATCH) -> tuple[dict[str, Score], list[str]]:
    """Follow a month, so much of it at a time, and return each sensor's score and a line about each mistake.

    A flag is right when half of the events that it rests on are abuse, of whatever kind. An abuse is found when a flag
    of the sensor for it rests on it.
    """
    keys = Keys(SECRET)
    sensors = Sensors(keys, read_staff(orjson.dumps(world.staff()), keys), Metrics())
    for batch in batches(list(world.events()), every):
        async with pool.acquire() as connection, connection.transaction():
            await sensors.follow(connection, batch)
            until = max(event.occurred_at for event in batch) - PATIENCE
            while await sensors.judge(connection, until=until):
                pass
    return judge(world, [(row["sensor"], row["actor_id"], row["event_ids"]) for row in await pool.fetch(FLAGS)])


def judge(world: World, flags: Sequence[tuple[str, str, Sequence[UUID]]]) -> tuple[dict[str, Score], list[str]]:
    """Return each sensor's score, and a line about each mistake."""
    wrong: list[str] = []
    bad = {event_id for planted in world.planted for event_id in planted.event_ids}
    flagged: Counter[str] = Counter()
    right: Counter[str] = Counter()
    seen: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for sensor, actor_id, event_ids in flags:
        flagged[sensor] += 1
        seen[sensor, actor_id].update(event_ids)
        share = len(bad.intersection(event_ids)) / len(event_ids)
        right[sensor] += share >= 0.5
        if share < 0.5:
            wrong.append(f"seed {world.seed}: {sensor} of {actor_id} on {len(event_ids)} events, {share:.0%} abuse")
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for each in world.planted:
        is_found = bool(seen[each.sensor, each.actor_id].intersection(each.event_ids))
        planted[each.sensor] += 1
        found[each.sensor] += is_found
        if not is_found:
            wrong.append(f"seed {world.seed}: {each.sensor} by {each.actor_id} missed, {len(each.event_ids)} events")
    scores = {name: Score(flagged[name], right[name], planted[name], found[name]) for name in NAMES}
    return scores, wrong
