"""What of a stack runs and what is ready, as its supervisor and its processes themselves say."""

import time
import xmlrpc.client
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.local import processes, supervise
from deploy.local.keys import keep_secret
from deploy.local.layout import KINDS, PORT_OFFSETS, SERVICES, WITNESS, Layout
from deploy.local.report import Refused, show

ANSWER_TIMEOUT_S = 2.0
POLL_S = 0.2
LOG_TAIL_BYTES = 1_500
NAMES = (*(f"{service}-{kind}" for service in SERVICES for kind in KINDS), WITNESS)


@dataclass(frozen=True, slots=True)
class Running:
    """One process as the supervisor sees it."""

    name: str
    group: str
    state: str
    pid: int
    up_s: int


def find_unready(layout: Layout, names: Collection[str] = NAMES) -> list[str]:
    """Return those of the services' processes whose `/readyz` does not answer 200, such as `intake-http`."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        answers = pool.map(lambda name: _is_ready(layout, name), names)
        return [name for name, is_ready in zip(names, answers, strict=True) if not is_ready]


def wait(layout: Layout, tell: Callable[[str], None], names: Collection[str] = NAMES, *, timeout_s: float) -> None:
    """Return once each of these services' processes is ready, telling which are not.

    Raises:
        Refused: some are not within `timeout_s`; the message ends with the first one's log.
    """
    deadline = time.monotonic() + timeout_s
    while unready := find_unready(layout, names):
        tell(f"{len(names) - len(unready)} of {len(names)} ready, waiting for {', '.join(unready)}")
        if time.monotonic() > deadline:
            log = layout.logs / f"{unready[0]}.log"
            tail = log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace") if log.is_file() else ""
            raise Refused(f"Not ready after {timeout_s:.0f} s: {', '.join(unready)}. The end of {log}:\n{tail}")
        time.sleep(POLL_S)


def print_status(layout: Layout) -> None:
    """Print a table of the stack's processes to standard output."""
    if not processes.find_supervisor(layout.supervisor_config):
        left = processes.find_supervised(layout.home)
        note = f", but {len(left)} processes of a killed supervisor are left; make down stops them" if left else ""
        show(f"The stack in {layout.home} is not running{note}.")
        return
    layout = layout.as_remembered()
    unready = find_unready(layout)
    table = Table("process", "state", "pid", "up", "port", "ready", box=None, pad_edge=False)
    for running in list_running(layout):
        is_ready = "" if running.name not in NAMES else "no" if running.name in unready else "yes"
        row = (running.name, running.state, str(running.pid or ""), _duration(running.up_s))
        table.add_row(*row, str(layout.port(running.name)), is_ready)
    show(f"The stack in {layout.home}:")
    Console(highlight=False).print(table)


def list_running(layout: Layout) -> Sequence[Running]:
    """Return the stack's processes, servers first.

    Raises:
        Refused: the supervisor does not answer.
    """
    running = [
        Running(
            name=info["name"],
            group=info["group"],
            state=info["statename"].lower(),
            pid=info["pid"],
            up_s=info["now"] - info["start"] if info["pid"] else 0,
        )
        for info in ask_supervisor(layout, "getAllProcessInfo")
    ]
    return sorted(running, key=lambda process: PORT_OFFSETS[process.name])


def ask_supervisor(layout: Layout, method: str, *arguments: object) -> Any:
    """Return what the stack's supervisor answers to a call of its remote interface.

    Raises:
        Refused: it does not answer, or with an error.
    """
    remote = supervise.connect(layout.port("supervisor"), keep_secret(layout.keys / "supervisor.password"))
    try:
        return getattr(remote, method)(*arguments)
    except (OSError, HTTPException, xmlrpc.client.Error) as error:
        # The error's own text would show the password.
        raise Refused(f"The supervisor does not answer ({type(error).__name__}).") from error


def _is_ready(layout: Layout, name: str) -> bool:
    # Asked often and by many at once: the plainest client, which knows no proxy and loads no certificates.
    connection = HTTPConnection("127.0.0.1", layout.port(name), timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3_600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if seconds else ""
