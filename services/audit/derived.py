"""The command `verify --derived`: whether what auditors are shown follows from the log.

The verifier proper trusts nobody, and so cannot know what events mean. This one trusts the code of this project, and
that the log is intact: verify that first.
"""

import re
from pathlib import Path

import asyncpg

from services.audit.handlers.derived import Basis, Compared, Schema, compare
from services.audit.store.derived import begin, count_followed
from services.audit.verifier.report import FINDINGS_SHOWN_MAX, INCOMPLETE, INTACT, TAMPERED, Progress, say_line
from shared.clock import SystemClock
from shared.db.migrate import list_migrations
from shared.db.pool import TRANSIENT
from shared.errors import CetsError

UNREADABLE = (ValueError, LookupError, AssertionError, CetsError)
"""What may be raised by an entry that was touched: what our own writer keeps can be read."""
FUNCTION = re.compile(r"^CREATE (?:OR REPLACE )?FUNCTION (\w+)", re.MULTILINE)
VIEW = re.compile(r"^CREATE (?:OR REPLACE )?VIEW (\w+) AS\n(.*?);\n", re.MULTILINE | re.DOTALL)


async def run_derived(url: str, basis: Basis, migrations: Path) -> int:
    """Compare, say what was found, and return the exit code: 0 the same, 1 different, 2 not followed so far."""
    progress = Progress(0, "followed anew")
    try:
        async with begin(url) as transaction:
            progress.total = await count_followed(transaction)
            schema = read_schema(migrations)
            compared = await compare(transaction, basis, schema, clock=SystemClock(), advance=progress.advance)
    except (*TRANSIENT, asyncpg.PostgresError) as error:
        say_line(f"incomplete: it could not be derived to the end ({type(error).__name__}); nothing is said about it")
        return INCOMPLETE
    except UNREADABLE as error:
        say_line(f"incomplete: the log holds what cannot be followed ({type(error).__name__}): verify the log first")
        return INCOMPLETE
    return _say(compared)


def read_schema(migrations: Path) -> Schema:
    """Return the views and functions of audit's schema, as the release makes them."""
    texts = [migration.sql for migration in list_migrations("audit", migrations)]
    views = {name: query for text in texts for name, query in VIEW.findall(text)}
    return Schema(views, [name for text in texts for name in FUNCTION.findall(text)])


def _say(compared: Compared) -> int:
    is_different = any(finding.is_tampered for finding in compared.findings)
    code = TAMPERED if is_different else INCOMPLETE if compared.findings else INTACT
    count = f"{compared.entry_count:,} entries"
    say_line(
        {
            INTACT: f"the same: what is stored is what follows from the {count} that were followed.",
            TAMPERED: f"different: what is stored is not what follows from the {count} that were followed.",
            INCOMPLETE: f"incomplete: of the {count} that were followed nothing is different, but not all is certain.",
        }[code]
    )
    for finding in compared.findings[:FINDINGS_SHOWN_MAX]:
        say_line(f"  {finding}")
    if compared.waiting_count:
        say_line(f"{compared.waiting_count:,} entries more are not followed yet.")
    for sentence in compared.unseen:
        say_line(sentence)
    say_line("This trusts the code of this release, and that the log is intact: `verify` without --derived tells.")
    return code
