"""What a network address links: at a time, with a port, of one household; and what it never does."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.evidence import DAY_WINDOW_S, LINKING_KEYS_MAX, PORT_WINDOW_S, holdings_of
from services.linker.domain.facts import File
from tests.unit.linker.test_holdings_and_links import (
    HASH,
    email,
    links_between,
    network,
    party,
    tip,
    types_that,
    uid,
)


def test_a_network_address_without_time_links_nothing_and_with_it_within_a_day_shows() -> None:
    early, late, other_day = (
        tip(number, party(network(after=timedelta(hours=hours)))) for number, hours in ((1, 0), (2, 20), (3, 72))
    )
    assert types_that("shows", early, late) == {"ip"}
    assert types_that("joins", early, late) == set()
    assert [link.strength for link in links_between(early, late)] == ["weak"]
    assert links_between(early, replace(other_day, tip_id=uid(2))) == ()


def test_a_network_address_with_its_port_joins_within_minutes() -> None:
    first, soon, later, elsewhere = (
        tip(number, party(network(port=port, after=timedelta(minutes=minutes))))
        for number, port, minutes in ((1, 51_000, 0), (2, 51_000, 2), (2, 51_000, 11), (2, 51_001, 0))
    )
    assert types_that("joins", first, soon) == {"ip_port"}
    assert types_that("joins", first, later) == set()
    assert types_that("joins", first, elsewhere) == set()


@pytest.mark.parametrize("hours", [0, 10, 24, 48])
def test_a_second_before_and_after_the_hour_is_one_moment(hours: int) -> None:
    before, after = (
        tip(number, party(network("2001:db8:1:2::1", port=51_000, after=timedelta(hours=hours, seconds=seconds))))
        for number, seconds in ((1, -1), (2, 0))
    )
    assert types_that("joins", before, after) == {"ip_port"}
    assert types_that("shows", before, after) == {"ip", "ip_net"}


@given(at_s=st.integers(0, 10**6), apart_s=st.one_of(st.integers(0, 1_000), st.integers(0, 3 * 86_400)))
def test_moments_meet_when_near_and_never_when_far_wherever_they_lie(at_s: int, apart_s: int) -> None:
    left, right = (
        tip(number, party(network(port=51_000, after=timedelta(seconds=seconds))))
        for number, seconds in ((1, at_s), (2, at_s + apart_s))
    )
    met = types_that("joins", left, right) | types_that("shows", left, right)
    assert "ip_port" in met or apart_s > PORT_WINDOW_S // 4
    assert "ip_port" not in met or apart_s < PORT_WINDOW_S
    assert "ip" in met or apart_s > DAY_WINDOW_S // 4
    assert "ip" not in met or apart_s < DAY_WINDOW_S


@given(at_s=st.integers(0, 10**6))
def test_one_moment_is_one_reason_though_two_windows_hold_it(at_s: int) -> None:
    both = [network(port=51_000, after=timedelta(days=days, seconds=at_s)) for days in (0, 9)]
    for logins in (both[:1], both):
        (link,) = links_between(tip(1, party(*logins)), tip(2, party(*logins)))
        assert Counter(each.type for each in link.evidence) == {"ip_port": len(logins), "ip": len(logins)}


def test_a_port_in_the_text_of_an_address_counts_where_none_is_told_beside_it() -> None:
    beside = tip(1, party(network(port=51_000)))
    inside, other, both = (
        tip(2, party(network(address, port=port)))
        for address, port in (("203.0.113.9:51000", None), ("203.0.113.9:51001", None), ("203.0.113.9:51001", 51_000))
    )
    assert types_that("joins", beside, inside) == types_that("joins", beside, both) == {"ip_port"}
    assert types_that("joins", beside, other) == types_that("joins", replace(inside, tip_id=uid(1)), other) == set()
    assert types_that("shows", beside, other) == {"ip"}
    household = [network(f"[2001:db8:1:2::1]{port}", port=told) for port, told in ((":51000", None), ("", 51_000))]
    assert types_that("joins", *(tip(number, party(each)) for number, each in enumerate(household))) == {"ip_port"}


@pytest.mark.parametrize("port", [0, 80, 443, 8080, 8443])
def test_a_servers_port_is_as_good_as_none(port: int) -> None:
    assert types_that("joins", *(tip(number, party(network(port=port))) for number in (1, 2))) == set()


@pytest.mark.parametrize("address", ["10.1.2.3", "100.64.7.7", "192.168.0.1", "fe80::1"])
def test_a_private_or_carrier_address_never_links(address: str) -> None:
    contents = [tip(number, party(network(address, port=51_000))) for number in (1, 2)]
    assert links_between(*contents) == ()


def test_of_an_ipv6_address_the_household_is_the_first_64_bits() -> None:
    left, right = (tip(n, party(network(f"2001:db8:1:2::{n}"))) for n in (1, 2))
    assert types_that("shows", left, right) == {"ip_net"}
    next_door = tip(2, party(network("2001:db8:1:3::1")))
    assert links_between(left, next_door) == ()


def test_a_long_log_leaves_room_for_what_a_tip_says_besides() -> None:
    logins = [network(port=50_000 + number, after=timedelta(hours=number)) for number in range(LINKING_KEYS_MAX)]
    found = holdings_of(tip(1, party(*logins, email()), files=(File(sha256=HASH),)))
    linking = {holding.key for holding in found if holding.links}
    assert len(linking) == LINKING_KEYS_MAX
    assert {"email", "sha256", "ip_port"} <= {key.type for key in linking}
