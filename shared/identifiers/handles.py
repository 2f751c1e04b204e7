"""What people keep of a handle when they take it to another service: the handle itself, and its family.

Never a link key of the service: that is `account.py`. How much such a likeness says is for the linker to learn.
"""

from shared.identifiers.text import fold

HANDLE_CHARS_MIN = 4
FAMILY_CHARS_MIN = 5
"""What is shorter is shared by thousands."""

_SEPARATORS = dict.fromkeys(map(ord, " ._-~+|'\"@"))
_DECORATION = "0123456789"
_FRAME = "0123456789x"
_LOOK_ALIKES = str.maketrans("013457@$", "oieastas")


def handle_of(name: str) -> str:
    """Return a handle without separators and letter case (`Dark.77`, `dark_77` are dark77), or "" when too short."""
    handle = fold(fold(name).translate(_SEPARATORS))
    return handle if len(handle) >= HANDLE_CHARS_MIN else ""


def family_of(handle: str) -> str:
    """Return what handles of one person's making share, of a handle as `handle_of` gives it, or "" when too short.

    Digits around it go, and x before it; digits that stand for letters become those: of xxd4rkl0rd77 and darklord1990
    it is darklord.
    """
    stem = handle.rstrip(_DECORATION)
    stem = stem.lstrip(_FRAME) if len(stem) >= FAMILY_CHARS_MIN else stem
    family = read_look_alikes(stem)
    return family if len(family) >= FAMILY_CHARS_MIN else ""


def read_look_alikes(text: str) -> str:
    """Return folded text with the digits and signs that stand for letters as those: d4rkl0rd is darklord."""
    return text.translate(_LOOK_ALIKES)
