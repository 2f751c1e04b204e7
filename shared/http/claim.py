"""An Idempotency-Key of a request that takes more than one transaction: claimed first, then worked on, then answered.

A claim lasts for half a minute, and is renewed in each transaction that stores something. Should the process die, the
same request may be sent again after that time. Should it only have been thought dead, it finds its claim gone, and its
next transaction fails as a whole. `shared.http.create` does the same for requests of one transaction.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fastapi import Response

from shared.db.pool import TRANSIENT, Connection
from shared.errors import Conflict, InProgress
from shared.http.route import Call

CLAIM_LASTS = timedelta(seconds=30)

SELECT_ANSWER = """
SELECT request_hash, status, body, request_id, COALESCE(claimed_until > clock_timestamp(), false) AS is_held
FROM idempotency WHERE principal = $1 AND key = $2 AND created_at >= now() - interval '24 hours'"""
TAKE_CLAIM = """
INSERT INTO idempotency AS known (principal, key, request_hash, status, body, holder, claimed_until, request_id)
VALUES ($1, $2, $3, 0, '', $4, clock_timestamp() + $5, $4)
ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE
    SET request_hash = excluded.request_hash, status = 0, body = '', created_at = now(),
        holder = excluded.holder, claimed_until = excluded.claimed_until, request_id = excluded.request_id
    WHERE known.created_at < now() - interval '24 hours'
        OR (known.request_hash = excluded.request_hash AND known.claimed_until <= clock_timestamp())
RETURNING key"""
RENEW_CLAIM = """
UPDATE idempotency SET claimed_until = clock_timestamp() + $4
WHERE principal = $1 AND key = $2 AND holder = $3 RETURNING key"""
ANSWER_CLAIM = """
UPDATE idempotency SET status = $4, body = $5, holder = NULL, claimed_until = NULL
WHERE principal = $1 AND key = $2 AND holder = $3 RETURNING key"""
END_CLAIM = "UPDATE idempotency SET claimed_until = now() WHERE principal = $1 AND key = $2 AND holder = $3"
DROP_CLAIM = "DELETE FROM idempotency WHERE principal = $1 AND key = $2 AND holder = $3"


@dataclass(slots=True)
class Claim:
    """The right to work on a request and to answer it."""

    _call: Call
    _key: str
    _is_begun: bool = False

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Give the claim up should the work inside fail.

        When nothing was stored the key is free again; otherwise the same request, and no other, may come at once.
        """
        try:
            yield
        except BaseException:
            # When the database does not answer, the claim ends by itself.
            with suppress(*TRANSIENT):
                await self._call.edge.pool.execute(END_CLAIM if self._is_begun else DROP_CLAIM, *self._mine)
            raise

    async def renew(self, transaction: Connection) -> None:
        """Say, in a transaction that stores a part of the request, that there is more to come.

        Raises:
            InProgress: another has taken over.
        """
        self._is_begun = True
        if await transaction.fetchval(RENEW_CLAIM, *self._mine, CLAIM_LASTS) is None:
            raise _taken_over()

    async def keep(self, transaction: Connection, response: Response) -> None:
        """Keep the answer for repeats, in the transaction that finishes the request; raises as `renew`."""
        if await transaction.fetchval(ANSWER_CLAIM, *self._mine, response.status_code, response.body) is None:
            raise _taken_over()

    @property
    def _mine(self) -> tuple[str, str, UUID]:
        return self._call.principal.id, self._key, self._call.request_id


async def take_claim(call: Call, key: str, *, body_hash: bytes) -> Claim | Response:
    """Return the claim to a caller's key, or the answer that the same request had within 24 hours.

    Raises:
        InProgress: a request under this key is being worked on.
        Conflict: the key was used for another request.
        Unavailable: the outbox is full, and a repeat could not be put on record.
    """
    pool, who, whole = call.edge.pool, call.principal.id, call.hash_of_request(body_hash)
    row = await pool.fetchrow(SELECT_ANSWER, who, key)
    # Who is sure to be refused does not wait for the row.
    if row is not None and row["is_held"]:
        raise _in_progress()
    if row is not None and row["request_hash"] != whole:
        raise Conflict("this Idempotency-Key was used for another request")
    if row is not None and row["status"]:
        async with call.transaction() as transaction:
            await call.record_repeat(transaction, row["status"], row["request_id"])
        return Response(row["body"], row["status"], media_type="application/json")
    if await pool.fetchval(TAKE_CLAIM, who, key, whole, call.request_id, CLAIM_LASTS) is None:
        raise _in_progress()
    return Claim(call, key)


def _in_progress() -> InProgress:
    return InProgress("a request under this Idempotency-Key is being worked on")


def _taken_over() -> InProgress:
    return InProgress("a repeat of this request has taken over; ask for its answer")
