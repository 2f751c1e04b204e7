"""A snapshot says what others need, and always fits into an event."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from services.linker.domain.cluster import Cluster
from services.linker.domain.facts import (
    Address,
    GivenIdentifier,
    Party,
    Place,
    Research,
    TipContent,
    TipFacts,
    facts_of,
)
from services.linker.domain.lead import plan_leads
from services.linker.domain.snapshot import IDENTIFIERS_MAX, NAMES_MAX, LeadSnapshot, places_of, subjects_of, summary_of
from shared.events.envelope import EVENT_BYTES_MAX, Context, Event, encode
from shared.events.linker import LeadUpdatedV1

NOWHERE = Address()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def uid(number: int) -> UUID:
    return UUID(f"01950000-0000-7000-8000-{number:012x}")


def content(number: int, *parties: Party, place: Address = NOWHERE) -> TipContent:
    return TipContent(
        uid(number), 1, "ncmec", f"CT-{number}", NOW, "distribution", platform="socialA", place=place, parties=parties
    )


def snapshot_of(*members: TipFacts) -> LeadSnapshot:
    cluster = Cluster(uid(1000), members[0].tip_id, tuple(tip.tip_id for tip in members))
    tips = {tip.tip_id: tip for tip in members}
    (change,) = plan_leads([cluster], tips, [], previous={}, holds={}, now=NOW)
    return change.snapshot


def event_bytes(snapshot: LeadSnapshot) -> int:
    """Return the size of the snapshot as it is published, through the event's own model."""
    fields = asdict(snapshot)
    personal = {name: fields.pop(name) for name in ("subjects", "places", "summary")}
    payload = LeadUpdatedV1.model_validate({**fields, "lead_version": fields.pop("version"), "personal": personal})
    event = Event("linker.leads", uid(1), NOW, "linker", Context(None, uid(2)), str(snapshot.lead_id), 1, payload)
    return len(encode(event))


def test_facts_keep_subjects_and_places_and_nothing_of_those_who_report() -> None:
    home = Address("US", "CA", "Springfield", "94000")
    parties = [
        Party(uid(901), "subject", ("Ana Invented",), "1980", "US", (GivenIdentifier("email", "a@example.org"),)),
        Party(uid(902), "victim", ("Not Told",), addresses=(home,)),
        Party(uid(903), "reporter", ("Not Told",), addresses=(Address("US", "NY"),)),
    ]
    research = Research(parties=(Party(uid(904), "subject", ("Ana X",), addresses=(home, home)),))
    facts = facts_of(content(1, *parties, place=Address("US", "TX")), [research], decision="actionable")
    assert [subject.party_id for subject in facts.subjects] == [uid(901), uid(904)]
    assert [(place.role, place.region) for place in facts.places] == [
        ("incident", "TX"),
        ("subject", "CA"),
        ("victim", "CA"),
    ]
    assert "Not Told" not in repr(facts)


def test_rejected_tips_are_listed_and_their_subjects_are_not() -> None:
    subject = Party(uid(901), "subject", ("Ana Invented",), addresses=(Address("US", "CA"),))
    kept, dropped = (
        facts_of(content(1), decision="actionable"),
        facts_of(content(2, subject), decision="not_actionable"),
    )
    snapshot = snapshot_of(kept, dropped)
    assert [(tip.source_ref, tip.is_actionable) for tip in snapshot.tips] == [("CT-1", True), ("CT-2", False)]
    assert (snapshot.subjects, snapshot.places) == ((), ())


def test_a_subject_described_in_the_same_words_is_listed_once_under_the_oldest_tip() -> None:
    members = [
        facts_of(content(number, Party(uid(900 + number), "subject", (name,))), decision=None)
        for number, name in ((1, "Ana Invented"), (2, "Ana Invented"), (3, "A. Invented"))
    ]
    assert [subject.tip_id for subject in subjects_of(members)] == [uid(1), uid(3)]


def test_of_a_subject_with_many_long_values_the_first_are_kept_and_cut() -> None:
    given = tuple(GivenIdentifier("username", f"{number}" + "x" * 500) for number in range(60))
    subject = Party(uid(901), "subject", ("y" * 254, "z" * 255, *map(str, range(30))), identifiers=given)
    (listed,) = subjects_of([facts_of(content(1, subject), decision=None)])
    assert (len(listed.names), len(listed.identifiers)) == (NAMES_MAX, IDENTIFIERS_MAX)
    assert listed.names[:2] == ("y" * 254, "z" * 251 + "…")
    assert listed.identifiers[3].value.startswith("3x")


def test_subject_places_are_the_last_to_be_cut_and_each_tip_keeps_its_own() -> None:
    incident = [
        replace(facts_of(content(n), decision=None), places=(Place("incident", uid(n), "US", "CA"),))
        for n in range(1, 60)
    ]
    home = replace(facts_of(content(99), decision=None), places=(Place("subject", uid(99), "US", "NY"),))
    places = places_of([*incident, home])
    assert len(places) == 50
    assert places[0].region == "NY"
    assert len({place.source_tip_id for place in places}) == 50


@pytest.mark.parametrize("character", ["a", "\x00", "€", "\U0001f600", '"'])
def test_the_largest_lead_fits_into_an_event(character: str) -> None:
    long = character * 20_000
    identifiers = tuple(
        GivenIdentifier("username", long, long, long, long, True, 40112, NOW, "login") for _ in range(40)
    )
    address = Address(long, long, long, long)
    members = [
        facts_of(
            replace(
                content(
                    number,
                    Party(uid(number), "subject", (long + str(number),) * 40, long, long, identifiers, (address,) * 3),
                    place=address,
                ),
                source_ref=character * 60 + str(number),
            ),
            decision="actionable",
        )
        for number in range(1, 2_001)
    ]
    snapshot = snapshot_of(*members)
    assert snapshot.tip_count == 2_000
    assert 0 < len(snapshot.tips) <= 1_000
    assert 0 < len(snapshot.subjects) <= 25
    assert 0 < len(snapshot.places) <= 50
    assert event_bytes(snapshot) <= EVENT_BYTES_MAX


def test_a_usual_lead_of_a_thousand_tips_is_published_whole() -> None:
    members = [
        facts_of(content(n, Party(uid(n), "subject", (f"Ana {n}",))), decision="actionable") for n in range(1, 1_001)
    ]
    snapshot = snapshot_of(*members)
    assert (len(snapshot.tips), len(snapshot.subjects)) == (1_000, 25)
    assert event_bytes(snapshot) <= EVENT_BYTES_MAX


def test_the_digest_ignores_the_version_and_the_name_of_a_time_zone_and_nothing_else() -> None:
    snapshot = snapshot_of(facts_of(content(1), decision="actionable"))
    assert replace(snapshot, version=7).digest() == snapshot.digest()
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    assert replace(snapshot, opened_at=elsewhere).digest() == snapshot.digest()
    assert replace(snapshot, tier="T0").digest() != snapshot.digest()
    assert replace(snapshot, related=(uid(5),)).digest() != snapshot.digest()
    assert replace(snapshot, opened_at=NOW + timedelta(microseconds=1)).digest() != snapshot.digest()


def test_the_summary_is_two_sentences_without_a_name() -> None:
    later = replace(facts_of(content(2), decision=None), source="tipline", reported_at=NOW + timedelta(days=3))
    members = [facts_of(content(1, Party(uid(9), "subject", ("Ana Invented",))), decision="actionable"), later]
    assert summary_of(members, "T3") == (
        "2 tips from ncmec, tipline, reported from 2026-03-01 to 2026-03-04, tier T3. "
        "Reported: distribution on socialA."
    )
    assert summary_of([replace(later, decision="not_actionable")], "T4") == "No tip of this lead is actionable."
