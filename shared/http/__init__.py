"""The HTTP edge of every service: token and capability, limits, one transaction a request, problem documents.

A service writes a table of `Route` and an async function for each; what those promise to every caller stands here.
`route` guards and runs them and keeps the record, `body` reads what comes in, `types` are the fields read strictly,
`media` is what is never taken, `claim` holds an Idempotency-Key through many transactions, `problem` says what went
wrong, `protocol` says so of what is not HTTP, `page` cuts lists, `app` joins.
"""

from shared.http.app import create_app, run_http
from shared.http.body import read_json, read_optional_json
from shared.http.page import Cursor, Limit, Page, cursor_of, cut, read_cursor, read_id_cursor, wrong_cursor
from shared.http.route import VIEW, Call, Edge, Route, answer, create, hash_of

__all__ = [
    "VIEW",
    "Call",
    "Cursor",
    "Edge",
    "Limit",
    "Page",
    "Route",
    "answer",
    "create",
    "create_app",
    "cursor_of",
    "cut",
    "hash_of",
    "read_cursor",
    "read_id_cursor",
    "read_json",
    "read_optional_json",
    "run_http",
    "wrong_cursor",
]
