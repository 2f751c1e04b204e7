"""What the linker has learned from the tips at hand: how much an equal value says, by its kind and how common it is.

The yardstick is what tips say of their subjects apart from identifiers. Of two tips of one person, birth dates and
names agree at some rate (`same`), of two strangers hardly ever (`chance`). So the rate at which they agree between
holders of a value tells in how many of its pairs the two are one person: its **reliability**. That is learned for each
kind of value, by how many tips hold it and how surprising it is, and then for each value from its own holders.

Everything here is a value made from tips by a pure function, rounded, and named by its content. The same tips give the
same model, whatever the order in which they came; while a model stands, so do its clusters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import chain, pairwise
from math import comb, log2
from operator import add

from services.linker.domain.evidence import Key
from services.linker.domain.rules import HANDLE_GROUP, RELIABILITY_MAX, RULES, Rules, Standing
from services.linker.domain.setting import ATTRIBUTES, GAP_CLASSES, Setting, by_days, compare_told, mean_ratio
from shared.identifiers.handles import handle_of

RELIABILITY_MIN = 0.02
"""Nothing is learned so surely that one contradiction could not weigh against it."""
SHARED_BY_MANY = 0.08
"""The reliability of a value that its holders contradict: some of them are one person all the same."""
SHARED_RATE = 0.06
"""Of a value that many share, the part of its pairs that are one person nonetheless."""
DEPENDENCE = 0.7
"""Pairs of one value's holders are not independent of each other: so much of their evidence counts."""
COMPANY, COMPANY_CHANCE = 0.35, 0.01
"""Assumed of pairs of one person, and of strangers: that they share another value besides."""
HOLDERS_FOR_COMPANY = 4
"""From so many holders on, it says something that they share nothing else."""
COMPANY_WEIGHT = 0.1
"""Not much: a source that tells little tells little of all its tips."""
STEPS_A_BIT = 2
"""Reliabilities move by half bits, so that one more holder does not move all that hangs on a value by a hair."""
SURPRISE_CLASS_BITS = 8.0
SURPRISE_CLASS_MAX = 8
SMOOTHING, LETTERS = 0.3, 40
SURPRISES_KEPT = 10_000
RELIABILITIES_KEPT = 5_000
AGREE_BITS_MAX, DIFFER_BITS_MIN = 6.0, -6.0
COMPARED_MAX = 8
"""Beyond so many pairs of values two of one person surely have some in common, by what was learned of one pair."""

SURPRISING = frozenset({"username", "handle", "handle_family"})
"""The kinds whose values people think up, so that some come to many minds."""

PAIR = 2
ANY = -1
ANY_NAME = ""
"""Stands for the kinds of all names."""
Kind = tuple[str, int, int, int]
"""What kind of value: type (with the scope where that is a kind of its own), surprise, variety, number of holders.

The three numbers are classes, or `ANY`, from the right: each kind is a part of the one with one `ANY` more.
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often something agrees between two tips of one person, and between two of strangers; both within 0 and 1."""

    same: float
    chance: float

    def agree_bits(self, compared: int = 1) -> float:
        """Return what it says for one person, in bits, that the closest of so many compared agree.

        Each has its chance: of two long lists of names some two agree, whoever they are of.
        """
        return max(0.0, min(AGREE_BITS_MAX, log2(self.same / (self.chance * compared))))

    @property
    def differ_bits(self) -> float:
        """What a contradiction says, in bits, below 0."""
        return max(DIFFER_BITS_MIN, log2((1 - self.same) / (1 - self.chance)))

    def closest_bits(self, *, agrees: bool, compared: int) -> float:
        """Return what it says for one person, in bits, that of so many compared some agree, or none do.

        Nothing where strangers agree as often. Each pair has its chance with one person, too.
        """
        if self.same <= self.chance:
            return 0.0
        pairs = min(compared, COMPARED_MAX)
        differ, differ_by_chance = (1 - self.same) ** pairs, (1 - self.chance) ** pairs
        if agrees:
            return min(AGREE_BITS_MAX, log2((1 - differ) / (1 - differ_by_chance)))
        return max(DIFFER_BITS_MIN, log2(differ / differ_by_chance))

    def shared_bits(self, agreed: float, told: float) -> float:
        """Return the bits, of `agreed` agreements in `told` pairs, for one person behind all and not many."""
        many = min(self.chance + SHARED_RATE * self.same, 0.6 * self.same)
        return agreed * log2(self.same / many) + (told - agreed) * log2((1 - self.same) / (1 - many))


Count = tuple[float, ...]
"""Two numbers: of pairs, those that agree, and those that tell."""
NOTHING_COMPARED: Count = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the pairs of some values' holders say: how many were looked at, and how they agree.

    `finer` counts pairs that were left out, since they share a finer value of the group. Of the others, `births` and
    `names` are (agreed, told), and so is each of `settings` (by the attributes of a setting); `company` counts those
    that also share a value of another group; `sure_births`, `sure_names` and `sure_settings` are (agreed, told) of
    those that share one that lasts, and are surely one person, and `sure_gaps` counts these by the time between them.
    """

    pairs: float = 0.0
    births: Count = NOTHING_COMPARED
    names: Count = NOTHING_COMPARED
    company: float = 0.0
    sure_births: Count = NOTHING_COMPARED
    sure_names: Count = NOTHING_COMPARED
    finer: float = 0.0
    settings: tuple[Count, ...] = (NOTHING_COMPARED,) * len(ATTRIBUTES)
    sure_settings: tuple[Count, ...] = (NOTHING_COMPARED,) * len(ATTRIBUTES)
    sure_gaps: tuple[float, ...] = (0.0,) * GAP_CLASSES

    def plus(self, other: "Tally") -> "Tally":
        """Return the tally of the pairs of both."""
        return Tally.of(list(map(add, self.counts(), other.counts())))

    def times(self, factor: float) -> "Tally":
        """Return the tally with every pair counted `factor` times."""
        return Tally.of([count * factor for count in self.counts()])

    def counts(self) -> list[float]:
        """Return all numbers in a row."""
        return [
            self.pairs,
            *self.births,
            *self.names,
            self.company,
            *self.sure_births,
            *self.sure_names,
            self.finer,
            *chain.from_iterable(self.settings),
            *chain.from_iterable(self.sure_settings),
            *self.sure_gaps,
        ]

    @staticmethod
    def of(counts: Sequence[float]) -> "Tally":
        """Return the tally of these numbers in a row; those at the end that are 0 may be left out."""
        row = (*counts, *NOTHING_COUNTED[len(counts) :])
        return Tally(
            row[0],
            row[1:3],
            row[3:5],
            row[5],
            row[6:8],
            row[8:10],
            row[10],
            (row[11:13], row[13:15], row[15:17]),
            (row[17:19], row[19:21], row[21:23]),
            row[23:],
        )


NOTHING_TOLD = Tally()
NOTHING_COUNTED = tuple(NOTHING_TOLD.counts())


def sum_tallies(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of the pairs of all."""
    return Tally.of([sum(column) for column in zip(*(tally.counts() for tally in tallies), strict=True)])


@dataclass(frozen=True, slots=True)
class Learned:
    """The numbers that were learned. `letters` gives the bits of a letter after another, by the two of them."""

    births: Rates = Rates(0.93, 0.002)
    names: Rates = Rates(0.85, 0.003)
    rates: tuple[tuple[str, Rates, Rates], ...] = ()
    """Those of pairs that share a value of a kind, by its name: who has many accounts gives each its own birth date."""
    kinds: tuple[tuple[Kind, float, float], ...] = ()
    """Of each kind its reliability, and its company: of its pairs of one person, the part that share another value."""
    settings: tuple[tuple[str, tuple[Rates, ...]], ...] = ()
    """Of pairs that share a value of a kind, by its name or `ANY_NAME`, those of each attribute of a setting."""
    gaps: tuple[float, ...] = (1.0,) * GAP_CLASSES
    """How many times oftener than between strangers, 1/64 to 64, each class of time lies between two of one person."""
    letters: tuple[tuple[str, float], ...] = ()
    joining_min: float | None = None
    """The reliability from which a value makes two tips one component, as the rules say (`Rules`)."""
    pair_bits: float | None = None
    """The odds (log2) from which two tips become one cluster (`cautious`)."""


@dataclass(frozen=True)
class Model:
    """What was learned, under the rules by which it was."""

    learned: Learned = Learned()
    rules: Rules = RULES

    @cached_property
    def version(self) -> str:
        """The rules' version, and what the learned numbers hash to: equal versions decide alike."""
        return f"{self.rules.version}.{sha256(repr(self.learned).encode()).hexdigest()[:12]}"

    @cached_property
    def _kinds(self) -> Mapping[Kind, tuple[float, float]]:
        return {kind: (reliability, company) for kind, reliability, company in self.learned.kinds}

    @cached_property
    def _rates(self) -> Mapping[str, tuple[Rates, Rates]]:
        return {name: (births, names) for name, births, names in self.learned.rates}

    @property
    def size_bits(self) -> float:
        """By how many bits more it takes for each doubling of the smaller of two clusters.

        Few before anything is learned: there are few tips then, among whom a value is hardly shared by strangers.
        """
        return self.rules.size_bits if self.learned.kinds else self.rules.size_bits_unlearned

    def standing(
        self, key_type: str, tip_count: int, viral_count: int, reliability: float, *, former_count: int = 0
    ) -> Standing:
        """Return what a value does now: joins its holders, only shows a link, or why it does neither."""
        found = self.rules.standing(key_type, tip_count, viral_count, former_count=former_count)
        if found == "shows" and self.rules.types[key_type].joins and self.is_sure(tip_count, reliability):
            return "joins"
        return found

    def is_sure(self, tip_count: int, reliability: float) -> bool:
        """Return whether a value that so many hold is reliable enough to make them one component.

        For a hundred times as many its odds must be nearly twice as good: of a doubtful value of many there is little
        use, and some such tie crowds together, the more so the more tips there are.
        """
        least = self.rules.joining_min[0] if self.learned.joining_min is None else self.learned.joining_min
        odds_min: float = least / (1 - least) * (tip_count / 2) ** 0.125
        return reliability >= odds_min * (1 - reliability)

    @property
    def pair_bits(self) -> float:
        """The odds (log2) from which two tips become one cluster."""
        return self.rules.pair_bits_unlearned if self.learned.pair_bits is None else self.learned.pair_bits

    def crowd_bits(self, cluster_count: int, *, is_hint: bool = False) -> float:
        """Return by how many bits less a value says of two clusters when so many hold it, which nothing has joined.

        It may mean any two of them, or none. The odds of these two are those of one pair among all; by that much they
        were too good, in each kind of world, where the surest steps had been made and a value's holders were still
        apart. Nothing before anything is learned: there are few tips then, and little else that could have joined them.
        """
        if cluster_count <= PAIR or not self.learned.kinds:
            return 0.0
        bits = log2(comb(cluster_count, PAIR))
        return bits if is_hint else min(bits, self.rules.crowd_bits_max)

    def share_bits(self, group: str, holders: int, tellers: int) -> float:
        """Return by how many bits less a value says of a cluster of whose tips `tellers` tell one of its group, and
        only `holders` this one.

        Whoever has it would tell it as often as that: so a tip which tells it too is less likely theirs than if all
        did. Where a phone was passed on, or is a family's, it is told once among many that tell another. Nothing
        before anything is learned, as `crowd_bits`.
        """
        if holders == tellers or not self.learned.kinds:
            return 0.0
        rules = self.rules
        return (rules.share_weight_handles if group == HANDLE_GROUP else rules.share_weight) * log2(tellers / holders)

    def rates_of(self, name: str) -> tuple[Rates, Rates]:
        """Return how often birth dates and names agree between two tips that share a value of a kind, by its name."""
        return self._rates.get(name, (self.learned.births, self.learned.names))

    @cached_property
    def _settings(self) -> Mapping[str, tuple[Rates, ...]]:
        return dict(self.learned.settings)

    @cached_property
    def _ratios(self) -> Sequence[float]:
        return by_days(self.learned.gaps)

    @cached_property
    def _bits_by_days(self) -> Sequence[float]:
        return [log2(ratio) for ratio in self._ratios]

    def told_bits(self, name: str, left: Setting, right: Setting) -> tuple[float, ...]:
        """Return the bits that each attribute of two settings says of two who share a value of a kind, by its name."""
        rates = self._settings.get(name) or self._settings.get(ANY_NAME)
        if rates is None:
            return ()
        return tuple(
            0.0 if agrees is None else each.closest_bits(agrees=agrees, compared=len(mine) * len(theirs))
            for each, agrees, mine, theirs in zip(rates, compare_told(left, right), left.told, right.told, strict=True)
        )

    def time_bits(self, left: Sequence[int], right: Sequence[int]) -> float:
        """Return what the days of their reports say of two, in bits."""
        if len(left) == len(right) == 1:
            return self._bits_by_days[min(abs(left[0] - right[0]), len(self._ratios) - 1)]
        return log2(mean_ratio(left, right, self._ratios)) if left and right else 0.0

    @cached_property
    def _letters(self) -> Mapping[str, float]:
        return dict(self.learned.letters)

    def kind_of(self, key: Key, tip_count: int, tally: Tally = NOTHING_TOLD) -> Kind:
        """Return the kind of a value, as narrow as there is one."""
        surprise = self._surprise_bits(key.value) if key.type in SURPRISING else 0.0
        return (
            self.rules.kind_name(key.type, key.value, key.scope),
            min(SURPRISE_CLASS_MAX, int(surprise / SURPRISE_CLASS_BITS)),
            variety_class(tally),
            size_class(tip_count),
        )

    def start_of(self, kind: Kind) -> tuple[float, float]:
        """Return the reliability of a kind of value and its company, or those of the narrowest kind around it known."""
        for wider in wider_kinds(kind):
            if wider in self._kinds:
                return self._kinds[wider]
        return self.rules.prior_of(kind[0]), COMPANY

    def surprise_bits(self, name: str) -> float:
        """Return how unlikely a handle is, made letter by letter as others are: few bits for lucky, many for 7-9xq."""
        unknown = log2(LETTERS)
        text = f"^{handle_of(name) or name}$"
        return sum(self._letters.get(pair, unknown) for pair in map("".join, pairwise(text)))

    @cached_property
    def _surprise_bits(self) -> Callable[[str], float]:
        return lru_cache(maxsize=SURPRISES_KEPT)(self.surprise_bits)

    def reliability(self, key: Key, tip_count: int, tally: Tally) -> float:
        """Return in which part of the pairs of a value's holders the two are one person, 0 to 1.

        Held by one tip alone, or above the type's cap, 0. Otherwise the kind's reliability, moved by what the value's
        own holders say.
        """
        rule = self.rules.types.get(key.type)
        if rule is None or not 2 <= tip_count <= rule.tip_count_max:
            return 0.0
        return self._reliability(self.kind_of(key, tip_count, tally), rule.reliability_max, tip_count, tally)

    @cached_property
    def _reliability(self) -> Callable[[Kind, float, int, Tally], float]:
        """How reliable a value is by what is known of it: most are held by two or three tips that say little."""
        return lru_cache(maxsize=RELIABILITIES_KEPT)(self._weigh)

    def _weigh(self, kind: Kind, reliability_max: float, tip_count: int, tally: Tally) -> float:
        start, usual_company = self.start_of(kind)
        bits = odds_bits(min(RELIABILITY_MAX, max(RELIABILITY_MIN, start)))
        if tally.pairs:
            told = tally.times(DEPENDENCE * (tip_count - 1) / tally.pairs)
            births, names = self.rates_of(kind[0])
            bits += births.shared_bits(*told.births) + names.shared_bits(*told.names)
            if tip_count >= HOLDERS_FOR_COMPANY:
                company = Rates(usual_company, COMPANY_CHANCE)
                bits += COMPANY_WEIGHT * company.shared_bits(told.company, told.pairs)
        is_personal = _probability(bits)
        found = odds_bits(is_personal * reliability_max + (1 - is_personal) * SHARED_BY_MANY)
        return round(_probability(round(found * STEPS_A_BIT) / STEPS_A_BIT), 4)


def _probability(bits: float) -> float:
    return 1 / (1 + 2**-bits)


def odds_bits(probability: float) -> float:
    """Return the logarithm (base 2) of the odds of a probability above 0 and below 1."""
    return log2(probability / (1 - probability))


def wider_kinds(kind: Kind) -> tuple[Kind, ...]:
    """Return a kind and the ever wider ones that it is a part of."""
    name, surprise, variety, _ = kind
    return kind, (name, surprise, variety, ANY), (name, surprise, ANY, ANY), (name, ANY, ANY, ANY)


def size_class(tip_count: int) -> int:
    """Return the power of two that the number of a value's holders does not pass: 2, 4, 8, 16 and so on."""
    return 1 << max(1, (tip_count - 1).bit_length())


def variety_class(tally: Tally) -> int:
    """Return in how many quarters of its pairs, 0 to 3, a value's holders share none that is finer.

    A handle that one person varies comes back in few forms; one that many thought of comes in as many as they are.
    """
    compared = tally.pairs + tally.finer
    return min(3, int(4 * tally.pairs / compared)) if compared else 3


def letter_bits(handles: Iterable[str], *, pairs_max: int) -> tuple[tuple[str, float], ...]:
    """Return the bits of each of the commonest pairs of letters in the handles, in tenths."""
    pairs: dict[str, int] = {}
    firsts: dict[str, int] = {}
    for handle in handles:
        text = f"^{handle}$"
        for first, second in pairwise(text):
            pairs[first + second] = pairs.get(first + second, 0) + 1
            firsts[first] = firsts.get(first, 0) + 1
    commonest = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:pairs_max]
    return tuple(
        (pair, round(-log2((pairs[pair] + SMOOTHING) / (firsts[pair[0]] + SMOOTHING * LETTERS)), 1))
        for pair in sorted(commonest)
    )
