"""How the database goes about what statistics count, where that is far from the least work."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.query.store import statistics
from tests.integration.query.conftest import Facts

OF_THE_WHOLE = (
    statistics.COUNT_TIPS,
    statistics.COUNT_LINKED_TIPS,
    statistics.COUNT_LEADS,
    statistics.COUNT_REFERRALS,
)
"""What goes through all tips, leads or referrals of a period."""
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("statement", OF_THE_WHOLE)
async def test_what_is_hidden_is_asked_of_silent_leads_and_not_of_all_that_is_counted(
    facts: Facts, statement: str
) -> None:
    """For a year's tips the function took most of the time; how long exactly is not what fails here."""
    plan = await facts.pool.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *YEAR, "sac-boston")
    asking = [node for node in _nodes(json.loads(plan)[0]["Plan"]) if "is_hidden(" in node.get("Filter", "")]
    assert [node["Alias"] for node in asking] == ["silent_lead"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
