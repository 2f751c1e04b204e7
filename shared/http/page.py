"""Lists by opaque cursor: the key of the last item shown, so that pages stay stable while data arrives."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BaseModel

from shared.errors import FieldError, Rejected
from shared.http.types import DIGITS

PAGE_ITEMS_DEFAULT = 50
PAGE_ITEMS_MAX = 500
CURSOR_CHARS_MAX = 512

Item = TypeVar("Item")
Cursor = Annotated[str | None, Query()]
"""The `cursor` of a list's query."""
Limit = Annotated[int, Query(ge=1, le=PAGE_ITEMS_MAX), DIGITS]
"""The `limit` of a list's query; `PAGE_ITEMS_DEFAULT` when it is not given."""


class Page(BaseModel, Generic[Item]):
    """What every list answers; `cursor` is null at the end."""

    items: list[Item]
    cursor: str | None


def cut(found: Sequence[Item], limit: int, key: Callable[[Item], Sequence[Any]]) -> tuple[Sequence[Item], str | None]:
    """Return the first `limit` of what was found, and the cursor behind the last of them if more was found.

    `key` gives an item's sort key, as `cursor_of` takes it.
    """
    shown = found[:limit]
    return shown, cursor_of(key(shown[-1])) if len(found) > limit else None


def cursor_of(key: Sequence[Any]) -> str:
    """Return the cursor that stands behind an item with this sort key (strings, numbers, times, ids)."""
    # The database driver's ids are of a class of its own, which orjson knows only as text.
    return base64.urlsafe_b64encode(orjson.dumps(list(key), default=str)).decode().rstrip("=")


def read_cursor(cursor: str | None, *, length: int) -> list[str | int] | None:
    """Return the sort key within a cursor, or None when there is none.

    Raises:
        Rejected: it is not a cursor of this list, whose keys have `length` parts.
    """
    if cursor is None:
        return None
    if len(cursor) > CURSOR_CHARS_MAX:
        raise wrong_cursor()
    try:
        key = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise wrong_cursor() from error
    if not isinstance(key, list) or len(key) != length or not all(isinstance(part, str | int) for part in key):
        raise wrong_cursor()
    return key


def read_id_cursor(cursor: str | None) -> UUID | None:
    """Return the id within a cursor of a list that is ordered by id, or None when there is none.

    Raises:
        Rejected: it is not a cursor of this list.
    """
    key = read_cursor(cursor, length=1)
    if key is None:
        return None
    try:
        return UUID(str(key[0]))
    except ValueError as error:
        raise wrong_cursor() from error


def wrong_cursor() -> Rejected:
    """Return what is to be said of a cursor that is not of the list asked for."""
    sentence = "not a cursor of this list"
    return Rejected(sentence, errors=[FieldError(("query", "cursor"), sentence)])
