"""For each service, what there is to ask for, and a request for each route that gets a good answer.

Each request is good whatever of the others was sent before it.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from services.audit.domain.report import Verification, Verifications
from services.audit.handlers.log import append
from services.audit.handlers.reports import make_report
from services.referral.app import load_directory
from services.referral.handlers import Desk as Referrals
from shared.clock import SystemClock
from shared.db.pool import Pool
from shared.events.activity import RecordViewedV1
from shared.events.envelope import Context
from shared.events.linker import LeadPersonal, LeadSubject
from shared.kafka.outbox import Outbox
from tests.builders import an_actor, event_bytes, new_id
from tests.conftest import Caller
from tests.fakes import FakeClock
from tests.integration.audit.conftest import follow
from tests.integration.audit.signed_logs import sign
from tests.integration.intake.desk import GOOD
from tests.integration.intake.desk import Desk as Intake
from tests.integration.linker.graph import Graph, a_lookup, a_review, email
from tests.integration.linker.graph import a_tip as a_linked_tip
from tests.integration.linker.test_holds import a_group, by_group, tell_groups
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_tip, an_email
from tests.integration.query.lists import Lists
from tests.integration.query.test_handoffs import BODY, hand_off
from tests.integration.records.asks import VIEW, Ask
from tests.integration.referral.test_referral import BOSTON, carry
from tests.integration.referral.test_referral import a_lead as a_referred_lead
from tests.unit.audit.records import a_record
from tests.unit.intake.bodies import a_full_tip
from tests.unit.intake.bodies import a_tip as a_tip_body

SOURCE, ANALYST, SUPERVISOR, AGENT = "source.ncmec", "ceiu.analyst", "ceiu.supervisor", "hsi.agent.sac-boston"
CBP, AUDITOR = "cbp.att", "auditor"
NDJSON, CSV = "application/x-ndjson", "text/csv"
EMAIL = "ana@example.org"

SPLIT = ["judgement.recorded", "tip.clustered", "lead.updated", "lead.opened"]

World = Callable[[Caller, Pool, FakeClock], Awaitable[list[Ask]]]


def lines(*bodies: Any) -> bytes:
    return b"\n".join(body if isinstance(body, bytes) else orjson.dumps(body) for body in bodies)


async def intake(caller: Caller, pool: Pool, clock: FakeClock) -> list[Ask]:
    """A tip with everything, reviewed and researched; and one that a batch tells again."""
    desk = Intake(caller, pool)
    tip_id = (await desk.post("/v1/tips", a_full_tip(source_ref="whole"), SOURCE)).json()["tip_id"]
    for ref in ("again", "old"):
        await desk.submit(source_ref=ref)
    await desk.review(tip_id, GOOD)
    research = {"kind": "summons", "entity": "Invented Inc.", "parties": [{"role": "subject", "names": ["Ana"]}]}
    assert (await desk.post(f"/v1/tips/{tip_id}/research", research, ANALYST)).status_code == 201
    one = {"tip_id": tip_id}
    batch = lines(
        a_tip_body(source_ref="new in a batch"),
        a_tip_body(source_ref="again"),
        a_full_tip(source_ref="again"),
        b"not JSON",
    )
    table = b"source_ref,source,reported_at,incident_type\nnew in a table,ncmec,2026-03-01T10:00:00Z,possession\n"
    amended = a_tip_body(source_ref="old", related_refs=["X"])
    batch_types = ["tip.received", "tip.repeated", "tip.amended", "tips.submitted", "tips.refused"]
    return [
        Ask("POST /v1/tips", SOURCE, ["tip.received"], body=a_tip_body(source_ref="new")),
        Ask("POST /v1/tips", SOURCE, ["tip.received"], body=a_tip_body(source_ref="newer"), has_key=False),
        Ask("POST /v1/tips", SOURCE, ["tip.repeated"], body=a_full_tip(source_ref="whole"), has_key=False),
        Ask("POST /v1/tips", SOURCE, ["tip.amended"], body=amended, has_key=False),
        Ask("POST /v1/tips/batch", SOURCE, batch_types, body=batch, media=NDJSON),
        Ask("POST /v1/tips/batch", SOURCE, ["tips.submitted"], body=b"", media=NDJSON, has_key=False),
        Ask("POST /v1/uploads", SOURCE, ["tip.received", "tips.submitted"], body=table, media=CSV),
        Ask("GET /v1/tips", ANALYST, VIEW),
        Ask("GET /v1/tips", ANALYST, VIEW, query={"state": "not_actionable"}),
        Ask("GET /v1/tips/{tip_id}", ANALYST, VIEW, one),
        Ask("GET /v1/tips/{tip_id}", SOURCE, VIEW, one),
        Ask("GET /v1/sources", ANALYST, VIEW),
        Ask("POST /v1/tips/{tip_id}/reviews", ANALYST, ["tip.reviewed"], one, body=GOOD),
        Ask("GET /v1/tips/{tip_id}/reviews", ANALYST, VIEW, one),
        Ask("POST /v1/tips/{tip_id}/research", ANALYST, ["research.recorded"], one, body=research),
        Ask("GET /v1/tips/{tip_id}/research", ANALYST, VIEW, one),
    ]


async def linker(caller: Caller, pool: Pool, clock: FakeClock) -> list[Ask]:
    """A lead of two tips, a lead that is held, and two notices between CEIU and CBP."""
    graph = Graph(pool, clock)
    tips = [a_linked_tip(ref, email(EMAIL)) for ref in ("CT-1", "CT-2")]
    await graph.tell(*tips, *(a_review(tip.tip_id) for tip in tips))
    [lead] = await graph.live_leads()
    await tell_groups(graph, a_group("ann"), a_group("bob"))
    held = (await by_group(graph))["ann"]
    others = [a_linked_tip(f"CT-{number}", email(f"{number}@example.org")) for number in range(3, 7)]
    await graph.tell(*others, a_lookup(emails=[EMAIL]), a_lookup(emails=["3@example.org"]))
    notices = (await caller.client.get("/v1/notices", headers=caller.as_(CBP))).json()["items"]
    judgement = await graph.judge(others[0].tip_id, others[1].tip_id, "unsure")
    apart = {
        "left_tip_id": tips[0].tip_id,
        "right_tip_id": tips[1].tip_id,
        "decision": "different",
        "reason": "invented",
    }
    unsure = {**apart, "left_tip_id": others[2].tip_id, "right_tip_id": others[3].tip_id, "decision": "unsure"}
    by_hand = {"judgement_id": judgement.judgement_id}
    return [
        *_lead_asks({"lead_id": lead["lead_id"]}, {"lead_id": held["lead_id"]}),
        Ask("GET /v1/tips/{tip_id}/links", ANALYST, VIEW, {"tip_id": tips[0].tip_id}),
        Ask("GET /v1/tips/{tip_id}/links", ANALYST, VIEW, {"tip_id": others[3].tip_id}),
        Ask("GET /v1/clusters", SUPERVISOR, VIEW),
        Ask("GET /v1/notices", CBP, VIEW),
        Ask("GET /v1/notices", AGENT, VIEW),
        Ask("POST /v1/judgements", ANALYST, ["judgement.recorded"], body=unsure),
        Ask("POST /v1/judgements/{judgement_id}/withdrawal", ANALYST, ["judgement.withdrawn"], by_hand),
        Ask(
            "POST /v1/notices/{notice_id}/acknowledgements",
            CBP,
            ["notice.acknowledged"],
            {"notice_id": notices[0]["notice_id"]},
            body={"note": "called"},
        ),
        Ask("POST /v1/judgements", ANALYST, SPLIT, body=apart),
    ]


def _lead_asks(one: Mapping[str, Any], slow: Mapping[str, Any]) -> list[Ask]:
    """Return what is asked about a lead, and about one that is held."""
    reason = {"reason": "invented"}
    return [
        Ask("GET /v1/leads", ANALYST, VIEW),
        Ask("GET /v1/leads", ANALYST, VIEW, query={"state": "closed"}),
        Ask("GET /v1/leads/{lead_id}", ANALYST, VIEW, one),
        Ask("GET /v1/leads/{lead_id}/graph", ANALYST, VIEW, one),
        Ask(
            "POST /v1/leads/{lead_id}/priority",
            SUPERVISOR,
            ["lead.prioritised", "lead.updated"],
            one,
            body={"tier": "T0", **reason},
        ),
        Ask(
            "POST /v1/leads/{lead_id}/silence",
            SUPERVISOR,
            ["lead.silenced", "lead.updated"],
            one,
            body={"silent": True, **reason},
        ),
        Ask(
            "POST /v1/leads/{lead_id}/release",
            SUPERVISOR,
            ["lead.released", "lead.updated"],
            slow,
            body=reason,
        ),
    ]


async def referral(caller: Caller, pool: Pool, clock: FakeClock) -> list[Ask]:
    """A referral that Boston has, and one that waits for a person."""
    desk = Referrals(clock=clock, outbox=Outbox(shards=1), directory=load_directory(), confidence_min=0.5)
    subject = LeadSubject(party_id=new_id(), tip_id=UUID(int=0), names=["Ana Invented"])
    told = LeadPersonal(places=[BOSTON], subjects=[subject])
    sent = a_referred_lead("opened", new_id(), 1, personal=told)
    queued = a_referred_lead("opened", new_id(), 1, place=None)
    await carry(pool, desk, sent, queued)
    rows = await pool.fetch("SELECT referral_id, state FROM referral")
    by_state = {row["state"]: {"referral_id": row["referral_id"]} for row in rows}
    respond, taken = "POST /v1/referrals/{referral_id}/responses", ["referral.answered"]
    away = {"office": "sac-miami", "reason": "the provider names the city"}
    return [
        Ask("GET /v1/offices", AGENT, VIEW),
        Ask("GET /v1/referrals", ANALYST, VIEW),
        Ask("GET /v1/referrals", AGENT, VIEW, query={"office": "sac-miami"}),
        Ask("GET /v1/referrals/{referral_id}", AGENT, VIEW, by_state["sent"]),
        Ask(respond, AGENT, taken, by_state["sent"], body={"response": "acknowledged"}),
        Ask(respond, AGENT, taken, by_state["sent"], body={"response": "accepted"}),
        Ask(
            "POST /v1/referrals/{referral_id}/assignments",
            SUPERVISOR,
            ["referral.sent", "referral.answered"],
            by_state["queued"],
            body=away,
        ),
    ]


async def query(caller: Caller, pool: Pool, clock: FakeClock) -> list[Ask]:
    """A tip with its lead, an answer about it with a hand-off, a note, and a list with an alert."""
    facts, lists, cbp = Facts(pool), Lists(pool, SystemClock()), Officer(caller, CBP)
    quiet = await lists.submit(cbp, {"name": "Bo Li"})
    manifest_id = await lists.submit(cbp, {"name": "LOPEZ ANA"}, {"name": "Bo Li"})
    await lists.sweep()
    party, cluster_id = a_party(an_email(EMAIL), name="Ana Lopez"), new_id()
    tip = a_tip(party)
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), a_lead(cluster_id))
    await lists.sweep()
    alerts = (await cbp.get("/v1/alerts")).json()["items"]
    told = await cbp.look_up(emails=[EMAIL])
    lookup = {"lookup_id": told["lookup_id"]}
    record = {"record_id": told["matches"][0]["record_id"]}
    note = await cbp.add_note(record["record_id"], text="invented")
    handoff = {"handoff_id": (await hand_off(cbp, told["lookup_id"]))["handoff_id"]}
    asked = {"purpose": "traveller_targeting", "reference": "XY 123", "emails": [EMAIL]}
    travellers = [{"traveller_ref": str(n), "emails": [EMAIL]} for n in range(3)]
    batch = {"purpose": "traveller_targeting", "reference": "XY 123", "travellers": travellers}
    answered = ["lookup.answered"]
    return [
        Ask("POST /v1/lookups", CBP, answered, body=asked),
        Ask("POST /v1/lookups", CBP, answered, body={**asked, "emails": ["no.one@example.org"]}, has_key=False),
        Ask("POST /v1/lookups/batch", CBP, 3 * answered, body=batch),
        Ask("GET /v1/lookups/{lookup_id}", CBP, VIEW, lookup),
        Ask("POST /v1/records/{record_id}/notes", CBP, ["note.added"], record, body={"kind": "general", "text": "x"}),
        Ask(
            "POST /v1/records/{record_id}/notes",
            CBP,
            ["note.added"],
            record,
            body={"kind": "general", "text": "y", "supersedes": note["note_id"]},
        ),
        Ask("GET /v1/records/{record_id}/notes", CBP, VIEW, record),
        *_manifest_asks({"manifest_id": manifest_id}, {"manifest_id": quiet}, alerts[0], departs_at=lists.departs()),
        Ask("POST /v1/lookups/{lookup_id}/handoffs", CBP, ["handoff.recorded"], lookup, body=BODY),
        Ask("GET /v1/handoffs", CBP, VIEW),
        Ask("GET /v1/handoffs/{handoff_id}", CBP, VIEW, handoff),
        Ask(
            "POST /v1/handoffs/{handoff_id}/follow_ups",
            CBP,
            ["handoff.followed_up"],
            handoff,
            body={"state": "contacted", "note": "called"},
        ),
        Ask("GET /v1/statistics", CBP, VIEW),
    ]


def _manifest_asks(
    manifest: Mapping[str, Any], quiet: Mapping[str, Any], alert: Mapping[str, Any], *, departs_at: str
) -> list[Ask]:
    """Return what is asked about passenger lists: one with a match, one without; and about an alert."""
    passengers = {"flight": "ZZ 124", "departs_at": departs_at, "passengers": [{"name": "Ana Lopez"}]}
    return [
        Ask("POST /v1/manifests", CBP, ["manifest.submitted"], body=passengers),
        Ask("GET /v1/manifests", CBP, VIEW),
        Ask("GET /v1/manifests", "cbp.supervisor", VIEW, query={"limit": 1}),
        Ask("GET /v1/manifests/{manifest_id}", CBP, VIEW, manifest),
        Ask("GET /v1/manifests/{manifest_id}", CBP, VIEW, quiet),
        Ask("POST /v1/manifests/{manifest_id}/screenings", CBP, ["screening.requested"], manifest),
        Ask("GET /v1/alerts", CBP, VIEW),
        Ask("GET /v1/alerts", ANALYST, VIEW),
        Ask(
            "POST /v1/alerts/{alert_id}/acknowledgements",
            CBP,
            ["alert.acknowledged"],
            {"alert_id": alert["alert_id"]},
            body={"note": "seen"},
        ),
    ]


async def audit(caller: Caller, pool: Pool, clock: FakeClock) -> list[Ask]:
    """A look at a record in the log, signed and followed, and a month's report."""
    event_id, viewer, record_id = new_id(), an_actor(id=ANALYST, kind="person"), new_id()
    view = RecordViewedV1(route="GET /v1/tips/{tip_id}", kind="tip", record_ids=[str(record_id)], record_count=1)
    value = event_bytes(view, event_id=event_id, context=Context(viewer, new_id()), topic="intake.activity")
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, [a_record(topic="intake.activity", value=value)])
    await sign(pool)
    await follow(pool)
    verified = Verifications(*[Verification(clock.now(), 0, [])] * 2)
    async with pool.acquire() as connection, connection.transaction():
        report = await make_report(connection, date(2026, 2, 1), verified, Outbox(shards=1), clock)
    assert report is not None
    one, event = {"report_id": report.report_id}, {"event_id": event_id}
    export = {
        "from": "2026-03-01T00:00:00Z",
        "to": "2026-03-02T00:00:00Z",
        "recipient": "A court",
        "authority": "Order 7",
    }
    signature = {"sha256": report.sha256.hex()}
    return [
        Ask("GET /v1/entries", AUDITOR, VIEW),
        Ask("GET /v1/entries", AUDITOR, VIEW, query={"actor": "nobody"}),
        Ask("GET /v1/entries/{event_id}/proof", AUDITOR, VIEW, event),
        Ask("GET /v1/actors/{actor}/timeline", AUDITOR, VIEW, {"actor": ANALYST}, query={"day": "2026-03-01"}),
        Ask("GET /v1/records/{record_id}/views", AUDITOR, VIEW, {"record_id": record_id}),
        Ask("GET /v1/records/{record_id}/views", AUDITOR, VIEW, {"record_id": new_id()}),
        Ask("GET /v1/checkpoint", AUDITOR, VIEW),
        Ask("GET /v1/anomalies", AUDITOR, VIEW),
        Ask("GET /v1/anomalies", AUDITOR, VIEW, query={"kind": "missing_numbers"}),
        Ask("GET /v1/flags", AUDITOR, VIEW),
        Ask("GET /v1/lookups", AUDITOR, VIEW, query={"explained": "false"}),
        Ask("POST /v1/exports", AUDITOR, ["audit.exported"], body=export, has_key=False),
        Ask("GET /v1/reports", AUDITOR, VIEW),
        Ask("GET /v1/reports/{report_id}", AUDITOR, VIEW, one),
        Ask("POST /v1/reports/{report_id}/signatures", "system.admin", ["report.signed"], one, body=signature),
        Ask("POST /v1/reports/{report_id}/signatures", "program.manager", ["report.signed"], one, body=signature),
    ]


WORLDS: dict[str, World] = {
    "intake": intake,
    "linker": linker,
    "referral": referral,
    "query": query,
    "audit": audit,
}
