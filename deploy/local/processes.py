"""What runs on this machine: the processes of one stack, who holds a port, and how to end what is ours.

A process belongs to a stack by its environment or by the stack's own path on its command line, never by its name
alone: two stacks, or a service somebody runs by hand, must not be touched.
"""

import contextlib
import os
import signal
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

from deploy.local.report import Refused

SUPERVISED_MARK = "SUPERVISOR_PROCESS_NAME"
"""The supervisor puts this variable into the environment of what it starts."""


def find_supervisor(config: Path) -> psutil.Process | None:
    """Return the supervisor that runs this configuration, or None."""
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or ()
        if "deploy.local.supervise" in words and str(config) in words and _is_alive(process):
            return process
    return None


def find_supervised(home: Path) -> list[psutil.Process]:
    """Return the living processes that a supervisor of this home started, and their children with its environment.

    PostgreSQL overwrites its children's environment, and as root its own cannot always be read: it is known by its
    data folder, on the command line or as the working folder.
    """
    found = []
    for process in psutil.process_iter(["cmdline", "environ", "cwd"]):
        if process.pid != os.getpid() and _belongs(process, home) and _is_alive(process):
            found.append(process)
    return found


def is_service(process: psutil.Process) -> bool:
    """Return whether it is one of the five services' processes, which stop before the servers they use."""
    try:
        return any(word.startswith("services.") for word in process.cmdline())
    except psutil.Error:
        return False


def stop_all(processes: Iterable[psutil.Process], sig: signal.Signals, *, timeout_s: float) -> None:
    """Ask processes to stop, and kill those that have not within `timeout_s` seconds."""
    waiting = list(processes)
    for process in waiting:
        _send(process, sig)
    _, left = psutil.wait_procs(waiting, timeout=timeout_s)
    for process in left:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=timeout_s)


def is_port_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1 at this port."""
    with socket.socket() as probe:
        # As servers do: a connection of a server that stopped just now does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nothing uses at this moment."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def is_listening(port: int) -> bool:
    """Return whether something accepts connections on 127.0.0.1 at this port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refuse_taken_port(port: int, name: str) -> None:
    """Raise `Refused`, with what helps, unless a server could listen at this port."""
    if not is_port_free(port):
        raise Refused(
            f"Port {port}, meant for {name}, is taken by {_port_holder(port)}."
            " Stop that, or choose other ports with CETS_PORT_BASE."
        )


def _port_holder(port: int) -> str:
    """Return who holds a port, such as `process 4711 (nginx)`, or `another process` when that cannot be seen."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return "another process"


def _belongs(process: psutil.Process, home: Path) -> bool:
    environ = process.info["environ"] or {}
    if SUPERVISED_MARK in environ and _same(environ.get("CETS_HOME"), home):
        return True
    data = str(home / "postgres" / "data")
    return process.info["cwd"] == data or data in (process.info["cmdline"] or ())


def _same(text: str | None, home: Path) -> bool:
    return text is not None and os.path.realpath(text) == os.path.realpath(home)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _send(process: psutil.Process, sig: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(sig)
