"""A stack of its own for a fault run: a home, ports, tokens, and the process ids to aim at."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from deploy.local.layout import CHECKOUT
from deploy.local.processes import find_supervised
from shared.security import issue_token

PORTS = 100
COMMAND_TIMEOUT_S = 240


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    home: Path
    port_base: int

    @cached_property
    def addresses(self) -> dict[str, Any]:
        """What `stack.json` says."""
        addresses: dict[str, Any] = json.loads((self.home / "stack.json").read_text())
        return addresses

    def token(self, account: str) -> str:
        """Return a token that outlives the run."""
        key = (self.home / "keys" / "token_private.pem").read_bytes()
        return issue_token(account, key, now=datetime.now(UTC), ttl_s=7_200)

    def find(self, name: str) -> psutil.Process | None:
        """Return the process `intake-worker`, `kafka` or `postgres`, or None while it is down."""
        for process in find_supervised(self.home):
            try:
                if _is(process, name):
                    return process
            except psutil.Error:
                continue
        return None

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the checkout for this stack."""
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=CHECKOUT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=check,
        )

    @property
    def environ(self) -> dict[str, str]:
        """The environment that means this stack."""
        return {**os.environ, "CETS_HOME": str(self.home), "CETS_PORT_BASE": str(self.port_base)}


@contextmanager
def running_stack(home: Path) -> Iterator[Stack]:
    """Start a stack, yield it, and take it down."""
    stack = Stack(home, free_port_base())
    try:
        started = stack.run("deploy.local", "up", check=False)
        if started.returncode:
            raise RuntimeError(f"the stack did not start:\n{started.stdout[-3000:]}\n{started.stderr[-3000:]}")
        yield stack
    finally:
        stack.run("deploy.local", "down", check=False)


def _is(process: psutil.Process, name: str) -> bool:
    words = process.cmdline()
    if name == "kafka":
        return "kafka.Kafka" in words
    if name == "postgres":
        return bool(words) and words[0].endswith("/postgres") and "-D" in words
    service, _, kind = name.partition("-")
    return f"services.{service}" in words and words[-1] == kind


def free_port_base() -> int:
    """Return a base above which a hundred ports are free, away from those that clients are given."""
    taken: set[int] = {connection.laddr.port for connection in psutil.net_connections("tcp") if connection.laddr}
    start = 20_000 + os.getpid() % 100 * PORTS
    for base in [*range(start, 32_000, PORTS), *range(20_000, start, PORTS)]:
        if not taken & set(range(base, base + PORTS)):
            return int(base)
    raise RuntimeError("no hundred free ports in a row")
