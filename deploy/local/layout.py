"""Where a local stack lives: its folder, its ports and its cache, as the environment says.

This is the one map of ports and files; `.env.example` documents the variables.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.report import Refused

CHECKOUT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "linker", "referral", "query", "audit")
KINDS = ("http", "worker")
WITNESS = "audit-witness"
"""The one process of the services that is neither: it knows nothing of the stack."""
DEFAULT_PORT_BASE = 17_700
PORTS_MAX = 100
MARKER = "cets-home.json"

_SINGLE_PORTS = {"kafka": 0, "kafka-controller": 1, "postgres": 2, "supervisor": 3, WITNESS: 4}
_HTTP_PORTS_FROM = 10
_WORKER_PORTS_FROM = 20

PORT_OFFSETS: Mapping[str, int] = {
    **_SINGLE_PORTS,
    **{f"{service}-http": _HTTP_PORTS_FROM + i for i, service in enumerate(SERVICES)},
    **{f"{service}-worker": _WORKER_PORTS_FROM + i for i, service in enumerate(SERVICES)},
}
"""What listens where, counted from the base: servers first, then answers from 10, then workers' health from 20."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One stack: `home` holds its state and nothing else does; `cache` holds downloads, shared by all stacks.

    `postgres_url` and `kafka_bootstrap` name servers that are used instead of own ones, or are empty.
    """

    home: Path
    cache: Path
    port_base: int
    postgres_url: str = ""
    kafka_bootstrap: str = ""

    @property
    def marker(self) -> Path:
        """The file that says a folder is a stack's home; it remembers the port base."""
        return self.home / MARKER

    @property
    def stack_file(self) -> Path:
        """Where everything is, for programs; there while the stack runs."""
        return self.home / "stack.json"

    @property
    def keys(self) -> Path:
        """Secrets."""
        return self.home / "keys"

    @property
    def env(self) -> Path:
        """One settings file per service."""
        return self.home / "env"

    @property
    def logs(self) -> Path:
        """One log per process, and its rotated older parts."""
        return self.home / "logs"

    @property
    def supervisor_config(self) -> Path:
        """What the supervisor runs."""
        return self.home / "supervisord.conf"

    def port(self, name: str) -> int:
        """Return the port of `kafka`, `intake-http`, … (a key of `PORT_OFFSETS`)."""
        return self.port_base + PORT_OFFSETS[name]

    def url(self, service: str, kind: str = "http") -> str:
        """Return the address of one service's process."""
        return f"http://127.0.0.1:{self.port(f'{service}-{kind}')}"

    def as_remembered(self) -> "Layout":
        """Return this layout with the ports that the home was last used with, whatever the environment says now."""
        return replace(self, port_base=int(_remembered_port_base(self.home)))

    def prepare(self) -> None:
        """Make the home's folders, private to their owner, and mark it as ours.

        Raises:
            Refused: the folder holds something else.
        """
        if self.home.is_dir() and not self.marker.is_file() and any(self.home.iterdir()):
            raise Refused(f"{self.home} is not empty and not a stack's folder; set CETS_HOME to another one.")
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        for folder in (self.keys, self.env, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_file(self.marker, json.dumps({"port_base": self.port_base}) + "\n", mode=0o644)


def read_layout(environ: Mapping[str, str] = os.environ) -> Layout:
    """Return the layout that the environment asks for; an existing home remembers its ports.

    Raises:
        Refused: a variable has a value that cannot be meant.
    """
    home = Path(os.path.abspath(environ.get("CETS_HOME") or CHECKOUT / ".run"))
    shared_cache = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Layout(
        home=home,
        cache=Path(os.path.abspath(environ.get("CETS_CACHE") or Path(shared_cache) / "cets")),
        port_base=_port_base(environ.get("CETS_PORT_BASE") or _remembered_port_base(home)),
        postgres_url=environ.get("CETS_POSTGRES_URL", ""),
        kafka_bootstrap=environ.get("CETS_KAFKA_BOOTSTRAP", ""),
    )


def write_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all, never readable by more people than `mode` says."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _remembered_port_base(home: Path) -> str:
    try:
        return str(json.loads((home / MARKER).read_text())["port_base"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(DEFAULT_PORT_BASE)


def _port_base(text: str) -> int:
    highest = 65_536 - PORTS_MAX
    if not (text.isascii() and text.isdigit() and 1_024 <= int(text) <= highest):
        raise Refused(f"CETS_PORT_BASE must be a number from 1024 to {highest}, not {text!r}.")
    return int(text)
