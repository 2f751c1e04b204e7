"""The commands that set right what fell behind: `republish` and `redrive`; what they are told, and what they print.

They print ids, places, counts and reasons, and nothing of what a record holds.
"""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from aiokafka.errors import KafkaError

from shared.db.pool import Pool
from shared.errors import Unavailable
from shared.events.topics import DEAD_LETTER_SUFFIX
from shared.http.types import read_time
from shared.kafka.dead_letter import Letter
from shared.kafka.outbox import Outbox
from shared.kafka.redrive import Outcome, Pile, Redrive, Result
from shared.kafka.republish import BEGINNING, ROWS_MAX, START, ListFacts, read_place, republish

REPUBLISH = """\
Put stored facts through the outbox again: the same bytes under the same event ids. Whoever has them already drops
them, so it may run at any time, and be stopped and run again. The worker must run, since it empties the outbox; while
too much waits there, this waits too."""
REPUBLISH_EXAMPLES = """\
examples:
  %(prog)s                                  everything
  %(prog)s --since 2026-03-01T00:00:00Z     what was stored from then on
  %(prog)s --since 2026-03-01T09:30:00+01:00 --after PLACE
                                            the rest of a run that was stopped"""
REDRIVE = """\
Dead letters are records that this service refused. Without --all or --event-id, list them by topic and reason. With
one, give the records to this service again, each in a transaction of its own: one whose event was applied meanwhile is
left alone, one that is refused again stays a dead letter. The topic it came from is not written to; what follows from
it is published as always."""
REDRIVE_EXAMPLES = """\
examples:
  %(prog)s                                  what there is
  %(prog)s --dry-run                        what would become of all of it; nothing is kept
  %(prog)s --topic intake.tips --all        apply what one topic's letters hold
  %(prog)s --event-id 01950000-0000-7000-8000-000000000903

exit status: 0, or 1 when a record is still refused or an event id has no dead letter"""


def add_republish(parser: argparse.ArgumentParser) -> None:
    """Let the command say from when on, and from where."""
    _describe(parser, REPUBLISH, REPUBLISH_EXAMPLES)
    parser.add_argument(
        "--since",
        type=_time,
        default=BEGINNING,
        metavar="TIME",
        help="only what was stored from this time on, in RFC 3339 with its offset, such as 2026-03-01T10:00:00Z",
    )
    parser.add_argument(
        "--after",
        type=_place,
        default=START,
        metavar="PLACE",
        help="go on from here; a run prints its PLACE as it goes. Give the same --since",
    )


async def run_republish(
    pool: Pool, outbox: Outbox, list_facts: ListFacts, *, rows_max: int, chosen: argparse.Namespace
) -> int:
    """Republish, printing how far it is; return the exit code."""
    count = await republish(
        pool,
        outbox,
        list_facts,
        since=chosen.since,
        after=chosen.after,
        rows_max=min(ROWS_MAX, rows_max),
        tell=_say,
    )
    _say(f"done: {count:,} events were put in the outbox again")
    return 0


def add_redrive(parser: argparse.ArgumentParser, topics: Sequence[str]) -> None:
    """Let the command say which letters, of the topics that the service reads."""
    _describe(parser, REDRIVE, REDRIVE_EXAMPLES)
    parser.add_argument(
        "--topic",
        type=lambda text: text.removesuffix(DEAD_LETTER_SUFFIX),
        choices=topics,
        help=f"only records of this topic: {', '.join(topics)}",
        metavar="TOPIC",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--event-id", type=UUID, action="append", metavar="ID", help="the record of this event; may be repeated"
    )
    which.add_argument("--all", action="store_true", help="every record")
    parser.add_argument(
        "--dry-run", action="store_true", help="try it and keep nothing; of all, when neither of the others is given"
    )
    parser.set_defaults(topics=topics)


async def run_redrive(redrive: Redrive, chosen: argparse.Namespace) -> int:
    """List dead letters, or apply them again; print what there is or what became of each, and return the exit code.

    Raises:
        Unavailable: Kafka does not answer.
    """
    # What a library says about a broker that is away, we say in a sentence.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    topics = [chosen.topic] if chosen.topic else chosen.topics
    try:
        if chosen.event_id or chosen.all or chosen.dry_run:
            return await _apply(redrive, topics, set(chosen.event_id or ()), is_rehearsal=chosen.dry_run)
        _print_piles(redrive.group, await redrive.list_piles(topics))
    except KafkaError as error:
        raise Unavailable(f"Kafka at {redrive.bootstrap} does not answer ({type(error).__name__})") from error
    return 0


async def _apply(redrive: Redrive, topics: Sequence[str], event_ids: set[UUID], *, is_rehearsal: bool) -> int:
    """Apply the letters of these events, or all when none is named."""
    counts: Counter[Outcome] = Counter()
    found: set[UUID | None] = set()
    async for letter in redrive.letters(topics):
        if event_ids and letter.event_id not in event_ids:
            continue
        result = await redrive.apply(letter, is_rehearsal=is_rehearsal)
        _say(_line(letter, result))
        counts[result.outcome] += 1
        if event_ids:
            found.add(letter.event_id)
    missing = event_ids - found
    for event_id in sorted(missing):
        _say(f"{redrive.group} has no dead letter of event {event_id}")
    _say(", ".join(f"{counts[outcome]:,} {outcome}" for outcome in Outcome))
    if is_rehearsal:
        _say("This was a rehearsal: nothing of it was kept.")
    elif counts[Outcome.REFUSED]:
        _say("What is still refused stays a dead letter.")
    return 1 if missing or counts[Outcome.REFUSED] else 0


def _line(letter: Letter, result: Result) -> str:
    record = letter.record
    place = f"{record.topic}[{record.partition}] offset {record.offset}"
    reason = f": {_printable(result.reason)}" if result.reason else ""
    return f"{result.outcome:<15}  {place}  event {letter.event_id or 'unreadable'}{reason}"


def _print_piles(group: str, piles: Sequence[Pile]) -> None:
    if not piles:
        _say(f"{group} has no dead letters")
        return
    width = max(len(pile.topic) for pile in piles)
    _say(f"{'topic':<{width}}  letters  applied  {'oldest':<20}  {'newest':<20}  reason")
    for pile in piles:
        times = f"{_time_text(pile.oldest)}  {_time_text(pile.newest)}"
        reason = _printable(pile.reason)
        _say(f"{pile.topic:<{width}}  {pile.letters:>7,}  {pile.applied:>7,}  {times}  {reason}")
    left = sum(pile.letters - pile.applied for pile in piles)
    _say(f"{left:,} of these were not applied since; --dry-run shows what would become of them, --all applies them")


def _describe(parser: argparse.ArgumentParser, description: str, examples: str) -> None:
    parser.description, parser.epilog = description, examples
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def _time(text: str) -> datetime:
    try:
        return read_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from error


def _place(text: str) -> tuple[str, UUID]:
    try:
        return read_place(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no place that a run printed") from error


def _time_text(time: datetime | None) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else ""


def _printable(text: str) -> str:
    """Keep a terminal safe from what a stranger wrote into a header."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
