"""Pure normalisation of identifiers, names and birth dates: no IO, no clock, no lists of thousands.

Used by the linker (link keys), query (look-ups) and intake (what is a valid value). `normalise.py` is the door: one
table from type to the file that knows its rule. What a shared value *means* (rarity, caps, weights) is the linker's
business; whether a value can ever be a link key is told here, in `Identifier.links`.
"""

from shared.identifiers.birth_dates import BirthDate, BirthDateMatch, compare_birth_dates, parse_birth_date
from shared.identifiers.identifier import Identifier
from shared.identifiers.names import fold_name
from shared.identifiers.normalise import IDENTIFIER_TYPES, normalise_file_hash, normalise_identifier

__all__ = [
    "IDENTIFIER_TYPES",
    "BirthDate",
    "BirthDateMatch",
    "Identifier",
    "compare_birth_dates",
    "fold_name",
    "normalise_file_hash",
    "normalise_identifier",
    "parse_birth_date",
]
