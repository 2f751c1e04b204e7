"""A lead as it is published: everything others need to act on it, bounded so that its event fits into 256 KiB.

What is cut is the newest, and `tip_count` tells that there is more; the whole is at `GET /v1/leads/{lead_id}`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from typing import Any, Literal, TypeVar
from uuid import UUID

from services.linker.domain.evidence import Key
from services.linker.domain.facts import GivenIdentifier, Place, Subject, TipFacts
from services.linker.domain.priority import Factor, Tier

LeadState = Literal["open", "held", "referred", "closed"]
HoldReason = Literal["weak_bridge", "several_people", "weak_tie", "many_tips"]

TIPS_MAX, TIPS_BYTES_MAX = 1_000, 120 * 1024
SUBJECTS_MAX, SUBJECTS_BYTES_MAX = 25, 64 * 1024
PLACES_MAX, PLACES_BYTES_MAX = 50, 24 * 1024
RELATED_MAX = 100
ALIASES_MAX = 100
NAMES_MAX = 10
IDENTIFIERS_MAX = 20
TEXT_BYTES_MAX = 256

_NAMED_MAX = 5
_PLACE_ORDER = ("subject", "incident", "victim")

_Item = TypeVar("_Item", "LeadTip", GivenIdentifier, Place, Subject)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a lead is not referred by itself, and the identifier it hangs on, if one. `hold.py` decides it."""

    reason: HoldReason
    identifier: Key | None = None


@dataclass(frozen=True, slots=True)
class Priority:
    """A tier that a person set, and why; it stands until a person sets another or takes it back.

    It weighs what was known: `over` is the tier that the tips had by themselves. Where they become more urgent than
    that, the lead is as urgent as they are.
    """

    tier: Tier
    reason: str
    over: Tier

    def tier_with(self, own: Tier) -> Tier:
        """Return the tier of a lead whose tips have this one by themselves."""
        return min(self.tier, own) if own < self.over else self.tier


@dataclass(frozen=True, slots=True)
class LeadTip:
    """A member, under the name its source knows."""

    tip_id: UUID
    source: str
    source_ref: str
    is_actionable: bool


@dataclass(frozen=True, slots=True)
class LeadSnapshot:
    """The whole state of a lead at one version.

    Tips, subjects and places come oldest tip first (subjects' places before the incident's before victims'), aliases
    by age; `related` are tips of other clusters. Subjects and places are those of tips that were not found
    not actionable. An absorbed lead (`merged_into`) is closed and has nothing else of its own.
    """

    lead_id: UUID
    version: int
    cluster_id: UUID
    state: LeadState
    opened_at: datetime
    tier: Tier
    factors: tuple[Factor, ...] = ()
    priority_reason: str | None = None
    tips: tuple[LeadTip, ...] = ()
    tip_count: int = 0
    related: tuple[UUID, ...] = ()
    aliases: tuple[UUID, ...] = ()
    merged_into: UUID | None = None
    split_from: UUID | None = None
    held_by: Hold | None = None
    silent: bool = False
    evidence_expires_at: datetime | None = None
    subjects: tuple[Subject, ...] = ()
    places: tuple[Place, ...] = ()
    summary: str = ""

    @property
    def held_value(self) -> str | None:
        """The value the lead hangs on, cut to what fits an event."""
        key = self.held_by.identifier if self.held_by is not None else None
        return _cut(key.value) if key is not None else None

    def digest(self) -> bytes:
        """Return SHA-256 over everything but the version: equal digests, nothing to publish."""
        return sha256(_json(replace(self, version=0), ensure_ascii=True).encode()).digest()


def tips_of(members: Sequence[TipFacts]) -> tuple[LeadTip, ...]:
    """Return the members as they are listed: the oldest 1,000, fewer if their references are long."""
    listed = (LeadTip(tip.tip_id, tip.source, tip.source_ref, tip.is_actionable) for tip in members)
    return _within(listed, count_max=TIPS_MAX, bytes_max=TIPS_BYTES_MAX)


def subjects_of(members: Sequence[TipFacts]) -> tuple[Subject, ...]:
    """Return the subjects, the oldest 25; who is described twice in the same words is listed once."""
    described: dict[tuple[object, ...], Subject] = {}
    for subject in (subject for tip in members if tip.counts for subject in tip.subjects):
        words = (subject.names, subject.birth_date, subject.citizenship, subject.identifiers)
        described.setdefault(words, subject)
    listed = (_clipped_subject(subject) for subject in described.values())
    return _within(listed, count_max=SUBJECTS_MAX, bytes_max=SUBJECTS_BYTES_MAX)


def places_of(members: Sequence[TipFacts]) -> tuple[Place, ...]:
    """Return at most 50 places, each tip's own, so that whoever routes can tell how many tips agree."""
    places = [place for tip in members if tip.counts for place in tip.places]
    places.sort(key=lambda place: _PLACE_ORDER.index(place.role))
    return _within((_clipped(place) for place in places), count_max=PLACES_MAX, bytes_max=PLACES_BYTES_MAX)


def summary_of(members: Sequence[TipFacts], tier: Tier) -> str:
    """Return the lead in two sentences, without a name, an identifier or a narrative."""
    speaking = [tip for tip in members if tip.counts]
    if not speaking:
        return "No tip of this lead is actionable."
    count = f"{len(members)} tip{'' if len(members) == 1 else 's'}"
    sources = _listed(tip.source for tip in speaking)
    moments = [tip.reported_at for tip in speaking]
    first, last = min(moments).date().isoformat(), max(moments).date().isoformat()
    period = f"on {first}" if first == last else f"from {first} to {last}"
    platforms = _listed(tip.platform for tip in speaking if tip.platform)
    return (
        f"{count} from {sources}, reported {period}, tier {tier}. "
        f"Reported: {_listed(tip.incident_type for tip in speaking)}{' on ' + platforms if platforms else ''}."
    )


def _listed(words: Iterable[str]) -> str:
    """Return the distinct words in alphabetical order, at most five, then how many more."""
    distinct = sorted({_cut(word) for word in words})
    more = f" and {len(distinct) - _NAMED_MAX} more" if len(distinct) > _NAMED_MAX else ""
    return ", ".join(distinct[:_NAMED_MAX]) + more


def _within(items: Iterable[_Item], *, count_max: int, bytes_max: int) -> tuple[_Item, ...]:
    """Return the first items that fit both bounds, sized as JSON in UTF-8."""
    kept: list[_Item] = []
    size_bytes = 0
    for item in islice(items, count_max):
        size_bytes += _size_bytes(item) + 1
        if size_bytes > bytes_max:
            break
        kept.append(item)
    return tuple(kept)


def _clipped_subject(subject: Subject) -> Subject:
    return replace(
        _clipped(subject),
        names=tuple(_cut(name) for name in subject.names[:NAMES_MAX]),
        identifiers=tuple(_clipped(given) for given in subject.identifiers[:IDENTIFIERS_MAX]),
    )


def _clipped(item: _Item) -> _Item:
    """Return the value with its long texts cut."""
    texts: dict[str, Any] = {
        field.name: _cut(value) for field in fields(item) if isinstance(value := getattr(item, field.name), str)
    }
    return replace(item, **texts)


def _cut(text: str) -> str:
    """Return the text, or as much of its beginning as fits with an ellipsis."""
    if _size_bytes(text) <= TEXT_BYTES_MAX:
        return text
    kept, kept_bytes_max = text[:TEXT_BYTES_MAX], TEXT_BYTES_MAX - len("…".encode())
    while (size_bytes := _size_bytes(kept)) > kept_bytes_max:
        kept = kept[: len(kept) * kept_bytes_max // size_bytes]
    return kept + "…"


def _size_bytes(value: object) -> int:
    """Return the size as JSON in UTF-8, which is how it travels; escapes count as they are written."""
    return len(_json(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _json(value: object, *, ensure_ascii: bool) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=ensure_ascii, separators=(",", ":"))


def _plain(value: object) -> object:
    """Return what JSON lacks as what it has; a moment as a number, so that its time zone's name does not matter."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, UUID | date):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no place in a snapshot")
