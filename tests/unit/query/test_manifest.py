"""Passenger lists: when a flight is over, what of a passenger can be looked for, and how far a list is."""

from datetime import UTC, datetime

import pytest

from services.query.domain.manifest import Progress, askable, read_departure, state_of
from services.query.domain.question import Asked
from tests.fakes import START

TODAY = START.date()


@pytest.mark.parametrize(
    ("text", "latest"),
    [
        ("2026-03-03T10:40:00Z", datetime(2026, 3, 3, 10, 40, tzinfo=UTC)),
        ("2026-03-03T10:40+02:00", datetime(2026, 3, 3, 8, 40, tzinfo=UTC)),
        ("2026-03-03t10:40:07.5z", datetime(2026, 3, 3, 10, 40, 7, 500_000, tzinfo=UTC)),
        ("2026-03-03T10:40", datetime(2026, 3, 3, 22, 40, tzinfo=UTC)),
        ("2026-03-03T13:40:00", datetime(2026, 3, 4, 1, 40, tzinfo=UTC)),
    ],
)
def test_a_departure_without_an_offset_is_in_the_last_time_zone(text: str, latest: datetime) -> None:
    departure = read_departure(text)
    assert (departure.given, departure.latest) == (text, latest)


NO_TIMES = (
    "",
    "2026-03-03",
    "2026-13-03T10:40Z",
    "2026-02-29T10:40Z",
    "2026-03-03 10:40",
    "1772534400",
    "9999-12-31T23:59",
)


@pytest.mark.parametrize("text", [*NO_TIMES, "0001-01-01T00:00+05:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        read_departure(text)


def test_what_cannot_be_looked_for_is_left_out_with_a_remark() -> None:
    whole = Asked(name="LOPEZ ANA", birth_date="1980-02-03", documents=("X1234567",))
    assert askable(whole, today=TODAY) == (whole, ())
    asked, remarks = askable(Asked(name="X", birth_date="2999-01-01", documents=("X1234567",)), today=TODAY)
    assert asked == Asked(documents=("X1234567",))
    assert [remark.split(" ")[0] for remark in remarks] == ["name", "birth_date"]
    for nothing in (Asked(), Asked(birth_date="1980-02-03"), Asked(name="*")):
        asked, remarks = askable(nothing, today=TODAY)
        assert asked is None
        assert remarks


def test_a_value_that_cannot_be_looked_for_does_not_keep_the_others_of_its_field_from_it() -> None:
    given = Asked(name="LOPEZ ANA", emails=("a@example.org", "none"), documents=("-", "X1234567", "?"))
    asked, remarks = askable(given, today=TODAY)
    assert asked == Asked(name="LOPEZ ANA", emails=("a@example.org",), documents=("X1234567",))
    assert [remark.split(":")[0] for remark in remarks] == [
        "a value of emails was left out",
        "a value of documents was left out",
    ]


def test_a_list_is_ended_when_its_flight_is_over_and_nobody_waits() -> None:
    assert state_of(Progress(0, 3), is_over=False) == "waiting"
    assert state_of(Progress(1, 3), is_over=True) == "screening"
    assert state_of(Progress(3, 3), is_over=False) == "screened"
    assert state_of(Progress(3, 3), is_over=True) == "ended"
