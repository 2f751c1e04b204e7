"""Where and when something was reported: how settings compare, what is learned of them, and what they may decide."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from math import log2
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.cluster import Shared, cluster
from services.linker.domain.estimate import Beside, estimate, tally_of
from services.linker.domain.evidence import Key
from services.linker.domain.facts import Address, TipContent
from services.linker.domain.model import ANY, Learned, Model, Rates, Tally
from services.linker.domain.profile import Profile
from services.linker.domain.rules import RULES, Place
from services.linker.domain.setting import (
    ATTRIBUTES,
    DAYS_MAX,
    GAP_CLASSES,
    GAPS_DAYS,
    NOWHERE,
    Setting,
    compare_told,
    gap_class,
    merge_settings,
    setting_of,
)

SETTLED, RANDOM = Rates(0.95, 0.1), Rates(0.1, 0.1)
NUMBERS = count(1)
DAY = datetime(2026, 3, 1, tzinfo=UTC).toordinal()


def a_tip_id() -> UUID:
    return UUID(int=next(NUMBERS) << 80 | 0x7 << 76 | 0x2 << 62)


def in_country(*countries: str, day: int | None = None) -> Profile:
    return Profile(setting=Setting((tuple(sorted(countries)), (), ()), () if day is None else (day,)))


def reported(country: str | None = None, city: str | None = None, platform: str | None = None) -> Setting:
    at = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    place = Address(country=country, city=city)
    return setting_of(TipContent(UUID(int=1), 1, "ncmec", "CT-1", at, "possession", platform, place))


def model_of(country: Rates, *, phone: Rates | None = None, gaps: tuple[float, ...] = (1.0,) * GAP_CLASSES) -> Model:
    """Return a model by which a shared e-mail address or phone number is a little likelier one person's than not."""
    kinds = tuple(((kind, ANY, ANY, ANY), 0.6, 0.3) for kind in ("email", "phone"))
    rest = (RANDOM,) * (len(ATTRIBUTES) - 1)
    settings = (("", (country, *rest)), ("phone", (phone or country, *rest)))
    return Model(Learned(kinds=kinds, settings=settings, gaps=gaps, pair_bits=0.5))


def are_together(left: Profile, right: Profile, model: Model, *, kind: str = "email") -> bool:
    profiles: Mapping[UUID, Profile] = {a_tip_id(): left, a_tip_id(): right}
    shared = {Key(kind, "one"): Shared(list(profiles), 0.6)}
    return len(cluster(profiles, shared, profiles, {}, model=model)) == 1


SETTINGS = st.builds(
    lambda told, days: Setting(tuple(tuple(sorted(values)) for values in told), tuple(sorted(days))),
    st.tuples(*(st.sets(st.sampled_from("abcd"), max_size=3) for _ in ATTRIBUTES)),
    st.sets(st.integers(DAY, DAY + 400), max_size=5),
)


def test_a_setting_is_told_without_difference_of_case_and_by_a_platforms_present_name() -> None:
    assert reported("RO", "Cluj-Napoca ", "Kik").told == reported("ro", "cluj-napoca", " kik").told
    assert reported(platform="Twitter").told == reported(platform="X").told
    assert reported("RO").days == (DAY,)
    at = datetime(2026, 3, 1, 23, 59, tzinfo=timezone(timedelta(hours=-5)))
    assert setting_of(TipContent(UUID(int=1), 1, "ncmec", "CT-1", at, "possession")).days == (DAY + 1,), "in UTC"


@pytest.mark.parametrize("country", ["US", "us", " US ", "USA", "U.S.A.", "United States"])
def test_a_country_is_told_by_its_code_however_a_source_writes_it(country: str) -> None:
    assert reported(country).told[0] == ("us",)


@pytest.mark.parametrize("nothing", [None, "", "unknown", "n/a", "-", "\u200b"])
def test_what_stands_for_nothing_is_no_place_and_no_platform(nothing: str | None) -> None:
    assert reported(nothing, nothing, nothing).told == NOWHERE.told
    assert reported(platform="Other").told == NOWHERE.told
    assert reported(country="NA").told[0] == ("na",), "Namibia"


@given(SETTINGS, SETTINGS, SETTINGS)
def test_settings_merge_in_any_order(one: Setting, two: Setting, three: Setting) -> None:
    assert merge_settings(one, two) == merge_settings(two, one)
    assert merge_settings(merge_settings(one, two), three) == merge_settings(one, merge_settings(two, three))
    assert merge_settings(one, one) == merge_settings(one, NOWHERE) == one


@given(SETTINGS, SETTINGS)
def test_no_side_goes_first_and_silence_says_nothing(left: Setting, right: Setting) -> None:
    model = model_of(SETTLED, gaps=(4.0, 2.0, 1.0, 1.0, 0.5, 0.25))
    assert compare_told(left, right) == compare_told(right, left)
    assert model.told_bits("email", left, right) == model.told_bits("email", right, left)
    assert model.time_bits(left.days, right.days) == pytest.approx(model.time_bits(right.days, left.days))
    assert set(model.told_bits("email", left, NOWHERE)) <= {0.0}
    assert model.time_bits(left.days, ()) == 0.0


def test_of_very_many_days_some_are_kept_and_the_first_among_them() -> None:
    many = merge_settings(Setting(days=tuple(range(DAY, DAY + 300))), NOWHERE)
    assert len(many.days) <= DAYS_MAX
    assert many.days[0] == DAY
    assert many.days[-1] >= DAY + 290


@pytest.mark.parametrize("place", range(len(GAPS_DAYS)))
def test_a_class_of_time_ends_with_its_days(place: int) -> None:
    assert gap_class(DAY, DAY + GAPS_DAYS[place]) == place
    assert gap_class(DAY + GAPS_DAYS[place] + 1, DAY) == place + 1


def test_one_country_speaks_for_one_person_and_two_against_it() -> None:
    model = model_of(SETTLED)
    assert are_together(in_country("ro"), in_country("ro"), model)
    assert not are_together(in_country("ro"), in_country("us"), model)
    assert are_together(in_country(), in_country("us"), model), "who tells none is neither"
    assert are_together(in_country("ro", "us"), in_country("us"), model), "one of them is enough"


def test_a_setting_says_nothing_where_strangers_agree_as_often_and_before_anything_is_learned() -> None:
    assert model_of(RANDOM).told_bits("email", in_country("ro").setting, in_country("us").setting)[0] == 0.0
    assert Model().told_bits("email", in_country("ro").setting, in_country("us").setting) == ()
    assert Model().time_bits((DAY,), (DAY,)) == 0.0


def test_what_a_setting_says_hangs_on_the_kind_of_value_shared() -> None:
    model = model_of(SETTLED, phone=Rates(0.95, 0.95))
    here, there = in_country("ro"), in_country("us")
    assert not are_together(here, there, model, kind="email")
    assert are_together(here, there, model, kind="phone")


@given(st.integers(1, 7))
def test_the_more_is_compared_the_less_it_says_that_some_agree_and_the_more_that_none_do(few: int) -> None:
    rates = Rates(0.4, 0.1)
    assert rates.closest_bits(agrees=True, compared=few) > rates.closest_bits(agrees=True, compared=few + 1) > 0
    assert rates.closest_bits(agrees=False, compared=few + 1) < rates.closest_bits(agrees=False, compared=few) < 0
    assert SETTLED.closest_bits(agrees=False, compared=10_000) > -10


def test_reports_about_one_time_speak_for_one_person_and_far_apart_against_it() -> None:
    model = model_of(RANDOM, gaps=(4.0, 2.0, 1.0, 1.0, 0.5, 0.1))
    assert are_together(in_country(day=DAY), in_country(day=DAY + 2), model)
    assert not are_together(in_country(day=DAY), in_country(day=DAY + 300), model)


@given(st.lists(st.integers(DAY, DAY + 400), min_size=1, max_size=5), st.integers(DAY, DAY + 400))
def test_what_time_says_lies_between_what_it_says_of_any_two_reports(days: list[int], day: int) -> None:
    model = model_of(RANDOM, gaps=(4.0, 2.0, 1.0, 1.0, 0.5, 0.1))
    each = [model.time_bits((one,), (day,)) for one in days]
    assert min(each) - 1e-9 <= model.time_bits(days, (day,)) <= max(each) + 1e-9


def learned_from(*, phones_are_local: bool, seed: int = 1) -> Model:
    """Return what is learned of people in ten countries who are reported within a month of theirs.

    Each has an address of their own, and a user name that a stranger anywhere has too; each phone is that of two
    people of one country or, unless `phones_are_local`, of any two.
    """
    chance = Random(seed)
    holders: dict[Key, list[UUID]] = {}
    profiles: dict[UUID, Profile] = {}
    people = [(number, str(chance.randrange(10)), chance.randrange(700)) for number in range(300)]
    in_order = sorted(people, key=lambda person: person[1]) if phones_are_local else people
    phone_of = {person: place // 2 for place, (person, *_) in enumerate(in_order)}
    for person, country, day in people:
        for tip_id in [a_tip_id() for _ in range(3)]:
            birth = f"{1950 + person % 50}-{1 + person % 11:02}-{2 + person % 26:02}"
            setting = Setting(((country,), (), ()), (DAY + day + chance.randrange(30),))
            profiles[tip_id] = Profile((), (birth,), setting=setting)
            for kind, value in (("email", person), ("username", person % 150), ("phone", phone_of[person])):
                holders.setdefault(Key(kind, str(value)), []).append(tip_id)
    held: dict[UUID, dict[object, Place]] = {tip_id: {} for tip_id in profiles}
    for key, tips in holders.items():
        for tip_id in tips:
            held[tip_id][key] = RULES.place_of(key.type, key.scope)
    beside = Beside(held)
    tallies = [
        (key, len(tips), tally_of(RULES.place_of(*key[::2]), tips, profiles=profiles, beside=beside))
        for key, tips in holders.items()
    ]
    strangers = list(profiles.values())
    chance.shuffle(strangers)
    return estimate(tallies, strangers, [], rules=RULES)


def country_of(model: Model, name: str) -> Rates:
    return dict(model.learned.settings)[name][0]


def test_how_often_countries_agree_is_learned_of_one_person_and_of_strangers() -> None:
    model = learned_from(phones_are_local=False)
    assert country_of(model, "").same > 0.9
    assert country_of(model, "").chance == pytest.approx(0.1, abs=0.03)
    assert country_of(model, "phone").chance < 0.25


def test_strangers_who_share_a_phone_of_their_country_are_no_more_one_person_for_it() -> None:
    local = country_of(learned_from(phones_are_local=True), "phone")
    assert local.chance > 0.7
    assert local.closest_bits(agrees=True, compared=1) < 0.5


def test_it_is_learned_that_reports_of_one_person_come_about_one_time() -> None:
    gaps = learned_from(phones_are_local=False).learned.gaps
    assert gaps[2] > 3
    assert max(gaps[3:]) < 0.5
    assert all(ratio > 0 for ratio in gaps)


@given(st.lists(st.integers(0, 10**9), min_size=GAP_CLASSES, max_size=GAP_CLASSES))
def test_however_much_is_told_no_time_decides_by_itself(sure: list[int]) -> None:
    told = Tally(1.0, sure_gaps=tuple(map(float, sure)))
    strangers = [Profile(setting=Setting(days=(DAY + 97 * place % 701,))) for place in range(200)]
    model = estimate([(Key("email", "a"), 2, told)], strangers, [], rules=RULES)
    assert all(abs(model.time_bits((DAY,), (DAY + days,))) < 6.1 for days in (0, 10, 30, 100, 200, 400))


@given(st.floats(0.01, 0.97), st.floats(0.00001, 0.97), st.integers(1, 100), st.booleans())
def test_no_place_decides_by_itself(same: float, chance: float, compared: int, agrees: bool) -> None:
    assert abs(Rates(same, chance).closest_bits(agrees=agrees, compared=compared)) <= 6


@pytest.mark.parametrize("strangers", [[Profile(), Profile()], []], ids=["silent", "none"])
def test_where_no_setting_is_told_none_speaks(strangers: list[Profile]) -> None:
    model = estimate([(Key("email", "a"), 2, Tally(1.0, births=(1.0, 1.0)))], strangers, [], rules=RULES)
    assert {
        rates.closest_bits(agrees=agrees, compared=1)
        for _, each in model.learned.settings
        for rates in each
        for agrees in (True, False)
    } == {0.0}
    assert model.learned.gaps == (1.0,) * GAP_CLASSES


def test_a_city_and_a_platform_count_as_a_country_does() -> None:
    rates = (Rates(0.9, 0.1), Rates(0.8, 0.1), Rates(0.5, 0.25))
    model = Model(Learned(settings=(("", rates),)))
    here = Setting((("ro",), ("cluj",), ("kik",)), (DAY,))
    assert model.told_bits("email", here, here) == pytest.approx([log2(9), log2(8), log2(2)])
    there = Setting((("us",), ("bern",), ("x",)), (DAY,))
    assert model.told_bits("email", here, there) == pytest.approx([log2(1 / 9), log2(2 / 9), log2(2 / 3)])
