"""What is asked of the verifier, what it found, and the exit code.

Everything is read in one snapshot, so entries that are added meanwhile do not matter. What stands only in the database
cannot prove that all of it was not replaced together: that takes a checkpoint kept elsewhere.
"""

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from services.audit.domain.check import Finding, StoredHead
from services.audit.domain.note import BadNote, VerifyingKey, read_vkey
from services.audit.verifier.database import Damaged, Snapshot, Source, Unreadable, Vectors, reason_of
from services.audit.verifier.logs import outrun
from services.audit.verifier.parts import Part, read_part, read_side_by_side
from services.audit.verifier.proving import NotProvable, make_proof
from services.audit.verifier.signed import NotSigned, Pin, Signed, check_proof, find_contradictions, read_pins

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
    prove: tuple[UUID, Path] | None = None
    """An event to be proved, and where the proof is written."""
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
    parser.add_argument("--prove", metavar="EVENT_ID", help="make the proof of an event instead, and write it to --out")
    parser.add_argument("--out", metavar="FILE", help="where --prove writes")


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
        return await _prove(options) if options.prove else await _report(options)
    except Misused as error:
        _say(str(error))
        return USAGE
    except NotSigned as error:
        _say(f"tampered: {error}")
        return TAMPERED
    except Unreadable as error:
        _say(f"incomplete: the database could not be read to the end ({error}); nothing is said about the log")
        return INCOMPLETE


async def _report(options: Options) -> int:
    report = await verify(options)
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
        Unreadable: the database cannot be reached, or went away meanwhile.
    """
    report = Report()
    async with Source(options.database_url).open() as snapshot:
        await _verify_all(snapshot, options, report)
    return report


async def _verify_all(snapshot: Snapshot, options: Options, report: Report) -> None:
    try:
        async with snapshot.readable():
            report.heads = await snapshot.list_stored_heads()
            headless = await snapshot.list_headless_fences()
            has_checkpoints = await snapshot.has_checkpoints()
        for place, next_offset in headless:
            reason = f"everything below offset {next_offset} was read, but there is no log"
            report.findings.append(Finding(place, None, reason, is_tampered=False))
        report.signatures = "It has no checkpoints, being of a release that signed nothing"
        if has_checkpoints:
            await _verify_signed(snapshot, options, report)
        kept = len(options.pins) + len(options.since)
        report.signatures += (
            f". {kept} roots kept elsewhere were compared." if kept else ". None kept elsewhere was given."
        )
        report.findings += find_contradictions((*options.pins, *options.since))
        progress = _Progress(sum(head.size for head in report.heads))
        pins = _by_log((*options.pins, *options.since))
        # The oldest of all, since what lies below the place to begin at is compared with nothing.
        since = {log: min(pins[log], key=lambda pin: pin.size) for log in _by_log(options.since)}
        whole = Part(report.heads, pins, since, has_checkpoints)
        if progress.total < SPLIT_MIN:
            reads = [await read_part(snapshot, whole, progress.advance)]
        else:
            reads = await read_side_by_side(await snapshot.share(), whole.split(PROCESSES), progress.advance)
        for read in reads:
            report.kinds += read.kinds
            report.findings += read.findings
        known = {(head.topic, head.partition) for head in report.heads}
        for pin in (*options.pins, *options.since):
            if (pin.topic, pin.partition) not in known:
                report.findings.append(outrun(f"{pin.topic}[{pin.partition}]", pin.size, pin.by, has=0))
        async with snapshot.readable():
            orphan = await snapshot.find_orphan(report.heads)
            lost_count = await snapshot.count_lost(report.heads) if has_checkpoints else 0
    except Damaged as error:
        report.findings.append(Finding("the log", None, str(error)))
        return
    if orphan is not None:
        report.findings.append(Finding(f"head {orphan[0]}", orphan[1], "it belongs to a log that has no head"))
    if lost_count:
        report.findings.append(Finding("the log", None, "it has tiles of no log, or cosignatures of no checkpoint"))


async def _verify_signed(snapshot: Snapshot, options: Options, report: Report) -> None:
    """Read every checkpoint: signatures, and whether each says the same as what is kept beside it."""
    signed = Signed({head.id: head for head in report.heads}, options.key, options.witness)
    last, missing = 0, None
    try:
        pages = snapshot.read_vectors(at_once=VECTORS_AT_ONCE)
        while page := await _next_page(snapshot, pages):
            for id_, note, logs in page:
                last = id_
                if len(report.findings) < FINDINGS_KEPT_MAX:
                    report.findings += signed.check(id_, note, logs)
        async with snapshot.readable():
            missing = await snapshot.find_missing()
    except Damaged as error:
        report.findings.append(Finding(f"what follows checkpoint {last}", None, str(error)))
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


async def _next_page(snapshot: Snapshot, pages: AsyncIterator[Vectors]) -> Vectors | None:
    async with snapshot.readable():
        return await anext(pages, None)


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


async def _prove(options: Options) -> int:
    assert options.key is not None
    assert options.prove is not None
    event_id, file = options.prove
    async with Source(options.database_url).open() as snapshot:
        try:
            text, sentence = await make_proof(snapshot, event_id, options.key, options.witness)
        except NotProvable as error:
            _say(f"incomplete: {error}")
            return INCOMPLETE
        except (BadNote, Damaged) as error:
            _say(f"tampered: event {event_id} cannot be proved from what is stored ({error}); verify all of it")
            return TAMPERED
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misused(f"{file} cannot be written ({type(error).__name__})") from error
    _say(f"proved: {sentence}.")
    return INTACT


def _read(given: Options, chosen: argparse.Namespace) -> Options:
    """Return the options with what the arguments name, read from its files."""
    asked = vars(chosen)
    key = _read_key(asked.get("key"), "--key") or given.key
    witness = _read_key(asked.get("witness"), "--witness") or given.witness
    files = asked.get("checkpoint") or []
    since, proof, prove = asked.get("since"), asked.get("proof"), asked.get("prove")
    if (files or since or proof or prove) and key is None:
        raise Misused("what was kept elsewhere is worth nothing without the public key of who signed it: give --key")
    return replace(
        given,
        key=key,
        witness=witness,
        pins=[pin for file in files for pin in _read_pins(file, key, witness)],
        since=_read_pins(since, key, witness) if since else (),
        proof=Path(proof) if proof else None,
        prove=_read_event(prove, asked.get("out")) if prove else None,
    )


def _read_event(text: str, out: str | None) -> tuple[UUID, Path]:
    if not out:
        raise Misused("--prove needs --out, the file to write")
    try:
        return UUID(text), Path(out)
    except ValueError as error:
        raise Misused("--prove: this is not the id of an event") from error


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
    # Topics, actors and types come from whoever sent them: none of them makes a line of its own.
    print("".join(each if each.isprintable() else "?" for each in sentence), flush=True)  # noqa: T201
