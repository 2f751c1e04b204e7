"""A route and its guard: who calls, may they, are they within their rate; then the work; and what is put on record."""

import hashlib
import re
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
import structlog
from fastapi import Request, Response
from pydantic import BaseModel

from shared.clock import Clock
from shared.db.pool import Connection, Pool
from shared.errors import Conflict, FieldError, Forbidden, Rejected, TooManyRequests, Unauthenticated
from shared.events.activity import (
    AnswerRepeatedV1,
    AuthRefusedV1,
    CallerPersonal,
    RecordViewedV1,
    RequestRefusedV1,
    SessionOpenedV1,
)
from shared.events.envelope import Actor, Context, Event, Payload
from shared.http.problem import Problem
from shared.kafka.bell import Bell
from shared.kafka.outbox import Outbox, OutboxGate
from shared.metrics import Metrics
from shared.security import Principal

SESSIONS_KEPT = 10_000
BUCKETS_KEPT = 10_000
IDEMPOTENCY_KEY_CHARS_MAX = 200
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
VIEWED_IDS_MAX = 5_000
"""Ids in one `record.viewed`; they take some 200 of the 256 KiB that an event may have."""
EVERYTHING = "all"
"""Stands for the ids where a whole table is shown."""

log = structlog.get_logger()

INSERT_ONCE = "INSERT INTO once (key) VALUES ($1) ON CONFLICT ON CONSTRAINT once_pkey DO NOTHING RETURNING key"
CLAIM_IDEMPOTENCY = """
INSERT INTO idempotency (principal, key, request_hash, status, body, request_id) VALUES ($1, $2, $3, 0, '', $4)
ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE
    SET request_hash = excluded.request_hash, status = 0, body = '', created_at = now(),
        request_id = excluded.request_id
    WHERE idempotency.created_at < now() - interval '24 hours'
RETURNING key"""
SELECT_IDEMPOTENCY = "SELECT request_hash, status, body, request_id FROM idempotency WHERE principal = $1 AND key = $2"
KEEP_ANSWER = "UPDATE idempotency SET status = $3, body = $4 WHERE principal = $1 AND key = $2"


@dataclass(frozen=True, slots=True)
class Rate:
    """A caller's token bucket: `per_s` requests a second, and `burst` at once."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a service's HTTP table. A caller needs any one of `needs`; none named means any valid token."""

    method: str
    path: str
    endpoint: Callable[..., Awaitable[Response]]
    needs: tuple[str, ...]
    answers: dict[int, type[BaseModel] | None]
    """Each good status and the model of its body."""
    records: tuple[type[Payload], ...]
    """What a good answer puts on record: one of these at least, and nothing else but what `follows`."""
    follows: tuple[type[Payload], ...] = ()
    """What may come of it in the same transaction, such as the new state of a lead."""
    takes: type[BaseModel] | None = None
    """The model of the JSON body."""
    rate: Rate | None = None
    openapi: dict[str, Any] = field(default_factory=dict)
    """Further OpenAPI fields, such as a body that is not JSON."""


VIEW = (RecordViewedV1,)
"""What a route puts on record that shows what there is, and changes nothing."""


def refused_by(status: int) -> type[Payload]:
    """Return what an answer of this status from 400 on puts on record, whichever route it is of.

    A caller who is not known is told of once a minute and address; of one who is known each refusal is an event, with
    the outcome `denied` below 500 and `failed` from there on.
    """
    return AuthRefusedV1 if status == 401 else RequestRefusedV1


class Edge:
    """What every route of a process shares. Built once the event loop runs."""

    def __init__(
        self,
        *,
        service: str,
        pool: Pool,
        outbox: Outbox,
        bell: Bell,
        gate: OutboxGate,
        clock: Clock,
        verify: Callable[[str], Principal],
        metrics: Metrics,
        parts: Any,
    ) -> None:
        self.service = service
        self.pool = pool
        self.outbox = outbox
        self.gate = gate
        self._bell = bell
        self.clock = clock
        self.metrics = metrics
        self.parts = parts
        """What the service's own routes need: its store, its settings."""
        self._verify = verify
        self._sessions: OrderedDict[str, None] = OrderedDict()
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    async def admit(self, request: Request, route: Route) -> Principal:
        """Return the caller, after token, capability and rate were looked at, before the body is read.

        Raises:
            Unauthenticated, Forbidden, TooManyRequests: as the words say.
        """
        principal = self.authenticate(request)
        if route.needs and not any(principal.can(capability) for capability in route.needs):
            raise Forbidden(f"this needs the capability {' or '.join(route.needs)}", capability=route.needs[0])
        if route.rate is not None:
            self._spend(principal, route, route.rate)
        await self._note_session(principal)
        return principal

    def authenticate(self, request: Request) -> Principal:
        """Return the caller named by the bearer token, or raise `Unauthenticated`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("missing")
        principal = self._verify(token.strip())
        request.state.principal = principal
        return principal

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open a transaction; once it is committed, its events are on their way.

        Raises:
            Unavailable: the outbox is full.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Take a connection; what a statement on it stores is committed with it, and its events are on their way.

        Whatever is shown or changed goes through here, since nothing may be that cannot be put on record.

        Raises:
            Unavailable: the outbox is full.
        """
        async with self.pool.acquire() as connection:
            # Before a transaction begins: its first statement may be one that says how it sees the database.
            await self.gate.check(connection)
            yield connection
        self._bell.ring()

    async def record_refusal(self, request: Request, problem: Problem, error: Exception) -> None:
        """Put a refusal on record: of a known caller each one, of an unknown one the first a minute and address."""
        self.metrics.refused.labels(problem.name).inc()
        principal: Principal | None = getattr(request.state, "principal", None)
        address = request.client.host if request.client is not None else None
        async with self.transaction() as connection:
            if refused_by(problem.status) is AuthRefusedV1:
                assert isinstance(error, Unauthenticated)
                await self._record_unknown(connection, request, error, address)
                return
            assert principal is not None
            await self._note_session_in(connection, principal)
            payload = RequestRefusedV1(
                route=route_name(request),
                status=problem.status,
                problem=problem.name,
                capability=problem.capability,
                outcome="failed" if problem.status >= 500 else "denied",
                record_ids=_ids_in_path(request),
                personal=CallerPersonal(fields=[".".join(map(str, e.loc))[:200] for e in problem.errors[:20]]),
            )
            await self.publish_activity(
                connection, payload, correlation_id=request.state.request_id, actor=actor_of(principal)
            )

    async def publish_activity(
        self, connection: Connection, *payloads: Payload, correlation_id: UUID, actor: Actor | None
    ) -> None:
        """Store activity events whose subject is this very request."""
        events = [
            Event(
                topic=f"{self.service}.activity",
                event_id=self.clock.new_id(),
                occurred_at=self.clock.now(),
                service=self.service,
                context=Context(actor, correlation_id),
                subject_id=payload.session if isinstance(payload, SessionOpenedV1) else str(correlation_id),
                subject_version=1,
                payload=payload,
            )
            for payload in payloads
        ]
        await self.outbox.publish(connection, events)

    async def _record_unknown(
        self, connection: Connection, request: Request, error: Unauthenticated, address: str | None
    ) -> None:
        minute = self.clock.now().strftime("%Y-%m-%dT%H:%M")
        if await connection.fetchval(INSERT_ONCE, f"auth.refused:{address}:{minute}") is None:
            return
        payload = AuthRefusedV1(
            reason=error.reason, route=route_name(request), personal=CallerPersonal(address=address)
        )
        await self.publish_activity(connection, payload, correlation_id=request.state.request_id, actor=None)

    async def _note_session(self, principal: Principal) -> None:
        if principal.session in self._sessions:
            return
        async with self.transaction() as connection:
            await self._note_session_in(connection, principal)
        self._sessions[principal.session] = None
        if len(self._sessions) > SESSIONS_KEPT:
            self._sessions.popitem(last=False)

    async def _note_session_in(self, connection: Connection, principal: Principal) -> None:
        """Record a session's first use here: the login, as far as this service can know of it."""
        if principal.session in self._sessions:
            return
        if await connection.fetchval(INSERT_ONCE, f"session:{principal.session}") is None:
            return
        payload = SessionOpenedV1(session=principal.session, issued_at=principal.issued_at)
        await self.publish_activity(connection, payload, correlation_id=self.clock.new_id(), actor=actor_of(principal))

    def _spend(self, principal: Principal, route: Route, rate: Rate) -> None:
        now = time.monotonic()
        left, seen_at = self._buckets.pop((principal.id, route.path), (float(rate.burst), now))
        left = min(rate.burst, left + (now - seen_at) * rate.per_s)
        self._buckets[principal.id, route.path] = (max(left - 1, 0) if left >= 1 else left, now)
        if len(self._buckets) > BUCKETS_KEPT:
            self._buckets.popitem(last=False)
        if left < 1:
            raise TooManyRequests(
                f"at most {rate.per_s:g} a second", retry_after_s=max(1, round((1 - left) / rate.per_s))
            )


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted request, as its endpoint sees it."""

    request: Request
    principal: Principal
    edge: Edge

    @property
    def request_id(self) -> UUID:
        """The id in the answer's header and problem document; the correlation id of all that follows."""
        request_id: UUID = self.request.state.request_id
        return request_id

    @property
    def context(self) -> Context:
        """What events of this request inherit."""
        return Context(actor_of(self.principal), self.request_id)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open the request's one transaction; it is committed before the answer leaves."""
        async with self.edge.transaction() as connection:
            yield connection

    def idempotency_key(self) -> str | None:
        """Return the caller's Idempotency-Key, if there is one; raises `Rejected` unless it has 1 to 200 characters."""
        key = self.request.headers.get("idempotency-key")
        if key is not None and not 0 < len(key) <= IDEMPOTENCY_KEY_CHARS_MAX:
            fault = FieldError(("header", "Idempotency-Key"), f"must have 1 to {IDEMPOTENCY_KEY_CHARS_MAX} characters")
            raise Rejected("some fields are not valid", errors=[fault])
        return key

    def hash_of_request(self, body_hash: bytes) -> bytes:
        """Return what tells this request from others under the same key: SHA-256 of method, path and body's hash."""
        return hashlib.sha256(f"{self.request.method} {self.request.url.path}\n".encode() + body_hash).digest()

    async def record_view(
        self,
        transaction: Connection,
        kind: str,
        ids: Iterable[object],
        *,
        along: Mapping[str, Iterable[object]] = MappingProxyType({}),
    ) -> None:
        """Put on record, in the same transaction, which records of a kind the caller is about to be shown.

        That there are none is an answer, too, and on record as such. `along` holds what is shown within them of records
        of other kinds, by kind. It is one event, or several when there are more than 5,000 ids.
        """
        among = [(kind, ids), *along.items()]
        shown = list(dict.fromkeys((each, str(id_)) for each, some in among for id_ in some))
        parts = [shown[first : first + VIEWED_IDS_MAX] for first in range(0, len(shown), VIEWED_IDS_MAX)]
        await self.record(transaction, *(self._view(kind, part) for part in parts or [[]]))

    async def record_export(self, transaction: Connection, kind: str, *, count: int) -> None:
        """Put on record that the caller is about to be shown all `count` records of a kind."""
        route = route_name(self.request)
        payload = RecordViewedV1(route=route, kind=kind, record_ids=[EVERYTHING], record_count=count)
        await self.record(transaction, payload)

    async def record_repeat(self, transaction: Connection, status: int, request_id: UUID | None) -> None:
        """Put on record that the caller is about to get the answer of an earlier request again."""
        payload = AnswerRepeatedV1(route=route_name(self.request), status=status, first_request_id=request_id)
        await self.record(transaction, payload)

    async def record(self, transaction: Connection, *payloads: Payload) -> None:
        """Put on record what the caller did: activity events whose subject is this very request."""
        actor = actor_of(self.principal)
        await self.edge.publish_activity(transaction, *payloads, correlation_id=self.request_id, actor=actor)

    def _view(self, kind: str, shown: Sequence[tuple[str, str]]) -> RecordViewedV1:
        counts = Counter(each for each, _ in shown)
        return RecordViewedV1(
            route=route_name(self.request),
            kind=kind,
            record_ids=[id_ for _, id_ in shown],
            record_count=counts.pop(kind, 0),
            within=dict(counts),
        )


def answer(model: BaseModel | dict[str, Any], status: int = 200) -> Response:
    """Return a JSON answer."""
    raw = model.model_dump_json().encode() if isinstance(model, BaseModel) else orjson.dumps(model, default=str)
    return Response(raw, status, media_type="application/json")


async def create(
    call: Call,
    work: Callable[[Connection], Awaitable[tuple[int, BaseModel | dict[str, Any]]]],
    *,
    request_hash: bytes,
    repeat: Callable[[Connection, bytes], Awaitable[BaseModel]] | None = None,
    stores_at_once: bool = False,
) -> Response:
    """Run `work` in one transaction and answer its status and body; under an Idempotency-Key, only the first time.

    `request_hash` identifies the body (`hash_of`). A repeat with the same key and body within 24 hours gets the same
    answer; at the same time, it waits for the first to finish. It is on record as a repeat. `repeat` is given where the
    caller may since have lost the right to part of an answer: from the body of the first it makes that of the repeat,
    and puts on record what that shows. `stores_at_once` says that `work` stores all it does with one statement, which
    by itself is a transaction: without a key there is no other, and the caller waits for two round trips less.

    Raises:
        Conflict: the key was used for another request.
        Rejected: the key is longer than 200 characters.
        Unavailable: the outbox is full.
    """
    key = call.idempotency_key()
    if key is None:
        async with call.edge.connection() if stores_at_once else call.transaction() as connection:
            status, body = await work(connection)
            return answer(body, status)
    async with call.transaction() as transaction:
        whole = call.hash_of_request(request_hash)
        who = call.principal.id
        if await transaction.fetchval(CLAIM_IDEMPOTENCY, who, key, whole, call.request_id) is None:
            former = await _former_answer(call, transaction, key, whole)
            if repeat is None:
                return former
            return answer(await repeat(transaction, bytes(former.body)), former.status_code)
        status, body = await work(transaction)
        response = answer(body, status)
        await transaction.execute(KEEP_ANSWER, who, key, status, response.body)
        return response


def hash_of(body: BaseModel) -> bytes:
    """Return what tells one body from another for an Idempotency-Key: SHA-256 of its fields as read."""
    return hashlib.sha256(body.model_dump_json().encode()).digest()


async def _former_answer(call: Call, transaction: Connection, key: str, whole: bytes) -> Response:
    row = await transaction.fetchrow(SELECT_IDEMPOTENCY, call.principal.id, key)
    if row is None or row["request_hash"] != whole:
        raise Conflict("this Idempotency-Key was used for another request")
    await call.record_repeat(transaction, row["status"], row["request_id"])
    return Response(row["body"], row["status"], media_type="application/json")


def actor_of(principal: Principal) -> Actor:
    """Return the caller as events name it."""
    return Actor(
        id=principal.id,
        kind=principal.kind,
        role=principal.role,
        agency=principal.agency,
        office=principal.office,
        session=principal.session,
    )


def route_name(request: Request) -> str:
    """Return method and path template, such as `GET /v1/tips/{tip_id}`; the path itself may hold what no log should."""
    route = request.scope.get("route")
    return f"{request.method} {getattr(route, 'path', '(no route)')}"


def _ids_in_path(request: Request) -> list[str]:
    """Return the ids that a request's path names; what else stands there may be anything, and no log should hold it."""
    return [value.lower() for value in map(str, request.path_params.values()) if UUID_TEXT.fullmatch(value)]
