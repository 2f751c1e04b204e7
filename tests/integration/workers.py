"""A service's worker as a process of its own: started for a test, asked for its pages, killed or drained."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import Kafka, Keys
from tests.servers import CHECKOUT, Database, free_port

READY_S = 30.0
DRAIN_S = 10.0


@dataclass
class Worker:
    """A running `python -m services.<service> worker`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    keys: Keys

    async def is_ready(self) -> bool:
        """Whether `/readyz` says so; an ended process fails the test at once."""
        assert self.process.poll() is None, self.log.read_text()
        return await self.status("/readyz") == 200

    async def status(self, path: str, token: str | None = None) -> int:
        """Return a page's status, or 0 while nobody listens."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(timeout=5) as client:
            try:
                return (await client.get(self.url + path, headers=headers)).status_code
            except httpx.TransportError:
                return 0

    async def measure(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over the series with these labels, as the worker itself shows it."""
        headers = {"Authorization": f"Bearer {self.keys.token('system.admin')}"}
        async with httpx.AsyncClient(timeout=5) as client:
            text = (await client.get(f"{self.url}/metrics", headers=headers)).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        series = re.findall(rf"^{name}\{{(.*)\}} (.+)$", text, re.MULTILINE)
        return sum(float(value) for given, value in series if all(label in given for label in wanted))

    async def ended(self, *, within_s: float) -> int:
        """Return the exit code."""
        return await asyncio.to_thread(self.process.wait, within_s)


@dataclass(frozen=True)
class Place:
    """What a service's workers of this test need: their database, topics, keys, and a folder."""

    service: str
    database: Database
    kafka: Kafka
    keys: Keys
    folder: Path

    def worker(self, *, database_url: str = "", **settings: object) -> AbstractContextManager[Worker]:
        """Start a worker; whatever became of it, it is gone afterwards."""
        return self._run("worker", database_url, settings)

    def http(self, **settings: object) -> AbstractContextManager[Worker]:
        """Start what serves HTTP, likewise."""
        return self._run("http", "", settings)

    @contextmanager
    def _run(self, command: str, database_url: str, settings: Mapping[str, object]) -> Iterator[Worker]:
        port = free_port()
        values = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": database_url or self.database.url(self.service),
            "KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "KAFKA_TOPIC_PREFIX": self.kafka.prefix,
            "TOKEN_PUBLIC_KEY_FILE": self.keys.public_file,
            "PRODUCER_KEY_FILE": self.keys.producer_file,
            f"{command}_PORT".upper(): port,
            **{name.upper(): value for name, value in settings.items()},
        }
        environ = {**os.environ, "CETS_HOME": str(self.folder / "no-home")}
        environ |= {f"{self.service.upper()}_{name}": str(value) for name, value in values.items()}
        log = self.folder / f"{command}-{port}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{self.service}", command],
                cwd=CHECKOUT,
                env=environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            try:
                yield Worker(process, f"http://127.0.0.1:{port}", log, self.keys)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(DRAIN_S)
