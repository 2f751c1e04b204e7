"""`python -m deploy.local COMMAND`, which the Makefile calls. Exit 0: done; 1: refused, with a sentence."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from deploy.local import ready, stack
from deploy.local.fetch import postgres_binaries, write_lock
from deploy.local.kafka import install_kafka
from deploy.local.keys import token_private_key
from deploy.local.layout import Layout, read_layout
from deploy.local.offices import office_names, require_office
from deploy.local.report import Refused, say, show
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
    require_office(options.account)
    layout.prepare()
    key = token_private_key(layout)
    show(issue_token(options.account, key, now=datetime.now(UTC), ttl_s=options.ttl_s))


def _offices(_layout: Layout, _options: argparse.Namespace) -> None:
    names = office_names()
    width = max(map(len, names))
    for code, name in names.items():
        show(f"{code:<{width}}  {name}")


def _fetch(layout: Layout, _options: argparse.Namespace) -> None:
    if not layout.postgres_url:
        postgres_binaries(layout.cache)
    if not layout.kafka_bootstrap:
        install_kafka(layout.cache)


def _some(run: Callable[[Layout, Sequence[str]], None], layout: Layout, options: argparse.Namespace) -> None:
    run(layout, options.process)


def _logs(layout: Layout, options: argparse.Namespace) -> None:
    files = sorted(layout.logs.glob(f"{options.process or '*'}.log"))
    if not files:
        raise Refused(f"there is no log of {options.process or 'anything'} in {layout.logs}.")
    # Python ignores this signal and tail would inherit that: it shall end quietly when its reader does, as `head` does.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp("tail", ["tail", "-n", LOG_LINES, "-F", *map(str, files)])  # noqa: S606 - tail takes this process over


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local",
        description="The local stack: Kafka, PostgreSQL and the five services as processes of this machine. "
        "Its folder and ports are settings, see .env.example. Exit 0: done; 1: refused, with a sentence.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Layout, argparse.Namespace], None], does: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
        added.set_defaults(run=run)
        return added

    command("up", lambda layout, _: stack.up(layout), "start what is not running, and wait until all is ready")
    command("down", lambda layout, _: stack.down(layout), "stop the stack; its state stays")
    for name, run, does in (
        ("stop", stack.stop, "stop some of the stack's processes, until start or up is asked for"),
        ("start", stack.start, "start processes that were stopped, and wait until they are ready"),
    ):
        some = command(name, partial(_some, run), does)
        some.add_argument("process", nargs="+", help="such as audit-worker; status lists them")
    command("reset", lambda layout, _: stack.reset(layout), "stop the stack and remove its state: data, keys, logs")
    command("status", lambda layout, _: ready.print_status(layout), "say what runs, where, and whether it is ready")
    command("fetch", _fetch, "download Kafka and PostgreSQL into the cache, unless they are there")
    command("lock", lambda _layout, _options: write_lock(), "resolve jgo.toml anew: which jars, with their hashes")
    logs = command("logs", _logs, "follow the logs until interrupted")
    logs.add_argument("process", nargs="?", help="such as intake-http; all when left out")
    token = command("token", _token, "print a token for an account of the test system")
    token.add_argument("account", help="such as ceiu.analyst, source.ncmec or hsi.agent.sac-boston")
    token.add_argument("--ttl-s", type=int, default=TOKEN_TTL_S, help="seconds it lives")
    command("offices", _offices, "list the codes and names of the field offices")
    return parser


if __name__ == "__main__":
    sys.exit(main())
