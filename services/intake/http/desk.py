"""Single posts that come at once share a transaction: a commit costs more than storing a tip."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.intake.domain.content import Submission
from services.intake.handlers.take import Given, Taken, take_tips
from shared.db.pool import TRANSIENT
from shared.errors import Unavailable
from shared.http import Call

POSTS_AT_ONCE = 100
TRANSACTIONS_AT_ONCE = 2
"""While one waits, be it for a tip's lock, the other goes on."""


@dataclass(frozen=True, slots=True, eq=False)
class Post:
    """A submission, the request it came with, and what will become of it."""

    call: Call
    submission: Submission
    taken: asyncio.Future[Taken] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


Store = Callable[[Sequence[Post]], Awaitable[Sequence[Taken]]]


async def store_posts(posts: Sequence[Post]) -> Sequence[Taken]:
    """Store posts in one transaction, and return what became of each."""
    edge = posts[0].call.edge
    async with edge.transaction() as transaction:
        given = [Given(post.submission, post.call.context) for post in posts]
        return await take_tips(transaction, given, clock=edge.clock, outbox=edge.outbox)


class TipDesk:
    """Whoever has a transaction's turn takes along all that wait behind; alone, a post waits for nobody."""

    def __init__(self, store: Store = store_posts) -> None:
        self._store = store
        self._line: list[Post] = []
        self._turns = asyncio.Semaphore(TRANSACTIONS_AT_ONCE)

    async def take(self, post: Post) -> Taken:
        """Return what became of a post once that is committed; raises what keeps this very one from it."""
        self._line.append(post)
        try:
            async with self._turns:
                while post in self._line:
                    together, self._line = self._line[:POSTS_AT_ONCE], self._line[POSTS_AT_ONCE:]
                    await self._take(together)
            return await post.taken
        finally:
            if post in self._line:
                self._line.remove(post)

    async def _take(self, posts: Sequence[Post]) -> None:
        """Answer all. When the fault may be one of them's, each is taken by itself, so that none fails for another."""
        try:
            found = await self._store(posts)
        except asyncio.CancelledError:
            _refuse(posts, Unavailable("the process is ending; send it again"))
            raise
        except TRANSIENT as error:
            _refuse(posts, error)
        # Whatever else it was, it is told to those whom it concerns.
        except Exception as error:  # noqa: BLE001
            if len(posts) == 1:
                _refuse(posts, error)
                return
            for post in posts:
                await self._take([post])
        else:
            for post, taken in zip(posts, found, strict=True):
                if not post.taken.done():
                    post.taken.set_result(taken)


def _refuse(posts: Sequence[Post], error: Exception) -> None:
    for post in posts:
        if not post.taken.done():
            post.taken.set_exception(error)
            # Asked for here, since who was cancelled in the meantime never will.
            post.taken.exception()
