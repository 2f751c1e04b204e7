"""The story: sources report, analysts review, leads form, an office is told once, an officer asks, the record holds."""

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from rich.console import Console
from rich.progress import track
from rich.table import Table

from deploy.local.demo.world import ClaimFailed, World, eventually
from deploy.local.layout import CHECKOUT, Layout, write_file
from deploy.local.synth import SyntheticTip, Traveller, generate, to_csv, traveller
from deploy.signing_keys import WITNESS_NAME

TIPS = 500
SINGLE = 40
REVIEWS_MAX = 120
CSV_SOURCE = "police"
ANALYST, SUPERVISOR, OFFICER = "ceiu.analyst", "ceiu.supervisor", "cbp.att"
PARALLEL = 16
VERIFY_TIMEOUT_S = 120
T = TypeVar("T")


@dataclass(frozen=True)
class Teller:
    """Says what is done, and holds each claim against what is so."""

    console: Console

    def step(self, text: str) -> None:
        """Begin a step."""
        self.console.print(f"\n[bold]{text}[/]", soft_wrap=True)

    def track(self, items: Collection[T], text: str) -> Iterable[T]:
        """Yield the items and show, on a terminal, how far they are; elsewhere a bar would leave an empty line."""
        return track(items, text, console=self.console, transient=True, disable=not self.console.is_terminal)

    def claim(self, holds: object, text: str) -> None:
        """State a fact, or end the demo; what it rests on is true afterwards.

        Raises:
            ClaimFailed: it is not so.
        """
        if not holds:
            raise ClaimFailed(text)
        self.console.print(f"  [green]✓[/] {text}", soft_wrap=True)


async def tell(console: Console, world: World, layout: Layout, *, seed: int) -> None:
    """Tell the whole story on invented tips made from `seed`.

    Raises:
        ClaimFailed: something is not as the story says.
    """
    teller = Teller(console)
    tips = list(generate(seed, TIPS))
    known, unknown = traveller(seed)
    ids = await _report(teller, world, tips)
    # One that was sent as JSON before: a row of CSV has no column for all that its tip says.
    await _repeat_and_amend(teller, world, next(tip for tip in tips if tip.source != CSV_SOURCE))
    actionable = await _review(teller, world, tips, ids, known)
    leads = await _show_leads(teller, world, actionable)
    lead = _show_one(teller, leads, ids, known)
    lead = await _refer(teller, world, actionable, lead)
    lookups = await _look_up(teller, world, known, unknown, lead)
    await _audit(teller, world, layout, lookups, lead["lead_id"])


def is_telling(seed: int) -> bool:
    """Return whether this seed's known traveller is in tips of two sources or more, so that there is a link to show."""
    references = set(traveller(seed)[0].source_refs)
    return len({tip.source for tip in generate(seed, TIPS) if tip.source_ref in references}) > 1


async def _report(teller: Teller, world: World, tips: Sequence[SyntheticTip]) -> dict[str, str]:
    """Post the tips one by one, in batches and as CSV; return tip ids by source reference."""
    teller.step(f"1. Seven sources report {len(tips)} invented tips: one by one, in batches, and as CSV")
    rows = [tip for tip in tips if tip.source == CSV_SOURCE]
    single = [tip for tip in tips if tip.source != CSV_SOURCE][:SINGLE]
    chosen = {id(tip) for tip in [*rows, *single]}
    batches: dict[str, list[SyntheticTip]] = defaultdict(list)
    for tip in tips:
        if id(tip) not in chosen:
            batches[tip.account].append(tip)
    ids: dict[str, str] = {}
    for tip in teller.track(single, "  single"):
        ids[tip.source_ref] = (await world.post("intake", "/v1/tips", tip.account, body=tip.tip))["tip_id"]
    for account, members in teller.track(batches.items(), "  batches"):
        raw = b"\n".join(orjson.dumps(tip.tip) for tip in members)
        answer = await world.post("intake", "/v1/tips/batch", account, raw=raw, media="application/x-ndjson")
        ids |= _ids_of(members, answer, first_line=1)
    answer = await world.post(
        "intake", "/v1/uploads", f"source.{CSV_SOURCE}", raw=to_csv(rows).encode(), media="text/csv"
    )
    # Line 1 of the file is its header.
    ids |= _ids_of(rows, answer, first_line=2)
    teller.claim(len(ids) == len(tips), f"{len(ids)} tips accepted, none refused")
    return ids


def _ids_of(members: Sequence[SyntheticTip], answer: Any, *, first_line: int) -> dict[str, str]:
    if answer["rejected"]:
        raise ClaimFailed(f"lines were refused: {answer['rejected'][:3]}")
    return {members[item["line"] - first_line].source_ref: item["tip_id"] for item in answer["items"]}


async def _repeat_and_amend(teller: Teller, world: World, tip: SyntheticTip) -> None:
    teller.step("2. A source sends a tip again, then corrects it")
    again = await world.post("intake", "/v1/tips", tip.account, body=tip.tip)
    teller.claim(again["status"] == "duplicate", "the repeat changes nothing: duplicate")
    incident = {**tip.tip["incident"], "narrative": "Corrected by the provider."}
    amended = await world.post("intake", "/v1/tips", tip.account, body={**tip.tip, "incident": incident})
    teller.claim(
        (amended["status"], amended["tip_id"]) == ("amended", again["tip_id"]),
        f"the correction is version {amended['version']} of the same tip; the first is kept",
    )


async def _review(
    teller: Teller, world: World, tips: Sequence[SyntheticTip], ids: dict[str, str], known: Traveller
) -> set[str]:
    """Review tips as actionable, the known traveller's among them, and return their ids."""
    teller.step("3. A CEIU analyst decides which tips are actionable")
    waiting = [tip for tip in tips if tip.source_ref in set(known.source_refs)]
    waiting += [tip for tip in tips if tip.actionable and tip not in waiting][:REVIEWS_MAX]
    gate = asyncio.Semaphore(PARALLEL)

    async def decide(tip: SyntheticTip) -> str:
        body = {
            "plausible": True,
            "verifiable": True,
            "illegal_if_verified": True,
            "reason": "names an account that a provider can identify",
        }
        async with gate:
            path = f"/v1/tips/{ids[tip.source_ref]}/reviews"
            return str((await world.post("intake", path, ANALYST, body=body))["decision"])

    decisions = await asyncio.gather(*(decide(tip) for tip in waiting))
    teller.claim(set(decisions) == {"actionable"}, f"{len(decisions)} tips reviewed as actionable, each with a reason")
    return {ids[tip.source_ref] for tip in waiting}


async def _show_leads(teller: Teller, world: World, actionable: set[str]) -> list[dict[str, Any]]:
    """Return this run's leads, once every tip reviewed as actionable is in one."""
    teller.step("4. Tips that belong together are a cluster; one that can be acted on is a lead")

    async def find() -> list[dict[str, Any]]:
        mine = await _list_leads(world, actionable)
        return mine if actionable <= set[str]().union(*map(_tip_ids, mine)) else []

    leads = await eventually(find, "every actionable tip is in a lead")
    count = sum(len(actionable & _tip_ids(lead)) for lead in leads)
    teller.claim(
        count == len(actionable), f"{len(leads)} leads hold the {count} actionable tips, each tip in one of them"
    )
    return leads


async def _list_leads(world: World, actionable: set[str]) -> list[dict[str, Any]]:
    """Return this run's leads as they are now: while the linker learns, some still merge and split."""
    found = await world.list_all("linker", "/v1/leads", ANALYST)
    return [lead for lead in found if lead["state"] != "closed" and actionable & _tip_ids(lead)]


def _show_one(teller: Teller, leads: Sequence[dict[str, Any]], ids: dict[str, str], known: Traveller) -> dict[str, Any]:
    """Show the lead about the known traveller and return it."""
    expected = {ids[reference] for reference in known.source_refs}
    lead = next((lead for lead in leads if expected <= _tip_ids(lead)), {})
    sources = sorted({tip["source"] for tip in lead.get("tips", ()) if tip["tip_id"] in expected})
    teller.claim(
        len(sources) > 1, f"{len(expected)} tips about one invented person, from {' and '.join(sources)}, are one lead"
    )
    teller.claim(lead["tier"], f"its tier is {lead['tier']}, and it says why:")
    table = Table("factor", "effect", "from tip", box=None, padding=(0, 1, 0, 2))
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    for factor in lead["factors"][:6]:
        table.add_row(factor["factor"], factor["effect"], factor["source_tip_id"])
    teller.console.print(table)
    return lead


def _tip_ids(lead: dict[str, Any]) -> set[str]:
    return {tip["tip_id"] for tip in lead["tips"]}


async def _refer(teller: Teller, world: World, actionable: set[str], lead: dict[str, Any]) -> dict[str, Any]:
    """Follow the leads to their offices, and one of them on to its agent; return that one as it is now."""
    teller.step("5. Each lead goes to the right field office, once")

    async def find() -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]] | None:
        known = await _let_go(teller, world, lead["lead_id"])
        leads = await _list_leads(world, actionable)
        going = {each["lead_id"] for each in leads if each["state"] != "held"}
        found = await world.list_all("referral", "/v1/referrals", ANALYST)
        mine = [r for r in found if r["lead_id"] in going and r["state"] not in {"recalled", "closed"}]
        is_told = known["lead_id"] in going and going == {r["lead_id"] for r in mine}
        return (known, leads, mine) if is_told else None

    told = await eventually(find, "every lead is referred or waits for a person")
    assert told is not None
    lead, leads, referrals = told
    held = sum(each["state"] == "held" for each in leads)
    waiting = sum(referral["office"] is None for referral in referrals)
    teller.claim(
        len(referrals) == len(leads) - held,
        f"{len(leads)} leads, {len(referrals)} referrals: {len(referrals) - waiting} sent, {waiting} with a person; "
        f"{held} held until a person has looked at them",
    )
    referral = next(r for r in referrals if r["lead_id"] == lead["lead_id"])
    office = referral["office"] or await _assign(teller, world, referral)
    teller.claim(referral["reason"], f"this one is with {office}: {referral['reason']}")
    about = await eventually(_sent(world, office, lead["lead_id"]), f"it is on {office}'s topic")
    teller.claim(len(about) == 1, f"it lies on the topic of {office}, once")
    agent = f"hsi.agent.{office}"
    for response in ("acknowledged", "accepted"):
        path = f"/v1/referrals/{referral['referral_id']}/responses"
        await world.post("referral", path, agent, body={"response": response, "reason": "within our area"})

    async def state() -> str:
        found = str((await world.get("linker", f"/v1/leads/{lead['lead_id']}", ANALYST))["state"])
        return found if found == "referred" else ""

    reached = await eventually(state, "the lead learns of it")
    teller.claim(reached == "referred", f"{office} acknowledges and accepts; the lead says: {reached}")
    return lead


async def _let_go(teller: Teller, world: World, lead_id: str) -> dict[str, Any]:
    """Return a lead, or the one that absorbed it; if it is held, a supervisor looks at it first and releases it."""
    lead = dict(await world.get("linker", f"/v1/leads/{lead_id}", ANALYST))
    if lead["state"] == "held":
        why = lead["held_by"]["detail"]
        path = f"/v1/leads/{lead['lead_id']}/release"
        await world.post("linker", path, SUPERVISOR, body={"reason": "looked at, and the tips belong together"})
        teller.claim(why, f"this one was held, and a supervisor releases it: {why}")
    return lead


async def _assign(teller: Teller, world: World, referral: dict[str, Any]) -> str:
    """Let a supervisor choose the office of a referral that waits."""
    teller.claim(referral["reason"], f"this one waits in the manual queue: {referral['reason']}")
    office = "sac-san-francisco"
    path = f"/v1/referrals/{referral['referral_id']}/assignments"
    await world.post("referral", path, SUPERVISOR, body={"office": office, "reason": "the account's city"})
    return office


def _sent(world: World, office: str, lead_id: str) -> Callable[[], Any]:
    async def find() -> list[dict[str, Any]]:
        events = await world.read_office(office)
        return [e for e in events if e["type"] == "referral.sent" and e["payload"]["lead_id"] == lead_id]

    return find


async def _look_up(
    teller: Teller, world: World, known: Traveller, unknown: Traveller, lead: dict[str, Any]
) -> list[str]:
    """Ask about both travellers and return the ids of the look-ups."""
    teller.step("6. A CBP officer asks about two travellers")

    async def find() -> dict[str, Any]:
        told = await world.post("query", "/v1/lookups", OFFICER, body=_question(known))
        return told if told["matches"] and told["matches"][0]["relevant"] else {}

    answer = await eventually(find, f"{known.name} is found")
    teller.claim(answer["matches"], f"{known.name} is found")
    best = answer["matches"][0]
    teller.claim(
        best["grade"] == "confirmed" and best["relevant"],
        f"{best['grade']}, relevant, investigation {best['investigation']}, tier {best['tier']}",
    )
    for item in best["evidence"]["for"]:
        teller.console.print(f"      for: {item['field']} — {item['detail']}", soft_wrap=True)
    teller.claim(best["lead_id"] == lead["lead_id"], "it names the same lead")
    missed = await world.post("query", "/v1/lookups", OFFICER, body=_question(unknown))
    strong = [match for match in missed["matches"] if match["grade"] in {"confirmed", "probable"}]
    teller.claim(not strong, f"{unknown.name}: nothing that would hold up a traveller")
    note = {
        "kind": "screening",
        "flight_number": "ZZ123",
        "flight_date": "2026-12-01",
        "additional_screening": True,
        "outcome": "referred to secondary",
        "text": "Invented note.",
    }
    path = f"/v1/records/{best['record_id']}/notes"
    await world.post("query", path, OFFICER, body=note)
    notes = await world.list_all("query", path, OFFICER)
    teller.claim(notes[-1]["flight_number"] == "ZZ123", "the officer's note stands with the record")
    return [answer["lookup_id"], missed["lookup_id"]]


def _question(person: Traveller) -> dict[str, Any]:
    return {
        "purpose": "traveller_targeting",
        "reference": "ZZ 123",
        "name": person.name,
        "birth_date": person.birth_date,
        "emails": [person.email],
    }


async def _audit(teller: Teller, world: World, layout: Layout, lookups: Sequence[str], lead_id: str) -> None:
    teller.step("7. Everything anyone did is on a record that proves itself")

    async def find() -> list[Any]:
        found = [await world.list_all("audit", "/v1/entries", "auditor", subject=id_) for id_ in lookups]
        return found if all(found) else []

    entries = [entry for found in await eventually(find, "both look-ups are in the audit") for entry in found]
    answered = [entry for entry in entries if entry["type"] == "lookup.answered"]
    teller.claim(
        [entry["actor"] for entry in answered] == [OFFICER] * len(lookups),
        f"the audit holds both look-ups, once each, by {OFFICER}",
    )
    teller.claim(all(entry["verified"] for entry in answered), "each was sent by the service that it names")
    await _ask_as_auditor(teller, world, lookups, lead_id)
    entry = answered[0]

    async def find_checkpoint() -> Any:
        """Return the newest checkpoint once the witness has signed what covers the look-up."""
        found = await world.get("audit", "/v1/checkpoint", "auditor")
        return found if any(_covers(log, entry) for log in found["logs"]) else None

    kept, proof = layout.home / "checkpoint.json", layout.home / "look-up.tlog-proof"
    write_file(kept, json.dumps(await eventually(find_checkpoint, "the witness has signed what covers a look-up")))
    proved = await world.get("audit", f"/v1/entries/{entry['event_id']}/proof", "auditor")
    write_file(proof, proved["proof"])
    result = await _verify(layout, "--proof", str(proof))
    teller.console.print(f"      {result.stdout.strip()}", soft_wrap=True, markup=False)
    teller.claim(result.returncode == 0, "a file proves without a database that a look-up is on record")
    result = await _verify(layout, "--checkpoint", str(kept))
    for line in result.stdout.strip().splitlines()[-4:]:
        teller.console.print(f"      {line}", soft_wrap=True, markup=False)
    teller.claim(result.returncode == 0, "the verifier re-read every entry: intact")


async def _ask_as_auditor(teller: Teller, world: World, lookups: Sequence[str], lead_id: str) -> None:
    views = await world.list_all("audit", f"/v1/records/{lead_id}/views", "auditor")
    people = sorted({view["actor"] for view in views})
    teller.claim(OFFICER in people, f"who was shown the lead is known: {', '.join(people)}")

    async def find() -> set[str]:
        found = await world.list_all("audit", "/v1/lookups", "auditor", explained="false", actor=OFFICER)
        return {*lookups} & {lookup["lookup_id"] for lookup in found}

    unexplained = await eventually(find, "look-ups that nothing explains are shown to auditors")
    teller.claim(
        unexplained == {*lookups}, "no passenger list has flight ZZ 123: auditors see the look-ups as unexplained"
    )


def _covers(log: dict[str, Any], entry: dict[str, Any]) -> bool:
    is_its_log = (log["topic"], log["partition"]) == (entry["topic"], entry["partition"])
    return is_its_log and log["size"] > entry["index"] and f"— {WITNESS_NAME} " in log["note"]


async def _verify(layout: Layout, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier on the stack."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.audit", "verify", *words],
        cwd=CHECKOUT,
        env={**os.environ, "CETS_HOME": str(layout.home)},
        capture_output=True,
        text=True,
        timeout=VERIFY_TIMEOUT_S,
        check=False,
    )
