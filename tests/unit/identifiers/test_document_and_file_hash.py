"""Identity documents and file hashes."""

import phonenumbers
import pytest

from shared.identifiers import Identifier, normalise_file_hash, normalise_identifier
from shared.identifiers.country import ALPHA_2_OF

MD5 = "0123456789abcdef" * 2
SHA1 = "0123456789" * 4
SHA256 = "0123456789abcdef" * 4
EXTRA_CODES = {"D", "UK", "GBD", "GBN", "GBO", "GBP", "GBS", "RKS", "XKX"}


def document(value: str, country: str | None = "US") -> Identifier:
    found = normalise_identifier("document", value, country=country)
    assert found is not None
    return found


@pytest.mark.parametrize("value", ["X1234568", "x 123 4568", "X-1234-568", "X.1234/568", "Ｘ１２３４５６８"])
def test_spellings_of_one_number_are_equal(value: str) -> None:
    assert document(value, " us ") == Identifier("document", "X1234568", "X1234568", "US", True, "")


@pytest.mark.parametrize(
    ("given", "scope"),
    [("usa", "US"), (" DEU ", "DE"), ("D", "DE"), ("GBR", "GB"), ("uk", "GB"), ("XK", "XK"), ("RKS", "XK")],
)
def test_country_in_two_letters_and_in_three_is_one(given: str, scope: str) -> None:
    assert document("X1234568", given) == document("X1234568", scope)
    assert document("X1234568", given).scope == scope


def test_country_that_is_no_code_is_kept_as_given_in_upper_case() -> None:
    assert document("X1234568", "Atlantis").scope == "ATLANTIS"


def test_every_country_that_has_telephones_has_one_code_of_three_letters() -> None:
    two_letters = [two for three, two in ALPHA_2_OF.items() if three not in EXTRA_CODES]
    assert len(two_letters) == len(set(two_letters)) == 249
    assert set(phonenumbers.SUPPORTED_REGIONS) - set(two_letters) == {"AC", "TA", "XK"}


def test_number_without_country_links_in_a_scope_of_its_own() -> None:
    found = document("X1234568", None)
    assert (found.scope, found.links) == ("", True)


@pytest.mark.parametrize(
    ("value", "country", "reason"),
    [
        ("X123", "US", "too short"),
        ("X12345", None, "too short"),
        ("UNKNOWN", "US", "placeholder"),
        ("N/A", "US", "placeholder"),
        ("000000000", "US", "placeholder"),
        ("123456789", "US", "placeholder"),
        ("PASSPORT", "US", "no digits"),
    ],
)
def test_documents_that_tell_nothing_never_link(value: str, country: str | None, reason: str) -> None:
    assert (document(value, country).links, document(value, country).reason) == (False, reason)


@pytest.mark.parametrize("value", ["", "-", "*****1234", "X1234567_", "1" * 65])
def test_other_signs_or_overlong_numbers_give_none(value: str) -> None:
    assert normalise_identifier("document", value, country="US") is None


@pytest.mark.parametrize(("kind", "digits"), [("md5", MD5), ("sha1", SHA1), ("sha256", SHA256)])
def test_hash_is_folded_to_lower_case(kind: str, digits: str) -> None:
    expected = Identifier(kind, digits, digits, "", True, "")
    assert normalise_file_hash(kind, f" {digits.upper()} ") == expected
    assert normalise_identifier(kind, digits) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("md5", SHA1), ("sha1", MD5), ("sha256", SHA256[:-1]), ("sha1", ""), ("sha512", SHA256 * 2)),
        *(
            ("md5", "g" * 32),
            ("md5", MD5[:14] + "  " + MD5[16:]),
            ("md5", MD5[:2] + " " + MD5[2:31]),
            ("md5", "٣" * 32),
        ),
    ],
)
def test_hash_of_wrong_length_charset_or_kind_gives_none(kind: str, value: str) -> None:
    assert normalise_file_hash(kind, value) is None


def test_other_identifier_types_are_no_hash_kinds() -> None:
    assert normalise_file_hash("email", "a@example.org") is None


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_hash_of_the_empty_file_never_links(kind: str) -> None:
    # Computed here, so that the table in the code is checked and not repeated.
    import hashlib

    found = normalise_file_hash(kind, hashlib.new(kind, b"", usedforsecurity=False).hexdigest())
    assert found is not None
    assert (found.links, found.reason) == (False, "empty file")


def test_hash_of_one_repeated_digit_never_links() -> None:
    found = normalise_file_hash("sha256", "0" * 64)
    assert found is not None
    assert (found.links, found.reason) == (False, "placeholder")
