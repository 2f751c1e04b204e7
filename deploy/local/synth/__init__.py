"""Synthetic tips: a believable invented world of any size, from a seed. No person, address or number in it is real.

Where to look: `world` decides who is in which tip; `people`, `names`, `places` say who they are; `manners` says what
each source knows, `tips` and `narratives` write it down; `flat` makes it a table; `chance` is the seed's dice. Only
the standard library is used, so that the data never changes with a dependency. Not here: sending tips anywhere.
"""

from deploy.local.synth.flat import COLUMNS, csv_lines, to_csv
from deploy.local.synth.manners import SOURCES
from deploy.local.synth.tips import GENERIC_IDENTIFIERS
from deploy.local.synth.world import SyntheticTip, Traveller, generate, traveller, truth

__all__ = [
    "COLUMNS",
    "GENERIC_IDENTIFIERS",
    "SOURCES",
    "SyntheticTip",
    "Traveller",
    "csv_lines",
    "generate",
    "to_csv",
    "traveller",
    "truth",
]
