"""`python -m services.audit http | worker | migrate | check | verify`."""

import sys
from collections.abc import Sequence

from services.audit.app import SERVICE
from services.audit.verifier.report import INCOMPLETE, USAGE
from shared.service import main

ARGPARSE_USAGE = 2


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; 2 means something else to `verify` than wrong usage."""
    is_verify = list(arguments[:1]) == ["verify"]
    try:
        return main(SERVICE, arguments)
    except SystemExit as stop:
        if is_verify and stop.code == ARGPARSE_USAGE:
            return USAGE
        raise
    except KeyboardInterrupt:
        if not is_verify:
            raise
        print("stopped before everything was read: nothing is said about the log", file=sys.stderr)  # noqa: T201
        return INCOMPLETE


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
