"""The parts of audit's worker that have the logs signed: by our key while they grow, and by a witness."""

import time
from collections.abc import Collection, Mapping
from datetime import timedelta

import aiohttp
import structlog

from services.audit.domain.note import VerifyingKey
from services.audit.domain.reread import Unsound
from services.audit.domain.signer import Signer
from services.audit.domain.witnessing import Ahead, Refused, read_answer, request_of
from services.audit.handlers.checkpoints import sign_grown
from services.audit.handlers.proofs import consistency_of
from services.audit.store import checkpoints as store
from services.audit.store.checkpoints import Unwitnessed
from shared.clock import Clock
from shared.db.pool import Pool
from shared.metrics import Metrics
from shared.periodic import Periodic

SIGN_PERIOD_S = 0.5
WITNESS_PERIOD_S = 0.5
WITNESS_TIMEOUT_S = 5.0
AWAY_AFTER = timedelta(seconds=30)
"""An operator is told of a witness that has not answered for so long."""
TOLD_EVERY_S = 30.0
"""What is wrong is told again so often, and a log that is not sound looked at again."""
ANSWER_BYTES_MAX = 16 * 1024

log = structlog.get_logger()


class Checkpointer(Periodic):
    """Signs what the logs have become. Of several workers one is at it at a time."""

    def __init__(self, pool: Pool, signer: Signer, clock: Clock, metrics: Metrics) -> None:
        super().__init__(period_s=SIGN_PERIOD_S, stands_apart=True)
        self._pool = pool
        self._signer = signer
        self._clock = clock
        self._metrics = metrics
        self._unsound: dict[str, float] = {}
        """Logs that were not sound, and when they are looked at again."""

    async def work(self) -> None:
        """Sign until everything is signed for."""
        while not self.is_draining and await self.sign():
            pass

    async def sign(self) -> bool:
        """Make one checkpoint if a log has grown; return whether more waits to be signed for.

        What is signed was read on another connection than the one that signs, after it was committed.
        """
        async with self._pool.acquire() as reader, self._pool.acquire() as connection, connection.transaction():
            now = time.monotonic()
            skipped = {place for place, again_at in self._unsound.items() if again_at > now}
            step = await sign_grown(reader, connection, self._signer, self._clock, skipped=skipped)
        self._tell(step.unsound, skipped, now)
        return step.has_more

    def _tell(self, unsound: Mapping[str, Unsound], skipped: Collection[str], now: float) -> None:
        self._unsound = {place: self._unsound[place] for place in skipped}
        for place, error in unsound.items():
            self._unsound[place] = now + TOLD_EVERY_S
            log.error("log_unsound", log=place, index=error.index, reason=str(error))
        self._metrics.unsound_logs.set(len(self._unsound))


class Witnessing(Periodic):
    """Has a witness sign each log's newest checkpoint (C2SP tlog-witness). While it is away, the log goes on."""

    def __init__(self, pool: Pool, url: str, key: VerifyingKey, clock: Clock, metrics: Metrics) -> None:
        super().__init__(period_s=WITNESS_PERIOD_S, stands_apart=True)
        self._pool = pool
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._key = key
        self._clock = clock
        self._metrics = metrics
        self._told_at = -TOLD_EVERY_S

    async def work(self) -> None:
        """Ask for every checkpoint that waits."""
        async with self._pool.acquire() as connection:
            waiting = await store.list_unwitnessed(connection, self._key.name)
            proofs = await consistency_of(connection, waiting)
        self._measure(waiting)
        if not waiting:
            return
        lines: dict[tuple[int, int], str] = {}
        timeout = aiohttp.ClientTimeout(total=WITNESS_TIMEOUT_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                for each, proof in zip(waiting, proofs, strict=True):
                    if self.is_draining:
                        break
                    if line := await self._ask(session, each, proof):
                        lines[each.head_id, each.size] = line
        except (aiohttp.ClientError, TimeoutError) as error:
            self._tell_away(waiting[0], type(error).__name__)
        finally:
            if lines:
                async with self._pool.acquire() as connection, connection.transaction():
                    await store.add_cosignatures(connection, self._key.name, lines)

    async def _ask(self, session: aiohttp.ClientSession, each: Unwitnessed, proof: list[bytes]) -> str | None:
        """Return the witness's line; None, and an alarm, when it refuses."""
        try:
            try:
                return await self._post(session, each, each.old_size, proof)
            except Ahead as ahead:
                # It has signed more than we know of: its answer was lost.
                if ahead.size > each.size:
                    raise Refused(f"it has signed {ahead.size} entries of a log that has {each.size}") from None
                async with self._pool.acquire() as connection:
                    older = Unwitnessed(each.head_id, each.size, each.note, each.waits_since, ahead.size)
                    (proof,) = await consistency_of(connection, [older])
                return await self._post(session, each, ahead.size, proof)
        except (Ahead, Refused) as error:
            if time.monotonic() - self._told_at >= TOLD_EVERY_S:
                self._told_at = time.monotonic()
                log.error("witness_refuses", note=each.note.partition("\n")[0], size=each.size, reason=str(error))
            return None

    async def _post(self, session: aiohttp.ClientSession, each: Unwitnessed, old: int, proof: list[bytes]) -> str:
        async with session.post(self._url, data=request_of(old, proof, each.note)) as response:
            text = (await response.content.read(ANSWER_BYTES_MAX)).decode(errors="replace")
            return read_answer(response.status, response.content_type, text, note=each.note, key=self._key)

    def _measure(self, waiting: list[Unwitnessed]) -> None:
        age_s = (self._clock.now() - waiting[0].waits_since).total_seconds() if waiting else 0.0
        self._metrics.waiting_rows.labels("witness").set(len(waiting))
        self._metrics.waiting_age_seconds.labels("witness").set(age_s)

    def _tell_away(self, oldest: Unwitnessed, error: str) -> None:
        age = self._clock.now() - oldest.waits_since
        if age >= AWAY_AFTER and time.monotonic() - self._told_at >= TOLD_EVERY_S:
            self._told_at = time.monotonic()
            log.error("witness_away", waiting_s=round(age.total_seconds()), error=error)
