"""A stack's processes are known by what they carry, never by their name alone."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGTERM

import psutil
import pytest

from deploy.local.processes import (
    SUPERVISED_MARK,
    find_supervised,
    find_supervisor,
    free_ports,
    is_listening,
    is_port_free,
    refuse_taken_port,
    stop_all,
)
from deploy.local.report import Refused

SLEEP = "import time; print(flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
Start = Callable[..., int]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a Python process with this environment and return its id once it runs."""
    with_output: list[subprocess.Popen[bytes]] = []

    def run(code: str = SLEEP, *words: str, cwd: Path = tmp_path, **environ: str) -> int:
        command = [sys.executable, "-c", code, *words]
        process = subprocess.Popen(command, cwd=cwd, env=environ, stdout=subprocess.PIPE)
        with_output.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process.pid

    yield run
    for process in with_output:
        process.kill()
        process.communicate()


def pids(home: Path) -> set[int]:
    return {process.pid for process in find_supervised(home)}


def test_only_what_a_supervisor_of_this_home_started_belongs_to_it(tmp_path: Path, start: Start) -> None:
    home = tmp_path / "home"
    ours = start(CETS_HOME=str(home), **{SUPERVISED_MARK: "intake-http"})
    by_hand = start(CETS_HOME=str(home))
    of_another_home = start(CETS_HOME=f"{home}2", **{SUPERVISED_MARK: "intake-http"})
    supervised_elsewhere = start(**{SUPERVISED_MARK: "nginx"})
    assert pids(home) == {ours}
    assert not {by_hand, of_another_home, supervised_elsewhere} & pids(home)


def test_a_home_reached_by_a_link_is_the_same_home(tmp_path: Path, start: Start) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to("home")
    pid = start(CETS_HOME=str(tmp_path / "link"), **{SUPERVISED_MARK: "x"})
    assert pids(tmp_path / "home") == {pid}


def test_a_database_process_is_known_by_its_data_folder(tmp_path: Path, start: Start) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    postmaster, backend = start(SLEEP, "-D", str(data)), start(cwd=data)
    start(SLEEP, "-D", f"{data}2")
    assert pids(tmp_path) == {postmaster, backend}


def test_the_supervisor_is_found_by_its_configuration(tmp_path: Path, start: Start) -> None:
    config = tmp_path / "supervisord.conf"
    start(SLEEP, "deploy.local.supervise", f"{config}2")
    pid = start(SLEEP, "deploy.local.supervise", str(config))
    found = find_supervisor(config)
    assert found is not None
    assert found.pid == pid


def test_what_does_not_stop_in_time_is_killed(start: Start) -> None:
    polite, stubborn = psutil.Process(start()), psutil.Process(start(STUBBORN))
    stop_all([polite, stubborn], SIGTERM, timeout_s=1.0)
    assert not any(process.is_running() and process.status() != "zombie" for process in (polite, stubborn))


def test_stopping_what_is_gone_is_no_error(start: Start) -> None:
    process = psutil.Process(start())
    for _ in range(2):
        stop_all([process], SIGTERM, timeout_s=5.0)
        assert not process.is_running() or process.status() == "zombie"


def test_a_taken_port_is_refused_with_its_holder_and_what_helps() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_port_free(port)
        assert is_listening(port)
        with pytest.raises(Refused, match=rf"{port}.*kafka.*process {os.getpid()} .*CETS_PORT_BASE"):
            refuse_taken_port(port, "kafka")
    assert is_port_free(port)
    assert not is_listening(port)


def test_free_ports_are_free_and_differ() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(is_port_free(port) for port in ports)
