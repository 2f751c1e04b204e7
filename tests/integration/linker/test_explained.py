"""Why tips are linked, as people are shown it: names and birth dates stand among the reasons."""

from services.linker.app import SERVICE
from tests.conftest import CallService
from tests.integration.linker.graph import Graph, a_review, a_tip, email

SHARED = email("night.owl@example.org")


async def test_names_and_birth_dates_that_agree_or_contradict_are_reasons_of_a_link(
    graph: Graph, call_service: CallService
) -> None:
    one = a_tip("CT-1", SHARED, names=["Ana Lopez"], birth_date="1980-02-03")
    two = a_tip("CT-2", SHARED, names=["LOPEZ, Ana"], birth_date="1980-02-03")
    three = a_tip("CT-3", SHARED, names=["Bo Li"], birth_date="1955-11-28")
    namesake = a_tip("CT-4", email("other@example.org"), names=["Ana Lopez"], birth_date="1980-02-03")
    await graph.tell(one, two, three, namesake, a_review(one.tip_id))
    caller = await call_service(SERVICE)
    analyst = caller.as_("ceiu.analyst")
    page = (await caller.client.get(f"/v1/tips/{one.tip_id}/links", headers=analyst)).json()
    identifiers = {"same_email", "same_handle", "same_handle_family"}
    assert {item["tip_id"]: {each["rule"] for each in item["evidence"]} for item in page["items"]} == {
        str(two.tip_id): {*identifiers, "same_name", "same_birth_date"},
        str(three.tip_id): {*identifiers, "different_name", "different_birth_date"},
    }
    [lead] = await graph.live_leads()
    shown = (await caller.client.get(f"/v1/leads/{lead['lead_id']}", headers=analyst)).json()
    assert {each["value"] for each in shown["links"][0]["evidence"]} >= {"1980-02-03", "ana lopez"}
