"""How many cases the property tests look at: as many as `make test` has time for, or ten times as many."""

import os

IS_LONG = bool(os.environ.get("CETS_TEST_LONG"))
"""Set by `make test-long`."""
TIMES_LONG = 10


def deep(count: int) -> int:
    """Return how many cases to look at where `make test` looks at `count`."""
    return count * TIMES_LONG if IS_LONG else count
