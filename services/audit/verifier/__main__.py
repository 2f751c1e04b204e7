"""`python -m services.audit.verifier`: the verifier by itself."""

import argparse
import asyncio
import sys

from services.audit.verifier.options import Options, add_arguments
from services.audit.verifier.report import INCOMPLETE, USAGE
from services.audit.verifier.run import run


def main() -> int:
    """Verify and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m services.audit.verifier",
        description="Re-read an audit log: 0 intact, 1 tampered, 2 incomplete or not to be verified, 3 wrong usage.",
    )
    parser.add_argument("--database", default="", metavar="URL", help="PostgreSQL, as any role that may read the log")
    add_arguments(parser)
    try:
        chosen = parser.parse_args()
    except SystemExit as stop:
        return USAGE if stop.code else 0
    try:
        return asyncio.run(run(Options(database_url=chosen.database), chosen))
    except KeyboardInterrupt:
        print("stopped before everything was read: nothing is said about the log", file=sys.stderr)  # noqa: T201
        return INCOMPLETE


if __name__ == "__main__":
    sys.exit(main())
