"""A tip's content as the event that travels and is stored, and back again.

The events of contents are put together here and not by their models, which would validate a second time what was just
validated: that costs five times as much as all else that is done with a tip. A contract test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.intake.domain.content import Submission, identified
from services.intake.domain.tip import Tip
from shared.events.change import change_of
from shared.events.envelope import Context, open_sealed, seal
from shared.events.intake import TipAmendedV1, TipReceivedV1

TIPS_TOPIC = "intake.tips"
ACTIVITY_TOPIC = "intake.activity"

_PERSONAL = ("narrative", "city", "postal_code")
"""Fields of an incident that are personal data."""
_OPTIONAL = ("urgency", "files", "related_refs")


@dataclass(frozen=True, slots=True)
class Former:
    """A tip as it was, and the event of its content."""

    tip: Tip
    event: bytes


def head_of(context: Context, now: datetime) -> dict[str, Any]:
    """Return what all events of one request have in common."""
    return {
        "occurred_at": now,
        "service": "intake",
        "actor": None if context.actor is None else context.actor.model_dump(),
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
    }


def content_event(
    submission: Submission, tip: Tip, *, event_id: UUID, head: Mapping[str, Any], former: Former | None = None
) -> bytes:
    """Return the event of a tip's newest content: `tip.received` for the first, `tip.amended` for any later one.

    `former` is what it amends.

    It is below 256 KiB, as a tip is at most 192 KiB and absent fields are left out.
    """
    model = TipReceivedV1 if tip.version == 1 else TipAmendedV1
    content = submission.content
    incident = content["incident"]
    personal = {field: incident[field] for field in _PERSONAL if field in incident}
    if "parties" in content:
        personal["parties"] = identified(content["parties"], tip.tip_id)
    payload = {
        "tip_id": tip.tip_id,
        "tip_version": tip.version,
        "source": submission.source,
        "source_kind": submission.source_kind,
        "source_ref": submission.source_ref,
        "reported_at": content["reported_at"],
        "incident": {field: value for field, value in incident.items() if field not in _PERSONAL},
        **{field: content[field] for field in _OPTIONAL if field in content},
        "personal": seal(personal),
    }
    if former is not None:
        before = {**standing_of(former.tip), **_fields(content_of(former.event))}
        after = {**standing_of(tip), **_fields(_content(payload))}
        payload["change"] = change_of(before, after, salt=payload["personal"]["salt"]).model_dump()
    return orjson.dumps(
        {
            "event_id": event_id,
            "type": model.TYPE,
            "version": model.VERSION,
            **head,
            "subject": {"kind": model.SUBJECT, "id": str(tip.tip_id), "version": tip.revision},
            "payload": payload,
        },
        # The database driver's ids are of a class of its own, which orjson knows only as text.
        default=str,
        option=orjson.OPT_UTC_Z,
    )


def content_of(event: bytes) -> dict[str, Any]:
    """Return the content within a stored event in the shape of a request, each party with its id."""
    return _content(orjson.loads(event)["payload"])


def standing_of(tip: Tip) -> dict[str, Any]:
    """Return where a tip stands, as fields of a change."""
    return {"state": tip.state, "decision": tip.decision, "reopened_because": tip.reopened_because}


def _content(payload: Mapping[str, Any]) -> dict[str, Any]:
    personal = open_sealed(payload["personal"])
    return {
        "reported_at": payload["reported_at"],
        "incident": {**payload["incident"], **{field: personal[field] for field in _PERSONAL if field in personal}},
        "parties": personal.get("parties", []),
        **{field: payload[field] for field in _OPTIONAL if field in payload},
    }


def _fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return content as the fields of a change."""
    incident = {f"incident.{field}": value for field, value in content["incident"].items()}
    return {**{field: value for field, value in content.items() if field != "incident"}, **incident}
