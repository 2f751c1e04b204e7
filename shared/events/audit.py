"""What audit found out about the log, and what became of its reports: published on `audit.activity`."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.envelope import Fact, Payload


class AuditGapV1(Payload):
    """Kafka lost records before audit had read them: the log has no entry for these offsets."""

    TYPE: ClassVar[str] = "audit.gap"
    SUBJECT: ClassVar[str] = "log"

    topic: str
    partition: int
    index: int
    """The entry before which they are missing."""
    first_offset: int
    last_offset: int
    outcome: str = "failed"


class AuditAnomalyV1(Payload):
    """Records lie on Kafka that the service they name did not send so, or some that it sent are not there.

    `kind` is unsigned, unknown_producer, foreign_topic, bad_mac, repeated_number (all with the entries concerned),
    missing_numbers (with the numbers), scattered_numbers (so many are left out, that those between these two are looked
    for no longer), or not_followed or not_judged: an entry of the log that audit itself could not look into, or could
    not judge the day of, with the class of the error.
    """

    TYPE: ClassVar[str] = "audit.anomaly"
    SUBJECT: ClassVar[str] = "producer"

    kind: str
    producer: str | None = None
    """As all of the records say; None where they say nothing, or not the same."""
    topic: str | None = None
    partition: int | None = None
    first_index: int | None = None
    last_index: int | None = None
    entry_count: int | None = None
    """Entries concerned, from the first to the last; others may stand between."""
    first_number: int | None = None
    last_number: int | None = None
    error: str | None = None
    outcome: str = "failed"


class ReportMadeV1(Payload):
    """The report of a month was made; its hash is in the log from here on."""

    TYPE: ClassVar[str] = "report.made"
    SUBJECT: ClassVar[str] = "report"

    report_id: UUID
    month: date
    """Its first day."""
    sha256: str
    """Of the report's canonical JSON, in hex."""
    outcome: str = "ok"


class ReportSignedPersonal(Fact):
    """What the signer had to say."""

    remark: str | None = None


class ReportSignedV1(Payload):
    """Somebody signed a month's report off."""

    TYPE: ClassVar[str] = "report.signed"
    SUBJECT: ClassVar[str] = "report"

    report_id: UUID
    month: date
    sha256: str
    role: str
    """system.admin or program.manager."""
    is_complete: bool
    """Whether both have signed now."""
    outcome: str = "ok"
    personal: ReportSignedPersonal


class AuditExportedPersonal(Fact):
    """Who gets the export, and on what authority: as it was told before these stood outside, too."""

    recipient: str
    authority: str


class AuditExportedV1(Payload):
    """A range of the log was given out with its proof; this is durable before its first line leaves.

    Who got it and on what authority is nothing of a tip's, and must be known for as long as the log is.
    """

    TYPE: ClassVar[str] = "audit.exported"
    SUBJECT: ClassVar[str] = "request"

    recipient: str | None = None
    authority: str | None = None
    from_at: AwareDatetime
    to_at: AwareDatetime
    topic: str | None = None
    log_count: int
    entry_count: int
    head_sha256: str | None = None
    """Of the export's first line, without its line end, in hex: it says which logs it holds, and what of each."""
    outcome: str = "ok"
    personal: AuditExportedPersonal
