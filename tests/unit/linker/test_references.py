"""Which report a source means when it names one, and who holds it."""

import pytest

from services.linker.domain.evidence import Key
from services.linker.domain.references import References, references_of
from tests.builders import new_id


def held(references: References) -> list[tuple[str, str]]:
    """Return the sources and references of the reports that a tip holds."""
    return [(holding.key.scope, holding.key.value) for holding in references_of(new_id(), references)]


def test_a_report_is_held_only_where_one_names_it() -> None:
    assert held(References("ncmec", "CT-1")) == []
    assert held(References("ncmec", "CT-1", is_named=True)) == [("ncmec", "CT-1")]


@pytest.mark.parametrize(
    ("sources", "meant"),
    [
        ({"ncmec"}, [("ncmec", "7")]),
        ({"ncmec", "police", "hotline"}, [("ncmec", "7")]),
        ({"police"}, [("police", "7")]),
        ({"police", "hotline"}, [("ncmec", "7")]),
        ((), [("ncmec", "7")]),
    ],
    ids=["its own", "its own first", "the only one", "one of several", "one that nobody here has"],
)
def test_whose_report_is_meant(sources: set[str], meant: list[tuple[str, str]]) -> None:
    assert held(References("ncmec", "CT-1", named={"7": sources})) == meant


def test_what_two_tips_hold_of_one_report_is_one_value_and_may_link_them() -> None:
    (own,) = references_of(new_id(), References("ncmec", "CT-1", is_named=True))
    (named,) = references_of(new_id(), References("police", "1", named={"CT-1": {"ncmec"}}))
    assert own.key == named.key == Key("reference", "CT-1", "ncmec")
    assert own.links
    assert named.links


def test_a_tip_does_not_mean_itself_but_whose_number_it_passes_on() -> None:
    assert held(References("ncmec", "CT-1", is_named=True, named={"CT-1": {"ncmec"}})) == [("ncmec", "CT-1")]
    assert held(References("police", "CT-1", named={"CT-1": {"police"}})) == []
    assert held(References("police", "CT-1", named={"CT-1": {"ncmec", "police"}})) == [("ncmec", "CT-1")]


@pytest.mark.parametrize("nothing", ["N/A", " none", "-", "0", "unknown", "\u200b"])
def test_what_is_written_where_there_is_no_reference_is_none(nothing: str) -> None:
    assert held(References("ncmec", "CT-1", named={nothing: {"ncmec"}})) == []
    assert held(References("ncmec", nothing, is_named=True, named={"7": ()})) == [("ncmec", "7")]
