"""Batches and uploads: good lines are kept, bad ones named, one event for the bad; the same tips as one by one."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from deploy.local.synth import generate, to_csv
from services.intake.app import SERVICE
from services.intake.http import batches
from tests.builders import new_id
from tests.conftest import CallService
from tests.fakes import START
from tests.integration.intake.desk import ANALYST, Desk, places_of, problem_of
from tests.unit.intake.bodies import a_tip
from tests.waiting import eventually

NDJSON, CSV = "application/x-ndjson", "text/csv"
HEADER = "source_ref,source,reported_at,incident_type,narrative,subject_email"
COUNT_TIPS = "SELECT count(*) FROM tip"
COUNT_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"""
INSERT_TIP = """
INSERT INTO tip (tip_id, source, source_ref, received_at, changed_at) VALUES ($1, 'ncmec', $2, $3, $3)"""


def ndjson(*bodies: dict[str, Any] | bytes) -> bytes:
    return b"".join((body if isinstance(body, bytes) else orjson.dumps(body)) + b"\n" for body in bodies)


async def batch(desk: Desk, raw: bytes, account: str = "source.ncmec") -> dict[str, Any]:
    response = await desk.post("/v1/tips/batch", raw, account, NDJSON)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def upload(desk: Desk, text: str, account: str = "source.ncmec") -> dict[str, Any]:
    response = await desk.post("/v1/uploads", text.encode(), account, CSV)
    assert response.status_code == 200, response.text
    return dict(response.json())


def by_line(answer: dict[str, Any]) -> dict[int, str]:
    found = {item["line"]: item["status"] for item in answer["items"]}
    assert len(found) == len(answer["items"]) == answer["accepted"] + answer["amended"] + answer["duplicate"]
    return found | dict.fromkeys((item["line"] for item in answer["rejected"]), "rejected")


async def test_good_lines_are_kept_when_others_are_refused(desk: Desk) -> None:
    answer = await batch(
        desk,
        ndjson(
            a_tip(source_ref="A"), b"{", a_tip(source_ref="B", color="red"), b"", a_tip(source_ref="C", source="field"),
            a_tip(source_ref="D"), a_tip(source_ref="E", incident={"type": "other", "narrative": "data:image/gif,x"}),
            b'"' + b"x" * 200_000 + b'"', a_tip(source_ref="F"),
        ),
    )  # fmt: skip
    bad = dict.fromkeys((2, 3, 5, 7, 8), "rejected")
    assert by_line(answer) == {1: "accepted", 6: "accepted", 9: "accepted", **bad}
    errors = {item["line"]: [tuple(error["loc"]) for error in item["errors"]] for item in answer["rejected"]}
    assert errors == {2: [()], 3: [("color",)], 5: [()], 7: [("incident", "narrative")], 8: [()]}
    (event,) = await desk.events("tips.refused")
    assert (event["payload"]["lines_refused"], event["payload"]["lines_total"]) == (5, 8)
    assert event["payload"]["problems"] == {
        "not_json": 1, "invalid": 1, "forbidden": 1, "media_refused": 1, "too_large": 1
    }  # fmt: skip
    assert await desk.pool.fetchval(COUNT_TIPS) == 3
    assert await desk.events("request.refused") == []


async def test_a_byte_order_mark_costs_no_line(desk: Desk) -> None:
    lines = ndjson(a_tip(source_ref="A"), a_tip(source_ref="B"))
    assert by_line(await batch(desk, b"\xef\xbb\xbf" + lines)) == {1: "accepted", 2: "accepted"}
    assert by_line(await batch(desk, b"\xef\xbb\xbf\r\n" + lines)) == {2: "duplicate", 3: "duplicate"}
    table = f"{HEADER}\nC,ncmec,2026-03-01T10:00:00Z,other,,\n"
    assert by_line(await upload(desk, "\ufeff" + table)) == {2: "accepted"}


async def test_a_batch_without_a_bad_line_leaves_no_refusal(desk: Desk) -> None:
    await batch(desk, ndjson(a_tip()))
    assert await desk.sent() == [("intake.tips", "tip.received"), ("intake.activity", "tips.submitted")]


async def test_the_same_reference_within_a_batch_works_in_line_order(desk: Desk) -> None:
    one, other = a_tip(source_ref="A"), a_tip(source_ref="A", related_refs=["X"])
    answer = await batch(desk, ndjson(one, one, a_tip(source_ref="B"), other, one, other))
    statuses = ["accepted", "duplicate", "accepted", "amended", "duplicate", "duplicate"]
    assert list(by_line(answer).values()) == statuses
    assert [item["version"] for item in answer["items"]] == [1, 1, 1, 2, 2, 2]
    assert len({item["tip_id"] for item in answer["items"]}) == 2
    versions = [e["subject"]["version"] for e in await desk.events("tip.amended")]
    assert versions == [2]


@pytest.mark.parametrize("chunk_lines", [1, 3, 7, 500])
async def test_chunks_do_not_show(desk: Desk, call_service: CallService, chunk_lines: int) -> None:
    other = Desk(await call_service(SERVICE, batch_chunk_lines=chunk_lines), desk.pool)
    tips = [made.tip for made in generate(5, 40)]
    bodies = [*tips, *tips[:5], {**tips[0], "related_refs": ["changed"]}, tips[0]]
    answer = await batch(other, ndjson(*bodies), ANALYST)
    assert list(by_line(answer).values()) == ["accepted"] * 40 + ["duplicate"] * 5 + ["amended", "duplicate"]
    assert answer["items"][-1]["version"] == 2


async def test_a_batch_again_is_all_duplicates(desk: Desk) -> None:
    raw = ndjson(*(made.tip for made in generate(6, 30)))
    first = await batch(desk, raw, ANALYST)
    again = await batch(desk, raw, ANALYST)
    assert (first["accepted"], again["duplicate"]) == (30, 30)
    assert [item["tip_id"] for item in first["items"]] == [item["tip_id"] for item in again["items"]]


async def test_batches_at_the_same_time_over_the_same_references_never_double_a_tip(desk: Desk) -> None:
    tips = [made.tip for made in generate(7, 60)]
    orders = [tips, tips[::-1], tips[30:] + tips[:30], tips[::-1][15:]]
    answers = await asyncio.gather(*(batch(desk, ndjson(*order), ANALYST) for order in orders))
    assert sum(answer["accepted"] for answer in answers) == 60
    assert sum(answer["duplicate"] for answer in answers) == sum(map(len, orders)) - 60
    assert await desk.pool.fetchval(COUNT_TIPS) == 60


async def test_batches_in_opposite_orders_wait_for_each_other_and_never_for_ever(desk: Desk) -> None:
    """A third transaction holds the reference in the middle until both batches stand before it or behind the other."""
    forth = [a_tip(source_ref=ref) for ref in ("A", "M", "B")]
    async with desk.pool.acquire() as connection, asyncio.TaskGroup() as tasks:
        held = connection.transaction()
        await held.start()
        await connection.execute(INSERT_TIP, new_id(), "M", START)
        answers = [tasks.create_task(batch(desk, ndjson(*order))) for order in (forth, forth[::-1])]
        await eventually(lambda: _are_waiting(desk, 2))
        await held.rollback()
    assert (
        sorted(line for task in answers for line in by_line(task.result()).values())
        == ["accepted"] * 3 + ["duplicate"] * 3
    )


async def _are_waiting(desk: Desk, count: int) -> bool:
    return bool(await desk.pool.fetchval(COUNT_WAITING) == count)


async def test_lines_behind_the_limit_are_refused_by_number_and_those_before_it_are_kept(
    desk: Desk, call_service: CallService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LINES_MAX", 10)
    other = Desk(await call_service(SERVICE, batch_chunk_lines=4), desk.pool)
    answer = await batch(other, ndjson(*(made.tip for made in generate(8, 13))), ANALYST)
    assert (answer["accepted"], [refused["line"] for refused in answer["rejected"]]) == (10, [11])
    assert "all behind it" in answer["rejected"][0]["errors"][0]["msg"]
    assert await desk.pool.fetchval(COUNT_TIPS) == 10


async def test_a_quote_within_a_plain_cell_loses_no_other_row(desk: Desk) -> None:
    header = b"source_ref,source,reported_at,incident_type,narrative"
    row = b"Q-%d,ncmec,2026-03-01T10:00:00Z,other,%s"
    texts = [b"plain", b"about 5'10\" tall", b'"a ""quoted"" cell,\nof two lines"', b"plain again"]
    raw = b"\n".join([header, *(row % (n, text) for n, text in enumerate(texts))])
    response = await desk.post("/v1/uploads", raw, "source.ncmec", "text/csv")
    assert (response.json()["accepted"], response.json()["rejected"]) == (4, [])


async def test_a_stream_that_says_it_is_too_long_is_refused_before_it_is_read(desk: Desk) -> None:
    headers = {"Content-Length": str(100 * 1024 * 1024)}
    response = await desk.post("/v1/tips/batch", ndjson(a_tip()), "source.ncmec", NDJSON, **headers)
    assert (response.status_code, problem_of(response)) == (413, "too_large")
    assert await desk.pool.fetchval(COUNT_TIPS) == 0


async def test_an_idempotency_key_repeats_the_answer_of_a_batch_and_does_nothing(
    call_service: CallService, desk: Desk
) -> None:
    desk = Desk(await call_service(SERVICE, batch_chunk_lines=1), desk.pool)
    raw, key = ndjson(a_tip(), b"{"), {"Idempotency-Key": "b-1"}
    first = await desk.post("/v1/tips/batch", raw, "source.ncmec", NDJSON, **key)
    again = await desk.post("/v1/tips/batch", raw, "source.ncmec", NDJSON, **key)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    activity = ["tips.submitted", "tips.refused", "answer.repeated"]
    assert await desk.sent() == [("intake.tips", "tip.received"), *(("intake.activity", type_) for type_ in activity)]
    other = await desk.post("/v1/tips/batch", ndjson(a_tip(source_ref="Z")), "source.ncmec", NDJSON, **key)
    assert other.status_code == 409
    assert await desk.pool.fetchval(COUNT_TIPS) == 1
    long = await desk.post("/v1/tips/batch", raw, "source.ncmec", NDJSON, **{"Idempotency-Key": "k" * 201})
    assert long.status_code == 422


@pytest.mark.parametrize(
    ("path", "media", "status", "problem"),
    [
        ("/v1/tips/batch", "application/json", 415, "unsupported_media_type"),
        ("/v1/tips/batch", "application/octet-stream", 415, "media_refused"),
        ("/v1/tips/batch", f"{NDJSON}; charset=latin-1", 415, "unsupported_media_type"),
        ("/v1/uploads", NDJSON, 415, "unsupported_media_type"),
        ("/v1/uploads", f"{CSV}; charset=windows-1252", 415, "unsupported_media_type"),
        ("/v1/uploads", "multipart/form-data; boundary=x", 415, "media_refused"),
    ],
)
async def test_another_media_type_is_refused(desk: Desk, path: str, media: str, status: int, problem: str) -> None:
    response = await desk.post(path, b"x", "source.ncmec", media)
    assert (response.status_code, problem_of(response)) == (status, problem)


@pytest.mark.parametrize(("path", "media"), [("/v1/tips/batch", NDJSON), ("/v1/uploads", CSV)])
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "m-1"}], ids=["", "key"])
@pytest.mark.parametrize(
    "file", [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"PK\x03\x04\n\x00"]
)
async def test_a_media_file_in_place_of_lines_is_refused_whole(
    desk: Desk, path: str, media: str, key: dict[str, str], file: bytes
) -> None:
    response = await desk.post(path, file + b"\n" * 40 + ndjson(a_tip()), "source.ncmec", media, **key)
    assert (response.status_code, problem_of(response)) == (415, "media_refused")
    assert await desk.pool.fetchval(COUNT_TIPS) == 0


async def test_a_media_file_is_known_however_few_bytes_come_at_a_time(desk: Desk) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for byte in b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + ndjson(a_tip()):
            yield bytes([byte])

    headers = desk.caller.as_("source.ncmec", **{"Content-Type": NDJSON})
    response = await desk.caller.client.post("/v1/tips/batch", content=drops(), headers=headers)
    assert (response.status_code, problem_of(response)) == (415, "media_refused")
    assert await desk.pool.fetchval(COUNT_TIPS) == 0


async def test_an_upload_takes_a_table_and_counts_its_header_as_line_1(desk: Desk) -> None:
    text = (
        f"\ufeff{HEADER}\r\n"
        'A,ncmec,2026-03-01T10:00:00Z,other,"two\r\nlines, ""quoted""",a@example.org\r\n'
        "\r\n"
        "B,ncmec,yesterday,other,,\r\n"
        "C,police,2026-03-01T10:00:00Z,other,,\r\n"
        "D,ncmec,2026-03-01T10:00:00Z,other\r\n"
        "E,ncmec,2026-03-01T10:00:00Z,travel,,"
    )
    answer = await upload(desk, text)
    assert by_line(answer) == {2: "accepted", 7: "accepted", 4: "rejected", 5: "rejected", 6: "rejected"}
    assert [error["loc"] for error in answer["rejected"][0]["errors"]] == [["reported_at"]]
    tip = await desk.show(answer["items"][0]["tip_id"])
    assert tip["incident"]["narrative"] == 'two\r\nlines, "quoted"'
    assert tip["parties"][0]["identifiers"][0]["value"] == "a@example.org"
    (event,) = await desk.events("tips.refused")
    assert (event["payload"]["route"], event["payload"]["lines_total"]) == ("POST /v1/uploads", 5)


async def test_a_synthetic_table_is_taken_whole_and_again_as_duplicates(desk: Desk) -> None:
    text = to_csv(generate(9, 100))
    assert (await upload(desk, text, ANALYST))["accepted"] == 100
    assert (await upload(desk, text, ANALYST))["duplicate"] == 100


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ["source_ref", "source", "reported_at", "incident_type"]),
        (f"{HEADER},color\nA,ncmec", ["color"]),
        ("source_ref,source,reported_at\n", ["incident_type"]),
        ("source_ref;source;reported_at;incident_type\n", None),
    ],
)
async def test_a_table_with_a_bad_header_is_refused_by_column(desk: Desk, text: str, named: list[str] | None) -> None:
    response = await desk.post("/v1/uploads", text.encode(), "source.ncmec", CSV)
    assert (response.status_code, problem_of(response)) == (422, "invalid")
    if named is not None:
        assert places_of(response) == [(name,) for name in named]
    assert len(await desk.events("request.refused")) == 1


async def test_a_row_that_is_not_utf8_is_refused_alone(desk: Desk) -> None:
    rows = ["A,ncmec,2026-03-01T10:00:00Z,other,caf\xe9,", "B,ncmec,2026-03-01T10:00:00Z,other,ok,"]
    raw = "\n".join([HEADER, *rows]).encode("latin-1")
    response = await desk.post("/v1/uploads", raw, "source.ncmec", CSV)
    assert by_line(response.json()) == {2: "rejected", 3: "accepted"}
