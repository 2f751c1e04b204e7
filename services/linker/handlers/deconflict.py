"""Telling both sides that they are after one value: when a tip comes or changes, and when a person looks it up."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from services.linker.domain.deconflict import (
    Asked,
    Found,
    Interest,
    LookUp,
    Notice,
    TipStanding,
    asked_by,
    asked_key,
    choose,
    given_by,
    given_keys,
    held_by,
    meet,
    warn_of_dual_role,
)
from services.linker.domain.evidence import Key
from services.linker.handlers.notices import announce_notice
from services.linker.handlers.turn import Turn
from services.linker.handlers.values import Said
from services.linker.store import notices
from services.linker.store.values import key_id_of


@dataclass(frozen=True, slots=True)
class Window:
    """What counts now: look-ups made after `since`. What is raised now stands until `until`."""

    since: datetime
    now: datetime
    until: datetime


def window_at(now: datetime, length: timedelta) -> Window:
    """Return the window around a moment."""
    return Window(now - length, now, now + length)


async def deconflict_tips(turn: Turn, changed: Mapping[UUID, Said], window: Window) -> None:
    """Raise the notices that are due now that these tips hold what they hold. Their leads are settled before."""
    subjects, victims = _given(changed)
    asked = await _load_asked(turn, subjects, window)
    # A value that nobody else has, as most are, matters only when somebody asked for it.
    holders = await _load_holders(turn, subjects, tip_count_min=2)
    holders |= await _load_holders(turn, [key for key in asked if key not in holders], tip_count_min=1)
    dual = await _load_dual(turn, chain(subjects, victims))
    touching = {tip_id for key in holders for tip_id in subjects[key]}
    tips = await _load_standings(turn, touching.union(*holders.values(), *dual.values()))
    given = {tip_id: given_by(tip) for tip_id, tip in tips.items()}
    held = {tip_id: held_by(tip) for tip_id, tip in tips.items()}
    found = [warn_of_dual_role(key, tips[one], tips[other]) for key, (one, other) in dual.items()]
    for key, tip_ids in holders.items():
        touched = [*(held[tip_id] for tip_id in tip_ids), *map(asked_by, asked.get(key, ()))]
        found += meet(key, [given[tip_id] for tip_id in subjects[key]], touched)
    await _raise(turn, found, window)


async def deconflict_lookups(turn: Turn, lookups: Sequence[LookUp], window: Window) -> None:
    """Note what was asked for, and raise the notices that are due; a look-up older than the window is after nobody."""
    await notices.forget_asked(turn.transaction, until=window.since)
    recent = [lookup for lookup in lookups if lookup.asked_at > window.since]
    asking: dict[Key, list[Interest]] = {}
    for each in chain.from_iterable(lookup.asked for lookup in recent):
        asking.setdefault(each.key, []).append(asked_by(each))
    if not asking:
        return
    await notices.save_asked(turn.transaction, recent)
    asked = await notices.load_asked(turn.transaction, asking, since=window.since)
    values = await notices.find_asked_values(turn.transaction, asking)
    key_ids = set(chain.from_iterable(values.speaking.values()))
    holders = await notices.load_holders(turn.transaction, key_ids, tip_count_min=1)
    tips = await _load_standings(turn, chain.from_iterable(holders.values()))
    found: list[Found] = []
    for key, interests in asking.items():
        same = [holders[key_id] for key_id in values.speaking.get(key, ()) if key_id in holders]
        touched = [held_by(tips[tip_id]) for tip_id in chain.from_iterable(same)]
        if key not in values.silent:
            touched += map(asked_by, asked[key])
        found += meet(key, interests, touched)
    await _raise(turn, found, window)


def _given(changed: Mapping[UUID, Said]) -> tuple[dict[Key, list[UUID]], set[Key]]:
    """Return which of the tips' subjects hold each given value, the oldest first, and what their victims hold."""
    subjects: dict[Key, list[UUID]] = {}
    victims: set[Key] = set()
    for tip_id in sorted(changed, key=lambda tip_id: tip_id.int):
        mine, theirs = given_keys(changed[tip_id].holdings)
        victims |= theirs
        for key in mine:
            subjects.setdefault(key, []).append(tip_id)
    return subjects, victims


async def _load_asked(turn: Turn, keys: Collection[Key], window: Window) -> dict[Key, Sequence[Asked]]:
    """Return who asked for the values that tips hold, whatever their scope."""
    found = await notices.load_asked(turn.transaction, {asked_key(key) for key in keys}, since=window.since)
    return {key: found[asked_key(key)] for key in keys if asked_key(key) in found}


async def _load_holders(turn: Turn, keys: Collection[Key], *, tip_count_min: int) -> dict[Key, list[UUID]]:
    if not keys:
        return {}
    ids = {key_id_of(key): key for key in keys}
    found = await notices.load_holders(turn.transaction, ids, tip_count_min=tip_count_min)
    return {ids[key_id]: tip_ids for key_id, tip_ids in found.items()}


async def _load_dual(turn: Turn, keys: Iterable[Key]) -> dict[Key, tuple[UUID, UUID]]:
    ids = {key_id_of(key): key for key in keys}
    found = await notices.load_dual(turn.transaction, ids)
    return {ids[key_id]: tip_ids for key_id, tip_ids in found.items()}


async def _load_standings(turn: Turn, tip_ids: Iterable[UUID]) -> dict[UUID, TipStanding]:
    wanted = set(tip_ids)
    return await notices.load_standings(turn.transaction, wanted) if wanted else {}


async def _raise(turn: Turn, found: Iterable[Found], window: Window) -> None:
    """Store and announce what is due, but for what was raised in a window that lasts."""
    due = {
        Notice(turn.clock.new_id(), each.kind, each.key.type, each.left, each.right, window.now, window.until): each.key
        for each in choose(found)
    }
    if not due:
        return
    for notice in await notices.raise_notices(turn.transaction, due):
        records = [notice.left.record.record_id, notice.right.record.record_id]
        announce_notice(turn.announcer, notice, turn.causes.of(records))
