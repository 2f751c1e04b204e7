"""The alternative backend: PostgreSQL and Kafka in Docker containers, by `testcontainers`.

Image names are settings, official ones by default: `CETS_TEST_POSTGRES_IMAGE`, `CETS_TEST_KAFKA_IMAGE`.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from docker.errors import DockerException  # type: ignore[import-untyped]  # docker has no types
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.3.0"
START_TIMEOUT_S = 90.0

Container = TypeVar("Container", bound=DockerContainer)


@contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL in a container and yield its superuser's address."""
    image = os.environ.get("CETS_TEST_POSTGRES_IMAGE") or POSTGRES_IMAGE
    with _running(image, lambda: _postgres_container(image)) as container:
        yield container.get_connection_url(host="127.0.0.1")


@contextmanager
def kafka() -> Iterator[str]:
    """Run Kafka in a container and yield its bootstrap address.

    `KafkaContainer` knows Confluent's images only, and the advertised address must be known beforehand, so this is a
    plain container with a fixed port of the host.
    """
    image, port = os.environ.get("CETS_TEST_KAFKA_IMAGE") or KAFKA_IMAGE, _free_port()
    with _running(image, lambda: _kafka_container(image, port)):
        _wait_for(port)
        yield f"127.0.0.1:{port}"


@contextmanager
def _running(image: str, make: Callable[[], Container]) -> Iterator[Container]:
    """Run a container; without Docker or the image no test can pass, so the run ends with one sentence that says so."""
    try:
        container = make()
        container.start()
    except DockerException as error:
        pytest.exit(f"CETS_TEST_BACKEND=containers, but Docker does not run {image}: {error}", returncode=1)
    try:
        yield container
    finally:
        container.stop()


def _postgres_container(image: str) -> PostgresContainer:
    container = PostgresContainer(image, driver=None)
    _publish(container, container.port, None)
    container.with_command("postgres -c fsync=off -c synchronous_commit=off -c max_connections=200 -c jit=off")
    return container


def _kafka_container(image: str, port: int) -> DockerContainer:
    container = DockerContainer(image)
    _publish(container, 9092, port)
    for name, value in _kafka_settings(port).items():
        container.with_env(f"KAFKA_{name}", value)
    return container


def _publish(container: DockerContainer, inner: int, outer: int | None) -> None:
    """Publish a port on the loopback, as `outer` or one that Docker picks; testcontainers would on every interface."""
    ports: dict[str, Any] = container.ports
    ports[str(inner)] = ("127.0.0.1", outer)


def _kafka_settings(port: int) -> dict[str, str]:
    return {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "GROUP_MIN_SESSION_TIMEOUT_MS": "6000",
    }


def _wait_for(port: int) -> None:
    """Return when Kafka answers: Docker's proxy accepts at once, and closes until something listens within."""
    request = bytes.fromhex("0000000a00120000000000010000")  # ApiVersions v0, correlation id 1, no client id
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                connection.sendall(request)
                if connection.recv(4):
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"Kafka did not answer within {START_TIMEOUT_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
