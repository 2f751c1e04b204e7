"""Reading passenger lists: UN/EDIFACT PAXLST as airlines send it, and tables. Pure: bytes in, values out.

listed   what a list holds, and its limits
edifact  bytes into segments
paxlst   segments into a list
table    CSV into a list

What is wrong with a file is said by the number of the segment or line, never with a value of a person. Not here: what
of a person can be looked for.
"""

from services.query.domain.passenger_list.edifact import looks_like_edifact
from services.query.domain.passenger_list.listed import (
    MANIFEST_BYTES_MAX,
    PASSENGERS_MAX,
    ListedPerson,
    PassengerList,
)
from services.query.domain.passenger_list.paxlst import read_paxlst
from services.query.domain.passenger_list.table import COLUMNS, read_table

__all__ = [
    "COLUMNS",
    "MANIFEST_BYTES_MAX",
    "PASSENGERS_MAX",
    "ListedPerson",
    "PassengerList",
    "looks_like_edifact",
    "read_paxlst",
    "read_table",
]
