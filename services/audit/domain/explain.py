"""Why a person may be looked up: what on the log is a reason, for whom, until when, and by what a look-up names it.

A look-up is explained by a reason when the two share a name, the reason is addressed to the unit of whoever asked, and
it was there: of a thing's states the newest counts that is no younger than the look-up, or no more than `LATE_MAX`,
since topics are not ordered among each other; but a passenger list must have been there, as whoever asks could submit
one afterwards. The view that matches them is `lookup_reason`.

    manifest   a passenger list, for its agency: look-ups that its screening made, or whose reference names its flight
               and that ask for somebody on it (`Keys.listed`), until the flight is over
    lead       for the CEIU, which works on all of them: look-ups that it answered, or whose reference names it
    referral   for the office that has it: the same, of its lead and of the tips behind it
    notice     for those whom it tells, but for a side that is in it for a look-up: nobody's look-up explains their own
               next one. Look-ups answered by a lead of its, or that name it; as long as it holds
    tip        for the CEIU: look-ups that one of its subjects answered, or whose reference names it

What is closed or recalled explains look-ups for another `AFTER_CLOSING`. A record that its producer has not signed
explains nothing.

A reason that rests on nobody's word but that of whoever asks is their *own*: a list that they submitted, a tip that
they entered and nobody else has reviewed, amended or researched, a lead or referral of such tips alone, a notice that
their own tip, review or research raised and nobody else has taken note of. What a list's screening looks up is never
own: that is what lists are for. What a service says is the word of whoever sent the request that led to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.audit.domain.keys import Keys
from services.audit.domain.logged import Logged

LATE_MAX = timedelta(minutes=10)
AFTER_CLOSING = timedelta(days=30)
"""An office that closes a case still writes it up."""
NAMES_MAX = 100
"""Of one state of a thing: a lead of a thousand tips is named by the oldest of them."""
COUNT_MAX = 2**31 - 1
CEIU = "ICE/"

Kind = Literal["manifest", "lead", "referral", "notice", "tip"]
Standing = Literal["unexplained", "own_reason", "redress", "explained"]
STANDINGS: tuple[Standing, ...] = ("unexplained", "own_reason", "redress", "explained")
"""How a look-up stands, in the order in which auditors see them: nothing explains it; only what whoever asked said
themselves; it is said to answer a request for redress, of which the log knows nothing yet; something explains it."""
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """One state of a thing that explains look-ups.

    `state_of` tells whose states replace each other: kind and id of the thing. `until` is None for good. `units` are
    those addressed: `agency/office` (`agency/` without one) or `agency/*`. `names` are keys that a look-up shares.
    `actor_id` is who told of it, empty for nobody, `request` the key of the request that led to it; `rests_on` are the
    things whose states say whose word it is, as in `state_of`. Of a passenger list, `list` is the key of the request
    that looked its `people` up.
    """

    event_id: UUID
    kind: Kind
    id: str
    state_of: str
    at: datetime
    until: datetime | None
    units: tuple[str, ...]
    names: tuple[bytes, ...]
    rests_on: tuple[str, ...] = ()
    actor_id: str = ""
    request: bytes | None = None
    list: bytes | None = None
    people: int | None = None


def reason_of(event: Logged, keys: Keys) -> Reason | None:
    """Return the reason that an event is, if it is one that can be read and trusted."""
    read = _READERS.get(event.type)
    if read is None or event.is_verified is False:
        return None
    try:
        reason = read(event, keys)
        actor_id = event.actor.id if event.actor is not None else ""
        state_of, request = f"{reason.kind} {reason.state_of}", request_name(event, keys)
        return replace(reason, state_of=state_of, actor_id=actor_id, request=request)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        # The log holds what producers sent, and a model of theirs may have been another one.
        return None


def request_name(event: Logged, keys: Keys) -> bytes:
    """Return the key that all events of one request share."""
    return keys.of("request", str(event.correlation_id))


def _manifest_submitted(event: Logged, keys: Keys) -> Reason:
    payload = event.payload
    id_, flight = _id(payload["manifest_id"]), str(payload["personal"]["flight_number"])
    request, units = request_name(event, keys), (_whole(_agency(event)),)
    return Reason(
        event.event_id,
        "manifest",
        id_,
        id_,
        event.occurred_at,
        _time(payload["ends_at"]),
        units,
        names=(request, *keys.reference(flight), *_ids(keys, [id_])),
        rests_on=(f"manifest {id_}",),
        list=request,
        people=max(0, min(int(payload["passenger_count"]), COUNT_MAX)),
    )


def _manifest_screened(event: Logged, keys: Keys) -> Reason:
    """Look-ups of a screening that somebody asked for again; they were made before this was told."""
    payload = event.payload
    since, id_ = _time(payload["requested_at"]), _id(payload["manifest_id"])
    units = (_whole(_agency(event)),)
    names = (request_name(event, keys),)
    return Reason(event.event_id, "manifest", id_, _id(payload["screening_id"]), since, None, units, names)


def _alert_raised(event: Logged, keys: Keys) -> Reason:
    """Look-ups of a sweep: something was news about a passenger. They were made before this was told, and it was news
    to them.
    """
    payload = event.payload
    id_, units = _id(payload["manifest_id"]), (_whole(str(payload["agency"])),)
    names = (request_name(event, keys),)
    return Reason(
        event.event_id, "manifest", id_, _id(payload["alert_id"]), event.occurred_at - LATE_MAX, None, units, names
    )


def _lead(event: Logged, keys: Keys) -> Reason:
    payload, id_ = event.payload, _id(event.payload["lead_id"])
    until = _end(event, is_over=payload["state"] == "closed")
    names = _ids(keys, [id_, *payload.get("aliases", ())])
    tips = _tips(tip["tip_id"] for tip in payload.get("tips", ()))
    return Reason(event.event_id, "lead", id_, id_, event.occurred_at, until, (CEIU,), names, tips)


def _referral(event: Logged, keys: Keys) -> Reason:
    payload, id_ = event.payload, _id(event.payload["referral_id"])
    office = payload.get("office")
    units = (_unit("ICE", office),) if office else ()
    until = _end(event, is_over=payload["state"] in ("closed", "recalled"))
    names = _ids(keys, [id_, payload["lead_id"], *payload.get("tip_ids", ())])
    tips = _tips(payload.get("tip_ids", ()))
    return Reason(event.event_id, "referral", id_, id_, event.occurred_at, until, units, names, tips)


def _notice(event: Logged, keys: Keys) -> Reason:
    payload, id_ = event.payload, _id(event.payload["notice_id"])
    told = [side for side in payload["sides"] if side["is_told"] and side["record_kind"] != "lookup"]
    units = tuple(_unit(side["agency"], side.get("office")) for side in told)
    names = _ids(keys, [id_, *(side["lead_id"] for side in payload["sides"] if side.get("lead_id"))])
    until = _time(payload["until"])
    return Reason(event.event_id, "notice", id_, id_, event.occurred_at, until, units, names, (f"notice {id_}",))


def _tip(event: Logged, keys: Keys) -> Reason:
    """A tip that came in or was changed, reviewed or researched."""
    payload, id_ = event.payload, _id(event.payload["tip_id"])
    parties = payload.get("personal", {}).get("parties", ())
    named = _ids(keys, [id_, *(party["party_id"] for party in parties if party.get("role") == "subject")])
    if "source_ref" in payload:
        named = (*keys.source_reference(str(payload["source_ref"])), *named)
    return Reason(event.event_id, "tip", id_, id_, event.occurred_at, None, (CEIU,), named, _tips([id_]))


_READERS: Mapping[str, Callable[[Logged, Keys], Reason]] = {
    "manifest.submitted": _manifest_submitted,
    "manifest.screened": _manifest_screened,
    "alert.raised": _alert_raised,
    **dict.fromkeys(("lead.opened", "lead.updated", "lead.merged", "lead.closed"), _lead),
    **dict.fromkeys(("referral.opened", "referral.changed", "referral.answered", "referral.withdrawn"), _referral),
    **dict.fromkeys(("notice.raised", "notice.acknowledged"), _notice),
    **dict.fromkeys(("tip.received", "tip.amended", "tip.reviewed", "research.recorded"), _tip),
}


def _id(given: object) -> str:
    return str(UUID(str(given)))


def _ids(keys: Keys, ids: Iterable[object]) -> tuple[bytes, ...]:
    return tuple(keys.of("id", str(id_)) for id_ in list(ids)[:NAMES_MAX])


def _tips(ids: Iterable[object]) -> tuple[str, ...]:
    return tuple(f"tip {_id(id_)}" for id_ in list(ids)[:NAMES_MAX])


def _agency(event: Logged) -> str:
    return (event.actor.agency or "") if event.actor is not None else ""


def _unit(agency: str, office: str | None) -> str:
    return f"{agency}/{office or ''}"


def _whole(agency: str) -> str:
    return f"{agency}/*"


def _end(event: Logged, *, is_over: bool) -> datetime | None:
    return event.occurred_at + AFTER_CLOSING if is_over else None


def _time(text: object) -> datetime:
    time = datetime.fromisoformat(str(text))
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC)
