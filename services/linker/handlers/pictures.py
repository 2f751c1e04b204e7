"""The second stage: near copies of pictures, looked for beside what arrives, since no equal key leads to them.

A batch stores only which pictures its tips show, and lets their hashes wait (`store.pictures.replace_pictures`). Here
they are searched for, while others decide about the graph; only to write down what was found takes a turn at it. What
is written is a function of the pictures there are: whatever dies, what waits is looked at again, and twice is harmless.
"""

from services.linker.domain.known_hashes import KnownHashes
from services.linker.domain.pictures import cap_of
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, begin_turn, end_turn
from services.linker.store import near
from services.linker.store.pictures import find_near
from shared.db.pool import Connection
from shared.events.envelope import Context

HASHES_AT_ONCE = 25
"""At 1,000,000 hashes that is a search of 25 ms of computing."""


async def look_at_some(transaction: Connection, desk: Desk, known: KnownHashes) -> int:
    """Look at some of the hashes that wait; return how many, 0 when none waits or somebody else is looking.

    `known` holds what this process has read of the hashes so far, and is given what came since.

    Leads whose tips other tips show near copies of than before are brought in line. The links of a tip need nothing:
    they are read off what is stored here, and a near copy is too weak to be told as news.
    """
    waiting = await near.list_waiting(transaction, count_max=HASHES_AT_ONCE) if await near.try_lock(transaction) else []
    if not waiting:
        return 0
    cap = cap_of(desk.rules)
    unknown = [each.pdq for each in waiting if each.is_unknown]
    found = await find_near(transaction, known, unknown, crowd_min=cap + 1)
    turn = await begin_turn(transaction, desk, Causes({}, Context(None, desk.clock.new_id())))
    await settle(turn, await near.save_near(transaction, waiting, found, cap=cap))
    await end_turn(turn)
    return len(waiting)
