"""The bytes of an entry: they are the same for ever, they hold all of the record, and nothing is refused."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.header import (
    EPOCH,
    BadHeader,
    Facts,
    Header,
    decode_header,
    encode_header,
    fact_columns,
    is_plainly,
)
from services.audit.domain.log import leaf_of, read
from services.audit.domain.record import Body, decode_body, encode_body, read_header
from shared.events.activity import RecordViewedV1, TipRepeatedV1
from shared.events.envelope import Context
from shared.kafka.consume import Record
from tests.builders import an_actor, event_bytes, new_id
from tests.unit.audit.records import POISON, a_record

GOLDEN_VALUE = (
    b'{"event_id":"0195a000-0000-7000-8000-000000000001","type":"tip.repeated","version":1,'
    b'"occurred_at":"2026-03-01T10:00:00.000001Z","service":"intake","actor":{"id":"source.ncmec","kind":"system"},'
    b'"correlation_id":"0195a000-0000-7000-8000-000000000002","causation_id":null,'
    b'"subject":{"kind":"tip","id":"0195a000-0000-7000-8000-000000000003","version":1},"payload":{"outcome":"ok"}}'
)
GOLDEN_HEADER = (
    "01" "3f" "00000001" "0000000000000007" "0000019ca8d72e00" "000000000000002a" "00064bf38887c801"
    "0195a000000070008000000000000001"
    "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"
    "abababababababababababababababababababababababababababababababab"
    "000f" "0008" "000c" "0003" "0024" "000c" "0002"
)  # fmt: skip
GOLDEN_TEXTS = b"intake.activityintake.0tip.repeatedtip0195a000-0000-7000-8000-000000000003source.ncmecok"


def golden() -> Record:
    return Record(
        topic="intake.activity",
        partition=1,
        offset=7,
        key=b"k",
        value=GOLDEN_VALUE,
        headers=(("producer", b"intake.0"), ("seq", b"42"), ("mac", b"ab" * 32)),
        timestamp_ms=1_772_359_200_256,
    )


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
moments = st.datetimes(timezones=st.just(UTC))
numbers = st.integers(0, 2**63 - 1)
facts = st.builds(
    Facts,
    event_id=st.uuids(),
    type=texts,
    occurred_at=moments,
    subject_kind=texts,
    subject_id=texts,
    actor_id=st.none() | texts,
    outcome=texts,
)
headers = st.builds(
    Header,
    topic=texts,
    partition=st.integers(0, 2**31 - 1),
    offset=numbers,
    timestamp_ms=st.integers(-1, 2**62),
    key_hash=st.none() | st.binary(min_size=32, max_size=32),
    producer=st.none() | texts,
    seq=st.none() | numbers,
    mac=st.none() | st.binary(min_size=32, max_size=32),
    facts=st.none() | facts,
)


def test_the_bytes_of_a_header_never_change() -> None:
    assert encode_header(read_header(golden())) == bytes.fromhex(GOLDEN_HEADER) + GOLDEN_TEXTS


def test_the_hashes_of_a_record_never_change() -> None:
    reading = read(golden())
    commit = hashlib.sha256(reading.body).digest()
    assert commit.hex() == "bc3be4271c7e6457285cb763f60b877229a946d5c4170a83bece254c6aaf4005"
    assert (
        leaf_of(encode_header(reading.header), commit).hex()
        == "8653e29d8fd5229327039f239156d9d41df726c6409c084e4d5cfef4c872e811"
    )


def test_the_bytes_of_a_body_are_lengths_and_parts() -> None:
    record = a_record(key=None, value=b"", headers=(("a", b"xy"), ("b", None)))
    null, empty = "ffffffff", "00000000"
    assert encode_body(record).hex() == null + empty + "00000002" + "0000000161000000027879" + "0000000162" + null


@given(headers)
def test_a_header_is_read_back_as_it_was_written(header: Header) -> None:
    assert decode_header(encode_header(header)) == header


@given(headers, headers)
def test_two_headers_have_the_same_bytes_only_when_they_are_equal(left: Header, right: Header) -> None:
    assert (encode_header(left) == encode_header(right)) == (left == right)


@given(headers, st.data())
def test_a_header_of_another_format_or_length_is_not_read(header: Header, data: st.DataObject) -> None:
    raw = encode_header(header)
    cut = data.draw(st.integers(0, len(raw) - 1))
    for wrong in (raw[:cut], raw + b"\0", b"\2" + raw[1:]):
        with pytest.raises(BadHeader):
            decode_header(wrong)


@given(st.binary(max_size=400))
def test_bytes_that_are_no_header_are_said_to_be_none(raw: bytes) -> None:
    try:
        header = decode_header(b"\1" + raw)
    except BadHeader:
        return
    # What is read at all is read whole: no two byte strings are one header.
    assert encode_header(header) == b"\1" + raw


no_texts = st.binary(max_size=8).map(lambda raw: raw.decode(errors="surrogateescape"))


@given(
    st.none() | st.binary(max_size=50),
    st.none() | st.binary(max_size=50),
    st.lists(st.tuples(texts | no_texts, st.none() | st.binary(max_size=20)), max_size=4),
)
def test_a_body_holds_all_of_the_record(
    key: bytes | None, value: bytes | None, kafka_headers: list[tuple[str, bytes | None]]
) -> None:
    record = a_record(key=key, value=value, headers=tuple(kafka_headers))
    assert decode_body(encode_body(record)) == Body(key, value, tuple(kafka_headers))


def test_a_header_says_who_did_what_to_whom_and_where_it_lies() -> None:
    tip_id, event_id = new_id(), new_id()
    payload = TipRepeatedV1(tip_id=tip_id, tip_version=1, source="ncmec", source_ref="CT-1", outcome="denied")
    moment = datetime(2026, 3, 1, 12, 0, 0, 7, timezone(timedelta(hours=2)))
    value = event_bytes(payload, event_id=event_id, occurred_at=moment, context=Context(an_actor(id="a"), new_id()))
    header = read_header(a_record(value=value, offset=9))
    assert header.facts == Facts(
        event_id=event_id,
        type="tip.repeated",
        occurred_at=datetime(2026, 3, 1, 10, 0, 0, 7, UTC),
        subject_kind="tip",
        subject_id=str(tip_id),
        actor_id="a",
        outcome="denied",
    )
    assert (header.topic, header.partition, header.offset) == ("intake.tips", 2, 9)
    assert (header.producer, header.seq, header.mac) == ("intake.0", 10, b"\xab" * 32)
    assert header.key_hash == hashlib.sha256(b"k").digest()


def test_an_event_that_no_one_did_has_no_actor_and_one_without_an_outcome_is_ok() -> None:
    value = event_bytes(context=Context(None, new_id())).replace(b',"outcome":"ok"', b',"outcome":["arrest"]')
    found = read_header(a_record(value=value)).facts
    assert found is not None
    assert (found.actor_id, found.outcome) == (None, "ok")


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        POISON,
        b"[]",
        b"{}",
        b"[" * 5_000,
        event_bytes().replace(b'"event_id":"0', b'"event_id":"x'),
        event_bytes().replace(b'"type":"tip.repeated"', b'"type":""'),
        event_bytes().replace(b"CT-1", b"\\u0000"),
        event_bytes().replace(b"source.ncmec", b"\\ud800"),
        event_bytes().replace(b"source.ncmec", b"\xed\xa0\x80"),
        event_bytes().replace(b"source.ncmec", b"a" * 600),
        event_bytes().replace(b"source.ncmec", "é".encode() * 300),
        event_bytes().replace(b"2026-03-01T10:00:00Z", b"0001-01-01T00:00:00+01:00"),
        event_bytes().replace(b"2026-03-01T10:00:00Z", b"0001-12-31T23:59:59Z"),
        event_bytes().replace(b"2026-03-01T10:00:00Z", b"9999-01-01T00:00:00Z"),
        event_bytes().replace(b"2026-03-01T10:00:00Z", b"2026-03-01T10:00:00"),
    ],
)
def test_a_value_that_is_no_envelope_of_ours_makes_an_opaque_record(value: bytes | None) -> None:
    reading = read(a_record(value=value))
    assert reading.header.facts is None
    assert decode_body(reading.body).value == value
    assert decode_header(encode_header(reading.header)) == reading.header


def test_a_dead_letter_is_opaque_even_when_it_holds_an_event() -> None:
    record = a_record(topic="intake.tips.dlq")
    assert read_header(record).facts is None
    assert read_header(record).producer == "intake.0"


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("producer", b"\xff"),
        ("producer", b"p" * 201),
        ("seq", b""),
        ("seq", b"-1"),
        ("seq", b"1" * 19),
        ("seq", "١".encode()),
        ("mac", b"ab" * 31),
        ("mac", b" ab" + b"ab" * 30 + b" "),
        ("mac", b"zz" * 32),
        ("mac", None),
    ],
)
def test_a_mark_of_the_producer_that_does_not_fit_is_left_out(name: str, mark: bytes | None) -> None:
    assert getattr(read_header(a_record(headers=((name, mark),))), name) is None


def test_of_marks_with_one_name_the_first_counts() -> None:
    assert read_header(a_record(headers=(("seq", b"1"), ("seq", b"2")))).seq == 1


def test_nothing_personal_and_nothing_random_is_in_a_header() -> None:
    """Fields of the caller, such as an address, sit in the body; the salt, too."""
    payload = RecordViewedV1(route="GET /v1/tips", kind="tip", record_ids=["Rosa Invented"], record_count=1)
    value = event_bytes(payload, topic="intake.activity", subject_id=str(UUID(int=1)))
    assert b"Rosa" not in encode_header(read_header(a_record(value=value)))
    once, again = (encode_header(read_header(a_record(value=value))) for _ in range(2))
    assert once == again


def test_the_usual_header_is_plain_and_what_is_not_ascii_is_read_in_full() -> None:
    header = read_header(golden())
    raw = encode_header(header)
    assert is_plainly(raw, b"intake.activity", 1, 7, fact_columns(header))
    assert not is_plainly(raw, b"intake.activity", 1, 8, fact_columns(header))
    spelled = read_header(a_record(value=event_bytes(subject_id="\u00e9")))
    assert not is_plainly(encode_header(spelled), b"intake.tips", 2, 0, fact_columns(spelled))


def test_a_header_that_ends_before_it_says_so_is_not_plain() -> None:
    """Even if nothing but the producer's end is missing, and nothing should follow it."""
    facts = Facts(UUID(int=1), "", EPOCH, "", "", None, "")
    raw = encode_header(Header("t", 1, 7, 0, None, "p", None, None, facts))
    assert is_plainly(raw, b"t", 1, 7, facts)
    assert not is_plainly(raw[:-1], b"t", 1, 7, facts)


plain = st.text("ab", max_size=2)
plain_facts = st.tuples(st.uuids(), plain, moments, plain, plain, st.none() | plain, plain)


@given(data=st.data(), flags=st.integers(0, 63), shown=plain_facts, is_same=st.booleans())
def test_a_header_that_is_plainly_something_is_that(
    data: st.DataObject, flags: int, shown: tuple[Any, ...], *, is_same: bool
) -> None:
    """Whatever else is wrong with the bytes: one of them, the flags or a text may be another."""
    kept = shown if is_same else data.draw(plain_facts)
    event_id, type_, occurred_at, subject_kind, subject_id, actor_id, outcome = kept
    facts = Facts(event_id, type_, occurred_at, subject_kind, subject_id, actor_id, outcome)
    raw = bytearray(encode_header(Header("t", 1, 7, 0, None, data.draw(plain), None, None, facts)))
    if data.draw(st.booleans()):
        raw[1] = flags
    if data.draw(st.booleans()):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    columns = list(shown)
    if data.draw(st.booleans()):
        columns[data.draw(st.integers(0, 6))] = None
    if is_plainly(bytes(raw), b"t", 1, 7, columns):
        header = decode_header(bytes(raw))
        assert (header.topic, header.partition, header.offset) == ("t", 1, 7)
        assert fact_columns(header) == tuple(columns)
