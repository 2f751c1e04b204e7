"""How tips that came before are linked by what was learned since, and by rules that read more in them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

import services.linker.app
from services.linker.domain.model import ANY, Learned, Model
from services.linker.domain.rules import RULES
from shared.db.pool import Pool
from shared.events.intake import GivenIdentifier
from tests.fakes import FakeClock
from tests.integration.linker.graph import Graph, a_tip, email

SELECT_KEYS = "SELECT key_id, standing, reliability FROM key WHERE tip_count > 1 ORDER BY key_id"
HOLD_NOTHING = """
TRUNCATE holding, key;
UPDATE membership SET cluster_id = tip_id, component_id = tip_id;
UPDATE tip SET linked_by = 'old.0'"""


def of_handles(reliability: float, joining_min: float | None = None) -> Model:
    kinds = tuple((("handle", surprise, ANY, ANY), reliability, 0.3) for surprise in range(9))
    return Model(Learned(kinds=kinds, joining_min=joining_min))


@pytest.mark.parametrize(
    ("joins", "parts"),
    [(of_handles(0.95), of_handles(0.1)), (of_handles(0.75, 0.45), of_handles(0.75, 0.85))],
    ids=["less reliable", "more asked for"],
)
async def test_a_value_that_joins_by_a_new_model_joins_tips_that_are_linked_anew_apart(
    graph: Graph, joins: Model, parts: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that no longer joins parts them, the one time and the other."""
    monkeypatch.setattr(services.linker.app, "TIPS_AT_ONCE_MAX", 1)
    handles = [GivenIdentifier(type="username", value="quiet.otter", service=name) for name in ("forum", "chat")]
    await graph.tell(*(a_tip(f"CT-{number}", handle, names=[]) for number, handle in enumerate(handles)))
    for model, count in ((joins, 1), (parts, 2), (joins, 1)):
        await graph.believe(model)
        await graph.relink()
        assert len(await graph.clusters()) == count


async def test_a_tip_may_come_while_a_value_that_joins_by_a_new_model_is_not_weighed_by_it(graph: Graph) -> None:
    """Some that hold it are at hand then, and some are not."""
    forum, chat, game = (
        GivenIdentifier(type="username", value="quiet.otter", service=name) for name in ("forum", "chat", "game")
    )
    first, second = email("first@example.org"), email("second@example.org")
    await graph.believe(of_handles(0.75, 0.85))
    held = {"CT-1": [forum, first], "CT-2": [chat, first, second], "CT-3": [game]}
    await graph.tell(*(a_tip(ref, *values, names=[]) for ref, values in held.items()))
    await graph.believe(of_handles(0.75, 0.45))
    await graph.tell(a_tip("CT-4", second, names=[]))
    assert await graph.clusters() == {frozenset({"CT-1", "CT-2", "CT-4"}), frozenset({"CT-3"})}
    await graph.relink()
    assert await graph.clusters() == {frozenset({"CT-1", "CT-2", "CT-3", "CT-4"})}


async def test_who_is_linked_otherwise_by_a_new_model_is_told_and_nobody_else(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also who is linked anew only after the value that they share with others was weighed."""
    monkeypatch.setattr(services.linker.app, "TIPS_AT_ONCE_MAX", 1)
    weak, strong = of_handles(0.1), of_handles(0.95)
    await graph.believe(weak)
    handles = [GivenIdentifier(type="username", value="quiet.otter", service=name) for name in ("forum", "chat")]
    changed = [a_tip(f"CT-{number}", handle, names=[]) for number, handle in enumerate(handles)]
    await graph.tell(*changed, *(a_tip(f"CT-same-{number}", email("a.b@example.org"), names=[]) for number in (1, 2)))
    before = len(await graph.events("tip.linked"))
    await graph.believe(strong)
    await graph.relink()
    told = (await graph.events("tip.linked"))[before:]
    assert sorted(event["payload"]["tip_id"] for event in told) == sorted(str(tip.tip_id) for tip in changed)


async def test_rules_that_let_a_kind_of_value_link_hold_for_tips_that_came_before(
    pool_of: Callable[[str], Awaitable[Pool]], clock: FakeClock
) -> None:
    types = {name: rule for name, rule in RULES.types.items() if name not in ("email", "handle", "handle_family")}
    old = Graph(await pool_of("linker"), clock, replace(RULES, version="old", types=MappingProxyType(types)))
    value = email("someone@example.org")
    await old.tell(a_tip("CT-1", value, names=[]), a_tip("CT-2", value, names=[]))
    assert len(await old.clusters()) == 2
    new = Graph(old.pool, clock)
    await new.relink()
    assert await new.clusters() == {frozenset({"CT-1", "CT-2"})}
    await old.relink()
    assert len(await old.clusters()) == 2


async def test_rules_of_another_version_read_anew_what_tips_hold(graph: Graph, owner_pool: Pool) -> None:
    """As after a release that reads more in tips than the one by which these were linked."""
    value = email("someone@example.org")
    await graph.tell(a_tip("CT-1", value, names=[]), a_tip("CT-2", value, names=[]))
    keys = await graph.pool.fetch(SELECT_KEYS)
    await owner_pool.execute(HOLD_NOTHING)
    await graph.relink()
    assert await graph.clusters() == {frozenset({"CT-1", "CT-2"})}
    assert await graph.pool.fetch(SELECT_KEYS) == keys
