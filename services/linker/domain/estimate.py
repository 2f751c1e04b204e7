"""Making a model from the tips at hand: tallies of the holders of many values, and what they come to."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from uuid import UUID

from services.linker.domain.evidence import Key
from services.linker.domain.model import COMPANY, Kind, Learned, Model, Rates, Tally, letter_bits
from services.linker.domain.profile import NOBODY, Agreement, Profile, compare_births, compare_names
from services.linker.domain.rules import Rules
from shared.identifiers.handles import handle_of

HOLDERS_COMPARED_MAX = 16
"""Of a value with more holders so many are compared: 120 pairs."""
PRIOR_PAIRS = 20.0
"""So many pairs must speak against what was assumed of a kind before it counts half."""
CHANCE_APART = 2
LETTER_PAIRS_MAX = 2_000
_SAME_BITS = (1 << 62) - 1


def tally_of(
    group: str,
    tip_ids: Collection[UUID],
    *,
    profiles: Mapping[UUID, Profile],
    held: Mapping[UUID, Mapping[Hashable, str]],
) -> Tally:
    """Return what the pairs of holders of a value of this group say.

    `held` names the values that each may be joined by, this one among them, each with its group. Of many holders the
    same few are compared, chosen by the random part of their ids.
    """
    chosen = sorted(tip_ids, key=lambda tip_id: (tip_id.int & _SAME_BITS, tip_id.int))[:HOLDERS_COMPARED_MAX]
    told = {"births": [0, 0], "names": [0, 0], "sure_births": [0, 0], "sure_names": [0, 0]}
    pairs = company = 0
    for left, right in combinations(chosen, 2):
        pairs += 1
        in_company = _share_another(held.get(left, {}), held.get(right, {}), group)
        company += in_company
        one, other = profiles.get(left, NOBODY), profiles.get(right, NOBODY)
        for what, agreement in (("births", compare_births(one, other)), ("names", compare_names(one, other))):
            if agreement is not None:
                for name in (what, f"sure_{what}") if in_company else (what,):
                    told[name][0] += agreement != "differs"
                    told[name][1] += 1
    return Tally(
        pairs,
        (told["births"][0], told["births"][1]),
        (told["names"][0], told["names"][1]),
        company,
        (told["sure_births"][0], told["sure_births"][1]),
        (told["sure_names"][0], told["sure_names"][1]),
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
    sure = Tally()
    for key, tip_count, tally in sorted(values, key=lambda value: value[0]):
        if tally.pairs:
            # A value with n holders joins them by n - 1 links, however many pairs they make.
            by_kind[model.kind_of(key, tip_count)].append(tally.times((tip_count - 1) / tally.pairs))
            if rules.types[key.type].joins:
                sure = _sum([sure, tally])
    assumed = model.learned
    learned = replace(
        assumed,
        births=_rates(sure.sure_births, assumed.births, _chance(strangers, compare_births)),
        names=_rates(sure.sure_names, assumed.names, _chance(strangers, compare_names)),
    )
    sums = {kind: _sum(tallies) for kind, tallies in sorted(by_kind.items())}
    kinds = []
    for kind, tally in sums.items():
        reliability = _reliability(rules.prior_of(kind[0]), tally, learned)
        kinds.append((kind, reliability, _company(tally, reliability)))
    return Model(replace(learned, kinds=tuple(kinds)), rules)


def _reliability(prior: float, tally: Tally, learned: Learned) -> float:
    """Return the part of the pairs that are one person, on which the prior, birth dates and names vote."""
    votes = [(prior, PRIOR_PAIRS)]
    for (agreed, told), rates in ((tally.births, learned.births), (tally.names, learned.names)):
        if told:
            votes.append((_part(agreed / told, rates), told))
    return round(sum(part * weight for part, weight in votes) / sum(weight for _, weight in votes), 2)


def _company(tally: Tally, reliability: float) -> float:
    found = (tally.company + PRIOR_PAIRS * COMPANY) / (tally.pairs * reliability + PRIOR_PAIRS)
    return round(min(0.9, max(0.1, found)), 2)


def _part(rate: float, rates: Rates) -> float:
    """Return the part of pairs that are one person, when those of one person and of strangers agree at these rates."""
    return min(1.0, max(0.0, (rate - rates.chance) / (rates.same - rates.chance)))


def _rates(counts: tuple[float, float], start: Rates, chance: float) -> Rates:
    """Return the rates of agreement, kept apart: where most strangers agree, as by a filler, agreement says little."""
    agreed, told = counts
    same = round(min(0.97, max(0.3, (agreed + PRIOR_PAIRS * start.same) / (told + PRIOR_PAIRS))), 2)
    return Rates(same, min(chance, round(same / CHANCE_APART, 4)))


def _chance(strangers: Sequence[Profile], compare: Callable[[Profile, Profile], Agreement | None]) -> float:
    found = [compare(one, other) for one, other in pairwise(strangers)]
    told = [agreement for agreement in found if agreement is not None]
    return round((sum(agreement != "differs" for agreement in told) + 0.2) / (len(told) + 20.0), 4)


def _sum(tallies: Iterable[Tally]) -> Tally:
    pairs = company = 0.0
    counts = [[0.0, 0.0] for _ in range(4)]
    for tally in tallies:
        pairs += tally.pairs
        company += tally.company
        for total, part in zip(counts, (tally.births, tally.names, tally.sure_births, tally.sure_names), strict=True):
            total[0] += part[0]
            total[1] += part[1]
    births, names, sure_births, sure_names = ((total[0], total[1]) for total in counts)
    return Tally(pairs, births, names, company, sure_births, sure_names)


def _share_another(left: Mapping[Hashable, str], right: Mapping[Hashable, str], group: str) -> bool:
    return any(left[value] != group for value in left.keys() & right.keys())
