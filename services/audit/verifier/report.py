"""What was found, the exit code, and how it is said."""

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from services.audit.domain.check import Finding, StoredHead

INTACT, TAMPERED, INCOMPLETE, USAGE = 0, 1, 2, 3
PROGRESS_PERIOD_S = 5.0
FINDINGS_SHOWN_MAX = 100


@dataclass
class Report:
    """What was read and found."""

    heads: list[StoredHead] = field(default_factory=list)
    log_count: int = 0
    entry_count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """How many entries are of each kind, where that was read."""
    findings: list[Finding] = field(default_factory=list)
    signatures: str = ""

    @property
    def exit_code(self) -> int:
        """Tampering outweighs gaps."""
        if any(finding.is_tampered for finding in self.findings):
            return TAMPERED
        return INCOMPLETE if self.findings else INTACT


class Progress:
    """Says on standard error how far we are, every five seconds."""

    def __init__(self, total: int, done: str = "read") -> None:
        self.total = total
        self._what = done
        self._done = 0
        self._said_at = time.monotonic()

    def advance(self, entries: int) -> None:
        """Count entries."""
        self._done += entries
        if time.monotonic() - self._said_at > PROGRESS_PERIOD_S:
            self._said_at = time.monotonic()
            print(f"{self._done:,} of {self.total:,} entries {self._what}", file=sys.stderr, flush=True)  # noqa: T201


def say(report: Report, *more: str) -> None:
    """Say what was found, and some sentences more."""
    say_line(_verdict(report))
    for finding in report.findings[:FINDINGS_SHOWN_MAX]:
        say_line(f"  {finding}")
    if len(report.findings) > FINDINGS_SHOWN_MAX:
        say_line(f"  and {len(report.findings) - FINDINGS_SHOWN_MAX} findings more")
    for sentence in filter(None, (report.signatures, *more)):
        say_line(sentence)


def say_line(sentence: str) -> None:
    """Say a sentence in one line: topics, actors and types come from whoever sent them, and make none of their own."""
    try:
        print("".join(each if each.isprintable() else "?" for each in sentence), flush=True)  # noqa: T201
    except BrokenPipeError:
        # Whoever read it has gone, as `head` does: the exit code still says what was found.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _verdict(report: Report) -> str:
    count = f"{report.entry_count:,} entries of {report.log_count} partitions"
    match report.exit_code:
        case 0:
            kinds = ", ".join(f"{report.kinds[kind]:,} {kind}" for kind in ("event", "duplicate", "opaque"))
            are = f"{count} ({kinds})" if report.kinds or not report.entry_count else count
            return f"intact: {are} hash to what was kept of them, in order and without a hole."
        case 1:
            places = sum(finding.is_tampered for finding in report.findings)
            return f"tampered: what is stored is not what was written, in {places} places; {count} were read."
        case _:
            return f"incomplete: {count} hash to what was kept of them, but not everything is there."
