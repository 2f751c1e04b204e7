"""PostgreSQL is restarted while what follows the log is filled in: it comes out as if it had not been."""

import asyncio
import shutil
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest

from deploy.local.layout import read_layout
from deploy.local.postgres import start_postgres
from deploy.local.processes import free_ports
from services.audit.app import SERVICE, read_staff_file
from services.audit.derived import run_derived
from services.audit.handlers.derived import Basis
from shared.db.pool import open_pool
from shared.events.envelope import encode
from tests.conftest import Kafka, Keys, settings_of
from tests.integration.audit.test_sensors import cut, some_abuse
from tests.integration.workers import READY_S, Place
from tests.servers import backend, make_database_with
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(backend() == "containers", reason="only processes of ours are restarted")

AT_ONCE = 160
TOPIC = attrgetter("topic")
SENSORS = {"no_reason", "enumeration", "bulk_view", "repeated", "own_reason"}
"""All but the one that needs to know who the users are."""


async def test_what_follows_the_log_is_whole_after_postgres_was_restarted_again_and_again(
    kafka: Kafka, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order and by SIGKILL, in turn, whatever the follower and the judges are at."""
    server = await asyncio.to_thread(start_postgres, tmp_path, free_ports(1)[0], cache=read_layout().cache)
    try:
        database = await make_database_with(server.url, "restarted", services=["audit"])
        events = some_abuse()
        with Place("audit", database, kafka, keys, tmp_path).worker() as worker:
            await eventually(worker.is_ready, timeout_s=READY_S)
            for number, part in enumerate(cut(events, AT_ONCE)):
                for topic, sent in groupby(sorted(part, key=TOPIC), key=TOPIC):
                    await kafka.send(topic, *map(encode, sent), key=b"k")
                await asyncio.to_thread(server.restart, immediate=number % 2 == 0)
            pool = await open_pool(database.url("audit"), size=2, name="test-restarted")
            await eventually(lambda: pool.fetchval("SELECT count(*) = $1 FROM event", len(events)), timeout_s=READY_S)
            await eventually(lambda: pool.fetchval("SELECT count(*) = 0 FROM due"), timeout_s=READY_S)
            assert worker.process.poll() is None
            assert await pool.fetchval("SELECT count(*) FROM anomaly") == 0
            found = {row["sensor"] for row in await pool.fetch("SELECT DISTINCT sensor FROM flag")}
            await pool.close()
        assert found == SENSORS
        settings = settings_of(SERVICE, database, keys)
        lookups, staff = read_staff_file(settings)
        code = await run_derived(database.superuser_url, Basis({}, lookups, staff), SERVICE.migrations)
        assert code == 0, capsys.readouterr().out
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(tmp_path / "postgres", ignore_errors=True)
