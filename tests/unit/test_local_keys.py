"""Secrets are made once; what is written for a service is what the service reads."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st
from pydantic_settings import SettingsConfigDict

from deploy.local.keys import (
    STAFF_FILE,
    database_passwords,
    database_url,
    env_file_text,
    keep_secret,
    superuser_database_url,
    token_private_key,
    write_settings,
)
from deploy.local.layout import SERVICES, Layout
from services.audit.app import check_staff
from services.audit.settings import AuditSettings
from services.linker.settings import LinkerSettings
from services.query.settings import QuerySettings
from shared.security import get_account, issue_token, token_verifier
from shared.settings import ServiceSettings, load_settings

SUPERUSER_URL = "postgresql://postgres:p%40ss@127.0.0.1:17702/postgres"


class IntakeSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="INTAKE_")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(home=tmp_path / "a home, 50% 'quoted'", cache=tmp_path / "cache", port_base=20_000)
    made.prepare()
    return made


def test_a_service_reads_the_settings_written_for_it(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings(layout, postgres_url=SUPERUSER_URL, kafka_bootstrap="127.0.0.1:20000")
    monkeypatch.setenv("CETS_HOME", str(layout.home))
    settings = load_settings(IntakeSettings)
    assert settings.environment == "test"
    assert settings.http_port == layout.port("intake-http")
    assert settings.worker_port == layout.port("intake-worker")
    assert settings.kafka_bootstrap == "127.0.0.1:20000"
    assert settings.token_public_key_file == layout.keys / "token_public.pem"
    assert len(bytes.fromhex(settings.producer_key_file.read_text())) == 32
    app, owner = settings.database_url.get_secret_value(), settings.owner_database_url.get_secret_value()
    assert (urlsplit(app).username, urlsplit(owner).username) == ("intake_app", "intake_owner")
    assert urlsplit(app).password != urlsplit(owner).password


def test_audit_knows_who_the_accounts_are(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings(layout, postgres_url=SUPERUSER_URL, kafka_bootstrap="127.0.0.1:20000")
    monkeypatch.setenv("CETS_HOME", str(layout.home))
    assert list(check_staff(load_settings(AuditSettings))) == ["self_lookup: 5 users are known"]
    assert all(get_account(name) for name in orjson.loads(STAFF_FILE.read_bytes()))


def test_whom_an_officer_calls_is_known(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings(layout, postgres_url=SUPERUSER_URL, kafka_bootstrap="127.0.0.1:20000")
    monkeypatch.setenv("CETS_HOME", str(layout.home))
    linker, query = load_settings(LinkerSettings), load_settings(QuerySettings)
    assert linker.ceiu_phone
    assert linker.ceiu_phone == query.ceiu_phone
    assert linker.agency_phones.keys() == {"CBP"}


def test_every_secret_and_settings_file_is_private(layout: Layout) -> None:
    write_settings(layout, postgres_url=SUPERUSER_URL, kafka_bootstrap="127.0.0.1:1")
    files = [*layout.keys.iterdir(), *layout.env.iterdir()]
    assert {f"{service}.env" for service in SERVICES} <= {file.name for file in files}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_secrets_stay_the_same_and_differ_from_each_other(layout: Layout) -> None:
    first = database_passwords(layout)
    assert database_passwords(layout) == first
    assert len(set(first.values())) == 2 * len(SERVICES)
    assert keep_secret(layout.keys / "other") == keep_secret(layout.keys / "other")


def test_a_token_signed_with_the_private_key_holds_under_the_public_one(layout: Layout) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    token = issue_token("auditor", token_private_key(layout), now=now)
    verify = token_verifier((layout.keys / "token_public.pem").read_bytes(), lambda: now)
    assert verify(token).id == "auditor"


def test_a_key_whose_public_half_is_missing_is_made_anew(layout: Layout) -> None:
    before = token_private_key(layout)
    (layout.keys / "token_public.pem").unlink()
    assert token_private_key(layout) != before


def test_a_role_gets_its_own_name_and_password_on_the_superusers_server() -> None:
    url = "postgresql://root:secret@db.internal:5433/postgres?sslmode=require"
    assert database_url(url, "query_app", {"query_app": "a/b@c"}) == (
        "postgresql://query_app:a%2Fb%40c@db.internal:5433/cets?sslmode=require"
    )
    assert superuser_database_url(url) == "postgresql://root:secret@db.internal:5433/cets?sslmode=require"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="${}"), max_size=60))
def test_any_path_survives_a_settings_file(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.env"
    file.write_text(env_file_text("audit", {"FILE": value}), encoding="utf-8")
    assert dotenv_values(file) == {"AUDIT_FILE": value}
