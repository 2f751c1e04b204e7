"""Disjoint sets of numbers that only grow together, and such as refuse to take in a foe."""

from collections import defaultdict
from collections.abc import Iterable


class Groups:
    """Disjoint sets of the numbers 0..count-1; a group's root is its smallest member."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, member: int) -> int:
        parent = self._parent
        while parent[member] != member:
            parent[member] = member = parent[parent[member]]
        return member

    def join(self, left: int, right: int) -> tuple[int, int]:
        """Join two groups; return the root that stays and the one that goes (the same when nothing happened)."""
        stays, goes = sorted((self.find(left), self.find(right)))
        self._parent[goes] = stays
        return stays, goes


class PartedGroups(Groups):
    """Groups that refuse to take in a foe of one of their members."""

    def __init__(self, count: int, foes: Iterable[tuple[int, int]]) -> None:
        super().__init__(count)
        self._foes: defaultdict[int, set[int]] = defaultdict(set)
        for left, right in foes:
            self._foes[left].add(right)
            self._foes[right].add(left)

    def try_join(self, left: int, right: int) -> bool:
        """Join two groups unless foes would meet; return whether the two are together now."""
        stays, goes = self.find(left), self.find(right)
        if goes in self._foes[stays]:
            return False
        stays, goes = self.join(stays, goes)
        if stays != goes:
            for foe in self._foes.pop(goes, set()):
                self._foes[foe].remove(goes)
                self._foes[foe].add(stays)
                self._foes[stays].add(foe)
        return True
