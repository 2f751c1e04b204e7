"""What of a tip is projected: its subjects, and of each what a look-up can ask for.

The role firewall stands here: whoever is not a subject (victim, reporter, recipient, witness, holder of a hijacked
account) never becomes a record, so that no later mistake can make them answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from services.query.domain.evidence import HeldKey
from services.query.domain.words import Name, readings_of
from shared.events.intake import GivenIdentifier, Party
from shared.identifiers import normalise_identifier, parse_birth_date
from shared.identifiers.identifier import NO_SERVICE

ANSWERABLE_ROLE = "subject"
KEY_TYPES = frozenset({"email", "username", "phone", "document"})
NAMES_MAX = 20
"""Names of one party that are looked at."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject party as it is kept. Names without a readable word are left out.

    `research_id` names the research result that gave the party; None for one of the tip's own.
    """

    record_id: UUID
    tip_id: UUID
    research_id: UUID | None
    names: tuple[Name, ...]
    birth_date: str | None
    keys: tuple[HeldKey, ...]


def subjects_of(tip_id: UUID, parties: Iterable[Party], *, research_id: UUID | None = None) -> list[Subject]:
    """Return the subjects among the parties, in their order."""
    return [_subject(tip_id, party, research_id) for party in parties if party.role == ANSWERABLE_ROLE]


def _subject(tip_id: UUID, party: Party, research_id: UUID | None) -> Subject:
    names = [Name(name, readings) for name in party.names[:NAMES_MAX] if (readings := readings_of(name))]
    return Subject(
        record_id=party.party_id,
        tip_id=tip_id,
        research_id=research_id,
        names=tuple(names),
        birth_date=_readable(party.birth_date),
        keys=tuple(dict.fromkeys(_keys(party.identifiers))),
    )


def _keys(identifiers: Iterable[GivenIdentifier]) -> Iterator[HeldKey]:
    """Yield what can be looked for: readable, and not what everybody writes who has nothing to write."""
    for given in identifiers:
        if given.type not in KEY_TYPES:
            continue
        found = normalise_identifier(
            given.type, given.value, service=given.service, region=given.region, country=given.country
        )
        # A user name without its service links nothing, but may be asked for.
        if found is not None and (found.links or found.reason == NO_SERVICE):
            yield HeldKey(found.type, found.exact, found.canonical, found.scope)


def _readable(birth_date: str | None) -> str | None:
    """Return the birth date in its one spelling; None when there is none, or it cannot be compared."""
    if birth_date is None:
        return None
    try:
        return str(parse_birth_date(birth_date))
    except ValueError:
        return None
