"""Clusters and leads follow from the set of facts, whatever the order and the batches in which they came.

A small world is drawn from a seed: tips that share a few values, amended, researched and reviewed, with caps so low
that values pass them both ways, and a list of judgements. It is played in several orders, cut into random batches, with
repeats and with older versions after newer ones; judgements keep their own order and come once both their tips are
there. Each play must end in the partition that one clustering of the final state gives.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

import pytest

from services.linker.domain.cluster import Judged, Judgement, cluster, newest_judgements, pair_of
from services.linker.domain.evidence import holdings_of, joining_keys
from services.linker.domain.facts import Research, TipContent
from services.linker.domain.rules import Rules, TypeRule
from services.linker.stream import read_batch
from shared.db.pool import Pool
from shared.events.envelope import Payload, decode, encode, open_payload
from shared.events.intake import GivenIdentifier, ResearchRecordedV1, TipAmendedV1, TipReceivedV1, TipReviewedV1
from shared.events.topics import models_by_type
from shared.kafka.consume import Record
from shared.kafka.inbox import Incoming
from tests.builders import an_event, new_id
from tests.fakes import START, FakeClock
from tests.integration.linker.graph import Graph, a_result, a_review, a_tip, email, refs_of

RULES = Rules(
    "test",
    {
        "email": TypeRule("strong", 3, 9.0),
        "phone": TypeRule("strong", 4, 6.0),
        "sha256": TypeRule("strong", 3, 4.0),
        "url": TypeRule("medium", 5, 3.0),
    },
)
TIPS = 11
ORDERS = 4
WIPE = """
TRUNCATE tip, review, research, key, holding, judgement, judgement_withdrawal, membership, lead, priority, referral,
    announcement, inbox, outbox"""
WRONG_COUNTS = """
SELECT key.value, key.tip_count, key.viral_count, counted.tips, counted.viral
FROM key CROSS JOIN LATERAL (
    SELECT count(DISTINCT tip_id) AS tips, count(DISTINCT tip_id) FILTER (WHERE is_viral) AS viral
    FROM holding WHERE holding.key_id = key.key_id AND links
) AS counted
WHERE (key.tip_count, key.viral_count) <> (counted.tips, counted.viral)"""
SELECT_MEMBERSHIPS = "SELECT tip_id, cluster_id, component_id FROM membership"
STALE_CLUSTERS = """
SELECT membership.tip_id FROM membership LEFT JOIN announcement ON kind = 'cluster' AND subject_id = tip_id
WHERE convert_from(event, 'UTF8')::jsonb -> 'payload' ->> 'cluster_id' IS DISTINCT FROM cluster_id::text
    OR announcement.version <> membership.version"""


@dataclass(frozen=True)
class World:
    facts: Sequence[Payload]
    judgements: Sequence[tuple[UUID, UUID, Judged, bool]]
    """left, right, decision, whether it is withdrawn in the end; the oldest first."""


def draw_world(chance: Random) -> World:
    tip_ids = [new_id() for _ in range(TIPS)]
    facts: list[Payload] = []
    for number, tip_id in enumerate(tip_ids):
        for version in range(1, chance.choice([2, 2, 3, 4])):
            facts.append(_draw_tip(chance, f"CT-{number}", tip_id, version))
        if chance.random() < 0.2:
            facts.append(a_result(tip_id, *_draw_values(chance)))
        for review in range(chance.choice([0, 1, 1, 2])):
            facts.append(a_review(tip_id, review + 1, chance.choice(["actionable", "not_actionable"])))
    judgements = [
        (*chance.sample(tip_ids, 2), chance.choice(["same", "different", "different", "unsure"]), chance.random() < 0.3)
        for _ in range(chance.randrange(5))
    ]
    return World(facts, judgements)  # type: ignore[arg-type]  # the samples are pairs


def _draw_values(chance: Random) -> list[GivenIdentifier]:
    values = [email(f"someone{n}@example.org") for n in range(4)]
    values += [GivenIdentifier(type="phone", value=f"+1617555010{n}") for n in range(3)]
    values += [GivenIdentifier(type="url", value="https://example.org/profile/1")]
    return chance.sample(values, chance.choice([0, 1, 1, 2]))


def _draw_tip(chance: Random, ref: str, tip_id: UUID, version: int) -> TipReceivedV1:
    files = [{"sha256": f"{chance.randrange(3):064x}"[::-1].replace("0", "a"), "viral": chance.random() < 0.15}]
    role = chance.choice(["subject"] * 5 + ["victim"])
    files = files if chance.random() < 0.3 else []
    return a_tip(ref, *_draw_values(chance), tip_id=tip_id, version=version, files=files, role=role)


async def play(graph: Graph, world: World, chance: Random) -> None:
    facts = [an_event(fact) for fact in chance.sample(world.facts, len(world.facts))]
    facts += chance.sample(facts, len(facts) // 4)
    left = list(world.judgements)
    withdrawn: list[Judgement] = []
    seen: set[UUID] = set()
    while facts or left:
        batch, facts = facts[: (size := chance.choice([1, 1, 3, 7, 20]))], facts[size:]
        if batch:
            await graph.apply([encode(event) for event in batch])
        seen |= {each.payload.tip_id for each in batch if isinstance(each.payload, TipReceivedV1 | TipAmendedV1)}
        while left and {left[0][0], left[0][1]} <= seen and (chance.random() < 0.5 or not facts):
            one, other, decision, is_withdrawn = left.pop(0)
            left_tip, right_tip = chance.sample([one, other], 2)
            judgement = await graph.judge(left_tip, right_tip, decision)
            if is_withdrawn:
                withdrawn.append(judgement)
    for judgement in chance.sample(withdrawn, len(withdrawn)):
        await graph.withdraw(judgement)


def expected(world: World) -> tuple[set[tuple[UUID, UUID, UUID]], set[frozenset[str]]]:
    """Return where each tip must be filed in the end, and the tips of each cluster with an actionable one."""
    batch = read_batch([_incoming(fact) for fact in world.facts])
    research: dict[UUID, list[Research]] = {}
    for (tip_id, _), result in sorted(batch.research.items()):
        research.setdefault(tip_id, []).append(result)
    contents: dict[UUID, TipContent] = dict(batch.contents)
    holdings = [each for c in contents.values() for each in holdings_of(c, research.get(c.tip_id, ()))]
    judgements = [
        Judgement(UUID(int=number), *pair_of(left, right), decision, START.replace(second=number), is_withdrawn)
        for number, (left, right, decision, is_withdrawn) in enumerate(world.judgements)
    ]
    joining = joining_keys(holdings, rules=RULES)
    found = cluster(contents, joining, newest_judgements(judgements), rules=RULES)
    refs = {each.cluster_id: frozenset(contents[tip].source_ref for tip in each.tip_ids) for each in found}
    good = {tip for tip, review in batch.reviews.items() if review.decision == "actionable"}
    filed = {(tip, each.cluster_id, each.component_id) for each in found for tip in each.tip_ids}
    return filed, {refs[each.cluster_id] for each in found if not good.isdisjoint(each.tip_ids)}


def _incoming(fact: Payload) -> Incoming:
    value = encode(an_event(fact))
    envelope = decode(value)
    payload = open_payload(envelope, models_by_type()[envelope.type, envelope.version])
    return Incoming(envelope, payload, Record("intake.tips", 0, 0, None, value, (), 0), "linker")


@pytest.mark.parametrize("seed", range(10))
async def test_any_order_and_any_batches_give_the_same_clusters_and_leads(
    seed: int, pool_of: Callable[[str], Awaitable[Pool]], clock: FakeClock, owner_pool: Pool
) -> None:
    world = draw_world(Random(seed))
    filed, leads = expected(world)
    for order in range(ORDERS):
        await owner_pool.execute(WIPE)
        graph = Graph(await pool_of("linker"), clock, RULES)
        await play(graph, world, Random(1_000 * seed + order))
        assert {tuple(row) for row in await graph.pool.fetch(SELECT_MEMBERSHIPS)} == filed
        live = await graph.live_leads()
        assert len(live) == len(leads)
        assert {refs_of(lead) for lead in live} == leads
        assert await graph.pool.fetch(WRONG_COUNTS) == []
        assert await graph.pool.fetch(STALE_CLUSTERS) == []


async def test_the_worlds_of_this_test_have_what_they_are_to_show() -> None:
    """Else the property would hold for lack of cases."""
    worlds = [draw_world(Random(seed)) for seed in range(10)]
    filed = [place for world in worlds for place in expected(world)[0]]
    assert max(Counter(cluster_id for _, cluster_id, _ in filed).values()) > 3
    assert len({component for _, _, component in filed}) < len({cluster_id for _, cluster_id, _ in filed})
    assert sum(len(world.judgements) for world in worlds) > 10
    for kind in (ResearchRecordedV1, TipReviewedV1):
        assert any(isinstance(fact, kind) for world in worlds for fact in world.facts)
