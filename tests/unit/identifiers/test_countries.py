"""Countries as sources and documents write them."""

from importlib import resources

import pytest

from shared.identifiers.country import COUNTRIES, find_country


def test_country_list_is_iso_3166_and_kosovo() -> None:
    # Read from the time zone database's own copy of the list, so that ours is not compared with itself.
    table = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    listed = {line.split("\t")[0] for line in table.splitlines() if not line.startswith("#")}
    assert listed | {"XK"} == COUNTRIES


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("us", "US"), ("U.S.A.", "US"), ("United States", "US"), ("uk", "GB"), ("mx", "MX"), (" MEX ", "MX"),
        ("\u200bus", "US"), ("US .", "US"), ("ZZ", None), ("unknown", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_country_is_read_by_code_and_few_spellings(text: str | None, country: str | None) -> None:
    assert find_country(text) == country
