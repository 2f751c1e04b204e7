"""Applying a batch of facts: tips, reviews, research results, referrals and offices. One transaction, set-based."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.linker.domain.deconflict import LookUp
from services.linker.domain.facts import Research, Review, TipContent
from services.linker.handlers.deconflict import deconflict_lookups, deconflict_tips, window_at
from services.linker.handlers.links import announce_links
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, Turn, begin_turn, end_turn
from services.linker.handlers.values import (
    UNTOUCHED,
    Older,
    Said,
    older_of,
    read_contents,
    replace_holdings,
    save_profiles,
)
from services.linker.store import graph, notices, references
from services.linker.store import leads as lead_store
from services.linker.store.leads import ReferralState
from services.linker.store.notices import OfficeContact
from shared.db.pool import Connection
from shared.events.envelope import Context


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts that came together, of each thing the newest.

    `older` are versions of tips that came together with newer ones. `contacts` are one for each office, `causes` are
    by tip, lead or look-up; `otherwise` is the last.
    """

    contents: Mapping[UUID, TipContent]
    older: Sequence[TipContent]
    research: Mapping[tuple[UUID, int], Research]
    reviews: Mapping[UUID, Review]
    referrals: Mapping[UUID, ReferralState]
    lookups: Sequence[LookUp]
    contacts: Sequence[OfficeContact]
    causes: Mapping[UUID, Context]
    otherwise: Context


async def apply_batch(transaction: Connection, batch: Batch, desk: Desk) -> None:
    """Store what is newer than what is known, and all that follows from it.

    A review or research result of an unseen tip, and a referral of an unseen lead, are stored and wait for it.
    """
    by_tip = dict(batch.causes)
    turn = await begin_turn(transaction, desk, Causes(by_tip, batch.otherwise))
    if batch.contacts:
        await notices.save_contacts(transaction, batch.contacts)
    anchors = await _save_referrals(transaction, batch)
    by_tip |= {anchor: batch.causes[lead_id] for lead_id, anchor in anchors.items()}
    reviewed = await graph.save_reviews(transaction, batch.reviews.values()) if batch.reviews else set[UUID]()
    changed, older, named = await _changed_tips(turn, batch)
    touched = await replace_holdings(turn, changed, older) if changed else UNTOUCHED
    unchanged = reviewed - changed.keys()
    news = changed.keys() | (await graph.known_tips(transaction, unchanged) if unchanged else set())
    await settle(turn, news | set(anchors.values()), touched)
    if news:
        await announce_links(turn, news)
    window = window_at(turn.clock.now(), desk.deconfliction.window)
    if told := {tip_id: said for tip_id, said in changed.items() if tip_id not in named}:
        await deconflict_tips(turn, told, window)
    if batch.lookups:
        await deconflict_lookups(turn, batch.lookups, window)
    await end_turn(turn)


async def _save_referrals(transaction: Connection, batch: Batch) -> dict[UUID, UUID]:
    """Store newer states of referrals, and return the anchors of their leads."""
    if not batch.referrals:
        return {}
    lead_ids = await lead_store.save_referrals(transaction, batch.referrals.values())
    return await lead_store.load_anchors(transaction, lead_ids)


async def _changed_tips(turn: Turn, batch: Batch) -> tuple[dict[UUID, Said], Older, set[UUID]]:
    """Store newer contents and new research results; return the known tips they belong to, with all they say now.

    Tips that name a changed one, or that one names, are among them. Returned beside is what tips held in older versions
    that came with a newer one, or after it; and which of the tips are only named, or name: nobody said more of them.
    """
    transaction, lists = turn.transaction, turn.model.rules.lists
    researched = await graph.add_research(transaction, batch.research) if batch.research else set[UUID]()
    said = await read_contents(transaction, batch.contents, lists)
    changed = {tip_id: said[tip_id] for tip_id in await _save_tips(turn, batch.contents, said)}
    late = [content for tip_id, content in batch.contents.items() if tip_id not in changed]
    related = await references.replace_named(transaction, [batch.contents[tip_id] for tip_id in changed])
    if more := researched.union(related, (content.tip_id for content in late)) - changed.keys():
        found = await read_contents(transaction, await graph.load_contents(transaction, more), lists)
        await save_profiles(turn, found)
        changed |= found
    return changed, older_of((*batch.older, *late), lists), related - batch.contents.keys() - researched


async def _save_tips(turn: Turn, contents: Mapping[UUID, TipContent], said: Mapping[UUID, Said]) -> set[UUID]:
    """Store the contents that are newer than what is known; return their tips."""
    if not contents:
        return set()
    profiles = {tip_id: each.profile for tip_id, each in said.items()}
    tiers = {tip_id: each.tier for tip_id, each in said.items()}
    return await graph.save_tips(turn.transaction, contents.values(), profiles, tiers, version=turn.model.version)
