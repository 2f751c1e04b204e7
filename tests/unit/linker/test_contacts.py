"""Whom to call at an office: what the directory told last, whatever the order in which it is heard."""

from itertools import permutations

import pytest

from services.linker.store.notices import OfficeContact
from services.linker.stream import read_batch
from shared.events.envelope import Payload, decode, encode
from shared.events.referral import OfficeListedV1, ReferralChangedV1
from shared.kafka.consume import Record
from shared.kafka.inbox import Incoming
from tests.builders import an_event, new_id


def heard(payload: Payload) -> Incoming:
    record = Record("referral.referrals", 0, 0, None, encode(an_event(payload)), (), 0)
    return Incoming(decode(record.value), payload, record, "linker")


def listed(office: str, version: int) -> OfficeListedV1:
    return OfficeListedV1(office=office, version=version, office_name=f"{office} {version}", office_phone=f"+{version}")


@pytest.mark.parametrize("versions", list(permutations((1, 2, 3))))
def test_of_an_office_the_newest_version_counts(versions: tuple[int, ...]) -> None:
    told = [heard(listed("sac-miami", version)) for version in versions]
    batch = read_batch([*told, heard(listed("sac-boston", 1))])
    assert sorted(batch.contacts, key=lambda contact: contact.office) == [
        OfficeContact("sac-boston", 1, "sac-boston 1", "+1"),
        OfficeContact("sac-miami", 3, "sac-miami 3", "+3"),
    ]


def test_a_referral_tells_no_contact() -> None:
    lead_id = new_id()
    referral = ReferralChangedV1(
        referral_id=lead_id,
        version=9,
        lead_id=lead_id,
        lead_version=1,
        state="sent",
        office="sac-boston",
        office_name="HSI Boston",
        office_phone="+1-617-555-0000",
        tier="T4",
        confidence=1.0,
        reason="in Massachusetts",
    )
    assert read_batch([heard(referral)]).contacts == []
