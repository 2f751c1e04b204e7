"""PostgreSQL as an ordinary process: installed from the cache, its cluster made once, its settings written anew.

Roles and schemas are `deploy.postgres`'s matter.
"""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT

from deploy.local.fetch import postgres_binaries
from deploy.local.keys import keep_secret
from deploy.local.layout import write_file
from deploy.local.processes import refuse_taken_port
from deploy.local.report import Refused
from deploy.local.server import Server, ServerCommand, base_environ
from deploy.local.unprivileged import USER

SUPERUSER = "postgres"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a path under CETS_HOME may be too long for a socket
    "max_connections": "200",
    "shared_buffers": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    # After a checkpoint each page is written to the log whole when it first changes. With PostgreSQL's 1 GB there is a
    # checkpoint every minute while hundreds of tips a second come in, and whoever commits waits for all those pages.
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # Before recovery, one call for the disk instead of one for each of a thousand files: seconds less.
    "recovery_init_sync_method": "syncfs",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A refused row's values or a failing statement may be personal data: they go to the client, not into a log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
READY_LINE = 7
"""The line of postmaster.pid, from 0, that says `ready` once connections are accepted; line 0 is the process id."""
INITDB_TIMEOUT_S = 120
_LAUNCHER = str(Path(__file__).with_name("unprivileged.py"))


def start_postgres(
    home: Path, port: int, *, cache: Path, settings: Mapping[str, str] | None = None, timeout_s: float = 60.0
) -> Server:
    """Start a PostgreSQL of its own under `home` and return it once it accepts connections.

    `.url` is the superuser's, at database `postgres`. `settings` go on top of `SETTINGS`.

    Raises:
        Refused: it cannot be installed or does not start; the message ends with its log's last lines.
    """
    refuse_taken_port(port, "postgres")
    server = Server(postgres_command(home, port, cache=cache, settings=settings), home / "postgres.log")
    server.start(timeout_s=timeout_s)
    return server


def postgres_command(home: Path, port: int, *, cache: Path, settings: Mapping[str, str] | None = None) -> ServerCommand:
    """Prepare a cluster under `home / "postgres"` and return how to run it; an existing one keeps its data.

    The superuser's password is made with the cluster and kept in `home / "keys"`.
    """
    password = keep_secret(home / "keys" / "postgres.password")
    binaries = postgres_binaries(cache)
    folder = home / "postgres"
    data = folder / "data"
    _make_private(folder)
    if not (data / "PG_VERSION").is_file():
        _make_cluster(binaries, folder, password)
    lines = [f"{name} = '{value}'\n" for name, value in {**SETTINGS, "port": str(port), **(settings or {})}.items()]
    write_file(data / "postgresql.conf", "".join(lines), mode=0o644)
    return ServerCommand(
        name="postgres",
        words=[*_launcher(), str(binaries / "bin" / "postgres"), "-D", str(data)],
        folder=home,
        url=f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres",
        stop_signal=SIGINT,
        is_ready=lambda pid: _is_ready(data, pid),
    )


def _launcher() -> list[str]:
    """Return what goes before a command so that it does not run as root; nothing for other users."""
    return [sys.executable, "-I", _LAUNCHER] if os.geteuid() == 0 else []


def _make_private(folder: Path) -> None:
    """Make a folder that only PostgreSQL's user may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam(USER)
        except KeyError as error:
            raise Refused(f"PostgreSQL does not run as root, and there is no user {USER!r} to run it as.") from error
        os.chown(folder, user.pw_uid, user.pw_gid)


def _make_cluster(binaries: Path, folder: Path, password: str) -> None:
    """Make a cluster in a draft folder and put that in its place, so that a half-made one is never started."""
    draft, password_file = folder / "data.draft", folder / "password"
    for leftover in (draft, folder / "data"):
        shutil.rmtree(leftover, ignore_errors=True)
    _make_private(draft)
    write_file(password_file, password)
    if os.geteuid() == 0:
        os.chown(password_file, draft.stat().st_uid, draft.stat().st_gid)
    command = [
        *_launcher(),
        str(binaries / "bin" / "initdb"),
        *("-D", str(draft), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}"),
        # The builtin provider sorts and folds alike on every machine, whatever locales are installed.
        "--sync-method=syncfs",
        *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
    ]
    try:
        result = subprocess.run(
            command,
            env=base_environ(),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INITDB_TIMEOUT_S,
            check=False,
        )
    finally:
        password_file.unlink()
    if result.returncode:
        raise Refused(f"PostgreSQL's cluster could not be made:\n{result.stdout[-1000:]}{result.stderr[-1000:]}")
    draft.rename(folder / "data")


def _is_ready(data: Path, pid: int) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > READY_LINE and lines[0] == str(pid) and lines[READY_LINE].strip() == "ready"
