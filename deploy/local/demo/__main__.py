"""Set up, start the stack, tell the story. Exit 0: every claim held; 1: one did not, or the stack refused."""

import asyncio
import itertools
import json
import sys
import time

import httpx
from rich.console import Console

from deploy.local import stack
from deploy.local.demo.story import is_telling, tell
from deploy.local.demo.world import ClaimFailed, World
from deploy.local.keys import token_private_key
from deploy.local.layout import Layout, read_layout
from deploy.local.report import Refused, say
from deploy.local.synth import traveller

CALL_TIMEOUT_S = 120.0
SEEDS = 999_000_000


def main() -> int:
    """Run the demo and return the exit status; the stack stays up."""
    console = Console(highlight=False)
    try:
        layout = read_layout()
        stack.up(layout)
        # Another seed each time: a second run brings new tips, which is what a running system sees.
        seed = next(seed for seed in itertools.count(int(time.time()) % SEEDS) if is_telling(seed))
        asyncio.run(_tell(console, layout, seed=seed))
    except Refused as refusal:
        say(f"CETS: {refusal}")
        return 1
    except (ClaimFailed, httpx.TransportError) as failure:
        console.print(f"\n[bold red]The demo failed:[/] {failure or type(failure).__name__}", soft_wrap=True)
        console.print("What the services said is in", str(layout.logs), soft_wrap=True)
        return 1
    _print_next(console, layout, name=traveller(seed)[0].name)
    return 0


async def _tell(console: Console, layout: Layout, *, seed: int) -> None:
    async with httpx.AsyncClient(timeout=CALL_TIMEOUT_S) as client:
        addresses = json.loads(layout.stack_file.read_text())
        await tell(console, World(addresses, token_private_key(layout), client), layout, seed=seed)


def _print_next(console: Console, layout: Layout, *, name: str) -> None:
    intake, query = layout.url("intake"), layout.url("query")
    console.rule("The stack is still up")
    lines = f"""\
Try, in another terminal in this folder:

  curl -H "Authorization: Bearer $(make -s token AS=ceiu.analyst)" '{intake}/v1/tips?state=awaiting_review'

  curl -H "Authorization: Bearer $(make -s token AS=source.tipline)" -H 'Content-Type: application/json' \\
       -d '{{"source_ref": "WEB-1", "source": "tipline", "reported_at": "2026-03-01T10:00:00Z", \
"incident": {{"type": "enticement"}}}}' {intake}/v1/tips

  curl -H "Authorization: Bearer $(make -s token AS=cbp.att)" -H 'Content-Type: application/json' \\
       -d '{{"purpose": "traveller_targeting", "reference": "ZZ 123", "name": "{name}"}}' {query}/v1/lookups

What runs: make status    Logs: make logs    Stop: make down    Forget all data: make reset"""
    console.print(lines, soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(main())
