"""The hearsay world is what its docstring says: short handles, shared mailboxes, desks written down as subjects."""

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest

from shared.identifiers import normalise_identifier
from tests.bench.linking.world import World
from tests.bench.linking.worlds.hearsay import DESK, DESK_AS_SUBJECT, NO_REGION, SHARES, SIZE_MAX, generate

TIPS = 2_000


@cache
def world() -> World:
    return generate(1, TIPS)


def rows_of(tip: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [row for party in tip["parties"] if party["role"] == role for row in party["identifiers"]]


def test_tips_stand_in_order_of_arrival() -> None:
    times = [tip["reported_at"] for tip in world().tips]
    assert times == sorted(times)


def test_every_identifier_is_well_formed_but_for_phones_that_do_not_say_their_country() -> None:
    unread, phones = 0, 0
    for tip in world().tips:
        for row in rows_of(tip, "subject"):
            scopes = {name: row.get(name) for name in ("service", "region", "country")}
            found = normalise_identifier(row["type"], row["value"], **scopes)
            assert found is not None or row["type"] == "phone", row
            phones += row["type"] == "phone"
            unread += found is None
    assert 0 < unread < NO_REGION * phones


def test_sources_report_in_about_their_shares_and_tell_two_identifiers_on_average() -> None:
    counts = Counter(tip["source"] for tip in world().tips)
    for source, share in SHARES.items():
        assert counts[source] / TIPS == pytest.approx(share / 100, abs=0.05)
    assert sum(len(rows_of(tip, "subject")) for tip in world().tips) / TIPS == pytest.approx(2.1, abs=0.3)


def test_offenders_have_one_to_forty_eight_tips_and_most_one_or_two() -> None:
    sizes = Counter(Counter(world().actors).values())
    assert 20 < max(sizes) <= SIZE_MAX
    assert sizes[1] + sizes[2] > 0.6 * sum(sizes.values())


def test_many_have_the_same_handle_and_some_the_same_mailbox() -> None:
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tip, actor in zip(world().tips, world().actors, strict=True):
        for row in rows_of(tip, "subject"):
            owners[row["type"], row["value"]].add(actor)
    by_type: dict[str, list[int]] = defaultdict(list)
    for (kind, _), found in owners.items():
        by_type[kind].append(len(found))
    assert sum(count > 1 for count in by_type["username"]) > 0.05 * len(by_type["username"])
    assert 0.02 < sum(count > 1 for count in by_type["email"]) / len(by_type["email"]) < 0.2


def test_a_desk_that_reports_is_now_and_then_written_down_as_the_subject() -> None:
    reported = [tip for tip in world().tips if rows_of(tip, "reporter")]
    mixed = [tip for tip in reported if any(row in rows_of(tip, "subject") for row in rows_of(tip, "reporter"))]
    assert len(reported) / TIPS == pytest.approx(DESK, abs=0.05)
    assert len(mixed) / len(reported) == pytest.approx(DESK_AS_SUBJECT, abs=0.05)
