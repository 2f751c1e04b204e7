"""A range of the log with its proof, as lines of JSON: written for an auditor, read by whoever has the public keys.

    {"export": "cets-audit-export/2", "log": log name, "from", "to", "topic", "recipient", "authority", "made_at",
     "request", "note", "logs": [[topic, partition, first, beyond], …]}
    for each log that has entries of that time:
        {"topic", "partition", "first", "beyond", "before": [roots], "note", "consistency": [hashes]}
        {"index", "header", "body", "event"}      for each entry from `first` to before `beyond`
    {"logs": how many, "entries": how many}

Bytes are in base64. `before` holds the roots of the perfect trees over the entries before `first`, largest first (the
frontier of `services.audit.domain`): with the leaves that follow from `header` and `body` they make the tree of
`beyond` entries, and `consistency` (RFC 9162, 2.1.4) shows that the tree signed in `note` continues it. `event` repeats
what the body holds, for people; null where that is no JSON. Entries of other times stand between where their places
do; none is left out.

The first line says of every log that was signed by then (`note`: the checkpoint of all logs, or null while there is
none), or of those of `topic`, what is in the export; where `first` and `beyond` are equal, nothing is. So none can be
left out with its section. Nobody signs this line: the SHA-256 of its bytes, without the line end, is in the log, in the
event `audit.exported` of `request`. Every other line is read only as it would be written here, to the byte: what one
reader passes over, such as a name that stands twice or a remark, another would take for proved.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.audit.domain.header import BadHeader, decode_header
from services.audit.domain.merkle import HASH_BYTES, Frontier, leaf_hash
from services.audit.domain.proof import PROOF_MAX, verify_consistency

FORM = "cets-audit-export/2"
Range = tuple[str, int, int, int]
"""Topic, partition, first and beyond."""


class BadExport(ValueError):
    """The lines are no export, or do not follow from what was signed; the message says where."""


class CutOff(BadExport):
    """The lines end before the export does: whoever wrote or fetched it was stopped."""


@dataclass(frozen=True, slots=True)
class Section:
    """Of one log, the entries from `first` to before `beyond`, and what they are proved by."""

    topic: str
    partition: int
    first: int
    beyond: int
    note: str
    before: Sequence[bytes]
    consistency: Sequence[bytes]


def head_line(*, note: str | None, logs: Iterable[Range], **fields: Any) -> str:
    """Return the first line."""
    return _line({"export": FORM, **fields, "note": note, "logs": [list(each) for each in logs]})


def head_hash(line: str) -> str:
    """Return what the log has of a first line, in hex."""
    return hashlib.sha256(line.removesuffix("\n").encode()).hexdigest()


def section_line(section: Section) -> str:
    """Return the line that begins a log's entries."""
    return _line(
        {
            "topic": section.topic,
            "partition": section.partition,
            "first": section.first,
            "beyond": section.beyond,
            "before": [_text(each) for each in section.before],
            "note": section.note,
            "consistency": [_text(each) for each in section.consistency],
        }
    )


def entry_line(index: int, header: bytes, body: bytes) -> str:
    """Return an entry's line."""
    return _line({"index": index, "header": _text(header), "body": _text(body), "event": event_in(body)})


def end_line(logs: int, entries: int) -> str:
    """Return the last line."""
    return _line({"logs": logs, "entries": entries})


def event_in(body: bytes) -> Any:
    """Return what the value within an entry's body says, None where it is no JSON."""
    try:
        key_length = int.from_bytes(body[:4], "big")
        place = 4 if key_length == 0xFFFFFFFF else 4 + key_length
        length = int.from_bytes(body[place : place + 4], "big")
        value = body[place + 4 : place + 4 + length]
        return None if length == 0xFFFFFFFF else json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


@dataclass
class ExportReader:
    """Reads an export line by line, and holds each log to its own beginning and end."""

    logs: int = 0
    entries: int = 0
    is_over: bool = False
    topic: str | None = None
    note: str | None = None
    ranges: Sequence[Range] = ()
    """What its first line says that it holds, of which logs, and by what they are known."""
    request: str = ""
    head_sha256: str = ""

    def read(self, lines: Iterable[str]) -> Iterator[tuple[Section, Frontier]]:
        """Yield each log's section once all its entries were read, with the tree that they make.

        Raises:
            CutOff: the lines end too early.
            BadExport: a line is not what must stand there.
        """
        numbered = enumerate(lines, 1)
        self._read_head(next(numbered, (1, ""))[1])
        expected = iter([each for each in self.ranges if each[2] < each[3]])
        for number, line in numbered:
            fields = self._object((number, line))
            if "logs" in fields:
                self._finish(number, fields)
                _require(line, end_line(self.logs, self.entries), number)
                continue
            if self.is_over:
                raise BadExport(f"line {number}: it stands behind the end")
            section, tree = self._begin(number, fields)
            _require(line, section_line(section), number)
            if next(expected, None) != (section.topic, section.partition, section.first, section.beyond):
                raise BadExport(f"line {number}: it is not what the first line says to come next")
            while tree.size < section.beyond:
                batch: list[bytes] = []
                for _ in range(min(1_000, section.beyond - tree.size)):
                    at, text = next(numbered, (0, ""))
                    if not at:
                        raise CutOff(f"it ends within {section.topic}[{section.partition}]")
                    batch.append(self._leaf(at, text, section, tree.size + len(batch)))
                tree = tree.extend(batch)
            self.logs += 1
            self.entries += section.beyond - section.first
            yield section, tree
        if not self.is_over:
            raise CutOff("its last line is missing")
        if (left_out := next(expected, None)) is not None:
            raise BadExport(f"{left_out[0]}[{left_out[1]}] is left out, which its first line names")

    def _read_head(self, line: str) -> None:
        head = self._object((1, line))
        try:
            self.topic, self.note, self.request = head["topic"], head["note"], head["request"]
            self.ranges = [(topic, partition, first, beyond) for topic, partition, first, beyond in head["logs"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadExport("line 1: it is no export of this form") from error
        is_well = (
            head.get("export") == FORM
            and isinstance(self.topic, str | None)
            and isinstance(self.note, str | None)
            and isinstance(self.request, str)
            and all([*map(type, each)] == [str, int, int, int] for each in self.ranges)
        )
        if not is_well:
            raise BadExport("line 1: it is no export of this form")
        self.head_sha256 = head_hash(line)

    def _begin(self, number: int, fields: dict[str, Any]) -> tuple[Section, Frontier]:
        try:
            before = [_hash(each) for each in fields["before"]]
            path = [_hash(each) for each in fields["consistency"]]
            first, beyond, note = fields["first"], fields["beyond"], fields["note"]
            is_well = (
                isinstance(first, int)
                and isinstance(beyond, int)
                and 0 <= first < beyond
                and len(before) == first.bit_count()
                and len(path) <= PROOF_MAX + 1
                and isinstance(note, str)
                and isinstance(fields["topic"], str)
                and isinstance(fields["partition"], int)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadExport(f"line {number}: it does not begin a log") from error
        if not is_well:
            raise BadExport(f"line {number}: it does not begin a log")
        section = Section(fields["topic"], fields["partition"], first, beyond, note, before, path)
        return section, Frontier(first, tuple(before))

    def _leaf(self, number: int, line: str, section: Section, index: int) -> bytes:
        fields = self._object((number, line))
        try:
            header, body = b64decode(fields["header"], validate=True), b64decode(fields["body"], validate=True)
            place = decode_header(header)
        except (KeyError, TypeError, ValueError, BadHeader) as error:
            raise BadExport(f"line {number}: it is no entry") from error
        if fields.get("index") != index or (place.topic, place.partition) != (section.topic, section.partition):
            raise BadExport(f"line {number}: it is not entry {index} of {section.topic}[{section.partition}]")
        if fields.get("event") != event_in(body):
            raise BadExport(f"line {number}: what it shows of the event is not what its body holds")
        _require(line, entry_line(index, header, body), number)
        return leaf_hash(header + hashlib.sha256(body).digest())

    def _finish(self, number: int, fields: dict[str, Any]) -> None:
        if self.is_over or (fields.get("logs"), fields.get("entries")) != (self.logs, self.entries):
            raise BadExport(f"line {number}: there are {self.entries} entries of {self.logs} logs before it")
        self.is_over = True

    @staticmethod
    def _object(numbered: tuple[int, str]) -> dict[str, Any]:
        number, line = numbered
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not line.endswith("\n"):
                raise CutOff(f"line {number} is no whole one") from error
            raise BadExport(f"line {number}: it is no JSON") from error
        if not isinstance(found, dict):
            raise BadExport(f"line {number}: it is no object")
        return found


def is_signed(section: Section, tree: Frontier, size: int, root: bytes) -> bool:
    """Return whether the signed tree of `size` entries continues the tree that a section makes."""
    return verify_consistency(tree.size, size, section.consistency, tree.root(), root)


def _require(line: str, written: str, number: int) -> None:
    """Raise `BadExport` unless a line is what would be written, `CutOff` if only its end is missing."""
    if f"{line}\n" == written:
        raise CutOff(f"line {number} is no whole one")
    if line != written:
        raise BadExport(f"line {number}: it says more, or otherwise, than an export does")


def _refuse(constant: str) -> None:
    """NaN and infinities are no JSON, and equal to nothing."""
    raise ValueError(constant)


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _hash(text: str) -> bytes:
    raw = b64decode(text, validate=True)
    if len(raw) != HASH_BYTES:
        raise ValueError("no hash")
    return raw
