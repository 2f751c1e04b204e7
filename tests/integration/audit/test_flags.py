"""`GET /v1/flags` and `GET /v1/lookups`: what auditors see first; and looking is on record."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.audit.app import SERVICE, check_staff, read_staff_file
from services.audit.settings import AuditSettings
from shared.errors import Rejected
from shared.events.envelope import Actor
from tests.conftest import Caller, CallService
from tests.conftest import Keys as RunKeys
from tests.fakes import START
from tests.integration.audit.looking import (
    BOSTON,
    CBP,
    CEIU,
    COLLEAGUE,
    DAY,
    LEAD,
    PASSENGER,
    REQUEST,
    TIP,
    Log,
    a_lead,
    a_lookup,
    a_manifest,
    a_notice,
    a_passenger,
    a_referral,
    a_screening,
    a_tip,
)


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


async def ask(caller: Caller, path: str, **query: Any) -> Any:
    response = await caller.client.get(path, params=query, headers=caller.as_("auditor"))
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_flag_says_who_what_when_and_on_which_events_it_rests(log: Log, caller: Caller) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(22)]
    own = a_lookup(CBP, at=START + DAY, personal={"emails": ["me@example.org"]})
    await log.tell(*vague, own)
    page = await ask(caller, "/v1/flags", sensor="no_reason")
    [item] = page["items"]
    assert item.pop("flag_id")
    assert item == {
        "sensor": "no_reason",
        "actor": BOSTON.id,
        "reason": "the references of look-ups name neither a flight nor a case",
        "window": {"from": "2026-02-28T12:00:00Z", "to": "2026-03-02T00:00:00Z"},
        "event_ids": sorted(str(event.event_id) for event in vague)[:20],
        "count": 22,
    }
    assert page["cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["self_lookup", "enumeration", "no_reason"]),
        ({"actor": CBP.id}, ["self_lookup"]),
        ({"sensor": "enumeration"}, ["enumeration"]),
        ({"from": "2026-03-02T00:00:00Z"}, ["self_lookup"]),
        ({"to": "2026-03-02T00:00:00Z"}, ["no_reason", "enumeration"]),
        ({"sensor": "off_hours"}, []),
    ],
)
async def test_flags_are_listed_latest_first_and_narrowed(
    log: Log, caller: Caller, query: dict[str, str], found: list[str]
) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(22)]
    await log.tell(*vague, a_lookup(CBP, at=START + DAY, personal={"emails": ["me@example.org"]}))
    assert sorted(i["sensor"] for i in (await ask(caller, "/v1/flags", **query))["items"]) == sorted(found)
    seen, cursor = [], None
    while True:
        page = await ask(caller, "/v1/flags", limit=1, **query, **({"cursor": cursor} if cursor else {}))
        seen += [item["sensor"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen[:1] == found[:1]
    assert sorted(seen) == sorted(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [3, 1, 6, 5, 4, 2, 0, 7]),
        ({"explained": "false"}, [3, 1, 6, 5]),
        ({"explained": "true"}, [4, 2, 0, 7]),
        ({"standing": "own_reason"}, [6]),
        ({"standing": "redress"}, [5]),
        ({"standing": "redress", "explained": "true"}, []),
        ({"actor": CEIU.id}, [3, 6, 5, 4]),
        ({"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T14:00:00Z"}, [3, 2]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_lookups_that_nothing_explains_come_first(
    log: Log, caller: Caller, query: dict[str, str], found: list[int], limit: int
) -> None:
    passenger, on_it, redress = a_passenger(actor=COLLEAGUE), {"personal": PASSENGER}, {"purpose": "redress"}
    asked: list[tuple[Actor, str, dict[str, Any]]] = [
        *[(CBP, "LH400", on_it), (CBP, "x", on_it), (CBP, "LH 400", on_it), (CEIU, "x", {}), (CEIU, str(LEAD), {})],
        *[(CEIU, "R-2026-1", redress), (CEIU, str(TIP), {})],
    ]
    made = [
        a_lookup(actor, reference, at=START + timedelta(hours=n), **fields)
        for n, (actor, reference, fields) in enumerate(asked)
    ]
    made.append(passenger)
    await log.tell(a_manifest(actor=COLLEAGUE), a_lead(), a_tip(CEIU), *made)
    seen, cursor = [], None
    while True:
        page = await ask(caller, "/v1/lookups", limit=limit, **query, **({"cursor": cursor} if cursor else {}))
        seen += [item["event_id"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == [str(made[n].event_id) for n in found]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_while_look_ups_come_to_stand_otherwise_each_is_shown_once(log: Log, caller: Caller, limit: int) -> None:
    """After the first page what was explained is not, and the other way round; and back again; and there are more."""
    of_tip = [a_lookup(CEIU, str(TIP), at=START + 2 * DAY + timedelta(hours=n)) for n in range(3)]
    of_lead = [a_lookup(BOSTON, lead_ids=[LEAD], at=START + 2 * DAY + timedelta(hours=n)) for n in range(3)]
    await log.tell(a_referral(), *of_tip, *of_lead)
    pages = [await ask(caller, "/v1/lookups", limit=limit)]
    moved = a_referral("sac-denver", at=START + DAY)
    await log.tell(a_tip(), moved)
    await log.tell(a_referral(at=START + DAY + timedelta(hours=1)), a_lookup(CEIU, at=START + 3 * DAY))
    while cursor := pages[-1]["cursor"]:
        pages.append(await ask(caller, "/v1/lookups", limit=limit, cursor=cursor))
    seen = [item["event_id"] for page in pages for item in page["items"]]
    assert seen == [str(each.event_id) for each in (*reversed(of_tip), *reversed(of_lead))]
    anew = [item["event_id"] for item in (await ask(caller, "/v1/lookups"))["items"]]
    assert len(anew) == 7
    assert anew[0] not in seen


async def test_a_lookup_is_listed_with_its_reasons_and_looking_is_on_record(log: Log, caller: Caller) -> None:
    lookup = a_lookup(BOSTON, "see lead", lead_ids=[LEAD], match_count=1)
    await log.tell(a_referral(), a_notice(), lookup)
    [item] = (await ask(caller, "/v1/lookups"))["items"]
    assert item == {
        "lookup_id": lookup.subject_id,
        "event_id": str(lookup.event_id),
        "actor": BOSTON.id,
        "agency": "ICE",
        "office": "sac-boston",
        "purpose": "investigation",
        "reference": "see lead",
        "occurred_at": "2026-03-01T10:00:00Z",
        "match_count": 1,
        "standing": "explained",
        "reasons": [
            {"kind": "notice", "id": str(TIP), "own": False},
            {"kind": "referral", "id": str(TIP), "own": False},
        ],
    }
    row = await log.pool.fetchrow("SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id DESC")
    assert row is not None
    assert row["event"]["payload"]["record_ids"] == [item["lookup_id"]]


async def test_a_list_that_explains_by_its_screening_too_is_one_reason(log: Log, caller: Caller) -> None:
    await log.tell(a_manifest(), a_lookup(CBP, "LH400", request=REQUEST), a_screening())
    [item] = (await ask(caller, "/v1/lookups"))["items"]
    assert item["reasons"] == [{"kind": "manifest", "id": str(LEAD), "own": False}]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/flags", {"sensor": "none"}),
        ("/v1/flags", {"cursor": "WyJhIiwxXQ"}),
        ("/v1/flags", {"from": "yesterday"}),
        ("/v1/flags", {"actor": ""}),
        ("/v1/lookups", {"explained": "1"}),
        ("/v1/lookups", {"cursor": "WzIsMiwzXQ"}),
        ("/v1/lookups", {"cursor": "x"}),
        ("/v1/lookups", {"cursor": "WzAsNCwiMjAyNi0wMy0wMVQxMDowMDowMFoiLCIwIl0"}),
        ("/v1/lookups", {"limit": 501}),
        ("/v1/lookups", {"to": "1"}),
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused(caller: Caller, path: str, query: dict[str, Any]) -> None:
    response = await caller.client.get(path, params=query, headers=caller.as_("auditor"))
    assert response.status_code == 422, response.text


async def test_who_the_users_are_is_checked_before_anything_starts(keys: RunKeys, tmp_path: Path) -> None:
    settings = AuditSettings(producer_key_file=keys.producer_file)
    assert list(check_staff(settings)) == ["self_lookup: off, since AUDIT_STAFF_FILE is not set"]
    file = tmp_path / "staff.json"
    settings = settings.model_copy(update={"staff_file": file})
    with pytest.raises(Rejected, match=r"AUDIT_STAFF_FILE: .* cannot be read"):
        read_staff_file(settings)
    file.write_bytes(b'{"cbp.att": {"nmae": "Ana"}}')
    with pytest.raises(Rejected, match=r"does not say who the users are: cbp.att.nmae"):
        list(check_staff(settings))
    file.write_bytes(orjson.dumps({"cbp.att": {"names": ["Ana López"]}}))
    assert list(check_staff(settings)) == ["self_lookup: 1 users are known"]
