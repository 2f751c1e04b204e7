"""Which reports tips name as related to them."""

from collections.abc import Collection, Iterable
from uuid import UUID

from services.linker.domain.facts import TipContent
from services.linker.domain.references import References
from shared.db.pool import Connection

REMOVE_NAMED = "DELETE FROM named_report WHERE tip_id = ANY($1::uuid[]) RETURNING source_ref"
ADD_NAMED = """
INSERT INTO named_report (tip_id, source_ref) SELECT * FROM unnest($1::uuid[], $2::text[])"""
# Of what these alone name, or named, the tips under that reference; of those that are new, and so filed nowhere yet,
# the tips that name them: an amended one is called what it was.
SELECT_CONCERNED = """
SELECT tip.tip_id FROM unnest($2::text[]) AS given (source_ref) JOIN tip ON tip.source_ref = given.source_ref
WHERE NOT EXISTS (
    SELECT FROM named_report
    WHERE named_report.source_ref = given.source_ref AND named_report.tip_id <> ALL($1::uuid[]))
UNION
SELECT named_report.tip_id
FROM unnest($1::uuid[], $3::text[]) AS given (tip_id, source_ref)
    JOIN named_report ON named_report.source_ref = given.source_ref
WHERE NOT EXISTS (SELECT FROM membership WHERE membership.tip_id = given.tip_id)"""
SELECT_REFERENCES = """
SELECT tip.tip_id, tip.source, tip.source_ref, is_named, named.source_refs, named.sources
FROM unnest($1::uuid[]) AS given (tip_id) JOIN tip ON tip.tip_id = given.tip_id
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM named_report WHERE named_report.source_ref = tip.source_ref) AS is_named
    ) AS own
    CROSS JOIN LATERAL (
        SELECT array_agg(named_report.source_ref) AS source_refs, array_agg(other.source) AS sources
        FROM named_report LEFT JOIN tip AS other ON other.source_ref = named_report.source_ref
        WHERE named_report.tip_id = tip.tip_id
    ) AS named
WHERE is_named OR named.source_refs IS NOT NULL"""


async def replace_named(transaction: Connection, contents: Collection[TipContent]) -> set[UUID]:
    """Let these tips name what they say now; return the tips that hold other references since.

    They are stored, and new ones are filed in no cluster yet.
    """
    if not contents:
        return set()
    tip_ids = [content.tip_id for content in contents]
    removed = await transaction.fetch(REMOVE_NAMED, tip_ids)
    added = [(content.tip_id, ref) for content in contents for ref in dict.fromkeys(content.related_refs)]
    if added:
        await transaction.execute(ADD_NAMED, [tip_id for tip_id, _ in added], [ref for _, ref in added])
    named = {row["source_ref"] for row in removed}.union(ref for _, ref in added)
    own = [content.source_ref for content in contents]
    return {row["tip_id"] for row in await transaction.fetch(SELECT_CONCERNED, tip_ids, list(named), own)}


async def load_references(transaction: Connection, tip_ids: Iterable[UUID]) -> dict[UUID, References]:
    """Return what those of the tips that name or are named have to do with other reports."""
    found: dict[UUID, References] = {}
    for row in await transaction.fetch(SELECT_REFERENCES, list(tip_ids)):
        named: dict[str, set[str]] = {}
        for source_ref, source in zip(row["source_refs"] or (), row["sources"] or (), strict=True):
            named.setdefault(source_ref, set()).update({source} - {None})
        found[row["tip_id"]] = References(row["source"], row["source_ref"], row["is_named"], named)
    return found
