"""Reports that a source names as related to its own: who it says belongs together, as values that tips hold.

A report is known by its source and that source's reference. Where a tip names one, the two hold it, and so do others
that name it. Only what is named is held: that two sources number alike says nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.linker.domain.evidence import Holding, Key

REFERENCE = "reference"


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
    if references.is_named:
        yield Key(REFERENCE, references.source_ref, references.source)
    for source_ref in sorted(references.named):
        source = _meant(references.source, references.named[source_ref])
        if source is not None:
            yield Key(REFERENCE, source_ref, source)


def _meant(source: str, sources: Collection[str]) -> str | None:
    """Return whose reference a tip of `source` names, None where it may be that of several.

    Its own source's comes first. What nobody here has is taken for that too: it may be an older report.
    """
    if source in sources or not sources:
        return source
    return next(iter(sources)) if len(sources) == 1 else None
