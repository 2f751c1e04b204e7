"""What was signed: notes kept elsewhere (pins), the checkpoints in the database, and proofs of single entries."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.audit.domain.check import Finding, StoredHead
from services.audit.domain.export import BadExport, ExportReader, is_signed
from services.audit.domain.header import decode_header
from services.audit.domain.merkle import HASH_BYTES, decode_frontier, leaf_hash
from services.audit.domain.note import (
    BadNote,
    Checkpoint,
    VerifyingKey,
    decode_base64,
    is_size,
    read_checkpoint,
    read_note,
)
from services.audit.domain.proof import PROOF_MAX, verify_inclusion
from services.audit.verifier.snapshot import StoredLogCheckpoint

LINE_BEGINS = "\u2014 "
PROOF_BEGINS = "c2sp.org/tlog-proof@v1"


class NotSigned(BadNote):
    """What was kept elsewhere does not bear the signatures it should; the message says which."""


@dataclass(frozen=True, slots=True)
class Pin:
    """What was signed of a log at a size, kept where nobody of the log's own could change it."""

    topic: str
    partition: int
    size: int
    root: bytes
    by: str

    @property
    def place(self) -> str:
        """The partition's name in sentences."""
        return f"{self.topic}[{self.partition}]"


def read_pins(text: str, by: str, key: VerifyingKey, witness: VerifyingKey | None) -> list[Pin]:
    """Return the pins of a file: signed notes one after the other, or an answer of `GET /v1/checkpoint`.

    With a witness, checkpoints of single logs must have its line too. In an answer those that were too fresh for it are
    left out, since its checkpoint of all logs says the same of them.

    Raises:
        BadNote: a note cannot be read.
        NotSigned: one is not signed by the key, or by the witness.
    """
    pins = [pin for note in _notes(text, witness) for pin in _pins_of(note, by, key, witness)]
    if not pins:
        raise BadNote("it holds no checkpoint")
    return pins


def pins_of_all(note: str, by: str, key: VerifyingKey) -> list[Pin]:
    """Return what a checkpoint of all logs says of each.

    Raises:
        BadNote: it is none.
        NotSigned: it is not signed by the key.
    """
    name, *lines = read_note(note)[0].removesuffix("\n").split("\n")
    if name != key.name:
        raise BadNote(f"it is no checkpoint of all logs of {key.name}")
    if not key.has_signed(note):
        raise NotSigned(f"it is not signed by {key.name}")
    return [_pin_of(line, by) for line in lines]


def find_contradictions(pins: Sequence[Pin]) -> Iterator[Finding]:
    """Yield where two pins say different things of one log at one size: its key has signed two histories."""
    known: dict[tuple[str, int, int], Pin] = {}
    for pin in pins:
        other = known.setdefault((pin.topic, pin.partition, pin.size), pin)
        if other.root != pin.root:
            reason = f"{other.by} and {pin.by} say different things of its first {pin.size} entries"
            yield Finding(pin.place, None, reason)


@dataclass
class Signed:
    """Reads the checkpoints of a database in their order, and counts them."""

    heads: Mapping[int, StoredHead]
    key: VerifyingKey | None
    witness: VerifyingKey | None
    checkpoint_count: int = 0
    cosigned_count: int = 0
    sound_below: int = 2**63
    """The first checkpoint that is not what was signed: neither it nor a later one says where entries are wrong."""

    def __post_init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._lines: dict[tuple[str, int], str] = {}

    def check(self, id_: int, note: str, logs: Sequence[StoredLogCheckpoint]) -> Iterator[Finding]:
        """Yield what is wrong with the next checkpoint and with what it says of single logs."""
        self.checkpoint_count += 1
        for finding in self._check(id_, note, logs):
            self.sound_below = min(self.sound_below, id_)
            yield finding

    def _check(self, id_: int, note: str, logs: Sequence[StoredLogCheckpoint]) -> Iterator[Finding]:
        place = f"checkpoint {id_}"
        name = self.key.name if self.key else note.partition("\n")[0]
        for each in logs:
            if reason := self._wrong(each, name):
                yield Finding(place, None, reason)
        text = f"{name}\n{''.join(line for _, line in sorted(self._lines.items()))}"
        try:
            if read_note(note)[0] != text:
                yield Finding(place, None, "it does not say what was signed of the single logs")
            elif self.key and not self.key.has_signed(note):
                yield Finding(place, None, "it is not signed by the log's key")
        except BadNote as error:
            yield Finding(place, None, f"it is no signed note: {error}")

    def _wrong(self, each: StoredLogCheckpoint, name: str) -> str | None:
        head = self.heads.get(each.head_id)
        if head is None:
            return "it is of a log that has no head"
        if each.size <= self._sizes.get(each.head_id, 0):
            return f"{head.place} was signed with more entries before"
        self._sizes[each.head_id] = each.size
        try:
            root = decode_frontier(each.size, each.frontier).root()
            origin = f"{name}/{head.topic}/{head.partition}"
            self._lines[head.topic, head.partition] = (
                f"{head.topic} {head.partition} {each.size} {b64encode(root).decode()}\n"
            )
            if read_note(each.note)[0] != Checkpoint(origin, each.size, root).text():
                return f"what is signed of {head.place} is not what is kept beside it"
            if self.key and not self.key.under(origin).has_signed(each.note):
                return f"the checkpoint of {head.place} is not signed by the log's key"
            own, below = read_note(each.note)
            for witness, line in zip(each.witnesses, each.lines, strict=True):
                text, signers = read_note(each.note + line)
                if (text, len(signers), signers[-1][0]) != (own, len(below) + 1, witness):
                    return f"what is kept as the line of {witness} under the checkpoint of {head.place} is none"
                if self.witness and witness == self.witness.name:
                    if not self.witness.has_signed(each.note + line):
                        return f"the line of {witness} under the checkpoint of {head.place} is not by its key"
                    self.cosigned_count += 1
        except ValueError as error:
            return f"the checkpoint of {head.place} cannot be read: {error}"
        return None


def check_proof(text: str, key: VerifyingKey, witness: VerifyingKey | None) -> str:
    """Return in a sentence what a proof (C2SP tlog-proof) proves.

    Raises:
        BadNote: it proves nothing.
    """
    head, gap, note = text.partition("\n\n")
    first, extra, place, *lines = [*head.split("\n"), "", ""]
    path = [line for line in lines if line]
    index = place.removeprefix("index ")
    if not gap or first != PROOF_BEGINS or place == index or not is_size(index) or len(path) > PROOF_MAX:
        raise BadNote("it is no proof of this form")
    try:
        data, hashes = decode_base64(extra.removeprefix("extra ")), [decode_base64(line) for line in path]
        header = decode_header(data[:-HASH_BYTES])
    except ValueError as error:
        raise BadNote("the entry in it cannot be read") from error
    pin = _pin_of_log(note, "the proof", key, witness)
    if (pin.topic, pin.partition) != (header.topic, header.partition):
        raise BadNote("its checkpoint is of another log")
    if any(len(each) != HASH_BYTES for each in hashes) or not verify_inclusion(
        leaf_hash(data), int(index), pin.size, hashes, pin.root
    ):
        raise BadNote("the entry is not in the tree that was signed")
    facts = header.facts
    what = f"event {facts.event_id}, {facts.type}" if facts else "a record that is no event"
    who = f", by {facts.actor_id}" if facts and facts.actor_id else ""
    when = f", at {facts.occurred_at.isoformat()}" if facts else ""
    by = f"{key.name} and {witness.name}" if witness else key.name
    log = f"{pin.topic}[{pin.partition}]"
    return f"{what}{who}{when}, is entry {index} of {log}, of which {by} signed {pin.size} entries"


def check_export(lines: Iterable[str], key: VerifyingKey, witness: VerifyingKey | None) -> str:
    """Return in a sentence what an export (`services.audit.domain.export`) proves.

    Raises:
        CutOff: it ends too early.
        BadExport, BadNote: it proves nothing.
    """
    reader, sizes = ExportReader(), dict[tuple[str, int], int]()
    for section, tree in reader.read(lines):
        pin = _pin_of_log(section.note, "the export", key, witness)
        if (pin.topic, pin.partition) != (section.topic, section.partition):
            raise BadExport(f"the checkpoint of {section.topic}[{section.partition}] in it is of another log")
        if not is_signed(section, tree, pin.size, pin.root):
            raise BadExport(f"what it holds of {section.topic}[{section.partition}] is not in the tree that was signed")
        sizes[pin.topic, pin.partition] = pin.size
    _check_ranges(reader, sizes, key)
    by = f"{key.name} and {witness.name}" if witness else key.name
    return (
        f"{reader.entries:,} entries of {reader.logs} partitions are what {by} signed, none of them left out between, "
        f"and no partition left out; that those are all of the time asked for is for event audit.exported to say, of "
        f"request {reader.request}, whose head_sha256 must be {reader.head_sha256}"
    )


def _check_ranges(reader: ExportReader, sizes: Mapping[tuple[str, int], int], key: VerifyingKey) -> None:
    """Hold an export to the checkpoint of all logs in its first line: each of them is named, none is of another time.

    Raises:
        BadExport, BadNote: it is not so.
    """
    if reader.note is None:
        raise BadExport("nothing of the log was signed when it was made")
    pins = pins_of_all(reader.note, "the export", key)
    signed = {(pin.topic, pin.partition): pin.size for pin in pins if reader.topic in (None, pin.topic)}
    named = [(topic, partition) for topic, partition, *_ in reader.ranges]
    if sorted(named) != sorted(signed):
        other = sorted({*named} ^ {*signed})
        place = f"{other[0][0]}[{other[0][1]}]" if other else "a partition"
        raise BadExport(f"{place} is left out, was signed later, or is named twice in its first line")
    for (topic, partition), size in sizes.items():
        if size > signed[topic, partition]:
            raise BadExport(f"the checkpoint in its first line is older than that of {topic}[{partition}]")


def _notes(text: str, witness: VerifyingKey | None) -> Iterator[str]:
    if text.lstrip().startswith("{"):
        try:
            answer = json.loads(text)
            yield str(answer["note"])
            notes = [str(log["note"]) for log in answer["logs"]]
            yield from (note for note in notes if not witness or f"\n{LINE_BEGINS}{witness.name} " in note)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadNote("it is no answer of GET /v1/checkpoint") from error
        return
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if lines and lines[-1].startswith(LINE_BEGINS) and not line.startswith(LINE_BEGINS):
            yield "".join(lines)
            lines = []
        if lines or line.strip():
            lines.append(line)
    if lines:
        yield "".join(lines)


def _pins_of(note: str, by: str, key: VerifyingKey, witness: VerifyingKey | None) -> Iterable[Pin]:
    if read_note(note)[0].partition("\n")[0] == key.name:
        return pins_of_all(note, by, key)
    return [_pin_of_log(note, by, key, witness)]


def _pin_of_log(note: str, by: str, key: VerifyingKey, witness: VerifyingKey | None) -> Pin:
    """Return what the checkpoint of a single log says."""
    text, _ = read_note(note)
    origin = text.partition("\n")[0]
    topic, _, partition = origin.removeprefix(f"{key.name}/").rpartition("/")
    if not origin.startswith(f"{key.name}/") or not topic or not is_size(partition):
        raise BadNote(f"{origin!r} is not a log of {key.name}")
    if not key.under(origin).has_signed(note):
        raise NotSigned(f"what it says of {topic}[{partition}] is not signed by {key.name}")
    if witness and not witness.has_signed(note):
        raise NotSigned(f"what it says of {topic}[{partition}] is not signed by {witness.name}")
    checkpoint = read_checkpoint(text)
    return Pin(topic, int(partition), checkpoint.size, checkpoint.root, by)


def _pin_of(line: str, by: str) -> Pin:
    topic, partition, size, root, *more = [*line.split(" "), "", "", ""]
    raw = decode_base64(root)
    if not topic or not is_size(partition) or not is_size(size) or len(raw) != HASH_BYTES or any(more):
        raise BadNote("a line of it is not topic, partition, size and root")
    return Pin(topic, int(partition), int(size), raw, by)
