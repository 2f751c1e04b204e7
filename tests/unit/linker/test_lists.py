"""The lists of what says nothing of a person, or little: how they are read, looked up, and what they do."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.app import LISTS, check_lists, load_rules
from services.linker.domain.evidence import Key
from services.linker.domain.lists import NO_LISTS, Lists, join_lists, parse_list
from services.linker.domain.model import Model, Tally
from services.linker.domain.rules import RULES
from services.linker.settings import LinkerSettings
from shared.errors import Rejected

HEAD = {
    "name": "sample",
    "version": "2026-11-26",
    "source": "invented",
    "licence": "CC0-1.0",
    "about": "a sample",
    "effect": "ignored",
    "sort": "network",
    "reason": "sample network",
}


def text_of(*entries: str, **head: str) -> str:
    return "\n".join([*(f"# {word}: {said}" for word, said in (HEAD | head).items()), "", *entries])


def lists_of(*texts: str) -> Lists:
    return join_lists(parse_list("sample.txt", text) for text in texts)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (text_of("10.0.0.0/8", "10.0.0.1/8"), "sample.txt:11: `10.0.0.1/8` is no network"),
        (text_of("no host", sort="host"), "sample.txt:10: `no host` is no host"),
        (text_of("a@b", sort="mail name"), "sample.txt:10: `a@b` is no mail name"),
        (text_of("abc123", sort="file hash"), "sample.txt:10: `abc123` is no file hash"),
        (text_of("10.0.0.0/8", reason=""), "sample.txt:10: the head lacks `# reason: …`"),
        (text_of("10.0.0.0/8", effect="forgotten"), "`effect` is one of ignored, weakened, not `forgotten`"),
        (text_of("10.0.0.0/8", sort="net"), "`sort` is one of"),
        (text_of("10.0.0.0/8", effect="weakened"), "a network can only be ignored, not weakened"),
        (text_of("10.0.0.0/8", version="26 Nov"), "`version` is a day like 2026-11-26, not `26 Nov`"),
        ("# name: one\n" + text_of("10.0.0.0/8"), "sample.txt:2: `name` is said twice"),
        (text_of(), "sample.txt:1: the list has no entry"),
        ("", "sample.txt:1: the head lacks `# name: …`"),
    ],
)
def test_a_faulty_list_is_refused_with_file_and_line(text: str, sentence: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_list("sample.txt", text)
    assert sentence in refused.value.detail


def test_comments_and_blank_lines_are_no_entries() -> None:
    found = parse_list("sample.txt", text_of("", "10.0.0.0/8  # ours", "  ", "# name: not of the head"))
    with_comment_first = parse_list("sample.txt", text_of("# a comment", "10.0.0.0/8"))
    assert len(found.entries) == len(with_comment_first.entries) == 1


NETWORKS = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda n: ip_network(n, strict=False)),
    st.tuples(st.integers(2**32, 2**128 - 1), st.integers(0, 128)).map(lambda n: ip_network(n, strict=False)),
)


@given(
    networks=st.lists(NETWORKS, min_size=1, max_size=6),
    address=st.integers(0, 2**128 - 1).map(lambda number: ip_address(number >> 96 if number % 2 else number)),
    is_inside=st.booleans(),
)
def test_an_address_is_found_exactly_in_the_networks_that_hold_it(networks, address, *, is_inside) -> None:  # type: ignore[no-untyped-def]  # both versions of both
    if is_inside:
        address = networks[0].network_address + networks[0].num_addresses // 2
    lists = lists_of(text_of(*map(str, networks)))
    is_held = any(address in network for network in networks if network.version == address.version)
    assert (lists.find("ip", str(address)) is not None) == is_held


@pytest.mark.parametrize(
    ("type", "value", "name"),
    [
        ("email", "law-enforcement+us@example.org", "role-addresses"),
        ("email", "otter@mailinator.com", "disposable-mail"),
        ("email", "otter@eu.mailinator.com", "disposable-mail"),
        ("email", "otter@notmailinator.com", None),
        ("email", "otter@example.org", None),
        ("url", "https://bit.ly/3x", "url-shorteners"),
        ("url", "https://linktr.ee/quiet.otter?x=1", "link-pages"),
        ("url", "https://example.org/bit.ly/3x", None),
        ("ip", "185.220.101.7", "relays"),
        ("ip", "104.28.1.1", "relays"),
        ("ip", "174.193.0.1", "carrier-pools"),
        ("ip", "2606:4700:4700::1111", "hosting"),
        ("ip", "198.51.100.7", None),
        ("sha256", "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a", None),
        ("md5", "68b329da9893e34099c7d8ad5cb9c940", "trivial-files"),
        ("username", "facebook user", "placeholders"),
        ("phone", "+12345678901", "placeholders"),
    ],
)
def test_our_lists_find_what_they_are_about(type: str, value: str, name: str | None) -> None:
    found = load_rules().lists.find(type, value)
    assert (found.name if found else None) == name


def test_what_one_list_ignores_no_other_weakens() -> None:
    weak = text_of("mailinator.com", name="a", effect="weakened", sort="mail domain")
    hard = text_of("mailinator.com", name="b", sort="mail domain")
    for texts in ((weak, hard), (hard, weak)):
        found = lists_of(*texts).find("email", "otter@mailinator.com")
        assert found is not None
        assert found.effect == "ignored"


def test_the_version_names_the_content_and_not_the_order() -> None:
    one, other = text_of("10.0.0.0/8"), text_of("10.1.0.0/16", name="other")
    assert lists_of(one, other).version == lists_of(other, one).version
    assert lists_of(one).version == lists_of(text_of("", "10.0.0.0/8 # ours")).version
    versions = {
        lists_of(text).version for text in (one, other, text_of("10.0.0.0/9"), text_of("10.0.0.0/8", reason="x"))
    }
    assert len(versions) == 4
    assert "." not in RULES.with_lists(lists_of(one)).version


def test_a_weakened_value_is_a_kind_of_its_own_and_starts_from_half() -> None:
    rules = load_rules()
    model = Model(rules=rules)
    known, thrown_away = Key("email", "otter@example.org"), Key("email", "otter@mailinator.com")
    assert model.kind_of(known, 2)[0] == "email"
    assert model.kind_of(thrown_away, 2)[0] == "email:weakened"
    assert rules.prior_of("email:weakened") == rules.prior_of("email") / 2
    assert rules.joins("email:weakened")
    assert model.reliability(thrown_away, 2, Tally()) <= 0.5
    assert model.reliability(known, 2, Tally()) > 0.9
    assert Model(rules=replace(rules, lists=NO_LISTS)).kind_of(thrown_away, 2)[0] == "email"


def test_an_operators_list_is_added_or_stands_in_for_ours(tmp_path: Path) -> None:
    (tmp_path / "sample.txt").write_text(text_of("198.51.100.0/24"))
    (tmp_path / "relays.txt").write_text(text_of("203.0.113.0/24", name="relays"))
    rules = load_rules(tmp_path)
    assert rules.version != load_rules().version
    assert rules.lists.find("ip", "198.51.100.7") is not None
    assert rules.lists.find("ip", "203.0.113.9") is not None
    assert rules.lists.find("ip", "185.220.101.7") is None
    told = list(check_lists(LinkerSettings(lists_dir=tmp_path)))
    assert told[0] == f"rules {rules.version}"
    assert "list sample 2026-11-26: 1 of sort network, ignored" in told
    assert len(told) == len(list(LISTS.glob("*.txt"))) + 2


def test_a_start_with_a_faulty_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text(text_of("198.51.100.0/24"))
    with pytest.raises(Rejected, match=r"its file must be called sample\.txt"):
        load_rules(tmp_path)
    (tmp_path / "other.txt").write_bytes(b"\xff")
    with pytest.raises(Rejected, match="not readable as UTF-8"):
        load_rules(tmp_path)
    with pytest.raises(Rejected, match="not there"):
        load_rules(tmp_path / "missing")
