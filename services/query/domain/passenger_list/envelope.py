"""What a list travels in: interchanges (UNB to UNZ), groups (UNG to UNE) and messages (UNH to UNT).

What closes one of them says how much is in it, and repeats the reference that opened it. Where either is wrong,
something was lost or put in, and a traveller who is lost is not looked for: so the list is refused. Interchange, groups
and references may be left out.
"""

from dataclasses import dataclass, field

from services.query.domain.passenger_list.edifact import Segment, refused


@dataclass(frozen=True, slots=True)
class _Level:
    """A thing that opens and closes. `reference` is the element of what opens it that names it."""

    noun: str
    opens: str
    closes: str
    reference: int


_INTERCHANGE = _Level("interchange", "UNB", "UNZ", 4)
_GROUP = _Level("group", "UNG", "UNE", 4)
_MESSAGE = _Level("message", "UNH", "UNT", 0)
_LEVELS = (_INTERCHANGE, _GROUP, _MESSAGE)
_OPENING = {level.opens: level for level in _LEVELS}
_CLOSING = {level.closes: level for level in _LEVELS}


@dataclass(slots=True)
class _Open:
    """What is opened and not yet closed, by its first segment, and how much was in it by now."""

    level: _Level
    segment: Segment
    groups: int = 0
    messages: int = 0


@dataclass(slots=True)
class Envelope:
    """What is open, from the outermost in."""

    _opened: list[_Open] = field(default_factory=list)

    @property
    def is_in_message(self) -> bool:
        """Whether a message is open."""
        return bool(self._opened) and self._opened[-1].level is _MESSAGE

    def read(self, segment: Segment) -> None:
        """Open or close what the segment opens or closes; others say nothing of the envelope.

        Raises:
            Rejected: it may not stand here, or does not count or name what it closes as that is.
        """
        if segment.tag in _OPENING:
            self._open(_OPENING[segment.tag], segment)
        elif segment.tag in _CLOSING:
            self._close(_CLOSING[segment.tag], segment)

    def check_ended(self, last: int) -> None:
        """Raise `Rejected` when something is still open behind the segment of that number, the last."""
        if self._opened:
            inner = self._opened[-1]
            raise refused(last, f"comes last, and the {_name(inner)} is not ended by {inner.level.closes}")

    def _open(self, level: _Level, segment: Segment) -> None:
        if self._opened and _LEVELS.index(self._opened[-1].level) >= _LEVELS.index(level):
            inner = self._opened[-1]
            raise refused(segment.number, f"begins before the {_name(inner)} is ended by {inner.level.closes}")
        for outer in self._opened:
            outer.groups += level is _GROUP
            outer.messages += level is _MESSAGE
        self._opened.append(_Open(level, segment))

    def _close(self, level: _Level, segment: Segment) -> None:
        if not any(each.level is level for each in self._opened):
            raise refused(segment.number, f"ends what was not begun: no {level.opens} came before it")
        inner = self._opened.pop()
        if inner.level is not level:
            raise refused(segment.number, f"ends the {level.noun} within the {_name(inner)}")
        count, counted = _content(inner, segment)
        if not segment.qualifier.isdecimal() or int(segment.qualifier[:9]) != count:
            raise refused(segment.number, f"counts other {counted} than the {count} of its {level.noun}")
        opened, closed = _bare(inner.segment.component(level.reference)), _bare(segment.component(1))
        if opened and closed and opened != closed:
            raise refused(segment.number, f"ends another {level.noun}, by its reference, than the {_name(inner)}")


def _name(opened: _Open) -> str:
    return f"{opened.level.noun} of segment {opened.segment.number}"


def _content(opened: _Open, closing: Segment) -> tuple[int, str]:
    """Return how much is in what is closed, and of what: an interchange counts its messages where it has no groups."""
    if opened.level is _MESSAGE:
        return closing.number - opened.segment.number + 1, "segments"
    return (opened.groups, "groups") if opened.groups else (opened.messages, "messages")


def _bare(reference: str) -> str:
    """Return a reference without what senders write now so, now otherwise: letter case, and zeros before a number."""
    return reference.upper().lstrip("0")
