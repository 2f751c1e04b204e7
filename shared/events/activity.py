"""What a person or system did at a service: published on `<service>.activity`, read by audit.

The first five are every service's, `dead_letter.redriven` every consumer's; the rest belong to the service their name
says.
"""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.change import Change, Salted
from shared.events.envelope import Fact, Payload


class SessionOpenedV1(Payload):
    """A session was used at this service for the first time; `issued_at` is when its token was issued (the login)."""

    TYPE: ClassVar[str] = "session.opened"
    SUBJECT: ClassVar[str] = "session"

    session: str
    issued_at: AwareDatetime
    outcome: str = "ok"


class CallerPersonal(Fact):
    """Where an unknown caller came from, and which fields a refused request named."""

    address: str | None = None
    fields: list[str] = []


class AuthRefusedV1(Payload):
    """A token was missing, bad, expired or foreign. At most one a minute for each address and service."""

    TYPE: ClassVar[str] = "auth.refused"
    SUBJECT: ClassVar[str] = "request"

    reason: str
    route: str
    outcome: str = "denied"
    personal: CallerPersonal


class RequestRefusedV1(Payload):
    """A known caller asked for something that was refused (4xx) or failed."""

    TYPE: ClassVar[str] = "request.refused"
    SUBJECT: ClassVar[str] = "request"

    route: str
    """Method and path template, such as `POST /v1/tips`."""
    status: int
    problem: str
    capability: str | None = None
    record_ids: list[str] = []
    """The ids that the request's path named, whether there is such a record or not."""
    outcome: str = "denied"
    personal: CallerPersonal


class AnswerRepeatedV1(Payload):
    """A caller got the answer of an earlier request again, under its Idempotency-Key.

    What that one did or showed is on record under its own id, `first_request_id`.
    """

    TYPE: ClassVar[str] = "answer.repeated"
    SUBJECT: ClassVar[str] = "request"

    route: str
    status: int
    first_request_id: UUID | None = None
    """None where the answer was kept before this was."""
    outcome: str = "ok"


class RecordViewedV1(Payload):
    """A caller was shown records: `record_count` of a kind, and others within them, as a lead shows tips.

    `record_ids` are all of them, those of the kind first; or the one word `all` where a whole table is shown. An answer
    with more than 5,000 ids has several of these events.
    """

    TYPE: ClassVar[str] = "record.viewed"
    SUBJECT: ClassVar[str] = "view"

    route: str
    kind: str
    record_ids: list[str]
    record_count: int
    within: dict[str, int] = {}
    """How many ids of which other kinds follow, in this order."""
    outcome: str = "ok"


class DeadLetterRedrivenV1(Payload):
    """A record that this service had refused was given to it again, by an operator's command, and was applied.

    Its subject is the event that the record holds; `topic`, `partition` and `offset` say where that lay, and `reason`
    why it was refused.
    """

    TYPE: ClassVar[str] = "dead_letter.redriven"
    SUBJECT: ClassVar[str] = "event"

    event_type: str
    topic: str
    partition: int
    offset: int
    reason: str
    outcome: str = "ok"


class TipRepeatedV1(Payload):
    """A source sent again what it had sent before; nothing changed."""

    TYPE: ClassVar[str] = "tip.repeated"
    SUBJECT: ClassVar[str] = "tip"

    tip_id: UUID
    tip_version: int
    source: str
    source_ref: str
    outcome: str = "ok"


class TipReopenedPersonal(Salted):
    """Nothing but the salt of the change."""


class TipReopenedV1(Payload):
    """A tip that was found not actionable awaits review again, for what became known of it since."""

    TYPE: ClassVar[str] = "tip.reopened"
    SUBJECT: ClassVar[str] = "tip"

    tip_id: UUID
    because: str
    change: Change | None = None
    outcome: str = "ok"
    personal: TipReopenedPersonal = TipReopenedPersonal()


class TipsSubmittedV1(Payload):
    """A batch or an upload was taken; one event for the whole of it, beside those of the tips that it told of."""

    TYPE: ClassVar[str] = "tips.submitted"
    SUBJECT: ClassVar[str] = "request"

    route: str
    lines_total: int
    """Those that were not empty."""
    accepted: int
    amended: int
    duplicate: int
    refused: int
    outcome: str = "ok"


class TipsRefusedV1(Payload):
    """Lines of a batch or an upload were refused; one event for the whole of it."""

    TYPE: ClassVar[str] = "tips.refused"
    SUBJECT: ClassVar[str] = "request"

    route: str
    lines_refused: int
    lines_total: int
    problems: dict[str, int]
    """How many lines failed for which reason, by the problem's name."""
    outcome: str = "denied"


class LookupPersonal(Fact):
    """What a look-up asked for."""

    name: str | None = None
    birth_date: str | None = None
    emails: list[str] = []
    usernames: list[str] = []
    phones: list[str] = []
    documents: list[str] = []


class LookupAnsweredV1(Payload):
    """A look-up was answered; this is durable before the answer leaves."""

    TYPE: ClassVar[str] = "lookup.answered"
    SUBJECT: ClassVar[str] = "lookup"

    lookup_id: UUID
    purpose: str
    reference: str
    match_count: int
    truncated: bool
    record_ids: list[UUID]
    lead_ids: list[UUID]
    tip_ids: list[UUID] = []
    """The tips that the matches rest on."""
    grades: dict[str, int]
    duration_ms: float
    answer_bytes: int | None = None
    """Length of the answer's JSON as it was kept; None in events from before this was."""
    outcome: str = "ok"
    personal: LookupPersonal


class NotePersonal(Salted):
    """Free text and flight of a note."""

    flight_number: str | None = None
    flight_date: str | None = None
    outcome: str | None = None
    text: str | None = None


class NoteAddedV1(Payload):
    """A note was added to a record; notes are superseded, never changed."""

    TYPE: ClassVar[str] = "note.added"
    SUBJECT: ClassVar[str] = "note"

    note_id: UUID
    record_id: UUID
    kind: str
    supersedes: UUID | None = None
    additional_screening: bool | None = None
    change: Change | None = None
    """From the note that it supersedes."""
    outcome: str = "ok"
    personal: NotePersonal


class ManifestPersonal(Fact):
    """The flight of a passenger list, and its departure as given."""

    flight_number: str
    departs_at: str


class ManifestSubmittedV1(Payload):
    """A passenger list was submitted; each of its passengers is looked up, and again when something changes."""

    TYPE: ClassVar[str] = "manifest.submitted"
    SUBJECT: ClassVar[str] = "manifest"

    manifest_id: UUID
    format: str
    """edifact, csv or json."""
    passenger_count: int
    remark_count: int
    ends_at: AwareDatetime
    """From then on nothing is told of it unasked."""
    outcome: str = "ok"
    personal: ManifestPersonal


class ScreeningRequestedV1(Payload):
    """Somebody had all passengers of a list looked up again; each of them is on record when it is done."""

    TYPE: ClassVar[str] = "screening.requested"
    SUBJECT: ClassVar[str] = "manifest"

    manifest_id: UUID
    screening_id: UUID
    outcome: str = "ok"


class ManifestScreenedV1(Payload):
    """All passengers of a list were looked up, each on record as a look-up of its own."""

    TYPE: ClassVar[str] = "manifest.screened"
    SUBJECT: ClassVar[str] = "manifest"

    manifest_id: UUID
    screening_id: UUID
    requested_at: AwareDatetime
    passenger_count: int
    outcome: str = "ok"


class AlertTelling(Fact):
    """What an answer tells of a passenger and one tip."""

    grade: str
    relevant: bool
    investigation: str


class AlertChange(Fact):
    """What was told of a tip before and after; None where the passenger did not match it."""

    tip_id: UUID
    before: AlertTelling | None = None
    after: AlertTelling | None = None


class AlertPersonal(Fact):
    """What the list calls the passenger."""

    traveller_ref: str


class AlertRaisedV1(Payload):
    """The answer about a passenger of a list changed before the flight was over."""

    TYPE: ClassVar[str] = "alert.raised"
    SUBJECT: ClassVar[str] = "alert"

    alert_id: UUID
    agency: str
    manifest_id: UUID
    lookup_id: UUID
    """The new answer."""
    changes: list[AlertChange]
    """The first 100 of `change_count`."""
    change_count: int
    outcome: str = "ok"
    personal: AlertPersonal


class AlertAcknowledgedPersonal(Salted):
    """What was noted."""

    note: str | None = None


class AlertAcknowledgedV1(Payload):
    """Somebody of the agency took note of an alert."""

    TYPE: ClassVar[str] = "alert.acknowledged"
    SUBJECT: ClassVar[str] = "alert"

    alert_id: UUID
    manifest_id: UUID
    change: Change | None = None
    outcome: str = "ok"
    personal: AlertAcknowledgedPersonal


class HandoffPersonal(Fact):
    """Which risk assessment it is."""

    reference: str


class HandoffRecordedV1(Payload):
    """An answer went into a risk assessment of CBP."""

    TYPE: ClassVar[str] = "handoff.recorded"
    SUBJECT: ClassVar[str] = "handoff"

    handoff_id: UUID
    lookup_id: UUID
    record_ids: list[UUID]
    """The matches relied on."""
    office: str
    """Where it went to."""
    liaison: bool
    """Whether CBP has an officer assigned as a liaison to the foreign service."""
    local_office: str | None = None
    """The HSI office to contact, if any."""
    outcome: str = "ok"
    personal: HandoffPersonal


class HandoffFollowedUpPersonal(Salted):
    """What was noted."""

    note: str | None = None


class HandoffFollowedUpV1(Payload):
    """The follow-up of a hand-off went on: the local HSI office was contacted, or all is done."""

    TYPE: ClassVar[str] = "handoff.followed_up"
    SUBJECT: ClassVar[str] = "handoff"

    handoff_id: UUID
    lookup_id: UUID
    state: str
    """contacted or done."""
    record_ids: list[UUID] = []
    """The matches relied on that were shown with it."""
    change: Change | None = None
    outcome: str = "ok"
    personal: HandoffFollowedUpPersonal
