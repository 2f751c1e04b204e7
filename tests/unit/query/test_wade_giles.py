"""Chinese names as Taiwan spells them, and as China does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.domain.likeness import FORM, likeness
from services.query.domain.wade_giles import READINGS_MAX, pinyin_of


@pytest.mark.parametrize(
    ("wade_giles", "pinyin"),
    [
        ("hsieh", "xie"), ("tsai", "cai"), ("hsi", "xi"), ("chin", "qin"), ("chin", "jin"), ("chien", "qian"),
        ("jen", "ren"), ("yeh", "ye"), ("yen", "yan"), ("kuei", "gui"), ("ko", "ke"), ("ho", "he"), ("lo", "luo"),
        ("tzu", "zi"), ("szu", "si"), ("ssu", "si"), ("shih", "shi"), ("jih", "ri"), ("erh", "er"), ("yung", "yong"),
        ("hsiung", "xiong"), ("hsueh", "xue"), ("hsuan", "xuan"), ("tsetung", "zedong"), ("chinping", "jinping"),
        ("hsiaoping", "xiaoping"), ("meiyueh", "meiyue"),
    ],
)  # fmt: skip
def test_a_word_in_wade_giles_is_a_form_of_the_one_in_pinyin(wade_giles: str, pinyin: str) -> None:
    assert likeness(wade_giles, pinyin) == FORM


@pytest.mark.parametrize("word", ["juan", "ruan", "chuan", "tina", "dina", "kate", "peter", "lin", "mao", "guo"])
def test_what_may_be_pinyin_or_no_chinese_at_all_stays_what_it_is(word: str) -> None:
    assert not pinyin_of(word)


def test_two_syllables_that_wade_giles_writes_alike_are_not_forms_of_each_other() -> None:
    assert pinyin_of("hung") & pinyin_of("hong")
    assert pinyin_of("tung") >= {"dong", "tong"}
    assert not pinyin_of("dong") & pinyin_of("tong")


def test_of_two_syllables_no_reading_is_left_out() -> None:
    ways = {f"{one}{other}" for one in ("zhu", "chu", "ju", "qu") for other in ("zhong", "chong")}
    assert pinyin_of("chuchung") == ways


@given(st.one_of(st.text(max_size=60), st.text("aeiounghstcjk", max_size=60)))
def test_any_word_has_few_forms(word: str) -> None:
    assert len(pinyin_of(word)) <= READINGS_MAX + 1
