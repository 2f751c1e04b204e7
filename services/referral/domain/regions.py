"""The regions of the United States and the countries of the world, and how a source's spelling of one is read.

Nothing here knows an office. A place that cannot be read is unknown, never an error: sources write what they like.
"""

import unicodedata
from functools import cache

from shared.identifiers.country import COUNTRIES

HOME = "US"

REGION_NAMES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "GU": "Guam", "MP": "Northern Mariana Islands", "PR": "Puerto Rico",
    "UM": "United States Minor Outlying Islands", "VI": "Virgin Islands",
}  # fmt: skip
"""States, the district and the territories, by postal code."""

TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "UM", "VI"})
"""Regions that ISO 3166 lists as countries too; here they are regions, whichever way a source puts it."""

FOREIGN_COUNTRIES = COUNTRIES - TERRITORIES - {HOME}
"""What the attachés share out among them."""

_REGION_SPELLINGS = {
    "d c": "DC",
    "washington d c": "DC",
    "washington dc": "DC",
    "u s virgin islands": "VI",
    "us virgin islands": "VI",
    "virgin islands u s": "VI",
}
_WORD_SPELLINGS = {"saint": "st", "fort": "ft", "mount": "mt"}


def find_region(text: str | None) -> str | None:
    """Return the region's postal code for a code (`ca`, `US-CA`) or a full name (`california`), or None.

    Military mail regions (AA, AE, AP) say nothing of where a person is, and are unknown here.
    """
    code = (text or "").strip().upper().removeprefix("US-")
    if code in REGION_NAMES:
        return code
    folded = fold(text)
    return _REGION_SPELLINGS.get(folded) or _regions_by_folded_name().get(folded)


def fold(text: str | None) -> str:
    """Return a place's name as we compare it: no case, marks or punctuation; Saint, Fort and Mount in short."""
    decomposed = unicodedata.normalize("NFKD", text or "")
    plain = "".join(c if c.isalnum() else " " for c in decomposed.casefold() if not unicodedata.combining(c))
    return " ".join(_WORD_SPELLINGS.get(word, word) for word in plain.split())


@cache
def _regions_by_folded_name() -> dict[str, str]:
    return {fold(name): region for region, name in REGION_NAMES.items()}
