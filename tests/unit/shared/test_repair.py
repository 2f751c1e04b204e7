"""What the repairing commands take, and that a letter says what it was made from."""

import argparse
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejected
from shared.kafka.consume import Record
from shared.kafka.dead_letter import HEADERS_CHARS_MAX, LETTER_BYTES_MAX, dead_letter, read_letter
from shared.kafka.republish import place_text, read_place
from shared.repair import add_redrive, add_republish

EVENT_ID = "01950000-0000-7000-8000-000000000903"
HEADERS = st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.binary()), max_size=5)
RECORDS = st.builds(
    Record,
    topic=st.just("intake.tips"),
    partition=st.integers(0, 99),
    offset=st.integers(0, 2**62),
    key=st.none() | st.binary(min_size=1),
    value=st.binary(min_size=1),
    headers=HEADERS.map(tuple),
    timestamp_ms=st.integers(0, 2**40),
)


def a_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    commands = parser.add_subparsers(dest="command")
    add_republish(commands.add_parser("republish", exit_on_error=False))
    add_redrive(commands.add_parser("redrive", exit_on_error=False), ("intake.tips", "linker.leads"))
    return parser


@pytest.mark.parametrize("time", ["2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00", "2026-03-01T10:00:00.000z"])
def test_since_is_a_time_with_its_offset(time: str) -> None:
    assert a_parser().parse_args(["republish", "--since", time]).since == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("time", ["2026-03-01", "2026-03-01T10:00:00", "2026-03-01 10:00:00Z", "1772359200", "now", ""])
def test_any_other_since_is_refused_in_a_sentence(time: str) -> None:
    with pytest.raises(argparse.ArgumentError, match="must be a time as in RFC 3339, with an offset"):
        a_parser().parse_args(["republish", "--since", time])


@given(st.text(st.characters(exclude_categories=["C"])), st.uuids())
def test_a_place_is_read_as_it_was_printed(text: str, id_: UUID) -> None:
    assert read_place(place_text((text, id_))) == (text, id_)


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(argparse.ArgumentError, match="no place that a run printed"):
        a_parser().parse_args(["republish", "--after", "half/way"])


def test_a_topic_may_be_named_with_its_dead_letters_suffix() -> None:
    assert a_parser().parse_args(["redrive", "--topic", "intake.tips.dlq"]).topic == "intake.tips"


@pytest.mark.parametrize(
    "wrong", [["--topic", "intake.activity"], ["--event-id", "7"], ["--all", "--event-id", EVENT_ID]]
)
def test_a_redrive_of_what_cannot_be_is_refused(wrong: list[str]) -> None:
    with pytest.raises(argparse.ArgumentError):
        a_parser().parse_args(["redrive", *wrong])


def sent(record: Record) -> Record:
    """Return the record's letter as it lies on its topic."""
    outgoing = dead_letter(record, topic="intake.tips.dlq", group="linker", error=Rejected("a reason"))
    headers = [("producer", b"linker.0"), *((name, text.encode()) for name, text in outgoing.headers.items())]
    return Record("intake.tips.dlq", 0, 1, outgoing.key, outgoing.value, tuple(headers), 1_000)


@given(RECORDS)
def test_a_letter_gives_back_the_record_it_was_made_from(record: Record) -> None:
    letter = read_letter(sent(record))
    assert letter is not None
    assert (letter.record, letter.group, letter.error) == (record, "linker", "a reason")
    assert letter.refused_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@given(st.lists(st.tuples(st.sampled_from(["dlq-group", "dlq-error", "dlq-topic", "dlq-partition", "dlq-offset",
    "dlq-headers", "dlq-timestamp-ms"]), st.binary() | st.sampled_from([b"1", b"[1]", b'[["a",1]]', b"null"])),
    max_size=9))  # fmt: skip
def test_headers_of_a_stranger_make_no_letter_or_one_but_never_an_error(headers: list[tuple[str, bytes]]) -> None:
    letter = read_letter(Record("intake.tips.dlq", 0, 1, None, b"x", tuple(headers), 1_000))
    assert letter is None or letter.event_id is None


def test_a_letter_of_an_older_release_is_read_too() -> None:
    record = Record("intake.tips", 2, 7, b"k", b"x", (("seq", b"1"),), 500)
    old = sent(record)
    kept = tuple(pair for pair in old.headers if pair[0] not in {"dlq-headers", "dlq-timestamp-ms"})
    letter = read_letter(Record(old.topic, 0, 1, old.key, old.value, kept, 1_000))
    assert letter is not None
    assert letter.record == Record("intake.tips", 2, 7, b"k", b"x", (), 1_000)


def test_a_letter_is_never_too_large_nor_empty_for_kafka() -> None:
    large = Record("intake.tips", 0, 0, b"k", b"x" * LETTER_BYTES_MAX, (("a", b"x" * HEADERS_CHARS_MAX),), 0)
    for record in (large, Record("intake.tips", 0, 0, None, None, (), 0)):
        letter = sent(record)
        assert (letter.key, letter.value) == (b"", None)
        assert sum(len(value or b"") for _, value in letter.headers) < 1_000


@pytest.mark.parametrize(
    "value", [f'{{"event_id": "{EVENT_ID}", "version": 9}}'.encode(), b"{}", b"[1]", b"\xff", None]
)
def test_an_event_id_is_read_where_nothing_else_is(value: bytes | None) -> None:
    letter = read_letter(sent(Record("intake.tips", 0, 0, b"k", value, (), 0)))
    assert letter is not None
    assert letter.event_id == (UUID(EVENT_ID) if value and b"event_id" in value else None)
