"""Chance from a seed, and numbers that are given out once. Nothing here knows what a tip is."""

from collections.abc import Sequence
from math import gcd
from random import Random
from typing import TypeVar

T = TypeVar("T")

_GOLDEN = 0.6180339887498949


class Chance:
    """Draws from one seeded sequence.

    Python promises for `Random.random` alone that a seed gives the same sequence in every version, so every other
    draw is made from it here.
    """

    __slots__ = ("_draw",)

    def __init__(self, seed: int) -> None:
        self._draw = Random(seed).random  # noqa: S311 - invented data, nothing is kept secret by it

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1."""
        return int(self._draw() * limit)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._draw() * (high - low + 1))

    def percent(self, share: float) -> bool:
        """Return true in `share` of a hundred cases."""
        return self._draw() * 100 < share

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, each as likely as the next."""
        return items[int(self._draw() * len(items))]


def slots(**shares: int) -> tuple[str, ...]:
    """Return each name as often as its share says, so that `Chance.pick` draws it that often."""
    return tuple(name for name, share in shares.items() for _ in range(share))


class Register:
    """Gives out numbers, each once in its space, in an order that looks like chance.

    This is what makes two strangers share nothing at any size, with no memory of what was given out: a space needs
    three integers. Where a space begins depends on the seed.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._spaces: dict[str, tuple[int, int, int]] = {}

    def issue(self, space: str, size: int) -> int:
        """Return a number from 0 to `size` - 1 that this space has not given out before.

        Raises:
            OverflowError: all `size` numbers of the space are given out.
        """
        first, stride, given = self._spaces.get(space) or (self._chance.below(size), _stride(size), 0)
        if given == size:
            raise OverflowError(f"the invented world has used up its {size} numbers of the kind {space!r}")
        self._spaces[space] = (first, stride, given + 1)
        return (first + given * stride) % size


def _stride(size: int) -> int:
    """Return a step that visits every number below `size` before it comes back to the first."""
    stride = max(1, int(size * _GOLDEN))
    while gcd(stride, size) != 1:
        stride += 1
    return stride
