"""What is asked of the verifier, what it found, and the exit code.

Everything is read in one snapshot, so entries that are added meanwhile do not matter. What stands only in the database
cannot prove that all of it was not replaced together: that takes a checkpoint kept elsewhere.
"""

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.audit.domain.check import Finding, StoredHead
from services.audit.domain.note import BadNote, VerifyingKey, read_vkey
from services.audit.verifier import database
from services.audit.verifier.database import Connection
from services.audit.verifier.logs import WHOLE_LOG_TIMEOUT_S, Damaged, outrun, readable, reason_of
from services.audit.verifier.parts import (
    CLOSE_TIMEOUT_S,
    UNREACHABLE,
    Part,
    PartFailed,
    read_part,
    read_side_by_side,
)
from services.audit.verifier.signed import NotSigned, Pin, Signed, check_proof, read_pins

INTACT, TAMPERED, INCOMPLETE, USAGE = 0, 1, 2, 3

PROGRESS_PERIOD_S = 5.0
PROCESSES, SPLIT_MIN = 2, 100_000
"""From so many entries on the logs are read by so many processes."""
VECTORS_AT_ONCE = 200
FINDINGS_SHOWN_MAX = 100
FINDINGS_KEPT_MAX = 10_000


class Misused(Exception):
    """What is asked cannot be done as it was asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked. `key` is the log's and `witness` the witness's public key; without them no signature is read."""

    database_url: str = ""
    key: VerifyingKey | None = None
    witness: VerifyingKey | None = None
    pins: Sequence[Pin] = ()
    since: Sequence[Pin] = ()
    proof: Path | None = None
    kafka_bootstrap: str = ""
    kafka_topic_prefix: str = ""
    is_read: Callable[[str], bool] = lambda topic: False
    """Whether the log is made from a topic."""


@dataclass
class Report:
    """What was read and found."""

    heads: list[StoredHead] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    signatures: str = ""

    @property
    def exit_code(self) -> int:
        """Tampering outweighs gaps."""
        if any(finding.is_tampered for finding in self.findings):
            return TAMPERED
        return INCOMPLETE if self.findings else INTACT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be asked for, wherever the database is named."""
    parser.add_argument("--key", metavar="VKEY", help="the log's public key; else signatures by it are not looked at")
    parser.add_argument("--witness", metavar="VKEY", help="the witness's public key, likewise")
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="a checkpoint kept elsewhere: signed notes, or an answer of GET /v1/checkpoint; may be given again",
    )
    parser.add_argument("--since", metavar="FILE", help="a checkpoint kept elsewhere; what it covers is not read again")
    parser.add_argument("--proof", metavar="FILE", help="look at this proof of an entry alone; no database is needed")


async def run(given: Options, chosen: argparse.Namespace) -> int:
    """Do what the arguments ask for on top of what is given, say what was found, and return the exit code."""
    # What a library says about a broker that is away is not a finding.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        options = _read(given, chosen)
        if options.proof is not None:
            _say(f"proved: {_check_proof(options, options.proof)}.")
            return INTACT
        if not options.database_url:
            raise Misused("no database is named: start the stack, or set CETS_HOME or AUDIT_DATABASE_URL")
    except Misused as error:
        _say(str(error))
        return USAGE
    except NotSigned as error:
        _say(f"tampered: {error}")
        return TAMPERED
    try:
        report = await verify(options)
    except (*UNREACHABLE, PartFailed, ValueError, TypeError) as error:
        why = str(error) if isinstance(error, PartFailed) else reason_of(error)
        _say(f"incomplete: the database could not be read to the end ({why}); nothing is said about the log")
        return INCOMPLETE
    lag = await _compare_with_kafka(report, options)
    _say(_verdict(report))
    for finding in report.findings[:FINDINGS_SHOWN_MAX]:
        _say(f"  {finding}")
    if len(report.findings) > FINDINGS_SHOWN_MAX:
        _say(f"  and {len(report.findings) - FINDINGS_SHOWN_MAX} findings more")
    for sentence in filter(None, (report.signatures, lag)):
        _say(sentence)
    return report.exit_code


async def verify(options: Options) -> Report:
    """Return what is wrong with the log, of each partition the first thing.

    Raises:
        asyncpg.PostgresError, OSError, …: the database cannot be reached, or went away meanwhile.
    """
    report = Report()
    connection = await database.connect(options.database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await _verify_all(connection, options, report)
    finally:
        await connection.close(timeout=CLOSE_TIMEOUT_S)
    return report


async def _verify_all(snapshot: Connection, options: Options, report: Report) -> None:
    try:
        async with readable(snapshot):
            report.heads = await database.list_stored_heads(snapshot)
            headless = await database.list_headless_fences(snapshot)
            has_checkpoints = await database.has_checkpoints(snapshot)
        for place, next_offset in headless:
            reason = f"everything below offset {next_offset} was read, but there is no log"
            report.findings.append(Finding(place, None, reason, is_tampered=False))
        if has_checkpoints:
            await _verify_signed(snapshot, options, report)
        progress = _Progress(sum(head.size for head in report.heads))
        pins = _by_log((*options.pins, *options.since))
        since = {log: max(kept, key=lambda pin: pin.size) for log, kept in _by_log(options.since).items()}
        whole = Part(report.heads, pins, since, has_checkpoints)
        if progress.total < SPLIT_MIN:
            reads = [await read_part(snapshot, whole, progress.advance)]
        else:
            id_ = await database.export_snapshot(snapshot)
            parts = whole.split(PROCESSES)
            reads = await read_side_by_side(options.database_url, id_, parts, progress.advance)
        for read in reads:
            report.kinds += read.kinds
            report.findings += read.findings
        known = {(head.topic, head.partition) for head in report.heads}
        for pin in (*options.pins, *options.since):
            if (pin.topic, pin.partition) not in known:
                report.findings.append(outrun(f"{pin.topic}[{pin.partition}]", pin.size, pin.by, has=0))
        async with readable(snapshot):
            orphan = await database.find_orphan(snapshot, report.heads, timeout_s=WHOLE_LOG_TIMEOUT_S)
            lost_count = await database.count_lost(snapshot, report.heads) if has_checkpoints else 0
    except Damaged as error:
        report.findings.append(Finding("the log", None, str(error)))
        return
    if orphan is not None:
        report.findings.append(Finding(f"head {orphan[0]}", orphan[1], "it belongs to a log that has no head"))
    if lost_count:
        report.findings.append(Finding("the log", None, "it has tiles of no log, or cosignatures of no checkpoint"))


async def _verify_signed(snapshot: Connection, options: Options, report: Report) -> None:
    """Read every checkpoint: signatures, and whether each says the same as what is kept beside it."""
    signed = Signed({head.id: head for head in report.heads}, options.key, options.witness)
    async for page in database.read_vectors(snapshot, at_once=VECTORS_AT_ONCE):
        for id_, note, logs in page:
            if len(report.findings) < FINDINGS_KEPT_MAX:
                report.findings += signed.check(id_, note, logs)
    missing = await database.find_missing(snapshot)
    if missing is not None:
        reason = "it is missing, though what was signed of single logs with it is there"
        report.findings.append(Finding(f"checkpoint {missing}", None, reason))
    report.signatures = f"It has {signed.checkpoint_count:,} checkpoint{'' if signed.checkpoint_count == 1 else 's'}"
    if options.key:
        report.signatures += f", signed by {options.key.name}"
    else:
        report.signatures += "; whose signatures they bear was not looked at, since no key was given"
    if options.witness:
        report.signatures += f", and {signed.cosigned_count:,} lines by {options.witness.name}"
    kept = len(options.pins) + len(options.since)
    report.signatures += f". {kept} roots kept elsewhere were compared." if kept else ". None kept elsewhere was given."


def _by_log(pins: Sequence[Pin]) -> Mapping[tuple[str, int], Sequence[Pin]]:
    found: dict[tuple[str, int], list[Pin]] = {}
    for pin in pins:
        found.setdefault((pin.topic, pin.partition), []).append(pin)
    return found


async def _compare_with_kafka(report: Report, options: Options) -> str:
    """Return a sentence on how far the log is behind Kafka, and add a finding where it is ahead."""
    if not options.kafka_bootstrap:
        return ""
    from services.audit.verifier import kafka  # noqa: PLC0415 - whoever names no broker needs no client for one

    heads = {(head.topic, head.partition): head for head in report.heads}
    try:
        ends = await kafka.read_ends(
            options.kafka_bootstrap, prefix=options.kafka_topic_prefix, is_read=options.is_read
        )
    except kafka.AWAY as error:
        return f"Kafka did not say where its topics end ({reason_of(error)}), so how far the log is behind is unknown."
    behind = 0
    for place, end in ends.items():
        head = heads.get(place)
        behind += max(0, end - (0 if head is None else head.next_offset))
        if head is not None and end < head.next_offset:
            reason = (
                f"Kafka ends before offset {end}, the log before {head.next_offset}: records are gone, or were added"
            )
            report.findings.append(Finding(head.place, None, reason, is_tampered=False))
    return f"Kafka has {behind:,} record{'' if behind == 1 else 's'} more than the log had when it was read."


def _read(given: Options, chosen: argparse.Namespace) -> Options:
    """Return the options with what the arguments name, read from its files."""
    asked = vars(chosen)
    key = _read_key(asked.get("key"), "--key") or given.key
    witness = _read_key(asked.get("witness"), "--witness") or given.witness
    files = asked.get("checkpoint") or []
    since, proof = asked.get("since"), asked.get("proof")
    if (files or since or proof) and key is None:
        raise Misused("what was kept elsewhere is worth nothing without the public key of who signed it: give --key")
    return replace(
        given,
        key=key,
        witness=witness,
        pins=[pin for file in files for pin in _read_pins(file, key, witness)],
        since=_read_pins(since, key, witness) if since else (),
        proof=Path(proof) if proof else None,
    )


def _read_key(text: str | None, name: str) -> VerifyingKey | None:
    if not text:
        return None
    try:
        return read_vkey(text)
    except BadNote as error:
        raise Misused(f"{name}: {error}") from error


def _read_pins(file: str, key: VerifyingKey | None, witness: VerifyingKey | None) -> list[Pin]:
    assert key is not None
    try:
        return read_pins(_text_of(file), file, key, witness)
    except NotSigned as error:
        raise NotSigned(f"{file}: {error}") from error
    except BadNote as error:
        raise Misused(f"{file}: {error}") from error


def _check_proof(options: Options, file: Path) -> str:
    assert options.key is not None
    try:
        return check_proof(_text_of(str(file)), options.key, options.witness)
    except BadNote as error:
        raise NotSigned(f"{file} proves nothing: {error}") from error


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{file} cannot be read ({type(error).__name__})") from error


class _Progress:
    """Says on standard error how far we are, every five seconds."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._done = 0
        self._said_at = time.monotonic()

    def advance(self, entries: int) -> None:
        self._done += entries
        if time.monotonic() - self._said_at > PROGRESS_PERIOD_S:
            self._said_at = time.monotonic()
            print(f"{self._done:,} of {self.total:,} entries read", file=sys.stderr, flush=True)  # noqa: T201


def _verdict(report: Report) -> str:
    count = f"{report.kinds.total():,} entries of {len(report.heads)} partitions"
    match report.exit_code:
        case 0:
            kinds = ", ".join(f"{report.kinds[kind]:,} {kind}" for kind in ("event", "duplicate", "opaque"))
            return f"intact: {count} ({kinds}) hash to what was kept of them, in order and without a hole."
        case 1:
            places = sum(finding.is_tampered for finding in report.findings)
            return f"tampered: what is stored is not what was written, in {places} places; {count} were read."
        case _:
            return f"incomplete: {count} hash to what was kept of them, but not everything is there."


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201
