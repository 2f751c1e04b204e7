"""Learning from a small made world, of which it is known who is who: each value of a kind must come to the truth.

Everyone has an e-mail address of their own; a phone may be a household's. Only some tips tell a birth date or a name.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.linker.domain.estimate import HOLDERS_COMPARED_MAX, Beside, estimate, tally_of
from services.linker.domain.evidence import Key
from services.linker.domain.model import ANY, Model, Tally
from services.linker.domain.profile import NOBODY, Profile
from services.linker.domain.rules import RULES, Place
from tests.depth import deep

HOUSEHOLDS, TIPS_OF_EACH = 60, 4
LETTERS = "abdefgiklmnoprstuvz"


def uid(number: int) -> UUID:
    return UUID(f"0195{number % 7:04x}-0000-7000-8000-{number:012x}")


@dataclass
class _World:
    """Tips with who they are of, what their values are, and how they describe whom they are of."""

    person_of: dict[UUID, int] = field(default_factory=dict)
    profiles: dict[UUID, Profile] = field(default_factory=dict)
    holders: dict[Key, set[UUID]] = field(default_factory=dict)

    def hold(self, key: Key, tips: Iterable[UUID]) -> None:
        self.holders.setdefault(key, set()).update(tips)

    def part_of_one_person(self, key_type: str) -> float:
        """Return in which part of the pairs of holders of such a value the two are one person, in truth."""
        pairs = [
            self.person_of[left] == self.person_of[right]
            for key, tips in self.holders.items()
            if key.type == key_type
            for left, right in combinations(tips, 2)
        ]
        return sum(pairs) / len(pairs)

    def tallies(self) -> list[tuple[Key, int, Tally]]:
        held: dict[UUID, dict[Hashable, Place]] = {tip: {} for tip in self.person_of}
        for key, tips in self.holders.items():
            for tip in tips:
                held[tip][key] = RULES.place_of(key.type, key.scope)
        return [
            (
                key,
                len(tips),
                tally_of(RULES.place_of(key.type, key.scope), tips, profiles=self.profiles, beside=Beside(held)),
            )
            for key, tips in self.holders.items()
        ]

    def strangers(self) -> list[Profile]:
        return [self.profiles[tip] for tip in sorted(self.profiles, key=lambda tip: (tip.int * 7919) % 10_007)]


def a_name(chance: Random) -> tuple[str, ...]:
    return tuple(sorted("".join(chance.choices(LETTERS, k=7)) for _ in range(2)))


def a_birth(chance: Random) -> str:
    return f"{chance.randint(1950, 2005)}-{chance.randint(1, 12):02}-{chance.randint(2, 28):02}"


def told_by(*, births: float, names: float) -> Callable[[Random, tuple[str, ...], str], Profile]:
    """Return how tips describe their subject, when they tell birth dates and names in these parts of all cases."""

    def profile(chance: Random, name: tuple[str, ...], birth: str) -> Profile:
        return Profile((name,) if chance.random() < names else (), (birth,) if chance.random() < births else ())

    return profile


def a_world(describe: Callable[[Random, tuple[str, ...], str], Profile], *, seed: int = 1) -> _World:
    """Return households of two, with four tips of each person, a shared phone, and an e-mail address each."""
    chance, world = Random(seed), _World()
    for household in range(HOUSEHOLDS):
        for person in (2 * household, 2 * household + 1):
            name, birth = a_name(chance), a_birth(chance)
            tips = [uid(person * TIPS_OF_EACH + number) for number in range(TIPS_OF_EACH)]
            for tip in tips:
                world.person_of[tip] = person
                world.profiles[tip] = describe(chance, name, birth)
            world.hold(Key("email", f"{person}@example.org"), tips)
            world.hold(Key("phone", f"+1212555{household:04}"), tips)
    return world


def learn(world: _World, handles: Collection[str] = ()) -> Model:
    return estimate(world.tallies(), world.strangers(), handles, rules=RULES)


def learned_of(model: Model, key_type: str) -> list[float]:
    return [reliability for (name, *_, size), reliability, _ in model.learned.kinds if name == key_type and size != ANY]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "describe",
    [told_by(births=0.7, names=0), told_by(births=0, names=0.7), told_by(births=0.5, names=0.5)],
    ids=["births", "names", "both"],
)
def test_personal_addresses_are_learned_as_personal_and_shared_phones_as_shared(
    describe: Callable[[Random, tuple[str, ...], str], Profile], seed: int
) -> None:
    world = a_world(describe, seed=seed)
    truth = world.part_of_one_person("phone")
    assert world.part_of_one_person("email") == 1.0
    assert truth == pytest.approx(0.43, abs=0.01)
    model = learn(world)
    assert learned_of(model, "email") == pytest.approx([1.0], abs=0.05)
    assert learned_of(model, "phone") == pytest.approx([truth], abs=0.08)


def test_what_was_learned_decides_about_a_value_of_which_nothing_is_told() -> None:
    model = learn(a_world(told_by(births=0.7, names=0.7)))
    assert model.reliability(Key("email", "new@example.org"), 4, Tally()) > 0.9
    assert model.reliability(Key("phone", "+12125559999"), 8, Tally()) < 0.55


def test_where_nothing_is_told_the_assumptions_stay() -> None:
    model = learn(a_world(told_by(births=0, names=0)))
    assert learned_of(model, "email") == [RULES.types["email"].reliability]
    assert learned_of(model, "phone") == [RULES.types["phone"].reliability]
    assert model.learned.births.same == Model().learned.births.same


def test_from_nothing_there_is_nothing_to_learn() -> None:
    model = estimate([], [], [], rules=RULES)
    assert model.learned.kinds == ()
    assert model.reliability(Key("email", "a@example.org"), 2, Tally()) == Model().reliability(
        Key("email", "a@example.org"), 2, Tally()
    )


def test_a_kind_is_learned_by_how_common_its_values_are() -> None:
    world = a_world(told_by(births=0.8, names=0))
    for tip in [uid(1), uid(9), uid(17), uid(25)]:
        world.profiles[tip] = Profile(births=(f"19{60 + tip.int % 30}-0{tip.int % 8 + 1}-17",))
    for number in range(100):
        # Addresses that two strangers share: recycled, or made up.
        world.hold(Key("email", f"shared{number}@example.org"), [uid(8 * number % 480), uid((8 * number + 44) % 480)])
    kinds = {kind: reliability for kind, reliability, _ in learn(world).learned.kinds}
    assert kinds["email", 0, 3, 2] < 0.4
    assert kinds["email", 0, 3, 4] > 0.9


@settings(max_examples=deep(5), deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_model_does_not_depend_on_the_order_of_values_and_handles(chance: Random) -> None:
    world = a_world(told_by(births=0.5, names=0.5))
    values, handles = world.tallies(), ["lucky", "dark77", "night_owl", "luke"]
    model = estimate(values, world.strangers(), handles, rules=RULES)
    chance.shuffle(values)
    chance.shuffle(handles)
    assert estimate(values, world.strangers(), handles, rules=RULES).version == model.version


def test_strangers_tell_how_often_birth_dates_and_names_agree_by_chance() -> None:
    unlike = learn(a_world(told_by(births=1, names=1))).learned
    assert unlike.births.chance < 0.02
    assert unlike.names.chance < 0.02
    alike = [Profile((("joe", "smith"),), (f"1980-02-{day:02}",)) for day in (3, 14, 25) for _ in range(50)]
    model = estimate([], [*alike[::3], *alike[1::3], *alike[2::3]], [], rules=RULES)
    assert model.learned.names.chance == pytest.approx(model.learned.names.same / 2)
    mixed = Random(5).sample(alike, len(alike))
    assert 0.2 < estimate([], mixed, [], rules=RULES).learned.births.chance < 0.5


@pytest.mark.parametrize("count", [641, 2_000])
def test_a_description_that_most_strangers_share_never_speaks_the_wrong_way(count: int) -> None:
    values = [
        (Key("email", f"{n}@example.org"), 2, Tally(1, births=(1, 1), company=1, sure_births=(1, 1)))
        for n in range(200)
    ]
    births = estimate(values, [Profile(births=("1990-02-13",))] * count, [], rules=RULES).learned.births
    assert births.agree_bits() > 0 > births.differ_bits


def test_strangers_of_whom_nothing_is_told_leave_little_chance() -> None:
    assert estimate([], [NOBODY] * 50, [], rules=RULES).learned.births.chance == 0.01


def test_errors_in_the_birth_dates_of_one_person_lower_the_rate_at_which_they_agree() -> None:
    def careless(chance: Random, name: tuple[str, ...], birth: str) -> Profile:
        return Profile((name,), (birth if chance.random() < 0.8 else a_birth(chance),))

    learned = learn(_with_devices(a_world(careless))).learned
    exact = learn(_with_devices(a_world(told_by(births=1, names=1)))).learned
    # Both must have told it right: 0.8 times 0.8.
    assert learned.births.same == pytest.approx(0.64, abs=0.08)
    assert exact.births.same > 0.95


def _with_devices(world: _World) -> _World:
    """Return the world with a device of each person's own, so that some pairs are surely one person."""
    for tip, person in world.person_of.items():
        world.hold(Key("device", f"device{person}", "imei"), [tip])
    # Without the shared phones, which would put strangers among the sure pairs.
    world.holders = {key: tips for key, tips in world.holders.items() if key.type != "phone"}
    return world


def test_a_value_counts_by_its_links_and_not_by_its_pairs() -> None:
    # Sixteen holders: 15 links against the 20 of the assumption, not 120.
    model = estimate([(Key("phone", "v"), 16, Tally(120, births=(0, 120)))], [], [], rules=RULES)
    prior = RULES.types["phone"].reliability
    assert learned_of(model, "phone") == pytest.approx([20 * prior / 35], abs=0.01)


def test_a_kind_of_few_pairs_is_taken_for_one_like_its_neighbours() -> None:
    surely, nothing = Tally(1, births=(1, 1)), Tally(1)
    known = [(Key("phone", str(number)), 2, surely) for number in range(400)]
    unknown = [(Key("phone", "many"), 30, nothing)]
    kinds = estimate(known + unknown, [], [], rules=RULES).learned.kinds
    found = {kind[-1]: reliability for kind, reliability, _ in kinds}
    assert found[32] > 0.95 > RULES.types["phone"].reliability


def test_agreement_that_strangers_reach_too_makes_no_value_reliable() -> None:
    drawn = Random(5).choices([Profile(births=(f"1980-02-{day}",)) for day in (11, 25)], k=400)
    values = [(Key("phone", str(number)), 2, Tally(1, births=(number % 2, 1))) for number in range(400)]
    assert learned_of(estimate(values, drawn, [], rules=RULES), "phone")[0] < 0.15


def test_handles_teach_the_letters() -> None:
    handles = ["lucky", "luck", "luke"] * 30
    model = estimate([], [], handles, rules=RULES)
    assert model.surprise_bits("lucky") < model.surprise_bits("7-9xq")
    assert dict(model.learned.letters)["lu"] < 1


JOE, MILA = Profile(births=("1980-02-13",)), Profile((("mila", "weiss"),), ("1991-11-30",))


PHONES: Place = ("phone", 0)


def tally(profiles: Mapping[UUID, Profile], held: Mapping[UUID, Mapping[Hashable, Place]] | None = None) -> Tally:
    return tally_of(PHONES, list(profiles), profiles=profiles, beside=Beside(held or {}))


def test_a_tally_counts_pairs_and_what_is_told_of_them() -> None:
    near = Profile(births=("1980-02-14",))
    found = tally({uid(1): JOE, uid(2): near, uid(3): MILA, uid(4): NOBODY})
    assert found.pairs == 6
    # A slip counts as agreement; who says nothing is not counted.
    assert found.births == (1, 3)
    assert found.names == (0, 0)


def test_company_is_another_shared_value_of_another_group() -> None:
    profiles = {uid(1): JOE, uid(2): JOE, uid(3): JOE}
    phones: dict[UUID, dict[Hashable, Place]] = {tip: {"phone": PHONES, "second phone": PHONES} for tip in profiles}
    assert tally(profiles, phones).company == 0
    phones[uid(1)]["mail"] = phones[uid(2)]["mail"] = ("handle", 0)
    found = tally(profiles, phones)
    assert (found.pairs, found.company) == (3, 1)
    assert (found.births, found.sure_births) == ((3, 3), (1, 1))


def test_an_address_of_the_moment_is_company_and_no_yardstick() -> None:
    """Who was seen in one session gives one false birth date twice: that is not how often a person's dates agree."""
    profiles = {uid(1): JOE, uid(2): JOE}
    held: dict[UUID, dict[Hashable, Place]] = {tip: {"phone": PHONES, "line": ("network", 0)} for tip in profiles}
    found = tally(profiles, held)
    assert (found.company, found.births, found.sure_births) == (1, (1, 1), (0, 0))


def test_a_name_from_which_the_handle_is_made_tells_nothing_of_the_handle() -> None:
    """All who call themselves alena77 are named Alena, whoever they are; of their phone it does tell."""
    alena = Profile((("alena",),), ("1980-02-13",), echoes=(("alena",),))
    both = {uid(1): alena, uid(2): alena}
    of_handle = tally_of(("handle", 2), list(both), profiles=both, beside=Beside({}))
    assert (of_handle.names, of_handle.births) == ((0, 0), (1, 1))
    assert tally(both).names == (1, 1)


def test_a_coarser_value_is_told_of_by_those_who_share_no_finer_one() -> None:
    """Else the family of a handle would look as sure as the handle that most of its holders share."""
    families, handles = ("handle", 2), ("handle", 1)
    held: dict[UUID, dict[Hashable, Place]] = {uid(number): {"family": families} for number in (1, 2, 3)}
    held[uid(1)]["handle"] = held[uid(2)]["handle"] = handles
    found = tally_of(families, list(held), profiles={uid(1): JOE, uid(2): JOE, uid(3): MILA}, beside=Beside(held))
    assert (found.pairs, found.finer) == (2, 1)
    assert found.births == (0, 2)
    assert tally_of(handles, [uid(1), uid(2)], profiles={}, beside=Beside(held)).finer == 0


@given(st.permutations(range(40)))
def test_of_many_holders_the_same_few_are_compared(order: list[int]) -> None:
    profiles = {uid(number): Profile(births=(f"1980-02-{number % 28 + 1:02}",)) for number in range(40)}
    found = tally_of(PHONES, [uid(number) for number in order], profiles=profiles, beside=Beside({}))
    assert found.pairs == HOLDERS_COMPARED_MAX * (HOLDERS_COMPARED_MAX - 1) // 2
    assert found == tally(profiles)


def test_what_two_tips_share_is_asked_once_however_many_values_they_share() -> None:
    """Two tips with thousands of values in common would take seconds of everybody's time otherwise."""

    class Asked(dict[Hashable, Place]):
        times = 0

        def keys(self) -> Any:
            self.times += 1
            return super().keys()

    held = {uid(number): Asked(dict.fromkeys(range(500), PHONES)) for number in (1, 2)}
    beside = Beside(held)
    tallies = {tally_of(PHONES, list(held), profiles={}, beside=beside) for _ in range(500)}
    assert len(tallies) == 1
    assert [each.times for each in held.values()] == [1, 1]
