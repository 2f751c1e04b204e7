"""A log that grew since PostgreSQL last looked at its tables is verified by index all the same, page by page."""

from services.audit.verifier.database import SELECT_STORED_EVENTS
from shared.db.pool import Connection

ADD_EVENTS = """
INSERT INTO event (head_id, index, type, occurred_at, subject_kind, subject_id, outcome)
SELECT $1, n, 'tip.repeated', '2026-03-01'::timestamptz + n * interval '1 second', 'tip', n::text, 'ok'
FROM generate_series(0, 9999) AS n"""


async def test_a_page_of_a_log_that_is_new_to_the_statistics_is_read_by_its_place(superuser: Connection) -> None:
    await superuser.execute("ALTER TABLE event SET (autovacuum_enabled = off)")
    await superuser.execute(ADD_EVENTS, 1)
    await superuser.execute("ANALYZE event")
    await superuser.execute(ADD_EVENTS, 2)
    rows = await superuser.fetch(f"EXPLAIN {SELECT_STORED_EVENTS}", 2, 5_000, 5_511)
    plan = [row[0] for row in rows]
    assert any("event_pkey" in line for line in plan), plan
    assert not any("Filter" in line for line in plan), plan
