"""Reports that a source names as related to its own: who it says belongs together, as values that tips hold.

A report is known by its source and that source's reference. Where a tip names one, the two hold it, and so do others
that name it. Only what is named is held: that two sources number alike says nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.linker.domain.evidence import Holding, Key
from shared.identifiers.text import fold, is_placeholder, tidy

REFERENCE = "reference"
DIGITS = frozenset("123456789")
"""References by themselves, though one sign over and over otherwise stands for none."""


@dataclass(frozen=True, slots=True)
class References:
    """What a tip is known by, whether another names that, and what it names itself.

    `named`: for each reference that the tip names, the sources that have a tip under it.
    """

    source: str
    source_ref: str
    is_named: bool = False
    named: Mapping[str, Collection[str]] = field(default_factory=dict)


def references_of(tip_id: UUID, references: References) -> tuple[Holding, ...]:
    """Return the reports that a tip is or names, each once, its own first."""
    keys = dict.fromkeys(_keys(references))
    return tuple(
        Holding(tip_id, key, key.value, "report", None, "tip", False, False, links=True, reason="") for key in keys
    )


def _keys(references: References) -> Iterator[Key]:
    if references.is_named and _is_reference(references.source_ref):
        yield Key(REFERENCE, references.source_ref, references.source)
    for source_ref in filter(_is_reference, sorted(references.named)):
        sources = set(references.named[source_ref])
        if source_ref == references.source_ref:
            # Nobody names itself: an agency that passes a report on may keep its number, and says so.
            sources.discard(references.source)
            if not sources:
                continue
        yield Key(REFERENCE, source_ref, _meant(references.source, sources))


def _meant(source: str, sources: Collection[str]) -> str:
    """Return whose reference a tip of `source` names: its own source's, unless only one other has a tip under it.

    What nobody here has may be an older report; and by what several others have, two of one source still mean the same.
    """
    return source if source in sources or len(sources) != 1 else next(iter(sources))


def _is_reference(source_ref: str) -> bool:
    """Return whether a reference is one, and not what is written where there is none."""
    text = fold(tidy(source_ref))
    return text in DIGITS or (bool(text) and not is_placeholder(text))
