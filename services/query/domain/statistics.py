"""Statistics: what is counted, in which buckets, and which figures of another agency are too small to be shown.

Days are those of UTC, weeks those of ISO 8601. Figures that have parts are named with a point: `hits` and
`hits.confirmed`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.query.domain.grade import Grade
from services.query.domain.sight import OWNER_AGENCY

By = Literal["day", "week", "month", "source", "office", "agency", "grade", "tier"]
Kind = Literal[
    "lookups",
    "hits",
    "notes",
    "screenings",
    "handoffs",
    "follow_ups",
    "manifests",
    "passengers",
    "tips",
    "linked_tips",
    "leads",
    "referrals",
]

SMALL_MAX = 4
"""Another agency's day with so many or fewer, but at least one, is not told."""
DAYS_MAX = {"day": 400}
DAYS_MAX_ELSE = 3_660
TOTAL = "total"
NONE = "none"
ALL_AGENCIES = "all"

_OWN: tuple[Kind, ...] = (
    "lookups",
    "hits",
    "notes",
    "screenings",
    "handoffs",
    "follow_ups",
    "manifests",
    "passengers",
)
_SHARED: tuple[Kind, ...] = ("lookups", "hits", "notes", "handoffs", "manifests")
"""What ICE is told of the other agencies, without parts."""
_FACTS: tuple[Kind, ...] = ("tips", "linked_tips", "leads", "referrals")
"""What ICE is told of the tips and what came of them."""
_OVER_TIME = frozenset({"day", "week", "month"})
_OWN_BY: Mapping[By, tuple[Kind, ...]] = {
    **dict.fromkeys(("day", "week", "month", "office", "agency"), _OWN),
    "grade": ("hits",),
}
_SHARED_BY: Mapping[By, tuple[Kind, ...]] = {
    **dict.fromkeys(("day", "week", "month", "agency"), _SHARED),
    "grade": ("hits",),
}
_FACTS_BY: Mapping[By, tuple[Kind, ...]] = {
    **dict.fromkeys(("day", "week", "month"), _FACTS),
    "source": ("tips",),
    "office": ("referrals",),
    "tier": ("leads", "linked_tips"),
}
_TIERS = ("T0", "T1", "T2", "T3", "T4")
_PARTS: Mapping[Kind, tuple[str, ...]] = {
    "lookups": ("traveller_targeting", "investigation", "redress", "audit", "training"),
    "hits": tuple(map(str, Grade)),
    "notes": ("targeting", "screening", "general"),
    "screenings": ("additional", "not_additional", "with_outcome"),
    "follow_ups": ("contacted", "done"),
    "linked_tips": (*_TIERS, NONE),
    "leads": _TIERS,
    "referrals": ("queued", "sent", "acknowledged", "accepted", "closed", "recalled"),
}
"""The parts that are shown even when nothing is counted; incident types are as sources name them."""
_WITHOUT_WHOLE = frozenset({"screenings", "follow_ups"})
"""Their parts overlap, or are steps of one thing: their sum says nothing."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, the first and the last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it is long."""
        return (self.last - self.first).days + 1

    def buckets(self, by: By) -> list[str]:
        """Return the buckets of its days in their order."""
        days = (self.first + timedelta(days=number) for number in range(self.days))
        return list(dict.fromkeys(bucket_of(day, by) for day in days))


@dataclass(frozen=True, slots=True)
class Count:
    """So many of a kind on a day. `part` says which part of the figure it is, if it has parts.

    `agency` and `office` are those of whoever did it, or the office that has a referral. A source is given for tips.
    """

    kind: Kind
    day: date
    count: int
    part: str = ""
    agency: str = ""
    office: str = ""
    source: str = ""

    def bucket(self, by: By) -> str:
        """Return where it is counted."""
        match by:
            case "source":
                return self.source
            case "office":
                return self.office or NONE
            case "agency":
                return self.agency
            case "grade" | "tier":
                return self.part
        return bucket_of(self.day, by)


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """How long answers took, in milliseconds rounded up: at most so long half, 95 of a hundred, and all of them."""

    bucket: str
    p50: int
    p95: int
    max: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `agency` is whose it is, `all` for all together, None for what is nobody's.

    `value` is None where nothing was measured, or where it is suppressed.
    """

    agency: str | None
    bucket: str
    figure: str
    value: int | None
    suppressed: bool = False


def can_ask_by(agency: str, by: By) -> bool:
    """Return whether an agency has figures in such buckets: tips, leads and referrals are told to ICE alone."""
    return by in _OWN_BY or agency == OWNER_AGENCY


def bucket_of(day: date, by: By) -> str:
    """Return the bucket of a day: 2026-03-01, 2026-W09 or 2026-03."""
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    return day.isoformat()[:7] if by == "month" else day.isoformat()


def figures_of(
    counts: Sequence[Count], times: Sequence[AnswerTimes], *, agency: str, by: By, period: Period
) -> list[Figure]:
    """Return the figures an agency is told: its own, and ICE those of all and of the tips too; each with its total."""
    own = [count for count in counts if count.kind in _OWN and count.agency == agency]
    figures = list(_roll_up(own, _OWN_BY.get(by, ()), agency=agency, by=by, period=period))
    if by in _OWN_BY and by != "grade":
        figures += _times_of(times, _buckets(own, by, period, agency), agency=agency)
    if agency == OWNER_AGENCY:
        figures += _shared_figures(counts, agency=agency, by=by, period=period)
        facts = [count for count in counts if count.kind in _FACTS]
        figures += _roll_up(facts, _FACTS_BY.get(by, ()), agency=None, by=by, period=period)
    return figures


def _shared_figures(counts: Sequence[Count], *, agency: str, by: By, period: Period) -> Iterator[Figure]:
    """Yield the figures of each other agency, and of all agencies together, those that are too small suppressed.

    A cell is told only if none of its days holds a small number; of hits, none of its days and grades. So whatever is
    told is a sum of days that may be told each by itself: nothing small follows from two cells, however their buckets
    and ranges lie to each other.
    """
    kinds = _SHARED_BY.get(by, ())
    others = sorted({count.agency for count in counts if count.kind in _OWN} - {agency})
    buckets = [*_buckets([], by, period, agency), TOTAL] if by != "agency" else [TOTAL]
    for kind in kinds:
        atoms: Counter[tuple[str, date, str]] = Counter()
        for count in counts:
            if count.kind == kind:
                part = count.part if kind == "hits" else ""
                atoms[count.agency, count.day, part] += count.count
        whole: Counter[tuple[str, str]] = Counter()
        small: set[tuple[str, str]] = set()
        for (whose, day, part), number in atoms.items():
            bucket = Count(kind, day, number, part).bucket(by) if by != "agency" else TOTAL
            for name in (whose, ALL_AGENCIES):
                for place in {bucket, TOTAL}:
                    whole[name, place] += number
                    if whose != agency and 0 < number <= SMALL_MAX:
                        small.add((name, place))
        for name in (*others, ALL_AGENCIES):
            for place in buckets:
                is_small = (name, place) in small
                shown_in = name if by == "agency" and name != ALL_AGENCIES else place
                yield Figure(name, shown_in, kind, None if is_small else whole[name, place], is_small)


def _roll_up(
    counts: Sequence[Count], kinds: Iterable[Kind], *, agency: str | None, by: By, period: Period
) -> Iterator[Figure]:
    """Yield figures bucket by bucket, then their totals; zero included."""
    for kind in kinds:
        theirs = [count for count in counts if count.kind == kind]
        sums: Counter[tuple[str, str]] = Counter()
        for count in theirs:
            for bucket in {count.bucket(by), TOTAL}:
                sums[bucket, ""] += count.count
                sums[bucket, count.part] += count.count if count.part else 0
        parts = _parts(kind, theirs) if by not in ("grade", "tier") else []
        buckets = [*_buckets(theirs, by, period, agency), TOTAL]
        for bucket in buckets:
            if kind not in _WITHOUT_WHOLE:
                yield Figure(agency, bucket, kind, sums[bucket, ""])
            for part in parts:
                yield Figure(agency, bucket, f"{kind}.{part}", sums[bucket, part])


def _times_of(times: Sequence[AnswerTimes], buckets: Sequence[str], *, agency: str) -> Iterator[Figure]:
    known = {each.bucket: each for each in times}
    for bucket in (*buckets, TOTAL):
        found = known.get(TOTAL if bucket == agency else bucket)
        yield Figure(agency, bucket, "answer_ms.p50", found.p50 if found else None)
        yield Figure(agency, bucket, "answer_ms.p95", found.p95 if found else None)
        yield Figure(agency, bucket, "answer_ms.max", found.max if found else None)


def _buckets(counts: Sequence[Count], by: By, period: Period, agency: str | None) -> list[str]:
    if by in _OVER_TIME:
        return period.buckets(by)
    if by == "grade":
        return list(_PARTS["hits"])
    if by == "agency":
        return [agency] if agency else []
    known = [*_TIERS, NONE] if by == "tier" else []
    return list(dict.fromkeys([*known, *sorted({count.bucket(by) for count in counts})]))


def _parts(kind: Kind, counts: Sequence[Count]) -> list[str]:
    return list(dict.fromkeys([*_PARTS.get(kind, ()), *sorted({count.part for count in counts if count.part})]))
