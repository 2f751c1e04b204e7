"""Keeps processes running: `supervisor` with one change, namely that it never gives up.

What ends is started again at once; what keeps ending soon after its start, after a pause that grows to
`PAUSE_MAX_S`; and so on without limit. (The library's own pause grows for ever, or ends in its state FATAL.)
`python -m deploy.local.supervise CONFIG` runs in the foreground; SIGTERM stops everything, the last group first.
"""

import shlex
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

from supervisor.options import ProcessConfig, ServerOptions
from supervisor.process import Subprocess
from supervisor.states import ProcessStates
from supervisor.supervisord import go

from deploy.local.report import Refused

PAUSE_MAX_S = 3
"""The supervisor looks once a second and a process needs a moment to start; together they stay below 5 s."""
SOON_S = 5
"""A process that ends earlier than this after its start counts as failing to start."""
LOG_BYTES_MAX = 10_000_000
LOG_BACKUPS = 3
USER = "cets"


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running; it is killed when it has not stopped `stop_timeout_s` after its signal."""

    name: str
    words: Sequence[str]
    folder: Path
    autostart: bool
    stop_signal: Signals
    stop_timeout_s: int


class TirelessProcess(Subprocess):  # type: ignore[misc]  # the library has no types
    """A process whose pauses between starts are 0, 1, … `PAUSE_MAX_S` seconds, and which is always started again."""

    def change_state(self, new_state: int, expected: bool = True) -> Any:
        """Note the new state, and how long to pause if the process failed to start."""
        outcome = super().change_state(new_state, expected)
        if new_state == ProcessStates.BACKOFF:
            self.backoff: int = min(self.backoff, PAUSE_MAX_S + 1)
            self.delay = time.time() + self.backoff - 1
        return outcome

    def finish(self, pid: int, sts: int) -> None:
        """Note the end of the process and start it again now, not when the supervisor next looks, a second later."""
        super().finish(pid, sts)
        self.transition()


class _TirelessConfig(ProcessConfig):  # type: ignore[misc]  # the library has no types
    def make_process(self, group: Any = None) -> TirelessProcess:
        process = TirelessProcess(self)
        process.group = group
        return process


class _Options(ServerOptions):  # type: ignore[misc]  # the library has no types
    def processes_from_section(self, parser: Any, section: str, group_name: str, klass: Any = None) -> Any:
        return super().processes_from_section(parser, section, group_name, klass=_TirelessConfig)


def main(arguments: Sequence[str]) -> None:
    """Run the configuration named by the only argument until a signal ends it."""
    options = _Options()
    options.realize(["--nodaemon", "--silent", "-c", *arguments])
    options.first = True
    options.test = False
    go(options)


def config_text(groups: Mapping[str, Sequence[Program]], *, folder: Path, port: int, password: str) -> str:
    """Return the supervisor's configuration: logs in `folder / "logs"`, control on a port of 127.0.0.1.

    Groups are started in their order and stopped in the opposite one, each when the next has stopped.
    """
    sections: dict[str, Mapping[str, object]] = {
        "supervisord": {
            "logfile": folder / "logs" / "supervisor.log",
            "logfile_maxbytes": LOG_BYTES_MAX,
            "logfile_backups": LOG_BACKUPS,
            "pidfile": folder / "supervisor.pid",
            "childlogdir": folder / "logs",
            "umask": "077",
        },
        "inet_http_server": {"port": f"127.0.0.1:{port}", "username": USER, "password": password},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }
    for priority, (group, programs) in enumerate(groups.items(), start=1):
        names = ",".join(program.name for program in programs)
        sections[f"group:{group}"] = {"programs": names, "priority": priority}
        sections.update({f"program:{program.name}": _program_section(program, folder) for program in programs})
    return "\n".join(_section_text(name, section) for name, section in sections.items())


def connect(port: int, password: str) -> Any:
    """Return the supervisor's remote interface (`getAllProcessInfo`, `startProcessGroup`, …)."""
    return xmlrpc.client.ServerProxy(f"http://{USER}:{password}@127.0.0.1:{port}/RPC2").supervisor


def _program_section(program: Program, folder: Path) -> Mapping[str, object]:
    return {
        "command": shlex.join(program.words),
        "directory": program.folder,
        "autostart": program.autostart,
        "autorestart": True,
        "startsecs": SOON_S,
        "startretries": PAUSE_MAX_S + 2,
        "stopsignal": program.stop_signal.name.removeprefix("SIG"),
        "stopwaitsecs": program.stop_timeout_s,
        "redirect_stderr": True,
        # The library substitutes in this one value twice.
        "stdout_logfile": str(folder / "logs" / f"{program.name}.log").replace("%", "%%"),
        "stdout_logfile_maxbytes": LOG_BYTES_MAX,
        "stdout_logfile_backups": LOG_BACKUPS,
    }


def _section_text(name: str, section: Mapping[str, object]) -> str:
    """Return an ini section. A per cent sign would begin a substitution; a spaced semicolon or hash, a comment."""
    lines = [f"[{name}]"]
    for key, value in section.items():
        text = str(value)
        if any(sign in text for sign in (" ;", " #", "\n")):
            raise Refused(f"A folder's name must have no space before ; or # and no line break, as here: {text!r}")
        lines.append(f"{key} = {text.replace('%', '%%')}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
