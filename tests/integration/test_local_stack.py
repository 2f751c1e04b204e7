"""The local stack's own parts, on real processes: what dies comes back, what stops stops in order, root is given up."""

import asyncio
import hashlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGKILL, SIGTERM

import asyncpg
import psutil
import pytest

from deploy.local import stack, unprivileged
from deploy.local.layout import CHECKOUT, Layout, read_layout, write_file
from deploy.local.postgres import start_postgres
from deploy.local.processes import find_supervised, free_ports
from deploy.local.ready import find_unready, list_running
from deploy.local.report import Refused
from deploy.local.supervise import Program, config_text
from tests.fault.stack import free_port_base

BACK_WITHIN_S = 5.0
DEADLINE_S = 30.0

RUN = "import time; time.sleep(600)"
FAIL_FOUR_TIMES = """\
import pathlib, sys, time
starts = pathlib.Path(sys.argv[1])
with starts.open("a") as file:
    file.write("x")
if len(starts.read_text()) <= 4:
    sys.exit(1)
time.sleep(600)
"""
NOTE_THE_STOP = """\
import pathlib, signal, sys, time
def stop(*_):
    time.sleep(float(sys.argv[3]))
    with pathlib.Path(sys.argv[1]).open("a") as file:
        file.write(sys.argv[2] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, stop)
pathlib.Path(sys.argv[1] + "." + sys.argv[2]).touch()
time.sleep(600)
"""
SERVE = """\
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
Supervise = Callable[..., psutil.Process]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    """Run groups of programs under the stack's supervisor; given as `group=[(name, code, words…), …]`."""
    running: list[subprocess.Popen[bytes]] = []

    def script(code: str) -> str:
        path = tmp_path / f"{hashlib.sha256(code.encode()).hexdigest()[:8]}.py"
        path.write_text(code)
        return str(path)

    def run(*, stop_timeout_s: int = 10, port: int = 0, **groups: list[tuple[str, ...]]) -> psutil.Process:
        programs = {
            group: [
                Program(name, [sys.executable, script(code), *words], tmp_path, True, SIGTERM, stop_timeout_s)
                for name, code, *words in members
            ]
            for group, members in groups.items()
        }
        (tmp_path / "logs").mkdir()
        config = tmp_path / "supervisord.conf"
        config.write_text(config_text(programs, folder=tmp_path, port=port or free_ports(1)[0], password="x"))
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "deploy.local.supervise", str(config)],
                cwd=CHECKOUT,
                env={**os.environ, "CETS_HOME": str(tmp_path)},
            )
        )
        return psutil.Process(running[0].pid)

    yield run
    for supervisor in running:
        supervisor.terminate()
        supervisor.wait(DEADLINE_S)
    assert not find_supervised(tmp_path)


def eventually(is_so: Callable[[], bool], within_s: float = DEADLINE_S) -> float:
    """Wait until it is so and return how long that took, in seconds."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within_s, f"not within {within_s} s"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.alone
def test_a_killed_process_is_back_within_five_seconds_and_nothing_stands_in_between(
    supervise: Supervise, tmp_path: Path
) -> None:
    supervisor = supervise(all=[("one", RUN)])
    eventually(lambda: len(find_supervised(tmp_path)) == 1)
    for _ in range(3):
        (process,) = find_supervised(tmp_path)
        assert process.ppid() == supervisor.pid
        process.send_signal(SIGKILL)
        eventually(lambda: process not in find_supervised(tmp_path))  # noqa: B023 - waited for within the loop
        eventually(lambda: len(find_supervised(tmp_path)) == 1, BACK_WITHIN_S)


def test_a_process_that_fails_again_and_again_is_started_until_it_stays(supervise: Supervise, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    supervise(all=[("one", FAIL_FOUR_TIMES, str(starts))])
    eventually(lambda: starts.exists() and len(starts.read_text()) == 5)
    assert len(find_supervised(tmp_path)) == 1


def test_the_last_group_stops_first_and_wholly_before_the_one_before_it(supervise: Supervise, tmp_path: Path) -> None:
    notes = tmp_path / "notes"

    def noting(name: str, seconds: str) -> tuple[str, ...]:
        return name, NOTE_THE_STOP, str(notes), name, seconds

    supervisor = supervise(servers=[noting("server", "0")], services=[noting("quick", "0"), noting("slow", "1")])
    eventually(lambda: all((tmp_path / f"notes.{name}").exists() for name in ("server", "quick", "slow")))
    supervisor.terminate()
    eventually(lambda: not find_supervised(tmp_path))
    assert notes.read_text().split() == ["quick", "slow", "server"]


def test_a_process_that_ignores_the_request_is_killed_after_its_time(supervise: Supervise, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    supervisor = supervise(stop_timeout_s=1, all=[("stuck", NOTE_THE_STOP, str(notes), "stuck", "600")])
    eventually((tmp_path / "notes.stuck").exists)
    supervisor.terminate()
    eventually(lambda: not find_supervised(tmp_path))
    assert not notes.exists()


def test_single_processes_are_stopped_and_started_while_the_others_run(supervise: Supervise, tmp_path: Path) -> None:
    layout = Layout(home=tmp_path, cache=tmp_path, port_base=free_port_base())
    layout.keys.mkdir()
    write_file(layout.keys / "supervisor.password", "x")
    write_file(layout.marker, json.dumps({"port_base": layout.port_base}))
    supervise(
        port=layout.port("supervisor"),
        servers=[("kafka", RUN)],
        services=[(name, SERVE, str(layout.port(name))) for name in ("audit-http", "audit-worker")],
    )
    eventually(lambda: len(find_supervised(tmp_path)) == 3)
    eventually(lambda: not find_unready(layout, ["audit-http", "audit-worker"]))

    def running() -> dict[str, int]:
        return {process.name: process.pid for process in list_running(layout) if process.pid}

    before = running()
    for _ in range(2):
        stack.stop(layout, ["audit-worker"])
        assert running() == {name: pid for name, pid in before.items() if name != "audit-worker"}
    with pytest.raises(Refused, match=r"no process 'audit-wroker'; there are: kafka, audit-http, audit-worker"):
        stack.start(layout, ["audit-wroker"])
    for _ in range(2):
        stack.start(layout, ["audit-worker", "kafka"])
        assert find_unready(layout, ["audit-worker"]) == []
        assert {name: pid for name, pid in running().items() if name != "audit-worker"}.items() <= before.items()


def test_no_process_of_a_stack_that_does_not_run_can_be_stopped(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not running"):
        stack.stop(Layout(home=tmp_path, cache=tmp_path, port_base=free_port_base()), ["audit-worker"])


async def test_a_killed_database_starts_again_once_its_last_backend_is_gone(tmp_path: Path) -> None:
    """A backend in the midst of computing outlives its killed parent for seconds, and no other may start before."""
    server = await asyncio.to_thread(start_postgres, tmp_path, free_ports(1)[0], cache=read_layout().cache)
    try:
        busy = await asyncpg.connect(server.url)
        backend = psutil.Process(await busy.fetchval("SELECT pg_backend_pid()"))
        query = asyncio.create_task(busy.execute("SELECT count(*) FROM generate_series(1, 30000000)"))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.kill)
        assert backend.is_running()

        await asyncio.to_thread(server.restart)

        assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE
        # It may have answered before it noticed.
        await asyncio.gather(query, return_exceptions=True)
        fresh = await asyncpg.connect(server.url)
        assert await fresh.fetchval("SELECT 1") == 1
        await fresh.close()
    finally:
        await asyncio.to_thread(server.stop)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root, and is not root")
@pytest.mark.parametrize("closed", [False, True])
def test_as_root_a_program_becomes_nobody_and_still_reaches_its_files(tmp_path: Path, *, closed: bool) -> None:
    """Below folders closed to others, the process keeps the one right to search them."""
    folder = Path("/var/tmp") / f"cets-test-{os.getpid()}"
    folder.mkdir(mode=0o700 if closed else 0o755)
    folder.chmod(0o700 if closed else 0o755)
    try:
        program = folder / "cat"
        shutil.copy("/bin/cat", program)
        shown = subprocess.run(
            [sys.executable, "-I", unprivileged.__file__, str(program), "/proc/self/status"],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=True,
        ).stdout
    finally:
        shutil.rmtree(folder)
    fields = {line.partition(":")[0]: line.split()[1:] for line in shown.splitlines()}
    assert set(fields["Uid"]) == {str(pwd.getpwnam(unprivileged.USER).pw_uid)}
    assert fields["Groups"] == []
    kept = int(fields["CapEff"][0], 16)
    assert kept.bit_count() == (1 if closed else 0)
    assert kept in ({1 << 1, 1 << 2} if closed else {0})
