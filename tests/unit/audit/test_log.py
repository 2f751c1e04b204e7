"""What a batch adds: an entry for each record, the same however the records are cut into batches."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.log import Head, NotNext, extend, read
from services.audit.domain.merkle import Frontier
from shared.kafka.consume import Record
from tests.builders import event_bytes
from tests.unit.audit.records import EMPTY, POISON, a_record, logged, topics


@given(topics(), st.sets(st.integers(1, 23)))
def test_the_same_records_make_the_same_entries_in_any_batches(records: list[Record], cuts: set[int]) -> None:
    whole = logged(records)
    head, entries = EMPTY, []
    bounds = [0, *sorted(cuts), len(records)]
    for start, end in pairwise(bounds):
        readings = [read(record) for record in records[start:end]]
        known = {reading.event_id for reading in map(read, records[:start]) if reading.event_id is not None}
        head, added = extend(head, readings, known)
        entries += added
    assert (head, entries) == whole


@given(topics())
def test_indexes_are_dense_and_offsets_grow(records: list[Record]) -> None:
    head, entries = logged(records)
    assert [entry.index for entry in entries] == list(range(len(records)))
    assert [entry.header.offset for entry in entries] == [record.offset for record in records]
    assert head.next_offset == records[-1].offset + 1
    assert head.frontier == Frontier().extend(entry.leaf for entry in entries)


def test_an_event_counts_once_and_what_cannot_be_read_is_opaque() -> None:
    once, other = event_bytes(), event_bytes()
    values = [once, POISON, once, None, other, once, POISON]
    _, entries = logged([a_record(offset=n, value=value) for n, value in enumerate(values)])
    assert [entry.kind for entry in entries] == [
        "event", "opaque", "duplicate", "opaque", "event", "duplicate", "opaque",
    ]  # fmt: skip


def test_an_event_of_an_earlier_batch_is_a_duplicate() -> None:
    reading = read(a_record(offset=5))
    assert reading.event_id is not None
    _, entries = extend(Head(1, "intake.tips", 2, 5, Frontier()), [reading], {reading.event_id})
    assert [entry.kind for entry in entries] == ["duplicate"]


def test_the_kind_is_not_in_the_leaf() -> None:
    """So the tree is the same when an older part of the log is not at hand to know repeats by."""
    reading = read(a_record())
    assert reading.event_id is not None
    _, (first,) = extend(EMPTY, [reading], set())
    _, (repeat,) = extend(EMPTY, [reading], {reading.event_id})
    assert (first.kind, repeat.kind) == ("event", "duplicate")
    assert first.leaf == repeat.leaf


@pytest.mark.parametrize("offsets", [[4], [5, 5], [6, 5], [5, 6, 6]])
def test_an_offset_that_the_log_has_already_is_refused(offsets: list[int]) -> None:
    head = Head(1, "intake.tips", 2, 5, Frontier())
    with pytest.raises(NotNext):
        extend(head, [read(a_record(offset=offset)) for offset in offsets], set())
