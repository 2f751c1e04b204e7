"""The part of audit's worker that makes the periodic audit's reports, and says when one is late."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date

import structlog
from aiokafka.errors import KafkaError

from services.audit.domain.report import Verification, Verifications
from services.audit.handlers.followed import KafkaEnd
from services.audit.handlers.reports import find_months, make_report
from services.audit.settings import AuditSettings
from shared.kafka.reach import Offsets
from shared.periodic import Periodic
from shared.service import Tools

REPORT_PERIOD_S = 60.0
VERIFY_TIMEOUT_S = 6 * 3_600.0
DERIVE_TIMEOUT_S = 3 * 3_600.0
"""Enough for some ten million entries. One that is not finished by then is reported so."""
TOLD_EVERY_S = 3_600.0
"""What is late is told again so often."""
SAID_LINES_MAX = 50
WAITS_MAX_S = 900.0
"""Within so long the log is read and followed up to where Kafka ended when a report was due, or somebody is told."""

log = structlog.get_logger()


class Reporting(Periodic):
    """Makes a report for each month that is over. Of several workers one is at it at a time."""

    def __init__(self, tools: Tools[AuditSettings], on_commit: Callable[[], None]) -> None:
        super().__init__(period_s=REPORT_PERIOD_S, stands_apart=True)
        self._tools = tools
        self._on_commit = on_commit
        self._told_at = -TOLD_EVERY_S
        self._end = KafkaEnd(tools.settings, tools.pool)
        self._ends: Offsets | None = None
        """Where Kafka ended when a report became due."""
        self._waits_since: float | None = None
        """Since when (monotonic seconds) the log is waited for."""
        self._waits_told_at = -TOLD_EVERY_S

    async def work(self) -> None:
        """Say which months are late, and make what is due."""
        async with self._tools.pool.acquire() as connection:
            due, late = await find_months(connection, self._tools.clock.now())
        self._tell_late(late)
        if due and not await self.has_all(due):
            return
        verified = await self.verify() if due else None
        for month in due:
            if verified is None or self.is_draining:
                return
            async with self._tools.pool.acquire() as connection, connection.transaction():
                report = await make_report(connection, month, verified, self._tools.outbox, self._tools.clock)
            if report is not None:
                self._on_commit()
                log.info("report_made", month=month.isoformat(), report_id=str(report.report_id))

    async def has_all(self, due: Sequence[date]) -> bool:
        """Return whether all that Kafka held when a report was first due is in the log and followed.

        A month is reported once: a worker that was away past its end, or others that still read, must come first.
        """
        now = time.monotonic()
        try:
            self._ends = self._ends or await self._end.read()
            reason = await self._end.find_lack(self._ends)
        except KafkaError as error:
            reason = type(error).__name__
        if reason is None:
            self._ends = self._waits_since = None
            self._tools.metrics.waiting_age_seconds.labels("report").set(0)
            return True
        self._waits_since = self._waits_since or now
        waits_s = now - self._waits_since
        self._tools.metrics.waiting_age_seconds.labels("report").set(waits_s)
        if waits_s >= WAITS_MAX_S and now - self._waits_told_at >= TOLD_EVERY_S:
            self._waits_told_at = now
            log.error(
                "report_waits", months=[month.isoformat() for month in due], reason=reason, waits_s=round(waits_s)
            )
        return False

    def _tell_late(self, late: Sequence[date]) -> None:
        """Raise the alarm about months whose report lacks a signature, or is not there at all."""
        self._tools.metrics.late_reports.set(len(late))
        if late and time.monotonic() - self._told_at >= TOLD_EVERY_S:
            self._told_at = time.monotonic()
            log.error("report_unsigned", months=[month.isoformat() for month in late])

    async def verify(self) -> Verifications | None:
        """Run the verifier over the whole log, then over what follows it; None when we are told to end meanwhile."""
        log_itself = await self._run(timeout_s=VERIFY_TIMEOUT_S)
        derived = None if self.is_draining else await self._run("--derived", timeout_s=DERIVE_TIMEOUT_S)
        return None if log_itself is None or derived is None else Verifications(log_itself, derived)

    async def _run(self, *options: str, timeout_s: float) -> Verification | None:
        """Run the verifier as a process of its own; None when we are told to end meanwhile.

        Whatever becomes of it is said in words, and keeps no report from being made.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.audit", "verify", *options, stdout=asyncio.subprocess.PIPE
        )
        reading = asyncio.create_task(process.communicate())
        draining = asyncio.create_task(self.rest(timeout_s))
        await asyncio.wait((reading, draining), return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        is_late = not reading.done()
        if is_late:
            process.kill()
        said, _ = await reading
        if self.is_draining:
            return None
        lines, code = said.decode(errors="replace").splitlines()[:SAID_LINES_MAX], process.returncode
        if is_late:
            code, lines = None, [f"not finished: it was stopped after {timeout_s / 3_600:g} hours", *lines]
        elif not lines:
            # What it raised is in the worker's own log; the status of that means something else to who reads a report.
            code, lines = None, [f"it ended without saying anything (exit status {code}): the worker's log has why"]
        return Verification(self._tools.clock.now(), code, lines)
