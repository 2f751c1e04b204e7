"""The field world is what its docstring says: valid tips, known sizes, shared noise. Nothing here links anything."""

from collections import Counter, defaultdict
from datetime import datetime
from functools import cache

import pytest

from tests.bench.linking.field_lives import SIZE_MAX
from tests.bench.linking.field_people import Row
from tests.bench.linking.world import World
from tests.bench.linking.worlds.field import DESKS, REPORTER_IN_SUBJECT, generate

TIPS = 2_000


@cache
def world() -> World:
    return generate(1, TIPS)


def rows_of(tip: Row, role: str) -> list[Row]:
    return [row for party in tip["parties"] if party["role"] == role for row in party.get("identifiers", [])]


def test_tips_stand_in_order_of_arrival_and_name_only_earlier_ones() -> None:
    times = [datetime.fromisoformat(tip["reported_at"]) for tip in world().tips]
    assert times == sorted(times)
    seen: set[str] = set()
    for tip in world().tips:
        assert set(tip.get("related_refs", [])) <= seen
        seen.add(tip["source_ref"])


def test_offenders_have_one_to_forty_eight_tips_and_most_one_or_two() -> None:
    sizes = Counter(Counter(world().actors).values())
    assert max(sizes) <= SIZE_MAX
    assert max(sizes) > 20, "no large offender at all"
    assert sizes[1] + sizes[2] > 0.7 * sum(sizes.values())


def test_sources_report_in_about_their_shares() -> None:
    counts = Counter(tip["source"] for tip in world().tips)
    for desk in DESKS:
        assert counts[desk.source] / TIPS == pytest.approx(desk.share / 100, abs=0.05)


def test_reports_are_sparse_and_few_ips_have_a_port() -> None:
    rows = [row for tip in world().tips for row in rows_of(tip, "subject")]
    ips = [row for row in rows if row["type"] == "ip"]
    assert len(rows) < 4 * TIPS
    assert 0 < sum("port" in row for row in ips) < 0.15 * len(ips)


def test_a_careless_desk_is_seldom() -> None:
    phones = [[row for row in rows_of(tip, "reporter") if row["type"] == "phone"] for tip in world().tips]
    mixed = [
        tip for tip, rows in zip(world().tips, phones, strict=True) if any(r in rows_of(tip, "subject") for r in rows)
    ]
    assert 0 < len(mixed) < 2.5 * REPORTER_IN_SUBJECT * sum(map(bool, phones))


def test_what_many_share_stands_on_tips_of_many_offenders() -> None:
    """Were nothing shared, the world would be too clean: a reporter and a group chat reach many offenders each."""
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tip, actor in zip(world().tips, world().actors, strict=True):
        for role in ("reporter", "subject"):
            for row in rows_of(tip, role):
                holders[role, row["value"]].add(actor)
    assert max(len(actors) for (role, _), actors in holders.items() if role == "reporter") > 20
    assert max(len(actors) for (_, value), actors in holders.items() if "joinchat" in value) > 4
