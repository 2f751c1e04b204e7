"""`python -m deploy.local.synth`: synthetic tips on standard output."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

from deploy.local.synth.flat import csv_lines
from deploy.local.synth.manners import SOURCES
from deploy.local.synth.world import GAP, START, SyntheticTip, generate

_EXAMPLES = """
examples:
  five hundred tips of all seven sources, as POST /v1/tips/batch takes them (at most 10,000 lines a request):
    python -m deploy.local.synth --seed 7 --count 500 > tips.ndjson

  each source may send only its own tips, with its own token; the seven parts together are the same 500 tips:
    python -m deploy.local.synth --seed 7 --count 500 --source ncmec |
      curl --data-binary @- -H "Content-Type: application/x-ndjson" \\
           -H "Authorization: Bearer $(make -s token AS=source.ncmec)" $INTAKE/v1/tips/batch

  a spreadsheet of a police department for POST /v1/uploads:
    python -m deploy.local.synth --seed 7 --count 500 --source police --format csv

The same seed gives the same tips everywhere; a smaller count is the beginning of a larger one.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the tips; return the exit code: 0, also when the reader has seen enough and closed the pipe.

    Raises:
        SystemExit: with 2, after a sentence on standard error: an option is out of its range.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        tips = generate(options.seed, options.count, start=options.start, gap=timedelta(seconds=options.gap_s))
        chosen = (made for made in tips if options.source in (None, made.source))
        for line in csv_lines(chosen) if options.format == "csv" else _json_lines(chosen):
            sys.stdout.buffer.write(line.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The interpreter would complain once more when it closes the stream on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OverflowError) as error:
        parser.error(str(error))
    return 0


def _json_lines(tips: Iterator[SyntheticTip]) -> Iterator[str]:
    for made in tips:
        yield json.dumps(made.tip, ensure_ascii=False, separators=(",", ":")) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.synth",
        description="Write invented tips to standard output. No person, address or number in them is real.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=7, help="which world, 0 to 999,999,999 (default: 7)")
    parser.add_argument("--count", type=int, default=500, help="how many tips the world has (default: 500)")
    parser.add_argument(
        "--format",
        choices=("ndjson", "csv"),
        default="ndjson",
        help="one JSON tip a line, or a table (default: ndjson)",
    )
    parser.add_argument("--source", choices=SOURCES, help="write only the tips of this source among the --count")
    parser.add_argument(
        "--start",
        type=datetime.fromisoformat,
        default=START,
        metavar="TIME",
        help=f"when the first tip was reported, with its zone (default: {START.isoformat()})",
    )
    parser.add_argument(
        "--gap-s",
        type=float,
        default=GAP.total_seconds(),
        metavar="SECONDS",
        help="mean time between two tips in seconds (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
