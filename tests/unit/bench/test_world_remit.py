"""The remit world is what its docstring says: two ends of one transfer, banned hosts, late firms, shared counters."""

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest

from shared.identifiers import normalise_identifier
from tests.bench.linking.remit_people import FIRMS, HOST_SIZES, PAYER_SIZES, PAYERS
from tests.bench.linking.world import World
from tests.bench.linking.worlds.remit import DESKS, FILLERS, NO_REGION, NOBODY, generate

TIPS = 2_000


@cache
def world() -> World:
    return generate(1, TIPS)


def rows_of(tip: dict[str, Any], role: str = "subject") -> list[dict[str, Any]]:
    return [row for party in tip["parties"] if party["role"] == role for row in party["identifiers"]]


def holders_of(type_: str) -> dict[tuple[str, str], set[str]]:
    """Return the offenders on whose tips each value of a service stands as the subject's."""
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tip, actor in zip(world().tips, world().actors, strict=True):
        for row in rows_of(tip):
            if row["type"] == type_:
                holders[row.get("service", ""), row["value"]].add(actor)
    return holders


def test_tips_stand_in_order_of_arrival() -> None:
    times = [tip["reported_at"] for tip in world().tips]
    assert times == sorted(times)


def test_identifiers_are_well_formed_but_for_fillers_and_phones_that_do_not_say_their_country() -> None:
    fillers = {value for _, value in FILLERS}
    rows = [row for tip in world().tips for row in rows_of(tip) if row["value"] not in fillers]
    unread = [
        row
        for row in rows
        if normalise_identifier(
            row["type"], row["value"], **{name: row.get(name) for name in ("service", "region", "country")}
        )
        is None
    ]
    assert {row["type"] for row in unread} == {"phone"}
    assert len(unread) < NO_REGION * sum(row["type"] == "phone" for row in rows)


def test_sources_report_in_about_the_shares_of_their_desks() -> None:
    counts = Counter(tip["source"] for tip in world().tips)
    weights = sum(desk.weight for desk in DESKS.values())
    for source in {desk.source for desk in DESKS.values()}:
        share = sum(desk.weight for desk in DESKS.values() if desk.source == source) / weights
        assert counts[source] / TIPS == pytest.approx(share, abs=0.06)


def test_half_of_the_tips_are_about_payers_and_some_about_nobody() -> None:
    kinds = Counter(actor.split("-")[0] for actor in world().actors)
    assert kinds["payer"] / TIPS == pytest.approx(PAYERS, abs=0.05)
    assert kinds["nobody"] / TIPS == pytest.approx(NOBODY, abs=0.015)


def test_hosts_have_up_to_fifty_five_tips_payers_fewer_and_most_have_one() -> None:
    sizes = Counter(world().actors)
    assert 20 < max(size for actor, size in sizes.items() if actor.startswith("host")) <= HOST_SIZES[0]
    assert max(size for actor, size in sizes.items() if actor.startswith("payer")) <= PAYER_SIZES[0]
    assert sum(size == 1 for size in sizes.values()) > 0.5 * len(sizes)


def test_some_transfers_are_told_by_both_ends() -> None:
    tellers: dict[str, list[str]] = defaultdict(list)
    for tip, actor in zip(world().tips, world().actors, strict=True):
        for row in rows_of(tip):
            if row.get("service") in FIRMS and row["type"] == "payment":
                tellers[row["value"]].append(actor)
    twice = [actors for actors in tellers.values() if len(actors) > 1]
    both = [actors for actors in twice if len({actor.split("-")[0] for actor in actors}) > 1]
    assert 0.02 < len(both) / len(twice) < 0.3


def test_counters_handsets_and_numbers_are_shared_and_documents_are_not() -> None:
    most = {type_: max(map(len, holders_of(type_).values())) for type_ in ("account", "device", "phone", "ip")}
    assert min(most.values()) > 2, most
    fillers = {value for _, value in FILLERS}
    assert all(len(actors) == 1 for (_, value), actors in holders_of("document").items() if value not in fillers)


def test_a_host_goes_by_one_account_after_another() -> None:
    accounts: dict[str, set[str]] = defaultdict(set)
    for (service, value), actors in holders_of("account").items():
        if service not in FIRMS:
            for actor in actors:
                accounts[actor].add(value)
    assert sum(len(found) > 1 for actor, found in accounts.items() if actor.startswith("host")) > 25


def test_names_come_in_other_scripts_too() -> None:
    names = {name for tip in world().tips for name in tip["parties"][0].get("names", ())}
    assert any("а" <= sign <= "я" for name in names for sign in name)
    assert any("一" <= sign <= "龥" for name in names for sign in name)
