"""What ties a record on Kafka to the service that sent it: an HMAC with that service's key, in the record's headers."""

import hashlib
import hmac


def producer_mac(key: bytes, *, producer: bytes, seq: bytes, topic: str, record_key: bytes, value: bytes) -> bytes:
    """Return the HMAC-SHA-256, 32 bytes, over producer, number, topic, key and value, each with its length before it.

    `producer` is `<service>.<shard>`, `seq` the number in decimal digits, `topic` without the prefix of a shared
    cluster; a key or value that is null counts as empty.
    """
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in (producer, seq, topic.encode(), record_key, value):
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.digest()
