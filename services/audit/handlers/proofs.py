"""Make the proofs that follow from what was signed."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from services.audit.domain.proof import Root, consistency_path, inclusion_path, proof_text
from services.audit.domain.tiles import Span, root_of, span_under
from services.audit.store import checkpoints as store
from services.audit.store.checkpoints import Provable, Unwitnessed
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound

Path = Callable[[Root], list[bytes]]
"""Makes a list of hashes from the roots of perfect subtrees."""


async def prove(transaction: Connection, event_id: UUID) -> tuple[Provable, str]:
    """Return an event's entry, and the file that proves that it is in what was signed.

    Raises:
        NotFound: no entry has this event.
        Conflict: it is in no checkpoint yet.
    """
    found = await store.find_provable(transaction, event_id)
    if found is None:
        raise NotFound("entry")
    if found.size is None or found.note is None:
        raise Conflict("the entry is not in a checkpoint yet; one is made every second while the log grows")
    size, index = found.size, found.index
    (path,) = await paths_of(transaction, {found.head_id: lambda root: inclusion_path(index, size, root)})
    return found, proof_text(found.header + found.commit, index, path, found.note)


async def consistency_of(connection: Connection, logs: Sequence[Unwitnessed]) -> list[list[bytes]]:
    """Return for each log the proof that its newest checkpoint is a continuation of the one the witness has."""
    return await paths_of(connection, {each.head_id: _consistency(each.old_size, each.size) for each in logs})


def _consistency(old: int, size: int) -> Path:
    return lambda root: consistency_path(old, size, root) if old else []


async def paths_of(connection: Connection, makers: Mapping[int, Path]) -> list[list[bytes]]:
    """Return each log's path. They are made twice: first to see which subtrees it takes, then with their roots."""
    spans: dict[Span, None] = {}

    def note(head_id: int) -> Root:
        def root(first: int, end: int) -> bytes:
            spans[span_under(head_id, first, end)] = None
            return b""

        return root

    for head_id, make in makers.items():
        make(note(head_id))
    hashes = await store.load_spans(connection, spans)

    def known(head_id: int) -> Root:
        return lambda first, end: root_of(hashes[span_under(head_id, first, end)])

    return [make(known(head_id)) for head_id, make in makers.items()]
