"""`python -m deploy.local COMMAND`, which the Makefile calls. Exit 0: done; 1: refused, with a sentence."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from deploy.local import ready, stack
from deploy.local.fetch import postgres_binaries, write_lock
from deploy.local.kafka import install_kafka
from deploy.local.keys import token_private_key
from deploy.local.layout import Layout, read_layout
from deploy.local.report import Refused, say
from shared.errors import CetsError
from shared.security import TOKEN_TTL_S, issue_token

LOG_LINES = "20"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = _parser().parse_args(arguments)
    run: Callable[[Layout, argparse.Namespace], None] = options.run
    try:
        run(read_layout(), options)
    except (Refused, CetsError) as refusal:
        say(f"CETS: {refusal}")
        return 1
    except OSError as error:
        if error.errno not in _DISK_PROBLEMS:
            raise
        say(f"CETS: {_DISK_PROBLEMS[error.errno]}: {error.filename or error}")
        return 1
    except KeyboardInterrupt:
        say("Interrupted. What was started keeps running; make down stops it.")
        return 130
    return 0


_DISK_PROBLEMS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "this disk cannot be written to",
    errno.EACCES: "no permission; did another user make it? Set CETS_HOME or CETS_CACHE to a folder of your own",
    errno.EPERM: "no permission; did another user make it? Set CETS_HOME or CETS_CACHE to a folder of your own",
}


def _token(layout: Layout, options: argparse.Namespace) -> None:
    environment = os.environ.get("CETS_ENVIRONMENT", "test")
    if environment != "test":
        raise Refused(f"tokens are issued like this on a test system only, and CETS_ENVIRONMENT is {environment!r}.")
    if not options.account:
        raise Refused("say whose token it shall be: make -s token AS=ceiu.analyst")
    layout.prepare()
    key = token_private_key(layout)
    print(issue_token(options.account, key, now=datetime.now(UTC), ttl_s=options.ttl_s))


def _fetch(layout: Layout, _options: argparse.Namespace) -> None:
    if not layout.postgres_url:
        postgres_binaries(layout.cache)
    if not layout.kafka_bootstrap:
        install_kafka(layout.cache)


def _logs(layout: Layout, options: argparse.Namespace) -> None:
    files = sorted(layout.logs.glob(f"{options.process or '*'}.log"))
    if not files:
        raise Refused(f"there is no log of {options.process or 'anything'} in {layout.logs}.")
    os.execvp("tail", ["tail", "-n", LOG_LINES, "-F", *map(str, files)])  # noqa: S606 - tail takes this process over


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Callable[[Layout, argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(name)
        added.set_defaults(run=run)
        return added

    command("up", lambda layout, _: stack.up(layout))
    command("down", lambda layout, _: stack.down(layout))
    command("reset", lambda layout, _: stack.reset(layout))
    command("status", lambda layout, _: ready.print_status(layout))
    command("fetch", _fetch)
    command("lock", lambda _layout, _options: write_lock())
    command("logs", _logs).add_argument("process", nargs="?", help="such as intake-http; all when left out")
    token = command("token", _token)
    token.add_argument("account", help="such as ceiu.analyst or source.ncmec")
    token.add_argument("--ttl-s", type=int, default=TOKEN_TTL_S, help="seconds it lives")
    return parser


if __name__ == "__main__":
    sys.exit(main())
