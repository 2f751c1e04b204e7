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
    head_hash,
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
OTHER = Frontier().extend([b"o" * 32])
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
    vector = SIGNER.sign_all([(HEAD.topic, HEAD.partition, Frontier().extend(leaves)), ("linker.leads", 0, OTHER)])
    ranges = [(HEAD.topic, HEAD.partition, first, beyond), ("linker.leads", 0, 0, 0)]
    head = head_line(log=NAME, topic=None, request="r", note=vector, logs=ranges)
    return [head, section_line(section), *lines, end_line(1, beyond - first)]


@settings(max_examples=deep(100), deadline=None)
@given(st.data())
def test_what_was_exported_is_proved(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SIZE))
    beyond = data.draw(st.integers(1, size))
    first = data.draw(st.integers(0, beyond - 1))
    said = check_export(export(first, beyond, size=size), KEY, None)
    assert said.startswith(f"{beyond - first} entries of 1 partitions")


def changed(line: str, **fields: Any) -> str:
    """Return a line with other fields, spelled as an export spells it."""
    return json.dumps({**json.loads(line), **fields}, separators=(",", ":")) + "\n"


def at(place: int, lines: list[str], change: Callable[[str], str]) -> list[str]:
    """Return the lines with another one at a place."""
    other = [*lines]
    other[place] = change(lines[place])
    assert other != lines
    return other


def in_head(lines: list[str], **fields: Any) -> list[str]:
    return [changed(lines[0], **fields), *lines[1:]]


def signed_before(lines: list[str]) -> str:
    """Return a checkpoint of all logs when the first had fewer entries than are exported."""
    return json.loads(export(0, 1, size=3)[0])["note"]  # type: ignore[no-any-return]


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
    "a log left out": lambda lines: [lines[0], end_line(0, 0)],
    "a log left out and said to have nothing": lambda lines: [
        changed(lines[0], logs=[[HEAD.topic, HEAD.partition, 5, 5]]),
        end_line(0, 0),
    ],
    "a log not named": lambda lines: in_head(lines, logs=json.loads(lines[0])["logs"][:1]),
    "a log named twice": lambda lines: in_head(lines, logs=json.loads(lines[0])["logs"] + [["linker.leads", 0, 0, 0]]),
    "less named than there is": lambda lines: in_head(
        lines, logs=[[HEAD.topic, HEAD.partition, 6, 19], ["linker.leads", 0, 0, 0]]
    ),
    "said to be of another topic": lambda lines: in_head(lines, topic="linker.leads"),
    "an older checkpoint of all logs": lambda lines: in_head(lines, note=signed_before(lines)),
    "a checkpoint of all logs that is none": lambda lines: in_head(lines, note=json.loads(lines[1])["note"]),
    "no checkpoint of all logs": lambda lines: in_head(lines, note=None),
    "ranges that are none": lambda lines: in_head(lines, logs=[["linker.leads", 0, 0]]),
    "numbers that are none": lambda lines: [lines[0], changed(lines[1], first="5"), *lines[2:]],
    "a note without a signature": lambda lines: [lines[0], changed(lines[1], note="a\n1\nAAAA\n"), *lines[2:]],
    "a remark at an entry": lambda lines: at(
        3, lines, lambda line: line.replace('{"index"', '{"remark":"forged","index"')
    ),
    "an event shown twice": lambda lines: at(3, lines, lambda line: line.replace('"event"', '"event":{},"event"')),
    "an index that is true": lambda lines: [
        *export(0, 3)[:3],
        export(0, 3)[3].replace('"index":1', '"index":true'),
        *export(0, 3)[4:],
    ],
    "an entry spelled otherwise": lambda lines: at(3, lines, lambda line: line.replace(":", ": ", 1)),
    "bits of base64 that nobody reads": lambda lines: at(3, lines, lambda line: line.replace("=", "", 1)),
    "a remark at a log": lambda lines: at(1, lines, lambda line: line.replace('{"topic"', '{"remark":"x","topic"')),
    "a remark at the end": lambda lines: at(-1, lines, lambda line: line.replace("}", ',"complete":true}')),
    "the end counted in words": lambda lines: at(-1, lines, lambda line: line.replace('"logs":1', '"logs":true')),
    "the sections' order changed": lambda lines: [lines[0], *lines[2:-1], lines[1], lines[-1]],
    "empty": lambda lines: [],
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_proves_nothing(name: str) -> None:
    lines = export(5, 19)
    assert check_export(lines, KEY, None)
    with pytest.raises((BadExport, BadNote)):
        check_export(CHANGES[name](lines), KEY, None)


@settings(max_examples=deep(200), deadline=None)
@given(st.data())
def test_no_byte_behind_the_first_line_can_be_changed_added_or_left_out(data: st.DataObject) -> None:
    """Nor any two lines swapped. The first is told of by the log, by its hash."""
    lines = export(5, 9)
    text = "".join(lines[1:])
    place = data.draw(st.integers(0, len(text) - 1))
    how = data.draw(st.sampled_from(["change", "add", "leave out", "swap"]))
    sign = data.draw(st.characters(codec="ascii").filter(lambda sign: sign != text[place]))
    if how == "swap":
        one, other = data.draw(st.lists(st.integers(1, len(lines) - 1), min_size=2, max_size=2, unique=True))
        lines[one], lines[other] = lines[other], lines[one]
    else:
        text = text[:place] + {"change": sign, "add": sign, "leave out": ""}[how] + text[place + (how != "add") :]
        lines = [lines[0], *text.splitlines(keepends=True)]
    with pytest.raises((BadExport, BadNote)):
        check_export(lines, KEY, None)


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
    head = head_line(log=NAME, note="note", logs=[("intake.tips", 2, 1, 2)])
    assert head == (
        '{"export":"cets-audit-export/2","log":"cets.example/audit","note":"note","logs":[["intake.tips",2,1,2]]}\n'
    )
    assert head_hash(head) == head_hash(head[:-1])
    assert head_hash(head).startswith("e10f2ea6126cae99")
    assert section_line(section) == (
        '{"topic":"intake.tips","partition":2,"first":1,"beyond":2,'
        '"before":["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="],"note":"note",'
        '"consistency":["AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="]}\n'
    )
    assert entry_line(1, b"h", b"\x00\x00\x00\x01k\x00\x00\x00\x02{}\x00\x00\x00\x00") == (
        '{"index":1,"header":"aA==","body":"AAAAAWsAAAACe30AAAAA","event":{}}\n'
    )
    assert end_line(1, 2) == '{"logs":1,"entries":2}\n'
