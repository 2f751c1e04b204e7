"""The directory of offices: the shipped document serves every place once, and a faulty one is refused by name."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.referral.domain.directory import Directory, OfficeKind, parse_directory
from services.referral.domain.regions import FOREIGN_COUNTRIES, REGION_NAMES, find_region, fold
from shared.errors import Rejected

OFFICES_FILE = Path(__file__).resolve().parents[3] / "services" / "referral" / "offices.json"

CAPITAL_ZIP_CODES = {
    "AL": "36104", "AK": "99801", "AZ": "85007", "AR": "72201", "CA": "95814", "CO": "80203", "CT": "06103",
    "DE": "19901", "DC": "20001", "FL": "32301", "GA": "30303", "HI": "96813", "ID": "83702", "IL": "62701",
    "IN": "46204", "IA": "50309", "KS": "66603", "KY": "40601", "LA": "70802", "ME": "04330", "MD": "21401",
    "MA": "02201", "MI": "48933", "MN": "55102", "MS": "39201", "MO": "65101", "MT": "59601", "NE": "68502",
    "NV": "89701", "NH": "03301", "NJ": "08608", "NM": "87501", "NY": "12207", "NC": "27601", "ND": "58501",
    "OH": "43215", "OK": "73102", "OR": "97301", "PA": "17101", "RI": "02903", "SC": "29201", "SD": "57501",
    "TN": "37219", "TX": "78701", "UT": "84111", "VT": "05602", "VA": "23219", "WA": "98501", "WV": "25301",
    "WI": "53703", "WY": "82001", "AS": "96799", "GU": "96910", "MP": "96950", "PR": "00901", "VI": "00802",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(OFFICES_FILE.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def directory(document: dict[str, Any]) -> Directory:
    return parse_directory(document)


def test_every_region_has_an_office_at_home(directory: Directory) -> None:
    assert set(directory.by_region) == set(REGION_NAMES)
    assert {directory.offices[code].kind for code in directory.domestic} == {OfficeKind.DOMESTIC}


def test_every_foreign_country_has_one_attache(directory: Directory) -> None:
    assert set(directory.by_country) == FOREIGN_COUNTRIES
    assert {directory.offices[code].kind for code in directory.by_country.values()} == {OfficeKind.ATTACHE}


def test_the_unit_serves_no_place(directory: Directory) -> None:
    unit = directory.offices["ceiu"]
    assert unit.kind is OfficeKind.UNIT
    assert (unit.regions, unit.countries, unit.postal_prefixes, dict(unit.cities)) == ((), (), (), {})


def test_every_capitals_zip_code_leads_to_an_office_of_its_region(directory: Directory) -> None:
    assert set(CAPITAL_ZIP_CODES) == set(REGION_NAMES) - {"UM"}
    strays = {
        region: code
        for region, zip_code in CAPITAL_ZIP_CODES.items()
        if (code := directory.find_by_postal_code(zip_code)) not in directory.by_region[region]
    }
    assert strays == {}


@pytest.mark.parametrize(
    ("zip_code", "office"),
    [("06390", "sac-new-york"), ("06391", "sac-boston"), ("92243", "sac-san-diego"), ("92262", "sac-los-angeles")],
)
def test_the_longest_prefix_counts(directory: Directory, zip_code: str, office: str) -> None:
    assert directory.find_by_postal_code(zip_code) == office


def test_military_and_unassigned_zip_codes_have_no_office(directory: Directory) -> None:
    assert [directory.find_by_postal_code(zip_code) for zip_code in ("09012", "34002", "96301", "00001")] == [None] * 4


def test_every_phone_number_is_invented_and_used_once(directory: Directory) -> None:
    phones = [office.phone for office in directory.offices.values()]
    assert all(re.fullmatch(r"\+1-\d{3}-555-01\d\d", phone) for phone in phones)
    assert len(set(phones)) == len(phones)


def test_every_code_can_end_a_topics_name(directory: Directory) -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+", code) for code in directory.offices)


Damage = Callable[[dict[str, dict[str, Any]]], object]


@pytest.mark.parametrize(
    ("damage", "loc", "words"),
    [
        (lambda o: o["sac-boston"].update(code="SAC Boston"), ("offices", "SAC Boston", "code"), "pattern"),
        (lambda o: o["sac-boston"].update(code="sac-buffalo"), ("offices", "sac-buffalo", "code"), "two offices"),
        (lambda o: o["sac-boston"].update(fax="1"), ("offices", "sac-boston", "fax"), "Unexpected"),
        (lambda o: o["sac-boston"].pop("phone"), ("offices", "sac-boston", "phone"), "required"),
        (lambda o: o["sac-boston"].update(phone="call us"), ("offices", "sac-boston", "phone"), "pattern"),
        (lambda o: o["sac-boston"].update(kind="consulate"), ("offices", "sac-boston", "kind"), "domestic"),
        (lambda o: o["sac-boston"]["regions"].remove("VT"), ("offices", "regions"), "no office serves VT"),
        (lambda o: o["sac-boston"]["regions"].append("ZZ"), ("offices", "sac-boston", "regions"), "ZZ is not one"),
        (lambda o: o["sac-boston"]["regions"].append("NJ"), ("offices", "sac-boston", "cities"), "sac-newark serves"),
        (lambda o: o["sac-tampa"].pop("cities"), ("offices", "sac-tampa", "cities"), "sac-miami serves FL too"),
        (lambda o: o["sac-boston"].update(cities={"MA": ["X"]}), ("offices", "sac-boston", "cities"), "not a region"),
        (lambda o: o["sac-tampa"]["cities"]["FL"].append("MIAMI"), ("offices", "sac-tampa", "cities"), "sac-miami"),
        (lambda o: o["sac-boston"]["postal_prefixes"].append("100"), ("offices", "sac-new-york", "postal_prefixes"),
         "100 is served by sac-boston"),
        (lambda o: o["sac-boston"]["postal_prefixes"].append("19-20"), ("offices", "sac-boston", "postal_prefixes"),
         "19-20 is neither"),
        (lambda o: o["sac-boston"]["postal_prefixes"].append("089-0901"), ("offices", "sac-boston", "postal_prefixes"),
         "089-0901 is neither"),
        (lambda o: o["sac-boston"]["postal_prefixes"].append("089-088"), ("offices", "sac-boston", "postal_prefixes"),
         "089-088 is neither"),
        (lambda o: o["sac-boston"].update(countries=["MX"]), ("offices", "sac-boston", "countries"), "no countries"),
        (lambda o: o["attache-tokyo"].update(countries=[]), ("offices", "countries"), "no office serves JP"),
        (lambda o: o["attache-tokyo"]["countries"].append("MX"), ("offices", "attache-tokyo", "countries"),
         "attache-mexico-city already"),
        (lambda o: o["attache-tokyo"]["countries"].append("PR"), ("offices", "attache-tokyo", "countries"),
         "PR is not one"),
        (lambda o: o["ceiu"].update(regions=["MA"]), ("offices", "ceiu", "regions"), "kind unit"),
    ],
)  # fmt: skip
def test_a_faulty_document_is_refused_with_office_and_field(
    document: dict[str, Any], damage: Damage, loc: tuple[str, ...], words: str
) -> None:
    damaged = copy.deepcopy(document)
    damage({office["code"]: office for office in damaged["offices"]})
    with pytest.raises(Rejected) as refusal:
        parse_directory(damaged)
    assert any(fault.loc == loc and words in fault.msg for fault in refusal.value.errors), refusal.value.errors
    assert ".".join(loc) in refusal.value.detail


def test_all_faults_are_listed_at_once(document: dict[str, Any]) -> None:
    damaged = {**document, "offices": [row for row in document["offices"] if row["kind"] != "attache"]}
    with pytest.raises(Rejected) as refusal:
        parse_directory(damaged)
    assert len(refusal.value.errors) == len(FOREIGN_COUNTRIES)


@pytest.mark.parametrize("broken", [{}, {"offices": 3}, {"offices": [7], "source": "x", "version": "1"}])
def test_what_is_no_directory_at_all_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(Rejected):
        parse_directory(broken)


@pytest.mark.parametrize(
    "text", ["MA", "ma", " Ma ", "US-MA", "us-ma", "Massachusetts", "MASSACHUSETTS", "massachusetts "]
)
def test_a_region_is_read_by_code_or_name_in_any_case(text: str) -> None:
    assert find_region(text) == "MA"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Washington", "WA"), ("Washington, D.C.", "DC"), ("District of Columbia", "DC"), ("new  york", "NY"),
        ("U.S. Virgin Islands", "VI"), ("Bavaria", None), ("AE", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_region_has_its_usual_spellings(text: str | None, region: str | None) -> None:
    assert find_region(text) == region


def test_city_names_compare_without_marks_and_long_forms() -> None:
    assert fold("SAN  JOSÉ") == fold("San Jose")
    assert fold("Saint Petersburg") == fold("St. Petersburg")
    assert fold("Ft. Worth") == fold("Fort Worth")
    assert fold("北京") == "北京"
