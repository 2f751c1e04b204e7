"""What one place of a tip says about the offices that may be right.

Sources write places as they like; what cannot be read says nothing, and is never an error.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.referral.domain.directory import Directory
from services.referral.domain.regions import HOME, TERRITORIES, find_region, fold
from shared.events.linker import LeadPlace
from shared.identifiers.country import find_country

Role = Literal["subject", "incident", "victim"]

CERTAINTY_POSTAL_CODE = 0.95
CERTAINTY_CITY = 0.85
CERTAINTY_REGION = 0.8
CERTAINTY_COUNTRY = 0.75
CERTAINTY_SEVERAL_OFFICES = 0.3
CERTAINTY_HOME_ONLY = 0.1
COUNTRY_UNSTATED_FACTOR = 0.8

_ROLES: Mapping[str, Role] = {"subject": "subject", "incident": "incident", "victim": "victim"}
_ZIP_CODE = re.compile(r"([0-9]{5})(?:[- ]?[0-9]{4})?")


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a tip names, as its source wrote it; `role` says whose or what place it is."""

    role: Role
    source_tip_id: UUID
    country: str | None = None
    region: str | None = None
    city: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a place says: the offices it may mean, how surely (0 to 1), and in which words.

    The words quote no city and at most two digits of a postal code, for a reason is not kept as personal data.
    """

    tip_id: UUID
    offices: frozenset[str]
    certainty: float
    wording: str


def places_of(given: Iterable[LeadPlace]) -> tuple[Place, ...]:
    """Return the places of a lead that can be routed by; those of any other role are left out."""
    return tuple(
        Place(_ROLES[place.role], place.source_tip_id, place.country, place.region, place.city, place.postal_code)
        for place in given
        if place.role in _ROLES
    )


def read_place(place: Place, directory: Directory) -> Finding | None:
    """Return what the place says, or None when neither country nor region can be read.

    The finest part decides: the postal code, then the city, then the region, then the country. A postal code of
    another region than the one beside it names no single office: one of the two is wrong. City names are looked at
    only within a region that several offices share. `route` has the table of certainties.
    """
    country, region = find_country(place.country), find_region(place.region)
    if country in TERRITORIES:
        country, region = HOME, country
    if country and country != HOME:
        offices = frozenset({directory.by_country[country]})
        return Finding(place.source_tip_id, offices, CERTAINTY_COUNTRY, f"in {country}")
    if region:
        return _read_region(place, region, directory, is_country_stated=country is not None)
    return _read_home(place, directory) if country else None


def _read_region(place: Place, region: str, directory: Directory, *, is_country_stated: bool) -> Finding:
    serving = directory.by_region[region]
    postal_code = _find_zip_code(place.postal_code)
    by_postal_code = directory.find_by_postal_code(postal_code) if postal_code else None
    by_city = directory.by_city.get((region, fold(place.city)))
    offices, certainty, detail = serving, CERTAINTY_SEVERAL_OFFICES, f", which {len(serving)} offices share"
    if by_postal_code and by_postal_code not in serving:
        offices, detail = (*serving, by_postal_code), " with a postal code from elsewhere"
    elif by_postal_code and postal_code:
        offices, certainty, detail = (by_postal_code,), CERTAINTY_POSTAL_CODE, f", postal code {postal_code[:2]}…"
    elif by_city:
        offices, certainty, detail = (by_city,), CERTAINTY_CITY, " by its city"
    elif len(serving) == 1:
        certainty, detail = CERTAINTY_REGION, ""
    if not is_country_stated:
        certainty, detail = certainty * COUNTRY_UNSTATED_FACTOR, f"{detail}, country not stated"
    return Finding(place.source_tip_id, frozenset(offices), certainty, f"in {region}{detail}")


def _read_home(place: Place, directory: Directory) -> Finding:
    postal_code = _find_zip_code(place.postal_code)
    office = directory.find_by_postal_code(postal_code) if postal_code else None
    if office and postal_code:
        wording = f"in the US, postal code {postal_code[:2]}…"
        return Finding(place.source_tip_id, frozenset({office}), CERTAINTY_POSTAL_CODE, wording)
    return Finding(place.source_tip_id, directory.domestic, CERTAINTY_HOME_ONLY, "in the US, state not known")


def _find_zip_code(text: str | None) -> str | None:
    match = _ZIP_CODE.fullmatch((text or "").strip())
    return match[1] if match else None
