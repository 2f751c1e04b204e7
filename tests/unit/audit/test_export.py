"""An export proves each of its entries, and that none between was left out, to whoever has the keys."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.domain.export import (
    BadExport,
    Section,
    end_line,
    entry_line,
    event_in,
    head_line,
    section_line,
)
from services.audit.domain.log import Entry
from services.audit.domain.merkle import Frontier, perfect_root
from services.audit.domain.note import BadNote, SigningKey
from services.audit.domain.proof import consistency_path
from services.audit.domain.signer import Signer
from services.audit.verifier.signed import check_export
from tests.builders import event_bytes
from tests.depth import deep
from tests.unit.audit.records import POISON, a_record, logged

NAME = "cets.example/audit"
SIGNER = Signer(NAME, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = SigningKey(NAME, SIGNER.key).verifying
SIZE = 40
VALUES = [event_bytes(), POISON, None, b"[NaN]", b'"\\ud800"', b"1" * 9]
HEAD, ENTRIES = logged([a_record(offset=n, value=VALUES[n % len(VALUES)]) for n in range(SIZE)])


def export(first: int, beyond: int, *, entries: list[Entry] = ENTRIES, size: int = SIZE) -> list[str]:
    """Return the lines of an export of one log, of which the first `size` entries were signed."""
    leaves = [entry.leaf for entry in ENTRIES[:size]]

    def root(start: int, end: int) -> bytes:
        return perfect_root(leaves[start:end])

    section = Section(
        HEAD.topic,
        HEAD.partition,
        first,
        beyond,
        SIGNER.sign_log(HEAD.topic, HEAD.partition, Frontier().extend(leaves)),
        [root(*span) for span in Frontier(first).spans()],
        consistency_path(beyond, size, root),
    )
    lines = [entry_line(entry.index, entry.header_bytes, entry.body) for entry in entries[first:beyond]]
    return [head_line(log=NAME), section_line(section), *lines, end_line(1, beyond - first)]


@settings(max_examples=deep(100), deadline=None)
@given(st.data())
def test_what_was_exported_is_proved(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SIZE))
    beyond = data.draw(st.integers(1, size))
    first = data.draw(st.integers(0, beyond - 1))
    said = check_export(export(first, beyond, size=size), KEY, None)
    assert said.startswith(f"{beyond - first} entries of 1 partitions")


def changed(line: str, **fields: Any) -> str:
    return json.dumps({**json.loads(line), **fields})


CHANGES: dict[str, Callable[[list[str]], Iterable[str]]] = {
    "an entry left out": lambda lines: [*lines[:4], *lines[5:]],
    "the first left out": lambda lines: [lines[0], changed(lines[1], first=6), *lines[3:-1], end_line(1, 13)],
    "the last left out": lambda lines: [lines[0], changed(lines[1], beyond=18), *lines[2:-2], end_line(1, 13)],
    "two swapped": lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    "one twice": lambda lines: [*lines[:5], lines[4], *lines[5:]],
    "another body": lambda lines: [*lines[:4], changed(lines[4], body="AAAA", event=None), *lines[5:]],
    "another body of one that is opaque": lambda lines: [*lines[:3], changed(lines[3], body="AAAA"), *lines[4:]],
    "another header": lambda lines: [*lines[:4], changed(lines[4], header=json.loads(lines[5])["header"]), *lines[5:]],
    "what it shows changed": lambda lines: [*lines[:3], changed(lines[3], event={"actor": "nobody"}), *lines[4:]],
    "before changed": lambda lines: [
        lines[0],
        changed(lines[1], before=json.loads(lines[1])["before"][::-1]),
        *lines[2:],
    ],
    "no proof": lambda lines: [lines[0], changed(lines[1], consistency=[]), *lines[2:]],
    "another log": lambda lines: [lines[0], changed(lines[1], partition=3), *lines[2:]],
    "cut off": lambda lines: lines[:-1],
    "cut off in a log": lambda lines: lines[:-4],
    "the end twice": lambda lines: [*lines, lines[-1]],
    "something behind the end": lambda lines: [*lines, lines[1]],
    "another count": lambda lines: [*lines[:-1], end_line(1, 99)],
    "another form": lambda lines: ['{"export": "something"}', *lines[1:]],
    "no JSON": lambda lines: [*lines[:3], "{", *lines[4:]],
    "no object": lambda lines: [*lines[:3], "[]", *lines[4:]],
    "deeply nested": lambda lines: [*lines[:3], "[" * 100_000, *lines[4:]],
    "numbers that are none": lambda lines: [lines[0], changed(lines[1], first="5"), *lines[2:]],
    "a note without a signature": lambda lines: [lines[0], changed(lines[1], note="a\n1\nAAAA\n"), *lines[2:]],
    "empty": lambda lines: [],
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_proves_nothing(name: str) -> None:
    lines = export(5, 19)
    assert check_export(lines, KEY, None)
    with pytest.raises((BadExport, BadNote)):
        check_export(CHANGES[name](lines), KEY, None)


def test_another_key_proves_nothing() -> None:
    other = SigningKey(NAME, Ed25519PrivateKey.generate()).verifying
    with pytest.raises(BadNote):
        check_export(export(0, 3), other, None)


def test_people_can_read_what_is_json() -> None:
    shown = [event_in(entry.body) for entry in ENTRIES[:6]]
    assert shown[0]["type"] == "tip.repeated"
    assert shown[1:5] == [None, None, None, "\ud800"]
    assert shown[5] == 111_111_111


def test_golden_lines_never_change_by_accident() -> None:
    section = Section("intake.tips", 2, 1, 2, "note", [b"\x01" * 32], [b"\x02" * 32])
    assert head_line(log=NAME) == '{"export":"cets-audit-export/1","log":"cets.example/audit"}\n'
    assert section_line(section) == (
        '{"topic":"intake.tips","partition":2,"first":1,"beyond":2,'
        '"before":["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="],"note":"note",'
        '"consistency":["AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="]}\n'
    )
    assert entry_line(1, b"h", b"\x00\x00\x00\x01k\x00\x00\x00\x02{}\x00\x00\x00\x00") == (
        '{"index":1,"header":"aA==","body":"AAAAAWsAAAACe30AAAAA","event":{}}\n'
    )
    assert end_line(1, 2) == '{"logs":1,"entries":2}\n'
