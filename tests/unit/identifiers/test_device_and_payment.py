"""Device ids and payment identifiers, whose kind is read from their shape."""

import pytest

from shared.identifiers import Identifier, normalise_identifier
from shared.identifiers.checksum import has_iban_check, has_luhn_check


def device(value: str) -> Identifier:
    found = normalise_identifier("device", value)
    assert found is not None
    return found


def payment(value: str, service: str | None = None) -> Identifier:
    found = normalise_identifier("payment", value, service=service)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "exact", "kind"),
    [
        ("352099001761481", "352099001761481", "imei"),
        ("35-209900-176148-1", "352099001761481", "imei"),
        ("IMEI: 35 209900 176148 1", "352099001761481", "imei"),
        # The check digit is wrong, so it is some other number.
        ("352099001761482", "352099001761482", "other"),
        ("A8-BB-CC-11-22-33", "a8:bb:cc:11:22:33", "mac"),
        ("a8bb.cc11.2233", "a8:bb:cc:11:22:33", "mac"),
        ("A8BBCC112233", "a8:bb:cc:11:22:33", "mac"),
        ("123456789012", "123456789012", "other"),
        ("{6D92078A-8246-4BA4-AE5B-76104861E7DC}", "6d92078a-8246-4ba4-ae5b-76104861e7dc", "uuid"),
        ("6d92078a82464ba4ae5b76104861e7dc", "6d92078a-8246-4ba4-ae5b-76104861e7dc", "uuid"),
        ("F2LX77ABCD", "f2lx77abcd", "other"),
        ("DEV-0001", "dev-0001", "other"),
    ],
)
def test_device_kind_is_read_from_the_shape(value: str, exact: str, kind: str) -> None:
    assert device(value) == Identifier("device", exact, exact, kind, True, "")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("000000000000000", "placeholder"),
        ("00:00:00:00:00:00", "placeholder"),
        ("ff:ff:ff:ff:ff:ff", "placeholder"),
        ("00000000-0000-0000-0000-000000000000", "placeholder"),
        ("00000000", "placeholder"),
        ("unknown", "placeholder"),
        ("--", "placeholder"),
        ("02:00:5e:11:22:33", "randomised address"),
        ("iPhone", "reads as a description"),
        ("Galaxy S9 plus", "reads as a description"),
        ("id77", "too short"),
    ],
)
def test_devices_that_tell_nothing_never_link(value: str, reason: str) -> None:
    assert (device(value).links, device(value).reason) == (False, reason)


@pytest.mark.parametrize("value", ["", "x" * 257])
def test_empty_or_overlong_device_gives_none(value: str) -> None:
    assert normalise_identifier("device", value) is None


@pytest.mark.parametrize(
    ("value", "service", "exact", "scope"),
    [
        ("gb29 nwbk 6016 1331 9268 19", None, "GB29NWBK60161331926819", "iban"),
        ("DE89-3704-0044-0532-0130-00", "payC", "DE89370400440532013000", "iban"),
        ("0xAB5801A7D398351B8BE11C439E05C5B3259AEC9B", None, "0xab5801a7d398351b8be11c439e05c5b3259aec9b", "crypto"),
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", None, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "crypto"),
        ("bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT", None, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "crypto"),
        ("$1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "payC", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "crypto"),
        # One letter case only: a long handle, not an address.
        ("1" + "ABCDEFGHJK" * 3, "payC", "1" + "abcdefghjk" * 3, "payc"),
        ("$Dark_77", "Square Cash", "dark_77", "cash app"),
        ("@dark_77", "payC", "dark_77", "payc"),
        ("4000 0012-3456 7899", None, "4000001234567899", ""),
        ("pay-0001234", None, "pay-0001234", ""),
    ],
)
def test_payment_type_is_read_from_the_shape(value: str, service: str | None, exact: str, scope: str) -> None:
    assert payment(value, service) == Identifier("payment", exact, exact, scope, True, "")


def test_iban_with_a_wrong_check_is_an_opaque_number() -> None:
    assert payment("GB29 NWBK 6016 1331 9268 18").scope == ""


def test_letter_case_of_a_base58_address_counts() -> None:
    left, right = payment("1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), payment("1boatSLRHtKNngkdXEeobR76b53LETtpyT")
    assert left.exact != right.exact


@pytest.mark.parametrize(
    ("value", "service", "reason"),
    [
        ("dark_77", None, "no service"),
        ("unknown", "payC", "placeholder"),
        ("0000 0000 0000 0000", "payC", "placeholder"),
        ("**** **** **** 1234", "payC", "masked number"),
        ("XXXX-XXXX-XXXX-1234", "payC", "masked number"),
        ("0x" + "0" * 40, None, "placeholder"),
    ],
)
def test_payments_that_tell_nothing_never_link(value: str, service: str | None, reason: str) -> None:
    assert (payment(value, service).links, payment(value, service).reason) == (False, reason)


@pytest.mark.parametrize("place", range(14))
def test_luhn_check_finds_any_single_wrong_digit(place: int) -> None:
    good = "352099001761481"
    assert has_luhn_check(good)
    for digit in set("0123456789") - {good[place]}:
        assert not has_luhn_check(good[:place] + digit + good[place + 1 :])


def test_iban_check_finds_swapped_digits() -> None:
    assert has_iban_check("GB29NWBK60161331926819")
    assert not has_iban_check("GB29NWBK60161331926891")
