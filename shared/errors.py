"""Errors that say what happens next. They carry data, not HTTP status; `shared.http` maps them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with an input: where (`loc`, outermost first) and what (`msg`)."""

    loc: tuple[str | int, ...]
    msg: str


class CetsError(Exception):
    """Base of every error we raise on purpose; `detail` is a sentence that may be shown to the caller."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Rejected(CetsError):
    """The input is wrong and will stay wrong: dead letter, or a 4xx answer. Never retried."""

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = (), problem: str = "invalid") -> None:
        super().__init__(detail)
        self.errors = tuple(errors)
        self.problem = problem


class NotFound(CetsError):
    """The thing does not exist, or lies outside what the caller may know of."""


class Conflict(CetsError):
    """The thing exists, and its state forbids what was asked."""


class InProgress(CetsError):
    """The same thing is being done at this moment: ask again a little later."""


class Forbidden(CetsError):
    """The caller is known and lacks the capability, named in `capability`."""

    def __init__(self, detail: str, *, capability: str | None = None) -> None:
        super().__init__(detail)
        self.capability = capability


class Unauthenticated(CetsError):
    """No token, or one that is bad, expired or foreign. The reason goes to the record, not to the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__("a valid bearer token is required")
        self.reason = reason


class TooManyRequests(CetsError):
    """The caller is over its rate; try again after `retry_after_s` seconds."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(CetsError):
    """It may pass: retried with growing, bounded delay, or answered 503."""
