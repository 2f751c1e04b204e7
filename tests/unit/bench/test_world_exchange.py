"""The exchange world is what its docstring says: valid tips, few birth dates, shared money and handsets."""

from collections import Counter, defaultdict
from functools import cache

import pytest

from shared.identifiers import normalise_identifier
from tests.bench.linking.world import World
from tests.bench.linking.worlds.exchange import BIRTH_TOLD, SHARES, SIZE_MAX, generate

TIPS = 2_000


@cache
def world() -> World:
    return generate(1, TIPS)


def test_tips_stand_in_order_of_arrival() -> None:
    times = [tip["reported_at"] for tip in world().tips]
    assert times == sorted(times)


def test_every_identifier_is_well_formed() -> None:
    for tip in world().tips:
        for party in tip["parties"]:
            for row in party.get("identifiers", []):
                found = normalise_identifier(
                    row["type"], row["value"], service=row.get("service"), country=row.get("country")
                )
                assert found is not None, row
                assert found.links, row


def test_sources_report_in_about_their_shares_and_few_tell_a_birth_date() -> None:
    counts = Counter(tip["source"] for tip in world().tips)
    for source, share in SHARES.items():
        assert counts[source] / TIPS == pytest.approx(share / 100, abs=0.05)
    assert sum("birth_date" in tip["parties"][0] for tip in world().tips) / TIPS == pytest.approx(BIRTH_TOLD, abs=0.05)


def test_offenders_have_one_to_forty_tips_and_most_few() -> None:
    sizes = Counter(Counter(world().actors).values())
    assert max(sizes) <= SIZE_MAX
    assert max(sizes) > 20, "no large offender at all"
    assert sizes[1] + sizes[2] + sizes[3] > 0.5 * sum(sizes.values())


def test_mules_handsets_and_numbers_are_shared_by_offenders() -> None:
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tip, actor in zip(world().tips, world().actors, strict=True):
        for row in tip["parties"][0]["identifiers"]:
            holders[row["type"], row["value"]].add(actor)
    most = Counter({kind: 0 for kind, _ in holders})
    for (kind, _), actors in holders.items():
        most[kind] = max(most[kind], len(actors))
    assert most["payment"] > 5
    assert min(most["device"], most["phone"], most["email"]) > 1
    assert most["document"] == 1
