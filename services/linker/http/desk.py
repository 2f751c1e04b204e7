"""What a route finds in its call: the desk that the use cases are given, and who decides."""

from services.linker.handlers.decide import Decider
from services.linker.handlers.turn import Desk
from shared.http import Call

BODY_BYTES_MAX = 16 * 1024


def desk_of(call: Call) -> Desk:
    """Return the desk that the process was given."""
    desk: Desk = call.edge.parts
    return desk


def decider_of(call: Call) -> Decider:
    """Return the caller as the one who decides."""
    return Decider(call.principal.id, call.context)
