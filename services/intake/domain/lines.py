"""A stream of bytes cut into lines or CSV records as it arrives, never holding more than one of them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line or record, without its line end. `raw` is None when it was longer than allowed and is not kept."""

    number: int
    """From 1; an empty line counts, too."""
    raw: bytes | None


class Splitter:
    """Cuts at line feeds; a carriage return before one belongs to the line end.

    With `is_quoted`, a line feed within quotes belongs to the record, as RFC 4180 has it, and numbers count records. A
    quote that is never closed makes all that follows one record.
    """

    def __init__(self, *, bytes_max: int, is_quoted: bool = False) -> None:
        self._bytes_max = bytes_max
        self._is_quoted = is_quoted
        self._number = 0
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self._is_open = False

    def feed(self, data: bytes) -> Iterator[Line]:
        """Yield the lines that `data` completes."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._add(piece)
            if self._is_open:
                self._add(b"\n")
            else:
                yield self._line()
        self._add(rest)

    def end(self) -> Iterator[Line]:
        """Yield what came after the last line end, if anything did."""
        if self._size_bytes:
            yield self._line()

    def _add(self, piece: bytes) -> None:
        if self._is_quoted and piece.count(b'"') % 2:
            self._is_open = not self._is_open
        self._size_bytes += len(piece)
        # One byte more, which may be the carriage return.
        if self._size_bytes <= self._bytes_max + 1:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def _line(self) -> Line:
        self._number += 1
        raw = b"".join(self._pieces).removesuffix(b"\r")
        is_kept = self._size_bytes <= self._bytes_max + 1 and len(raw) <= self._bytes_max
        self._pieces, self._size_bytes, self._is_open = [], 0, False
        return Line(self._number, raw if is_kept else None)
