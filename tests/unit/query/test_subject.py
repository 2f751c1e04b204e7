"""Who becomes a record, and what of them is kept."""

import pytest

from services.query.domain.subject import subjects_of
from services.query.domain.words import Name
from shared.events.intake import GivenIdentifier, Party
from tests.builders import new_id


@pytest.mark.parametrize("role", ["victim", "reporter", "recipient", "witness", "account_victim", "Subject", ""])
def test_only_subjects_become_records(role: str) -> None:
    assert subjects_of(new_id(), [Party(party_id=new_id(), role=role, names=["Ana Lopez"])]) == []


def test_what_can_be_asked_for_is_kept_normalised() -> None:
    party = Party(
        party_id=new_id(),
        role="subject",
        names=["Ana López", "???"],
        birth_date="1980-02",
        identifiers=[
            GivenIdentifier(type="email", value="Ana@Example.ORG"),
            GivenIdentifier(type="username", value="@Dark_77"),
            GivenIdentifier(type="username", value="dark_77", service="Twitter"),
            GivenIdentifier(type="phone", value="(202) 555-2143", region="US"),
            GivenIdentifier(type="document", value="P 1234567", country="us"),
        ],
    )
    [subject] = subjects_of(new_id(), [party])
    assert subject.record_id == party.party_id
    assert subject.names == (Name("Ana López", (("ana", "lopez"),)),)
    assert subject.birth_date == "1980-02"
    assert [(key.type, key.canonical, key.scope) for key in subject.keys] == [
        ("email", "ana@example.org", ""),
        ("username", "dark_77", ""),
        ("username", "dark_77", "x"),
        ("phone", "+12025552143", ""),
        ("document", "P1234567", "US"),
    ]


def test_what_tells_nobody_apart_is_not_kept() -> None:
    identifiers = [
        GivenIdentifier(type="email", value="none@none.com"),
        GivenIdentifier(type="email", value="not an address"),
        GivenIdentifier(type="username", value="unknown"),
        GivenIdentifier(type="ip", value="203.0.113.9"),
    ]
    party = Party(party_id=new_id(), role="subject", birth_date="someday", identifiers=identifiers)
    [subject] = subjects_of(new_id(), [party])
    assert (subject.keys, subject.birth_date) == ((), None)
