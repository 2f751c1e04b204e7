"""Signs the logs: all of them at one moment, and each by itself, under one key."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.merkle import Frontier
from services.audit.domain.note import Checkpoint, SigningKey


@dataclass(frozen=True, slots=True)
class Signer:
    """`name` is that of all logs together; a log's own ends with its topic and partition."""

    name: str
    key: Ed25519PrivateKey

    def origin(self, topic: str, partition: int) -> str:
        """Return the name of one log."""
        return f"{self.name}/{topic}/{partition}"

    def sign_log(self, topic: str, partition: int, tree: Frontier) -> str:
        """Return the checkpoint of one log, as witnesses take it (C2SP tlog-checkpoint)."""
        origin = self.origin(topic, partition)
        return SigningKey(origin, self.key).sign(Checkpoint(origin, tree.size, tree.root()).text())

    def sign_all(self, logs: Iterable[tuple[str, int, Frontier]]) -> str:
        """Return a signed note (C2SP) with a line for each log: topic, partition, size and root, in this order."""
        lines = [
            f"{topic} {partition} {tree.size} {b64encode(tree.root()).decode()}\n" for topic, partition, tree in logs
        ]
        return SigningKey(self.name, self.key).sign(f"{self.name}\n{''.join(lines)}")
