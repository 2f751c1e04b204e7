"""Who calls and what they may do: accounts, capabilities, and Ed25519 tokens.

Code asks for capabilities, never for a role's name. The accounts are the test system's; a test walks every route and
account (`tests/integration/test_capabilities.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import jwt
import uuid_utils.compat
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.errors import Forbidden, NotFound, Rejected, Unauthenticated

ISSUER = "cets-test"
AUDIENCE = "cets"
ALGORITHM = "EdDSA"
TOKEN_TTL_S = 3_600
TOKEN_TTL_MAX_S = 12 * 3_600
"""Twelve hours, after which the FBI's CJIS Security Policy asks for a new login (control IA-11)."""
TOKEN_CHARS_MAX = 4_096

_SOURCE = frozenset({"tip.submit", "tip.read"})
_ANALYST = frozenset(
    {
        "tip.enter", "tip.read", "tip.review", "research.enter", "link.read", "link.decide", "lead.read", "lookup",
        "manifest.submit", "alert.read", "note.add", "note.read", "notice.read", "referral.read", "statistics.read",
    }
)  # fmt: skip
_SUPERVISOR = _ANALYST | {"link.export", "lead.prioritise", "lead.refer"}
_AGENT = frozenset({"lead.read", "referral.read", "referral.respond", "lookup", "note.add", "note.read", "notice.read"})
_CBP = frozenset({"lookup", "manifest.submit", "alert.read", "note.add", "note.read", "notice.read", "statistics.read"})
_AUDITOR = frozenset({"audit.read"})
_OPERATOR = frozenset({"audit.sign", "metrics.read"})

ROLE_CAPABILITIES: dict[str, frozenset[str]] = {
    "source": _SOURCE,
    "ceiu.analyst": _ANALYST,
    "ceiu.supervisor": _SUPERVISOR,
    "hsi.agent": _AGENT,
    "cbp.att": _CBP,
    "cbp.supervisor": _CBP,
    "auditor": _AUDITOR,
    "privacy.officer": _AUDITOR,
    "system.admin": _OPERATOR,
    "program.manager": _OPERATOR,
}
CAPABILITIES = frozenset().union(*ROLE_CAPABILITIES.values())

SOURCE_KINDS = {
    "ncmec": "ngo",
    "tipline": "public_tip_line",
    "interpol": "interpol",
    "police": "local_law_enforcement",
    "foreign_police": "foreign_law_enforcement",
    "field": "ice_office_domestic",
    "attache": "ice_office_foreign",
}
"""The sources of the test system and their kinds."""

AGENCIES = {"ceiu": "ICE", "hsi": "ICE", "cbp": "CBP", "auditor": "ICE", "privacy": "ICE", "system": "ICE"}


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose token was verified.

    `kind` is person or system; `agency` is ICE, CBP or, of a source, its own name; `office` is a field office's code;
    `source` is the one source a system's token is bound to.
    """

    id: str
    kind: str
    role: str
    agency: str
    office: str | None
    source: str | None
    session: str
    issued_at: datetime
    capabilities: frozenset[str] = field(default_factory=frozenset)

    def can(self, capability: str) -> bool:
        """Return whether the caller has this capability."""
        return capability in self.capabilities

    def require(self, capability: str) -> None:
        """Pass, or raise `Forbidden` naming the capability that is lacking."""
        if not self.can(capability):
            raise Forbidden(f"this needs the capability {capability}", capability=capability)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the test system, as its name says."""

    id: str
    kind: str
    role: str
    agency: str
    office: str | None = None
    source: str | None = None


def get_account(name: str) -> Account:
    """Return the synthetic account of that name, such as `source.ncmec` or `hsi.agent.sac-boston`.

    Raises:
        NotFound: there is no such account; the message lists the kinds there are.
    """
    if name.startswith("source."):
        source = name.removeprefix("source.")
        if source in SOURCE_KINDS:
            return Account(name, "system", "source", source, source=source)
    elif name.startswith("hsi.agent.") and is_office_code(name.removeprefix("hsi.agent.")):
        return Account(name, "person", "hsi.agent", "ICE", office=name.removeprefix("hsi.agent."))
    elif name in ROLE_CAPABILITIES and name not in {"source", "hsi.agent"}:
        return Account(name, "person", name, AGENCIES.get(name.partition(".")[0], "ICE"))
    known = [*(f"source.{source}" for source in SOURCE_KINDS), "hsi.agent.<office code>"]
    known += [role for role in ROLE_CAPABILITIES if role not in {"source", "hsi.agent"}]
    raise NotFound(f"no account {name!r}; there are {', '.join(known)}")


def is_office_code(code: str) -> bool:
    """Return whether the text has the form of an office code, `[a-z0-9-]+`, at most 40 characters."""
    return 0 < len(code) <= 40 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in code)


def issue_token(account: str, private_key_pem: bytes, *, now: datetime, ttl_s: int = TOKEN_TTL_S) -> str:
    """Return a signed token for an account of the test system; issuing it begins a session.

    Raises:
        NotFound: there is no such account.
        Rejected: the time to live is not between 1 second and 12 hours.
    """
    if not 1 <= ttl_s <= TOKEN_TTL_MAX_S:
        raise Rejected(f"a token lives 1 to {TOKEN_TTL_MAX_S} seconds, not {ttl_s}")
    known = get_account(account)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": known.id,
        "kind": known.kind,
        "role": known.role,
        "agency": known.agency,
        "office": known.office,
        "source": known.source,
        "sid": str(uuid_utils.compat.uuid7()),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=ttl_s)).timestamp()),
    }
    return jwt.encode(claims, load_pem_private_key(private_key_pem, None), algorithm=ALGORITHM)  # type: ignore[arg-type]  # cryptography types the key by its widest class


def token_verifier(public_key_pem: bytes, now: Callable[[], datetime]) -> Callable[[str], Principal]:
    """Return a function from a token to its caller; it raises `Unauthenticated` with the reason for the record.

    Only Ed25519 is accepted, whatever the token's own header says; keys are never taken from the token. A token whose
    signature held once is remembered (bounded), so only its time limits are looked at again.
    """

    @lru_cache(maxsize=1_024)
    def verified(token: str) -> tuple[Principal, float]:
        claims = jwt.decode(
            token,
            public_key_pem,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={
                "require": ["exp", "iat", "sub", "sid", "role"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
        return _principal(claims), float(claims["exp"])

    def verify(token: str) -> Principal:
        if len(token) > TOKEN_CHARS_MAX:
            raise Unauthenticated("oversized")
        try:
            principal, expires = verified(token)
        except jwt.InvalidSignatureError as error:
            raise Unauthenticated("bad_signature") from error
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise Unauthenticated("malformed") from error
        if now().timestamp() >= expires:
            raise Unauthenticated("expired")
        return principal

    return verify


def _principal(claims: dict[str, object]) -> Principal:
    """Build the caller from verified claims; a role we do not know has no capability at all."""
    role = str(claims["role"])
    office, source = claims.get("office"), claims.get("source")
    return Principal(
        id=str(claims["sub"]),
        kind=str(claims["kind"]),
        role=role,
        agency=str(claims["agency"]),
        office=str(office) if office is not None else None,
        source=str(source) if source is not None else None,
        session=str(claims["sid"]),
        issued_at=datetime.fromtimestamp(int(str(claims["iat"])), UTC),
        capabilities=ROLE_CAPABILITIES.get(role, frozenset()),
    )
