"""Names of headers that are not UTF-8: Kafka takes any bytes, and aiokafka stops for good at them. Here it reads on."""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

MAGIC_MIN = 2
"""Batches before this version have no headers."""


def read_any_name() -> None:
    """Let every consumer of this process read names that are not UTF-8.

    Such bytes come as Python's `surrogateescape` has them, so that `name.encode(errors="surrogateescape")` gives them
    back. It may be called again.
    """
    # aiokafka has no place to say so; its version is pinned, and a test holds it.
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka has no types
    """What one fetch brought of a partition."""

    def next_batch(self) -> Any:
        raw = self._next_slice
        batch = super().next_batch()
        return batch if batch is None or batch.magic < MAGIC_MIN else _Batch(batch, raw)


class _Batch:
    """A batch that is read as ever, and where that fails because of a name, once more with more patience."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        """The marker of a transaction, which has no headers."""
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            records = list(self._batch)
        except UnicodeDecodeError:
            patient = _DefaultRecordBatchPy(self._raw)
            patient._maybe_uncompress()
            patient._buffer = _Lenient(patient._buffer)
            records = list(patient)
        return iter(records)


class _Lenient(bytearray):
    """Bytes whose parts decode whatever they are."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _Lenient(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)
