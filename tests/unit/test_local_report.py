"""What a command prints, to a reader who stays and to one who leaves."""

import os
import subprocess
import sys

from deploy.local.layout import CHECKOUT

PRINTS_TWICE = "from deploy.local.report import show; show('first'); show('second')"


def _run(reader: int) -> tuple[int, str]:
    command = [sys.executable, "-c", PRINTS_TWICE]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=reader, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def test_a_result_goes_to_standard_output_line_by_line() -> None:
    reading, writing = os.pipe()
    assert _run(writing) == (0, "")
    os.close(writing)
    with os.fdopen(reading) as output:
        assert output.read() == "first\nsecond\n"


def test_a_reader_that_has_gone_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert _run(writing) == (0, "")
    os.close(writing)
