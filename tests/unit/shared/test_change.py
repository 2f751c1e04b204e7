"""What an event says of a change: anyone who has the values and the salt can hold them against it, and nobody else."""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest

from shared.events.change import change_of, new_salt
from shared.events.intake import Address

SALT = "00112233445566778899aabbccddeeff"


def digest(canonical: str) -> str:
    return sha256(bytes.fromhex(SALT) + canonical.encode()).hexdigest()


def test_a_change_names_what_differs_and_hashes_that_alone() -> None:
    before = {"state": "sent", "office": "sac-boston", "note": None}
    after = {"state": "accepted", "office": "sac-boston", "note": "¿Qué?"}
    change = change_of(before, after, salt=SALT)
    assert change.fields == ["note", "state"]
    assert change.before == digest('{"note":null,"state":"sent"}')
    assert change.after == digest('{"note":"¿Qué?","state":"accepted"}')


def test_fields_that_come_and_go_are_null_where_they_are_not() -> None:
    change = change_of({"old": 1, "same": 2}, {"new": 3, "same": 2}, salt=SALT)
    assert change.fields == ["new", "old"]
    assert (change.before, change.after) == (digest('{"new":null,"old":1}'), digest('{"new":3,"old":null}'))


def test_what_was_not_there_has_no_hash() -> None:
    assert change_of(None, {"note": "seen"}, salt=SALT).before is None


def test_nothing_changed_is_said_as_that() -> None:
    change = change_of({"silent": True}, {"silent": True}, salt=SALT)
    assert (change.fields, change.before, change.after) == ([], digest("{}"), digest("{}"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (UUID(int=7), str(UUID(int=7))),
        (datetime(2026, 3, 1, 10, tzinfo=UTC), "2026-03-01T10:00:00Z"),
        (("a", "b"), ["a", "b"]),
        (Address(city="Inventville"), Address(city="Inventville").model_dump()),
    ],
)
def test_equal_values_are_equal_in_whatever_form_they_come(one: object, other: object) -> None:
    assert change_of({"value": one}, {"value": other}, salt=SALT).fields == []
    assert change_of(None, {"value": one}, salt=SALT) == change_of(None, {"value": other}, salt=SALT)


def test_salts_are_of_sixteen_bytes_and_differ() -> None:
    salts = {new_salt() for _ in range(100)}
    assert len(salts) == 100
    assert {len(bytes.fromhex(salt)) for salt in salts} == {16}
    assert change_of(None, {"x": 1}, salt=SALT).after != change_of(None, {"x": 1}, salt=new_salt()).after
