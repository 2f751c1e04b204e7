"""Look-ups through the whole stack, as CBP and as CEIU: who is found by which name, who never is, what is recorded."""

from typing import Any

import pytest

from tests.e2e.desk import ANALYST, BAD, OFFICER, Desk, Item, a_party, a_tip, email

ASKERS = pytest.mark.parametrize("account", [OFFICER, ANALYST])


async def look_up(desk: Desk, account: str, **fields: Any) -> list[Item]:
    question = {"purpose": "traveller_targeting", "reference": "ZZ 123", **fields}
    matches: list[Item] = (await desk.call("query", "/v1/lookups", account, question))["matches"]
    return matches


async def found(desk: Desk, account: str, **fields: Any) -> list[Item]:
    """Return the matches once there are some."""

    async def are_there() -> list[Item]:
        return await look_up(desk, account, **fields)

    matches: list[Item] = await desk.eventually(are_there)
    return matches


@ASKERS
async def test_a_subject_is_found_however_the_name_is_written(desk: Desk, account: str) -> None:
    """Points 1 to 3: a name and a full birth date confirm, a name alone never does, another date contradicts."""
    surname = {OFFICER: "Ouspenski", ANALYST: "Zavarzine"}[account]
    [tip_id] = await desk.report(a_tip(f"LU-{account}", names=[f"Aleksandr {surname}"], birth_date="1980-02-13"))
    await found(desk, account, name=f"Aleksandr {surname}")
    for name in (f"{surname.upper()} ALEKSANDR", f"Sasha {surname}", f"Alexander {surname[:-1]}y", f"A. {surname}"):
        [match] = await look_up(desk, account, name=name)
        assert (match["grade"], match["tip_ids"], match["relevant"]) == ("name_only", [tip_id], False), name
    [match] = await look_up(desk, account, name=f"Sasha {surname}", birth_date="1980-02-13")
    assert match["grade"] == "confirmed"
    assert [item["field"] for item in match["evidence"]["for"]] == ["name", "birth_date"]
    assert "another form of the name" in match["evidence"]["for"][0]["detail"]
    [match] = await look_up(desk, account, name=f"Aleksandr {surname}", birth_date="1971-06-30")
    assert (match["grade"], match["evidence"]["against"][0]["recorded"]) == ("contradicted", "1980-02-13")


@ASKERS
async def test_whoever_is_no_subject_never_answers(desk: Desk, account: str) -> None:
    """The role firewall, with an address that a victim of one tip and the subject of another have."""
    address = f"dual-{account}@example.org"
    victim = a_party(email(address), role="victim", names=[f"Viola Nebenan {account}"])
    await desk.report(a_tip(f"LV-{account}", names=["Somebody Else"], parties=[victim]))
    assert await look_up(desk, account, emails=[address]) == []
    [tip_id] = await desk.report(a_tip(f"LS-{account}", email(address), names=["Some Subject"]))
    [match] = await found(desk, account, emails=[address])
    assert match["tip_ids"] == [tip_id]
    assert await look_up(desk, account, name="Viola Nebenan") == []


async def test_what_was_found_not_actionable_answers_ice_alone(desk: Desk) -> None:
    [tip_id] = await desk.report(a_tip("LN-1", names=["Quirin Unerheblich"]))
    await found(desk, OFFICER, name="Quirin Unerheblich")
    await desk.review(tip_id, verdict=BAD)

    async def is_gone() -> bool:
        return not await look_up(desk, OFFICER, name="Quirin Unerheblich")

    await desk.eventually(is_gone)
    assert len(await look_up(desk, ANALYST, name="Quirin Unerheblich")) == 1


@ASKERS
async def test_travellers_are_answered_together_and_each_is_on_record(desk: Desk, account: str) -> None:
    """Points 4 and 7, a batch: each traveller's look-up can be read again, and was recorded as a single one is."""
    address = f"batch-{account}@example.org"
    await desk.report(a_tip(f"LB-{account}", email(address), names=["Batch Traveller"]))
    await found(desk, account, emails=[address])
    travellers = [{"traveller_ref": "1A", "emails": [address]}, {"traveller_ref": "1B", "name": "Nobody Whatsoever"}]
    body = {"purpose": "traveller_targeting", "reference": "ZZ 9", "travellers": travellers}
    results = (await desk.call("query", "/v1/lookups/batch", account, body))["results"]
    assert [(each["traveller_ref"], len(each["matches"])) for each in results] == [("1A", 1), ("1B", 0)]
    for each in results:
        again = await desk.call("query", f"/v1/lookups/{each['lookup_id']}", account)
        assert again["matches"] == each["matches"]

        async def is_recorded(lookup_id: str = each["lookup_id"]) -> list[Item]:
            return await desk.items("audit", "/v1/entries", "auditor", subject=lookup_id, type="lookup.answered")

        [entry] = await desk.eventually(is_recorded)
        assert entry["actor"] == account


@ASKERS
async def test_notes_are_added_and_seen_by_those_who_may(desk: Desk, account: str) -> None:
    """Point 5: CBP sees CBP's, ICE sees all; a note is superseded, never changed."""
    address = f"note-{account}@example.org"
    await desk.report(a_tip(f"LO-{account}", email(address)))
    [match] = await found(desk, account, emails=[address])
    path = f"/v1/records/{match['record_id']}/notes"
    note = await desk.call("query", path, account, {"kind": "general", "text": "Seen at the gate."})
    later = {"kind": "general", "text": "It was another gate.", "supersedes": note["note_id"]}
    await desk.call("query", path, account, later)
    assert (await desk.ask("query", path, account, later)).status_code == 409
    assert len(await desk.items("query", path, ANALYST)) == 2
    assert len(await desk.items("query", path, OFFICER)) == (2 if account == OFFICER else 0)


async def test_what_cbp_may_not_do_is_refused_and_recorded(desk: Desk) -> None:
    """Point 7: everything of CEIU's desk is closed to an officer, and that he tried is on record."""
    refused = [
        await desk.ask("intake", "/v1/tips", OFFICER),
        await desk.ask("intake", "/v1/tips", OFFICER, a_tip("LX-1")),
        await desk.ask("linker", "/v1/leads", OFFICER),
        await desk.ask("referral", "/v1/referrals", OFFICER),
        await desk.ask("audit", "/v1/entries", OFFICER),
    ]
    assert {answer.status_code for answer in refused} == {403}

    async def are_recorded() -> bool:
        entries = await desk.items("audit", "/v1/entries", "auditor", actor=OFFICER, type="request.refused")
        return len(entries) >= len(refused)

    await desk.eventually(are_recorded)
    nobody = {"name": "Nobody Whatsoever"}
    assert (await desk.ask("query", "/v1/lookups", OFFICER, nobody)).status_code == 422, "without purpose or reference"
