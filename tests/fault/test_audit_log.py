"""The audit log when its writer, its signer, its witness and its database are killed again and again.

Records of every kind come without end. The victim is killed when the database shows it in the middle of its work. Then,
and every 25 kills, everything is let in and compared with Kafka itself: no record lost, none twice, each byte the same,
and all that was ever signed, here, by the witness or kept outside, is of one history.
"""

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.conftest import Keys
from tests.depth import IS_LONG
from tests.fault.audit_check import Claims, Referee, add_witnessed, drained, notes_of
from tests.fault.audit_harm import Harm, Scale
from tests.fault.audit_load import LOGGED, AuditLoad
from tests.fault.audit_stack import AuditStack, Eyes, running_audit
from tests.servers import backend

DEFAULT_SEED = 1
SCALE = Scale(writer=300, postgres=25) if IS_LONG else Scale(writer=8, postgres=1)
PIN_GAP_S = (0.2, 4.0)

pytestmark = pytest.mark.skipif(backend() == "containers", reason="only processes of ours are killed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("seed", metafunc.config.getoption("--seed") or [DEFAULT_SEED])


@pytest.mark.timeout(1_800 if IS_LONG else 300)
async def test_the_log_is_what_kafka_has_whatever_dies(
    seed: int, tmp_path: Path, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    async with running_audit(tmp_path, keys) as stack:
        claims = Claims(stack.log_key)
        load = AuditLoad(stack.bootstrap, seed)
        pins = _Pins(stack, tmp_path / "pins", claims, seed)
        harm = Harm(stack, SCALE, seed, pins.keep)
        await stack.wait_for_witness()
        referee = Referee(stack, claims)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run())
            pinning = tasks.create_task(pins.run())
            async for is_time in harm.steps():
                if is_time:
                    await load.pause()
                    await _check(stack, referee, pins.files)
                    load.go_on()
            pinning.cancel()
            load.stop()
        # At the end everything is read once more from its beginning.
        last = Referee(stack, claims)
        await _check(stack, last, pins.files)
    assert last.count({topic.name for topic in LOGGED}) == load.sent
    with capsys.disabled():
        print(f"\nseed {seed}: {_summary(harm, last, len(pins.files))}, {time.monotonic() - started:.0f} s")
    assert harm.batches["aborted"], "no kill hit a batch in its middle"


class _Pins:
    """Keeps checkpoints outside at random moments, the witness's too."""

    def __init__(self, stack: AuditStack, folder: Path, claims: Claims, seed: int) -> None:
        self.files: list[Path] = []
        self._stack = stack
        self._folder = folder
        self._claims = claims
        self._chance = random.Random(f"pins {seed}")
        folder.mkdir()

    async def run(self) -> None:
        """Keep some until cancelled."""
        eyes = Eyes(self._stack.database.superuser_url)
        try:
            while True:
                await asyncio.sleep(self._chance.uniform(*PIN_GAP_S))
                await self.keep(eyes)
        finally:
            await eyes.close()

    async def keep(self, eyes: Eyes) -> None:
        """Keep what is signed now, if anything is."""
        if notes := await notes_of(eyes):
            file = self._folder / f"pin-{len(self.files)}"
            self.files.append(file)
            file.write_text("".join(notes), encoding="utf-8")
            for note in notes:
                self._claims.add(note, file.name)
        add_witnessed(self._stack.witness_file, self._claims)


async def _check(stack: AuditStack, referee: Referee, pins: list[Path]) -> None:
    await drained(stack)
    await referee.check()
    code, said = await stack.verify(pins)
    assert referee.wrong == []
    assert code == 0, said
    assert "Kafka has 0 records more" in said


def _summary(harm: Harm, referee: Referee, pin_count: int) -> str:
    done, became = harm.done, harm.batches
    return (
        f"{done['batch'] + done['frozen']} kills of the writer in a batch ({done['frozen']} beside its successor; "
        f"{became['aborted']} batches taken back, {became['committed']} just committed), {done['signing']} while it "
        f"signed, {done['following']} while it followed, {done['witness']} of the witness, "
        f"{done['postgres']} of PostgreSQL; "
        f"{referee.kinds.total():,} records ({', '.join(f'{n:,} {kind}' for kind, n in referee.kinds.items())}) in "
        f"{referee.log_count} logs, {referee.checkpoint_count:,} checkpoints, {pin_count} pins"
    )
