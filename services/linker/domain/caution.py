"""How sure two clusters must be one person's before they are joined: as sure as the whole needs to be right.

The odds of a step are about those it has in truth, in each kind of world that we know: of steps at two bits a fifth
are wrong. Where most steps are far surer than they must be, a few doubtful ones do little harm. Where much hangs by a
single thread, the same doubt makes one link in ten wrong. So the least that a step needs is learned as well: the least
at which, by the model's own odds, so many of all pairs put together are right as the rules ask for.

A step puts together all pairs of tips of two clusters. Right are those of the person whom each of the two is mostly of,
if the step is: by the odds of the steps before, not all of a cluster's tips are that person's.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.linker.domain.cluster import Shared, expect
from services.linker.domain.evidence import Key
from services.linker.domain.facts import in_no_order
from services.linker.domain.groups import Groups
from services.linker.domain.model import Model, Tally
from services.linker.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class Value:
    """A value that several tips hold: by how many, what those say of it, and the holders that are at hand."""

    tip_count: int
    tally: Tally
    tip_ids: Collection[UUID]


@dataclass(frozen=True, slots=True)
class Component:
    """Tips that values which may join connect, with all values that two of them share."""

    tip_ids: Sequence[UUID]
    shared: Mapping[Key, Shared]


def joins(key: Key, tip_count: int, tally: Tally, model: Model) -> bool:
    """Return whether a value that so many hold, and of which those say this, connects them."""
    rule = model.rules.types.get(key.type)
    if rule is None or not rule.joins:
        return False
    return model.is_sure(tip_count, model.reliability(key, tip_count, tally))


def components_of(tip_ids: Collection[UUID], values: Mapping[Key, Value], model: Model) -> list[Component]:
    """Return the components of several tips. Of values that may join, all holders must be among the tips."""
    tips = sorted(tip_ids, key=in_no_order)
    number = {tip_id: place for place, tip_id in enumerate(tips)}
    groups = Groups(len(tips))
    said: dict[Key, tuple[float, bool, list[int]]] = {}
    for key, value in sorted(values.items(), key=lambda item: item[0]):
        reliability = model.reliability(key, value.tip_count, value.tally)
        holders = [number[tip_id] for tip_id in value.tip_ids if tip_id in number]
        if not reliability or len(holders) < 2:
            continue
        are_joined = joins(key, value.tip_count, value.tally, model)
        said[key] = reliability, are_joined, holders
        if are_joined:
            for holder in holders[1:]:
                groups.join(holders[0], holder)
    members: dict[int, list[UUID]] = {}
    for place, tip_id in enumerate(tips):
        members.setdefault(groups.find(place), []).append(tip_id)
    shared: dict[int, dict[Key, Shared]] = {}
    for key, (reliability, are_joined, holders) in said.items():
        inside: dict[int, set[UUID]] = {}
        for holder in holders:
            inside.setdefault(groups.find(holder), set()).add(tips[holder])
        for root, held in inside.items():
            if len(held) > 1:
                others_count = values[key].tip_count - len(held)
                shared.setdefault(root, {})[key] = Shared(held, reliability, others_count, are_joined)
    return [Component(found, shared[root]) for root, found in members.items() if len(found) > 1]


def joining_from(model: Model, least: float) -> Model:
    """Return the model by which a value joins from this reliability on."""
    return replace(model, learned=replace(model.learned, joining_min=least))


def cautious(model: Model, components: Sequence[Component], profiles: Mapping[UUID, Profile]) -> Model:
    """Return the model with the least that a step needs, so that so many pairs are right as its rules ask for.

    Where nothing is sure enough, with the most that the rules allow.
    """

    def right(bits: float) -> float:
        """Return which part of all pairs should be right, 0 to 1: the more, the more a step needs."""
        pairs, wrong, tried = 0, 0.0, _needing(model, bits)
        for each in components:
            found, doubted = expect(each.tip_ids, each.shared, profiles, model=tried)
            pairs, wrong = pairs + found, wrong + doubted
        return 1 - wrong / pairs if pairs else 1.0

    steps = model.rules.pair_bits
    place = bisect_left(steps, model.rules.right_min, hi=len(steps) - 1, key=right)
    return _needing(model, steps[place])


def _needing(model: Model, bits: float) -> Model:
    return replace(model, learned=replace(model.learned, pair_bits=bits))
