"""A turn: one transaction's time at the graph, with what every use case needs while it lasts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from services.linker.domain.deconflict import Contact, Unit
from services.linker.domain.model import Model
from services.linker.domain.rules import Rules
from services.linker.handlers.announce import Announcer
from services.linker.store import graph, models
from shared.clock import Clock
from shared.db.pool import Connection
from shared.events.envelope import Context
from shared.kafka.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Deconfliction:
    """For how long a look-up or a notice counts, and whom to call at units that are no field office."""

    window: timedelta = timedelta(days=90)
    contacts: Mapping[Unit, Contact] = field(default_factory=dict)


@dataclass(slots=True)
class Desk:
    """What the use cases are given once, when the process starts; and the newest model, kept while it is that."""

    clock: Clock
    outbox: Outbox
    rules: Rules
    deconfliction: Deconfliction = field(default_factory=Deconfliction)
    _number: int | None = None
    _model: Model | None = None

    async def model(self, transaction: Connection) -> Model:
        """Return the model that counts now."""
        number = await models.find_model_number(transaction, self.rules)
        if self._model is None or number != self._number:
            self._number = number
            self._model = Model(rules=self.rules)
            if number is not None:
                self._model = await models.load_model(transaction, number, self.rules)
        return self._model


@dataclass(frozen=True, slots=True)
class Causes:
    """What led to the changes of a turn, as far as it is known by tip (of notices, also by look-up)."""

    by_tip: Mapping[UUID, Context]
    otherwise: Context

    def of(self, tip_ids: Iterable[UUID]) -> Context:
        """Return what happened to the first of the tips that something happened to."""
        return next((self.by_tip[tip_id] for tip_id in tip_ids if tip_id in self.by_tip), self.otherwise)


@dataclass(frozen=True, slots=True)
class Turn:
    """The transaction holds the graph's lock: nobody else decides, and all that was decided before is seen."""

    transaction: Connection
    clock: Clock
    model: Model
    causes: Causes
    announcer: Announcer


async def begin_turn(transaction: Connection, desk: Desk, causes: Causes) -> Turn:
    """Return the transaction's turn as soon as the one before is over."""
    await graph.lock_graph(transaction)
    model = await desk.model(transaction)
    return Turn(transaction, desk.clock, model, causes, Announcer(desk.clock, desk.outbox))


async def end_turn(turn: Turn) -> None:
    """Store the turn's events."""
    await turn.announcer.publish(turn.transaction)
