"""What a month's report says, and when it is due and late."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.report import (
    Deeds,
    Findings,
    Lookups,
    Verification,
    Verifications,
    month_after,
    month_of,
    months_due,
    months_late,
    write_report,
)

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
NOTHING = Findings(0, (), (), (), (), 0)
VERIFIED = Verifications(*[Verification(datetime(2026, 3, 2, tzinfo=UTC), 0, ["intact"])] * 2)


@given(st.dates(date(1999, 1, 1), date(2100, 1, 1)))
def test_months_follow_each_other(day: date) -> None:
    month = month_of(day)
    assert month.day == 1
    assert month <= day < month_after(month)
    assert month_of(month_after(month) - timedelta(days=1)) == month


def test_a_moments_month_is_that_of_its_time_in_utc() -> None:
    assert month_of(datetime.fromisoformat("2026-03-01T01:00:00+02:00")) == FEBRUARY


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-02-01T23:59:59Z", []),
        ("2026-02-02T00:00:00Z", [JANUARY]),
        ("2026-03-02T00:00:00Z", [JANUARY, FEBRUARY]),
    ],
)
def test_a_month_is_reported_once_it_has_been_over_for_a_day(now: str, due: list[date]) -> None:
    assert months_due(JANUARY, [], datetime.fromisoformat(now)) == due
    assert months_due(JANUARY, [JANUARY], datetime.fromisoformat(now)) == [each for each in due if each != JANUARY]
    assert months_due(None, [], datetime.fromisoformat(now)) == []


@pytest.mark.parametrize(
    ("now", "late"),
    [
        ("2026-02-04T23:59:59Z", []),
        ("2026-02-05T00:00:00Z", [JANUARY]),
        ("2026-03-07T23:59:59Z", [JANUARY]),
        ("2026-03-08T00:00:00Z", [JANUARY, FEBRUARY]),
    ],
)
def test_a_month_without_both_signatures_is_late_from_day_35_on(now: str, late: list[date]) -> None:
    assert months_late(JANUARY, [], datetime.fromisoformat(now)) == late
    assert months_late(JANUARY, [JANUARY], datetime.fromisoformat(now)) == [each for each in late if each != JANUARY]
    assert months_late(None, [], datetime.fromisoformat(now)) == []


def test_a_report_says_who_did_what_how_often() -> None:
    found = Findings(
        entry_count=70,
        deeds=[
            Deeds(None, "auth.refused", "denied", 4),
            Deeds("cbp.att", "lookup.answered", "ok", 5),
            Deeds("cbp.att", "note.added", "ok", 2),
            Deeds("cbp.att", "record.viewed", "ok", 9),
            Deeds("cbp.att", "request.refused", "denied", 3),
            Deeds("cbp.att", "request.refused", "failed", 1),
            Deeds("cbp.att", "session.opened", "ok", 6),
            Deeds("ceiu.analyst", "note.added", "ok", 1),
        ],
        lookups=[
            Lookups("cbp.att", "CBP", "", "traveller_targeting", 4, 1, 2),
            Lookups("cbp.att", "CBP", "", "investigation", 1, 0, 0),
        ],
        flags=[("repeated", 1)],
        anomalies=[("bad_mac", 2)],
        missing_numbers=3,
    )
    text, sha256 = write_report(FEBRUARY, found, VERIFIED)
    assert sha256 == hashlib.sha256(text.encode()).digest()
    report = json.loads(text)
    assert (report["month"], report["until"], report["entries"]) == ("2026-02-01", "2026-03-01", 70)
    assert report["lookups"] == {
        "cbp.att": {
            "units": ["CBP"],
            "purposes": {
                "traveller_targeting": {"count": 4, "matched": 1, "unexplained": 2},
                "investigation": {"count": 1, "matched": 0, "unexplained": 0},
            },
        }
    }
    assert report["lookups_unexplained"] == 2
    assert report["refused"] == {"denied": {"(unknown)": 4, "cbp.att": 3}, "failed": {"cbp.att": 1}}
    assert report["logins"] == {"cbp.att": 6}
    assert report["views"] == {"cbp.att": 9}
    assert report["changes"] == {"note.added": {"cbp.att": 2, "ceiu.analyst": 1}}
    assert (report["flags"], report["anomalies"], report["missing_numbers"]) == ({"repeated": 1}, {"bad_mac": 2}, 3)
    assert report["verification"] == {"at": "2026-03-02T00:00:00+00:00", "exit_code": 0, "said": ["intact"]}


def test_whoever_moved_to_another_office_is_counted_in_both() -> None:
    boston = Lookups("k.lee", "ICE", "sac-boston", "investigation", 4, 1, 2)
    miami = Lookups("k.lee", "ICE", "sac-miami", "investigation", 3, 1, 0)
    text, _ = write_report(FEBRUARY, replace(NOTHING, lookups=[boston, miami]), VERIFIED)
    assert json.loads(text)["lookups"] == {
        "k.lee": {
            "units": ["ICE/sac-boston", "ICE/sac-miami"],
            "purposes": {"investigation": {"count": 7, "matched": 2, "unexplained": 2}},
        }
    }


def test_the_same_month_gives_the_same_bytes() -> None:
    assert write_report(FEBRUARY, NOTHING, VERIFIED) == write_report(FEBRUARY, NOTHING, VERIFIED)
    assert write_report(FEBRUARY, NOTHING, VERIFIED)[1] != write_report(MARCH, NOTHING, VERIFIED)[1]
