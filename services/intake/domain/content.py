"""What a source said, in one canonical form: the same content always has the same hash."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

_EMPTY = (b'""', b"{}", b"[]")


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid tip as a source gave it.

    `content` holds the request's fields in a fixed order, times in UTC, and no field that says nothing.
    `digest` is its SHA-256: equal for equal content, whatever the order of fields and the spelling of times.
    """

    source: str
    source_kind: str
    source_ref: str
    content: Mapping[str, Any]
    digest: bytes

    @property
    def key(self) -> tuple[str, str]:
        """What makes a tip the same tip."""
        return self.source, self.source_ref


def canonical(content: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return validated content without empty texts, lists and objects, and its SHA-256.

    The fields must come in one fixed order, with defaults left out, as a dumped model gives them.
    """
    text = orjson.dumps(content)
    # Hardly any tip holds an empty value, and looking into the bytes is far cheaper than walking all of it.
    if any(empty in text for empty in _EMPTY):
        content = _without_empty(content)
        text = orjson.dumps(content)
    return content, hashlib.sha256(text).digest()


def party_id(owner_id: UUID, position: int) -> UUID:
    """Return the id of the party at this position (from 0) of a tip or research result.

    It is a UUIDv7 of the owner's moment whose other bits are a hash over owner and position. So a position keeps its id
    through every amendment, even when it is empty in between, and nothing need be remembered for that.
    """
    digest = hashlib.sha256(owner_id.bytes + position.to_bytes(4, "big")).digest()
    chance = int.from_bytes(digest[:10], "big")
    moment = owner_id.int >> 80
    return UUID(int=moment << 80 | 7 << 76 | (chance >> 64 & 0xFFF) << 64 | 0b10 << 62 | chance & 0x3FFF_FFFF_FFFF_FFFF)


def identified(parties: Sequence[Mapping[str, Any]], owner_id: UUID) -> list[dict[str, Any]]:
    """Return the parties, each with its id."""
    return [{"party_id": party_id(owner_id, position), **party} for position, party in enumerate(parties)]


def _without_empty(node: Any) -> Any:
    if isinstance(node, dict):
        inner = {key: _without_empty(value) for key, value in node.items()}
        return {key: value for key, value in inner.items() if not _is_empty(value)}
    if isinstance(node, list):
        return [value for value in map(_without_empty, node) if not _is_empty(value)]
    return node


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)
