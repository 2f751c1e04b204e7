"""Brings one stack up and takes it down: servers, roles and topics, migrations, services, in this order.

Its processes belong to a supervisor (`supervise`) that outlives the command. A lock on the home folder keeps two
commands from working on one stack at once.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGINT, SIGTERM

from deploy.local import processes, ready, supervise
from deploy.local.kafka import kafka_command
from deploy.local.keys import keep_secret, superuser_database_url, write_settings
from deploy.local.layout import CHECKOUT, KINDS, PORT_OFFSETS, SERVICES, WITNESS, Layout, write_file
from deploy.local.postgres import postgres_command
from deploy.local.provision import migrate, provision
from deploy.local.report import Refused, say, show, step
from deploy.local.server import ServerCommand, base_environ

FREE_BYTES_MIN = 1_500_000_000
SUPERVISOR_TIMEOUT_S = 20.0
SERVICES_TIMEOUT_S = 90.0
SERVICE_STOP_TIMEOUT_S = 12
"""A service drains for 10 s at most; a little later it is killed."""
SERVER_STOP_TIMEOUT_S = 20
POLL_S = 0.05
STATE = ("env", "kafka", "keys", "logs", "postgres", "stack.json", "supervisor.pid", "supervisord.conf", "witness")
"""What `reset` removes."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where this stack's servers are, and how those are run that are its own."""

    postgres_url: str
    kafka_bootstrap: str
    own: Sequence[ServerCommand]


def up(layout: Layout) -> None:
    """Start what is not running and return when every process is ready.

    Raises:
        Refused: something is missing, taken, full, or not ready in time; what was started keeps running.
    """
    if _is_supervised(layout) and layout != layout.as_remembered():
        raise Refused(f"The stack in {layout.home} runs on other ports; stop it first, with make down.")
    layout.prepare()
    with exclusively(layout):
        if _is_supervised(layout) and layout.stack_file.is_file() and not ready.find_unready(layout):
            say("The stack is already running.")
        else:
            _start(layout)
        for service in SERVICES:
            show(f"  {service:<9} {layout.url(service)}")
        show(f"State and logs are in {layout.home}; addresses for programs in {layout.stack_file}.")
        show("A token: make -s token AS=ceiu.analyst    What runs: make status    Stop: make down")


def down(layout: Layout) -> None:
    """Stop everything this stack started, services before servers; also when its supervisor was killed."""
    if not layout.marker.is_file():
        say(f"There is no stack in {layout.home}.")
        return
    with exclusively(layout):
        _stop(layout)


def stop(layout: Layout, names: Sequence[str]) -> None:
    """Stop some of the stack's processes until `start` or `up` is asked for; the others run on.

    Raises:
        Refused: the stack is not running, or has no such process.
    """
    with _some_of(layout, names) as (remembered, found), step(f"Stopping {', '.join(names)}"):
        for process in found:
            if process.state != "stopped":
                ready.ask_supervisor(remembered, "stopProcess", _program(process))


def start(layout: Layout, names: Sequence[str]) -> None:
    """Start those of the stack's processes that were stopped, and return when they are ready.

    Raises:
        Refused: the stack is not running, has no such process, or one is not ready in time.
    """
    with _some_of(layout, names) as (remembered, found), step(f"Starting {', '.join(names)}") as tell:
        for process in found:
            if process.state == "stopped":
                ready.ask_supervisor(remembered, "startProcess", _program(process), False)
        services = [name for name in names if name in ready.NAMES]
        ready.wait(remembered, tell, services, timeout_s=SERVICES_TIMEOUT_S)


def reset(layout: Layout) -> None:
    """Stop the stack and remove its state: data, keys, settings and logs.

    Raises:
        Refused: the folder is not a stack's.
    """
    if not layout.home.exists():
        say(f"There is nothing in {layout.home}.")
        return
    if not layout.marker.is_file():
        raise Refused(f"{layout.home} is not a stack's folder; nothing was removed.")
    with exclusively(layout):
        _stop(layout)
        for path in (layout.home / name for name in STATE):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        layout.marker.unlink()
        # A file of somebody else's keeps the folder.
        if not any(layout.home.iterdir()):
            layout.home.rmdir()
    say(f"The stack's state in {layout.home} is gone.")


@contextmanager
def exclusively(layout: Layout) -> Iterator[None]:
    """Wait until no other command works on this stack, and keep others out."""
    folder = os.open(layout.home, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is working on this stack; waiting for it.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def _some_of(layout: Layout, names: Sequence[str]) -> Iterator[tuple[Layout, Sequence[ready.Running]]]:
    """Keep other commands out, and give the layout as it runs, and its processes of these names."""
    if not _is_supervised(layout):
        raise Refused(f"The stack in {layout.home} is not running; make up starts it.")
    layout = layout.as_remembered()
    with exclusively(layout):
        known = {process.name: process for process in ready.list_running(layout)}
        if unknown := [name for name in names if name not in known]:
            raise Refused(f"The stack has no process {unknown[0]!r}; there are: {', '.join(known)}.")
        yield layout, [known[name] for name in dict.fromkeys(names)]


def _program(process: ready.Running) -> str:
    """Return what the supervisor calls a process."""
    return f"{process.group}:{process.name}"


def _start(layout: Layout) -> None:
    _check_space(layout)
    servers = _prepare_servers(layout)
    write_settings(layout, postgres_url=servers.postgres_url, kafka_bootstrap=servers.kafka_bootstrap)
    if not _is_supervised(layout):
        _stop_leftovers(layout)
        _refuse_taken_ports(layout, servers)
        _start_supervisor(layout, servers)
    with step("Starting PostgreSQL and Kafka"):
        provision(layout, postgres_url=servers.postgres_url, kafka_bootstrap=servers.kafka_bootstrap)
    with step("Migrating the schemas"):
        migrate(_environ(layout))
    with step("Starting the services") as tell:
        supervise.connect(layout.port("supervisor"), _supervisor_password(layout)).startProcessGroup("services", False)
        ready.wait(layout, tell, timeout_s=SERVICES_TIMEOUT_S)
    write_file(layout.stack_file, json.dumps(_addresses(layout, servers), indent=2) + "\n")


def _stop(layout: Layout) -> None:
    supervisor = processes.find_supervisor(layout.supervisor_config)
    if supervisor or processes.find_supervised(layout.home):
        with step("Stopping the stack"):
            if supervisor:
                limit_s = SERVICE_STOP_TIMEOUT_S + SERVER_STOP_TIMEOUT_S + 10
                processes.stop_all([supervisor], SIGTERM, timeout_s=limit_s)
            _stop_leftovers(layout)
    else:
        say("The stack is not running.")
    layout.stack_file.unlink(missing_ok=True)


def _stop_leftovers(layout: Layout) -> None:
    """Stop what a killed supervisor left running."""
    left = processes.find_supervised(layout.home)
    services = [process for process in left if processes.is_service(process)]
    processes.stop_all(services, SIGTERM, timeout_s=SERVICE_STOP_TIMEOUT_S)
    # SIGINT is PostgreSQL's fast shutdown, and the same as SIGTERM to Kafka.
    processes.stop_all(
        [process for process in left if process not in services], SIGINT, timeout_s=SERVER_STOP_TIMEOUT_S
    )


def _is_supervised(layout: Layout) -> bool:
    return processes.find_supervisor(layout.supervisor_config) is not None


def _check_space(layout: Layout) -> None:
    free = shutil.disk_usage(layout.home).free
    if free < FREE_BYTES_MIN:
        raise Refused(
            f"{layout.home} has {free / 1e9:.1f} GB of free disk and the stack needs {FREE_BYTES_MIN / 1e9};"
            " make room, or set CETS_HOME to another folder."
        )


def _prepare_servers(layout: Layout) -> Servers:
    """Install and prepare the servers that are not given by address."""
    own = []
    postgres_url, kafka_bootstrap = layout.postgres_url, layout.kafka_bootstrap
    if not postgres_url:
        own.append(postgres_command(layout.home, layout.port("postgres"), cache=layout.cache))
        postgres_url = own[-1].url
    if not kafka_bootstrap:
        ports = layout.port("kafka"), layout.port("kafka-controller")
        own.append(kafka_command(layout.home, *ports, cache=layout.cache))
        kafka_bootstrap = own[-1].url
    return Servers(postgres_url, kafka_bootstrap, own)


def _refuse_taken_ports(layout: Layout, servers: Servers) -> None:
    needed = {"supervisor", *SERVICES, *(server.name for server in servers.own)}
    for name in PORT_OFFSETS:
        if name.partition("-")[0] in needed:
            processes.refuse_taken_port(layout.port(name), name)


def _start_supervisor(layout: Layout, servers: Servers) -> None:
    groups = {"servers": [_server_program(server) for server in servers.own], "services": _service_programs()}
    config = supervise.config_text(
        {name: programs for name, programs in groups.items() if programs},
        folder=layout.home,
        port=layout.port("supervisor"),
        password=_supervisor_password(layout),
    )
    write_file(layout.supervisor_config, config)
    output = layout.logs / "supervisor.start.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local.supervise", str(layout.supervisor_config)],
            cwd=CHECKOUT,
            env=_environ(layout),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + SUPERVISOR_TIMEOUT_S
    while not processes.is_listening(layout.port("supervisor")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise Refused(f"The supervisor did not start:\n{output.read_text(errors='replace')}")
        time.sleep(POLL_S)


def _supervisor_password(layout: Layout) -> str:
    return keep_secret(layout.keys / "supervisor.password")


def _server_program(server: ServerCommand) -> supervise.Program:
    return supervise.Program(
        name=server.name,
        words=server.words,
        folder=server.folder,
        autostart=True,
        stop_signal=server.stop_signal,
        stop_timeout_s=SERVER_STOP_TIMEOUT_S,
    )


def _service_programs() -> list[supervise.Program]:
    commands = {f"{service}-{kind}": [f"services.{service}", kind] for service in SERVICES for kind in KINDS}
    return [
        supervise.Program(
            name=name,
            words=[sys.executable, "-m", *words],
            folder=CHECKOUT,
            # Only once the schemas are migrated.
            autostart=False,
            stop_signal=SIGTERM,
            stop_timeout_s=SERVICE_STOP_TIMEOUT_S,
        )
        for name, words in {**commands, WITNESS: ["services.audit.witness"]}.items()
    ]


def _environ(layout: Layout) -> dict[str, str]:
    """Return the environment of the stack's processes: its home, and settings given for single services."""
    prefixes = tuple(f"{service.upper()}_" for service in (*SERVICES, "witness"))
    settings = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
    return {**base_environ(), **settings, "CETS_HOME": str(layout.home), "PYTHONUNBUFFERED": "1"}


def _addresses(layout: Layout, servers: Servers) -> dict[str, object]:
    return {
        **{service: layout.url(service) for service in SERVICES},
        "kafka": servers.kafka_bootstrap,
        "postgres": superuser_database_url(servers.postgres_url),
        "workers": {service: layout.url(service, "worker") for service in SERVICES},
    }
