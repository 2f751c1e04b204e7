"""A log as it was written is found intact; a log that was touched is not, and the place is named."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.check import Finding, LogCheck, StoredEntry, StoredHead
from services.audit.domain.header import FACTS
from services.audit.domain.log import leaf_of
from services.audit.domain.merkle import Frontier
from shared.kafka.consume import Record
from tests.builders import event_bytes, new_id
from tests.unit.audit.records import POISON, a_record, logged, stored, topics

COLUMNS = StoredEntry._fields
SEARCHED = frozenset(FACTS) - {"event_id"}
"""What is kept of events alone."""
ALTERED: dict[str, Any] = {
    "event_id": lambda _: new_id(),
    "kind": lambda kind: "opaque" if kind != "opaque" else "event",
    "occurred_at": lambda moment: moment and moment + timedelta(microseconds=1),
}


def altered(column: str, value: Any) -> Any:
    """Return another value for a column."""
    if column in ALTERED:
        return ALTERED[column](value)
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    return "changed" if value is None else value + "x"


def check(head: StoredHead, entries: list[StoredEntry], *, page: int = 7) -> list[Finding]:
    found = LogCheck(head)
    for start in range(0, len(entries), page):
        if not found.take(entries[start : start + page]):
            break
    return list(found.finish())


def a_log(count: int, *, has_poison: bool = True) -> tuple[StoredHead, list[StoredEntry]]:
    records = [a_record(offset=n, value=POISON if has_poison and n % 5 == 4 else event_bytes()) for n in range(count)]
    return stored(*logged(records))


def places(findings: list[Finding]) -> list[int | None]:
    assert all(finding.is_tampered for finding in findings)
    assert all(finding.place == "intake.tips[2]" for finding in findings)
    return [finding.index for finding in findings]


def with_tree_of(head: StoredHead, entries: list[StoredEntry]) -> StoredHead:
    """Return the head that someone would write who covers up a change of the entries."""
    frontier = Frontier().extend(entry.leaf for entry in entries)
    last = entries[-1].kafka_offset + 1
    moved = replace(head, size=frontier.size, frontier=frontier.encode(), projected=frontier.size)
    return replace(moved, next_offset=last, fence=last)


@given(topics(), st.integers(1, 9))
def test_what_was_written_is_intact(records: list[Record], page: int) -> None:
    """Offsets left out are not tampering, but are told."""
    findings = check(*stored(*logged(records)), page=page)
    assert not any(finding.is_tampered for finding in findings)
    jumps = [n for n in range(1, len(records)) if records[n].offset != records[n - 1].offset + 1]
    assert [finding.index for finding in findings] == jumps


@pytest.mark.parametrize("column", COLUMNS)
@given(data=st.data())
def test_a_changed_column_is_found_at_its_entry(column: str, data: st.DataObject) -> None:
    """Also on a page that holds nothing but events without holes between them, which is looked at as a whole."""
    head, entries = a_log(12, has_poison=data.draw(st.booleans()))
    index = data.draw(st.integers(0, 11))
    old = getattr(entries[index], column)
    new = altered(column, old)
    if new == old or (column in SEARCHED and entries[index].kind != "event"):
        return
    entries[index] = entries[index]._replace(**{column: new})
    assert places(check(head, entries, page=data.draw(st.integers(1, 12)))) == [index]


@given(st.integers(0, 11))
def test_a_body_changed_with_its_commit_and_leaf_is_found_within_its_subtree(index: int) -> None:
    head, entries = a_log(12)
    entry = entries[index]
    forged = logged([a_record(offset=entry.kafka_offset)])[1][0]
    _, (row,) = stored(*logged([a_record(offset=entry.kafka_offset)]))
    entries[index] = row._replace(index=index)
    assert forged.leaf != entry.leaf
    assert places(check(head, entries)) == [0 if index < 8 else 8]


def test_a_changed_leaf_and_header_do_not_hide_behind_each_other() -> None:
    head, entries = a_log(3)
    header = altered("header", entries[1].header)
    entries[1] = entries[1]._replace(header=header, leaf=leaf_of(header, entries[1].commit))
    assert places(check(head, entries)) == [1]


@given(st.integers(0, 11))
def test_a_missing_entry_is_found(index: int) -> None:
    head, entries = a_log(12)
    del entries[index]
    assert places(check(head, entries)) == [index]


@given(st.integers(1, 11))
def test_entries_cut_from_the_end_are_found(count: int) -> None:
    head, entries = a_log(12)
    assert places(check(head, entries[:-count])) == [12 - count]


def test_a_log_without_any_of_its_entries_is_found() -> None:
    head, _ = a_log(3)
    assert places(check(head, [])) == [0]


@given(st.integers(0, 9), st.integers(1, 9))
def test_two_entries_that_changed_places_are_found_at_the_first(left: int, distance: int) -> None:
    head, entries = a_log(12)
    right = min(left + distance, 11)
    entries[left], entries[right] = entries[right]._replace(index=left), entries[left]._replace(index=right)
    tampered = [finding for finding in check(head, entries) if finding.is_tampered]
    assert places(tampered) == [left]


def test_two_entries_that_changed_places_are_found_when_the_head_was_made_to_fit() -> None:
    head, entries = a_log(12)
    entries[3], entries[4] = entries[4]._replace(index=3), entries[3]._replace(index=4)
    tampered = [finding for finding in check(with_tree_of(head, entries), entries) if finding.is_tampered]
    assert places(tampered) == [3]


@pytest.mark.parametrize("page", [1, 3, 4, 9])
def test_an_entry_that_the_head_does_not_count_is_found(page: int) -> None:
    head, entries = a_log(8, has_poison=False)
    shorter = Frontier().extend(entry.leaf for entry in entries[:7])
    head = replace(head, size=7, next_offset=7, fence=7, frontier=shorter.encode())
    (finding,) = check(head, entries, page=page)
    assert places([finding]) == [7]
    assert "counts 7" in finding.reason


@pytest.mark.parametrize(
    "change",
    [
        {"size": 13},
        {"size": 11},
        {"size": 0},
        {"size": -1},
        {"next_offset": 13},
        {"frontier": bytes(64)},
        {"frontier": b""},
        {"topic": "intake.activity"},
        {"partition": 1},
    ],
)
def test_a_changed_head_is_found(change: dict[str, Any]) -> None:
    head, entries = a_log(12)
    assert any(finding.is_tampered for finding in check(replace(head, **change), entries))


def test_an_entry_taken_out_and_its_followers_moved_up_leave_a_gap() -> None:
    """Whoever also makes the head fit is not found by that; the offsets still are not dense."""
    head, entries = a_log(12)
    moved = [entry._replace(index=index) for index, entry in enumerate(entries[:5] + entries[6:])]
    (finding,) = check(with_tree_of(head, moved), moved)
    assert (finding.index, finding.is_tampered) == (5, False)
    assert "5 to 5" in finding.reason


def test_a_fence_beyond_the_log_is_a_gap_and_no_fence_at_all_is_not() -> None:
    head, entries = a_log(3)
    (finding,) = check(replace(head, fence=9), entries)
    assert not finding.is_tampered
    assert check(replace(head, fence=None), entries) == []


def test_a_header_of_another_partition_is_found() -> None:
    head, entries = a_log(3)
    _, elsewhere = stored(*logged([a_record(partition=3, offset=n) for n in range(3)]))
    forged = [entries[0], elsewhere[1], entries[2]]
    assert places(check(with_tree_of(head, forged), forged)) == [1]
