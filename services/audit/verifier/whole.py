"""The whole log, read in one snapshot: entries that are added meanwhile do not matter.

What stands only in the database cannot prove that all of it was not replaced together: that takes a checkpoint kept
elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from services.audit.domain.check import Finding, StoredHead
from services.audit.verifier.logs import outrun
from services.audit.verifier.options import Options
from services.audit.verifier.parts import Part, read_part, read_side_by_side
from services.audit.verifier.report import Progress, Report
from services.audit.verifier.signed import Pin, Signed, find_contradictions
from services.audit.verifier.snapshot import Damaged, Snapshot, Vectors

PROCESSES, SPLIT_MIN = 2, 100_000
"""From so many entries on the logs are read by so many processes."""
VECTORS_AT_ONCE = 200
FINDINGS_KEPT_MAX = 10_000


async def verify_snapshot(snapshot: Snapshot, options: Options) -> Report:
    """Return what is wrong with the log, of each partition the first thing."""
    report = Report()
    try:
        async with snapshot.readable():
            report.heads = await snapshot.list_stored_heads()
            headless = await snapshot.list_headless_fences()
            has_checkpoints = await snapshot.has_checkpoints()
        for place, next_offset in headless:
            reason = f"everything below offset {next_offset} was read, but there is no log"
            report.findings.append(Finding(place, None, reason, is_tampered=False))
        report.signatures = "It has no checkpoints, being of a release that signed nothing"
        sound_below = await _verify_signed(snapshot, options, report) if has_checkpoints else 0
        kept = len(options.pins) + len(options.since)
        report.signatures += (
            f". {kept} roots kept elsewhere were compared." if kept else ". None kept elsewhere was given."
        )
        report.findings += find_contradictions((*options.pins, *options.since))
        progress = Progress(sum(head.size for head in report.heads))
        pins = _by_log((*options.pins, *options.since))
        # The oldest of all, since what lies below the place to begin at is compared with nothing.
        since = {log: min(pins[log], key=lambda pin: pin.size) for log in _by_log(options.since)}
        whole = Part(report.heads, pins, since, has_checkpoints, sound_below)
        if progress.total < SPLIT_MIN:
            reads = [await read_part(snapshot, whole, progress.advance)]
            lost = await _find_lost(snapshot, report.heads, has_checkpoints=has_checkpoints)
        else:
            source = await snapshot.share()
            looking = asyncio.create_task(_find_lost(snapshot, report.heads, has_checkpoints=has_checkpoints))
            try:
                reads = await read_side_by_side(source, whole.split(PROCESSES), progress.advance)
            finally:
                lost = await looking
        for read in reads:
            report.kinds += read.kinds
            report.findings += read.findings
        known = {(head.topic, head.partition) for head in report.heads}
        for pin in (*options.pins, *options.since):
            if (pin.topic, pin.partition) not in known:
                report.findings.append(outrun(pin.place, pin.size, pin.by, has=0))
        report.findings += lost
    except Damaged as error:
        report.findings.append(Finding("the log", None, str(error)))
    report.log_count, report.entry_count = len(report.heads), report.kinds.total()
    return report


async def _find_lost(snapshot: Snapshot, heads: Sequence[StoredHead], *, has_checkpoints: bool) -> Sequence[Finding]:
    """Return what belongs to no log."""
    found = []
    try:
        async with snapshot.readable():
            orphan, unfounded = await snapshot.find_orphan(heads), await snapshot.find_unfounded_event()
            has_lost = has_checkpoints and await snapshot.count_lost(heads)
    except Damaged as error:
        return [Finding("the log", None, str(error))]
    if orphan is not None:
        found.append(Finding(f"head {orphan[0]}", orphan[1], "it belongs to a log that has no head"))
    if unfounded is not None:
        reason = "it is shown to auditors, and there is no such entry"
        found.append(Finding(f"head {unfounded[0]}", unfounded[1], reason))
    if has_lost:
        found.append(Finding("the log", None, "it has tiles of no log, or cosignatures of no checkpoint"))
    return found


async def _verify_signed(snapshot: Snapshot, options: Options, report: Report) -> int:
    """Read every checkpoint: signatures, and whether each says the same as what is kept beside it.

    Returns the id of the first that is not what was signed.
    """
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
    return signed.sound_below


async def _next_page(snapshot: Snapshot, pages: AsyncIterator[Vectors]) -> Vectors | None:
    async with snapshot.readable():
        return await anext(pages, None)


def _by_log(pins: Sequence[Pin]) -> Mapping[tuple[str, int], Sequence[Pin]]:
    found: dict[tuple[str, int], list[Pin]] = {}
    for pin in pins:
        found.setdefault((pin.topic, pin.partition), []).append(pin)
    return found
