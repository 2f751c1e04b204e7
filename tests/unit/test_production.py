"""The production files: secrets are made once and private, and compose.yaml gives each process its own part alone."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML has no types

from deploy.provision import ROLES, SERVICES, make_secrets
from services.audit.app import read_producer_keys
from services.linker.settings import LinkerSettings
from shared.settings import load_settings

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"
PROCESSES = [(service, kind) for service in SERVICES for kind in ("http", "worker")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_secrets(tmp_path / "secrets", postgres="db.example:5432", kafka="kafka.example:9092")
    return tmp_path / "secrets"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


def test_making_secrets_again_changes_no_file(folder: Path) -> None:
    before = _texts(folder)
    make_secrets(folder, postgres="other.example:5432", kafka="other.example:9092")
    assert _texts(folder) == before


def test_a_secret_that_is_missing_is_made(folder: Path) -> None:
    file = folder / "query" / "producer.key"
    former = file.read_text()
    file.unlink()
    make_secrets(folder, postgres="db.example:5432", kafka="kafka.example:9092")
    assert len(bytes.fromhex(file.read_text())) == 32
    # What was sent under the former key is still known to be this service's.
    assert read_producer_keys(folder / "audit" / "producers")["query"] == [
        bytes.fromhex(key) for key in (file.read_text(), former)
    ]


def test_only_the_owner_reads_secrets_and_no_two_are_alike(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    secrets = [path.read_text() for path in files if path.suffix in (".password", ".key")]
    assert len(set(secrets)) == len(secrets) == 1 + len(ROLES) + len(SERVICES)


def test_a_service_reads_its_settings_from_its_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CETS_HOME", str(folder / "linker"))
    settings = load_settings(LinkerSettings)
    url = urlsplit(settings.database_url.get_secret_value())
    assert (url.username, url.hostname, url.path) == ("linker_app", "db.example", "/cets")
    assert url.password == (folder / "provision" / "linker_app.password").read_text()
    assert settings.environment == "production"
    assert not settings.owner_database_url.get_secret_value()


def test_audit_and_its_witness_know_each_other_and_not_each_others_key(folder: Path) -> None:
    settings = {name: (folder / name / "env" / f"{name}.env").read_text() for name in ("audit", "witness")}
    log_key, witness_key = ((folder / f"{name}.vkey").read_text().strip() for name in ("checkpoint", "witness"))
    assert f"AUDIT_WITNESS_KEY={witness_key}\n" in settings["audit"]
    assert f"WITNESS_LOG_KEY={log_key}\n" in settings["witness"]
    assert {path.name for path in (folder / "witness").rglob("*.pem")} == {"witness.pem"}
    assert {path.name for path in (folder / "audit").rglob("*.pem")} == {"checkpoint.pem"}


@pytest.mark.parametrize(("service", "kind"), PROCESSES)
def test_a_process_sees_its_own_secrets_alone(compose: dict[str, Any], service: str, kind: str) -> None:
    process = compose["services"][f"{service}-{kind}"]
    assert process["command"] == [f"services.{service}", kind]
    sources = [volume.removesuffix(":ro").rpartition(":")[0].rpartition("/")[2] for volume in process["volumes"]]
    assert sources == [service, "token_public.pem"]


def test_nothing_is_published_but_on_the_loopback(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert len(published) == len(set(published)) == len(PROCESSES) + 1, "and the witness's"
    assert all(port.startswith("127.0.0.1:") for port in published)


def _texts(folder: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
