"""Whether a record was sent by the service that it names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.log import read
from services.audit.domain.producers import Numbers, find_fault, find_surplus
from services.audit.domain.record import decode_body
from shared.events.producer import producer_mac
from shared.kafka.consume import Record
from tests.unit.audit.records import POISON, a_record

FORMER = b"f" * 32
KEYS = {"intake": [b"i" * 32, FORMER], "linker": [b"l" * 32], "referral": [b"r" * 32]}


def sent(producer: bytes = b"intake.0", *, seq: bytes = b"7", key: bytes = KEYS["intake"][0], **fields: Any) -> Record:
    """Return a record as a relay sends it."""
    record = a_record(**fields)
    mac = producer_mac(
        key,
        producer=producer,
        seq=seq,
        topic=record.topic,
        record_key=record.key or b"",
        value=record.value or b"",
    )
    headers = (("producer", producer), ("seq", seq), ("mac", mac.hex().encode()), *fields.get("headers", ()))
    return a_record(**{**fields, "value": record.value, "headers": headers})


def fault_of(record: Record) -> str | None:
    reading = read(record)
    return find_fault(reading.header, decode_body(reading.body), KEYS)


@pytest.mark.parametrize(
    "record",
    [
        sent(),
        sent(seq=b"007"),
        sent(value=None, key=KEYS["intake"][0]),
        sent(value=POISON),
        sent(key=FORMER),
        sent(b"linker.1", key=KEYS["linker"][0], topic="intake.tips.dlq"),
        sent(b"referral.0", key=KEYS["referral"][0], topic="referral.office.sac-boston"),
        sent(headers=(("dlq-reason", b"bad"),)),
    ],
)
def test_what_a_service_sent_where_it_may_is_well(record: Record) -> None:
    assert fault_of(record) is None


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (a_record(headers=()), "unsigned"),
        (sent(b"intake.\x00"), "unknown_producer"),
        (a_record(headers=(("producer", b"intake.0"), ("seq", b"1"))), "unsigned"),
        (a_record(headers=(("producer", b"intake.0"), ("seq", b"-1"), ("mac", b"ab" * 32))), "unsigned"),
        (a_record(), "bad_mac"),
        (sent(b"nobody.0"), "unknown_producer"),
        (sent(b"intake"), "unknown_producer"),
        (sent(b"intake.100"), "unknown_producer"),
        (sent("intake.\u0663".encode()), "unknown_producer"),
        (sent(b"linker.0", key=KEYS["linker"][0]), "foreign_topic"),
        (sent(topic="referral.office.sac-boston"), "foreign_topic"),
        (sent(topic="intake.tips.dlq"), "foreign_topic"),
        (sent(key=KEYS["linker"][0]), "bad_mac"),
    ],
)
def test_what_it_cannot_have_sent_is_told(record: Record, fault: str) -> None:
    assert fault_of(record) == fault


@pytest.mark.parametrize("field", ["key", "value", "topic"])
def test_a_record_changed_on_its_way_is_told(field: str) -> None:
    whole = sent()
    changed = {"key": b"other", "value": b"{}", "topic": "intake.activity"}[field]
    fields = {"key": whole.key, "value": whole.value, "topic": whole.topic, field: changed}
    assert fault_of(a_record(headers=whole.headers, **fields)) == "bad_mac"


@given(st.sets(st.integers(1, 40)), st.lists(st.integers(1, 40)))
def test_numbers_know_what_they_hold_and_what_is_left_out(known: set[int], given_: list[int]) -> None:
    runs: list[tuple[int, int]] = []
    for number in sorted(known):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    numbers = Numbers(runs)
    assert {number for number in range(42) if number in numbers} == known
    missing = {number for first, last in numbers.holes() for number in range(first, last + 1)}
    assert missing == (set(range(min(known), max(known))) - known if known else set())
    seen, repeated = set(known), []
    for position, number in enumerate(given_):
        if number in seen:
            repeated.append(position)
        seen.add(number)
    assert numbers.find_repeated(given_) == repeated


def test_a_producer_with_too_many_holes_is_left_half_of_what_it_may_have() -> None:
    holes = [("intake.0", n, n) for n in range(1, 10, 2)] + [("linker.0", n, n) for n in range(1, 14, 2)]
    assert find_surplus(holes[::-1], holes_max=5) == [("linker.0", n, n) for n in range(1, 10, 2)]
    assert find_surplus(holes, holes_max=7) == []
