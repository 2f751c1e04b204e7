"""Look up the passengers of a list: all of them when that is asked for, and those again whom something may concern.

Each step is one transaction that takes passengers, answers and says that they are done: whatever a step was interrupted
in is done by the next, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import UUID

from services.query.domain.answer import Answer
from services.query.domain.grade import find_matches
from services.query.domain.manifest import askable
from services.query.domain.question import Asked, Question, read_question
from services.query.domain.sight import Asker
from services.query.domain.telling import Change, Telling, compare, told_of
from services.query.handlers.desk import Desk
from services.query.handlers.lookups import find_answers, keep_answers
from services.query.store import alerts, manifests, passengers, people, touched
from services.query.store.alerts import Alert
from services.query.store.lookups import Reason
from services.query.store.manifests import Flight, Waiting
from shared.db.pool import Connection
from shared.events.activity import (
    AlertChange,
    AlertPersonal,
    AlertRaisedV1,
    AlertTelling,
    ManifestScreenedV1,
)
from shared.events.envelope import Actor, Context, Event

PURPOSE = "traveller_targeting"
PASSENGERS_AT_ONCE = 100
MATCHES_MAX = 10
"""Of one passenger; as many as a look-up gives unasked."""
TIPS_AT_ONCE = 20
CHANGES_TOLD_MAX = 100
SERVICE = "query"


@dataclass(frozen=True, slots=True)
class Patience:
    """When a touched tip is looked at: so that its events, which come on several topics, are told of once.

    `quiet_for`: so long nothing of it changed. `waited_max`: so long ago it was first touched, quiet or not.
    `unclustered_max`: a tip whose cluster the linker has yet to tell waits so long at most, since until then nobody can
    know whether it is part of a silent lead.
    """

    quiet_for: timedelta = timedelta(seconds=1)
    waited_max: timedelta = timedelta(seconds=3)
    unclustered_max: timedelta = timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A passenger, the answer of now, what of it is news, and what is told from now on."""

    passenger: Waiting
    question: Question
    answer: Answer
    changes: Sequence[Change]
    told: Mapping[UUID, Telling]


@dataclass(frozen=True, slots=True)
class Step:
    """How many passengers were looked at, and of each alert about a touched one how long it took since, in seconds."""

    passenger_count: int
    delays_s: Sequence[float] = ()


async def screen_some(desk: Desk, transaction: Connection) -> Step:
    """Look up some passengers who wait, on behalf of whoever asked for it, and tell when they were the last."""
    waiting = await manifests.take_waiting(transaction, count_max=PASSENGERS_AT_ONCE)
    if not waiting:
        return Step(0)
    assert waiting[0].screening_id is not None
    screening = await manifests.get_screening(transaction, waiting[0].screening_id)
    flight = await manifests.get_flight(transaction, waiting[0].manifest_id)
    asker = Asker(
        screening.context.actor.id if screening.context.actor else SERVICE,
        flight.submitter.agency,
        flight.submitter.office,
    )
    started_at = desk.clock.now()
    compared = await _compare(desk, transaction, flight, waiting)
    step = await _keep(desk, transaction, flight, asker, screening.context, compared, since=started_at)
    await manifests.set_done(transaction, [passenger.passenger_no for passenger in waiting])
    if await manifests.count_down(transaction, screening.screening_id, len(waiting)) == 0:
        payload = ManifestScreenedV1(
            manifest_id=waiting[0].manifest_id,
            screening_id=screening.screening_id,
            requested_at=screening.requested_at,
            passenger_count=flight.passenger_count,
        )
        await desk.announce(transaction, screening.context, waiting[0].manifest_id, payload)
    return step


async def sweep_some(desk: Desk, transaction: Connection) -> Step:
    """Look up some touched passengers again; nothing is kept or told of an answer that says the same as before.

    An answer with a tip that the newest one lacks, since it was silent then, is kept too: it is no news when it was
    told before, but it is to be read of the passenger again.
    """
    taken = await manifests.take_touched(transaction, count_max=PASSENGERS_AT_ONCE)
    if not taken:
        return Step(0)
    await manifests.set_done(transaction, [passenger.passenger_no for passenger in taken])
    flight = await manifests.get_flight(transaction, taken[0].manifest_id)
    started_at = desk.clock.now()
    if started_at >= flight.ends_at:
        return Step(len(taken))
    asker = Asker(SERVICE, flight.submitter.agency, flight.submitter.office)
    actor = Actor(id=SERVICE, kind="service", agency=asker.agency, office=asker.office)
    context = Context(actor, desk.clock.new_id())
    compared = await _compare(desk, transaction, flight, taken)
    shown = await manifests.find_shown(transaction, [each.passenger_no for each in taken])
    kept = [
        each for each in compared if each.changes or told_of(each.answer).keys() - shown[each.passenger.passenger_no]
    ]
    step = await _keep(desk, transaction, flight, asker, context, kept, since=started_at)
    return Step(len(taken), step.delays_s)


async def find_touched(desk: Desk, transaction: Connection, patience: Patience) -> int:
    """Find the passengers whom some touched tips may concern; return how many tips that were."""
    tips = await touched.take_quiet(
        transaction,
        quiet_for=patience.quiet_for,
        waited_max=patience.waited_max,
        unclustered_max=patience.unclustered_max,
        count_max=TIPS_AT_ONCE,
    )
    if tips:
        found = await _find_passengers(desk, transaction, [tip_id for tip_id, _ in tips])
        await touched.touch_passengers(transaction, found, since=min(first_at for _, first_at in tips))
    return len(tips)


async def _find_passengers(desk: Desk, transaction: Connection, tip_ids: Sequence[UUID]) -> list[int]:
    """Return the passengers whose answers a change of these tips can change, in ascending order.

    A record that would not answer for a passenger by itself, and whose person they are not told of, changes nothing.
    """
    found = await passengers.find_concerned(transaction, tip_ids)
    today = desk.clock.now().date()
    questions: dict[int, Question | None] = {}
    for number, asked, record in await passengers.find_named(transaction, tip_ids):
        if number not in found:
            if number not in questions:
                questions[number] = _question_of(asked, today)
            question = questions[number]
            if question is not None and find_matches(question, [record]):
                found.add(number)
    return sorted(found)


async def _compare(desk: Desk, transaction: Connection, flight: Flight, waiting: Sequence[Waiting]) -> list[_Compared]:
    """Answer as the submitting agency may be answered, and compare each answer with what was told before."""
    today = desk.clock.now().date()
    readable = [(each, question) for each in waiting if (question := _question_of(each.asked, today))]
    questions = [question for _, question in readable]
    sight = flight.submitter.sight
    before = await manifests.find_told(transaction, [passenger.passenger_no for passenger in waiting])
    tip_ids = list({tip_id for told in before.values() for tip_id in told})
    # Before and after the answers: what becomes silent meanwhile, or speaks again, is no news either.
    silent = await people.find_silent(transaction, tip_ids, sight)
    answers = await find_answers(desk, transaction, sight, questions, matches_max=[MATCHES_MAX] * len(questions))
    silent |= await people.find_silent(transaction, tip_ids, sight)
    return [
        _Compared(passenger, question, answer, *compare(before[passenger.passenger_no], answer, silent=silent))
        for (passenger, question), answer in zip(readable, answers, strict=True)
    ]


def _question_of(asked: Asked, today: date) -> Question | None:
    """Return what is looked for of a passenger, None when nothing.

    A list lives for days, and a later release may understand less than the one that took it.
    """
    still, _ = askable(asked, today=today)
    return read_question(still, today=today) if still else None


async def _keep(
    desk: Desk,
    transaction: Connection,
    flight: Flight,
    asker: Asker,
    context: Context,
    compared: Sequence[_Compared],
    *,
    since: datetime,
) -> Step:
    """Keep answers, each with its event, and what is told from now on; raise alerts about those that are news."""
    if not compared:
        return Step(0)
    now = desk.clock.now()
    given = [(each.question, each.answer) for each in compared]
    await keep_answers(desk, transaction, asker, context, Reason(PURPOSE, flight.flight), given, since=since)
    await manifests.save_told(
        transaction,
        {each.passenger.passenger_no: each.told for each in compared},
        {each.passenger.passenger_no: each.answer.lookup_id for each in compared},
    )
    is_live = now < flight.ends_at
    news = [each for each in compared if is_live and each.passenger.lookup_id is not None and each.changes]
    await _raise_alerts(desk, transaction, flight, context, news)
    delays = [(now - each.passenger.touched_at).total_seconds() for each in news if each.passenger.touched_at]
    return Step(len(compared), delays)


async def _raise_alerts(
    desk: Desk, transaction: Connection, flight: Flight, context: Context, news: Sequence[_Compared]
) -> None:
    if not news:
        return
    manifest_id, agency = news[0].passenger.manifest_id, flight.submitter.agency
    raised = [
        Alert(
            desk.clock.new_id(),
            each.passenger.passenger_no,
            each.passenger.traveller_ref,
            each.answer.lookup_id,
            each.changes,
        )
        for each in news
    ]
    await alerts.add_alerts(transaction, raised, manifest_id=manifest_id, agency=agency, raised_at=desk.clock.now())
    await desk.outbox.publish(
        transaction, [_alert_raised(desk, context, alert, manifest_id, agency) for alert in raised]
    )


def _alert_raised(desk: Desk, context: Context, alert: Alert, manifest_id: UUID, agency: str) -> Event:
    payload = AlertRaisedV1(
        alert_id=alert.alert_id,
        agency=agency,
        manifest_id=manifest_id,
        lookup_id=alert.lookup_id,
        changes=[
            AlertChange(tip_id=change.tip_id, before=_said(change.before), after=_said(change.after))
            for change in islice(alert.changes, CHANGES_TOLD_MAX)
        ],
        change_count=len(alert.changes),
        personal=AlertPersonal(traveller_ref=alert.traveller_ref),
    )
    return desk.event(context, alert.alert_id, payload)


def _said(telling: Telling | None) -> AlertTelling | None:
    if telling is None:
        return None
    return AlertTelling(grade=telling.grade, relevant=telling.relevant, investigation=telling.investigation)
