"""The field offices of the test system, as referral's directory lists them. The file is data; no code is shared."""

import difflib
import json

from deploy.local.layout import CHECKOUT
from deploy.local.report import Refused

OFFICES_FILE = CHECKOUT / "services" / "referral" / "offices.json"
AGENT_PREFIX = "hsi.agent."
LIST_COMMAND = ".venv/bin/python -m deploy.local offices"


def office_names() -> dict[str, str]:
    """Return the offices' names by their codes, in the order of the codes."""
    offices = json.loads(OFFICES_FILE.read_text(encoding="utf-8"))["offices"]
    return {office["code"]: office["name"] for office in sorted(offices, key=lambda office: office["code"])}


def require_office(account: str) -> None:
    """Pass, unless the account is an agent's of an office that the directory does not list.

    Raises:
        Refused: it is; the message says how to see the codes.
    """
    if not account.startswith(AGENT_PREFIX):
        return
    code, codes = account.removeprefix(AGENT_PREFIX), list(office_names())
    if code not in codes:
        near = difflib.get_close_matches(code, codes, n=1)
        guess = f" Did you mean {AGENT_PREFIX}{near[0]}?" if near else ""
        raise Refused(f"there is no office {code!r} in the directory.{guess} See the codes with: {LIST_COMMAND}")
