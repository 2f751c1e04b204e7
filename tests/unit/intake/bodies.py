"""Tips as their sources post them, and as intake reads them. All invented."""

from typing import Any

import orjson

from services.intake.domain.content import Submission
from services.intake.http.reading import read_tip
from shared.security import ROLE_CAPABILITIES, SOURCE_KINDS, Principal, get_account
from tests.fakes import START


def a_tip(**fields: Any) -> dict[str, Any]:
    """Return the body of a tip with only what is required, and what is named."""
    return {
        "source_ref": "CT-1",
        "source": "ncmec",
        "reported_at": "2026-03-01T10:00:00Z",
        "incident": {"type": "possession"},
        **fields,
    }


def a_full_tip(**fields: Any) -> dict[str, Any]:
    """Return the body of a tip in which every field says something."""
    return a_tip(
        incident={
            "type": "enticement",
            "occurred_at": "2026-02-28T23:30:00-05:00",
            "platform": "socialA",
            "narrative": "An invented report: «quoted», \\ and 日本.",
            "country": "US",
            "region": "CA",
            "city": "Inventville",
            "postal_code": "90000",
        },
        urgency={"child_in_immediate_danger": True, "travel_on": "2026-04-01", "contact_access": True},
        parties=[
            {
                "role": "subject",
                "names": ["Ana Invented", "A. Invented"],
                "birth_date": "1980-02-03",
                "citizenship": "US",
                "identifiers": [
                    {"type": "email", "value": "ana@example.org", "verified": False},
                    {"type": "username", "value": "dark_77", "service": "socialA"},
                    {"type": "phone", "value": "+1 555 0100", "region": "US"},
                    {"type": "ip", "value": "203.0.113.9", "port": 0, "at": "2026-02-28T22:00:00Z", "event": "login"},
                    {"type": "document", "value": "X0000000", "country": "US"},
                ],
                "addresses": [
                    {"line": "1 Nowhere", "city": "C", "region": "CA", "postal_code": "90000", "country": "US"}
                ],
            },
            {"role": "victim", "birth_date": "2014"},
        ],
        files=[{"sha1": "a" * 40, "sha256": "b" * 64, "md5": "c" * 32, "pdq": "d" * 64, "pdq_quality": 92}],
        related_refs=["CT-0"],
        **fields,
    )


def a_principal(account: str = "source.ncmec") -> Principal:
    """Return the caller of an account of the test system."""
    known = get_account(account)
    return Principal(
        id=known.id,
        kind=known.kind,
        role=known.role,
        agency=known.agency,
        office=known.office,
        source=known.source,
        session="invented",
        issued_at=START,
        capabilities=ROLE_CAPABILITIES[known.role],
    )


def read(body: dict[str, Any] | bytes, account: str = "source.ncmec") -> Submission:
    """Return a body as intake reads it."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return read_tip(raw, a_principal(account), SOURCE_KINDS)
