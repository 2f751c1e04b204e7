"""Statistics, as JSON or as a table of the same rows."""

import csv
import io
from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.query.domain.statistics import By, Figure
from services.query.handlers.statistics import read_period, show_statistics
from services.query.http.desk import desk_of
from shared.http import Call, answer
from shared.http.types import Day

COLUMNS = ("agency", "bucket", "figure", "value", "suppressed")


class FigureShown(BaseModel):
    """One figure of one bucket. `agency` is null for tips, leads and referrals, and `all` for all agencies together.

    `value` is null where nothing was measured, and where it is suppressed: another agency's number is too small.
    """

    agency: str | None
    bucket: str
    figure: str
    value: int | None
    suppressed: bool


class StatisticsShown(BaseModel):
    """The figures of whole days of UTC, the first and the last included."""

    model_config = ConfigDict(serialize_by_alias=True)

    agency: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    by: By
    items: list[FigureShown]


async def get_statistics(
    request: Request,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    by: By = "day",
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Show the figures of the caller's agency; to ICE also those of all agencies, the tips and what came of them."""
    call: Call = request.state.call
    agency = call.principal.agency
    period = read_period(desk_of(call), agency, by, first, last)
    async with call.transaction() as transaction:
        figures = await show_statistics(transaction, call.principal, by, period)
        await call.record_view(transaction, "statistics", [f"{by} {period.first}/{period.last}"])
    if form == "csv":
        return Response(_table(figures), media_type="text/csv; charset=utf-8")
    items = [FigureShown.model_validate(figure, from_attributes=True) for figure in figures]
    return answer(StatisticsShown(agency=agency, first=period.first, last=period.last, by=by, items=items))


def _table(figures: list[Figure]) -> str:
    """Return the rows of the JSON answer; null is empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for figure in figures:
        # The writer leaves out what is None.
        row = (figure.agency, figure.bucket, figure.figure, figure.value, str(figure.suppressed).lower())
        writer.writerow(row)
    return text.getvalue()
