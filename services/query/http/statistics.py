"""Statistics, as JSON and as a table."""

import csv
import io
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel

from services.query.domain.statistics import By
from services.query.handlers.statistics import tell_statistics
from shared.http import Call, answer

DAYS_DEFAULT = 30
COLUMNS = ("bucket", "agency", "figure", "value", "suppressed")


class FigureShown(BaseModel):
    """One figure. `value` is null where it is `suppressed`: another agency's, and small."""

    bucket: str
    """The first day of a time (UTC), else what the figure is by."""
    agency: str
    figure: str
    value: float | None
    suppressed: bool


class Statistics(BaseModel):
    """The figures of the days from `from` to `to`, both in it."""

    start: date
    end: date
    by: By
    agency: str
    """Whose they are: the caller's."""
    items: list[FigureShown]


async def get_statistics(
    request: Request,
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    by: By = "day",
    format: Literal["json", "csv"] = "json",
) -> Response:
    """Tell the statistics of the caller's agency: the last 30 days when no time is named."""
    call: Call = request.state.call
    end = end or call.edge.clock.now().date()
    start = start or end - timedelta(days=DAYS_DEFAULT - 1)
    async with call.transaction() as transaction:
        figures = await tell_statistics(transaction, call.principal, start, end, by)
        await call.record_view(transaction, "statistics", [f"{start}/{end}/{by}"])
    if format == "csv":
        lines = io.StringIO()
        table = csv.writer(lines, lineterminator="\r\n")
        table.writerow(COLUMNS)
        table.writerows([getattr(figure, column) for column in COLUMNS] for figure in figures)
        return Response(lines.getvalue(), media_type="text/csv")
    items = [FigureShown(**asdict(figure)) for figure in figures]
    return answer(Statistics(start=start, end=end, by=by, agency=call.principal.agency, items=items))
