"""What an event says of a change to a record that was there: which fields, and hashes of them before and after.

The canonical bytes of fields are JSON in UTF-8: one object whose keys are the names of the changed fields in ascending
order and whose values are theirs, without white space, times in UTC with a `Z`; a field that was not there is null.
A hash is SHA-256(salt || canonical bytes). The salt, 16 bytes, stands in hex in the event's `personal.salt`: a few
possible values behind a hash can be tried, so nobody can who has not the personal part anyway. Whoever has it can hold
what an event tells, and what the one before it told, against the hashes.
"""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from shared.events.envelope import Fact

SALT_BYTES = 16


class Change(Fact):
    """A change to a record, by hashes in hex; `before` is null where the fields are new to it."""

    fields: list[str]
    before: str | None
    after: str


class Salted(Fact):
    """The personal part of an event that tells of a change; `salt` is that of its hashes, 16 bytes in hex."""

    salt: str | None = None


def new_salt() -> str:
    """Return a random salt in hex."""
    return secrets.token_hex(SALT_BYTES)


def change_of(before: Mapping[str, Any] | None, after: Mapping[str, Any], *, salt: str) -> Change:
    """Return the change from one state of a record's fields to another; None before where they are all new.

    Values are what JSON has, ids, times, and models of events; those that are equal are left out.
    """
    was, now = _plain(before or {}), _plain(after)
    fields = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    return Change(
        fields=fields,
        before=None if before is None else _hash(was, fields, salt),
        after=_hash(now, fields, salt),
    )


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(orjson.dumps(dict(state), default=_value, option=orjson.OPT_UTC_Z))
    return plain


def _value(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Fact) else str(value)


def _hash(state: Mapping[str, Any], fields: list[str], salt: str) -> str:
    canonical = orjson.dumps({name: state.get(name) for name in fields}, option=orjson.OPT_SORT_KEYS)
    return sha256(bytes.fromhex(salt) + canonical).hexdigest()
