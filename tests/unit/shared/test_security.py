"""Tokens: what is accepted, and the many ways not to be."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.errors import Forbidden, NotFound, Rejected, Unauthenticated
from shared.security import CAPABILITIES, ROLE_CAPABILITIES, SOURCE_KINDS, get_account, issue_token, token_verifier

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def a_token(account: str = "ceiu.analyst", *, ttl_s: int = 3600) -> str:
    return issue_token(account, PRIVATE, now=NOW, ttl_s=ttl_s)


def verify(token: str, *, at: datetime = NOW) -> object:
    return token_verifier(PUBLIC, lambda: at)(token)


def claims_of(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged_tokens() -> list[str]:
    """Return tokens that differ from a good one in one thing that must be fatal."""
    good = a_token()
    claims = claims_of(good)
    header, body, signature = good.split(".")
    other = Ed25519PrivateKey.generate()
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    changed = {**claims, "role": "ceiu.supervisor"}
    tokens = [
        "",
        ".",
        "..",
        "a.b.c",
        good[:-4],
        good + "x",
        f"{header}.{part(changed)}.{signature}",
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        f"{part({'alg': 'NONE'})}.{part(changed)}.",
        f"{part({'alg': 'EdDSA', 'jwk': {'kty': 'OKP', 'crv': 'Ed25519', 'x': part(b'0' * 32)}})}.{body}.{signature}",
        f"{part({'alg': 'EdDSA', 'kid': '../../../dev/null'})}.{body}.{signature}",
        # The public key used as the secret of a symmetric algorithm, which a careless verifier accepts.
        _hs256({"alg": "HS256", "typ": "JWT"}, claims, PUBLIC),
        jwt.encode(claims, other, algorithm="EdDSA"),
        jwt.encode(claims, rsa_key, algorithm="RS256"),
        jwt.encode(claims, ec_key, algorithm="ES256"),
        "x" * 10_000,
    ]
    wrong = {"iss": "elsewhere", "aud": "elsewhere", "exp": "soon", "sid": None, "role": None, "sub": None, "iat": "x"}
    for name, value in wrong.items():
        tokens.append(
            jwt.encode({**claims, name: value}, KEY, algorithm="EdDSA")
            if name not in {"exp", "iat"}
            else _signed({**claims, name: value})
        )
        tokens.append(_signed({k: v for k, v in claims.items() if k != name}))
    tokens += [good[:n] + ("A" if good[n] != "A" else "B") + good[n + 1 :] for n in range(0, len(good) - 1, 2)]
    return tokens


def _hs256(header: object, claims: object, secret: bytes) -> str:
    import hashlib
    import hmac

    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _signed(claims: object) -> str:
    signed = f"{part({'alg': 'EdDSA', 'typ': 'JWT'})}.{part(claims)}"
    return f"{signed}.{part(KEY.sign(signed.encode()))}"


def test_no_forged_token_is_accepted() -> None:
    tokens = forged_tokens()
    assert len(tokens) >= 200
    for token in tokens:
        with pytest.raises(Unauthenticated):
            verify(token)


def test_a_token_lives_until_its_last_second_and_no_longer() -> None:
    token = a_token(ttl_s=60)
    assert verify(token, at=NOW + timedelta(seconds=59))
    with pytest.raises(Unauthenticated, match="bearer") as caught:
        verify(token, at=NOW + timedelta(seconds=60))
    assert caught.value.reason == "expired"


def test_an_expired_token_is_refused_even_when_it_was_accepted_before() -> None:
    moment = [NOW]
    check = token_verifier(PUBLIC, lambda: moment[0])
    token = a_token(ttl_s=60)
    assert check(token).role == "ceiu.analyst"
    moment[0] += timedelta(minutes=2)
    with pytest.raises(Unauthenticated):
        check(token)


@pytest.mark.parametrize("ttl_s", [0, -1, 12 * 3600 + 1])
def test_a_token_is_not_issued_for_longer_than_twelve_hours(ttl_s: int) -> None:
    with pytest.raises(Rejected):
        a_token(ttl_s=ttl_s)


@pytest.mark.parametrize("name", ["", "root", "source", "source.unknown", "hsi.agent", "hsi.agent.", "hsi.agent.A b"])
def test_an_unknown_account_gets_no_token(name: str) -> None:
    with pytest.raises(NotFound):
        a_token(name)


def test_an_agent_is_of_one_office_and_a_source_of_itself() -> None:
    assert get_account("hsi.agent.sac-boston").office == "sac-boston"
    assert {get_account(f"source.{source}").source for source in SOURCE_KINDS} == set(SOURCE_KINDS)


def test_a_role_we_do_not_know_can_do_nothing() -> None:
    principal = token_verifier(PUBLIC, lambda: NOW)(_signed({**claims_of(a_token()), "role": "emperor"}))
    assert not principal.capabilities
    with pytest.raises(Forbidden):
        principal.require("lookup")


def test_no_capability_deletes() -> None:
    assert not [c for c in CAPABILITIES if "delete" in c or "remove" in c]


def test_cbp_can_look_up_and_note_and_neither_create_nor_decide() -> None:
    expected = {"lookup", "manifest.submit", "alert.read", "note.add", "note.read", "notice.read", "statistics.read"}
    assert ROLE_CAPABILITIES["cbp.att"] == ROLE_CAPABILITIES["cbp.supervisor"] == expected


def test_the_supervisor_has_the_analysts_capabilities_and_three_more() -> None:
    more = ROLE_CAPABILITIES["ceiu.supervisor"] - ROLE_CAPABILITIES["ceiu.analyst"]
    assert more == {"link.export", "lead.prioritise", "lead.refer"}
    assert ROLE_CAPABILITIES["ceiu.analyst"] < ROLE_CAPABILITIES["ceiu.supervisor"]
