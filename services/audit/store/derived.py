"""All SQL that derives anew what follows the log, in tables of this session alone, and compares it with what is stored.

PostgreSQL looks for a table among those of the session first: so the statements that follow the log (`projection.py`,
`sensors.py`) fill in the derived ones once these are there, and nothing that is stored. The transaction is rolled back.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from shared.db.pool import Connection, prepare_connection

CONNECT_TIMEOUT_S, COMMAND_TIMEOUT_S = 10.0, 3_600.0
SETTINGS = {
    "application_name": "audit-derive",
    # What was asked by a process that was killed meanwhile is not worked at for another hour.
    "client_connection_check_interval": "10000",
    "search_path": "audit",
    "jit": "off",
    "lock_timeout": "30000",
    "temp_buffers": "64MB",
    "work_mem": "64MB",
    # The tables of a session have no statistics: a plan that was made while one was empty must not be kept.
    "plan_cache_mode": "force_custom_plan",
}

DERIVED: Mapping[str, tuple[str, ...]] = {
    "event": ("head_id", "index"),
    "shown": ("head_id", "index", "record_id"),
    "producer": ("name",),
    "anomaly": ("head_id", "index", "kind"),
    "lookup": ("event_id",),
    "listed": ("request", "passenger"),
    "reason": ("event_id",),
    "reason_name": ("state_of", "name"),
    "viewed": ("event_id",),
    "worked": ("actor_id", "hour"),
    "flag": ("flag_id",),
    "flag_event": ("flag_id", "event_id"),
}
"""Tables that follow from the log, and what tells their rows apart."""
ON_THE_WAY = ("projected", "heard", "stood", "due")
"""Tables by which the others are filled in: how far that is, and what is left to do."""

SHADOW_HEAD = """
CREATE TEMP TABLE head ON COMMIT DROP AS
SELECT head.id, head.topic, head.partition, LEAST(head.size, COALESCE(projected.index, 0)) AS size
FROM audit.head LEFT JOIN audit.projected ON projected.head_id = head.id"""
# Constraints of a copied table get names by PostgreSQL's own rule; this one is named in a statement.
NAME_FLAG_ONCE = "ALTER TABLE pg_temp.flag RENAME CONSTRAINT flag_actor_id_sensor_from_at_reason_key TO flag_once"
TOLD = (
    """
CREATE TEMP TABLE told_report (
    report_id uuid PRIMARY KEY, month date NOT NULL, sha256 text NOT NULL, at timestamptz NOT NULL
) ON COMMIT DROP""",
    """
CREATE TEMP TABLE told_signature (
    report_id uuid, role text, signer text, remark text, at timestamptz NOT NULL, PRIMARY KEY (report_id, role)
) ON COMMIT DROP""",
    """
CREATE TEMP TABLE told_missing (
    producer text, first bigint, last bigint, PRIMARY KEY (producer, first, last)
) ON COMMIT DROP""",
    """
CREATE TEMP TABLE told_scattered (
    producer text, first bigint, last bigint, PRIMARY KEY (producer, first, last)
) ON COMMIT DROP""",
)
"""What events of audit's own say of reports, signatures and missing numbers."""
TELL: Mapping[str, str] = {
    "report": """
INSERT INTO told_report (report_id, month, sha256, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING""",
    "signature": """
INSERT INTO told_signature (report_id, role, signer, remark, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING""",
    "missing": """
INSERT INTO told_missing (producer, first, last) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING""",
    "scattered": """
INSERT INTO told_scattered (producer, first, last) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING""",
}
SELECT_STRANGE = """
SELECT 'table ' || relname AS name, 'it is no plain table, or rules or policies stand before it' AS reason FROM pg_class
WHERE relnamespace = 'audit'::regnamespace AND relname = ANY ($1::text[])
    AND (relkind <> 'r' OR relrowsecurity OR relhasrules)
UNION ALL
SELECT 'operator ' || oprname, 'no release makes one' FROM pg_operator WHERE oprnamespace = 'audit'::regnamespace
UNION ALL
SELECT 'function ' || proname, 'no release makes it' FROM pg_proc
WHERE pronamespace = 'audit'::regnamespace AND proname <> ALL ($2::text[])
UNION ALL
SELECT head.topic || '[' || head.partition || ']', 'it is said to be followed beyond its end'
FROM audit.head JOIN audit.projected ON projected.head_id = head.id
WHERE projected.index > head.size
ORDER BY name"""
SELECT_VIEW = "SELECT pg_get_viewdef(to_regclass($1))"
SELECT_PLACES = "SELECT head.id, head.topic, head.partition FROM head"
COUNT_FOLLOWED = "SELECT COALESCE(sum(projected.index), 0)::bigint FROM projected"
HAS_VERDICTS = "SELECT EXISTS (SELECT FROM audit.event WHERE event.is_verified IS NOT NULL)"
SELECT_NEWEST_TOLD = """
SELECT max(event.occurred_at)
FROM event JOIN head ON head.id = event.head_id
WHERE head.topic = $1 AND event.is_verified IS NOT FALSE"""

# What no log says is taken from what is stored, so that whole rows can be compared: a column that is added is, too.

TAKE: Mapping[str, str] = {
    "is_verified": """
UPDATE pg_temp.event SET is_verified = stored.is_verified
FROM audit.event AS stored
WHERE stored.head_id = event.head_id AND stored.index = event.index""",
    "noticed_at": """
UPDATE pg_temp.anomaly SET noticed_at = stored.noticed_at
FROM audit.anomaly AS stored
WHERE stored.head_id = anomaly.head_id AND stored.index = anomaly.index AND stored.kind = anomaly.kind""",
    "closed": """
UPDATE pg_temp.producer SET numbers = producer.numbers + stored.numbers * closed.numbers
FROM audit.producer AS stored
    JOIN (
        SELECT producer AS name, range_agg(int8range(first, last, '[]')) AS numbers FROM pg_temp.told_scattered
        GROUP BY producer
    ) AS closed ON closed.name = stored.name
WHERE producer.name = stored.name""",
    "is_self": """
UPDATE pg_temp.lookup SET is_self = stored.is_self
FROM audit.lookup AS stored
WHERE stored.event_id = lookup.event_id AND stored.is_self <> lookup.is_self""",
}


def _difference(table: str, *, side: str = "FULL", where: str = "true") -> str:
    """Return the statement that finds rows of one table that are not the same on both sides, or on one of them."""
    key = DERIVED[table]
    columns = ", ".join(key)
    return f"""
SELECT count(*) OVER () AS row_count, stored.{key[0]} IS NULL AS is_missing, derived.{key[0]} IS NULL AS is_invented,
    {columns}
FROM audit.{table} AS stored {side} JOIN pg_temp.{table} AS derived USING ({columns})
WHERE ROW(stored.*) IS DISTINCT FROM ROW(derived.*) AND {where}
ORDER BY {columns}
LIMIT 1"""  # noqa: S608 - of names that stand above


DIFFERENCES: Mapping[str, str] = {
    **{table: _difference(table) for table in DERIVED},
    # Without keys nothing is said of who sent a record; and which of two records with one number came second depends on
    # the order in which the logs were read.
    "anomaly": _difference("anomaly", where="kind = ANY ($1::text[])"),
    "lookup, is_self": """
SELECT count(*) OVER () AS row_count, false AS is_missing, false AS is_invented, event_id
FROM audit.lookup AS stored JOIN pg_temp.lookup AS derived USING (event_id)
WHERE stored.is_self <> derived.is_self
ORDER BY event_id
LIMIT 1""",
    "report": """
SELECT count(*) OVER () AS row_count, stored.report_id IS NULL AS is_missing, told.report_id IS NULL AS is_invented,
    report_id, stored.made_at > $1 AS is_new
FROM audit.report AS stored FULL JOIN pg_temp.told_report AS told USING (report_id)
WHERE (stored.month, encode(stored.sha256, 'hex')) IS DISTINCT FROM (told.month, told.sha256)
    OR sha256(convert_to(stored.document, 'UTF8')) IS DISTINCT FROM stored.sha256
    OR abs(extract(epoch FROM stored.made_at - told.at)) > extract(epoch FROM $2::interval)
ORDER BY is_new NULLS FIRST, report_id
LIMIT 1""",
    "report_signature": """
SELECT count(*) OVER () AS row_count, stored.report_id IS NULL AS is_missing, told.report_id IS NULL AS is_invented,
    report_id, role, stored.signed_at > $1 AS is_new
FROM audit.report_signature AS stored FULL JOIN pg_temp.told_signature AS told USING (report_id, role)
WHERE (stored.signer, stored.remark) IS DISTINCT FROM (told.signer, told.remark) OR stored.role IS NULL
    OR told.role IS NULL OR abs(extract(epoch FROM stored.signed_at - told.at)) > extract(epoch FROM $2::interval)
ORDER BY is_new NULLS FIRST, report_id, role
LIMIT 1""",
    # Of audit's own numbers no event tells; but the records beside a hole are there, for good.
    "missing_number": """
SELECT count(*) OVER () AS row_count, stored.producer IS NULL AS is_missing, stored.producer IS NOT NULL AS is_invented,
    producer, first, last, stored.noticed_at > $1 AND COALESCE(numbers.is_beside, false) AS is_new
FROM audit.missing_number AS stored
    FULL JOIN pg_temp.told_missing AS told USING (producer, first, last)
    LEFT JOIN LATERAL (
        SELECT producer.numbers @> stored.first - 1 AND producer.numbers @> stored.last + 1 AS is_beside
        FROM pg_temp.producer WHERE producer.name = stored.producer
    ) AS numbers ON true
WHERE stored.producer IS NULL OR numbers.is_beside IS NOT TRUE
    OR (told.producer IS NULL AND NOT starts_with(stored.producer, 'audit.') AND NOT EXISTS (
        SELECT FROM pg_temp.told_scattered
        WHERE told_scattered.producer = stored.producer
            AND stored.first BETWEEN told_scattered.first AND told_scattered.last))
ORDER BY is_new NULLS FIRST, producer, first
LIMIT 1""",
    "flag, missing": _difference("flag", side="RIGHT"),
    "flag_event, missing": _difference("flag_event", side="RIGHT"),
    "flag, invented": _difference("flag", side="LEFT"),
    "flag_event, invented": _difference("flag_event", side="LEFT"),
}
"""Each gives the first row that differs, and how many do."""
SELECT_REPEATED = """
SELECT head_id, index, stored.kind IS NOT NULL AS is_stored, derived.kind IS NOT NULL AS is_derived, entry.header
FROM (SELECT head_id, index, kind FROM audit.anomaly WHERE kind = 'repeated_number') AS stored
    FULL JOIN (SELECT head_id, index, kind FROM pg_temp.anomaly WHERE kind = 'repeated_number') AS derived
    USING (head_id, index)
    LEFT JOIN audit.entry USING (head_id, index)"""

# What was flagged though it need not be: whoever was judged before the reason was heard looks worse.

JUDGE_AGAIN = """
INSERT INTO pg_temp.due (event_id, actor_id, occurred_at)
SELECT deed.event_id, deed.actor_id, deed.occurred_at
FROM (
        SELECT stored.actor_id, stored.from_at, stored.to_at
        FROM audit.flag AS stored LEFT JOIN pg_temp.flag AS derived USING (flag_id)
        WHERE derived.flag_id IS NULL OR EXISTS (
            SELECT FROM audit.flag_event
            WHERE flag_event.flag_id = stored.flag_id AND NOT EXISTS (
                SELECT FROM pg_temp.flag_event AS known
                WHERE known.flag_id = flag_event.flag_id AND known.event_id = flag_event.event_id))
    ) AS doubtful
    JOIN (
        SELECT event_id, actor_id, occurred_at FROM pg_temp.lookup WHERE is_person
        UNION ALL SELECT event_id, actor_id, occurred_at FROM pg_temp.viewed
    ) AS deed ON deed.actor_id = doubtful.actor_id
        AND deed.occurred_at >= doubtful.from_at AND deed.occurred_at < doubtful.to_at
ON CONFLICT DO NOTHING"""
DELAY_REASONS = "UPDATE pg_temp.reason SET at = at + $1::interval"
FORGET_REASONS = "DELETE FROM pg_temp.reason_name"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row of a table that is not the same on both sides, and how many are not.

    It is `missing` where it is derived alone, `invented` where it is stored alone. What is new may be told of by an
    event that is not in the log yet.
    """

    table: str
    row_count: int
    is_missing: bool
    is_invented: bool
    is_new: bool
    key: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Repeated:
    """An entry that is said to repeat a number, on which sides; `header` is None where there is no such entry."""

    head_id: int
    index: int
    is_stored: bool
    is_derived: bool
    header: bytes | None


@asynccontextmanager
async def begin(url: str) -> AsyncIterator[Connection]:
    """Open a transaction that sees one moment of a database, and is rolled back at the end."""
    connection = await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S, server_settings=SETTINGS
    )
    try:
        await prepare_connection(connection)
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            yield connection
        finally:
            if not connection.is_closed():
                await transaction.rollback()
    finally:
        await connection.close()


async def count_followed(transaction: Connection) -> int:
    """Return how many entries were followed, as is stored."""
    count: int = await transaction.fetchval(COUNT_FOLLOWED)
    return count


async def find_strange(transaction: Connection, functions: Sequence[str]) -> list[tuple[str, str]]:
    """Return name and reason of what may deceive who reads the schema; `functions` are those of its release."""
    tables = [*DERIVED, *ON_THE_WAY, "head", "entry", "report", "report_signature", "missing_number"]
    return [(row["name"], row["reason"]) for row in await transaction.fetch(SELECT_STRANGE, tables, functions)]


async def make_tables(transaction: Connection, views: Mapping[str, str]) -> list[str]:
    """Make the tables and views of this session, empty; return the stored views that are other ones than these.

    `views` are names and queries, those first that others rest on. From here on all statements mean what is derived.
    """
    stored = {name: await transaction.fetchval(SELECT_VIEW, f"audit.{name}") for name in views}
    await transaction.execute(SHADOW_HEAD)
    for table in (*DERIVED, *ON_THE_WAY):
        columns = f"(LIKE audit.{table} INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES)"
        await transaction.execute(f"CREATE TEMP TABLE {table} {columns} ON COMMIT DROP")
    await transaction.execute(NAME_FLAG_ONCE)
    for statement in TOLD:
        await transaction.execute(statement)
    for name, query in views.items():
        await transaction.execute(f"CREATE TEMP VIEW {name} AS {query}")
    return [name for name in views if await transaction.fetchval(SELECT_VIEW, f"pg_temp.{name}") != stored[name]]


async def list_places(transaction: Connection) -> dict[int, str]:
    """Return the name of each log by its head."""
    rows = await transaction.fetch(SELECT_PLACES)
    return {row["id"]: f"{row['topic']}[{row['partition']}]" for row in rows}


async def has_verdicts(transaction: Connection) -> bool:
    """Return whether it is stored of any event who sent it."""
    found: bool = await transaction.fetchval(HAS_VERDICTS)
    return found


async def find_newest_told(transaction: Connection, topic: str) -> datetime | None:
    """Return the latest time of a topic's events, None while there are none."""
    found: datetime | None = await transaction.fetchval(SELECT_NEWEST_TOLD, topic)
    return found


async def tell(transaction: Connection, what: str, rows: Sequence[Sequence[object]]) -> None:
    """Keep what events say of a report, a signature or missing numbers (`TELL`)."""
    await transaction.executemany(TELL[what], rows)


async def take(transaction: Connection, column: str) -> None:
    """Take a column that no log says from what is stored (`TAKE`)."""
    await transaction.execute(TAKE[column])


async def find_difference(transaction: Connection, name: str, *values: object) -> Difference | None:
    """Return the first row that differs (`DIFFERENCES`), None when none does."""
    row = await transaction.fetchrow(DIFFERENCES[name], *values)
    if row is None:
        return None
    said = {"is_new": False, **dict(row)}
    plain = {field: said.pop(field) for field in ("row_count", "is_missing", "is_invented", "is_new")}
    return Difference(name.partition(",")[0], **{**plain, "is_new": bool(plain["is_new"])}, key=said)


async def read_repeated(transaction: Connection) -> AsyncIterator[Repeated]:
    """Yield the entries that are said to repeat a number."""
    async for row in transaction.cursor(SELECT_REPEATED):
        yield Repeated(*row.values())


async def judge_again(transaction: Connection, *, late: timedelta | None) -> None:
    """Make due what lies in the windows of flags that are not derived as they are stored.

    Reasons count as heard so much later; none does when it is None.
    """
    if late is None:
        await transaction.execute(FORGET_REASONS)
    else:
        await transaction.execute(DELAY_REASONS, late)
    await transaction.execute(JUDGE_AGAIN)
