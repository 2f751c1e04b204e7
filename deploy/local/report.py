"""What a person at the terminal sees: steps, how far they are, and why something cannot be done.

All of it goes to standard error, so that a command's result, which `show` prints, stays alone on standard output. On a
terminal a step is a spinner; elsewhere it is plain lines, a few seconds apart.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

PLAIN_INTERVAL_S = 5.0

_console = Console(stderr=True, highlight=False, soft_wrap=True)


class Refused(Exception):
    """The stack cannot do what was asked; the message is a sentence that says why and what helps."""


def say(sentence: str) -> None:
    """Print one line."""
    _console.print(sentence, markup=False)


def show(line: str) -> None:
    """Print a line of a result to standard output; that its reader has gone, as `head` does, is no failure."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        # What follows goes nowhere, and the interpreter does not complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def step(doing: str) -> Iterator[Callable[[str], None]]:
    """Show that something is going on; the yielded function tells how far it is.

    What it prints at the end names the time the step took; a step that raises prints only its beginning.
    """
    started = time.monotonic()
    if _console.is_terminal:
        with _console.status(doing) as status:
            yield lambda detail: status.update(f"{doing}: {detail}")
    else:
        say(f"{doing} ...")
        yield _every_few_seconds(doing)
    _console.print(f"{doing}: done in {time.monotonic() - started:.1f} s", markup=False)


def _every_few_seconds(doing: str) -> Callable[[str], None]:
    """Return a function that prints a detail unless one was printed just now."""
    last = time.monotonic()

    def tell(detail: str) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_INTERVAL_S:
            last = time.monotonic()
            say(f"  {doing}: {detail}")

    return tell
