"""Deconfliction through the whole stack: a tip and a look-up in another spelling, and one notice in each inbox."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fault.check import settle
from tests.fault.stack import Stack, running_stack
from tests.waiting import eventually

ARRIVED_S = 60.0
SECRETS = ("inventada", "gmail", "narrative", "nt-1", "flight")
"""Parts of what the tip and the look-up say."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of this module's own."""
    with running_stack(tmp_path_factory.mktemp("e2e") / "home") as running:
        yield running


def a_tip(ref: str, address: str) -> dict[str, Any]:
    identifiers = [{"type": "email", "value": address}]
    return {
        "source_ref": ref,
        "source": "tipline",
        "reported_at": "2026-03-01T10:00:00Z",
        "incident": {"type": "enticement", "narrative": "an invented narrative"},
        "parties": [{"role": "subject", "names": ["Rosa Inventada"], "identifiers": identifiers}],
    }


def a_question(address: str) -> dict[str, Any]:
    return {"purpose": "traveller_targeting", "reference": "flight XX 100", "emails": [address]}


@pytest.mark.timeout(240)
async def test_both_inboxes_show_exactly_one_notice_after_a_tip_and_a_lookup_in_another_spelling(stack: Stack) -> None:
    async with httpx.AsyncClient(timeout=30) as client:

        async def call(service: str, path: str, account: str, body: Any = None) -> httpx.Response:
            headers = {"Authorization": f"Bearer {stack.token(account)}"}
            method = "GET" if body is None else "POST"
            url = f"{stack.addresses[service]}{path}"
            answer = await client.request(method, url, json=body, headers=headers)
            assert answer.is_success, answer.text
            return answer

        async def inbox(account: str) -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = (await call("linker", "/v1/notices", account)).json()["items"]
            return items

        async def both_are_told() -> bool:
            return bool(await inbox("ceiu.analyst") and await inbox("cbp.att"))

        await call("intake", "/v1/tips", "source.tipline", a_tip("NT-1", "Rosa.Inventada+x@gmail.com"))
        await call("query", "/v1/lookups", "cbp.att", a_question("rosainventada@googlemail.com"))
        await eventually(both_are_told, timeout_s=ARRIVED_S)
        await call("intake", "/v1/tips", "source.tipline", a_tip("NT-2", "rosa.inventada@gmail.com"))
        await call("query", "/v1/lookups", "cbp.supervisor", a_question("ROSAINVENTADA@gmail.com"))
        await settle(stack)
        (mine,), (theirs,) = await inbox("ceiu.analyst"), await inbox("cbp.att")
        assert mine["notice_id"] == theirs["notice_id"]
        assert (mine["counterpart"]["agency"], theirs["counterpart"]["agency"]) == ("CBP", "ICE")
        for account in ("ceiu.analyst", "cbp.att"):
            text = (await call("linker", "/v1/notices", account)).text.lower()
            assert "email" in text
            assert not [secret for secret in SECRETS if secret in text]
        path = f"/v1/notices/{mine['notice_id']}/acknowledgements"
        await call("linker", path, "cbp.att", {"note": "called"})
        assert [notice["state"] for notice in await inbox("cbp.att")] == ["acknowledged"]
        assert [notice["state"] for notice in await inbox("ceiu.analyst")] == ["unread"]
