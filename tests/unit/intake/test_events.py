"""The events of contents are put together by hand; their models must say the very same."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.synth import generate
from services.intake.domain.content import identified
from services.intake.domain.tip import State, Tip
from services.intake.handlers.announce import content_event, content_of, head_of
from services.intake.http.reading import TIP_BYTES_MAX
from shared.events.envelope import EVENT_BYTES_MAX, Context, Event, decode, encode, open_payload
from shared.events.intake import TipAmendedV1, TipReceivedV1
from tests.builders import an_actor, new_id
from tests.fakes import START
from tests.unit.intake.bodies import a_full_tip, a_tip, read

PERSONAL = ("narrative", "city", "postal_code")
EVENT_ID, CORRELATION_ID = new_id(), new_id()


def by_hand(body: dict[str, Any], tip: Tip) -> bytes:
    head = head_of(Context(an_actor(), CORRELATION_ID), START)
    return content_event(read(body, "ceiu.analyst"), tip, event_id=EVENT_ID, head=head)


def by_model(body: dict[str, Any], tip: Tip) -> bytes:
    submission = read(body, "ceiu.analyst")
    content: Any = submission.content
    payload = (TipReceivedV1 if tip.version == 1 else TipAmendedV1).model_validate(
        {
            "tip_id": tip.tip_id,
            "tip_version": tip.version,
            "source_kind": submission.source_kind,
            **content,
            "personal": {
                **{field: content["incident"].get(field) for field in PERSONAL},
                "parties": identified(content.get("parties", []), tip.tip_id),
            },
        }
    )
    return encode(
        Event(
            topic="intake.tips",
            event_id=EVENT_ID,
            occurred_at=START,
            service="intake",
            context=Context(an_actor(), CORRELATION_ID),
            subject_id=str(tip.tip_id),
            subject_version=tip.revision,
            payload=payload,
        )
    )


def a_stored_tip(version: int = 1, revision: int = 1) -> Tip:
    return Tip(new_id(), "ncmec", "CT-1", State.AWAITING_REVIEW, version=version, revision=revision)


def assert_same(body: dict[str, Any], tip: Tip) -> None:
    hand, model = decode(by_hand(body, tip)), decode(by_model(body, tip))
    assert hand.model_copy(update={"payload": {}}) == model.model_copy(update={"payload": {}})
    kind = TipReceivedV1 if tip.version == 1 else TipAmendedV1
    assert open_payload(hand, kind) == open_payload(model, kind)
    assert len(hand.payload["personal"].pop("salt")) == 32
    # What the shorter one leaves out is nothing but what its reader assumes.
    assert_within(hand.payload, model.payload)


def assert_within(part: Any, whole: Any) -> None:
    if isinstance(part, dict):
        for key, value in part.items():
            assert_within(value, whole[key])
    elif isinstance(part, list):
        assert len(part) == len(whole)
        for one, other in zip(part, whole, strict=True):
            assert_within(one, other)
    else:
        assert part == whole


@pytest.mark.parametrize("body", [a_tip(), a_full_tip()], ids=["least", "full"])
@pytest.mark.parametrize("version", [1, 2])
def test_an_event_put_together_is_the_one_its_model_would_write(body: dict[str, Any], version: int) -> None:
    assert_same(body, a_stored_tip(version, version + 3))


@given(st.integers(0, 10**6))
def test_so_it_is_for_any_synthetic_tip(seed: int) -> None:
    for made in generate(seed, 3):
        assert_same(made.tip, a_stored_tip())


@pytest.mark.parametrize("body", [a_tip(), a_full_tip()], ids=["least", "full"])
def test_a_content_is_read_back_from_its_event_as_it_was(body: dict[str, Any]) -> None:
    tip = a_stored_tip()
    shown = content_of(by_hand(body, tip))
    expected = orjson.loads(orjson.dumps(dict(read(body).content), option=orjson.OPT_UTC_Z))
    parties = json.loads(json.dumps(identified(expected.get("parties", []), tip.tip_id), default=str))
    kept = {field: expected[field] for field in expected if field not in ("source", "source_ref")}
    assert shown == {**kept, "parties": parties}


@pytest.mark.parametrize(
    "part",
    [
        {"names": ["\x01"] * 50},
        {"identifiers": [{"type": "ip", "value": "1", "at": "2026-01-01T00:00:00.1Z"}] * 200},
        {"identifiers": [{"type": "ip", "value": "\x7f\u2028é😀" * 9, "at": "2026-01-01T00:00:00Z"}] * 200},
        {},
    ],
)
def test_the_largest_tip_makes_an_event_that_fits(part: dict[str, Any]) -> None:
    """As many parties as a tip has room for, of parts that grow most on their way into an event."""
    body = a_tip(parties=[{"role": "subject", **part}])
    while (
        len(body["parties"]) < 100 and len(orjson.dumps(body)) + len(orjson.dumps(body["parties"][0])) < TIP_BYTES_MAX
    ):
        body["parties"].append(body["parties"][0])
    room = TIP_BYTES_MAX - len(orjson.dumps(body)) - 20
    body["incident"]["narrative"] = "x" * max(0, min(room, 100_000))
    assert len(by_hand(body, a_stored_tip())) < EVENT_BYTES_MAX
