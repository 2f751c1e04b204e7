"""The simpler linkers on a world small enough to see through, what ours is fed, and how figures become verdicts."""

from typing import Any

import pytest

from services.linker.stream import MODELS
from shared.errors import Rejected
from shared.events.envelope import decode, open_payload
from shared.events.intake import TipReceivedV1
from tests.bench.linking.__main__ import find_worlds
from tests.bench.linking.baselines import (
    CLUSTERS_MAX,
    link_all_values,
    link_strong_values,
    link_subject_values,
    splink_rows,
)
from tests.bench.linking.product import NAME, tip_events
from tests.bench.linking.report import Result, grouped
from tests.bench.linking.score import Attempt, Score, score_clusters
from tests.bench.linking.world import World


def a_party(*identifiers: tuple[str, str], role: str = "subject", **fields: Any) -> dict[str, Any]:
    return {"role": role, "identifiers": [{"type": type_, "value": value} for type_, value in identifiers], **fields}


def a_world(*parties_of_tips: list[dict[str, Any]]) -> World:
    tips = [
        {
            "source": "ncmec",
            "source_ref": f"CT-{number}",
            "reported_at": "2026-03-01T23:30:00+00:00",
            "incident": {"type": "possession"},
            "parties": parties,
        }
        for number, parties in enumerate(parties_of_tips)
    ]
    return World("tiny", 1, tips, [str(number) for number in range(len(tips))])


def together(attempt: Attempt) -> set[frozenset[int]]:
    """Return the clusters as sets of tips, by number."""
    assert attempt.clusters is not None
    found: dict[Any, set[int]] = {}
    for tip, cluster in enumerate(attempt.clusters):
        found.setdefault(cluster, set()).add(tip)
    return {frozenset(tips) for tips in found.values()}


ROLES = a_world(
    [a_party(("email", "Rosa.77@example.org"))],
    [a_party(("email", "Rosa.77@example.org"), ("ip", "203.0.113.9"))],
    [a_party(("ip", "203.0.113.9")), a_party(("phone", "+12025550143"), role="reporter")],
    [a_party(("phone", "+12025550143"), role="reporter")],
    [a_party(("email", "ROSA.77@example.org"))],
)


def test_raw_values_join_whatever_their_type_and_only_letter_by_letter() -> None:
    assert together(link_subject_values(ROLES)) == {frozenset({0, 1, 2}), frozenset({3}), frozenset({4})}


def test_over_all_parties_a_reporter_joins_too() -> None:
    assert together(link_all_values(ROLES)) == {frozenset({0, 1, 2, 3}), frozenset({4})}


def test_strong_values_join_in_any_spelling_and_weak_ones_never() -> None:
    assert together(link_strong_values(ROLES)) == {frozenset({0, 1, 4}), frozenset({2}), frozenset({3})}


def test_placeholders_are_not_strong() -> None:
    world = a_world(*[[a_party(("email", "none@none.com"), ("device", "000000000000000"))] for _ in range(3)])
    assert len(together(link_strong_values(world))) == 3


@pytest.mark.parametrize(("holders", "clusters"), [(CLUSTERS_MAX, 1), (CLUSTERS_MAX + 1, CLUSTERS_MAX + 1)])
def test_a_value_joins_up_to_the_cap(holders: int, clusters: int) -> None:
    world = a_world(*[[a_party(("email", "house.77@example.org"))] for _ in range(holders)])
    assert len(together(link_strong_values(world))) == clusters


def test_the_cap_counts_clusters_and_not_tips() -> None:
    """Six tips of one mailbox, of which two share another as well: five clusters by the time the first is looked at."""
    mails: list[list[tuple[str, str]]] = [[("email", "rosa.77@example.org")]] * 2 + [[]] * 4
    world = a_world(*[[a_party(("email", "house.77@example.org"), *mail)] for mail in mails])
    assert len(together(link_strong_values(world))) == 1


def test_splink_is_given_each_subjects_values_once_and_no_placeholder() -> None:
    subject = a_party(
        ("email", "none@none.com"),
        ("email", "Rosa.77@example.org"),
        ("email", "rosa.77@example.org"),
        ("ip", "203.0.113.9"),
        ("ip", "10.0.0.1"),
        names=["López, Ana"],
        birth_date="1980-02",
    )
    row = splink_rows(a_world([subject, a_party(("phone", "+12025550143"), role="victim")]).tips)[0]
    assert (row["mail"], row["mails"]) == ("rosa.77@example.org", ["rosa.77@example.org"])
    assert (row["phone"], row["phones"], row["birth"]) == (None, None, None)
    assert row["ip_days"] == ["203.0.113.9 2026-03-01"]
    assert row["name"] == "ana lopez"


def test_our_linker_is_fed_what_intake_publishes() -> None:
    events = [decode(value) for value in tip_events(ROLES, {"ncmec": "ngo"})]
    assert TipReceivedV1 in MODELS
    tips = [open_payload(event, TipReceivedV1) for event in events]
    assert [tip.source_ref for tip in tips if isinstance(tip, TipReceivedV1)] == [f"CT-{n}" for n in range(5)]
    assert len({event.event_id for event in events}) == len({event.subject.id for event in events}) == 5


def test_a_tip_that_intake_would_refuse_is_not_measured() -> None:
    with pytest.raises(Rejected):
        list(tip_events(a_world([a_party(role="stranger")]), {"ncmec": "ngo"}))


def a_result(linker: str = NAME, *, f1: float = 1.0, seed: int = 1, **fields: Any) -> Result:
    score = Score(1.0, f1, f1, 1.0, f1, f1, largest=10, largest_true=10)
    return Result(
        **{"kind": "field", "tips": 50_000, "seed": seed, "seconds": 10.0, "score": score, **fields}, linker=linker
    )


def test_verdicts_are_of_the_median_and_of_our_linker_alone() -> None:
    ours, other = grouped(
        [a_result(f1=f1, seed=seed) for seed, f1 in enumerate((0.9, 0.5, 0.81))] + [a_result("simple", f1=0.1)]
    )
    assert ours.medians["F1"] == 0.81
    assert ours.verdicts == {"F1": "ok", "precision": "ok", "largest/true": "ok", "tips/s": "ok"}
    assert other.verdicts == {}


def test_each_target_can_be_missed() -> None:
    hairball = score_clusters(["one"] * 6, "xxxyyz")
    (group,) = grouped([a_result(score=hairball, seconds=100.0)])
    assert set(group.verdicts.values()) == {"SHORT"}
    assert len(group.verdicts) == 4


@pytest.mark.parametrize("others", [0, 2])
def test_what_was_cut_is_short_whatever_the_other_runs_say(others: int) -> None:
    (group,) = grouped([a_result(score=None), *(a_result(seed=2 + number) for number in range(others))])
    assert len(group.verdicts) == 4
    assert set(group.verdicts.values()) == {"SHORT"}


def test_the_first_kind_of_world_asks_for_more() -> None:
    verdicts = [grouped([a_result(f1=0.85, kind=kind)])[0].verdicts["F1"] for kind in ("provider", "field", "new")]
    assert verdicts == ["SHORT", "ok", "ok"]


def test_every_world_module_is_found() -> None:
    assert {"provider", "field"} <= set(find_worlds())
