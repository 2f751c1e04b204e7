"""Makes `.venv` from `requirements-dev.txt`, with nothing but the standard library.

Run by `make` before anything else, as `python -I deploy/local/bootstrap.py`; when `.venv` already fits the lock it
only looks and returns. A stamp inside `.venv` says what it was made from and is written last, so that one whose
making was cut short is made anew. Progress goes to standard error.
"""

import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
LOCK = CHECKOUT / "requirements-dev.txt"
STAMP = VENV / "made-from"
FREE_BYTES_MIN = 1_500_000_000
TAIL_LINES = 15


class Refused(Exception):
    """`.venv` cannot be made; the message is for the person at the terminal."""


def main() -> int:
    """Make `.venv` unless it is there and current; return the exit status."""
    try:
        if not is_current():
            check_machine()
            with one_at_a_time():
                if not is_current():
                    make_venv()
    except Refused as refusal:
        say(f"CETS cannot be set up here: {refusal}")
        return 1
    except PermissionError as error:
        say(f"CETS cannot be set up here: no permission to write {error.filename}; who owns this checkout?")
        return 1
    except KeyboardInterrupt:
        say("Interrupted; the next `make` begins the set-up anew.")
        return 130
    return 0


def fingerprint() -> str:
    """Return what `.venv` depends on: the lock, the folder, which its scripts name, and the Python it runs on."""
    parts = (LOCK.read_bytes(), os.fsencode(VENV), os.fsencode(os.path.realpath(VENV / "bin" / "python")))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_current() -> bool:
    """Return whether `.venv` was wholly made from the lock as it is now."""
    return os.access(VENV / "bin" / "python", os.X_OK) and STAMP.is_file() and STAMP.read_text() == fingerprint()


def check_machine() -> None:
    """Raise `Refused` when the local stack cannot run on this machine, or `.venv` is not this checkout's own."""
    if VENV.is_symlink():
        # To make it anew would empty the folder behind the link, which may be another checkout's.
        raise Refused(f"{VENV} is a link; remove it, and the next `make` makes one for this checkout.")
    machine = f"{platform.system()} {platform.machine()}"
    if machine not in {"Linux x86_64", "Linux AMD64"}:
        raise Refused(f"the local stack runs on x86-64 Linux, and this is {machine}.")
    if platform.libc_ver()[0] != "glibc":
        raise Refused("the local stack needs a Linux with glibc; this one (Alpine?) has another C library.")
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Refused(
            f"{sys.executable} cannot make virtual environments; install its `venv` part"
            f" (Debian and Ubuntu: apt install python{version}-venv)."
        )
    free = shutil.disk_usage(CHECKOUT).free
    if free < FREE_BYTES_MIN:
        raise Refused(f"{CHECKOUT} has {free / 1e9:.1f} GB of free disk; the set-up needs {FREE_BYTES_MIN / 1e9} GB.")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process at a time make `.venv`; the others wait and then find it made."""
    with LOCK.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another make is setting up .venv; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv() -> None:
    """Make `.venv` from nothing and install what the lock names, each file checked against its hash."""
    say(f"Setting up .venv with Python {platform.python_version()} (once; about half a minute).")
    STAMP.unlink(missing_ok=True)
    # Called from an activated .venv, the Python beneath it makes the new one.
    python = getattr(sys, "_base_executable", sys.executable)
    run([python, "-m", "venv", "--clear", str(VENV)])
    options = ["--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    wanted = sum("==" in line and not line[0].isspace() for line in LOCK.read_text().splitlines())
    run([str(VENV / "bin" / "python"), "-m", "pip", "install", *options, "-r", str(LOCK)], wanted=wanted)
    STAMP.write_text(fingerprint())
    say("The Python side is set up.")


def run(command: list[str], *, wanted: int = 0) -> None:
    """Run a command, count the packages it collects up to `wanted`, and keep its last lines for an error."""
    tail: list[str] = []
    collected = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            tail = [*tail, line.rstrip()][-TAIL_LINES:]
            if line.startswith("Collecting "):
                collected += 1
                show_count(collected, wanted, line.split()[1].partition("=")[0])
            elif line.startswith("Installing collected"):
                print(file=sys.stderr, end="\n" if sys.stderr.isatty() else "")
                say(f"  unpacking {collected} packages")
    if process.returncode:
        print(*tail, sep="\n", file=sys.stderr)
        raise Refused(explain(" ".join(tail)))


def show_count(count: int, wanted: int, name: str) -> None:
    """Show how far the download is: in place on a terminal, every tenth package elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K  package {count} of about {wanted}: {name}", end="", file=sys.stderr, flush=True)
    elif count % 10 == 0:
        say(f"  package {count} of about {wanted}: {name}")


def explain(output: str) -> str:
    """Return one sentence on why the installation failed, from what it said last."""
    if "No space left" in output:
        return "the disk is full."
    if "DO NOT MATCH THE HASHES" in output:
        return "a downloaded package is not the one the lock names (see above); it was not installed."
    if any(sign in output for sign in ("NewConnectionError", "Could not find a version", "timed out", "resolve")):
        return "Python packages could not be downloaded (see above); is this machine online, or pip's index set?"
    return "installing the Python packages failed (see above)."


def say(sentence: str) -> None:
    """Print a sentence to standard error, at once."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
