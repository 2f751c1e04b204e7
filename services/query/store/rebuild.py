"""A rebuild of the projection: what is there counts as stale until its owner has told it again."""

from shared.db.pool import Connection

# Those who apply facts wait, so that nobody waits in a circle; those who ask do not.
LOCK = """
LOCK TABLE tip, record, review, membership, lead, referral, counted_tip, inbox IN SHARE ROW EXCLUSIVE MODE"""
MARK_TIPS = "UPDATE tip SET is_stale = true WHERE NOT is_stale"
MARK_RECORDS = "UPDATE record SET is_stale = true WHERE NOT is_stale"
MARK_REVIEWS = "UPDATE review SET is_stale = true WHERE NOT is_stale"
MARK_MEMBERSHIPS = "UPDATE membership SET is_stale = true WHERE NOT is_stale"
MARK_LEADS = "UPDATE lead SET is_stale = true WHERE NOT is_stale"
MARK_REFERRALS = "UPDATE referral SET is_stale = true WHERE NOT is_stale"
MARK_COUNTED_TIPS = "UPDATE counted_tip SET is_stale = true WHERE NOT is_stale"
# Facts are sent again under their old ids.
FORGET_EVENTS = "DELETE FROM inbox"
COUNT_STALE = """
SELECT sum(stale)::bigint AS stale, sum(whole)::bigint AS whole
FROM (
    SELECT count(*) FILTER (WHERE is_stale) AS stale, count(*) AS whole FROM tip
    UNION ALL SELECT count(*) FILTER (WHERE is_stale), count(*) FROM record
    UNION ALL SELECT count(*) FILTER (WHERE is_stale), count(*) FROM review
    UNION ALL SELECT count(*) FILTER (WHERE is_stale), count(*) FROM membership
    UNION ALL SELECT count(*) FILTER (WHERE is_stale), count(*) FROM lead
    UNION ALL SELECT count(*) FILTER (WHERE is_stale), count(*) FROM referral
    UNION ALL SELECT count(*) FILTER (WHERE is_stale), count(*) FROM counted_tip
) AS kinds"""
SELECT_WORDS = "SELECT word FROM name_word WHERE word > $1 ORDER BY word LIMIT $2"
# Keys of a former way of filing names find no record, and are only in the way.
DELETE_LEFT_KEYS = """
DELETE FROM name_key WHERE NOT EXISTS (SELECT FROM record WHERE record.record_no = name_key.record_no)"""


async def mark_stale(connection: Connection) -> None:
    """Let everything be told again: what is told from now on replaces what is there, in the same version too."""
    for statement in (
        LOCK,
        MARK_TIPS,
        MARK_RECORDS,
        MARK_REVIEWS,
        MARK_MEMBERSHIPS,
        MARK_LEADS,
        MARK_REFERRALS,
        MARK_COUNTED_TIPS,
        FORGET_EVENTS,
    ):
        await connection.execute(statement, timeout=None)


async def count_stale(connection: Connection) -> tuple[int, int]:
    """Return how many facts have yet to be told again, and how many there are."""
    row = await connection.fetchrow(COUNT_STALE, timeout=None)
    assert row is not None
    return row["stale"] or 0, row["whole"] or 0


async def list_words(connection: Connection, *, after: str, count_max: int) -> list[str]:
    """Return so many of the words ever met in a name that follow one in order."""
    return [row["word"] for row in await connection.fetch(SELECT_WORDS, after, count_max)]


async def delete_left_keys(connection: Connection) -> None:
    """Remove the keys of names that belong to no record any more."""
    await connection.execute(DELETE_LEFT_KEYS, timeout=None)
