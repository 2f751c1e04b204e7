"""With a silent lead and without it, a list of another agency is answered and alerted alike, whatever comes in between.

The same people, told of by the same visible tips, exist twice: in one world there is a silent lead about them besides.
Its facts lie anywhere among the others.
"""

import random
from typing import Any
from uuid import UUID

import pytest

from shared.clock import SystemClock
from shared.events.linker import LeadOpenedV1
from tests.builders import new_id
from tests.depth import deep
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_referral, a_review, a_tip, an_email
from tests.integration.query.lists import Lists, alerts_of, read

PEOPLE = 3


@pytest.mark.parametrize("seed", range(deep(6)))
async def test_a_silent_lead_shows_in_nothing_that_another_agency_is_told(
    facts: Facts, cbp: Officer, seed: int
) -> None:
    lists = Lists(facts.pool, SystemClock())
    worlds = []
    for is_silent_there in (False, True):
        chance = random.Random(seed)
        names = [_a_name(chance, is_silent_there) for _ in range(PEOPLE)]
        manifest_id = await lists.submit(cbp, *({"name": n, "emails": [_email_of(n)]} for n in names))
        numbers: dict[str, int] = {}
        steps = [_visible(chance, name, numbers) for name in names for _ in range(chance.randrange(3))]
        silent = _silent(random.Random(seed), names) if is_silent_there else []
        for step in steps:
            batch = [silent.pop(0) for _ in range(min(len(silent), 2))]
            await facts.tell(*step[: len(step) // 2], *batch, *step[len(step) // 2 :])
            await lists.sweep()
        if silent:
            await facts.tell(*silent)
        await lists.sweep()
        alerts = await alerts_of(cbp, f"?manifest_id={manifest_id}&limit=500")
        results = (await read(cbp, manifest_id))["results"]
        rows = await facts.pool.fetchval("SELECT count(*) FROM told JOIN passenger USING (passenger_no) "
                                         "WHERE manifest_id = $1", UUID(manifest_id))  # fmt: skip
        worlds.append(([_said(a, numbers) for a in alerts], [_answered(r, numbers) for r in results], rows))
    assert worlds[0] == worlds[1]


async def test_silencing_a_lead_and_lifting_the_silence_raise_no_alert(
    facts: Facts, cbp: Officer, ice: Officer
) -> None:
    """Nor is anything put on record of it; what is read of the passenger is what may be told at the time."""
    lists = Lists(facts.pool, SystemClock())
    lead = await _a_lead_about(facts, "Ana Lopez")
    manifest_id = await lists.submit(cbp, {"name": "ANA LOPEZ"})
    await lists.submit(ice, {"name": "ANA LOPEZ"})
    before = await facts.pool.fetchval("SELECT count(*) FROM lookup")
    for version, (is_silent, match_count) in enumerate([(True, 0), (False, 1), (True, 0)], start=2):
        await facts.tell(lead.model_copy(update={"silent": is_silent, "lead_version": version}))
        await lists.sweep()
        assert await _match_count(cbp, manifest_id) == match_count
    assert await alerts_of(cbp) == await alerts_of(ice) == []
    assert await facts.pool.fetchval("SELECT count(*) FROM lookup") == before


async def test_a_match_that_was_silent_when_the_list_was_looked_up_again_comes_back_without_an_alert(
    facts: Facts, cbp: Officer
) -> None:
    lists = Lists(facts.pool, SystemClock())
    lead = await _a_lead_about(facts, "Ana Lopez")
    manifest_id = await lists.submit(cbp, {"name": "ANA LOPEZ"})
    await facts.tell(lead.model_copy(update={"silent": True, "lead_version": 2}))
    assert (await cbp.post(f"/v1/manifests/{manifest_id}/screenings", {})).status_code == 202
    await lists.screen()
    await lists.sweep()
    assert await _match_count(cbp, manifest_id) == 0
    await facts.tell(lead.model_copy(update={"silent": False, "lead_version": 3}))
    await lists.sweep()
    assert await _match_count(cbp, manifest_id) == 1
    assert await alerts_of(cbp) == []


async def test_of_a_passenger_with_a_silent_lead_only_what_else_is_new_is_alerted(facts: Facts, cbp: Officer) -> None:
    lists = Lists(facts.pool, SystemClock())
    lead = await _a_lead_about(facts, "Ana Lopez")
    await lists.submit(cbp, {"name": "ANA LOPEZ"})
    tip = a_tip(a_party(name="Ana Lopez"))
    await facts.tell(lead.model_copy(update={"silent": True, "lead_version": 2}), tip)
    await lists.sweep()
    [alert] = await alerts_of(cbp)
    assert [change["tip_id"] for change in alert["changes"]] == [str(tip.tip_id)]
    assert await facts.pool.fetchval("SELECT count(*) FROM alert_change") == 1, "nothing else is kept of it"


async def _a_lead_about(facts: Facts, name: str) -> LeadOpenedV1:
    """Return an open lead, told to all, whose one tip is about somebody of that name."""
    tip, cluster_id = a_tip(a_party(name=name)), new_id()
    lead = a_lead(cluster_id)
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), a_review(tip.tip_id, "actionable"), lead)
    return lead


async def _match_count(officer: Officer, manifest_id: str) -> int:
    """Return how many matches the one passenger of a list is shown to have."""
    [result] = (await read(officer, manifest_id))["results"]
    return len(result["matches"])


def _a_name(chance: random.Random, is_silent_there: bool) -> str:
    """Return a name like no other; those of the two worlds are as long as each other."""
    letters = "bdfgklm" if is_silent_there else "nprstvz"
    return " ".join("".join(letters[chance.randrange(7)] for _ in range(12)) for _ in range(2))


def _email_of(name: str) -> str:
    return f"{name.replace(' ', '.')}@example.org"


def _visible(chance: random.Random, name: str, numbers: dict[str, int]) -> list[Any]:
    tip, cluster_id = a_tip(a_party(an_email(_email_of(name)), name=name)), new_id()
    numbers[str(tip.tip_id)] = len(numbers)
    told: list[Any] = [tip, a_membership(tip.tip_id, cluster_id)]
    if chance.random() < 0.5:
        told += [a_review(tip.tip_id, "actionable"), a_lead(cluster_id)]
    return told


def _silent(chance: random.Random, names: list[str]) -> list[Any]:
    """Return the facts of a silent lead about all of them: what says that it is silent comes before its tips."""
    cluster_id = new_id()
    lead = a_lead(cluster_id, state="referred", silent=True)
    tips = [a_tip(a_party(an_email(_email_of(name)), name=name)) for name in names]
    said = [a_referral(lead), *(a_review(tip.tip_id, "actionable") for tip in tips), *tips]
    chance.shuffle(said)
    return [lead, *(a_membership(tip.tip_id, cluster_id) for tip in tips), *said]


def _said(alert: dict[str, Any], numbers: dict[str, int]) -> Any:
    changes = [(numbers[change["tip_id"]], change["before"], change["after"]) for change in alert["changes"]]
    return alert["traveller_ref"], alert["grade"], sorted(changes, key=str)


def _answered(result: dict[str, Any], numbers: dict[str, int]) -> Any:
    return [
        ([numbers[tip_id] for tip_id in match["tip_ids"]], match["grade"], match["investigation"], match["relevant"])
        for match in result["matches"]
    ]
