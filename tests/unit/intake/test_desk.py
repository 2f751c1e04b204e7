"""Single posts share a transaction with those that come while the ones before are stored, and nothing else."""

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import sentinel
from uuid import UUID

import pytest

from services.intake.domain.content import Submission
from services.intake.domain.tip import Status
from services.intake.handlers.take import Taken
from services.intake.http.desk import POSTS_AT_ONCE, TRANSACTIONS_AT_ONCE, Post, TipDesk
from shared.errors import Unavailable


def a_post(ref: str) -> Post:
    return Post(sentinel.call, Submission("ncmec", "ngo", ref, {}, b""))


def taken_of(ref: str) -> Taken:
    return Taken(UUID(bytes=ref.rjust(16).encode()), 1, Status.ACCEPTED)


class Transactions:
    """Stands for the database: stores when told to, and fails for the references it is told to fail for."""

    def __init__(self, failing: dict[str, Exception] | None = None) -> None:
        self.begun: list[list[str]] = []
        self.may_commit = asyncio.Event()
        self._failing = failing or {}

    async def store(self, posts: Sequence[Post]) -> Sequence[Taken]:
        refs = [post.submission.source_ref for post in posts]
        self.begun.append(refs)
        await self.may_commit.wait()
        for ref in refs:
            if ref in self._failing:
                raise self._failing[ref]
        return [taken_of(ref) for ref in refs]


async def post_all(desk: TipDesk, refs: Sequence[str]) -> list[asyncio.Task[Taken]]:
    """Start the posts, each as far as it gets by itself."""
    tasks = [asyncio.create_task(desk.take(a_post(ref))) for ref in refs]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


FIRST = [f"first-{number}" for number in range(TRANSACTIONS_AT_ONCE)]


async def test_a_post_alone_is_stored_at_once() -> None:
    transactions = Transactions()
    transactions.may_commit.set()
    assert await TipDesk(transactions.store).take(a_post("A")) == taken_of("A")
    assert transactions.begun == [["A"]]


async def test_posts_that_wait_share_a_transaction_and_each_gets_its_own_answer() -> None:
    transactions = Transactions()
    refs = [*FIRST, *(f"T-{number}" for number in range(POSTS_AT_ONCE + 5))]
    tasks = await post_all(TipDesk(transactions.store), refs)
    assert transactions.begun == [[ref] for ref in FIRST]
    transactions.may_commit.set()
    assert await asyncio.gather(*tasks) == [taken_of(ref) for ref in refs]
    assert [len(refs) for refs in transactions.begun] == [1] * len(FIRST) + [POSTS_AT_ONCE, 5]


async def test_a_post_that_cannot_be_stored_fails_alone() -> None:
    transactions = Transactions({"B": ValueError("B")})
    tasks = await post_all(TipDesk(transactions.store), [*FIRST, "A", "B", "C"])
    transactions.may_commit.set()
    found: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(each) if isinstance(each, ValueError) else each for each in found[-3:]] == [
        taken_of("A"),
        "B",
        taken_of("C"),
    ]


async def test_when_the_database_is_away_all_are_told_and_none_is_tried_again() -> None:
    transactions = Transactions({"A": ConnectionResetError()})
    tasks = await post_all(TipDesk(transactions.store), [*FIRST, "A", "B"])
    transactions.may_commit.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found[-2:]] == [ConnectionResetError, ConnectionResetError]
    assert transactions.begun[-1] == ["A", "B"]


async def test_whoever_is_taken_along_does_not_wait_for_ever_when_the_one_in_turn_is_cancelled() -> None:
    transactions = Transactions()
    desk = TipDesk(transactions.store)
    first = await post_all(desk, FIRST)
    leader, follower = await post_all(desk, ["A", "B"])
    first[0].cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert transactions.begun[-1] == ["A", "B"]
    leader.cancel()
    with pytest.raises(Unavailable):
        await follower
    transactions.may_commit.set()
    assert await first[1] == taken_of(FIRST[1])


async def test_a_post_that_is_cancelled_while_it_waits_is_not_stored() -> None:
    transactions = Transactions()
    desk = TipDesk(transactions.store)
    first = await post_all(desk, FIRST)
    (waiting,) = await post_all(desk, ["A"])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    transactions.may_commit.set()
    await asyncio.gather(*first)
    assert ["A"] not in transactions.begun
