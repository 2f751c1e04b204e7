"""What the linker consumes: facts of other services, turned into its own words and applied batch by batch."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from services.linker.domain.deconflict import CEIU, IDLE_PURPOSES, Contact, LookUp, Unit, keys_asked_for
from services.linker.domain.facts import Research, Review, TipContent
from services.linker.domain.rules import Rules
from services.linker.handlers.batch import Batch, apply_batch
from services.linker.handlers.turn import Deconfliction, Desk
from services.linker.settings import LinkerSettings
from services.linker.store.leads import ReferralState
from services.linker.store.notices import OfficeContact
from shared.db.pool import Connection
from shared.errors import Rejected
from shared.events.activity import LookupAnsweredV1, LookupPersonal
from shared.events.envelope import Context
from shared.events.intake import ResearchRecordedV1, TipAmendedV1, TipReceivedV1, TipReviewedV1
from shared.events.referral import (
    OfficeListedV1,
    ReferralAnsweredV1,
    ReferralChangedV1,
    ReferralOpenedV1,
    ReferralWithdrawnV1,
)
from shared.kafka.inbox import EventHandler, Incoming
from shared.service import Tools

TIP_CONTENTS = (TipReceivedV1, TipAmendedV1)
REFERRALS = (ReferralOpenedV1, ReferralChangedV1, ReferralAnsweredV1, ReferralWithdrawnV1)
MODELS = (*TIP_CONTENTS, TipReviewedV1, ResearchRecordedV1, *REFERRALS, OfficeListedV1, LookupAnsweredV1)

CONTENT = TypeAdapter(TipContent)
RESEARCH = TypeAdapter(Research)
REVIEW = TypeAdapter(Review)


def build_handler(tools: Tools[LinkerSettings], rules: Rules) -> EventHandler:
    """Return what applies the topics' records to the graph."""
    desk = desk_of(tools, rules)

    async def store(transaction: Connection, incoming: Sequence[Incoming]) -> None:
        await apply_batch(transaction, read_batch(incoming), desk)

    return EventHandler(
        group="linker",
        models=MODELS,
        store=store,
        outbox=tools.outbox,
        metrics=tools.metrics,
        dead_letters_in_row_max=tools.settings.dead_letters_in_row_max,
    )


def desk_of(tools: Tools[LinkerSettings], rules: Rules) -> Desk:
    """Return what the use cases are given once, as the settings say."""
    settings = tools.settings
    contacts = {Unit(agency): Contact(agency, phone) for agency, phone in settings.agency_phones.items()}
    contacts[CEIU] = Contact(settings.ceiu_name, settings.ceiu_phone)
    window = timedelta(days=settings.deconflict_days)
    return Desk(tools.clock, tools.outbox, rules, Deconfliction(window, contacts))


def read_batch(incoming: Sequence[Incoming]) -> Batch:
    """Return the facts of some events (at least one), of each thing the newest.

    Raises:
        Rejected: an event has a role, an incident type or a decision that we do not know.
    """
    contents: dict[UUID, TipContent] = {}
    older: list[TipContent] = []
    research: dict[tuple[UUID, int], Research] = {}
    reviews: dict[UUID, Review] = {}
    referrals: dict[UUID, ReferralState] = {}
    causes: dict[UUID, Context] = {}
    for event in incoming:
        match event.payload:
            case TipReceivedV1() | TipAmendedV1() as tip:
                given, known = _content(tip), contents.get(tip.tip_id)
                newest = given if known is None or known.tip_version < given.tip_version else known
                older += [each for each in (known, given) if each is not None and each is not newest]
                contents[tip.tip_id] = newest
                causes[tip.tip_id] = event.context
            case TipReviewedV1() as review:
                known_review = reviews.get(review.tip_id)
                if known_review is None or known_review.review_number < review.review_number:
                    reviews[review.tip_id] = _read(REVIEW, review.model_dump(include=_REVIEW_FIELDS))
                causes[review.tip_id] = event.context
            case ResearchRecordedV1() as found:
                parts = found.model_dump(include=_RESEARCH_FIELDS) | found.personal.model_dump(include={"parties"})
                research[found.tip_id, found.research_number] = _read(RESEARCH, parts)
                causes[found.tip_id] = event.context
            case ReferralOpenedV1() | ReferralChangedV1() | ReferralAnsweredV1() | ReferralWithdrawnV1() as referral:
                known_referral = referrals.get(referral.referral_id)
                if known_referral is None or known_referral.version < referral.version:
                    referrals[referral.referral_id] = _referral(referral)
                causes[referral.lead_id] = event.context
            case LookupAnsweredV1() as lookup:
                causes[lookup.lookup_id] = event.context
    told = _lookups(incoming), _contacts(incoming)
    return Batch(contents, older, research, reviews, referrals, *told, causes, incoming[-1].context)


_REVIEW_FIELDS = {"tip_id", "review_number", "decision"}
_RESEARCH_FIELDS = {"files", "kind", "served_at", "due_at", "returned_at"}


def _content(tip: TipReceivedV1 | TipAmendedV1) -> TipContent:
    given = tip.model_dump()
    incident, personal = given["incident"], given["personal"]
    place = {"country": incident["country"], "region": incident["region"]}
    place |= {"city": personal["city"], "postal_code": personal["postal_code"]}
    content: TipContent = _read(
        CONTENT,
        {
            "tip_id": tip.tip_id,
            "tip_version": tip.tip_version,
            "source": tip.source,
            "source_ref": tip.source_ref,
            "source_kind": tip.source_kind,
            "reported_at": tip.reported_at,
            "incident_type": incident["type"],
            "platform": incident["platform"],
            "place": place,
            "urgency": given["urgency"],
            "parties": personal["parties"],
            "files": given["files"],
            "related_refs": given["related_refs"],
        },
    )
    return content


def _referral(
    referral: ReferralOpenedV1 | ReferralChangedV1 | ReferralAnsweredV1 | ReferralWithdrawnV1,
) -> ReferralState:
    return ReferralState(
        referral_id=referral.referral_id,
        version=referral.version,
        lead_id=referral.lead_id,
        state=referral.state,
        office=referral.office,
        tip_ids=tuple(referral.tip_ids),
    )


def _contacts(incoming: Sequence[Incoming]) -> list[OfficeContact]:
    """Return whom to call at each office that the directory tells of, as the newest version says."""
    listed = [event.payload for event in incoming if isinstance(event.payload, OfficeListedV1)]
    newest = {each.office: each for each in sorted(listed, key=lambda each: each.version)}
    return [OfficeContact(each.office, each.version, each.office_name, each.office_phone) for each in newest.values()]


def _lookups(incoming: Sequence[Incoming]) -> list[LookUp]:
    """Return the look-ups that others are to hear of: those that a person made, to find somebody."""
    found = []
    for event in incoming:
        lookup, actor = event.payload, event.envelope.actor
        is_person = actor is not None and actor.kind == "person" and actor.agency is not None
        if isinstance(lookup, LookupAnsweredV1) and is_person and lookup.purpose not in IDLE_PURPOSES:
            assert actor is not None
            unit = Unit(actor.agency or "", actor.office or "")
            keys = keys_asked_for(_given(lookup.personal))
            found.append(LookUp(lookup.lookup_id, unit, event.envelope.occurred_at, keys))
    return found


def _given(asked: LookupPersonal) -> Iterator[tuple[str, str]]:
    for type_ in ("email", "username", "phone", "document"):
        for value in getattr(asked, f"{type_}s"):
            yield type_, value


def _read(adapter: TypeAdapter[Any], values: dict[str, Any]) -> Any:
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in each["loc"][:3]) for each in error.errors(include_input=False)})
        raise Rejected(f"not known to the linker: {', '.join(places[:5])}") from error
