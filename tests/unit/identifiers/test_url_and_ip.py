"""URLs and IP addresses."""

import pytest

from shared.identifiers import Identifier, normalise_identifier
from shared.identifiers.ip import port_in


def url(value: str) -> Identifier:
    found = normalise_identifier("url", value)
    assert found is not None
    return found


def ip(value: str) -> Identifier:
    found = normalise_identifier("ip", value)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "value",
    [
        "https://sociala.example/Dark_77", "HTTPS://SocialA.EXAMPLE/Dark_77", "https://sociala.example:443/Dark_77",
        "https://sociala.example/Dark_77#top", "https://sociala.example/Dark_77?utm_source=x&fbclid=1&UTM_x=2",
        "sociala.example/Dark_77", "https://u:p@sociala.example/Dark_77", "https://sociala.example/D%61rk%5f77?",
        "https://sociala.example./Dark_77",
    ],
)  # fmt: skip
def test_spellings_of_one_url_are_exactly_equal(value: str) -> None:
    address = "https://sociala.example/Dark_77"
    assert url(value) == Identifier("url", address, address, "", True, "")


@pytest.mark.parametrize(
    "value",
    [
        "http://sociala.example/dark", "https://www.sociala.example/dark", "https://m.sociala.example/dark/",
        "http://www.m.sociala.example:80/dark", "https://mobile.sociala.example/dark//",
    ],
)  # fmt: skip
def test_variants_of_one_page_share_the_canonical_key_only(value: str) -> None:
    assert url(value).canonical == "https://sociala.example/dark"
    assert url(value).exact != "https://sociala.example/dark"


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("https://m.me/dark", "https://m.me/dark"),
        ("https://www.example/dark", None),
        ("http://x.example/p?b=2&a=%7e1&gclid=9", "https://x.example/p?a=~1&b=2"),
        ("http://x.example/p?a=1%26b=2", "https://x.example/p?a=1%26b%3D2"),
        ("http://x.example:8080/p", "https://x.example:8080/p"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://[2001:DB8::0:1]/p", "https://[2001:db8::1]/p"),
        ("ftp://files.example:21/p", "ftp://files.example/p"),
    ],
)
def test_canonical_url(value: str, canonical: str | None) -> None:
    assert url(value).canonical == (canonical or value)


def test_letter_case_of_the_path_counts() -> None:
    assert url("https://x.example/AbC").canonical != url("https://x.example/abc").canonical


@pytest.mark.parametrize(
    "value",
    [
        "", "dark_77", "https://", "https:///p", "mailto:a@example.org", "javascript:alert(1)", "http://localhost/x",
        "https://x.example:99999/", "https://x.example:0/", "two words.example/p", "http://[::1/p", "https://x..example/p",
        "https://x.example/" + "é" * 400, "https://" + ".".join(["é" * 40] * 6) + "/p",
    ],
)  # fmt: skip
def test_what_names_no_host_gives_none(value: str) -> None:
    assert normalise_identifier("url", value) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("https://www.sociala.example/", "front page of a site"),
        ("https://sociala.example//", "front page of a site"),
        ("sociala.example?utm_source=x", "front page of a site"),
        ("http://192.168.1.1/dark", "private or reserved address"),
        ("http://[::1]/dark", "private or reserved address"),
    ],
)
def test_front_pages_and_private_hosts_never_link(value: str, reason: str) -> None:
    assert (url(value).links, url(value).reason) == (False, reason)


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:0DB8:0:0::0001", "2001:db8::1"),
        ("198.51.100.7", "198.51.100.7"),
        ("8.8.8.8", "8.8.8.8"),
        ("203.0.113.81:5555", "203.0.113.81"),
        (" 203.0.113.81:443 ", "203.0.113.81"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1:443", "2001:db8::1:443"),
        ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
    ],
)
def test_public_address_needs_time_and_port(value: str, exact: str) -> None:
    assert ip(value) == Identifier("ip", exact, exact, "", False, "needs time and port")


@pytest.mark.parametrize(
    "value",
    ["10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
     "::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "10.1.2.3:5555", "[fe80::1%eth0]:443"],
)  # fmt: skip
def test_private_shared_and_reserved_addresses_never_link(value: str) -> None:
    assert (ip(value).links, ip(value).reason) == (False, "private or reserved address")


@pytest.mark.parametrize(
    "value",
    ["", "256.1.1.1", "1.2.3", "010.1.2.3", "203.0.113.9:", "203.0.113.9:65536", "203.0.113.9:80:80",
     "203.0.113.9:http", "[203.0.113.9]:80", "[2001:db8::1", "[2001:db8::1]80", "::g", "1234", "example.org",
     "example.org:80"],
)  # fmt: skip
def test_what_is_no_address_gives_none(value: str) -> None:
    assert normalise_identifier("ip", value) is None
    assert port_in(value) is None


@pytest.mark.parametrize(
    ("value", "port"),
    [
        ("203.0.113.81:5555", 5_555), ("203.0.113.81:0", 0), ("203.0.113.81:65535", 65_535),
        (" 203.0.113.81:５５５５", 5_555), ("[2001:db8::1]:443", 443), ("203.0.113.81", None),
        ("2001:db8::1:443", None), ("[2001:db8::1]", None),
    ],
)  # fmt: skip
def test_port_may_stand_in_the_text_of_an_address(value: str, port: int | None) -> None:
    assert port_in(value) == port
