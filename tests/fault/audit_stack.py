"""Audit's worker and a witness as processes on a PostgreSQL and a Kafka of their own, all there to be killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.group import LeaveGroupRequest

from deploy.kafka.provision import provision as provision_topics
from deploy.local.layout import read_layout
from deploy.local.postgres import start_postgres
from deploy.local.server import EARLY_EXITS_S, Server
from deploy.signing_keys import WITNESS_NAME, keep_log_key, keep_witness_key
from services.audit.domain.note import VerifyingKey, read_vkey
from services.audit.verifier.kafka import read_ends
from shared.db.pool import TRANSIENT
from shared.events.topics import TOPICS, office_topics
from tests.conftest import Keys
from tests.servers import CHECKOUT, Database, free_port, kafka_server, make_database_with
from tests.waiting import eventually

GROUP = "audit"
OFFICE = "invented"
COMMAND_S, GONE_S, RESTARTED_S = 300.0, 10.0, 60.0
POSTGRES = {"shared_buffers": "128MB", "max_connections": "60"}
"""Smaller than the stack's; what a commit means is the same."""
LOG_TAIL_BYTES = 3_000


class Eyes:
    """Looks into the database as its superuser, on a connection that is made anew when the server was killed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    async def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """Return the rows; waits for a server that is being restarted."""

        async def attempt() -> list[list[Any]]:
            try:
                if self._connection is None:
                    self._connection = await asyncpg.connect(self._url, server_settings={"search_path": "audit"})
                return [await self._connection.fetch(statement, *arguments)]
            except TRANSIENT:
                await self.close()
                return []

        return (await eventually(attempt, timeout_s=RESTARTED_S))[0]

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


@dataclass
class Process:
    """A process that may be killed; nothing else may end it."""

    words: tuple[str, ...]
    log: Path
    running: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.running.kill()
        self.running.wait(GONE_S)

    def refuse_ended(self) -> None:
        """Fail when it ended, though nobody killed it."""
        code = self.running.poll()
        tail = self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        assert code in (None, -signal.SIGKILL), f"{' '.join(self.words)} ended by itself with {code}:\n{tail}"


@dataclass
class AuditStack:
    """What runs, and how to start, kill and ask it."""

    home: Path
    postgres: Server
    bootstrap: str
    database: Database
    keys: Keys
    log_key: VerifyingKey
    witness_key: VerifyingKey
    witness_port: int
    admin: AIOKafkaAdminClient
    eyes: Eyes
    started: list[Process] = field(default_factory=list)
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])

    @property
    def witness_file(self) -> Path:
        """Where the witness keeps what it signed."""
        return self.home / "witness" / "witnessed.sqlite"

    def start_worker(self, *, batch_records_max: int) -> Process:
        """Start a worker; of two at a time each has a port of its own."""
        self.ports.reverse()
        more = {"WORKER_PORT": self.ports[0], "BATCH_RECORDS_MAX": batch_records_max, "WORKER_NICENESS": 0}
        return self._start(("services.audit", "worker"), self._environ(more))

    def start_witness(self) -> Process:
        """Start the witness on what it kept."""
        values = {
            "NAME": WITNESS_NAME,
            "KEY_FILE": self.home / "witness.pem",
            "LOG_KEY": self.log_key.vkey(),
            "FOLDER": self.witness_file.parent,
            "HTTP_PORT": self.witness_port,
        }
        environ = {**os.environ, "CETS_HOME": str(self.home / "no-home")}
        environ |= {f"WITNESS_{name}": str(value) for name, value in values.items()}
        return self._start(("services.audit.witness",), environ)

    async def wait_for_witness(self) -> None:
        """Wait until the witness answers."""
        async with httpx.AsyncClient() as client:

            async def is_up() -> bool:
                with suppress(httpx.TransportError):
                    return (await client.get(f"{self.witness_url}/healthz")).is_success
                return False

            await eventually(is_up)

    @property
    def witness_url(self) -> str:
        return f"http://127.0.0.1:{self.witness_port}"

    async def verify(self, pins: Collection[Path]) -> tuple[int, str]:
        """Run `verify`, against Kafka too, with checkpoints kept outside; return its exit code and all that it said."""
        arguments = [word for pin in pins for word in ("--checkpoint", str(pin))]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.audit", "verify", "--against-kafka", *arguments),
            cwd=CHECKOUT,
            env=self._environ({}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), COMMAND_S)
        return process.returncode or 0, said.decode()

    async def crash_postgres(self) -> None:
        """Kill PostgreSQL, all of its processes, and start it again on the same files."""
        postmaster = psutil.Process(self.postgres.pid)
        # The postmaster first: it must not live to see that a child has died.
        victims = [postmaster, *postmaster.children(recursive=True)]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        await asyncio.to_thread(psutil.wait_procs, victims[1:], GONE_S)
        self.postgres.kill()
        await asyncio.to_thread(self.postgres.start, early_exits_s=EARLY_EXITS_S)

    async def members(self) -> set[str]:
        """Return the members that the broker counts to audit's group."""
        (answer,) = await self.admin.describe_consumer_groups([GROUP])
        return {member[0] for group in answer.groups for member in group[5]}

    async def expel(self, *, but: Collection[str] = ()) -> None:
        """Take members out of the group: the broker would wait for a dead one for six seconds, after each kill."""
        coordinator = await self.admin.find_coordinator(GROUP)
        for member in await self.members() - set(but):
            await self.admin._client.send(coordinator, LeaveGroupRequest(GROUP, member))

    async def ends(self) -> dict[tuple[str, int], int]:
        """Return the offset behind the last record of each partition on Kafka."""
        return await read_ends(self.bootstrap, prefix="", is_read=lambda topic: not topic.startswith("__"))

    def stop(self) -> None:
        """End every process that was started here and still runs."""
        for process in self.started:
            if process.running.poll() is None:
                process.kill()

    def _start(self, words: tuple[str, ...], environ: Mapping[str, str]) -> Process:
        log = self.home / f"{words[0]}.log"
        with log.open("ab") as out:
            running = subprocess.Popen(
                [sys.executable, "-m", *words], cwd=CHECKOUT, env=environ, stdout=out, stderr=subprocess.STDOUT
            )
        self.started.append(Process(words, log, running))
        return self.started[-1]

    def _environ(self, more: Mapping[str, object]) -> dict[str, str]:
        values = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": self.database.url("audit"),
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "TOKEN_PUBLIC_KEY_FILE": self.keys.public_file,
            "PRODUCER_KEY_FILE": self.keys.producer_file,
            "LOG_NAME": self.log_key.name,
            "CHECKPOINT_KEY_FILE": self.home / "log.pem",
            "WITNESS_URL": self.witness_url,
            "WITNESS_KEY": self.witness_key.vkey(),
            **more,
        }
        environ = {**os.environ, "CETS_HOME": str(self.home / "no-home")}
        return environ | {f"AUDIT_{name}": str(value) for name, value in values.items()}


@asynccontextmanager
async def running_audit(home: Path, keys: Keys) -> AsyncIterator[AuditStack]:
    """Start Kafka with every topic and PostgreSQL with audit's schema; neither worker nor witness runs yet."""
    async with AsyncExitStack() as stack:
        postgres = await asyncio.to_thread(
            start_postgres, home, free_port(), cache=read_layout().cache, settings=POSTGRES
        )
        stack.callback(postgres.stop)
        bootstrap = stack.enter_context(kafka_server(home))
        database = await make_database_with(postgres.url, "audit_crash", services=("audit",))
        await provision_topics(bootstrap, (*TOPICS, *office_topics([OFFICE])))
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        stack.push_async_callback(admin.close)
        eyes = Eyes(database.superuser_url)
        stack.push_async_callback(eyes.close)
        audit = AuditStack(
            home=home,
            postgres=postgres,
            bootstrap=bootstrap,
            database=database,
            keys=keys,
            log_key=read_vkey(keep_log_key(home / "log.pem", home / "log.vkey")),
            witness_key=read_vkey(keep_witness_key(home / "witness.pem", home / "witness.vkey")),
            witness_port=free_port(),
            admin=admin,
            eyes=eyes,
        )
        stack.callback(audit.stop)
        yield audit
