"""Rules that hold for every identifier type and any text whatsoever."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.identifiers import IDENTIFIER_TYPES, Identifier, fold_name, normalise_file_hash, normalise_identifier
from shared.identifiers.text import VALUE_CHARS_MAX
from tests.depth import deep

TYPES = sorted(IDENTIFIER_TYPES)

# Every code point, lone surrogates and NUL too.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
SEEDS = (
    "Mail.Name+x@gmail.com", "no-reply-x@yahoo.com", "p.m_x-y@pm.me", '"a"@straße.example', "＠Dark＿77", "@@ @dark",
    "+1 (212) 867 5309 ext. 12", "112128675309", "011 44 20 7946 0018", "tel:+1-212-867-5309;phone-context=+1", "911",
    "35-209900-176148-1", "imei: 352099001761481", "AABB.CC11.2233", "02:00:00:00:00:00",
    "{00000000000000000000000000000000}",
    "GB29 NWBK 6016 1331 9268 19", "bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "BC1QAR0SRRR7XFKVY5L643", "$Cash-77",
    "4111 1111 1111 1111", "http://u:p@WWW.m.Example.org:443//a/%7eb/?b=2&a=%2f&utm_x=1&&#f", "https://x.org:80/?a=b=c%26",
    "http://[::ffff:10.0.0.1]:80/x", "ftp://h.org:21", "x 12-34.56/7", "::ffff:203.0.113.9", "fe80::1%eth0", "%",
    "a@a.com",
    "D41D8CD98F00B204E9800998ECF8427E", "İstanbul ǰ ΐ ᾳ ﬁ ẞ ς", "ﷺ", "http://é。org/é?é=é", "test+1@gmail.com",
    "BC1QAR0SRRR7eXFKVY5L643", "$GB29 NWBK 6016 1331 9268 19", "bc1qßqar0srrr7xfkvy5l643", "p.m_x-\u0308y@pm.me",
)  # fmt: skip
BESIDE = ("US", "gb", "Twitter", "socialA", "https://www.x.com/", "Snap, Inc.", "www. Co., Ltd./", "https:// inc")


@st.composite
def near_values(draw: st.DrawFn) -> str:
    """A value of some type with a piece of any text put in its place."""
    seed = draw(st.sampled_from(SEEDS))
    start = draw(st.integers(0, len(seed)))
    end = draw(st.integers(start, min(len(seed), start + 3)))
    return seed[:start] + draw(st.text(st.characters(exclude_categories=()), max_size=3)) + seed[end:]


ANY_VALUE = st.one_of(ANY_TEXT, near_values(), st.text(st.sampled_from("01a.+-@:/ %éßΣ\u0345"), max_size=40))


def _normalise_again(found: Identifier, key: str) -> Identifier | None:
    return normalise_identifier(found.type, key, service=found.scope, country=found.scope)


@pytest.mark.parametrize("type", TYPES)
@settings(max_examples=deep(400), deadline=None)
@given(value=ANY_VALUE, beside=st.one_of(st.none(), ANY_TEXT, st.sampled_from(BESIDE)))
@example(value="\ud800", beside="\ud800")
@example(value="\x00" * 10_000, beside="\x00")
@example(value="é" * VALUE_CHARS_MAX, beside=None)
@example(value="http://x.org/" + "é" * 2_000, beside="é" * 5_000)
def test_any_text_gives_none_or_keys_that_stay(type: str, value: str, beside: str | None) -> None:
    found = normalise_identifier(type, value, service=beside, region=beside, country=beside)
    if found is None:
        return
    assert found.type == type
    assert found.exact
    assert found.canonical
    assert found.links == (found.reason == "")
    for key in (found.exact, found.canonical):
        assert len(key.encode()) <= VALUE_CHARS_MAX
        assert "\x00" not in key
    again = _normalise_again(found, found.exact)
    assert again == found
    canonical = _normalise_again(found, found.canonical)
    assert canonical is not None
    assert canonical.canonical == found.canonical
    assert canonical.scope == found.scope
    if found.links:
        assert canonical.links


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_seeds_keep_their_keys(type: str, seed: str) -> None:
    test_any_text_gives_none_or_keys_that_stay.hypothesis.inner_test(type, seed, "US")


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=deep(5), deadline=None)
@given(noise=st.sampled_from([" {} ", "\t{}\n", "\u200b{}\u202e", "\ufeff{}", "\u00a0{}\u3000"]))
def test_spaces_around_and_invisible_signs_make_no_difference(type: str, seed: str, noise: str) -> None:
    plain = normalise_identifier(type, seed, service="socialA", region="US", country="US")
    noisy = normalise_identifier(type, noise.format(seed), service="socialA", region="US", country="US")
    assert noisy == plain


@given(type=ANY_TEXT, value=ANY_TEXT)
@example(type="pdq", value="0" * 64)
@example(type="email", value="a@example.org")
def test_unknown_type_gives_none(type: str, value: str) -> None:
    if type not in IDENTIFIER_TYPES:
        assert normalise_identifier(type, value) is None
    if type not in {"md5", "sha1", "sha256"}:
        assert normalise_file_hash(type, value) is None


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("piece", ["a", "1", "@", ".", "%", "é", "a@", "1-", "://", "?a=", "\u0345", "0:", "ﷺ"])
def test_ten_thousand_characters_and_the_longest_value_take_no_time(type: str, piece: str) -> None:
    began = time.process_time()
    normalise_identifier(type, piece * 10_000, region="US")
    normalise_identifier(type, (piece * VALUE_CHARS_MAX)[:VALUE_CHARS_MAX], region="US")
    fold_name(piece * 10_000)
    assert time.process_time() - began < 0.25
