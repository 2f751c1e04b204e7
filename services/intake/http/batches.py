"""Routes that take many tips at once, line by line as they arrive: NDJSON batches and CSV uploads.

Lines are stored in chunks, each one transaction. A batch that breaks off has whole chunks stored, and nothing else of
it; sent again, those come back as duplicates. Under an Idempotency-Key the whole body is read first: only then is it
known whether it is a repeat, and of another body nothing may be stored.
"""

import asyncio
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import orjson
from fastapi import Request, Response

from services.intake.domain.content import Submission
from services.intake.domain.lines import Line, Splitter
from services.intake.domain.table import COLUMNS, REQUIRED, column_of, read_cells, read_header, tip_of_row
from services.intake.domain.tip import Status
from services.intake.handlers.take import Given, take_tips
from services.intake.http.answers import BatchTaken, LineRefused, LineTaken
from services.intake.http.reading import TIP_BYTES_MAX, Parts, read_tip
from services.intake.http.spool import put_aside
from shared.errors import CetsError, FieldError, Forbidden, Rejected
from shared.events.activity import TipRepeatedV1, TipsRefusedV1, TipsSubmittedV1
from shared.events.intake import TipAmendedV1, TipReceivedV1
from shared.http import Call, Route, answer
from shared.http.body import read_chunks, require_media_type
from shared.http.claim import Claim, take_claim
from shared.http.problem import FieldProblem
from shared.http.route import route_name

NDJSON = "application/x-ndjson"
CSV = "text/csv"
BATCH_BYTES_MAX = 64 * 1024 * 1024
LINES_MAX = 10_000
LINE_ERRORS_MAX = 10
LINES_AT_A_STRETCH = 25
"""So many lines are read before others get their turn: one to two milliseconds."""

ReadLine = Callable[[bytes], Submission]


async def post_batch(request: Request) -> Response:
    call: Call = request.state.call
    batch = _Batch(call, await _reader(call, NDJSON))
    return await batch.take(Splitter(bytes_max=TIP_BYTES_MAX))


async def post_upload(request: Request) -> Response:
    call: Call = request.state.call
    table = _Table(await _reader(call, CSV))
    batch = _Batch(call, table.read_row, read_first=table.read_header)
    return await batch.take(Splitter(bytes_max=TIP_BYTES_MAX, is_quoted=True))


async def _reader(call: Call, media_type: str) -> ReadLine:
    """Return what reads one tip of this caller, once the body is known to be declared as `media_type`."""
    require_media_type(call.request, media_type)
    parts: Parts = call.edge.parts
    kinds = await parts.sources.kinds(call.edge.pool)
    return lambda raw: read_tip(raw, call.principal, kinds)


class _Table:
    """Reads the rows of one file, once its header is known."""

    def __init__(self, read: ReadLine) -> None:
        self._read = read
        self._columns: Sequence[str] = ()

    def read_header(self, raw: bytes | None) -> None:
        self._columns = read_header(raw)

    def read_row(self, raw: bytes) -> Submission:
        tip = tip_of_row(self._columns, read_cells(raw))
        try:
            return self._read(orjson.dumps(tip))
        except Rejected as error:
            errors = [FieldError(column_of(e.loc, tip), e.msg) for e in error.errors]
            raise Rejected(error.detail, errors=errors, problem=error.problem) from error


class _Batch:
    """One request of many lines."""

    def __init__(self, call: Call, read: ReadLine, *, read_first: Callable[[bytes | None], None] | None = None) -> None:
        self._call = call
        self._parts: Parts = call.edge.parts
        self._read = read
        self._read_first = read_first
        self._chunk: list[tuple[int, Submission]] = []
        self._items: list[LineTaken] = []
        self._rejected: list[LineRefused] = []
        self._problems: Counter[str] = Counter()
        self._lines = 0
        self._claim: Claim | None = None

    async def take(self, splitter: Splitter) -> Response:
        """Take all lines of the body; answer what became of each.

        Raises:
            Rejected: the first line is not a header, or the body is too large or broke off before any line was taken.
            InProgress, Conflict: the Idempotency-Key is in use, or was used for another body.
        """
        key = self._call.idempotency_key()
        body = read_chunks(self._call.request, bytes_max=BATCH_BYTES_MAX)
        if key is None:
            return await self._take_body(splitter, body)
        async with put_aside(body) as spool:
            claim = await take_claim(self._call, key, body_hash=spool.digest)
            if isinstance(claim, Response):
                return claim
            self._claim = claim
            async with claim.held():
                return await self._take_body(splitter, spool.chunks())

    async def _take_body(self, splitter: Splitter, body: AsyncIterator[bytes]) -> Response:
        try:
            async for data in body:
                await self._take_lines(splitter.feed(data))
            await self._take_lines(splitter.end())
        except Rejected as error:
            # Lines before the limit are stored by now, and the answer must name them; nothing behind it is read.
            if error.problem != "too_large" or not (self._items or self._chunk):
                raise
            self._refuse_rest(error)
        if self._read_first is not None:
            self._read_first(None)
        await self._store()
        return await self._finish()

    async def _take_lines(self, lines: Iterator[Line]) -> None:
        for line in lines:
            if line.number > LINES_MAX:
                raise Rejected(f"at most {LINES_MAX} lines are taken at once", problem="too_large")
            if self._read_first is not None:
                self._read_first(line.raw)
                self._read_first = None
            else:
                self._take_line(line)
            if len(self._chunk) >= self._parts.chunk_lines:
                await self._store()
            elif line.number % LINES_AT_A_STRETCH == 0:
                await asyncio.sleep(0)

    def _refuse_rest(self, error: Rejected) -> None:
        number = max((number for number, _ in self._chunk), default=0)
        number = max([number, *(item.line for item in self._items[-1:]), *(r.line for r in self._rejected[-1:])]) + 1
        self._problems[error.problem] += 1
        reason = FieldProblem(loc=[], msg=f"{error.detail}: this line and all behind it were not taken")
        self._rejected.append(LineRefused(line=number, errors=[reason]))

    def _take_line(self, line: Line) -> None:
        raw = line.raw
        if raw is not None and line.number == 1:
            raw = raw.removeprefix(BOM_UTF8)
        if raw is not None and not raw.strip():
            return
        self._lines += 1
        try:
            if raw is None:
                raise Rejected(f"a line may have at most {TIP_BYTES_MAX} bytes", problem="too_large")
            self._chunk.append((line.number, self._read(raw)))
        except (Rejected, Forbidden) as error:
            self._problems[error.problem if isinstance(error, Rejected) else "forbidden"] += 1
            self._rejected.append(LineRefused(line=line.number, errors=_errors_of(error)))

    async def _store(self) -> None:
        """Store the lines in hand, in one transaction."""
        chunk, self._chunk = self._chunk, []
        if not chunk:
            return
        call, edge = self._call, self._call.edge
        async with call.transaction() as transaction:
            if self._claim is not None:
                await self._claim.renew(transaction)
            submissions = [submission for _, submission in chunk]
            given = [Given(submission, call.context) for submission in submissions]
            taken = await take_tips(transaction, given, clock=edge.clock, outbox=edge.outbox)
        self._items += [
            LineTaken(line=number, tip_id=done.tip_id, version=done.version, status=done.status)
            for (number, _), done in zip(chunk, taken, strict=True)
        ]

    async def _finish(self) -> Response:
        """Put the whole of it on record, and the refused lines as one event; return the answer."""
        counts = Counter(item.status for item in self._items)
        taken = BatchTaken(
            accepted=counts[Status.ACCEPTED],
            amended=counts[Status.AMENDED],
            duplicate=counts[Status.DUPLICATE],
            items=self._items,
            rejected=self._rejected,
        )
        response = answer(taken)
        async with self._call.transaction() as transaction:
            await self._call.record(transaction, self._submitted(taken), *self._refused())
            if self._claim is not None:
                await self._claim.keep(transaction, response)
        return response

    def _submitted(self, taken: BatchTaken) -> TipsSubmittedV1:
        return TipsSubmittedV1(
            route=route_name(self._call.request),
            lines_total=self._lines,
            accepted=taken.accepted,
            amended=taken.amended,
            duplicate=taken.duplicate,
            refused=len(taken.rejected),
        )

    def _refused(self) -> list[TipsRefusedV1]:
        if not self._rejected:
            return []
        refused = TipsRefusedV1(
            route=route_name(self._call.request),
            lines_refused=len(self._rejected),
            lines_total=self._lines,
            problems=dict(self._problems),
        )
        return [refused]


def _errors_of(error: CetsError) -> list[FieldProblem]:
    errors = error.errors if isinstance(error, Rejected) else ()
    named = [FieldProblem(loc=list(e.loc), msg=e.msg) for e in errors[:LINE_ERRORS_MAX]]
    return named or [FieldProblem(loc=[], msg=error.detail)]


def _body(media_type: str, description: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "string", "description": description}}}
    return {"requestBody": {"required": True, "content": content}}


LINES_FOLLOW = (TipReceivedV1, TipAmendedV1, TipRepeatedV1, TipsRefusedV1)
"""An event for each line that was taken, and one for all that were refused."""
ROUTES = (
    Route(
        "POST",
        "/v1/tips/batch",
        post_batch,
        needs=("tip.submit", "tip.enter"),
        answers={200: BatchTaken},
        records=(TipsSubmittedV1,),
        follows=LINES_FOLLOW,
        openapi=_body(NDJSON, f"One tip (TipForm) a line, at most {LINES_MAX} lines and 64 MiB, 192 KiB a line."),
    ),
    Route(
        "POST",
        "/v1/uploads",
        post_upload,
        needs=("tip.submit", "tip.enter"),
        answers={200: BatchTaken},
        records=(TipsSubmittedV1,),
        follows=LINES_FOLLOW,
        openapi=_body(
            CSV,
            f"UTF-8, comma-separated (RFC 4180), at most {LINES_MAX} records and 64 MiB. The first record names the "
            f"columns, in any order: {', '.join(COLUMNS)}. Required: {', '.join(REQUIRED)}. Empty cells are absent; "
            "related_refs are joined by a semicolon. `line` counts records, the header being 1.",
        ),
    ),
)
