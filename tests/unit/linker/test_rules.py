"""What a value may do by its kind and how common it is, before and after anything is learned of it."""

import pytest

from services.linker.domain.model import Learned, Model
from services.linker.domain.rules import RULES

WEAK_TYPES = ("ip", "ip_net", "sha256", "sha1", "md5")


@pytest.mark.parametrize(
    ("key_type", "tip_count", "viral_count", "reliability", "standing"),
    [
        ("email", 1, 0, 0.9, "single"),
        ("email", 2, 0, 0.9, "joins"),
        ("email", 2, 0, 0.45, "joins"),
        ("email", 2, 0, 0.44, "shows"),
        ("email", 80, 0, 0.8, "joins"),
        ("email", 80, 0, 0.45, "shows"),
        ("email", 81, 0, 0.9, "too_common"),
        ("ip_port", 41, 0, 0.9, "too_common"),
        ("ip", 2, 0, 0.98, "shows"),
        ("sha256", 2, 0, 0.98, "shows"),
        ("sha256", 2, 1, 0.98, "viral"),
        ("sha256", 500, 1, 0.98, "viral"),
        ("sha256", 1, 1, 0.0, "single"),
        ("name", 2, 0, 0.98, "unruled"),
        ("birth_date", 2, 0, 0.98, "unruled"),
    ],
)
def test_standing_of_a_value(
    key_type: str, tip_count: int, viral_count: int, reliability: float, standing: str
) -> None:
    assert Model().standing(key_type, tip_count, viral_count, reliability) == standing


def test_what_joins_follows_from_what_was_learned() -> None:
    strict = Model(Learned(joining_min=0.65))
    assert [strict.standing("email", 2, 0, each) for each in (0.65, 0.64)] == ["joins", "shows"]
    assert [strict.standing("ip", 2, 0, 0.98), strict.standing("email", 81, 0, 0.98)] == ["shows", "too_common"]


@pytest.mark.parametrize("key_type", WEAK_TYPES)
def test_a_weak_kind_never_joins_and_is_never_strong(key_type: str) -> None:
    assert not RULES.may_join(key_type, 2)
    assert not RULES.joins(key_type)
    assert [RULES.strength_of(key_type, reliability) for reliability in (0.98, 0.5, 0.49)] == [
        "medium",
        "medium",
        "weak",
    ]


def test_a_value_may_join_from_two_holders_to_its_cap() -> None:
    assert [count for count in range(100) if RULES.may_join("phone", count)] == list(range(2, 81))
    assert not RULES.may_join("name", 2)


def test_strength_follows_reliability() -> None:
    assert [RULES.strength_of("phone", each) for each in (0.8, 0.79, 0.5, 0.49)] == [
        "strong",
        "medium",
        "medium",
        "weak",
    ]


def test_a_bank_account_is_no_handle_as_other_payment_values_are() -> None:
    assert RULES.group_of("payment", "iban") == RULES.group_of("payment", "crypto") == "money"
    assert RULES.group_of("payment", "payc") == RULES.group_of("email", "")


def test_only_handles_have_more_than_one_strand_by_how_they_are_made() -> None:
    made = [("username", "D4rk_Lord77", "x"), ("email", "darklord@example.org", ""), ("handle_family", "darklord", "")]
    assert len({RULES.strand_of(*each) for each in made}) == 1
    assert RULES.strand_of("username", "sam", "x") == RULES.strand_of("handle", "sam", "") != RULES.strand_of(*made[0])
    assert {RULES.strand_of("phone", f"+1212555010{last}", "") for last in range(10)} == {"phone"}
    assert RULES.strand_of("payment", "DE02120300000000202051", "iban") == "money"


def test_hashes_of_a_file_are_one_kind_and_devices_are_one_for_each_sort_of_id() -> None:
    assert {RULES.name_of(key_type, "") for key_type in ("sha256", "sha1", "md5")} == {"file"}
    assert RULES.name_of("device", "imei") != RULES.name_of("device", "mac")
    assert RULES.name_of("email", "") == "email"


def test_every_kind_starts_from_a_reliability_that_evidence_can_move() -> None:
    for key_type, rule in RULES.types.items():
        for scope in ("", "imei"):
            name = RULES.name_of(key_type, scope)
            assert 0 < RULES.prior_of(name) < 1
            assert RULES.joins(name) == rule.joins
