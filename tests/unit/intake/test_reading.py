"""What a tip must be, what it may be, and which field a refusal names."""

from typing import Any

import orjson
import pytest

from shared.errors import Forbidden, Rejected
from tests.unit.intake.bodies import a_full_tip, a_tip, read


def a_party(**fields: Any) -> dict[str, Any]:
    return {"parties": [{"role": "subject", **fields}]}


def an_identifier(**fields: Any) -> dict[str, Any]:
    return a_party(identifiers=[{"type": "ip", "value": "192.0.2.1", **fields}])


IDENTIFIER = ("parties", 0, "identifiers", 0)
BAD: list[tuple[dict[str, Any], tuple[str | int, ...]]] = [
    ({"color": "red"}, ("color",)),
    ({"source_ref": ""}, ("source_ref",)),
    ({"source_ref": " \t\u3000"}, ("source_ref",)),
    ({"source_ref": 7}, ("source_ref",)),
    ({"source_ref": "x" * 201}, ("source_ref",)),
    ({"source": "nobody"}, ("source",)),
    ({"reported_at": "2026-03-01T10:00:00"}, ("reported_at",)),
    ({"reported_at": "2026-03-01"}, ("reported_at",)),
    ({"reported_at": "2026-13-01T10:00:00Z"}, ("reported_at",)),
    ({"reported_at": "2026-02-30T10:00:00Z"}, ("reported_at",)),
    ({"reported_at": "2026-03-01 10:00:00Z"}, ("reported_at",)),
    ({"reported_at": "2026-03-01T10:00Z"}, ("reported_at",)),
    ({"reported_at": "20260301T100000Z"}, ("reported_at",)),
    ({"reported_at": "2026-W09-7T10:00:00Z"}, ("reported_at",)),
    ({"reported_at": "2026-03-01T10:00:00+0100"}, ("reported_at",)),
    ({"reported_at": 1772359200}, ("reported_at",)),
    ({"reported_at": "1772359200"}, ("reported_at",)),
    ({"reported_at": "0001-01-01T00:00:00+14:00"}, ("reported_at",)),
    ({"reported_at": "9999-12-31T23:59:59-14:00"}, ("reported_at",)),
    ({"reported_at": None}, ("reported_at",)),
    ({"incident": {}}, ("incident", "type")),
    ({"incident": {"type": "theft"}}, ("incident", "type")),
    ({"incident": {"type": "other", "occurred_at": "yesterday"}}, ("incident", "occurred_at")),
    ({"incident": {"type": "other", "narrative": "x" * 100_001}}, ("incident", "narrative")),
    ({"incident": "possession"}, ("incident",)),
    ({"urgency": {"viral": "yes"}}, ("urgency", "viral")),
    ({"urgency": {"viral": 1}}, ("urgency", "viral")),
    ({"urgency": {"travel_on": "2026-04-31"}}, ("urgency", "travel_on")),
    ({"urgency": {"travel_on": "1772323200"}}, ("urgency", "travel_on")),
    ({"urgency": {"travel_on": "2026-04-01T00:00:00"}}, ("urgency", "travel_on")),
    ({"urgency": {"travel_on": "2026-04-01T00:00:00Z"}}, ("urgency", "travel_on")),
    ({"urgency": {"travel_on": "20260401"}}, ("urgency", "travel_on")),
    ({"parties": {}}, ("parties",)),
    ({"parties": [{}]}, ("parties", 0, "role")),
    ({"parties": [{"role": "suspect"}]}, ("parties", 0, "role")),
    ({"parties": [{"role": "subject"}] * 101}, ("parties",)),
    (a_party(party_id="0"), ("parties", 0, "party_id")),
    (a_party(names=["a", 1]), ("parties", 0, "names", 1)),
    (a_party(birth_date="1980-2-3"), ("parties", 0, "birth_date")),
    (a_party(birth_date="1980-02-30"), ("parties", 0, "birth_date")),
    (a_party(birth_date="1980-13"), ("parties", 0, "birth_date")),
    (a_party(birth_date="0000"), ("parties", 0, "birth_date")),
    (a_party(birth_date="1899-12-31"), ("parties", 0, "birth_date")),
    (a_party(birth_date="2199-12"), ("parties", 0, "birth_date")),
    (a_party(birth_date="9999"), ("parties", 0, "birth_date")),
    (a_party(birth_date="19800203"), ("parties", 0, "birth_date")),
    (a_party(birth_date="1980\n"), ("parties", 0, "birth_date")),
    (an_identifier(type="fax"), (*IDENTIFIER, "type")),
    (an_identifier(value=""), (*IDENTIFIER, "value")),
    (an_identifier(value=None), (*IDENTIFIER, "value")),
    (an_identifier(port=65_536), (*IDENTIFIER, "port")),
    (an_identifier(port="80"), (*IDENTIFIER, "port")),
    (an_identifier(port=80.0), (*IDENTIFIER, "port")),
    (an_identifier(port=True), (*IDENTIFIER, "port")),
    (an_identifier(at="2026-03-01T10:00"), (*IDENTIFIER, "at")),
    (an_identifier(event="seen"), (*IDENTIFIER, "event")),
    (a_party(identifiers=[{"type": "ip", "value": "192.0.2.1"}] * 201), ("parties", 0, "identifiers")),
    ({"files": [{"pdq_quality": 101}]}, ("files", 0, "pdq_quality")),
    ({"files": [{}] * 1_001}, ("files",)),
    ({"related_refs": [""]}, ("related_refs", 0)),
    ({"related_refs": ["a", " "]}, ("related_refs", 1)),
    ({"related_refs": ["a"] * 201}, ("related_refs",)),
    ({"incident": {"type": "other", "narrative": "a\x00b"}}, ("incident", "narrative")),
]


@pytest.mark.parametrize(("more", "place"), BAD, ids=lambda value: str(value)[:60])
def test_a_bad_field_is_refused_by_name(more: dict[str, Any], place: tuple[str | int, ...]) -> None:
    with pytest.raises(Rejected) as refused:
        read(a_tip(**more), "ceiu.analyst")
    assert refused.value.problem == "invalid"
    assert [error.loc for error in refused.value.errors] == [place]


@pytest.mark.parametrize("field", ["source_ref", "source", "reported_at", "incident"])
def test_a_required_field_is_required(field: str) -> None:
    body = a_tip()
    del body[field]
    with pytest.raises(Rejected) as refused:
        read(body)
    assert [error.loc for error in refused.value.errors] == [(field,)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"tip",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"source": "\xe9"}',
        b"{} {}",
        b'{"a":' + b"[" * 5_000,
        b'{"a":' + b"[" * 60_000 + b'"\\ud800"',
        b'{"a":' + b"[" * 1_000 + b'"\\u0000"' + b"]" * 1_000 + b"}",
    ],
    ids=lambda raw: str(raw[:20]),
)
def test_what_is_not_json_is_called_so(raw: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        read(raw)
    assert refused.value.problem == "not_json"


@pytest.mark.parametrize(
    ("narrative", "is_good"),
    [('"\\ud83d\\ude00"', True), ('"\\ud83d"', False), ('"\\ude00\\ud83d"', False), ('"a\\uD800b"', False)],
)
def test_half_a_surrogate_pair_is_refused_by_name(narrative: str, *, is_good: bool) -> None:
    raw = orjson.dumps(a_tip(incident={"type": "other", "narrative": "@"})).replace(b'"@"', narrative.encode())
    if is_good:
        assert read(raw).content["incident"]["narrative"] == "😀"
        return
    with pytest.raises(Rejected) as refused:
        read(raw)
    assert refused.value.problem == "invalid"
    assert [error.loc for error in refused.value.errors] == [("incident", "narrative")]


def test_a_torn_name_is_refused_at_its_place() -> None:
    with pytest.raises(Rejected) as refused:
        read(b'{"incident": {"\\ud800": 1}}')
    assert [error.loc for error in refused.value.errors] == [("incident",)]


@pytest.mark.parametrize(
    "identifier",
    [
        {"type": "email", "value": "not an address"},
        {"type": "phone", "value": "call me"},
        {"type": "url", "value": "::::"},
        {"type": "ip", "value": "999.1.1.1"},
        {"type": "device", "value": "?"},
        {"type": "payment", "value": "12"},
    ],
)
def test_an_identifier_that_does_not_fit_its_type_is_kept_as_given(identifier: dict[str, str]) -> None:
    assert read(a_tip(**a_party(identifiers=[identifier]))).content["parties"][0]["identifiers"] == [identifier]


def test_a_hash_that_does_not_fit_its_kind_is_kept_as_given() -> None:
    assert read(a_tip(files=[{"sha1": "short", "pdq": "?"}])).content["files"] == [{"sha1": "short", "pdq": "?"}]


@pytest.mark.parametrize("birth_date", ["1980", "1980-02", "1980-02-29"])
def test_a_birth_date_may_be_partial(birth_date: str) -> None:
    assert read(a_tip(**a_party(birth_date=birth_date))).content["parties"][0]["birth_date"] == birth_date


def test_a_full_tip_is_kept_whole() -> None:
    content = orjson.loads(orjson.dumps(dict(read(a_full_tip()).content), option=orjson.OPT_UTC_Z))
    given = a_full_tip()
    given["incident"]["occurred_at"] = "2026-03-01T04:30:00Z"
    assert content == given


@pytest.mark.parametrize(
    ("account", "source", "is_allowed"),
    [
        ("source.ncmec", "ncmec", True),
        ("source.ncmec", "police", False),
        ("source.police", "ncmec", False),
        ("ceiu.analyst", "ncmec", True),
        ("ceiu.supervisor", "attache", True),
        ("cbp.att", "ncmec", False),
    ],
)
def test_a_system_submits_for_its_own_source_and_a_person_for_any(
    account: str, source: str, *, is_allowed: bool
) -> None:
    if is_allowed:
        assert read(a_tip(source=source), account).source == source
        return
    with pytest.raises(Forbidden):
        read(a_tip(source=source), account)
