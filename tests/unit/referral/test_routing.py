"""Routing: which place decides, how contradictions weigh, and that no order and no spelling matters."""

import json
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.directory import Directory, parse_directory
from services.referral.domain.places import Place, Role, places_of
from services.referral.domain.routing import ALTERNATIVES_MAX, FLOOR, route
from shared.events.linker import LeadPlace
from tests.depth import deep

OFFICES_FILE = Path(__file__).resolve().parents[3] / "services" / "referral" / "offices.json"
CALIFORNIA = ("sac-los-angeles", "sac-san-diego", "sac-san-francisco")
DIRECTORY: Directory = parse_directory(json.loads(OFFICES_FILE.read_text(encoding="utf-8")))


def place(
    role: Role = "subject",
    *,
    tip: int = 1,
    country: str | None = "US",
    region: str | None = None,
    city: str | None = None,
    postal_code: str | None = None,
) -> Place:
    return Place(role, UUID(int=tip), country, region, city, postal_code)


REGIONS = st.sampled_from([None, "MA", "CA", "california", "NY", "Texas", "FL", "PR", "ZZ"])
CITIES = st.sampled_from([None, "Boston", "san josé", "Los Angeles", "Buffalo", "Houston", "Nowhere"])
POSTAL_CODES = st.sampled_from([None, "02139", "94103", "94103-1234", "14201", "77001", "1234", "W1A 1AA"])
PLACES = st.builds(
    Place,
    st.sampled_from(["subject", "incident", "victim"]),
    st.integers(1, 4).map(lambda number: UUID(int=number)),
    st.sampled_from(["US", "us", None, "MX", "GB", "PR", "ZZ"]),
    REGIONS,
    CITIES,
    POSTAL_CODES,
)


@pytest.mark.parametrize(
    ("given_place", "office", "confidence"),
    [
        (place(region="CA", postal_code="94103"), "sac-san-francisco", 0.95),
        (place(region="CA", postal_code="94103-2201"), "sac-san-francisco", 0.95),
        (place(postal_code="02139"), "sac-boston", 0.95),
        (place(region="CA", city="Los Angeles"), "sac-los-angeles", 0.85),
        (place(region="MA"), "sac-boston", 0.80),
        (place(region="massachusetts", city="Nowhere"), "sac-boston", 0.80),
        (place(region="New Mexico"), "sac-el-paso", 0.80),
        (place(country="MX", region="CA", postal_code="94103"), "attache-mexico-city", 0.75),
        (place(country="PR"), "sac-san-juan", 0.80),
        (place(country=None, region="MA"), "sac-boston", 0.64),
        (place("incident", region="MA"), "sac-boston", 0.64),
        (place("victim", region="MA"), "sac-boston", 0.56),
    ],
)
def test_one_clear_place_decides_with_its_certainty(given_place: Place, office: str, confidence: float) -> None:
    routing = route([given_place], DIRECTORY)
    assert (routing.office, routing.confidence) == (office, confidence)


@pytest.mark.parametrize(
    ("given_place", "words", "alternatives"),
    [
        (place(region="CA"), "which 3 offices share", CALIFORNIA),
        (place(region="CA", city="Nowhere"), "which 3 offices share", CALIFORNIA),
        (place(), "state not known", ()),
        (place(city="Los Angeles"), "state not known", ()),
        (place(region="AE", postal_code="09012"), "state not known", ()),
        (place(region="MA", postal_code="94103"), "postal code from elsewhere", ("sac-boston", "sac-san-francisco")),
        (place("victim", country=None, region="MA"), "below 0.50", ("sac-boston",)),
    ],
)  # fmt: skip
def test_a_coarse_or_doubtful_place_waits_for_a_person(
    given_place: Place, words: str, alternatives: tuple[str, ...]
) -> None:
    routing = route([given_place], DIRECTORY)
    assert routing.office is None
    assert routing.confidence < FLOOR
    assert words in routing.reason
    assert "a person decides" in routing.reason
    assert routing.alternatives == alternatives


@pytest.mark.parametrize(
    "places",
    [
        [],
        [place(country=None)],
        [place(country=None, postal_code="02139")],
        [place(country="ZZ", region="Q", city="Boston")],
    ],
)
def test_nothing_known_is_said_so(places: list[Place]) -> None:
    routing = route(places, DIRECTORY)
    assert (routing.office, routing.confidence, routing.reason) == (None, 0.0, "no place is known")


def test_the_subject_beats_the_incident_and_the_incident_the_victim() -> None:
    subject = place("subject", region="MA")
    incident = place("incident", region="WA", postal_code="98101")
    victim = place("victim", region="MN")
    assert route([victim, incident, subject], DIRECTORY).office == "sac-boston"
    assert route([victim, incident], DIRECTORY).office == "sac-seattle"
    assert route([victim], DIRECTORY).office == "sac-st-paul"


def test_the_places_of_lower_roles_are_alternatives_and_do_not_lower_the_confidence() -> None:
    alone = route([place("subject", region="MA")], DIRECTORY)
    with_victims = route(
        [place("subject", region="MA"), place("victim", tip=2, region="WA"), place("victim", tip=3, region="WA")],
        DIRECTORY,
    )
    assert with_victims.confidence == alone.confidence
    assert with_victims.alternatives == ("sac-seattle",)


def test_the_postal_code_beats_the_city_beside_it() -> None:
    assert route([place(region="CA", city="Los Angeles", postal_code="94103")], DIRECTORY).office == "sac-san-francisco"


def test_one_tip_against_one_waits_for_a_person() -> None:
    routing = route(
        [place(tip=1, region="MA", postal_code="02139"), place(tip=2, region="NY", city="Buffalo")], DIRECTORY
    )
    assert routing.office is None
    assert routing.alternatives == ("sac-boston", "sac-buffalo")
    assert "1 of 2 tips agree" in routing.reason


def test_two_tips_outvote_a_third() -> None:
    routing = route([place(tip=1, region="MA"), place(tip=2, region="MA"), place(tip=3, region="WA")], DIRECTORY)
    assert (routing.office, routing.confidence) == ("sac-boston", 0.53)
    assert "2 of 3 tips agree" in routing.reason


def test_saying_a_thing_twice_does_not_make_it_two_tips() -> None:
    routing = route([place(tip=1, region="MA"), place(tip=1, region="ME"), place(tip=2, region="WA")], DIRECTORY)
    assert routing.office is None


def test_a_tip_that_names_two_offices_splits_its_vote() -> None:
    places = [place(tip=1, region="MA"), place(tip=1, region="WA"), place(tip=2, region="MA")]
    routing = route(places, DIRECTORY)
    assert (routing.office, routing.confidence) == ("sac-boston", 0.6)
    assert "2 of 2 tips agree" in routing.reason


@pytest.mark.parametrize("zip_codes", [(None, "02139"), ("02139", None)])
def test_the_finest_place_of_a_tip_gives_the_certainty(zip_codes: tuple[str | None, ...]) -> None:
    places = [place(region="MA", postal_code=zip_code) for zip_code in zip_codes]
    assert route(places, DIRECTORY).confidence == 0.95


def test_a_coarse_place_that_fits_does_not_count_against_the_finer_one() -> None:
    routing = route([place(tip=1, region="CA", postal_code="94103"), place(tip=2, region="CA")], DIRECTORY)
    assert (routing.office, routing.confidence) == ("sac-san-francisco", 0.95)
    assert "2 of 2 tips agree" in routing.reason


def test_a_coarser_place_of_the_same_tip_is_the_same_place() -> None:
    finer = [place(tip=1, region="CA", postal_code="94103"), place(tip=2, region="MA")]
    assert route([*finer, place(tip=1, region="CA")], DIRECTORY) == route(finer, DIRECTORY)


def test_a_lower_role_decides_within_what_a_coarse_higher_one_allows() -> None:
    routing = route([place(region="CA"), place("incident", tip=2, region="CA", city="Fresno")], DIRECTORY)
    assert (routing.office, routing.confidence) == ("sac-san-francisco", 0.68)


def test_a_lower_role_outside_what_a_higher_one_allows_is_a_contradiction() -> None:
    routing = route([place(region="CA"), place("incident", tip=2, region="MA")], DIRECTORY)
    assert (routing.office, routing.confidence) == (None, 0.0)
    assert "contradict" in routing.reason
    assert "sac-los-angeles" in routing.alternatives


def test_coarse_places_of_a_higher_role_that_do_not_fit_lower_the_confidence() -> None:
    incident = place("incident", tip=1, region="TX", city="Houston")
    alone = route([incident], DIRECTORY)
    doubted = route([incident, place(tip=2, region="TX"), place(tip=3, region="CA")], DIRECTORY)
    assert doubted.office == alone.office
    assert doubted.confidence < alone.confidence
    assert "2 of 3 tips agree" in doubted.reason


def test_the_floor_is_the_callers() -> None:
    places = [place(region="CA")], [place("victim", country="MX")]
    assert route(places[1], DIRECTORY, floor=0.6).office is None
    assert route(places[1], DIRECTORY, floor=0.52).office == "attache-mexico-city"
    assert route(places[0], DIRECTORY, floor=0.0).office is None


def test_a_reason_is_a_sentence_without_personal_data() -> None:
    routing = route([place(region="CA", city="San Jose", postal_code="95112")], DIRECTORY)
    assert routing.reason == "subject's address in CA, postal code 95…: HSI San Francisco (1 tip says so)"
    assert "Jose" not in route([place(region="CA", city="San Jose")], DIRECTORY).reason


def test_only_places_of_a_known_role_are_routed_by() -> None:
    given_places = [
        LeadPlace(role=role, source_tip_id=UUID(int=1), country="US") for role in ("subject", "witness", "victim")
    ]
    assert [read.role for read in places_of(given_places)] == ["subject", "victim"]


def test_places_that_read_alike_but_mean_other_offices_are_ordered_too() -> None:
    doubtful = [place(tip=number, region="PR", postal_code=code) for number, code in ((1, "02139"), (2, "94103"))]
    places = [*doubtful, place("incident", tip=3, country="MX")]
    assert route(places, DIRECTORY) == route(places[::-1], DIRECTORY)


@settings(max_examples=deep(500))
@given(st.lists(PLACES, max_size=8), st.randoms())
def test_the_order_of_the_places_does_not_matter(places: list[Place], chance: Random) -> None:
    shuffled = list(places)
    chance.shuffle(shuffled)
    assert route(shuffled, DIRECTORY) == route(places, DIRECTORY)


@given(st.lists(PLACES, max_size=8), st.floats(0, 1))
def test_an_office_is_named_exactly_from_the_floor_up(places: list[Place], floor: float) -> None:
    routing = route(places, DIRECTORY, floor=floor)
    assert 0.0 <= routing.confidence <= 1.0
    assert routing.office is None or routing.confidence >= floor
    assert routing.office not in routing.alternatives
    assert set(routing.alternatives) <= set(DIRECTORY.offices)
    assert len(routing.alternatives) <= ALTERNATIVES_MAX


@given(st.lists(PLACES, max_size=8))
def test_another_tip_that_says_the_same_never_lowers_the_confidence(places: list[Place]) -> None:
    routing = route(places, DIRECTORY)
    if routing.office is None:
        return
    office = DIRECTORY.offices[routing.office]
    country, region = (office.countries[0], None) if office.countries else ("US", None)
    zip_code = office.postal_prefixes[0][:3].ljust(5, "1") if office.postal_prefixes else None
    agreeing = place("subject", tip=9, country=country, region=region, postal_code=zip_code)
    assert route([*places, agreeing], DIRECTORY).office == routing.office
    assert route([*places, agreeing], DIRECTORY).confidence >= routing.confidence


@given(PLACES)
def test_a_repeated_place_changes_nothing(given_place: Place) -> None:
    assert route([given_place] * 3, DIRECTORY) == route([given_place], DIRECTORY)
