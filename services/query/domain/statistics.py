"""What statistics tell: figures by bucket, each of one agency, small ones of other agencies kept back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

By = Literal["day", "week", "month", "source", "office", "agency", "grade", "tier"]
TIMES: tuple[By, ...] = ("day", "week", "month")

DAYS_MAX = 400
"""The longest time by day; by week, month or anything else ten times that."""
SMALL = 5
"""A figure from 1 to below this is about so few people that it may tell who they are."""

COUNTED = (
    "lookups", "lookups_with_match", "matches_confirmed", "matches_probable", "matches_name_only",
    "matches_contradicted", "notes_targeting", "notes_screening", "notes_general", "additional_screenings", "handoffs",
    "follow_ups_done", "manifests", "passengers", "alerts",
)  # fmt: skip
"""What is counted of every agency, by time; what did not happen is told as 0."""
ANSWER_TIMES = ("answer_ms_p50", "answer_ms_p95", "answer_ms_max")
"""How long answers took; not told where there was none."""
COUNTED_BY_OWNER = ("tips", "leads", "referrals", "linked_tips")
"""What is counted for ICE alone, besides."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `bucket` is the first day of a time, else the name of what it is by. `value` is None if kept back."""

    bucket: str
    agency: str
    figure: str
    value: float | None
    suppressed: bool = False


def keep_back_small(figures: Sequence[Figure], *, own: str) -> list[Figure]:
    """Return the figures, those of other agencies without counts that are small, and without times of so few answers.

    No sum over agencies is told anywhere, so that nothing kept back can be worked out.
    """
    few = {(f.bucket, f.agency) for f in figures if f.figure == "lookups" and f.value is not None and f.value < SMALL}
    return [
        replace(figure, value=None, suppressed=True)
        if figure.agency != own and _is_small(figure, is_of_few=(figure.bucket, figure.agency) in few)
        else figure
        for figure in figures
    ]


def _is_small(figure: Figure, *, is_of_few: bool) -> bool:
    if figure.figure in ANSWER_TIMES:
        return is_of_few
    return figure.value is not None and 0 < figure.value < SMALL


def buckets_of(by: By, start: date, end: date) -> list[str]:
    """Return the first day of each time from `start` to before `end`: days, weeks from Monday, or months (UTC)."""
    first, found = _first_day(by, start), list[str]()
    while first < end:
        found.append(first.isoformat())
        first = _next(by, first)
    return found


def with_zeros(figures: Sequence[Figure], names: Iterable[str], buckets: Sequence[str], agency: str) -> list[Figure]:
    """Return the figures with a 0 for each of the names in each bucket that has none, in the order of both."""
    found = {(figure.bucket, figure.figure): figure for figure in figures}
    whole = [found.pop((b, name), Figure(b, agency, name, 0)) for b in buckets for name in names]
    return whole + sorted(found.values(), key=lambda figure: (figure.bucket, figure.figure))


def _first_day(by: By, day: date) -> date:
    if by == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if by == "month" else day


def _next(by: By, first: date) -> date:
    if by == "month":
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=7 if by == "week" else 1)
