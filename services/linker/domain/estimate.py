"""Making a model from the tips at hand: tallies of the holders of many values, and what they come to."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations, pairwise
from types import MappingProxyType
from uuid import UUID

from services.linker.domain.evidence import Key
from services.linker.domain.facts import in_no_order
from services.linker.domain.model import (
    AGREE_BITS_MAX,
    ANY,
    ANY_NAME,
    COMPANY,
    DIFFER_BITS_MIN,
    Count,
    Kind,
    Learned,
    Model,
    Rates,
    Tally,
    letter_bits,
    sum_tallies,
    wider_kinds,
)
from services.linker.domain.profile import NOBODY, Agreement, Profile, compare_births, compare_names
from services.linker.domain.rules import HANDLE_GROUP, Place, Rules
from services.linker.domain.setting import ATTRIBUTES, GAP_CLASSES, Setting, compare_told, gap_class
from shared.identifiers.handles import handle_of

HOLDERS_COMPARED_MAX = 16
"""Of a value with more holders so many are compared: 120 pairs."""
PRIOR_PAIRS = 20.0
"""So many pairs must speak against what was assumed of a kind before it counts half."""
TOLD_MIN = 0.001
"""Fewer pairs are none: what is left where all were taken away."""
CHANCE_APART = 2
SAME_MIN, SAME_MAX = 0.3, 0.97
"""Birth dates and names of one person agree at least so often; and nothing always does."""
LETTER_PAIRS_MAX = 2_000
NETWORK_GROUP = "network"
"""Who shares an address at one time was seen in one session, and so gives one false name: not each person's rate."""
NOTHING_HELD: Mapping[Hashable, Place] = MappingProxyType({})


class Beside:
    """What tips share, asked pair by pair: for each pair once, however many values of theirs are tallied.

    `held` names the values that each may be joined by, each with its place; what only one of the tips at hand holds may
    be left out.
    """

    def __init__(self, held: Mapping[UUID, Mapping[Hashable, Place]]) -> None:
        self._held = held
        self._finest: dict[tuple[UUID, UUID], Mapping[str, int]] = {}

    def finest(self, left: UUID, right: UUID) -> Mapping[str, int]:
        """Return of which groups two tips share a value, each with the coarseness of the finest."""
        pair = (left, right)
        if pair not in self._finest:
            mine, theirs = self._held.get(left, NOTHING_HELD), self._held.get(right, NOTHING_HELD)
            found: dict[str, int] = {}
            for value in mine.keys() & theirs.keys():
                group, coarseness = mine[value]
                found[group] = min(coarseness, found.get(group, coarseness))
            self._finest[pair] = found
        return self._finest[pair]


def tally_of(
    place: Place,
    tip_ids: Collection[UUID],
    *,
    profiles: Mapping[UUID, Profile],
    beside: Beside,
) -> Tally:
    """Return what the pairs of holders of a value of this place say. Of many holders a few are compared (`chosen_of`).

    `beside` knows the values that each may be joined by, this one among them.
    """
    return tally_pairs(place, combinations(chosen_of(tip_ids), 2), profiles=profiles, beside=beside)


def chosen_of(tip_ids: Collection[UUID]) -> Collection[UUID]:
    """Return the holders of a value that are compared: of many always the same few (`in_no_order`)."""
    if len(tip_ids) <= HOLDERS_COMPARED_MAX:
        return tip_ids
    return sorted(tip_ids, key=in_no_order)[:HOLDERS_COMPARED_MAX]


def tally_pairs(
    place: Place,
    both: Iterable[tuple[UUID, UUID]],
    *,
    profiles: Mapping[UUID, Profile],
    beside: Beside,
) -> Tally:
    """Return what some pairs of holders of a value say; those that share a finer one tell nothing of it.

    Of a handle, a name that echoes one tells nothing.
    """
    group, coarseness = place
    both = list(both)
    if group == HANDLE_GROUP:
        profiles = {
            tip_id: profiles[tip_id].without_echoes() for tip_id in set(chain.from_iterable(both)) if tip_id in profiles
        }
    told, sure = ([[0, 0] for _ in range(2 + len(ATTRIBUTES))] for _ in range(2))
    gaps = [0] * GAP_CLASSES
    pairs = finer = company = 0
    for left, right in both:
        finest = beside.finest(left, right)
        if finest.get(group, coarseness) < coarseness:
            finer += 1
            continue
        pairs += 1
        others = len(finest) - (group in finest)
        company += others > 0
        is_sure = others > (group != NETWORK_GROUP and NETWORK_GROUP in finest)
        one, other = profiles.get(left, NOBODY), profiles.get(right, NOBODY)
        for agrees, counts, sure_counts in zip(_agreements(one, other), told, sure, strict=True):
            if agrees is not None:
                for each in (counts, sure_counts) if is_sure else (counts,):
                    each[0] += agrees
                    each[1] += 1
        if is_sure and one.setting.days and other.setting.days:
            gaps[gap_class(one.setting.days[0], other.setting.days[0])] += 1
    births, names, *settings = ((agreed, of) for agreed, of in told)
    sure_births, sure_names, *sure_settings = ((agreed, of) for agreed, of in sure)
    return Tally(
        pairs,
        births,
        names,
        company,
        sure_births,
        sure_names,
        finer,
        tuple(settings),
        tuple(sure_settings),
        tuple(gaps),
    )


def _agreements(one: Profile, other: Profile) -> tuple[bool | None, ...]:
    """Return whether birth dates, names and each attribute of the settings agree; None where nothing can be said."""
    described = compare_births(one, other), compare_names(one, other)
    return (
        *(None if agreement is None else agreement != "differs" for agreement in described),
        *compare_told(one.setting, other.setting),
    )


def estimate(
    values: Iterable[tuple[Key, int, Tally]], strangers: Sequence[Profile], handles: Iterable[str], *, rules: Rules
) -> Model:
    """Return the model of values with their numbers of holders and tallies, whatever their order.

    `strangers` are descriptions of tips drawn at random, compared each with the next; `handles` teach the letters.
    """
    letters = letter_bits(filter(None, map(handle_of, handles)), pairs_max=LETTER_PAIRS_MAX)
    model = Model(Learned(letters=letters), rules)
    by_kind: defaultdict[Kind, list[Tally]] = defaultdict(list)
    for key, tip_count, tally in sorted(values, key=lambda value: value[0]):
        if tally.pairs:
            # A value with n holders joins them by n - 1 links, however many pairs they make.
            by_kind[model.kind_of(key, tip_count, tally)].append(tally.times((tip_count - 1) / tally.pairs))
    chances = _chance(strangers, compare_births), _chance(strangers, compare_names)
    model = Model(_learn_rates(model.learned, by_kind, chances, rules), rules)
    model = Model(_learn_kinds(model, by_kind), rules)
    return Model(_learn_settings(model, by_kind, [stranger.setting for stranger in strangers]), rules)


def _by_name(by_kind: Mapping[Kind, Sequence[Tally]], rules: Rules) -> tuple[dict[str, Tally], Tally]:
    """Return the tallies of the kinds of each name taken together, and of all that join."""
    listed: defaultdict[str, list[Tally]] = defaultdict(list)
    for kind, tallies in sorted(by_kind.items()):
        listed[kind[0]] += tallies
    by_name = {name: sum_tallies(tallies) for name, tallies in listed.items()}
    return by_name, sum_tallies(tally for name, tally in by_name.items() if rules.joins(name))


def _learn_rates(
    assumed: Learned, by_kind: Mapping[Kind, Sequence[Tally]], chances: tuple[float, float], rules: Rules
) -> Learned:
    """Return the rates at which descriptions of one person agree, over all kinds that join and for each by its name."""
    by_name, joining = _by_name(by_kind, rules)
    births, names = _rates(joining, (assumed.births, assumed.names), chances)
    rates = ((name, *_rates(tally, (births, names), chances)) for name, tally in by_name.items())
    return replace(assumed, births=births, names=names, rates=tuple(rates))


def _learn_kinds(model: Model, by_kind: Mapping[Kind, Sequence[Tally]]) -> Learned:
    """Return with the reliability and company of each kind, the wider ones too.

    What is assumed of a kind is what the rest of the kind around it says, and of the widest what the rules assume: so
    a kind of few pairs is taken for one like its neighbours, and none is heard twice.
    """
    summed: defaultdict[Kind, list[Tally]] = defaultdict(list)
    for kind, tallies in sorted(by_kind.items()):
        for wider in dict.fromkeys(wider_kinds(kind)):
            summed[wider] += tallies
    tally_by_kind = {kind: sum_tallies(tallies) for kind, tallies in summed.items()}
    kinds = []
    for kind, tally in sorted(tally_by_kind.items()):
        rates = model.rates_of(kind[0])
        widest, *narrower = reversed(list(dict.fromkeys(wider_kinds(kind))))
        assumed, around = model.rules.prior_of(kind[0]), tally_by_kind[widest]
        for inner in narrower:
            assumed = _reliability(assumed, around.plus(tally_by_kind[inner].times(-1)), rates)
            around = tally_by_kind[inner]
        reliability = round(_reliability(assumed, tally, rates), 2)
        kinds.append((kind, reliability, _company(tally, reliability)))
    return replace(model.learned, kinds=tuple(kinds))


def _reliability(assumed: float, tally: Tally, both: tuple[Rates, Rates]) -> float:
    """Return the part of the pairs that are one person: what was assumed, birth dates and names vote on it."""
    votes = [(assumed, PRIOR_PAIRS)]
    for (agreed, told), rates in zip((tally.births, tally.names), both, strict=True):
        if told > TOLD_MIN:
            votes.append((_part(agreed / told, rates), told))
    return sum(part * weight for part, weight in votes) / sum(weight for _, weight in votes)


def _company(tally: Tally, reliability: float) -> float:
    found = (tally.company + PRIOR_PAIRS * COMPANY) / (tally.pairs * reliability + PRIOR_PAIRS)
    return round(min(0.9, max(0.1, found)), 2)


def _part(rate: float, rates: Rates) -> float:
    """Return the part of pairs that are one person, when those of one person and of strangers agree at these rates."""
    return min(1.0, max(0.0, (rate - rates.chance) / (rates.same - rates.chance)))


def _rates(sure: Tally, start: tuple[Rates, Rates], chances: tuple[float, float]) -> tuple[Rates, Rates]:
    """Return the rates of agreement of birth dates and names, from the pairs that are surely one person."""
    return _rate(sure.sure_births, start[0], chances[0]), _rate(sure.sure_names, start[1], chances[1])


def _rate(counts: Count, start: Rates, chance: float) -> Rates:
    """Return the rates, kept apart: where most strangers agree, as by a filler, agreement says little."""
    agreed, told = counts
    same = round(min(SAME_MAX, max(SAME_MIN, (agreed + PRIOR_PAIRS * start.same) / (told + PRIOR_PAIRS))), 2)
    return Rates(same, min(chance, round(same / CHANCE_APART, 4)))


def _chance(strangers: Sequence[Profile], compare: Callable[[Profile, Profile], Agreement | None]) -> float:
    found = [compare(one, other) for one, other in pairwise(strangers)]
    return _part_of_told([None if agreement is None else agreement != "differs" for agreement in found])


def _part_of_told(found: Iterable[bool | None]) -> float:
    told = [agrees for agrees in found if agrees is not None]
    return round((sum(told) + 0.2) / (len(told) + 20.0), 4)


def _learn_settings(model: Model, by_kind: Mapping[Kind, Sequence[Tally]], strangers: Sequence[Setting]) -> Learned:
    """Return with how often settings agree, over all kinds that join and for each by its name, and the times between.

    That strangers who share a value agree more often than others is told by all pairs of its kind: what is left when
    those that are one person's, by the kind's reliability, agree as often as the sure ones do.
    """
    by_name, joining = _by_name(by_kind, model.rules)
    compared = [compare_told(one, other) for one, other in pairwise(strangers)]
    overall = []
    for place, sure in enumerate(joining.sure_settings):
        chance = _part_of_told(told[place] for told in compared)
        overall.append(Rates(_same_rate(sure, chance, chance), chance))
    found = {ANY_NAME: tuple(overall)}
    for name, tally in by_name.items():
        reliability, _ = model.start_of((name, ANY, ANY, ANY))
        found[name] = tuple(
            _rates_of_kind(told, sure, rates, reliability)
            for told, sure, rates in zip(tally.settings, tally.sure_settings, overall, strict=True)
        )
    gaps = _gap_ratios(joining.sure_gaps, strangers)
    return replace(model.learned, settings=tuple(sorted(found.items())), gaps=gaps)


def _same_rate(sure: Count, assumed: float, chance: float) -> float:
    """Return how often something agrees between two of one person, by those who surely are; as by chance at least."""
    agreed, told = sure
    return round(max(chance, min(SAME_MAX, (agreed + PRIOR_PAIRS * assumed) / (told + PRIOR_PAIRS))), 2)


def _rates_of_kind(told: Count, sure: Count, around: Rates, reliability: float) -> Rates:
    """Return the rates of those who share a value of a kind, of whom the part `reliability` are one person."""
    same = _same_rate(sure, around.same, around.chance)
    agreed, pairs = told[0] - same * reliability * told[1], (1 - reliability) * told[1]
    chance = (max(0.0, agreed) + PRIOR_PAIRS * around.chance) / (pairs + PRIOR_PAIRS)
    return Rates(same, round(min(same, max(around.chance, chance)), 4))


def _gap_ratios(sure: Sequence[float], strangers: Sequence[Setting]) -> tuple[float, ...]:
    """Return how much oftener each class of time is between two tips of one person than between strangers."""
    usual = [0.0] * GAP_CLASSES
    for one, other in pairwise(strangers):
        if one.days and other.days:
            usual[gap_class(one.days[0], other.days[0])] += 1
    chances = [(count + 1) / (sum(usual) + GAP_CLASSES) for count in usual]
    told = sum(sure) + PRIOR_PAIRS
    ratios = ((count + PRIOR_PAIRS * chance) / told / chance for count, chance in zip(sure, chances, strict=True))
    return tuple(round(min(2**AGREE_BITS_MAX, max(2**DIFFER_BITS_MIN, ratio)), 3) for ratio in ratios)
