"""What an office's response does to a referral.

Who may respond is the shell's question (an agent for the own office, a CEIU supervisor for the queue); here is only
whether the response makes sense.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.referral.domain.directory import Directory
from services.referral.domain.referral import (
    Change,
    ChangeType,
    Message,
    MessageType,
    ReferralFacts,
    State,
)
from shared.errors import Conflict, FieldError, Rejected

_OUTCOME = re.compile(r"[a-z][a-z0-9_]{1,39}")


class ResponseType(StrEnum):
    """What an office can answer."""

    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REROUTE = "reroute"
    STATUS = "status"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Response:
    """A response as given. `reason` and `note` are a person's own words, and so personal data; the rest is not."""

    type: ResponseType
    reason: str | None = None
    office: str | None = None
    outcome: str | None = None
    note: str | None = None


TRANSITIONS: Mapping[State, Mapping[ResponseType, State]] = {
    State.QUEUED: {
        ResponseType.REROUTE: State.SENT,
    },
    State.SENT: {
        ResponseType.ACKNOWLEDGED: State.ACKNOWLEDGED,
        ResponseType.ACCEPTED: State.ACCEPTED,
        ResponseType.DECLINED: State.QUEUED,
        ResponseType.REROUTE: State.SENT,
        ResponseType.STATUS: State.SENT,
    },
    State.ACKNOWLEDGED: {
        ResponseType.ACCEPTED: State.ACCEPTED,
        ResponseType.DECLINED: State.QUEUED,
        ResponseType.REROUTE: State.SENT,
        ResponseType.STATUS: State.ACKNOWLEDGED,
    },
    State.ACCEPTED: {
        ResponseType.REROUTE: State.SENT,
        ResponseType.STATUS: State.ACCEPTED,
        ResponseType.CLOSED: State.CLOSED,
    },
    State.CLOSED: {},
    State.RECALLED: {},
}
"""What may be answered in each state, and where it leads.

An office may accept at once, and closes only what it accepted. Having accepted, it cannot decline any more, only hand
over to an office it names (`ceiu` when it knows none). A declined referral is queued; from the queue a person reroutes.
"""

_NEEDED: Mapping[ResponseType, tuple[str, ...]] = {
    ResponseType.DECLINED: ("reason",),
    ResponseType.REROUTE: ("office", "reason"),
    ResponseType.STATUS: ("note",),
    ResponseType.CLOSED: ("outcome",),
}
_ONLY_WITH = {"office": ResponseType.REROUTE, "outcome": ResponseType.CLOSED}


def next_state(state: State, response: ResponseType) -> State:
    """Return where the response leads.

    Raises:
        Conflict: it is not allowed in this state; the sentence names the state and what is allowed.
    """
    allowed = TRANSITIONS[state]
    if response not in allowed:
        choices = " or ".join(allowed) if allowed else "nothing more"
        raise Conflict(f"the referral is {state}: {choices} can be answered, not {response}")
    return allowed[response]


def respond(referral: ReferralFacts, response: Response, directory: Directory) -> Change:
    """Return the change that the response makes.

    A reroute takes the referral from the office that has it, if any, and sends it to the one named, with the same id
    and one new version for both messages.

    Raises:
        Rejected: a field the response needs is missing, one it cannot have is given, the office is not in the
            directory, or the outcome is not a lower-case word.
        Conflict: it is not allowed in the referral's state, or the office named has the referral already.
    """
    _check_fields(response, directory)
    state = next_state(referral.state, response.type)
    answered = replace(referral, state=state, version=referral.version + 1)
    if response.type is ResponseType.DECLINED:
        return _decline(referral, answered)
    if response.type is ResponseType.REROUTE and response.office is not None:
        return _reroute(referral, answered, response.office)
    return Change(ChangeType.ANSWERED, replace(answered, outcome=response.outcome))


def _decline(referral: ReferralFacts, answered: ReferralFacts) -> Change:
    reason = f"declined by {referral.office}, so a person decides"
    refused_by = _refused_by(referral)
    queued = replace(answered, office=None, confidence=0.0, reason=reason, alternatives=(), refused_by=refused_by)
    return Change(ChangeType.ANSWERED, queued)


def _reroute(referral: ReferralFacts, answered: ReferralFacts, office: str) -> Change:
    if office == referral.office:
        raise Conflict(f"the referral is {referral.state} with {office} already: name another office")
    reason = f"rerouted by a person from {referral.office or 'the manual queue'} to {office}"
    recall = (Message(MessageType.RECALLED, referral.office, reason),) if referral.office else ()
    # A person's choice is not a guess, hence full confidence.
    moved = replace(
        answered, office=office, confidence=1.0, reason=reason, alternatives=(), refused_by=_refused_by(referral)
    )
    return Change(ChangeType.ANSWERED, moved, (*recall, Message(MessageType.SENT, office, reason)))


def _refused_by(referral: ReferralFacts) -> frozenset[str]:
    return referral.refused_by | ({referral.office} if referral.office else frozenset())


def _check_fields(response: Response, directory: Directory) -> None:
    given = {name: getattr(response, name) for name in ("reason", "office", "outcome", "note")}
    faults = [
        FieldError((name,), f"{response.type} needs it")
        for name in _NEEDED.get(response.type, ())
        if not (given[name] or "").strip()
    ]
    faults += [
        FieldError((name,), f"only {only} has it")
        for name, only in _ONLY_WITH.items()
        if given[name] is not None and response.type is not only
    ]
    if not faults and response.office is not None and response.office not in directory.offices:
        faults.append(FieldError(("office",), "the directory has no office of this code"))
    if not faults and response.outcome is not None and not _OUTCOME.fullmatch(response.outcome):
        faults.append(FieldError(("outcome",), "an outcome is one lower-case word, such as victim_identified"))
    if faults:
        raise Rejected(f"the response {response.type} is incomplete or wrong", errors=faults)
