"""With a silent lead and without it, a list of another agency is answered and alerted alike, whatever comes in between.

The same people, told of by the same visible tips, exist twice: in one world there is a silent lead about them besides.
Its facts lie anywhere among the others.
"""

import random
from typing import Any
from uuid import UUID

import pytest

from shared.clock import SystemClock
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
