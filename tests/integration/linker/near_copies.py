"""Tips that show pictures, and what is told of near copies among them."""

from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any
from uuid import UUID

from services.linker.domain.pdq import BITS
from services.linker.domain.rules import RULES, TypeRule
from services.linker.store.near import load_copies
from shared.db.pool import Pool
from shared.events.intake import TipReceivedV1
from tests.integration.linker.graph import Graph, a_tip, email, refs_of

CAP = 3
FEW = replace(RULES, types=MappingProxyType({**RULES.types, "pdq": TypeRule("content", 0.35, CAP, joins=False)}))
SELECT_LEFT_OVER = """
SELECT hash FROM picture_waiting
UNION ALL SELECT hash FROM picture_standing WHERE hash NOT IN (SELECT hash FROM pdq)
UNION ALL SELECT hash FROM near_picture WHERE hash NOT IN (SELECT hash FROM pdq)
UNION ALL SELECT hash FROM near_picture WHERE other_hash NOT IN (SELECT hash FROM pdq)"""
SHOWN = Random(3).getrandbits(BITS)
Copies = dict[tuple[UUID, UUID], tuple[int, int]]
"""Distance and number of tips, by the two tips."""


def flip(pdq: int, *bits: int) -> int:
    for bit in bits:
        pdq ^= 1 << bit
    return pdq


def a_file(pdq: int, **fields: Any) -> dict[str, Any]:
    return {"pdq": f"{pdq:064x}", "pdq_quality": 80, **fields}


def showing(ref: str, *hashes: int, **fields: Any) -> TipReceivedV1:
    """Return a tip that shows the pictures and shares no identifier with another."""
    return a_tip(ref, email(f"{ref}@example.org"), names=[], files=[a_file(pdq) for pdq in hashes], **fields)


async def related(graph: Graph) -> dict[str, set[str]]:
    """Return what tips each live lead is related to, by the references of the lead's tips in one word."""
    leads = await graph.live_leads()
    refs = {row["tip_id"]: row["source_ref"] for row in await graph.pool.fetch("SELECT tip_id, source_ref FROM tip")}
    return {"+".join(sorted(refs_of(lead))): {refs[UUID(tip_id)] for tip_id in lead["related"]} for lead in leads}


async def copies_of(graph: Graph) -> Copies:
    """Return the near copies that the tips' links tell of."""
    tip_ids = [row["tip_id"] for row in await graph.pool.fetch("SELECT tip_id FROM tip")]
    async with graph.pool.acquire() as connection:
        found = await load_copies(connection, tip_ids, cap=CAP)
    return {(copy.tip_id, copy.other_tip_id): (copy.distance, copy.tip_count) for copy in found}


async def nothing_waits(pool: Pool) -> bool:
    return not await pool.fetchval("SELECT count(*) FROM picture_waiting")
