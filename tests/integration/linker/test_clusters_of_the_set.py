"""Clusters and leads follow from the set of facts, whatever the order and the batches in which they came.

A small world is drawn from a seed: tips that share a few values, amended, researched and reviewed, with caps so low
that values pass them both ways, and a list of judgements. It is played in several orders, cut into random batches, with
repeats and with older versions after newer ones; judgements keep their own order and come once both their tips are
there. In half of the worlds a model is learned on the way, and what came before is linked anew bit by bit, beside what
comes. Each play must end in the partition that one clustering of the final state gives, and in the same leads: held for
the same reason, related to the same tips.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest

import services.linker.app
from services.linker.domain.cluster import Judged, Judgement, Shared, cluster, newest_judgements, pair_of
from services.linker.domain.estimate import Beside, tally_of
from services.linker.domain.evidence import Holding, Key, holdings_of, key_stats
from services.linker.domain.facts import Research, TipContent
from services.linker.domain.model import ANY, Learned, Model, Rates
from services.linker.domain.profile import Profile, profile_of
from services.linker.domain.references import references_of
from services.linker.domain.rules import Place, Rules, TypeRule
from services.linker.stream import read_batch
from shared.db.pool import Pool
from shared.events.envelope import Payload, decode, encode, open_payload
from shared.events.intake import GivenIdentifier, ResearchRecordedV1, TipAmendedV1, TipReceivedV1, TipReviewedV1
from shared.events.topics import models_by_type
from shared.kafka.consume import Record
from shared.kafka.inbox import Incoming
from tests.bench.linking.in_memory import references_among
from tests.builders import an_event, new_id
from tests.depth import deep
from tests.fakes import START, FakeClock
from tests.integration.linker.graph import WIPE, Graph, a_result, a_review, a_tip, email

RULES = Rules(
    "test",
    {
        "email": TypeRule("handle", 0.9, 5),
        "handle": TypeRule("handle", 0.3, 4),
        "phone": TypeRule("phone", 0.8, 4),
        "url": TypeRule("content", 0.6, 5),
        "reference": TypeRule("report", 0.6, 4),
        "sha256": TypeRule("content", 0.35, 3, joins=False),
    },
    held_tips_max=5,
    tied_tips_min=2,
    tie_others_max=1,
)
LEARNED = Model(
    Learned(
        births=Rates(0.9, 0.1),
        names=Rates(0.8, 0.2),
        kinds=(
            (("email", 0, 3, 2), 0.95, 0.3),
            (("email", 0, 3, 4), 0.6, 0.5),
            (("email", 0, 3, 8), 0.3, 0.5),
            *((("handle", surprise, ANY, ANY), 0.9, 0.3) for surprise in range(5, 9)),
            (("phone", 0, 3, 2), 0.5, 0.3),
            (("phone", 0, 3, 4), 0.3, 0.6),
            (("url", 0, 3, 2), 0.4, 0.3),
            (("url", 0, 3, 8), 0.7, 0.3),
            (("file", 0, 3, 2), 0.5, 0.3),
        ),
    ),
    RULES,
)
"""As if learned where numbers and addresses are shared, and long handles are personal: some join less, some more."""
NAMES = [("ncmec", f"CT-{number}") for number in range(8)] + [("police", f"CT-{number}") for number in (0, 1, 8)]
"""Sources and references of the tips: two sources number some alike."""
ORDERS = 4
WRONG_COUNTS = """
SELECT key.value, key.tip_count, key.viral_count, counted.tips, counted.viral
FROM key CROSS JOIN LATERAL (
    SELECT count(DISTINCT tip_id) AS tips, count(DISTINCT tip_id) FILTER (WHERE is_viral) AS viral
    FROM holding WHERE holding.key_id = key.key_id AND links
) AS counted
WHERE (key.tip_count, key.viral_count) <> (counted.tips, counted.viral)"""
SELECT_MEMBERSHIPS = "SELECT tip_id, cluster_id, component_id FROM membership"
SELECT_RELIABILITY = "SELECT reliability FROM key WHERE type = $1"
STALE_CLUSTERS = """
SELECT membership.tip_id FROM membership LEFT JOIN announcement ON kind = 'cluster' AND subject_id = tip_id
WHERE convert_from(event, 'UTF8')::jsonb -> 'payload' ->> 'cluster_id' IS DISTINCT FROM cluster_id::text
    OR announcement.version <> membership.version"""


Names = frozenset[tuple[str, str]]
"""What the tips of a lead or cluster are called: source and reference of each."""


@dataclass(frozen=True)
class World:
    facts: Sequence[Payload]
    judgements: Sequence[tuple[UUID, UUID, Judged, bool]]
    """left, right, decision, whether it is withdrawn in the end; the oldest first."""
    model: Model
    """The one that counts in the end; where it was learned, it comes on the way."""


def draw_world(chance: Random) -> World:
    tip_ids = [new_id() for _ in NAMES]
    facts: list[Payload] = []
    for number, tip_id in enumerate(tip_ids):
        for version in range(1, chance.choice([2, 2, 3, 4])):
            facts.append(_draw_tip(chance, number, tip_id, version))
        if chance.random() < 0.2:
            facts.append(a_result(tip_id, *_draw_values(chance)))
        for review in range(chance.choice([0, 1, 1, 2])):
            facts.append(a_review(tip_id, review + 1, chance.choice(["actionable", "not_actionable"])))
    judgements = [
        (*chance.sample(tip_ids, 2), chance.choice(["same", "different", "different", "unsure"]), chance.random() < 0.3)
        for _ in range(chance.randrange(5))
    ]
    return World(facts, judgements, chance.choice([LEARNED, Model(rules=RULES)]))  # type: ignore[arg-type]  # the samples are pairs


def _draw_values(chance: Random) -> list[GivenIdentifier]:
    values = [email(f"{name}@example.org") for name in ("amber.one", "basil", "cedar", "dahlia")]
    values += [email("amberone@example.net")]
    values += [GivenIdentifier(type="phone", value=f"+1617555230{n}") for n in range(3)]
    values += [GivenIdentifier(type="url", value="https://example.org/profile/1")]
    return chance.sample(values, chance.choice([0, 1, 1, 2, 3]))


def _draw_tip(chance: Random, number: int, tip_id: UUID, version: int) -> TipReceivedV1:
    source, source_ref = NAMES[number]
    return a_tip(
        source_ref,
        *_draw_values(chance),
        tip_id=tip_id,
        version=version,
        source=source,
        related_refs=chance.choices([source_ref for _, source_ref in NAMES], k=chance.choice([0, 0, 0, 1, 2])),
        files=_draw_files(chance),
        role=chance.choice(["subject"] * 5 + ["victim"]),
        names=chance.sample(["Rosa Invented", "R. Invented", "Otto Madeup"], chance.randrange(2)),
        birth_date=chance.choice([None, "1980-03-04", "1980-03-05", "1991-01-01", "1975-12-30"]),
    )


def _draw_files(chance: Random) -> list[dict[str, Any]]:
    if chance.random() >= 0.3:
        return []
    return [{"sha256": f"{chance.randrange(3):064x}"[::-1].replace("0", "a"), "viral": chance.random() < 0.15}]


async def play(graph: Graph, world: World, chance: Random) -> None:
    facts = [an_event(fact) for fact in chance.sample(world.facts, len(world.facts))]
    facts += chance.sample(facts, len(facts) // 4)
    left = list(world.judgements)
    withdrawn: list[Judgement] = []
    seen: set[UUID] = set()
    news = [world.model] if world.model.learned != Learned() else []
    while facts or left or news:
        if news and (chance.random() < 0.2 or not facts):
            await graph.believe(news.pop())
        if chance.random() < 0.3:
            await graph.learner().relink_some()
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
    await graph.relink()


def expected(world: World) -> tuple[set[tuple[UUID, UUID, UUID]], set[Names]]:
    """Return where each tip must be filed in the end, and the tips of each cluster with an actionable one."""
    batch = read_batch([_incoming(fact) for fact in world.facts])
    research: dict[UUID, list[Research]] = {}
    for (tip_id, _), result in sorted(batch.research.items()):
        research.setdefault(tip_id, []).append(result)
    contents: dict[UUID, TipContent] = dict(batch.contents)
    profiles = {c.tip_id: profile_of(c, research.get(c.tip_id, ())) for c in contents.values()}
    said = [each for c in contents.values() for each in holdings_of(c, research.get(c.tip_id, ()))]
    versions = [*batch.contents.values(), *batch.older]
    ever = {(c.tip_id, each.key) for c in versions for each in holdings_of(c) if each.links}
    former = Counter(key for _, key in ever - {(each.tip_id, each.key) for each in said if each.links})
    references = references_among(list(contents.values()))
    named = [each for tip_id, found in references.items() for each in references_of(tip_id, found)]
    shared = _weighed([*said, *named], profiles, world.model, former)
    judgements = [
        Judgement(UUID(int=number), *pair_of(left, right), decision, START.replace(second=number), is_withdrawn)
        for number, (left, right, decision, is_withdrawn) in enumerate(world.judgements)
    ]
    found = cluster(contents, shared, profiles, newest_judgements(judgements), model=world.model)
    names = {
        each.cluster_id: frozenset((contents[tip].source, contents[tip].source_ref) for tip in each.tip_ids)
        for each in found
    }
    good = {tip for tip, review in batch.reviews.items() if review.decision == "actionable"}
    filed = {(tip, each.cluster_id, each.component_id) for each in found for tip in each.tip_ids}
    return filed, {names[each.cluster_id] for each in found if not good.isdisjoint(each.tip_ids)}


def _weighed(
    holdings: Sequence[Holding], profiles: Mapping[UUID, Profile], model: Model, former: Mapping[Key, int]
) -> dict[Key, Shared]:
    """Return the values that say something, each weighed by its holders."""
    stats = key_stats(holdings)
    holders: dict[Key, set[UUID]] = {}
    held: dict[UUID, dict[Hashable, Place]] = {}
    for each in holdings:
        if each.links:
            holders.setdefault(each.key, set()).add(each.tip_id)
            stat = stats[each.key]
            if not stat.viral_count and RULES.may_join(each.key.type, stat.tip_count, former[each.key]):
                held.setdefault(each.tip_id, {})[each.key] = RULES.place_of(each.key.type, each.key.scope)
    shared = {}
    for key, tip_ids in holders.items():
        place = RULES.place_of(key.type, key.scope)
        tally = tally_of(place, tip_ids, profiles=profiles, beside=Beside(held))
        reliability = model.reliability(key, len(tip_ids), tally)
        standing = model.standing(key.type, len(tip_ids), stats[key].viral_count, reliability, former_count=former[key])
        if standing in ("joins", "shows"):
            shared[key] = Shared(tip_ids, reliability, joins=standing == "joins")
    return shared


def _incoming(fact: Payload) -> Incoming:
    value = encode(an_event(fact))
    envelope = decode(value)
    payload = open_payload(envelope, models_by_type()[envelope.type, envelope.version])
    return Incoming(envelope, payload, Record("intake.tips", 0, 0, None, value, (), 0), "linker")


def names_of(lead: dict[str, Any]) -> Names:
    return frozenset((tip["source"], tip["source_ref"]) for tip in lead["tips"])


def said_of(lead: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a lead says of its state and its neighbours."""
    return lead["state"], lead["held_by"], lead["personal"]["held_identifier"], lead["related"]


@pytest.mark.parametrize("seed", range(deep(10)))
async def test_any_order_and_any_batches_give_the_same_clusters_and_leads(
    seed: int,
    pool_of: Callable[[str], Awaitable[Pool]],
    clock: FakeClock,
    owner_pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services.linker.app, "TIPS_AT_ONCE_MAX", 3)
    world, pool = draw_world(Random(seed)), await pool_of("linker")
    filed, leads = expected(world)
    told: list[dict[Names, Any]] = []
    for order in range(ORDERS):
        await owner_pool.execute(WIPE)
        graph = Graph(pool, clock, RULES)
        await play(graph, world, Random(1_000 * seed + order))
        assert {tuple(row) for row in await graph.pool.fetch(SELECT_MEMBERSHIPS)} == filed
        live = await graph.live_leads()
        assert len(live) == len(leads)
        assert {names_of(lead) for lead in live} == leads
        assert await graph.pool.fetch(WRONG_COUNTS) == []
        assert await graph.pool.fetch(STALE_CLUSTERS) == []
        told.append({names_of(lead): said_of(lead) for lead in live})
        assert told[-1] == told[0]


async def test_a_value_that_became_too_common_is_no_company_for_another_either(graph: Graph, owner_pool: Pool) -> None:
    """That holders of a phone number share an address too speaks for it, unless by now everybody has the address."""
    phone, address = GivenIdentifier(type="phone", value="+16175552301"), email("basil@example.org")
    four = [a_tip(f"CT-{number}", phone, address, names=[]) for number in range(4)]
    others = [a_tip(f"CT-{number}", address, names=[]) for number in range(4, 6)]
    found = []
    for tips in ([*others, *four], [*four, *others]):
        await owner_pool.execute(WIPE)
        graph = Graph(graph.pool, graph.clock, RULES)
        for tip in tips:
            await graph.tell(tip)
        for left, right in (four[:2], four[2:]):
            await graph.judge(left.tip_id, right.tip_id, "same")
        found.append((await graph.clusters(), await graph.pool.fetchval(SELECT_RELIABILITY, "phone")))
    assert found[0] == found[1]


async def test_the_worlds_of_this_test_have_what_they_are_to_show() -> None:
    """Else the property would hold for lack of cases."""
    worlds = [draw_world(Random(seed)) for seed in range(10)]
    filed = [place for world in worlds for place in expected(world)[0]]
    assert max(Counter(cluster_id for _, cluster_id, _ in filed).values()) > 3
    assert len({component for _, _, component in filed}) < len({cluster_id for _, cluster_id, _ in filed})
    assert sum(len(world.judgements) for world in worlds) > 10
    assert len({world.model.version for world in worlds}) == 2
    assert (
        sum(fact.related_refs != [] for world in worlds for fact in world.facts if isinstance(fact, TipReceivedV1)) > 10
    )
    for kind in (ResearchRecordedV1, TipReviewedV1):
        assert any(isinstance(fact, kind) for world in worlds for fact in world.facts)
