"""The story: sources report, analysts review, leads form, an office is told once, an officer asks, the record holds."""

import asyncio
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from rich.console import Console
from rich.progress import track
from rich.table import Table

from deploy.local.demo.world import ClaimFailed, World, eventually
from deploy.local.layout import CHECKOUT, Layout
from deploy.local.synth import SyntheticTip, Traveller, generate, to_csv, traveller

TIPS = 500
SINGLE = 40
REVIEWS_MAX = 120
CSV_SOURCE = "police"
ANALYST, SUPERVISOR, OFFICER = "ceiu.analyst", "ceiu.supervisor", "cbp.att"
PARALLEL = 16
VERIFY_TIMEOUT_S = 120


@dataclass(frozen=True)
class Teller:
    """Says what is done, and holds each claim against what is so."""

    console: Console

    def step(self, text: str) -> None:
        """Begin a step."""
        self.console.print(f"\n[bold]{text}[/]")

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
    await _repeat_and_amend(teller, world, tips[0])
    await _review(teller, world, tips, ids, known)
    lead = await _show_leads(teller, world, ids, known)
    await _refer(teller, world, lead)
    await _look_up(teller, world, known, unknown, lead)
    await _audit(teller, world, layout)


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
    for tip in track(single, "  single", console=teller.console, transient=True):
        ids[tip.source_ref] = (await world.post("intake", "/v1/tips", tip.account, body=tip.tip))["tip_id"]
    for account, members in track(batches.items(), "  batches", console=teller.console, transient=True):
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
) -> None:
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


async def _show_leads(teller: Teller, world: World, ids: dict[str, str], known: Traveller) -> dict[str, Any]:
    """Show the leads and return the one about the known traveller."""
    teller.step("4. Tips that share an identifier become one cluster, and an actionable cluster a lead")
    expected = {ids[reference] for reference in known.source_refs}

    async def find() -> dict[str, Any]:
        for item in await world.list_all("linker", "/v1/leads", ANALYST):
            lead = await world.get("linker", f"/v1/leads/{item['lead_id']}", ANALYST)
            if expected <= {tip["tip_id"] for tip in lead["tips"]}:
                return dict(lead)
        return {}

    first = await eventually(
        lambda: _linked(world, next(iter(expected)), len(expected) - 1), "one person's tips are linked"
    )
    teller.claim(first, f"{len(expected)} tips from several sources about one invented person are linked")
    lead = await eventually(find, "one lead holds them")
    teller.claim(lead, f"one lead holds all of them, tier {lead['tier']}, and says why:")
    table = Table("factor", "effect", "from tip", box=None, padding=(0, 2, 0, 4))
    for factor in lead["factors"][:6]:
        table.add_row(factor["factor"], factor["effect"], factor["source_tip_id"])
    teller.console.print(table)
    leads = await world.list_all("linker", "/v1/leads", ANALYST)
    teller.claim(len(leads) > 1, f"{len(leads)} leads in all")
    return lead


async def _linked(world: World, tip_id: str, count: int) -> bool:
    links = await world.list_all("linker", f"/v1/tips/{tip_id}/links", ANALYST)
    return count == 0 or bool(links)


async def _refer(teller: Teller, world: World, lead: dict[str, Any]) -> None:
    teller.step("5. Each lead goes to the right field office, once")

    async def find() -> dict[str, Any]:
        found = await world.list_all("referral", "/v1/referrals", ANALYST)
        return next((r for r in found if r["lead_id"] == lead["lead_id"]), {})

    referral = await eventually(find, "the lead is referred or waits for a person")
    if referral["office"] is None:
        teller.claim(referral["reason"], f"it waits in the manual queue: {referral['reason']}")
        office = "sac-san-francisco"
        path = f"/v1/referrals/{referral['referral_id']}/assignments"
        await world.post("referral", path, SUPERVISOR, body={"office": office, "reason": "the account's city"})
    else:
        office = referral["office"]
        teller.claim(referral["reason"], f"routed to {office}: {referral['reason']}")
    about = await eventually(_sent(world, office, lead["lead_id"]), f"it is on {office}'s topic")
    teller.claim(len(about) == 1, f"it lies on the topic of {office}, once")
    agent = f"hsi.agent.{office}"
    for response in ("acknowledged", "accepted"):
        path = f"/v1/referrals/{referral['referral_id']}/responses"
        await world.post("referral", path, agent, body={"response": response, "reason": "within our area"})

    async def is_referred() -> bool:
        return bool((await world.get("linker", f"/v1/leads/{lead['lead_id']}", ANALYST))["state"] == "referred")

    await eventually(is_referred, "the lead learns of it")
    teller.claim(True, f"{office} acknowledges and accepts; the lead says: referred")


def _sent(world: World, office: str, lead_id: str) -> Callable[[], Any]:
    async def find() -> list[dict[str, Any]]:
        events = await world.read_office(office)
        return [e for e in events if e["type"] == "referral.sent" and e["payload"]["lead_id"] == lead_id]

    return find


async def _look_up(teller: Teller, world: World, known: Traveller, unknown: Traveller, lead: dict[str, Any]) -> None:
    teller.step("6. A CBP officer asks about two travellers")
    answer = await world.post("query", "/v1/lookups", OFFICER, body=_question(known))
    teller.claim(answer["matches"], f"{known.name}: {len(answer['matches'])} match(es)")
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


def _question(person: Traveller) -> dict[str, Any]:
    return {
        "purpose": "traveller_targeting",
        "reference": "ZZ 123",
        "name": person.name,
        "birth_date": person.birth_date,
        "emails": [person.email],
    }


async def _audit(teller: Teller, world: World, layout: Layout) -> None:
    teller.step("7. Everything anyone did is on a record that proves itself")

    async def find() -> list[Any]:
        return await world.list_all("audit", "/v1/entries", "auditor", actor=OFFICER, type="lookup.answered")

    entries = await eventually(find, "the officer's look-ups are in the audit")
    teller.claim(len(entries) >= 2, f"{len(entries)} look-ups by {OFFICER}, with purpose and reference")
    result = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.audit", "verify"],
        cwd=CHECKOUT,
        env={**os.environ, "CETS_HOME": str(layout.home)},
        capture_output=True,
        text=True,
        timeout=VERIFY_TIMEOUT_S,
        check=False,
    )
    for line in result.stdout.strip().splitlines()[-4:]:
        teller.console.print(f"      {line}", soft_wrap=True, markup=False)
    teller.claim(result.returncode == 0, "the verifier re-read every entry: intact")
