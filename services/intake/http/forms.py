"""What is posted to intake: the fields of each request, with their bounds.

A bound keeps one field from being a document; whether a value fits its identifier's type is not asked here.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.http.body import Body
from shared.http.types import BirthDate, Day, NotBlank, Time

Code = Annotated[str, StringConstraints(max_length=100)]
"""A country, a region, a postal code: a code, but sources also spell them out."""
Name = Annotated[str, StringConstraints(max_length=300)]
Label = Annotated[str, StringConstraints(max_length=300), NotBlank()]
Reference = Annotated[str, StringConstraints(max_length=200), NotBlank()]
Value = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
Hash = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=100_000)]
Summary = Annotated[str, StringConstraints(max_length=100_000), NotBlank()]
Reason = Annotated[str, StringConstraints(max_length=4_000), NotBlank()]
Quality = Annotated[int, Field(ge=0, le=100)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class IdentifierForm(Body):
    """Something that points at a person, exactly as the source has it."""

    type: Literal["email", "username", "phone", "ip", "device", "payment", "url", "document", "account"]
    value: Value
    service: Name | None = None
    region: Code | None = None
    country: Code | None = None
    verified: bool | None = None
    port: Port | None = None
    at: Time | None = None
    event: Literal["login", "upload", "registration"] | None = None


class AddressForm(Body):
    """A postal address."""

    line: Name | None = None
    city: Name | None = None
    region: Code | None = None
    postal_code: Code | None = None
    country: Code | None = None


class PartyForm(Body):
    """A person, in one role."""

    role: Literal["subject", "victim", "reporter", "recipient", "witness", "account_victim"]
    names: Annotated[list[Name], Field(max_length=50)] = []
    birth_date: BirthDate | None = None
    citizenship: Code | None = None
    identifiers: Annotated[list[IdentifierForm], Field(max_length=200)] = []
    addresses: Annotated[list[AddressForm], Field(max_length=50)] = []


class FileForm(Body):
    """Hashes of a file; never the file."""

    sha1: Hash | None = None
    sha256: Hash | None = None
    md5: Hash | None = None
    pdq: Hash | None = None
    pdq_quality: Quality | None = None
    viral: bool = False


class IncidentForm(Body):
    """What is reported to have happened."""

    type: Literal["possession", "distribution", "production", "enticement", "travel", "trafficking", "other"]
    occurred_at: Time | None = None
    platform: Name | None = None
    narrative: Text | None = None
    country: Code | None = None
    region: Code | None = None
    city: Name | None = None
    postal_code: Code | None = None


class UrgencyForm(Body):
    """What makes a tip pressing."""

    child_in_immediate_danger: bool = False
    escalated: bool = False
    victim_identifiable: bool = False
    contact_access: bool = False
    travel_on: Day | None = None
    viral: bool = False
    informational: bool = False


class TipForm(Body):
    """A tip. Lists keep their order: a party is known by its position through all amendments."""

    source_ref: Reference
    source: Reference
    reported_at: Time
    incident: IncidentForm
    urgency: UrgencyForm = UrgencyForm()
    parties: Annotated[list[PartyForm], Field(max_length=100)] = []
    files: Annotated[list[FileForm], Field(max_length=1_000)] = []
    related_refs: Annotated[list[Reference], Field(max_length=200)] = []


class ReviewForm(Body):
    """A person's decision on a tip. `tip_version` is the version they saw: 409 if there is a newer one."""

    plausible: bool
    verifiable: bool
    illegal_if_verified: bool
    reason: Reason
    tip_version: Annotated[int, Field(ge=1, le=2_147_483_647)] | None = None


class ResearchForm(Body):
    """What a summons, a search or the like found."""

    kind: Literal[
        "summons", "subpoena", "preservation_letter", "government_database", "public_search", "commercial_database"
    ]
    entity: Label | None = None
    reference: Label | None = None
    served_at: Time | None = None
    due_at: Time | None = None
    returned_at: Time | None = None
    summary: Summary | None = None
    parties: Annotated[list[PartyForm], Field(max_length=100)] = []
    files: Annotated[list[FileForm], Field(max_length=1_000)] = []
