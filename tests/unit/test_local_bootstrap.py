"""`.venv` counts as made only when all of it was, from this lock, in this folder; failures are told in a sentence."""

from pathlib import Path

import pytest

from deploy.local import bootstrap


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose `.venv` was made from its lock."""
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "LOCK", tmp_path / "requirements-dev.txt")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / "made-from")
    (tmp_path / "requirements-dev.txt").write_text("one==1.0\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / "python3.11"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(python)
    bootstrap.STAMP.write_text(bootstrap.fingerprint())
    return tmp_path


def test_what_was_wholly_made_is_kept(checkout: Path) -> None:
    assert bootstrap.is_current()


def test_a_half_made_one_is_made_anew(checkout: Path) -> None:
    bootstrap.STAMP.unlink()
    assert not bootstrap.is_current()


def test_another_lock_means_another_venv(checkout: Path) -> None:
    bootstrap.LOCK.write_text("one==1.1\n")
    assert not bootstrap.is_current()


def test_a_moved_checkout_means_another_venv(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = checkout / "moved"
    (checkout / ".venv").rename(moved)
    monkeypatch.setattr(bootstrap, "VENV", moved)
    monkeypatch.setattr(bootstrap, "STAMP", moved / "made-from")
    assert not bootstrap.is_current()


def test_a_venv_whose_python_is_gone_is_made_anew(checkout: Path) -> None:
    (checkout / "python3.11").unlink()
    assert not bootstrap.is_current()


def test_a_link_to_another_checkouts_venv_is_refused_and_that_one_left_alone(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "VENV", checkout / "link")
    bootstrap.VENV.symlink_to(checkout / ".venv")
    with pytest.raises(bootstrap.Refused, match="is a link"):
        bootstrap.check_machine()
    assert bootstrap.STAMP.is_file()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one the lock names"),
        ("Failed to establish a new connection: NewConnectionError", "online"),
        ("error: subprocess-exited-with-error", "failed"),
    ],
)
def test_a_failed_installation_is_explained_in_a_sentence(output: str, sentence: str) -> None:
    assert sentence in bootstrap.explain(output)


def test_a_failing_command_is_refused_with_its_last_lines(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(bootstrap.Refused, match="disk is full"):
        bootstrap.run(["/bin/sh", "-c", "echo Collecting one==1.0; echo No space left on device; exit 1"], wanted=1)
    assert "No space left on device" in capfd.readouterr().err
