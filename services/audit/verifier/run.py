"""Does what is asked of the verifier, says what it found, and returns the exit code."""

import argparse
import logging
from pathlib import Path

from services.audit.domain.check import Finding
from services.audit.domain.export import BadExport, CutOff
from services.audit.domain.note import BadNote
from services.audit.verifier.dump import DumpSource
from services.audit.verifier.folder import NotWritable, verify_folder, write_folder
from services.audit.verifier.options import Misused, Options, read_options, read_text
from services.audit.verifier.proving import NotProvable, make_proof
from services.audit.verifier.report import (
    INCOMPLETE,
    INTACT,
    TAMPERED,
    USAGE,
    Progress,
    Report,
    say,
    say_line,
)
from services.audit.verifier.signed import NotSigned, check_export, check_proof
from services.audit.verifier.snapshot import Damaged, Snapshot, Source, Unreadable
from services.audit.verifier.whole import verify_snapshot


async def run(given: Options, chosen: argparse.Namespace) -> int:
    """Do what the arguments ask for on top of what is given, say what was found, and return the exit code."""
    # What a library says about a broker that is away is not a finding.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return await _do(read_options(given, chosen))
    except Misused as error:
        say_line(str(error))
        return USAGE
    except NotSigned as error:
        say_line(f"tampered: {error}")
        return TAMPERED
    except Unreadable as error:
        say_line(f"incomplete: {error}; nothing is said about the log")
        return INCOMPLETE


async def _do(options: Options) -> int:
    if options.proof is not None:
        say_line(f"proved: {_check_proof(options, options.proof)}.")
        return INTACT
    if options.export is not None:
        say_line(f"proved: {_check_export(options, options.export)}.")
        return INTACT
    if options.tiles is not None:
        assert options.key is not None
        report = verify_folder(options.tiles, options.key, options.witness, options.pins)
        say(report)
        return report.exit_code
    if options.write_dump is not None:
        return await _write_dump(options, options.write_dump)
    async with source_of(options).open() as snapshot:
        if options.prove is not None:
            return await _prove(snapshot, options)
        if options.write_tiles is not None:
            return await _write_tiles(snapshot, options, options.write_tiles)
        return await _verify(snapshot, options)


def source_of(options: Options) -> Source:
    """Return what is to be read.

    Raises:
        Misused: nothing is named.
    """
    if options.dump is not None:
        return DumpSource(options.dump)
    if not options.database_url:
        raise Misused("no database is named: start the stack, or set CETS_HOME or AUDIT_DATABASE_URL")
    from services.audit.verifier.database import DatabaseSource  # noqa: PLC0415 - a dump needs no client for a database

    return DatabaseSource(options.database_url)


async def _verify(snapshot: Snapshot, options: Options) -> int:
    report = await verify_snapshot(snapshot, options)
    sentences = [await _compare_with_end(report, options)]
    if options.is_against_kafka:
        sentences.append(await _compare_with_kafka(snapshot, report, options))
    say(report, *sentences)
    return report.exit_code


async def _compare_with_end(report: Report, options: Options) -> str:
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
        name = type(error).__name__
        return f"Kafka did not say where its topics end ({name}), so how far the log is behind is unknown."
    behind = 0
    for place, end in ends.items():
        head = heads.get(place)
        behind += max(0, end - (0 if head is None else head.next_offset))
        if head is not None and end < head.next_offset and not options.is_against_kafka:
            reason = (
                f"Kafka ends before offset {end}, the log before {head.next_offset}: records are gone, or were added"
            )
            report.findings.append(Finding(head.place, None, reason, is_tampered=False))
    return f"Kafka has {behind:,} record{'' if behind == 1 else 's'} more than the log had when it was read."


async def _compare_with_kafka(snapshot: Snapshot, report: Report, options: Options) -> str:
    """Return a sentence on how much of the log lies on Kafka too, and add a finding for each that does not agree."""
    from services.audit.verifier import kafka  # noqa: PLC0415 - as above

    same_count = gone_count = 0
    progress = Progress(sum(head.size for head in report.heads), "compared with Kafka")
    try:
        async for compared in kafka.compare(
            snapshot,
            report.heads,
            options.kafka_bootstrap,
            prefix=options.kafka_topic_prefix,
            advance=progress.advance,
        ):
            same_count += compared.same_count
            gone_count += compared.gone_count
            report.findings += [each for each in [compared.finding] if each]
    except kafka.AWAY as error:
        reason = f"it could not be read to the end ({type(error).__name__})"
        report.findings.append(Finding("Kafka", None, reason, is_tampered=False))
    except Damaged as error:
        report.findings.append(Finding("the log", None, str(error)))
    return (
        f"Of the entries {same_count:,} are, byte for byte, the records on Kafka, which no longer has {gone_count:,}."
    )


async def _write_dump(options: Options, folder: Path) -> int:
    """A dump is made from a database alone."""
    from services.audit.verifier.database import DatabaseSource  # noqa: PLC0415 - as above

    source = source_of(options)
    if not isinstance(source, DatabaseSource):
        raise Misused("--write-dump reads a database, not a dump")
    async with source.open() as snapshot:
        _make(folder)
        try:
            await snapshot.write_dump(folder)
        except OSError as error:
            raise Misused(f"{folder} cannot be written ({type(error).__name__})") from error
    say_line(f"written: all tables of the log, to be verified with --dump {folder}.")
    return INTACT


async def _write_tiles(snapshot: Snapshot, options: Options, folder: Path) -> int:
    assert options.key is not None
    _make(folder)
    try:
        report = await write_folder(snapshot, folder, options.key)
    except NotWritable as error:
        say_line(f"{'tampered' if error.is_tampered else 'incomplete'}: {error}; what was written is not to be used")
        return TAMPERED if error.is_tampered else INCOMPLETE
    except Damaged as error:
        say_line(f"tampered: {error}; what was written is not to be used")
        return TAMPERED
    except OSError as error:
        raise Misused(f"{folder} cannot be written ({type(error).__name__})") from error
    say_line(
        f"written: {report.entry_count:,} entries of {report.log_count} partitions, without their bodies, to be "
        f"verified with --tiles {folder}."
    )
    return INTACT


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Misused(f"{folder} cannot be made ({type(error).__name__})") from error


async def _prove(snapshot: Snapshot, options: Options) -> int:
    assert options.key is not None
    assert options.prove is not None
    event_id, file = options.prove
    try:
        text, sentence = await make_proof(snapshot, event_id, options.key, options.witness)
    except NotProvable as error:
        say_line(f"incomplete: {error}")
        return INCOMPLETE
    except (BadNote, Damaged) as error:
        say_line(f"tampered: event {event_id} cannot be proved from what is stored ({error}); verify all of it")
        return TAMPERED
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misused(f"{file} cannot be written ({type(error).__name__})") from error
    say_line(f"proved: {sentence}.")
    return INTACT


def _check_proof(options: Options, file: Path) -> str:
    assert options.key is not None
    try:
        return check_proof(read_text(str(file)), options.key, options.witness)
    except BadNote as error:
        raise NotSigned(f"{file} proves nothing: {error}") from error


def _check_export(options: Options, file: Path) -> str:
    assert options.key is not None
    try:
        with file.open(encoding="utf-8", newline="\n") as lines:
            return check_export(lines, options.key, options.witness)
    except CutOff as error:
        raise Unreadable(f"{file} was cut off: {error}") from error
    except (BadNote, BadExport) as error:
        raise NotSigned(f"{file} proves nothing: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{file} cannot be read ({type(error).__name__})") from error
