"""The life of a referral: every response in every state, and what each leaves behind."""

import json
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from services.referral.domain.directory import Directory, parse_directory
from services.referral.domain.lifecycle import TRANSITIONS, Response, ResponseType, next_state, respond
from services.referral.domain.referral import ChangeType, Content, Message, MessageType, ReferralFacts, State
from shared.errors import Conflict, Rejected

OFFICES_FILE = Path(__file__).resolve().parents[3] / "services" / "referral" / "offices.json"
DIRECTORY: Directory = parse_directory(json.loads(OFFICES_FILE.read_text(encoding="utf-8")))

ALLOWED = """
queued        reroute       sent
sent          acknowledged  acknowledged
sent          accepted      accepted
sent          declined      queued
sent          reroute       sent
sent          status        sent
acknowledged  accepted      accepted
acknowledged  declined      queued
acknowledged  reroute       sent
acknowledged  status        acknowledged
accepted      reroute       sent
accepted      status        accepted
accepted      closed        closed
"""
"""The contract with the offices, written a second time on purpose; what is not here is a conflict."""

GIVEN = {
    ResponseType.ACKNOWLEDGED: Response(ResponseType.ACKNOWLEDGED),
    ResponseType.ACCEPTED: Response(ResponseType.ACCEPTED),
    ResponseType.DECLINED: Response(ResponseType.DECLINED, reason="not in our area"),
    ResponseType.REROUTE: Response(ResponseType.REROUTE, office="sac-newark", reason="moved there"),
    ResponseType.STATUS: Response(ResponseType.STATUS, note="summons served"),
    ResponseType.CLOSED: Response(ResponseType.CLOSED, outcome="unfounded"),
}


def referral(state: State = State.SENT, *, office: str | None = "sac-boston", **parts: object) -> ReferralFacts:
    facts = ReferralFacts(
        referral_id=UUID(int=1),
        lead_id=UUID(int=2),
        lead_version=4,
        version=3,
        state=state,
        office=None if state is State.QUEUED else office,
        confidence=0.8,
        reason="subject's address in MA: HSI Boston (1 tip says so)",
        alternatives=("sac-buffalo",),
        content=Content("T2", (), 0),
    )
    return facts if not parts else ReferralFacts(**{**_fields(facts), **parts})  # type: ignore[arg-type]


def _fields(facts: ReferralFacts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in ReferralFacts.__dataclass_fields__}


@pytest.mark.parametrize(("state", "response"), list(product(State, ResponseType)))
def test_every_response_in_every_state_follows_the_table(state: State, response: ResponseType) -> None:
    expected = {(row.split()[0], row.split()[1]): row.split()[2] for row in ALLOWED.strip().splitlines()}
    if (state, response) in expected:
        change = respond(referral(state), GIVEN[response], DIRECTORY)
        assert change.referral.state == next_state(state, response) == expected[state, response]
        assert change.referral.version == referral(state).version + 1
        assert change.type is ChangeType.ANSWERED
    else:
        with pytest.raises(Conflict) as conflict:
            respond(referral(state), GIVEN[response], DIRECTORY)
        assert f"the referral is {state}" in conflict.value.detail
        assert all(allowed in conflict.value.detail for allowed in TRANSITIONS[state] or ["nothing more"])


@pytest.mark.parametrize("state", list(State))
def test_only_final_states_let_nothing_happen(state: State) -> None:
    assert referral(state).is_live == bool(TRANSITIONS[state])


@pytest.mark.parametrize(
    ("response", "field"),
    [
        (Response(ResponseType.DECLINED), "reason"),
        (Response(ResponseType.DECLINED, reason="  "), "reason"),
        (Response(ResponseType.REROUTE, office="sac-newark"), "reason"),
        (Response(ResponseType.REROUTE, reason="moved"), "office"),
        (Response(ResponseType.REROUTE, reason="moved", office="sac-atlantis"), "office"),
        (Response(ResponseType.STATUS), "note"),
        (Response(ResponseType.CLOSED), "outcome"),
        (Response(ResponseType.CLOSED, outcome="Ana was found"), "outcome"),
        (Response(ResponseType.ACCEPTED, outcome="arrest"), "outcome"),
        (Response(ResponseType.DECLINED, reason="not ours", office="sac-newark"), "office"),
    ],
)
def test_an_incomplete_response_is_refused_with_the_field(response: Response, field: str) -> None:
    state = State.ACCEPTED if response.type is ResponseType.CLOSED else State.SENT
    with pytest.raises(Rejected) as refusal:
        respond(referral(state), response, DIRECTORY)
    assert [fault.loc for fault in refusal.value.errors] == [(field,)]


def test_a_declined_referral_waits_in_the_queue_and_remembers_who_refused_it() -> None:
    change = respond(referral(), GIVEN[ResponseType.DECLINED], DIRECTORY)
    assert (change.referral.state, change.referral.office, change.messages) == (State.QUEUED, None, ())
    assert change.referral.refused_by == {"sac-boston"}
    assert change.referral.reason == "declined by sac-boston, so a person decides"


def test_a_persons_own_words_stay_out_of_the_reason() -> None:
    words = "Ana moved away"
    for response in (
        Response(ResponseType.DECLINED, reason=words),
        Response(ResponseType.REROUTE, office="sac-newark", reason=words),
        Response(ResponseType.STATUS, note=words),
    ):
        assert words not in repr(respond(referral(), response, DIRECTORY))


def test_a_reroute_is_one_change_that_both_offices_hear_of() -> None:
    change = respond(referral(State.ACCEPTED), GIVEN[ResponseType.REROUTE], DIRECTORY)
    reason = "rerouted by a person from sac-boston to sac-newark"
    assert change.messages == (
        Message(MessageType.RECALLED, "sac-boston", reason),
        Message(MessageType.SENT, "sac-newark", reason),
    )
    assert (change.referral.office, change.referral.confidence) == ("sac-newark", 1.0)
    assert change.referral.refused_by == {"sac-boston"}
    assert change.referral.referral_id == referral().referral_id


def test_a_reroute_from_the_queue_recalls_it_from_nobody() -> None:
    queued = referral(State.QUEUED, refused_by=frozenset({"sac-newark"}))
    change = respond(queued, GIVEN[ResponseType.REROUTE], DIRECTORY)
    assert [(message.type, message.office) for message in change.messages] == [(MessageType.SENT, "sac-newark")]


def test_a_reroute_to_the_same_office_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="sac-boston already"):
        respond(referral(), Response(ResponseType.REROUTE, office="sac-boston", reason="again"), DIRECTORY)


def test_closing_keeps_the_office_and_the_outcome() -> None:
    closed = respond(referral(State.ACCEPTED), GIVEN[ResponseType.CLOSED], DIRECTORY).referral
    assert (closed.state, closed.office, closed.outcome) == (State.CLOSED, "sac-boston", "unfounded")
