"""A stream of bytes cut into lines or CSV records as it arrives, never holding more than one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

COMMA, QUOTE = b',"'


@dataclass(frozen=True, slots=True)
class Line:
    """One line or record, without its line end. `raw` is None when it was longer than allowed and is not kept."""

    number: int
    """From 1; an empty line counts, too."""
    raw: bytes | None


class Splitter:
    """Cuts at line feeds; a carriage return before one belongs to the line end.

    With `is_quoted`, a line feed within a quoted cell belongs to the record, and numbers count records. As RFC 4180 has
    it, only a quote that begins a cell opens one; one inside a plain cell is a character like any other. A quoted cell
    that is never closed makes all that follows one record.
    """

    def __init__(self, *, bytes_max: int, is_quoted: bool = False) -> None:
        self._bytes_max = bytes_max
        self._is_quoted = is_quoted
        self._number = 0
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self._is_open = False
        self._was_closing = False
        self._previous = COMMA

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
        if self._is_quoted and piece:
            self._follow_quotes(piece)
        self._size_bytes += len(piece)
        # One byte more, which may be the carriage return.
        if self._size_bytes <= self._bytes_max + 1:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def _follow_quotes(self, piece: bytes) -> None:
        at = piece.find(QUOTE)
        while at >= 0:
            before = piece[at - 1] if at else self._previous
            if self._is_open:
                self._is_open, self._was_closing = False, True
            else:
                # Behind a quote that closed, another one says that both were one quote within the cell.
                self._is_open = before == COMMA or (before == QUOTE and self._was_closing)
                self._was_closing = False
            at = piece.find(QUOTE, at + 1)
        self._previous = piece[-1]

    def _line(self) -> Line:
        self._number += 1
        raw = b"".join(self._pieces).removesuffix(b"\r")
        is_kept = self._size_bytes <= self._bytes_max + 1 and len(raw) <= self._bytes_max
        self._pieces, self._size_bytes, self._is_open = [], 0, False
        self._previous, self._was_closing = COMMA, False
        return Line(self._number, raw if is_kept else None)
