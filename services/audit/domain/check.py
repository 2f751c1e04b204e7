"""Whether the stored log of one partition is what was written: every entry on its own, its place, and the whole.

Fed in index order, it needs no more memory than the frontier and the gaps found.
"""

import hashlib
import operator
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any, NamedTuple
from uuid import UUID

from services.audit.domain.header import FACTS, BadHeader, Header, decode_header, fact_columns, is_plainly
from services.audit.domain.merkle import Frontier, decode_frontier, leaf_hash
from services.audit.domain.tiles import TILE_HASHES

GAPS_KEPT = 1_000
KINDS = frozenset(("event", "duplicate", "opaque"))
NOTHING = Frontier()


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A row of `head`; how far the group's fence says the partition was read, None when there is none; and up to which
    entry the log was followed.
    """

    id: int
    topic: str
    partition: int
    size: int
    next_offset: int
    frontier: bytes
    fence: int | None
    projected: int

    @property
    def place(self) -> str:
        """The partition's name in sentences."""
        return f"{self.topic}[{self.partition}]"


class StoredEntry(NamedTuple):
    """A row of `entry`, and of `event` what auditors search it by, None where there is none."""

    index: int  # type: ignore[assignment]  # a tuple's method of this name is of no use here
    kafka_offset: int
    kind: str
    header: bytes
    commit: bytes
    leaf: bytes
    body: bytes
    # From here on as `FACTS`.
    event_id: UUID | None
    type: str | None
    occurred_at: datetime | None
    subject_kind: str | None
    subject_id: str | None
    actor_id: str | None
    outcome: str | None

    @property
    def facts(self) -> tuple[Any, ...]:
        """The columns `FACTS`."""
        return self[-len(FACTS) :]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a log, and where: at `index`, or with the log as a whole when it is None."""

    place: str
    index: int | None
    reason: str
    is_tampered: bool = True
    """Else the log is incomplete."""
    beyond: int | None = None
    """Where only so much is known, that it is somewhere from `index` to before this one."""

    def __str__(self) -> str:
        entry = "" if self.index is None else f" entry {self.index}"
        return f"{self.place}{entry}: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Gap:
    index: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Expected:
    """The root that somebody signed for the first `size` entries; `by` says who, in sentences."""

    size: int
    root: bytes
    by: str


class LogCheck:
    """Reads the entries of one log in index order; stops at the first that is wrong.

    `start` is the tree over the entries that are not read again.
    """

    def __init__(self, head: StoredHead, start: Frontier = NOTHING) -> None:
        self._head = head
        self._topic = head.topic.encode()
        self._frontier = start
        self._expected: deque[Expected] = deque()
        self._agreed = start.size
        """Up to here somebody signed what was read."""
        self._first_offset = 0
        self._next_offset: int | None = None
        self._gaps: list[_Gap] = []
        self.finding: Finding | None = None

    @property
    def next_index(self) -> int:
        """Index of the entry to be taken next; all below are well."""
        return self._frontier.size

    def take(self, entries: Sequence[StoredEntry], roots: Sequence[bytes] = ()) -> bool:
        """Check entries that follow those taken before; return whether all are well.

        `roots` are those of the full tiles that their leaves make, if the first one begins a tile: a tree that is made
        of them is made in half the time.
        """
        assert self.finding is None
        if not self._are_plainly_well(entries):
            for index, entry in enumerate(entries, self.next_index):
                self.finding = (
                    self._uncounted(index, entry)
                    or self._wrong(entry)
                    or self._contradictory(entry)
                    or self._out_of_order(entry)
                )
                if self.finding is not None:
                    return False
        self._extend([entry.leaf for entry in entries], roots)
        return self.finding is None

    def expect(self, signed: Iterable[Expected]) -> None:
        """Look whether the entries that are taken next hash to these roots, which come in the order of their sizes."""
        self._expected.extend(signed)

    def _extend(self, leaves: list[bytes], roots: Sequence[bytes]) -> None:
        taken = 0
        while self._expected and self._expected[0].size <= self._frontier.size + len(leaves) - taken:
            signed = self._expected.popleft()
            upto = taken + signed.size - self._frontier.size
            self._frontier, taken = self._grown(leaves, taken, upto, roots), upto
            if self._frontier.root() != signed.root:
                reason = f"the entries from here to {signed.size - 1} do not hash to what {signed.by} says of them"
                self.finding = Finding(self._head.place, self._agreed, reason, beyond=signed.size)
                return
            self._agreed = signed.size
        self._frontier = self._grown(leaves, taken, len(leaves), roots)

    def _grown(self, leaves: list[bytes], taken: int, upto: int, roots: Sequence[bytes]) -> Frontier:
        """Return the tree with `leaves[taken:upto]`, by the roots of those tiles that lie in there as a whole."""
        first, beyond = -(-taken // TILE_HASHES), min(upto // TILE_HASHES, len(roots))
        if first >= beyond:
            return self._frontier.extend(leaves[taken:upto])
        begun = self._frontier.extend(leaves[taken : first * TILE_HASHES])
        whole = begun.extend_by(roots[first:beyond], width=TILE_HASHES)
        return whole.extend(leaves[beyond * TILE_HASHES : upto])

    def damaged(self, index: int | None, reason: str) -> None:
        """Note that an entry, or the log's index, could not even be read."""
        self.finding = self._found(index, reason)

    def narrow(self, index: int, reason: str) -> None:
        """Note an entry that is wrong, unless one before it is known to be, or this one for another reason."""
        found = self.finding
        bound = None if found is None else found.beyond or found.index
        if found is None or (bound is not None and index < bound):
            self.finding = self._found(index, reason)

    def repeated(self, index: int, *, is_event: bool) -> None:
        """Note that the kind of an entry contradicts the entries before it."""
        earlier = "an earlier entry has its event id" if is_event else "no earlier entry has its event id"
        kind = "event" if is_event else "duplicate"
        self.finding = self._found(index, f"it says to be of kind {kind}, but {earlier}")

    def finish(self) -> Iterator[Finding]:
        """Yield what is wrong, once every entry was taken or one was refused."""
        if self.finding is None:
            self.finding = self._short() or self._other_tree() or self._other_end() or self._followed_beyond()
        if self.finding is not None:
            yield self.finding
        for gap in self._gaps:
            reason = f"before it, the Kafka offsets {gap.first} to {gap.last} have no entry"
            yield Finding(self._head.place, gap.index, reason, is_tampered=False)
        fence = self._head.fence
        if fence is not None and fence != self._head.next_offset:
            reason = f"the fence stands at offset {fence}, but the log ends before {self._head.next_offset}"
            yield Finding(self._head.place, None, reason, is_tampered=False)

    def _are_plainly_well(self, entries: Sequence[StoredEntry]) -> bool:
        """Return whether surely nothing is wrong with any, and note that they were seen.

        That is so of most pages, and takes a quarter less time than to look what may be wrong with each entry.
        """
        if not entries or self._next_offset is None:
            return False
        index, offset, kind, header, commit, leaf, body, *facts = zip(*entries, strict=True)
        first, count, head = self.next_index, len(entries), self._head
        next_offset = self._next_offset + count
        topic, partition = repeat(self._topic), repeat(head.partition)
        are_well = (
            first + count <= head.size
            and index == tuple(range(first, first + count))
            and offset == tuple(range(self._next_offset, next_offset))
            and set(kind) == {"event"}
            and [hashlib.sha256(each).digest() for each in body] == list(commit)
            and list(map(leaf_hash, map(operator.add, header, commit))) == list(leaf)
            and all(map(is_plainly, header, topic, partition, offset, zip(*facts, strict=True)))
        )
        if are_well:
            self._next_offset = next_offset
        return are_well

    def _uncounted(self, index: int, entry: StoredEntry) -> Finding | None:
        """Indexes are dense, and below the head's count."""
        if entry.index != index:
            return self._found(index, f"it is missing; the next one is entry {entry.index}")
        if index >= self._head.size:
            return self._found(index, f"the head counts {self._head.size} entries only")
        return None

    def _out_of_order(self, entry: StoredEntry) -> Finding | None:
        """Offsets grow. Those left out are noted: they are gaps, or belong to entries that stand elsewhere."""
        offset, expected = entry.kafka_offset, self._next_offset
        if expected is None:
            self._first_offset = offset
        elif offset < expected:
            return self._found(self._place_of(offset, entry.index), "by the Kafka offsets, this is not its place")
        elif offset > expected and len(self._gaps) < GAPS_KEPT:
            self._gaps.append(_Gap(entry.index, expected, offset - 1))
        self._next_offset = offset + 1
        return None

    def _place_of(self, offset: int, found_at: int) -> int:
        """Return where the entry with this offset is missed; without such a place it is one too many."""
        if offset < self._first_offset:
            return 0
        return next((gap.index for gap in self._gaps if gap.first <= offset <= gap.last), found_at)

    def _wrong(self, entry: StoredEntry) -> Finding | None:
        """Body, commit, header and leaf of one entry agree."""
        if hashlib.sha256(entry.body).digest() != entry.commit:
            return self._found(entry.index, "its body does not hash to its commit")
        if leaf_hash(entry.header + entry.commit) != entry.leaf:
            return self._found(entry.index, "its header and commit do not hash to its leaf")
        return None

    def _contradictory(self, entry: StoredEntry) -> Finding | None:
        """Header, columns and kind of one entry agree."""
        if entry.kind not in KINDS:
            return self._found(entry.index, "it is of no kind that there is")
        is_shown = entry.kind == "event" and entry.index < self._head.projected
        try:
            header = decode_header(entry.header)
        except BadHeader as error:
            return self._found(entry.index, f"its header cannot be read: {error}")
        if (header.topic, header.partition) != (self._head.topic, self._head.partition):
            return self._found(entry.index, "its header names another partition")
        if (entry.kind == "opaque") != (header.facts is None):
            return self._found(entry.index, f"it says to be of kind {entry.kind}, and its header contradicts that")
        if (entry.type is not None) != is_shown:
            state = (
                "is not among the events that auditors search" if is_shown else "is shown to auditors, which is wrong"
            )
            return self._found(entry.index, f"it {state}")
        differing = _differing_column(header, entry, is_shown=is_shown)
        if differing is not None:
            return self._found(entry.index, f"its column {differing} contradicts its header")
        return None

    def _short(self) -> Finding | None:
        if self.next_index == self._head.size:
            return None
        return self._found(self.next_index, f"it and all later ones are missing; the head counts {self._head.size}")

    def _other_tree(self) -> Finding | None:
        """Compare the subtrees: the first that differs bounds the place."""
        try:
            stored = decode_frontier(self._head.size, self._head.frontier)
        except ValueError as error:
            return self._found(None, f"the head cannot be read: {error}")
        for (first, end), ours, theirs in zip(stored.spans(), self._frontier.peaks, stored.peaks, strict=True):
            if ours != theirs:
                reason = f"the entries from here to {end - 1} do not hash to what the head keeps of them"
                return self._found(first, reason)
        return None

    def _other_end(self) -> Finding | None:
        if self._next_offset is None or self._next_offset == self._head.next_offset:
            return None
        reason = (
            f"the head says that offset {self._head.next_offset} comes next, and the entries say {self._next_offset}"
        )
        return self._found(None, reason)

    def _followed_beyond(self) -> Finding | None:
        """What comes next would be left out by those who follow the log."""
        if self._head.projected <= self._head.size:
            return None
        reason = f"it says to have been followed up to entry {self._head.projected}, and has {self._head.size}"
        return self._found(None, reason)

    def _found(self, index: int | None, reason: str) -> Finding:
        return Finding(self._head.place, index, reason)


def _differing_column(header: Header, entry: StoredEntry, *, is_shown: bool) -> str | None:
    if header.offset != entry.kafka_offset:
        return "kafka_offset"
    kept, stored = fact_columns(header), entry.facts
    count = len(FACTS) if is_shown else FACTS.index("event_id") + 1
    pairs = zip(FACTS[:count], kept, stored, strict=False)
    return next((name for name, left, right in pairs if left != right), None)
