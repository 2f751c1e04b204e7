"""Files that PostgreSQL's COPY ... TO (FORMAT binary) writes: rows of fields, each its length and its bytes."""

import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO
from uuid import UUID

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""With no flags, and no more of a beginning."""
CHUNK_BYTES = 1 << 18
FIELD_BYTES_MAX = 1 << 24
"""An entry has a little over 256 KiB, a checkpoint a line for each log."""
TIME_BEGINS = datetime(2000, 1, 1, tzinfo=UTC)
END = -1

_COUNT, _LENGTH = struct.Struct(">h"), struct.Struct(">i")

Row = list[bytes | None]
Reader = Callable[[bytes], Any]


class BadCopy(ValueError):
    """The file is not what COPY writes; the message says where."""


class _Short(Exception):
    """The row goes on behind the bytes at hand."""


def read_rows(file: BinaryIO, columns: int, *, start: int = 0) -> Iterator[tuple[int, Row]]:
    """Yield the rows from a position on, each with its own; from 0 on the file's beginning is looked at too.

    Raises:
        BadCopy: the file ends before it says so, goes on behind that, or a row cannot be one.
    """
    file.seek(start)
    if start == 0:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise BadCopy("it does not begin as COPY ... (FORMAT binary) does")
        start = len(SIGNATURE)
    chunk, at = b"", 0
    while True:
        try:
            row, end = _row(chunk, at, columns)
        except _Short:
            more = file.read(CHUNK_BYTES)
            if not more:
                raise BadCopy(f"it ends within the row at byte {start + at}") from None
            start, chunk, at = start + at, chunk[at:] + more, 0
            continue
        except BadCopy as error:
            raise BadCopy(f"{error} at byte {start + at}") from None
        if row is None:
            if end != len(chunk) or file.read(1):
                raise BadCopy(f"it goes on behind its end at byte {start + at}")
            return
        yield start + at, row
        at = end


def read_fields(row: Row, readers: Sequence[Reader], *, required: Sequence[bool]) -> list[Any]:
    """Return the values of a row.

    Raises:
        ValueError: one is not of its type, or is missing.
    """
    values = []
    for raw, read, is_required in zip(row, readers, required, strict=True):
        if raw is None and is_required:
            raise ValueError("a value is missing")
        values.append(None if raw is None else read(raw))
    return values


def integer(raw: bytes) -> int:
    """Return a smallint, integer or bigint."""
    if len(raw) not in (2, 4, 8):
        raise ValueError("no integer")
    return int.from_bytes(raw, "big", signed=True)


def text(raw: bytes) -> str:
    """Return a text."""
    return raw.decode()


def octets(raw: bytes) -> bytes:
    """Return a bytea."""
    return raw


def uuid(raw: bytes) -> UUID:
    """Return a uuid."""
    return UUID(bytes=raw)


def moment(raw: bytes) -> datetime:
    """Return a timestamptz."""
    if len(raw) != 8:
        raise ValueError("no moment")
    return TIME_BEGINS + timedelta(microseconds=int.from_bytes(raw, "big", signed=True))


def _row(chunk: bytes, at: int, columns: int) -> tuple[Row | None, int]:
    """Return the row at a place and where it ends; None for the end of all rows."""
    size = len(chunk)
    if at + 2 > size:
        raise _Short
    (count,) = _COUNT.unpack_from(chunk, at)
    at += 2
    if count == END:
        return None, at
    if count != columns:
        raise BadCopy(f"{count} fields instead of {columns}")
    row: Row = []
    for _ in range(columns):
        if at + 4 > size:
            raise _Short
        (length,) = _LENGTH.unpack_from(chunk, at)
        at += 4
        if length == -1:
            row.append(None)
            continue
        if not 0 <= length <= FIELD_BYTES_MAX:
            raise BadCopy(f"a field of {length} bytes")
        if at + length > size:
            raise _Short
        row.append(chunk[at : at + length])
        at += length
    return row, at
