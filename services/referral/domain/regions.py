"""The regions of the United States and the countries of the world, and how a source's spelling of one is read.

Nothing here knows an office. A place that cannot be read is unknown, never an error: sources write what they like.
"""

import unicodedata
from functools import cache

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

_COUNTRY_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_COUNTRY_CODES.split())
"""ISO 3166-1 alpha-2 (249 codes), and XK, which sources send for Kosovo."""

FOREIGN_COUNTRIES = COUNTRIES - TERRITORIES - {HOME}
"""What the attachés share out among them."""

_COUNTRY_SPELLINGS = {"USA": HOME, "UNITED STATES": HOME, "UNITED STATES OF AMERICA": HOME, "UK": "GB"}
_REGION_SPELLINGS = {
    "d c": "DC",
    "washington d c": "DC",
    "washington dc": "DC",
    "u s virgin islands": "VI",
    "us virgin islands": "VI",
    "virgin islands u s": "VI",
}
_WORD_SPELLINGS = {"saint": "st", "fort": "ft", "mount": "mt"}


def find_country(text: str | None) -> str | None:
    """Return the ISO 3166-1 alpha-2 code a source means, in any case, or None."""
    code = " ".join((text or "").upper().replace(".", "").split())
    code = _COUNTRY_SPELLINGS.get(code, code)
    return code if code in COUNTRIES else None


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
