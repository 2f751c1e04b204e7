"""What a route finds in its call: the desk that the use cases are given."""

from services.query.handlers.desk import Desk
from shared.http import Call

BODY_BYTES_MAX = 64 * 1024


def desk_of(call: Call) -> Desk:
    """Return the desk that the process was given."""
    desk: Desk = call.edge.parts
    return desk
