"""Telling whom a tip is linked to, when that is news, so that a person looks at it again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from uuid import UUID

from services.linker.domain.cluster import Judgement, Pair
from services.linker.domain.evidence import Key
from services.linker.domain.facts import Decision
from services.linker.domain.likeness import with_likeness
from services.linker.domain.links import EVIDENCE_MIN, Evidence, Holders, Link, Worth, links_of
from services.linker.domain.model import Model
from services.linker.domain.pictures import PDQ, cap_of, near_evidence
from services.linker.domain.rules import MEDIUM_MIN, Rules
from services.linker.handlers.announce import LINKS_TOPIC
from services.linker.handlers.turn import Turn
from services.linker.store import graph, near, shown
from services.linker.store import leads as lead_store
from services.linker.store import values as value_store
from shared.db.pool import Connection
from shared.events.linker import EvidenceFact, LinkFact, TipLinkedV1

LINKS_LISTED_MAX = 100
EVIDENCE_LISTED_MAX = 5
DETAIL_CHARS_MAX = 200
"""Together they keep the event far below its limit of 256 KiB."""
NO_LINKS = sha256(b"[]").digest()


async def load_links(
    transaction: Connection,
    tip_ids: Collection[UUID],
    judgements: Mapping[Pair, Judgement],
    *,
    model: Model,
    reliability_min: float = EVIDENCE_MIN,
    office: str | None = None,
) -> dict[UUID, tuple[Link, ...]]:
    """Return the links of each tip, strongest first; with `office`, only what it may be told of."""
    holders, worth = await load_told(transaction, tip_ids, reliability_min=reliability_min, office=office)
    with_phone = set(chain.from_iterable(held for key, held in holders.items() if key.type == "phone"))
    return links_of(
        tip_ids,
        holders,
        worth=worth,
        judgements=judgements,
        model=model,
        reported_at=await graph.load_reported_at(transaction, with_phone) if with_phone else {},
        besides=await load_copies(transaction, tip_ids, model.rules, reliability_min=reliability_min),
    )


async def load_told(
    transaction: Connection, tip_ids: Collection[UUID], *, reliability_min: float, office: str | None
) -> tuple[dict[Key, Holders], dict[Key, Worth]]:
    """Return the values that link the tips, as `load_linking`; to an office no silent lead's tip holds or counts."""
    holders, worth = await value_store.load_linking(transaction, tip_ids, reliability_min=reliability_min)
    if office is None:
        return holders, worth
    untold = await shown.list_untold(transaction, set(chain.from_iterable(holders.values())), office)
    for key, held in holders.items():
        holders[key] = {tip_id: how for tip_id, how in held.items() if tip_id not in untold}
        count = len(held) - len(holders[key])
        worth[key] = replace(worth[key], tip_count=worth[key].tip_count - count)
    return holders, worth


async def load_explained_links(
    transaction: Connection,
    tip_ids: Collection[UUID],
    judgements: Mapping[Pair, Judgement],
    *,
    model: Model,
    office: str | None = None,
) -> dict[UUID, tuple[Link, ...]]:
    """Return the links of each tip as people are shown them: with what else speaks beside identifiers."""
    links = await load_links(transaction, tip_ids, judgements, model=model, office=office)
    others = {link.tip_id for found in links.values() for link in found}
    profiles = await graph.load_profiles(transaction, others | links.keys())
    return {tip_id: with_likeness(tip_id, found, profiles, model) for tip_id, found in links.items()}


async def announce_links(turn: Turn, tip_ids: Collection[UUID]) -> None:
    """Tell the links of tips that changed or were reviewed, where they are others than last told.

    A tip found not actionable that one of them is strongly linked to is told of as well: it may deserve another look.
    The other holders of a value are not, or each new holder of a common one would be told fifty times.
    """
    links = await _told_links(turn, tip_ids)
    decisions = await graph.load_decisions(turn.transaction, _strongly_linked(links.values()))
    rejected = {tip_id for tip_id, word in decisions.items() if word == "not_actionable"} - links.keys()
    if rejected:
        links |= await _told_links(turn, rejected)
        decisions |= await graph.load_decisions(turn.transaction, _strongly_linked(links.values()))
    announced = await lead_store.load_announced(turn.transaction, "links", links)
    for tip_id, found in links.items():
        version, told = announced.get(tip_id, (0, NO_LINKS))
        is_actionable = _is_linked_to_actionable(found, decisions)
        digest = _digest(found, is_actionable=is_actionable)
        if digest == told:
            continue
        turn.announcer.keep(
            LINKS_TOPIC,
            _payload(tip_id, found, is_actionable=is_actionable, model=turn.model),
            turn.causes.of([tip_id, *(link.tip_id for link in found)]),
            kind="links",
            subject_id=tip_id,
            version=version + 1,
            digest=digest,
        )


async def load_copies(
    transaction: Connection, tip_ids: Collection[UUID], rules: Rules, *, reliability_min: float
) -> dict[UUID, dict[UUID, Evidence]]:
    """Return, for each tip that shows near copies of others' pictures, that as evidence by the other tip."""
    found: dict[UUID, dict[UUID, Evidence]] = {}
    if (cap := cap_of(rules)) and rules.prior_of(PDQ) >= reliability_min:
        for copy in await near.load_copies(transaction, tip_ids, cap=cap):
            found.setdefault(copy.tip_id, {})[copy.other_tip_id] = near_evidence(copy, rules)
    return found


async def _told_links(turn: Turn, tip_ids: Collection[UUID]) -> dict[UUID, tuple[Link, ...]]:
    """Return the links that are worth telling: weak evidence is shown to who looks at the tip, and is no news.

    What its reliability makes weak is not even looked at, though two who verified it might make it medium.
    """
    links = await load_links(turn.transaction, tip_ids, {}, model=turn.model, reliability_min=MEDIUM_MIN)
    return {tip_id: tuple(link for link in found if link.strength != "weak") for tip_id, found in links.items()}


def _strongly_linked(links: Iterable[tuple[Link, ...]]) -> set[UUID]:
    return {link.tip_id for found in links for link in found if link.strength == "strong"}


def _is_linked_to_actionable(links: Iterable[Link], decisions: Mapping[UUID, Decision]) -> bool:
    return any(link.strength == "strong" and decisions.get(link.tip_id) == "actionable" for link in links)


def _digest(links: Iterable[Link], *, is_actionable: bool) -> bytes:
    """Return a hash over what makes news: whom, how strongly, and whether an actionable tip is among them."""
    told = sorted(f"{link.tip_id}:{link.strength}" for link in links)
    return sha256(repr([*told, "actionable"] if is_actionable else told).encode()).digest()


def _payload(tip_id: UUID, links: Collection[Link], *, is_actionable: bool, model: Model) -> TipLinkedV1:
    return TipLinkedV1(
        tip_id=tip_id,
        links=[
            LinkFact(
                tip_id=link.tip_id,
                strength=link.strength,
                evidence=[
                    EvidenceFact(
                        rule=each.rule,
                        type=each.type,
                        detail=each.detail[:DETAIL_CHARS_MAX],
                        weight=each.weight,
                        frequency=each.frequency,
                    )
                    for each in link.evidence[:EVIDENCE_LISTED_MAX]
                ],
            )
            for link in list(links)[:LINKS_LISTED_MAX]
        ],
        link_count=len(links),
        is_linked_to_actionable=is_actionable,
        rules_version=model.version,
    )
