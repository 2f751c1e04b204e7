"""The synthetic world keeps its promises: the same for ever, believable, findable, and free of real people."""

import ipaddress
import json
import os
import re
import statistics
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from deploy.local.synth import (
    GENERIC_IDENTIFIERS,
    SOURCES,
    SyntheticTip,
    generate,
    truth,
)
from deploy.local.synth.chance import Chance, Register, slots
from deploy.local.synth.names import CULTURES, draw_name
from deploy.local.synth.people import draw_identifier, spell_identifier
from deploy.local.synth.places import FOREIGN_PLACES, US_PLACES, Place
from shared.identifiers import normalise_identifier
from tests.depth import deep

REPOSITORY = Path(__file__).resolve().parents[2]
TIP_BYTES_MAX = 192 * 1024
SEEDS = st.integers(0, 10**9 - 1)

Hex = Annotated[str, StringConstraints(pattern="^[0-9a-f]+$")]


# ------------------------------------------------------------------------------- the shape of a request, strictly read
class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Incident(_Strict):
    type: Literal["possession", "distribution", "production", "enticement", "travel", "trafficking", "other"]
    occurred_at: AwareDatetime | None = None
    platform: str | None = None
    narrative: str | None = None
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    region: Annotated[str, StringConstraints(pattern="^[A-Z]{2,3}$")] | None = None
    city: str | None = None
    postal_code: str | None = None


class _Urgency(_Strict):
    child_in_immediate_danger: bool = False
    escalated: bool = False
    victim_identifiable: bool = False
    contact_access: bool = False
    travel_on: date | None = None
    viral: bool = False
    informational: bool = False


class _Identifier(_Strict):
    type: Literal["email", "username", "phone", "ip", "device", "payment", "url", "document", "account"]
    value: str = Field(min_length=1)
    verified: bool | None = None
    service: str | None = None
    region: str | None = None
    country: str | None = None
    port: int | None = Field(default=None, ge=1, le=65_535)
    at: AwareDatetime | None = None
    event: Literal["login", "upload", "registration"] | None = None


class _Address(_Strict):
    line: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class _Party(_Strict):
    role: Literal["subject", "victim", "reporter", "recipient", "witness", "account_victim"]
    names: list[str] = []
    birth_date: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None = None
    citizenship: str | None = None
    identifiers: list[_Identifier] = []
    addresses: list[_Address] = []


class _File(_Strict):
    sha1: Annotated[Hex, Field(min_length=40, max_length=40)] | None = None
    sha256: Annotated[Hex, Field(min_length=64, max_length=64)] | None = None
    md5: Annotated[Hex, Field(min_length=32, max_length=32)] | None = None
    pdq: Annotated[Hex, Field(min_length=64, max_length=64)] | None = None
    pdq_quality: int | None = Field(default=None, ge=0, le=100)
    viral: bool = False


class _Tip(_Strict):
    source_ref: str = Field(min_length=1, max_length=64)
    source: Literal["ncmec", "tipline", "interpol", "police", "foreign_police", "field", "attache"]
    reported_at: AwareDatetime
    incident: _Incident
    urgency: _Urgency = _Urgency()
    parties: list[_Party] = []
    files: list[_File] = []
    related_refs: list[str] = []


# ----------------------------------------------------------------------------------------- a second pair of eyes
def body_of(made: SyntheticTip) -> bytes:
    return json.dumps(made.tip, ensure_ascii=False, separators=(",", ":")).encode()


def lines_of(tips: Iterable[SyntheticTip]) -> bytes:
    return b"".join(body_of(made) + b"\n" for made in tips)


@lru_cache(maxsize=4)
def world(seed: int, count: int) -> tuple[SyntheticTip, ...]:
    return tuple(generate(seed, count))


def identifiers_of(made: SyntheticTip, *roles: str) -> Iterator[dict[str, Any]]:
    for party in made.tip.get("parties", ()):
        if not roles or party["role"] in roles:
            yield from party.get("identifiers", ())


def strong_keys(made: SyntheticTip, *roles: str) -> set[tuple[str, str, str]]:
    """Return what may join this tip to others, as the linker reads it; a page's address is left out as too weak."""
    keys = set()
    for one in identifiers_of(made, *roles):
        scopes = {name: one.get(name) for name in ("service", "region", "country")}
        known = normalise_identifier(one["type"], one["value"], **scopes)
        assert known, f"{one} does not fit its type"
        if known.links and known.type != "url":
            keys.add((known.type, known.canonical, known.scope))
    return keys


# ------------------------------------------------------------------------------------------------- the same for ever
def test_same_seed_gives_the_same_bytes_in_another_process() -> None:
    command = [sys.executable, "-m", "deploy.local.synth", "--seed", "7", "--count", "300"]
    environment = os.environ | {"PYTHONHASHSEED": "12345", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    written = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, check=True, timeout=60
    ).stdout
    assert written == lines_of(world(7, 300))


def test_chance_draws_what_it_always_drew() -> None:
    """Pinned on 3.11: a Python that draws otherwise would silently change every world."""
    chance = Chance(7)
    register = Register(chance)
    assert [chance.below(1_000) for _ in range(4)] == [323, 150, 650, 72]
    assert [chance.between(-3, 3), chance.pick("abcdef"), chance.percent(50)] == [0, "c", True]
    assert [register.issue("space", 10**6) for _ in range(3)] == [507435, 125468, 743501]


@given(seed=SEEDS, short=st.integers(0, 40), more=st.integers(0, 40))
@settings(max_examples=deep(25), deadline=None)
def test_smaller_world_is_the_beginning_of_a_larger_one(seed: int, short: int, more: int) -> None:
    assert list(generate(seed, short)) == list(generate(seed, short + more))[:short]


@given(seeds=st.lists(SEEDS, min_size=2, max_size=2, unique=True))
@settings(max_examples=deep(25), deadline=None)
def test_two_seeds_share_no_reference_and_no_identifier(seeds: list[int]) -> None:
    left, right = (list(generate(seed, 60)) for seed in seeds)
    assert not {made.source_ref for made in left} & {made.source_ref for made in right}
    keys = [set().union(*(strong_keys(made, "subject") for made in tips)) for tips in (left, right)]
    assert not keys[0] & keys[1]


def test_start_and_gap_move_times_and_nothing_else() -> None:
    start = datetime(2026, 9, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    moved = list(generate(7, 200, start=start, gap=timedelta(hours=1)))
    assert datetime.fromisoformat(moved[0].tip["reported_at"]) == start
    for usual, late in zip(world(7, 200), moved, strict=True):
        assert (usual.actor_id, usual.source_ref, usual.actionable) == (late.actor_id, late.source_ref, late.actionable)
        assert strong_keys(usual) == strong_keys(late)


def test_tips_come_in_the_order_in_which_they_were_reported() -> None:
    reported = [datetime.fromisoformat(made.tip["reported_at"]) for made in world(7, 5_000)]
    assert reported == sorted(reported)
    seconds = (reported[-1] - reported[0]).total_seconds() / len(reported)
    assert 18 < seconds < 22


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"seed": 10**9},
        {"count": -1},
        {"start": datetime(2026, 1, 1)},  # noqa: DTZ001 - the missing zone is the point
        {"gap": timedelta(seconds=-1)},
        {"noise_share": 1.1},
        {"noise_share": float("nan")},
    ],
)
def test_wrong_argument_is_refused_at_the_call(wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"seed": 7, "count": 1} | wrong
    with pytest.raises(ValueError, match=r"seed|count|zone|gap|share"):
        generate(arguments.pop("seed"), arguments.pop("count"), **arguments)


# ---------------------------------------------------------------------------------------------------- believable
@given(seed=SEEDS)
@settings(max_examples=deep(20), deadline=None)
def test_every_tip_has_the_contracts_shape(seed: int) -> None:
    for made in generate(seed, 50):
        body = body_of(made)
        tip = _Tip.model_validate_json(body)
        assert tip.source == made.source
        assert made.account == f"source.{tip.source}"
        assert len(body) <= TIP_BYTES_MAX
        assert sum(party.role == "subject" for party in tip.parties) <= 1
        assert tip.incident.occurred_at is None or tip.incident.occurred_at < tip.reported_at


def test_model_of_this_test_refuses_an_unknown_field() -> None:
    tip = world(7, 1)[0].tip | {"colour": "red"}
    with pytest.raises(ValueError, match="colour"):
        _Tip.model_validate_json(json.dumps(tip))


def test_references_are_never_given_twice() -> None:
    tips = world(7, 5_000)
    assert len({made.source_ref for made in tips}) == len(tips)


@pytest.mark.parametrize("seed", range(deep(10)))
def test_all_seven_sources_appear_among_five_hundred(seed: int) -> None:
    tips = world(seed, 500)
    assert {made.source for made in tips} == set(SOURCES)
    assert {made.actionable for made in tips} == {True, False}


def test_all_roles_types_and_states_appear() -> None:
    tips = world(7, 5_000)
    roles = {party["role"] for made in tips for party in made.tip.get("parties", ())}
    types = {one["type"] for made in tips for one in identifiers_of(made)}
    states = {made.tip["incident"].get("region") for made in tips if made.tip["incident"]["country"] == "US"}
    countries = {made.tip["incident"]["country"] for made in tips}
    assert roles == {"subject", "victim", "reporter", "recipient", "witness", "account_victim"}
    assert types == {"email", "username", "phone", "ip", "device", "payment", "url", "document", "account"}
    assert states == {place.region for place in US_PLACES}
    assert len(states) == 53, "fifty states, DC, Puerto Rico and Guam"
    assert countries == {place.country for place in FOREIGN_PLACES} | {"US"}


def test_noise_share_is_what_was_asked_for() -> None:
    assert 0.58 < sum(made.actor_id is None for made in world(7, 5_000)) / 5_000 < 0.62
    assert all(made.actor_id for made in generate(7, 300, noise_share=0))
    assert not any(made.actor_id for made in generate(7, 300, noise_share=1))


def test_most_actors_are_seen_once_and_few_often() -> None:
    tip_counts = [len(refs) for refs in truth(world(7, 20_000)).values()]
    assert 0.35 < tip_counts.count(1) / len(tip_counts) < 0.6
    assert 0.01 < sum(count >= 10 for count in tip_counts) / len(tip_counts) < 0.1
    assert max(tip_counts) <= 40


def test_median_tip_is_about_one_kilobyte() -> None:
    sizes = [len(body_of(made)) for made in world(7, 5_000)]
    assert 700 <= statistics.median(sizes) <= 1_500


def test_urgency_is_rare_and_fits_the_incident() -> None:
    tips = world(7, 5_000)
    urgencies = [(made, made.tip["urgency"]) for made in tips if "urgency" in made.tip]
    for made, urgency in urgencies:
        kind = made.tip["incident"]["type"]
        assert "travel_on" not in urgency or kind == "travel"
        assert "child_in_immediate_danger" not in urgency or kind in {"production", "enticement", "trafficking"}
        assert not (urgency.get("informational") and made.actionable)
        if "travel_on" in urgency:
            assert date.fromisoformat(urgency["travel_on"]) > datetime.fromisoformat(made.tip["reported_at"]).date()
    in_danger = sum("child_in_immediate_danger" in urgency for _, urgency in urgencies)
    assert 0 < in_danger < len(tips) / 50


def test_related_references_name_an_earlier_tip_on_the_same_actor() -> None:
    tips = world(7, 5_000)
    seen: dict[str, SyntheticTip] = {}
    named = 0
    for made in tips:
        for reference in made.tip.get("related_refs", ()):
            named += 1
            assert made.actor_id is not None
            assert (seen[reference].actor_id, seen[reference].source) == (made.actor_id, made.source)
        seen[made.source_ref] = made
    assert named > 20


# ------------------------------------------------------------------------------------------------------- findable
@pytest.mark.parametrize("seed", range(deep(4)))
def test_each_tip_on_an_actor_repeats_something_an_earlier_one_gave(seed: int) -> None:
    known: dict[str, set[tuple[str, str, str]]] = {}
    repeated = 0
    for made in world(seed, 3_000):
        if made.actor_id is None:
            continue
        keys = strong_keys(made, "subject")
        assert keys
        if made.actor_id in known:
            assert keys & known[made.actor_id]
            repeated += 1
        known.setdefault(made.actor_id, set()).update(keys)
    assert repeated > 500


@pytest.mark.parametrize("seed", range(deep(4)))
def test_nobody_shares_an_identifier_with_anybody_else(seed: int) -> None:
    """Strangers share nothing with any tip, and actors nothing with each other, in any role but the provider's."""
    owners: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for made in world(seed, 3_000):
        owner = made.actor_id or made.source_ref
        for key in strong_keys(made):
            owners[key].add(owner)
    shared = {key for key, by in owners.items() if len(by) > 1}
    assert all(kind == "email" and value.startswith("safety.desk@") for kind, value, _ in shared)


def test_files_of_different_people_differ_unless_viral() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    viral: Counter[str] = Counter()
    for made in world(7, 20_000):
        for file in made.tip.get("files", ()):
            for kind in ("sha1", "sha256", "md5", "pdq"):
                if kind in file and not file.get("viral"):
                    owners[file[kind]].add(made.actor_id or made.source_ref)
            if file.get("viral"):
                viral[file.get("sha1", "")] += 1
                assert made.tip["urgency"]["viral"]
    assert all(len(by) == 1 for by in owners.values())
    assert viral.most_common(1)[0][1] > 100


@pytest.mark.parametrize("generic", GENERIC_IDENTIFIERS, ids=lambda generic: generic["value"])
def test_generic_value_joins_nothing(generic: dict[str, Any]) -> None:
    known = normalise_identifier(generic["type"], generic["value"])
    assert known
    assert not known.links


def test_generic_values_are_spread_over_many_people() -> None:
    values = Counter(one["value"] for made in world(7, 5_000) for one in identifiers_of(made, "subject"))
    assert all(values[generic["value"]] > 20 for generic in GENERIC_IDENTIFIERS)


def test_no_two_people_hold_one_address_and_port() -> None:
    pairs = [(one["value"], one["port"]) for made in world(7, 20_000) for one in identifiers_of(made) if "port" in one]
    assert len(pairs) > 1_000
    assert len(set(pairs)) == len(pairs)


def test_spellings_of_one_identifier_vary() -> None:
    spellings: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for made in world(7, 20_000):
        for one in identifiers_of(made, "subject"):
            [*keys] = strong_keys(
                SyntheticTip({"parties": [{"role": "subject", "identifiers": [one]}]}, "", "", "", True)
            )
            for key in keys:
                spellings[key].add(one["value"])
    varied = {kind for (kind, _, _), written in spellings.items() if len(written) > 1}
    assert varied >= {"email", "username", "phone", "device", "document", "payment"}


# ------------------------------------------------------------------------------------------- free of real people
@pytest.mark.parametrize("place", US_PLACES + FOREIGN_PLACES, ids=lambda place: f"{place.country}-{place.city}")
def test_every_phone_parses_and_none_can_be_held_by_anyone(place: Place) -> None:
    chance = Chance(7)
    register = Register(chance)
    name = draw_name(CULTURES["english"], chance)
    for _ in range(150):
        phone = draw_identifier("phone", name, place, chance, register)
        spelled = spell_identifier(phone, chance)
        number = phonenumbers.parse(spelled["value"], spelled.get("region"))
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone.value
        assert phonenumbers.is_possible_number(number)
        assert not phonenumbers.is_valid_number(number)
        assert not phone.value[5:].startswith("55501"), "the range for fiction is refused by the linker"


def test_every_address_lies_in_a_range_kept_for_examples() -> None:
    networks = [
        ipaddress.ip_network(text)
        for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "127.0.0.1/32")
    ]
    reserved = re.compile(r"(example\.(org|net|com)|[a-z]+\.(example|test|invalid))", re.IGNORECASE)
    for made in world(7, 5_000):
        for one in identifiers_of(made):
            value = one["value"]
            if one["type"] == "ip":
                assert any(ipaddress.ip_address(value) in network for network in networks), value
            elif one["type"] == "email" and value != "none@none.com":
                assert reserved.fullmatch(value.partition("@")[2]), value
            elif one["type"] == "url":
                assert re.match(r"https://www\.[a-z]+\.example/", value), value


# ------------------------------------------------------------------------------------------------------ the dice
@given(seed=SEEDS, size=st.integers(1, 500))
@settings(deadline=None)
def test_register_gives_out_every_number_once_and_then_says_so(seed: int, size: int) -> None:
    register = Register(Chance(seed))
    assert sorted(register.issue("space", size) for _ in range(size)) == list(range(size))
    with pytest.raises(OverflowError, match="space"):
        register.issue("space", size)


def test_slots_hold_each_name_as_often_as_its_share() -> None:
    assert Counter(slots(often=3, rarely=1)) == {"often": 3, "rarely": 1}
