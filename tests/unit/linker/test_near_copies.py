"""Which pictures a tip shows, what a near copy says, and to whom it relates a cluster."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from services.linker.domain.cluster import Cluster, Judged, Judgement, Pair, pair_of
from services.linker.domain.facts import File, Research, TipContent, Urgency
from services.linker.domain.links import links_of
from services.linker.domain.model import Model, odds_bits
from services.linker.domain.pdq import BITS, DISTANCE_MAX, Picture, is_blank
from services.linker.domain.pictures import NearCopy, near_evidence, pictures_of, related_by_pictures
from services.linker.domain.rules import MEDIUM_MIN, RULES
from tests.fakes import START

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in range(1, 5))
SHOWN = int("5a0f93c1" * 7 + "5a0f93c2", 16)
OTHER = SHOWN >> 3


def a_file(pdq: int = SHOWN, quality: int | None = 90, **fields: Any) -> File:
    return File(pdq=f"{pdq:064x}", pdq_quality=quality, **fields)


def a_content(*files: File, is_viral: bool = False) -> TipContent:
    urgency = Urgency(viral=is_viral)
    return TipContent(ONE, 1, "ncmec", "CT-1", START, "possession", urgency=urgency, files=files)


def a_copy(left: UUID, right: UUID) -> list[NearCopy]:
    return [NearCopy(left, right, SHOWN, 12, 3), NearCopy(right, left, OTHER, 12, 3)]


def a_cluster(number: int, *tip_ids: UUID, related: Sequence[UUID] = ()) -> Cluster:
    return Cluster(UUID(int=90 + number), UUID(int=80), tip_ids, tuple(related))


def judged(left: UUID, right: UUID, decision: Judged) -> dict[Pair, Judgement]:
    pair = pair_of(left, right)
    return {pair: Judgement(UUID(int=7), *pair, decision, START)}


def test_pictures_come_from_the_tip_and_its_research_each_hash_once() -> None:
    research = [Research(files=(a_file(OTHER), a_file(SHOWN, viral=True)))]
    assert pictures_of(a_content(a_file(), a_file(), File(sha1="a" * 40)), research) == (
        Picture(ONE, 1, SHOWN, is_viral=True),
        Picture(ONE, 2, OTHER),
    )


@pytest.mark.parametrize(("quality", "count"), [(None, 0), (49, 0), (50, 1), (100, 1)])
def test_a_picture_needs_a_quality_of_50(quality: int | None, count: int) -> None:
    assert len(pictures_of(a_content(a_file(quality=quality)))) == count


def test_a_tip_about_something_viral_calls_its_own_pictures_viral_but_not_what_research_found() -> None:
    found = pictures_of(a_content(a_file(), is_viral=True), [Research(files=(a_file(OTHER),))])
    assert [picture.is_viral for picture in found] == [True, False]


@pytest.mark.parametrize(
    "text",
    ["0" * 64, "f" * 64, "a" * 64, "5a" * 32, "0123456789abcdef" * 4, "0f1e2d3c" * 8, "7" * 32 + "7" * 32],
)
def test_a_hash_that_stands_for_no_picture_is_refused(text: str) -> None:
    assert is_blank(int(text, 16))
    assert pictures_of(a_content(File(pdq=text, pdq_quality=100))) == ()


@pytest.mark.parametrize(("ones", "blank"), [(DISTANCE_MAX, True), (32, False), (BITS - 32, False), (BITS - 31, True)])
def test_a_hash_near_all_zeros_or_all_ones_is_blank(ones: int, blank: bool) -> None:
    assert is_blank((1 << ones) - 1) is blank
    assert not is_blank(SHOWN)


def test_a_near_copy_is_said_in_a_sentence_with_its_distance() -> None:
    evidence = near_evidence(NearCopy(ONE, TWO, SHOWN, 12, 3), RULES)
    assert evidence.detail == "near copy of a picture, 12 of 256 bits differ, seen in 3 tips"
    assert (evidence.rule, evidence.type, evidence.frequency) == ("near_picture", "pdq", 3)
    assert evidence.value == f"{SHOWN:064x}"
    assert evidence.weight == round(odds_bits(RULES.types["pdq"].reliability), 2)


def test_a_near_copy_never_joins_and_is_too_weak_to_be_told_as_news() -> None:
    """The second stage tells no links; were this evidence stronger, it would have to."""
    assert not RULES.types["pdq"].joins
    assert RULES.prior_of("pdq") < MEDIUM_MIN
    assert near_evidence(NearCopy(ONE, TWO, SHOWN, 0, 2), RULES).strength == "weak"


def test_a_near_copy_is_a_link_beside_others_and_without_them() -> None:
    evidence = near_evidence(NearCopy(ONE, TWO, SHOWN, 12, 3), RULES)
    judgements = judged(ONE, TWO, "same")
    besides = {ONE: {TWO: evidence}}
    (alone,) = links_of([ONE], {}, worth={}, judgements={}, model=Model(), besides=besides)[ONE]
    (both,) = links_of([ONE], {}, worth={}, judgements=judgements, model=Model(), besides=besides)[ONE]
    assert (alone.tip_id, alone.strength, alone.evidence) == (TWO, "weak", (evidence,))
    assert (both.strength, both.evidence, both.judgement) == ("strong", (evidence,), "same")


def test_a_cluster_is_related_to_the_tips_outside_it_that_show_near_copies() -> None:
    clusters = [a_cluster(1, ONE, THREE, related=[FOUR]), a_cluster(2, TWO)]
    one, two = related_by_pictures(clusters, [*a_copy(ONE, TWO), *a_copy(ONE, THREE), *a_copy(THREE, TWO)], {})
    assert one.related == (TWO, FOUR)
    assert two.related == (ONE, THREE)


def test_a_cluster_without_near_copies_stays_as_it_is() -> None:
    clusters = (a_cluster(1, ONE, related=[FOUR]), a_cluster(2, TWO))
    assert related_by_pictures(clusters, [], {}) == clusters


@pytest.mark.parametrize(("decision", "is_related"), [("same", True), ("unsure", True), ("different", False)])
def test_tips_judged_different_are_not_related_by_pictures(decision: Judged, is_related: bool) -> None:
    judgements = judged(TWO, ONE, decision)
    clusters = related_by_pictures([a_cluster(1, ONE), a_cluster(2, TWO)], a_copy(ONE, TWO), judgements)
    assert [bool(each.related) for each in clusters] == [is_related, is_related]
