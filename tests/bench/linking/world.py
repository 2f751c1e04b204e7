"""What a world is: tips as their sources would post them, in order of arrival, and who is behind each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class World:
    """Tips of one kind of world, drawn from a seed.

    `tips` are bodies of `POST /v1/tips`, in order of arrival; a tip's name is (source, source_ref), unique here.
    `actors` names the offender behind each tip, in the same order. A tip whose subject nobody could tell has an actor
    of its own.
    """

    kind: str
    seed: int
    tips: Sequence[dict[str, Any]]
    actors: Sequence[str]
