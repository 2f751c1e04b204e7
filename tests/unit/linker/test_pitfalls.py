"""The known pitfalls of linking by Internet identifiers, as far as a value and its holders tell; a test for each.

What clusters come of it is in `tests/integration/linker/test_pitfalls.py`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.linker.app import load_rules
from services.linker.domain.cluster import derived_id
from services.linker.domain.evidence import Holding, Key, holdings_of
from services.linker.domain.facts import Address, File, GivenIdentifier, Party, Role, TipContent
from services.linker.domain.links import GRADE_BITS, PHONE_KEPT_DAYS, Evidence, Worth, links_of
from services.linker.domain.model import Model
from services.linker.domain.profile import Profile, compare_births, compare_names
from services.linker.domain.rules import RULES
from services.linker.store.values import key_id_of
from tests.builders import new_id
from tests.unit.linker.holders import holders_of

MODEL = Model(rules=load_rules())
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LISTS = load_rules().lists
PUBLIC, PUBLIC_V6 = "198.51.100.7", "2001:db8:1:2:aaaa:bbbb:cccc:dddd"


def given(type: str, value: str, **more: Any) -> GivenIdentifier:
    return GivenIdentifier(type, value, **more)


def an_ip(value: str = PUBLIC, *, port: int | None = None, after: timedelta = timedelta()) -> GivenIdentifier:
    return GivenIdentifier("ip", value, port=port, at=AT + after)


def held(
    *identifiers: GivenIdentifier, role: Role = "subject", files: tuple[File, ...] = (), **described: Any
) -> tuple[Holding, ...]:
    """Return what a tip holds that tells this of one person."""
    party = Party(new_id(), role, identifiers=identifiers, **described)
    content = TipContent(new_id(), 1, "ncmec", "CT-1", AT, "possession", parties=(party,), files=files)
    return holdings_of(content, lists=LISTS)


def keys(*identifiers: GivenIdentifier, **more: Any) -> set[Key]:
    """Return the values by which such a tip may be linked."""
    return {holding.key for holding in held(*identifiers, **more) if holding.links}


def types(*identifiers: GivenIdentifier, **more: Any) -> set[str]:
    return {key.type for key in keys(*identifiers, **more)}


def shared(one: GivenIdentifier, other: GivenIdentifier) -> set[str]:
    """Return the types of the values that two tips share which hold one of these each."""
    return {key.type for key in keys(one) & keys(other)}


def test_ip_without_a_time_never_links() -> None:
    assert keys(given("ip", PUBLIC)) == set()
    assert keys(given("ip", PUBLIC, port=50_123)) == set()


def test_ipv4_without_port_supports_within_two_days_and_never_joins() -> None:
    assert types(an_ip()) == {"ip"}
    assert shared(an_ip(), an_ip(after=timedelta(hours=3))) == {"ip"}
    assert shared(an_ip(), an_ip(after=timedelta(days=3))) == set()
    assert MODEL.standing("ip", 2, 0, 1.0) == "shows"
    assert RULES.strength_of("ip", 1.0) != "strong"


def test_ipv4_with_port_needs_the_same_port_within_minutes() -> None:
    assert shared(an_ip(port=50_123), an_ip(port=50_123, after=timedelta(minutes=3))) == {"ip", "ip_port"}
    assert shared(an_ip(port=50_123), an_ip(port=50_124)) == {"ip"}
    assert shared(an_ip(port=50_123), an_ip(port=50_123, after=timedelta(minutes=11))) == {"ip"}


def test_ip_timestamp_is_compared_in_utc() -> None:
    eastern = datetime.fromisoformat("2026-03-02T07:00:00-05:00")
    assert keys(given("ip", PUBLIC, port=50_123, at=eastern)) == keys(an_ip(port=50_123))
    as_if_local = eastern.replace(tzinfo=UTC)
    assert shared(given("ip", PUBLIC, port=50_123, at=as_if_local), an_ip(port=50_123)) == {"ip"}


@pytest.mark.parametrize("port", [0, 80, 443, 8080, 8443])
def test_server_port_is_no_port(port: int) -> None:
    assert types(an_ip(port=port)) == {"ip"}


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.9", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.3.4", "224.0.0.1", "0.0.0.0",
     "::1", "fe80::1%eth0", "fd00::7", "::ffff:10.1.2.3"],
)  # fmt: skip
def test_private_and_cgnat_addresses_never_link(address: str) -> None:
    assert keys(an_ip(address, port=50_123)) == set()
    assert {holding.reason for holding in held(an_ip(address))} == {"private or reserved address"}


def test_ipv6_household_is_the_first_half_of_the_address_and_never_joins() -> None:
    neighbour = PUBLIC_V6.replace("dddd", "eeee")
    assert shared(an_ip(PUBLIC_V6), an_ip(PUBLIC_V6.upper())) == {"ip", "ip_net"}
    assert shared(an_ip(PUBLIC_V6), an_ip(neighbour)) == {"ip_net"}
    assert shared(an_ip(PUBLIC_V6), an_ip("2001:db8:1:3::1")) == set()
    assert MODEL.standing("ip_net", 2, 0, 1.0) == "shows"


def test_email_dots_and_tags_are_the_providers() -> None:
    def same(one: str, other: str) -> bool:
        return "email" in shared(given("email", one), given("email", other))

    assert same("Some.One+x@Gmail.com", "someone@googlemail.com")
    assert same("someone@me.com", "someone+shop@icloud.com")
    assert same("some.one+x@outlook.com", "some.one@outlook.com")
    assert not same("some.one@outlook.com", "someone@outlook.com")
    assert not same("some.one@example.org", "someone@example.org")
    assert not same("someone+x@example.org", "someone@example.org")


def test_email_that_is_equal_only_after_the_providers_rules_says_less() -> None:
    spelled, same, other = (given("email", f"{name}@gmail.com") for name in ("someone", "someone", "some.one"))
    one, less = _evidence(spelled, same), _evidence(spelled, other)
    assert (one.rule, less.rule) == ("same_email", "same_email_canonical")
    assert less.weight == pytest.approx(one.weight - GRADE_BITS)
    assert (one.strength, less.strength) == ("strong", "medium")


def _evidence(
    one: GivenIdentifier, other: GivenIdentifier, *, reliability: float = 0.9, apart: timedelta = timedelta()
) -> Evidence:
    """Return what two tips that are reported so far apart share of the first one's type."""
    mine, theirs = held(one), held(other)
    worth = {holding.key: Worth(2, reliability) for holding in mine}
    reported_at = {mine[0].tip_id: AT, theirs[0].tip_id: AT + apart}
    tip_id, holders = mine[0].tip_id, holders_of([*mine, *theirs])
    (link,) = links_of([tip_id], holders, worth=worth, judgements={}, model=MODEL, reported_at=reported_at)[tip_id]
    return next(each for each in link.evidence if each.type == one.type)


def test_email_domain_is_no_value() -> None:
    assert shared(given("email", "heron@example.org"), given("email", "osprey@example.org")) == set()


@pytest.mark.parametrize(
    "address",
    ["abuse@example.org", "noc@example.org", "No-Reply@example.org", "post.master+x@gmail.com", "none@none.com"],
)
def test_role_address_never_links(address: str) -> None:
    assert keys(given("email", address)) == set()
    assert all(holding.reason for holding in held(given("email", address)))


def test_disposable_email_may_link_and_counts_half_to_start_with() -> None:
    disposable, other = Key("email", "otter@mailinator.com"), Key("email", "otter@example.org")
    assert disposable in keys(given("email", disposable.value))
    start, usual = (MODEL.rules.prior_of(MODEL.kind_of(key, 2)[0]) for key in (disposable, other))
    assert start == usual / 2
    address = given("email", disposable.value)
    assert _evidence(address, address).detail.endswith(LISTS.all[1].words)
    assert shared(given("email", "heron@mailinator.com"), address) == set()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("185.220.101.7", "address of a VPN, relay or Tor exit"),
        ("104.28.1.1", "address of a VPN, relay or Tor exit"),
        ("3.5.140.2", "address of a hosting company"),
        ("8.8.8.8", "address of a public resolver"),
        ("174.193.0.1", "address that a carrier shares among its subscribers"),
    ],
)
def test_vpn_proxy_relay_tor_cloud_and_carrier_addresses_never_link(address: str, reason: str) -> None:
    assert keys(an_ip(address, port=50_123)) == set()
    assert [holding.reason.partition(" (list ")[0] for holding in held(an_ip(address, port=50_123))] == [reason]


def test_username_is_per_service() -> None:
    forum, chat = (given("username", "quiet.otter", service=service) for service in ("forum", "chat"))
    assert "username" in shared(forum, given("username", "@Quiet.Otter", service="Forum"))
    assert shared(forum, chat) == {"handle", "handle_family"}
    assert "username" not in types(given("username", "quiet.otter"))
    assert keys(given("username", "unknown", service="forum")) == set()


def test_username_on_another_service_is_no_strong_evidence_before_anything_is_learned() -> None:
    for kind in ("handle", "handle_family"):
        assert RULES.strength_of(kind, RULES.prior_of(kind)) != "strong"


def test_display_name_is_no_value() -> None:
    assert keys(names=("Rosa Invented",)) == set()


def test_account_id_is_unique_within_its_service_only() -> None:
    assert shared(given("account", "12345678", service="forum"), given("account", "12345678", service="chat")) == set()
    assert keys(given("account", "12345678")) == set()


def test_renamed_service_is_one_service() -> None:
    for type in ("account", "username"):
        old, new = (given(type, "98765432", service=service) for service in ("Twitter", "X"))
        assert type in shared(old, new)


def test_short_link_never_links_and_a_page_of_links_counts_half() -> None:
    assert keys(given("url", "https://bit.ly/3x7")) == set()
    assert keys(given("url", "https://linktr.ee/")) == set()
    page, other = Key("url", "https://linktr.ee/quiet.otter"), Key("url", "https://example.org/u/otter")
    assert keys(given("url", page.value)) == {page}
    start, usual = (MODEL.rules.prior_of(MODEL.kind_of(key, 2)[0]) for key in (page, other))
    assert start == usual / 2


def test_profile_url_is_the_page_without_what_tracks_or_varies() -> None:
    one = given("url", "https://www.example.org/u/otter?utm_source=x&fbclid=1")
    assert shared(one, given("url", "http://m.example.org/u/otter/")) == {"url"}
    assert shared(one, given("url", "https://example.org/u/heron")) == set()
    assert keys(given("url", "https://example.org/")) == set()


def test_phone_needs_region() -> None:
    national = "(617) 555-2301"
    assert shared(given("phone", national, region="US"), given("phone", "+1 617 555 2301")) == {"phone"}
    assert keys(given("phone", national)) == set()
    assert keys(given("phone", national, region="DE")).isdisjoint(keys(given("phone", national, region="US")))


def test_phone_of_tips_a_year_apart_is_a_grade_weaker() -> None:
    phone = given("phone", "+1 617 555 2301")
    near = _evidence(phone, phone, apart=timedelta(days=PHONE_KEPT_DAYS))
    far = _evidence(phone, phone, apart=-timedelta(days=PHONE_KEPT_DAYS + 1))
    assert (near.strength, far.strength) == ("strong", "medium")
    assert far.weight == pytest.approx(near.weight - GRADE_BITS)
    assert far.detail == f"{near.detail}, reported more than a year apart"
    address = given("email", "heron@example.org")
    assert _evidence(address, address, apart=timedelta(days=800)).strength == "strong"


def test_phone_verified_by_both_is_a_grade_stronger_and_no_more_than_its_kind_can_be() -> None:
    def between(type: str, value: str, verified: tuple[bool, bool], reliability: float = 0.6) -> Evidence:
        one, other = (given(type, value, verified=each) for each in verified)
        return _evidence(one, other, reliability=reliability)

    phone = "+1 617 555 2301"
    plain, one_sided, both = (between("phone", phone, each) for each in ((False, False), (True, False), (True, True)))
    assert one_sided == plain
    assert (plain.strength, both.strength) == ("medium", "strong")
    assert both.weight == pytest.approx(plain.weight + GRADE_BITS)
    assert both.detail == f"{plain.detail}, verified by both sources"
    resettable = "6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"
    assert between("device", resettable, (True, True), reliability=0.95).strength == "medium"


@pytest.mark.parametrize("number", ["+1 617 555 0123", "+10000000000", "0000000", "123"])
def test_phone_placeholder_never_links(number: str) -> None:
    assert keys(given("phone", number, region="US")) == set()


@pytest.mark.parametrize(
    "value",
    ["00000000-0000-0000-0000-000000000000", "00:00:00:00:00:00", "000000000000000", "unknown", "iPhone",
     "Cafe WiFi 7", "02:1a:2b:3c:4d:5e"],
)  # fmt: skip
def test_device_placeholder_model_network_name_or_random_address_never_links(value: str) -> None:
    assert keys(given("device", value)) == set()


def test_device_ids_are_judged_by_their_kind() -> None:
    ids = ("490154203237518", "00:1a:2b:3c:4d:5e", "6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9")
    names = {RULES.name_of(key.type, key.scope) for value in ids for key in keys(given("device", value))}
    assert names == {"device:imei", "device:mac", "device:uuid"}
    assert {name: RULES.strength_of(name, 0.98) for name in names} == {
        "device:imei": "strong", "device:mac": "strong", "device:uuid": "medium",
    }  # fmt: skip


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_file_hash_joins_nothing_alone_and_of_an_empty_file_says_nothing() -> None:
    for kind in ("sha256", "sha1", "md5"):
        assert MODEL.standing(kind, 2, 0, 1.0) == "shows"
        assert RULES.strength_of(kind, 1.0) != "strong"
    assert keys(files=(File(sha256=EMPTY), File(md5="d41d8cd98f00b204e9800998ecf8427e"))) == set()
    a_line_break = File(md5="68b329da9893e34099c7d8ad5cb9c940")
    assert keys(files=(a_line_break,)) == set()
    assert [holding.reason.partition(" (")[0] for holding in held(files=(a_line_break,))] == [
        "known file without content"
    ]


def test_file_hash_that_is_viral_says_nothing() -> None:
    (holding,) = held(files=(File(sha256="ab" * 32, viral=True),))
    assert holding.is_viral
    assert MODEL.standing("sha256", 5, 1, 1.0) == "viral"


def test_hash_type_confusion_makes_no_value() -> None:
    for wrong in (File(sha256="ab" * 16), File(md5="ab" * 32), File(sha1="xy" * 20), File(sha256="ab" * 31)):
        assert held(files=(wrong,)) == ()
    assert keys(files=(File(sha1="AB" * 20),)) == keys(files=(File(sha1="ab" * 20),)) != set()
    assert keys(files=(File(md5="ab" * 16),)).isdisjoint(keys(files=(File(sha1="ab" * 20),)))


def test_name_in_another_order_spelling_or_script_is_near_and_another_is_not() -> None:
    rosa = _named("Rosa Invented")
    assert compare_names(rosa, _named("INVENTED, Rosa")) == "agrees"
    assert compare_names(rosa, _named("Rosa Inventet")) in ("agrees", "near")
    assert compare_names(rosa, _named("Otto Makebelieve")) == "differs"
    assert compare_names(rosa, Profile()) is None


def _named(name: str) -> Profile:
    return Profile(names=(tuple(sorted(name.replace(",", "").lower().split())),))


def test_birth_date_01_01_says_little() -> None:
    assert _births("1980-01-01", "1980-01-01") is None
    assert _births("1980-01-01", "1980-06-05") is None
    assert _births("1980", "1980-06-05") is None
    assert _births("1980-01-01", "1991-06-05") == "differs"


def test_birth_date_with_day_and_month_exchanged_is_no_contradiction() -> None:
    assert _births("1980-03-04", "1980-04-03") == "near"
    assert _births("1980-03-04", "1980-03-04") == "agrees"
    assert _births("1980-03-04", "1985-07-28") == "differs"


def _births(one: str, other: str) -> str | None:
    return compare_births(Profile(births=(one,)), Profile(births=(other,)))


def test_address_is_to_the_flat() -> None:
    def at(line: str, code: str | None = "02101") -> set[Key]:
        return keys(addresses=(Address(country="US", postal_code=code, line=line),))

    assert at("12 Elm St., Apt 3") == at("12 ELM ST Apt. 3") != set()
    assert at("12 Elm St., Apt 3").isdisjoint(at("12 Elm St., Apt 4"))
    assert at("12 Elm St., Apt 3").isdisjoint(at("12 Elm St., Apt 3", "02102"))
    assert at("12 Elm St., Apt 3", None) == set()


@pytest.mark.parametrize("role", ["victim", "reporter", "witness", "recipient", "account_victim"])
def test_hijacked_account_owner_and_other_roles_never_link(role: Role) -> None:
    values = (
        given("email", "heron@example.org"),
        given("username", "quiet.otter", service="forum"),
        an_ip(port=50_123),
    )
    assert keys(*values, role=role, addresses=(Address(postal_code="02101", line="12 Elm St."),)) == set()
    assert all(holding.reason for holding in held(*values, role=role))


def test_truncated_keys_are_no_keys() -> None:
    """Some systems compare the first 191 characters of a value only."""
    start = "https://example.org/" + "a" * 300
    one, other = keys(given("url", start + "1")), keys(given("url", start + "2"))
    assert one.isdisjoint(other)
    assert {key_id_of(key) for key in one}.isdisjoint(key_id_of(key) for key in other)


def test_volatile_cluster_ids_follow_from_the_oldest_tip_alone() -> None:
    tip_id: UUID = new_id()
    assert derived_id("cluster", tip_id) == derived_id("cluster", tip_id) != derived_id("lead", tip_id)
