"""The log as a folder of tiles: its tree without the bodies, for an auditor who may see no personal data.

It holds, per C2SP tlog-tiles where that is named:

    checkpoint                      the note over all logs of one moment (services/audit/domain), which lists them
    <topic>/<partition>/checkpoint  that log's own, with the lines of its witnesses (tlog-checkpoint)
    <topic>/<partition>/tile/<L>/<N>[.p/<W>]       256 hashes of level L, or the W at its end (tlog-tiles)
    <topic>/<partition>/tile/entries/<N>[.p/<W>]   as many entries: of each its length, 2 bytes, and header and commit,
                                                   which are what its leaf is the hash of (tlog-tiles)

<N> counts from 000; from a thousand on it is written in threes, x001/234. All that the checkpoints cover is there, and
nothing beyond. Whoever has a body too compares its SHA-256 with the commit.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.audit.domain.check import Finding, StoredHead
from services.audit.domain.header import BadHeader, decode_header
from services.audit.domain.merkle import HASH_BYTES, Frontier, leaf_hash, perfect_root
from services.audit.domain.note import BadNote, Checkpoint, VerifyingKey, read_note
from services.audit.domain.tiles import TILE_HASHES
from services.audit.verifier.logs import outrun
from services.audit.verifier.report import Progress, Report
from services.audit.verifier.signed import NotSigned, Pin, find_contradictions, pins_of_all
from services.audit.verifier.snapshot import Snapshot, Unreadable

TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
"""What Kafka allows; such a name is a folder's, and of no other place."""
LENGTH_BYTES, ENTRY_BYTES_MAX = 2, 0xFFFF
FILE_BYTES_MAX = TILE_HASHES * (LENGTH_BYTES + ENTRY_BYTES_MAX)


class NotWritable(Exception):
    """There is nothing to write, or it is not what was signed; the text says why."""

    def __init__(self, reason: str, *, is_tampered: bool) -> None:
        super().__init__(reason)
        self.is_tampered = is_tampered


def tile_path(level: int | str, index: int, width: int = TILE_HASHES) -> str:
    """Return where a tile lies below its log's folder, given how many hashes it has."""
    threes = [f"{index % 1000:03}"]
    while index := index // 1000:
        threes.insert(0, f"x{index % 1000:03}")
    end = "" if width == TILE_HASHES else f".p/{width}"
    return f"tile/{level}/{'/'.join(threes)}{end}"


async def write_folder(snapshot: Snapshot, folder: Path, key: VerifyingKey) -> Report:
    """Write the newest checkpoint and all that it covers into a folder that is there and empty.

    Leaves and tiles are made anew from the entries. The checkpoint comes last: without it the folder is nothing.

    Raises:
        NotWritable: there is no checkpoint, or the entries do not hash to what it says.
        Damaged: something cannot be read.
        OSError: the folder cannot be written.
    """
    async with snapshot.readable():
        newest = await snapshot.find_newest_vector() if await snapshot.has_checkpoints() else None
        heads = {(head.topic, head.partition): head for head in await snapshot.list_stored_heads()}
    if newest is None:
        raise NotWritable("nothing was signed yet", is_tampered=False)
    try:
        pins = pins_of_all(newest, "the newest checkpoint", key)
    except BadNote as error:
        raise NotWritable(f"the newest checkpoint: {error}", is_tampered=True) from error
    progress = Progress(sum(pin.size for pin in pins), "written")
    for pin in pins:
        below = folder / pin.topic / str(pin.partition)
        head = heads.get((pin.topic, pin.partition))
        note = await _find_note(snapshot, head, pin) if head else None
        if head is None or note is None or not TOPIC.fullmatch(pin.topic):
            raise NotWritable(f"{pin.place} has no checkpoint of its own of {pin.size} entries", is_tampered=True)
        await _write_log(snapshot, head, pin, below, progress)
        _write(below / "checkpoint", note)
    _write(folder / "checkpoint", newest.encode())
    return Report(log_count=len(pins), entry_count=sum(pin.size for pin in pins))


async def _find_note(snapshot: Snapshot, head: StoredHead, pin: Pin) -> bytes | None:
    async with snapshot.readable():
        notes = await snapshot.list_proving(head, index=pin.size - 1)
    return next((f"{each.note}{''.join(each.lines)}".encode() for each in notes if each.size == pin.size), None)


async def _write_log(snapshot: Snapshot, head: StoredHead, pin: Pin, folder: Path, progress: Progress) -> None:
    tree, levels = Frontier(), [list[bytes]()]
    while tree.size < pin.size:
        async with snapshot.readable():
            entries = await snapshot.read_entries(head, start=tree.size, limit=min(TILE_HASHES, pin.size - tree.size))
        data = [entry.header + entry.commit for entry in entries]
        if not data or max(map(len, data)) > ENTRY_BYTES_MAX:
            break
        bundle = b"".join(len(each).to_bytes(LENGTH_BYTES, "big") + each for each in data)
        _write(folder / tile_path("entries", tree.size // TILE_HASHES, len(data)), bundle)
        levels[0] = [leaf_hash(each) for each in data]
        tree = tree.extend(levels[0])
        _write_full(folder, levels, tree.size)
        progress.advance(len(data))
    if tree.size != pin.size or tree.root() != pin.root:
        raise NotWritable(f"{head.place} is not what was signed of it", is_tampered=True)
    for level, hashes in enumerate(levels):
        if hashes:
            _write(folder / tile_path(level, pin.size >> 8 * (level + 1), len(hashes)), b"".join(hashes))


def _write_full(folder: Path, levels: list[list[bytes]], size: int) -> None:
    """Write the tiles that are full now, and keep of each its root in the level above."""
    for level in range(len(levels) + 1):
        if level == len(levels) or len(levels[level]) < TILE_HASHES:
            return
        _write(folder / tile_path(level, (size >> 8 * (level + 1)) - 1), b"".join(levels[level]))
        if level + 1 == len(levels):
            levels.append([])
        levels[level + 1].append(perfect_root(levels[level]))
        levels[level] = []


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


def verify_folder(folder: Path, key: VerifyingKey, witness: VerifyingKey | None, pins: Sequence[Pin]) -> Report:
    """Return what is wrong with a folder, of each log the first thing.

    Raises:
        Unreadable: it has no checkpoint.
        NotSigned: its checkpoint is not signed by the key.
    """
    report = Report(findings=list(find_contradictions(pins)))
    try:
        logs = pins_of_all((folder / "checkpoint").read_text(encoding="utf-8"), "its checkpoint", key)
    except OSError as error:
        raise Unreadable(f"{folder / 'checkpoint'}: {type(error).__name__}") from error
    except (BadNote, UnicodeDecodeError) as error:
        raise NotSigned(f"{folder / 'checkpoint'}: {error}") from error
    progress, cosigned_count = Progress(sum(log.size for log in logs)), 0
    for log in logs:
        kept = [pin for pin in pins if (pin.topic, pin.partition) == (log.topic, log.partition)]
        reading = _LogFolder(folder / log.topic / str(log.partition), log, progress)
        if not TOPIC.fullmatch(log.topic):
            reading.found(None, "it has no folder by such a name")
        cosigned_count += reading.check_note(key, witness)
        reading.read([*kept, log])
        report.entry_count += reading.tree.size
        report.findings += [each for each in [reading.finding] if each]
        report.findings += [outrun(pin.place, pin.size, pin.by, has=log.size) for pin in kept if pin.size > log.size]
    known = {(log.topic, log.partition) for log in logs}
    lost = [pin for pin in pins if (pin.topic, pin.partition) not in known]
    report.findings += [outrun(pin.place, pin.size, pin.by, has=0) for pin in lost]
    report.log_count = len(logs)
    report.signatures = f"It is signed by {key.name}"
    if witness:
        report.signatures += f", and what it says of {cosigned_count} of {len(logs)} logs by {witness.name}"
    compared = f"{len(pins)} roots kept elsewhere were compared" if pins else "None kept elsewhere was given"
    report.signatures += f". {compared}."
    return report


class _LogFolder:
    """Reads the folder of one log: every entry, every tile, and the roots that were signed."""

    def __init__(self, folder: Path, log: Pin, progress: Progress) -> None:
        self._folder = folder
        self._log = log
        self._progress = progress
        self._agreed = 0
        self._next_offset = 0
        self._above: list[tuple[bytes, list[bytes]]] = []
        """Of each level from the first on: the tile that was read last, and the roots made since it begins."""
        self.tree = Frontier()
        self.finding: Finding | None = None

    def found(self, index: int | None, reason: str) -> None:
        """Note what is wrong first."""
        if self.finding is None:
            self.finding = Finding(self._log.place, index, reason)

    def check_note(self, key: VerifyingKey, witness: VerifyingKey | None) -> bool:
        """Compare the log's own checkpoint with that of all logs; return whether the witness has signed it."""
        if self.finding is not None:
            return False
        origin = f"{key.name}/{self._log.topic}/{self._log.partition}"
        try:
            note = (self._folder / "checkpoint").read_text(encoding="utf-8")
            text, lines = read_note(note)
            if text != Checkpoint(origin, self._log.size, self._log.root).text():
                self.found(None, "its own checkpoint is not what that of all logs says")
            elif not key.under(origin).has_signed(note):
                self.found(None, f"its own checkpoint is not signed by {key.name}")
            elif witness and any(name == witness.name for name, _ in lines):
                if witness.has_signed(note):
                    return True
                self.found(None, f"the line of {witness.name} under its checkpoint is not by its key")
        except (OSError, ValueError) as error:
            self.found(None, f"its own checkpoint cannot be read ({type(error).__name__})")
        return False

    def read(self, signed: Sequence[Pin]) -> None:
        """Read all entries and tiles, until something is wrong."""
        expected = sorted((pin for pin in signed if pin.size <= self._log.size), key=lambda pin: pin.size)
        while self.finding is None and self.tree.size < self._log.size:
            first, leaves = self.tree.size, self._read_leaves()
            left = leaves
            while left and self.finding is None:
                count = min([len(left), *(pin.size - self.tree.size for pin in expected[:1])])
                self.tree, left = self.tree.extend(left[:count]), left[count:]
                while expected and expected[0].size == self.tree.size:
                    self._compare(expected.pop(0))
            if self.finding is None and len(leaves) == TILE_HASHES:
                self._check_above(1, first, perfect_root(leaves))

    def _compare(self, pin: Pin) -> None:
        if self.tree.root() != pin.root:
            reason = f"the entries from here to {pin.size - 1} do not hash to what {pin.by} says of them"
            self.found(self._agreed, reason)
        self._agreed = pin.size

    def _read_leaves(self) -> list[bytes]:
        """Return the leaves of the next bundle, each as its entry and its tile agree that it is."""
        first = self.tree.size
        width = min(TILE_HASHES, self._log.size - first)
        tile = self._read_tile(0, first // TILE_HASHES, width)
        leaves: list[bytes] = []
        for data in self._read_bundle(first // TILE_HASHES, width):
            index, place, leaf = first + len(leaves), HASH_BYTES * len(leaves), leaf_hash(data)
            if tile is not None and tile[place : place + HASH_BYTES] != leaf:
                self.found(index, "it does not hash to the leaf in its tile")
            self._check_place(index, data)
            leaves.append(leaf)
        if len(leaves) < width:
            self.found(first + len(leaves), "it is missing, or its bundle cannot be read from it on")
        if tile is None:
            self.found(first, f"tile {first // TILE_HASHES} of level 0 is missing or cannot be read")
        self._progress.advance(len(leaves))
        return leaves

    def _check_place(self, index: int, data: bytes) -> None:
        try:
            header = decode_header(data[:-HASH_BYTES])
        except BadHeader as error:
            self.found(index, f"its header cannot be read: {error}")
            return
        if (header.topic, header.partition) != (self._log.topic, self._log.partition):
            self.found(index, "its header names another partition")
        if header.offset < self._next_offset:
            self.found(index, "by the Kafka offsets, this is not its place")
        self._next_offset = header.offset + 1

    def _check_above(self, level: int, first: int, root: bytes) -> None:
        """Compare the root of a full tile, in which the entry `first` is, with the hash of it in the level above."""
        if len(self._above) < level:
            self._above.append((b"", []))
        tile, roots = self._above[level - 1]
        index, place = divmod(first >> 8 * level, TILE_HASHES)
        if not roots:
            width = min(TILE_HASHES, (self._log.size >> 8 * level) - index * TILE_HASHES)
            tile = self._read_tile(level, index, width) or b""
        if tile[HASH_BYTES * place : HASH_BYTES * (place + 1)] != root:
            state = "does not hold the hashes of the entries" if tile else "is missing or cannot be read"
            begins = first >> 8 * level << 8 * level
            self.found(max(begins, self._agreed), f"tile {index} of level {level} {state}")
        roots.append(root)
        self._above[level - 1] = tile, roots
        if len(roots) == TILE_HASHES:
            self._above[level - 1] = b"", []
            self._check_above(level + 1, first, perfect_root(roots))

    def _read_tile(self, level: int, index: int, width: int) -> bytes | None:
        raw = self._read_file(tile_path(level, index, width))
        return raw if len(raw) == HASH_BYTES * width else None

    def _read_bundle(self, index: int, width: int) -> Iterator[bytes]:
        """Yield what the leaves of a bundle are the hashes of, up to where it cannot be read."""
        raw, place = self._read_file(tile_path("entries", index, width)), 0
        for _ in range(width):
            length = int.from_bytes(raw[place : place + LENGTH_BYTES], "big")
            place += LENGTH_BYTES + length
            if not length or place > len(raw):
                return
            yield raw[place - length : place]
        if place != len(raw):
            self.found(index * TILE_HASHES + width - 1, "something follows it in its bundle")

    def _read_file(self, path: str) -> bytes:
        """Return what a file holds; nothing if it cannot be read."""
        try:
            with (self._folder / path).open("rb") as file:
                return file.read(FILE_BYTES_MAX)
        except OSError:
            return b""
