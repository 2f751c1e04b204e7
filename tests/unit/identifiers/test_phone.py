"""Phone numbers. The numbers are invented: 212-867-xxxx and the like need only parse."""

import pytest

from shared.identifiers import Identifier, normalise_identifier


def phone(value: str, region: str | None = None) -> Identifier:
    found = normalise_identifier("phone", value, region=region)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "region"),
    [
        ("+12128671234", None), ("+1 (212) 867-1234", None), ("212.867.1234", "US"), ("1-212-867-1234", "us"),
        ("(212) 867 1234", " US "), ("+1 212 867 1234", "DE"), ("＋１２１２８６７１２３４", None),
        ("tel:+1-212-867-1234", None),
        ("0012128671234", "DE"), ("+١٢١٢٨٦٧١٢٣٤", None), ("1 1 212 867 1234", "US"),
    ],
)  # fmt: skip
def test_spellings_of_one_number_are_equal(value: str, region: str | None) -> None:
    assert phone(value, region) == Identifier("phone", "+12128671234", "+12128671234", "", True, "")


@pytest.mark.parametrize(
    ("value", "region", "exact"),
    [
        ("(303) 555-2345", "USA", "+13035552345"),
        ("(303) 555-2345", "U.S.A.", "+13035552345"),
        ("(303) 555-2345", "United States", "+13035552345"),
        ("030 12345678", "DEU", "+493012345678"),
        ("030 12345678", "D", "+493012345678"),
        ("020 7946 0018", "uk", "+442079460018"),
        ("23456", "AC", "+24723456"),
    ],
)
def test_region_is_read_however_its_country_is_written(value: str, region: str, exact: str) -> None:
    assert phone(value, region).exact == exact


@pytest.mark.parametrize("region", [None, "", "ZZ", "nowhere", "\ud800"])
def test_national_number_without_a_readable_region_gives_none(region: str | None) -> None:
    assert normalise_identifier("phone", "212 867 1234", region=region) is None


@pytest.mark.parametrize("value", ["", "call me", "+", "+999 123456", "+1", "1" * 300, "dark"])
def test_what_cannot_be_parsed_gives_none(value: str) -> None:
    assert normalise_identifier("phone", value, region="US") is None


@pytest.mark.parametrize("value", ["+1 099 867 1234", "+44 7000 12345678", "+49 30 1234567890"])
def test_number_that_parses_but_is_not_valid_links(value: str) -> None:
    assert phone(value).links


@pytest.mark.parametrize(
    ("value", "region"), [("+5500900199590908", None), ("0007958560009", "AR"), ("00018958469888", "FR")]
)
def test_stacked_prefixes_are_read_until_the_number_stays(value: str, region: str | None) -> None:
    found = phone(value, region)
    assert phone(found.exact) == found


def test_leading_zero_of_italian_numbers_is_kept() -> None:
    assert phone("06 698 12345", "IT").exact == "+390669812345"


def test_extension_is_in_the_exact_key_only() -> None:
    found = phone("+1 212 867 1234 ext. 56")
    assert (found.exact, found.canonical) == ("+12128671234;ext=56", "+12128671234")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("+1 212 555 0100", "placeholder"),
        ("(907) 555-0199", "placeholder"),
        ("555-0142", "placeholder"),
        ("000-000-0000", "placeholder"),
        ("999 999 9999", "placeholder"),
        ("0000000", "placeholder"),
        ("123-456-7890", "placeholder"),
        ("911", "too short"),
        ("867-1234", "no area code"),
    ],
)
def test_placeholders_and_short_numbers_never_link(value: str, reason: str) -> None:
    found = phone(value, "US")
    assert (found.links, found.reason) == (False, reason)


@pytest.mark.parametrize("value", ["+1 212 555 0200", "+1 212 555 0099", "+1 212 555 1234", "+44 20 5550 1234"])
def test_numbers_beside_the_fictional_range_link(value: str) -> None:
    assert phone(value).links
