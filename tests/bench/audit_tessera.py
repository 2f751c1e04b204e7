"""Tessera beside our log: the same number of entries of 600 bytes, on its POSIX storage, in one process.

It keeps no order of Kafka's, no rows and no search, and needs no database; what it is held against is how fast a tree
can grow here. `tests/bench/tessera` is its program; its module comes through Go's own client, its hashes in `go.sum`.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.local.report import say, step
from tests.bench.figures import Figure

PROGRAM = Path(__file__).with_name("tessera")
GO_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/go/bin"))
SIZE_BYTES = 600
BATCHES = (256, 5_000)
"""Entries integrated together: its default, and what suits a stream."""
ROUNDS = 3
TIMEOUT_S = 300


def tessera_figures(entries: int) -> Sequence[Figure]:
    """Return how many entries a second Tessera publishes; none, and a sentence, where it cannot be built."""
    go = shutil.which("go", path=GO_PLACES)
    if go is None:
        say("Tessera is not measured: there is no Go here.")
        return []
    with tempfile.TemporaryDirectory(prefix="cets-bench-") as folder:
        binary = Path(folder) / "tessera"
        with step("Building Tessera"):
            try:
                built = _run([go, "build", "-mod=readonly", "-o", str(binary), "."], cwd=PROGRAM)
            except subprocess.TimeoutExpired:
                built = None
        if built is None or built.returncode:
            say("Tessera is not measured: its module cannot be built here (go build in tests/bench/tessera says why).")
            return []
        return [_figure(binary, Path(folder), entries, batch) for batch in BATCHES]


def _figure(binary: Path, folder: Path, entries: int, batch: int) -> Figure:
    rates = []
    with step(f"Tessera, {batch} at once"):
        for number in range(ROUNDS):
            log = folder / f"log-{batch}-{number}"
            words = [str(binary), "-folder", str(log), "-entries", str(entries), "-batch", str(batch)]
            done = _run([*words, "-size", str(SIZE_BYTES)], cwd=folder)
            if done.returncode:
                raise RuntimeError(f"Tessera failed: {done.stderr[-500:]}")
            rates.append(float(done.stdout))
            shutil.rmtree(log)
    note = f"{entries:,} entries of {SIZE_BYTES} B, median of {ROUNDS}"
    return Figure(f"Tessera 1.0.4 (POSIX), published, {batch} at once", statistics.median(rates), "/s", note=note)


def _run(words: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
