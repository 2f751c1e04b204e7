"""What is kept of a look-up: keys that tell neighbours, and nobody a name; and who asks for themselves."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.explain import reason_of
from services.audit.domain.keys import KEY_BYTES, Keys, flights_of, names_flight_or_case
from services.audit.domain.logged import Logged
from services.audit.domain.lookup import hour_of, lookup_of, view_of
from services.audit.domain.staff import Staff, read_staff
from shared.errors import Rejected
from shared.events.envelope import Actor
from tests.builders import new_id
from tests.fakes import START

KEYS = Keys(b"secret")
ACTOR = Actor(id="cbp.att", kind="person", role="cbp.att", agency="CBP")
STAFF = b"""{"cbp.att": {"names": ["Ana L\xc3\xb3pez Garc\xc3\xada"], "birth_date": "1980-02-03",
    "emails": ["ana@example.org"], "usernames": ["ana80"], "phones": ["+12025550143"]}}"""


def a_logged(type_: str = "lookup.answered", payload: Any = None, **fields: Any) -> Logged:
    """Return an event as followers are given it."""
    return Logged(
        **{
            "head_id": 1,
            "index": 0,
            "topic": "query.activity",
            "partition": 0,
            "event_id": new_id(),
            "type": type_,
            "occurred_at": START,
            "subject_kind": "lookup",
            "subject_id": "x",
            "outcome": "ok",
            "actor": ACTOR,
            "correlation_id": new_id(),
            "payload": payload or {},
            "is_verified": True,
            **fields,
        }
    )


def test_a_person_has_one_key_however_the_name_is_written() -> None:
    [key] = KEYS.persons({"name": "LÓPEZ, Ana", "birth_date": "1980-02-03"})
    assert KEYS.persons({"name": "ana lopez", "birth_date": "1980-02-03"}) == [key]
    assert KEYS.persons({"name": "ana lopez", "birth_date": "1980-02-04"}) != [key]
    assert KEYS.persons({"name": "ana lopez"}) != [key]
    assert Keys(b"other").persons({"name": "ana lopez", "birth_date": "1980-02-03"}) != [key]
    assert len(key) == KEY_BYTES


def test_identifiers_have_keys_of_their_own_behind_the_name() -> None:
    asked = {
        "name": "Ana",
        "emails": ["A@example.org"],
        "phones": ["+12025550143"],
        "documents": ["X 12"],
        "usernames": [],
    }
    assert len(KEYS.persons(asked)) == 4
    assert KEYS.persons({"emails": ["a@example.org"]}) == KEYS.persons(asked)[1:2]
    assert KEYS.persons({"emails": ["no address"]}) == KEYS.persons({}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "Rosa Invented"}, {"name": "Invented, Paul"}),
        ({"documents": ["C1234567"]}, {"documents": ["C1234568"]}),
        ({"phones": ["+12025550143"]}, {"phones": ["+12025550199"]}),
        ({"usernames": ["dark_7"]}, {"usernames": ["dark_112"]}),
        ({"emails": ["joe7@example.org"]}, {"emails": ["joe8@example.org"]}),
    ],
)
def test_neighbours_share_a_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert set(KEYS.likeness(one)) & set(KEYS.likeness(other))
    assert not set(KEYS.persons(one)) & set(KEYS.persons(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"documents": ["C1234567"]}, {"documents": ["C1239567"]}),
        ({"emails": ["joe7@example.org"]}, {"emails": ["joe7@example.net"]}),
        ({"usernames": ["dark"]}, {"usernames": ["light"]}),
        ({"name": "Rosa Invented"}, {"name": "Paul Other"}),
    ],
)
def test_others_share_none(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not set(KEYS.likeness(one)) & set(KEYS.likeness(other))


@pytest.mark.parametrize(
    "text",
    [
        "LH400",
        "lh 0400/12 Mar",
        "flight LH-400",
        "LH 400A",
        "LH/400",
        "LH  400",
        "x_LH_400_x",
        "\uff2c\uff28\uff14\uff10\uff10",
    ],
)
def test_a_flight_is_one_however_it_is_spelled(text: str) -> None:
    assert flights_of(text) == ["LH400"]
    assert KEYS.flight("LH400") in KEYS.reference(text)


def test_a_reference_names_ids_and_the_reference_of_a_tips_source() -> None:
    id_ = new_id()
    assert KEYS.of("id", str(id_)) in KEYS.reference(f"lead {str(id_).upper()}, urgent")
    (key,) = KEYS.source_reference("CT-2026-99")
    assert key in KEYS.reference("ct 2026/99")
    assert key not in KEYS.reference("CT-2026-98")


def test_a_reference_without_a_letter_or_digit_names_nothing() -> None:
    assert KEYS.source_reference(" - ...") == KEYS.reference("—") == []


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        ("UA 100", True),
        ("9W12", True),
        ("CT-2026-99", True),
        ("HO 12/34", True),
        ("asap", False),
        ("see mail 3", False),
    ],
)
def test_a_reference_names_a_flight_or_case_by_its_looks(reference: str, names: bool) -> None:
    assert names_flight_or_case(reference) is names


@pytest.mark.parametrize(
    ("asked", "is_self"),
    [
        ({"name": "LOPEZ GARCIA ANA", "birth_date": "1980-02-03"}, True),
        ({"name": "Ana López", "birth_date": "1980-02-03"}, True),
        ({"name": "Ana López", "birth_date": "1980"}, True),
        ({"name": "Ana López García"}, True),
        ({"name": "Ana López"}, False),
        ({"name": "Ana", "birth_date": "1980-02-03"}, False),
        ({"name": "Ana López García", "birth_date": "1981-02-03"}, False),
        ({"name": "Rosa Invented", "emails": ["ANA@example.org"]}, True),
        ({"usernames": ["Ana80"]}, True),
        ({"phones": ["+1 202 555 0143"]}, True),
        ({"phones": ["+1 202 555 0144"]}, False),
    ],
)
def test_a_person_who_asks_for_themselves_is_known(asked: dict[str, Any], is_self: bool) -> None:
    staff = read_staff(STAFF, KEYS)
    assert staff.is_self("cbp.att", asked) is is_self
    assert not staff.is_self("ceiu.analyst", asked)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"[]", "(whole)"),
        (b"{", "(whole)"),
        (b'{"a": {"name": "Ana Secret"}}', "a.name"),
        (b'{"a": {"birth_date": "3.2.1980"}}', "a.birth_date"),
        (b'{"a": {"emails": "secret@example.org"}}', "a.emails"),
    ],
)
def test_a_wrong_file_of_users_is_refused_without_telling_names(text: bytes, place: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_staff(text, KEYS)
    assert place in refused.value.detail
    assert "ecret" not in refused.value.detail


ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        10**30,
        1.5,
        "",
        "x",
        "x" * 5_000,
        str(new_id()),
        "2026-03-01T10:00:00",
        [],
        ["x"],
        [{}],
        [[]],
        {},
    ),
    *({"parties": [7]}, {"flight_number": "LH1"}, [{"is_told": True, "agency": [], "lead_id": {}}]),
)
FIELDS = ("manifest_id", "screening_id", "alert_id", "lead_id", "referral_id", "notice_id", "tip_id", "lookup_id",
    "state", "ends_at", "requested_at", "until", "sides", "aliases", "tip_ids", "personal", "source_ref", "office",
    "agency", "reference", "record_ids", "lead_ids", "record_count", "match_count")  # fmt: skip
TYPES = ("manifest.submitted", "manifest.screened", "alert.raised", "lead.opened", "lead.closed", "referral.changed",
    "notice.raised", "tip.received", "tip.reviewed", "lookup.answered", "record.viewed")  # fmt: skip


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(ODD)))
def test_no_payload_stops_the_follower(type_: str, payload: dict[str, Any]) -> None:
    event = a_logged(type_, payload)
    reason = reason_of(event, KEYS)
    assert reason is None or len(reason.id + reason.state_of) < 100, "an index has no room for it"
    lookup_of(event, KEYS, Staff({}, KEYS))
    view_of(event)


def test_what_a_producer_did_not_sign_explains_nothing() -> None:
    payload = {"lead_id": str(new_id()), "state": "open"}
    assert reason_of(a_logged("lead.opened", payload), KEYS)
    assert reason_of(a_logged("lead.opened", payload, is_verified=None), KEYS), "without keys everyone is believed"
    assert reason_of(a_logged("lead.opened", payload, is_verified=False), KEYS) is None


def test_only_persons_have_hours_and_views() -> None:
    service = ACTOR.model_copy(update={"kind": "service"})
    viewed = {"route": "GET /v1/tips", "kind": "tip", "record_ids": [], "record_count": 7}
    view = view_of(a_logged("record.viewed", viewed))
    assert view is not None
    assert view.record_count == 7
    assert view_of(a_logged("record.viewed", viewed, actor=service)) is None
    assert hour_of(a_logged(occurred_at=START + timedelta(minutes=59))) == ("cbp.att", START)
    assert hour_of(a_logged(actor=service)) is None
    assert hour_of(a_logged(actor=None)) is None
