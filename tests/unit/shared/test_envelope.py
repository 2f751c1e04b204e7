"""Events survive the trip to bytes and back; what is not an event is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejected
from shared.events.envelope import EVENT_BYTES_MAX, decode, encode, open_payload
from shared.events.intake import Party, TipPersonal, TipReceivedV1
from tests.builders import a_tip_received, an_event, event_bytes, new_id

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50)


@given(name=TEXT, narrative=TEXT, ref=TEXT)
def test_a_payload_comes_back_as_it_was(name: str, narrative: str, ref: str) -> None:
    party = Party(party_id=new_id(), role="subject", names=[name])
    payload = a_tip_received(source_ref=ref, personal=TipPersonal(narrative=narrative, parties=[party]))
    event = an_event(payload)
    envelope = decode(encode(event))
    assert open_payload(envelope, TipReceivedV1) == payload
    assert (envelope.event_id, envelope.subject.id) == (event.event_id, event.subject_id)
    assert envelope.occurred_at == event.occurred_at


def test_personal_data_carries_a_salt_of_its_own_each_time() -> None:
    event = an_event(a_tip_received())
    salts = [json.loads(encode(event))["payload"]["personal"]["salt"] for _ in range(2)]
    assert salts[0] != salts[1]
    assert len(bytes.fromhex(salts[0])) == 16


def test_fields_we_do_not_know_are_ignored() -> None:
    document = json.loads(event_bytes(a_tip_received()))
    document["later"] = document["payload"]["later"] = {"added": "optional"}
    assert open_payload(decode(json.dumps(document).encode()), TipReceivedV1)


@pytest.mark.parametrize(
    "value", [None, b"", b"null", b"[]", b"{}", b"\xff", b"{" * 10_000, b'"x"', event_bytes()[:-1], b"a" * 2_000_000]
)
def test_what_is_no_event_is_rejected(value: bytes | None) -> None:
    with pytest.raises(Rejected):
        decode(value)


@pytest.mark.parametrize("field", ["event_id", "type", "occurred_at", "subject", "payload", "correlation_id"])
def test_an_event_without_a_needed_field_is_rejected_by_its_name(field: str) -> None:
    document = json.loads(event_bytes())
    del document[field]
    with pytest.raises(Rejected, match=field):
        decode(json.dumps(document).encode())


def test_the_reason_of_a_rejection_quotes_no_value() -> None:
    document = json.loads(event_bytes())
    document["subject"] = "Rosa Invented"
    with pytest.raises(Rejected) as caught:
        decode(json.dumps(document).encode())
    assert "Rosa" not in caught.value.detail
    assert all("Rosa" not in error.msg for error in caught.value.errors)


def test_an_event_is_at_most_256_kib() -> None:
    empty = len(encode(an_event(a_tip_received(source_ref=""))))
    assert encode(an_event(a_tip_received(source_ref="x" * (EVENT_BYTES_MAX - empty))))
    with pytest.raises(Rejected):
        encode(an_event(a_tip_received(source_ref="x" * (EVENT_BYTES_MAX - empty + 1))))
