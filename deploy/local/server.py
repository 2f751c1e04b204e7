"""One server process that we start and stop ourselves: for tests, which kill and restart at will.

The stack's own servers are started from the same commands by the supervisor.
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from deploy.local.report import Refused

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
EARLY_EXITS_S = 15.0
"""A restarted server may exit again for this long: PostgreSQL does until a killed one's children are gone."""
POLL_S = 0.05
LOG_TAIL_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """How a server is started, and what tells that it is ready."""

    name: str
    """As in `layout.PORT_OFFSETS`."""
    words: Sequence[str]
    folder: Path
    """Where it runs."""
    url: str
    """What clients are told: a database URL, or Kafka's bootstrap address."""
    stop_signal: Signals
    is_ready: Callable[[int], bool]
    """Asked with the process id, so that what a killed predecessor left behind is not taken for readiness."""
    environ: Mapping[str, str] = field(default_factory=dict)


class Server:
    """A running server. All methods block, each with a time limit."""

    def __init__(self, command: ServerCommand, log: Path) -> None:
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What clients are told."""
        return self._command.url

    @property
    def pid(self) -> int:
        """The process id; of the last one when it is stopped."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, timeout_s: float = START_TIMEOUT_S, early_exits_s: float = 0.0) -> None:
        """Start the server and return when it is ready; one that exits is started again for `early_exits_s`.

        Raises:
            Refused: it exited or was not ready in time; the message ends with its log's last lines.
        """
        began = time.monotonic()
        self._spawn()
        while self.pid_exited() or not self._command.is_ready(self.pid):
            elapsed = time.monotonic() - began
            if self.pid_exited():
                if elapsed > early_exits_s:
                    raise Refused(f"{self._command.name} stopped while starting.\n{self.log_tail()}")
                time.sleep(POLL_S * 4)
                self._spawn()
            elif elapsed > timeout_s:
                self.kill()
                raise Refused(f"{self._command.name} was not ready within {timeout_s:.0f} s.\n{self.log_tail()}")
            time.sleep(POLL_S)

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server: in good order, or at once as if the machine had failed."""
        if self._process is None or self.pid_exited():
            return
        self._process.send_signal(Signals.SIGKILL if immediate else self._command.stop_signal)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the server with SIGKILL."""
        self.stop(immediate=True)

    def restart(self, *, immediate: bool = False) -> None:
        """Stop the server and start it again on the same state and port."""
        self.stop(immediate=immediate)
        self.start(early_exits_s=EARLY_EXITS_S)

    def pid_exited(self) -> bool:
        """Return whether the process has ended."""
        assert self._process is not None
        return self._process.poll() is not None

    def log_tail(self) -> str:
        """Return the end of the log."""
        return self._log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command.words,
                cwd=self._command.folder,
                env={**base_environ(), **self._command.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C at the terminal is for the tests; they stop their servers themselves.
                start_new_session=True,
            )


def base_environ() -> dict[str, str]:
    """Return what a started process gets of our environment: enough to run, nothing that would configure it."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ")
    return {name: value for name, value in os.environ.items() if name in kept or name.startswith("LC_")}
