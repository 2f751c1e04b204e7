"""Names, birth dates and settings among the reasons of a link: for or against it, beside an identifier, never alone."""

from dataclasses import replace

import pytest

from services.linker.domain.evidence import Key
from services.linker.domain.likeness import with_likeness
from services.linker.domain.links import Evidence, Held, Link, Worth, gather, links_of
from services.linker.domain.model import Learned, Model, Rates
from services.linker.domain.profile import Profile
from services.linker.domain.rules import RULES
from services.linker.domain.setting import Setting
from tests.unit.linker.test_holdings_and_links import uid

MODEL = Model(Learned(births=Rates(0.9, 0.1), names=Rates(0.8, 0.2)))
PHONE = Evidence("same_phone", "phone", "phone", "+12025550143", "same phone number, seen in 2 tips", 1.0, 2, "strong")
ANA = Profile((("ana", "lopez"),), ("1980-02-03",))


def link(number: int, *evidence: Evidence) -> Link:
    return Link(uid(number), "strong", evidence, None, MODEL.version)


def reasons(theirs: Profile, model: Model = MODEL) -> list[tuple[str, str, float]]:
    """Return rule, value and weight of what is added to a link of Ana's tip."""
    [found] = with_likeness(uid(1), [link(2, PHONE)], {uid(1): ANA, uid(2): theirs}, model)
    return [(each.rule, each.value, each.weight) for each in found.evidence if each is not PHONE]


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (ANA, [("same_birth_date", "1980-02-03", 3.17), ("same_name", "ana lopez", 2.0)]),
        (Profile((("anna", "lopez"),)), [("same_name", "ana lopez / anna lopez", 2.0)]),
        (Profile(births=("1980-02-08",)), [("near_birth_date", "1980-02-03 / 1980-02-08", 1.58)]),
        (
            Profile((("bo", "li"),), ("1955-11-28",)),
            [
                ("different_name", "ana lopez / bo li", -2.0),
                ("different_birth_date", "1980-02-03 / 1955-11-28", -3.17),
            ],
        ),
        (Profile(), []),
    ],
)
def test_what_is_told_of_both_speaks_for_or_against(theirs: Profile, expected: list[tuple[str, str, float]]) -> None:
    assert reasons(theirs) == expected


def test_together_they_weigh_no_more_than_when_clusters_are_made() -> None:
    assert [weight for _, _, weight in reasons(ANA, replace(MODEL, rules=replace(RULES, likeness_bits_max=4.0)))] == [
        3.17,
        0.83,
    ]


def test_beside_no_identifier_nothing_is_said() -> None:
    judged = replace(link(2), judgement="same")
    assert with_likeness(uid(1), [judged], {uid(1): ANA, uid(2): ANA}, MODEL) == (judged,)


def test_a_link_with_more_for_it_comes_first_and_is_no_stronger_for_it() -> None:
    links = [link(2, PHONE), link(3, PHONE)]
    found = with_likeness(uid(1), links, {uid(1): ANA, uid(2): Profile(), uid(3): ANA}, MODEL)
    assert [(each.tip_id, each.strength) for each in found] == [(uid(3), "strong"), (uid(2), "strong")]
    weak = [replace(each, strength="weak") for each in links]
    assert {each.strength for each in with_likeness(uid(1), weak, {uid(1): ANA, uid(3): ANA}, MODEL)} == {"weak"}


def test_they_come_behind_the_identifiers_and_no_sentence_holds_a_value() -> None:
    [found] = with_likeness(uid(1), [link(2, PHONE)], {uid(1): ANA, uid(2): ANA}, MODEL)
    assert [each.type for each in found.evidence] == ["phone", "birth_date", "name"]
    assert not [each.detail for each in found.evidence if "lopez" in each.detail or "1980" in each.detail]


HERE = Setting((("ro",), ("cluj",), ("kik",)), (739_000,))
THERE = Setting((("us",), ("cluj",), ()), (739_300,))
SETTLED = Model(
    Learned(
        settings=(("", (Rates(0.9, 0.1), Rates(0.5, 0.125), Rates(0.2, 0.2))),),
        gaps=(4.0, 2.0, 1.0, 1.0, 0.5, 0.25),
    )
)


def settings_said(left: Setting, right: Setting, model: Model) -> list[tuple[str, str, str, str, float]]:
    profiles = {uid(1): Profile(setting=left), uid(2): Profile(setting=right)}
    [found] = with_likeness(uid(1), [link(2, PHONE)], profiles, model)
    return [(each.rule, each.type, each.value, each.detail, each.weight) for each in found.evidence[1:]]


def test_where_and_when_two_were_reported_is_told_as_far_as_it_says_something() -> None:
    assert settings_said(HERE, HERE, SETTLED) == [
        ("same_country", "country", "ro", "reported of the same country", 3.17),
        ("same_city", "city", "cluj", "reported of the same city", 2.0),
        ("near_in_time", "time", "0", "reported at the same time, to a day", 2.0),
    ]
    assert settings_said(HERE, THERE, SETTLED) == [
        ("same_city", "city", "cluj", "reported of the same city", 2.0),
        ("far_in_time", "time", "300", "reported 300 days apart", -2.0),
        ("different_country", "country", "ro / us", "reported of different countries", -3.17),
    ]


def test_beside_a_device_a_setting_says_what_it_does_for_that_sort_of_device() -> None:
    shared = Key("device", "35-209900-176148-1", "imei")
    own = Model(replace(SETTLED.learned, settings=(*SETTLED.learned.settings, ("device:imei", (Rates(0.8, 0.2),) * 3))))
    held = gather([(uid(1), Held(("35-209900-176148-1",))), (uid(2), Held(("35-209900-176148-1",)))])
    links = links_of([uid(1)], {shared: held}, worth={shared: Worth(2, 0.9)}, judgements={}, model=own)[uid(1)]
    [found] = with_likeness(uid(1), links, {uid(1): Profile(setting=HERE), uid(2): Profile(setting=HERE)}, own)
    assert [each.weight for each in found.evidence if each.rule == "same_country"] == [2.0]


def test_what_time_says_may_be_against_two_who_were_reported_at_one_time() -> None:
    seldom = Model(replace(SETTLED.learned, settings=(), gaps=(0.25, 1.0, 1.0, 1.0, 1.0, 4.0)))
    (found,) = settings_said(HERE, HERE, seldom)
    assert found == ("near_in_time", "time", "0", "reported at the same time, to a day", -2.0)


def test_before_anything_is_learned_no_setting_is_a_reason() -> None:
    assert settings_said(HERE, HERE, Model()) == []
