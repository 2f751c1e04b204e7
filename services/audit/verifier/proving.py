"""Makes the proof of one event. Nothing stored is trusted: the proof is read before it is given."""

from uuid import UUID

from services.audit.domain.check import StoredHead
from services.audit.domain.merkle import HASH_BYTES
from services.audit.domain.note import BadNote, VerifyingKey
from services.audit.domain.proof import inclusion_path, proof_text
from services.audit.domain.tiles import Span, root_of, span_under
from services.audit.verifier.signed import check_proof
from services.audit.verifier.snapshot import Placed, Snapshot, StoredLogCheckpoint


class NotProvable(Exception):
    """There is nothing to prove the event by; the text says why."""


async def make_proof(
    snapshot: Snapshot, event_id: UUID, key: VerifyingKey, witness: VerifyingKey | None
) -> tuple[str, str]:
    """Return an event's proof, a file's text (C2SP tlog-proof), and in a sentence what it proves.

    Raises:
        NotProvable: there is no such event, or no checkpoint with these signatures covers it.
        BadNote: what is stored of it is not what was signed.
        Damaged: something of it cannot be read.
    """
    async with snapshot.readable():
        placed = await snapshot.find_event(event_id)
        heads = {head.id: head for head in await snapshot.list_stored_heads()}
        if placed is None or placed.head_id not in heads:
            raise NotProvable(f"no entry is of event {event_id}")
        head = heads[placed.head_id]
        has_checkpoints = await snapshot.has_checkpoints()
        made = await snapshot.list_proving(head, index=placed.index) if has_checkpoints else []
        found = next(((each, note) for each in made if (note := _signed(head, each, key, witness))), None)
        if found is None:
            who = f"{key.name} and {witness.name}" if witness else key.name
            raise NotProvable(f"entry {placed.index} of {head.place} is in no checkpoint signed by {who} yet")
        text = await _text(snapshot, head, placed, *found)
    return text, check_proof(text, key, witness)


def _signed(head: StoredHead, each: StoredLogCheckpoint, key: VerifyingKey, witness: VerifyingKey | None) -> str | None:
    """Return a checkpoint with its witnesses' lines, None if it has not the signatures it should have."""
    note = each.note + "".join(each.lines)
    try:
        is_ours = key.under(f"{key.name}/{head.topic}/{head.partition}").has_signed(note)
        return note if is_ours and (witness is None or witness.has_signed(note)) else None
    except BadNote:
        return None


async def _text(snapshot: Snapshot, head: StoredHead, placed: Placed, made: StoredLogCheckpoint, note: str) -> str:
    """Make the path twice: first to see which subtrees it takes, then with their roots."""
    spans: dict[Span, None] = {}

    def see(first: int, end: int) -> bytes:
        spans[span_under(head.id, first, end)] = None
        return b""

    inclusion_path(placed.index, made.size, see)
    roots = {span: root_of(await _hashes(snapshot, head, span)) for span in spans}
    path = inclusion_path(placed.index, made.size, lambda first, end: roots[span_under(head.id, first, end)])
    return proof_text(placed.header + placed.commit, placed.index, path, note)


async def _hashes(snapshot: Snapshot, head: StoredHead, span: Span) -> list[bytes]:
    """Return the hashes of a span: from its tile if that is full, else from the entries or the tiles below."""
    tiles = await snapshot.read_tiles(head, span.level, first=span.tile, beyond=span.tile + 1)
    if span.tile in tiles:
        _, raw = tiles[span.tile]
        return span.cut([raw[place : place + HASH_BYTES] for place in range(0, len(raw), HASH_BYTES)])
    if span.level == 0:
        entries = await snapshot.read_entries(head, start=span.start, limit=span.end - span.start)
        return [entry.leaf for entry in entries]
    below = await snapshot.read_tiles(head, span.level - 1, first=span.start, beyond=span.end)
    return [root for _, (root, _) in sorted(below.items())]
