"""Who holds which value, read off holdings as the store reads it in SQL."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from services.linker.domain.evidence import Holding, Key
from services.linker.domain.links import Held, Holders, gather


def holders_of(holdings: Iterable[Holding]) -> dict[Key, Holders]:
    """Return who holds each value and may link by it, and how."""
    found = defaultdict[Key, list[tuple[UUID, Held]]](list)
    for each in holdings:
        if each.links:
            held = Held((each.exact,), is_researched=each.origin == "research", is_verified=each.is_verified)
            found[each.key].append((each.tip_id, held))
    return {key: gather(held) for key, held in found.items()}
