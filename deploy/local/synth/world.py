"""The invented world: actors who come back, strangers who do not, and a stream of tips about both."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from deploy.local.synth.chance import Chance, Register
from deploy.local.synth.manners import MANNERS, SOURCES_ABROAD, SOURCES_AT_HOME, Manner
from deploy.local.synth.names import STRANGERS
from deploy.local.synth.people import Identifier, Person, draw_identifier, draw_person
from deploy.local.synth.places import FOREIGN_PLACES, US_PLACES, Place
from deploy.local.synth.tips import GENERIC_IDENTIFIERS, VIRAL_FILES, Case, TipWriter

START = datetime(2026, 2, 2, 6, 0, tzinfo=UTC)
GAP = timedelta(seconds=20)
"""Mean time between two tips. A million tips last 231 days; the real national stream is about ten times as dense."""
NOISE_SHARE = 0.6
SEED_MAX = 10**9 - 1

_ACTORS_AT_ONCE_MIN = 6
_ACTORS_AT_ONCE_MAX = 1_000
_TIPS_PER_ACTOR = ((50, 1, 1), (70, 2, 2), (80, 3, 3), (92, 4, 6), (98, 7, 12), (100, 13, 40))
"""(per cent of actors up to here, fewest tips, most tips): half are seen once, one in fifty more than a dozen times."""

_TRAVELLER_AMONG = 500


@dataclass(frozen=True, slots=True)
class SyntheticTip:
    """A tip and what its writer cannot know: who is behind it, and what an analyst would decide."""

    tip: dict[str, Any]
    """The body of `POST /v1/tips`, ready for JSON."""
    actor_id: str | None
    """Who is behind it; None is a stranger or nobody, who turns up in no other tip."""
    source: str
    account: str
    actionable: bool

    @property
    def source_ref(self) -> str:
        """The source's own reference; no two tips of a world share one."""
        return str(self.tip["source_ref"])


@dataclass(frozen=True, slots=True)
class Traveller:
    """A person as an officer types them: name in capitals, surname first; birth date `YYYY-MM-DD`."""

    name: str
    birth_date: str
    email: str
    actor_id: str | None
    """None when the person is in no tip."""
    source_refs: tuple[str, ...] = ()
    """Tips that give name, full birth date and e-mail address together; all actionable."""


@dataclass(slots=True)
class _Actor:
    actor_id: str
    person: Person
    tips_left: int
    known: list[Identifier] = field(default_factory=list)
    """Identifiers that earlier tips gave; each further tip repeats one of them, so that the truth can be found."""
    files: tuple[int, ...] = ()
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The last two references of each source."""


def generate(
    seed: int, count: int, *, start: datetime = START, gap: timedelta = GAP, noise_share: float = NOISE_SHARE
) -> Iterator[SyntheticTip]:
    """Return `count` tips, one by one, in the order of `reported_at`.

    The same arguments give the same tips on every machine and Python; a shorter count is the beginning of a longer one;
    `start` and `gap` move only times and references' years. Memory does not grow with `count`.

    Args:
        seed: 0 to `SEED_MAX`; two seeds share no reference and, by overwhelming odds, no identifier but the generic.
        count: how many tips, 0 or more.
        start: when the first is reported, with its zone.
        gap: mean time between two.
        noise_share: share of tips with no actor behind them, 0.0 to 1.0; the bench lowers it to link more.

    Raises:
        ValueError: an argument is out of its range; raised at the call, not at the first tip.
    """
    if count < 0:
        raise ValueError(f"a count of tips is 0 or more, not {count}")
    return (made for made, _ in islice(_World(seed, start, gap, noise_share).reports(), count))


def truth(tips: Iterable[SyntheticTip]) -> dict[str, list[str]]:
    """Return for each actor the `source_ref` of every tip they are behind, in the order of the tips."""
    found: dict[str, list[str]] = {}
    for made in tips:
        if made.actor_id:
            found.setdefault(made.actor_id, []).append(made.source_ref)
    return found


def traveller(seed: int) -> tuple[Traveller, Traveller]:
    """Return a traveller who is a subject in the data, and one who is not, whatever the count.

    The first is in `generate(seed, count)` with the standard `noise_share` for every count from 500 on: among the
    actors whom one actionable tip gives with name, full birth date and e-mail address, the one with the most tips.

    Raises:
        LookupError: no actor of this seed fits; none of the first 1,000 seeds fails so.
    """
    reports = list(islice(_World(seed, START, GAP, NOISE_SHARE).reports(), _TRAVELLER_AMONG))
    tip_count = {actor_id: len(refs) for actor_id, refs in truth(made for made, _ in reports).items()}
    found: dict[str, Traveller] = {}
    for made, person in reports:
        if made.actor_id and person and made.actionable and (email := _email_beside_name(made, person)):
            earlier = found.get(made.actor_id)
            refs = (*(earlier.source_refs if earlier else ()), made.source_ref)
            found[made.actor_id] = Traveller(person.name.as_on_passport, person.birth_date, email, made.actor_id, refs)
    if not found:
        raise LookupError(f"seed {seed} has no actor whom one tip names fully; take another seed")
    known = found[max(found, key=lambda actor_id: (tip_count[actor_id], actor_id))]
    return known, _stranger(seed)


class _World:
    """One run of invented history. The count of draws for a tip depends only on earlier draws, never on the clock."""

    def __init__(self, seed: int, start: datetime, gap: timedelta, noise_share: float) -> None:
        if not 0 <= seed <= SEED_MAX:
            raise ValueError(f"a seed is a whole number from 0 to {SEED_MAX}, not {seed}")
        if start.tzinfo is None:
            raise ValueError("start needs a time zone")
        if gap < timedelta(0):
            raise ValueError("time runs forward: the gap between two tips cannot be negative")
        if not 0 <= noise_share <= 1:
            raise ValueError(f"a share runs from 0.0 to 1.0, not {noise_share}")
        self._seed = seed
        self._now = start.astimezone(UTC)
        self._gap_s = gap.total_seconds()
        self._noise_percent = 100 * noise_share
        self._chance = Chance(seed)
        self._register = Register(self._chance)
        self._writer = TipWriter(self._chance, self._register, seed)
        self._serial = 0
        self._actors: list[_Actor] = []
        self._actor_count = 0
        self._actor_tip_count = 0

    def reports(self) -> Iterator[tuple[SyntheticTip, Person | None]]:
        """Yield tips without end, each with the person it is about, if it knows one."""
        while True:
            self._serial += 1
            if self._chance.percent(self._noise_percent):
                yield self._lone_tip()
            else:
                yield self._actor_tip()
            self._now += timedelta(seconds=2 * self._gap_s * self._chance.below(1_000) / 1_000)

    def _actor_tip(self) -> tuple[SyntheticTip, Person]:
        chance, actor = self._chance, self._next_actor()
        manner = self._manner(actor.person)
        shown = self._show(actor, manner)
        place = self._place(actor.person.home, manner)
        reference = self._reference(manner, place)
        earlier = actor.references.get(manner.source, ())
        actor.references[manner.source] = (*earlier, reference)[-2:]
        case = Case(
            reference=reference,
            reported_at=self._now,
            incident_type=chance.pick(manner.incident_types),
            place=place,
            is_actionable=chance.percent(85),
            subject=actor.person,
            shown=shown,
            generic=chance.pick(GENERIC_IDENTIFIERS) if chance.percent(4) else None,
            files=self._files(manner, actor.files),
            related_refs=earlier if earlier and chance.percent(manner.related_percent) else (),
        )
        return self._made(case, manner, actor.actor_id), actor.person

    def _lone_tip(self) -> tuple[SyntheticTip, Person | None]:
        chance = self._chance
        person = draw_person(chance, self._register)
        manner = self._manner(person)
        place = self._place(person.home, manner)
        kind = chance.below(100)
        is_nobody = kind < 7
        shown = tuple(one for one in person.identifiers if one.type in manner.identifier_types)
        case = Case(
            reference=self._reference(manner, place),
            reported_at=self._now,
            incident_type=chance.pick(manner.incident_types),
            place=place,
            is_actionable=chance.percent(35) and not is_nobody and bool(shown),
            subject=None if is_nobody else person,
            shown=shown,
            is_hijacked=manner.is_verifying and kind > 93,
            generic=chance.pick(GENERIC_IDENTIFIERS) if chance.percent(12) else None,
            files=self._files(manner, ()),
        )
        return self._made(case, manner, None), case.subject

    def _next_actor(self) -> _Actor:
        """Return one of the actors in play, or a new one; the more tips there were, the more actors play at once."""
        chance = self._chance
        room = min(_ACTORS_AT_ONCE_MAX, _ACTORS_AT_ONCE_MIN + self._actor_tip_count // 20)
        self._actor_tip_count += 1
        if len(self._actors) < room:
            self._actors.append(self._new_actor())
            index = len(self._actors) - 1
        else:
            index = chance.below(len(self._actors))
        actor = self._actors[index]
        actor.tips_left -= 1
        if not actor.tips_left:
            self._actors[index] = self._actors[-1]
            self._actors.pop()
        return actor

    def _new_actor(self) -> _Actor:
        chance = self._chance
        self._actor_count += 1
        draw = chance.below(100)
        fewest, most = next((low, high) for up_to, low, high in _TIPS_PER_ACTOR if draw < up_to)
        person = draw_person(chance, self._register)
        files = tuple(self._register.issue("file", 2**48) for _ in range(chance.below(4)))
        return _Actor(f"actor-{self._seed}-{self._actor_count:06d}", person, chance.between(fewest, most), files=files)

    def _show(self, actor: _Actor, manner: Manner) -> tuple[Identifier, ...]:
        """Return what this tip gives of the actor: one thing that an earlier tip gave, and perhaps more."""
        chance = self._chance
        usual = [one for one in actor.person.identifiers if one.type in manner.identifier_types]
        if not actor.known:
            anchor = chance.pick(usual or actor.person.identifiers)
        else:
            anchor = chance.pick([one for one in actor.known if one in usual] or actor.known)
        shown = (anchor, *(one for one in usual if one is not anchor and chance.percent(55)))
        actor.known.extend(one for one in shown if one not in actor.known)
        return shown

    def _manner(self, person: Person) -> Manner:
        return MANNERS[self._chance.pick(SOURCES_AT_HOME if person.home.country == "US" else SOURCES_ABROAD)]

    def _place(self, home: Place, manner: Manner) -> Place:
        """Return where it happened: mostly at home; abroad for a source abroad, wherever the person lives."""
        chance = self._chance
        if manner.is_abroad and (home.country == "US" or chance.percent(15)):
            return chance.pick(FOREIGN_PLACES)
        if home.country == "US" and chance.percent(12):
            return chance.pick(US_PLACES)
        return home

    def _reference(self, manner: Manner, place: Place) -> str:
        region = place.country if manner.is_abroad or not place.region else place.region
        return manner.reference.format(year=self._now.year, seed=self._seed, region=region, serial=self._serial)

    def _files(self, manner: Manner, own: tuple[int, ...]) -> tuple[int, ...]:
        chance = self._chance
        if not chance.percent(manner.files_percent):
            return ()
        if chance.percent(8):
            return (chance.pick(VIRAL_FILES),)
        if own and chance.percent(60):
            return (chance.pick(own),)
        return tuple(self._register.issue("file", 2**48) for _ in range(chance.between(1, 2)))

    def _made(self, case: Case, manner: Manner, actor_id: str | None) -> SyntheticTip:
        tip = self._writer.write(case, manner)
        return SyntheticTip(tip, actor_id, manner.source, manner.account, case.is_actionable)


def _email_beside_name(made: SyntheticTip, person: Person) -> str | None:
    """Return the subject's address if the tip gives it with the usual spelling of the name and a full birth date."""
    parties: list[dict[str, Any]] = made.tip.get("parties", [])
    subject = next((party for party in parties if party["role"] == "subject"), {})
    if person.name.plain not in subject.get("names", ()) or subject.get("birth_date") != person.birth_date:
        return None
    own = {one.value for one in person.identifiers if one.type == "email"}
    given = {one["value"].lower() for one in subject.get("identifiers", ()) if one["type"] == "email"}
    return min(own & given, default=None)


def _stranger(seed: int) -> Traveller:
    """Return a traveller of names that no tip carries, with an address of a world of their own."""
    chance = Chance(SEED_MAX - seed)
    register = Register(chance)
    person = draw_person(chance, register, culture=STRANGERS)
    email = draw_identifier("email", person.name, person.home, chance, register)
    return Traveller(person.name.as_on_passport, person.birth_date, email.value, None)
