"""Files of the lure world: templates that a whole scene sends, pictures of stolen identities, an offender's own."""

from dataclasses import dataclass
from random import Random
from typing import Any

NEAR_BITS = (2, 24)
"""How far the PDQ hash of a copy lies from its original once a name was written into the picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The hashes of one file; those of the digest are 256 bits, of which md5 and sha1 are cut."""

    digest: int
    pdq: int
    quality: int


def draw_picture(rng: Random) -> Picture:
    """Return a file like no other."""
    return Picture(rng.getrandbits(256), rng.getrandbits(256), rng.randint(55, 100))


def draw_copy(rng: Random, picture: Picture) -> Picture:
    """Return a near copy: other bytes, a PDQ hash some bits away."""
    flips = 0
    for _ in range(rng.randint(*NEAR_BITS)):
        flips |= 1 << rng.getrandbits(8)
    return Picture(rng.getrandbits(256), picture.pdq ^ flips, max(50, picture.quality - rng.randrange(8)))


def write_file(picture: Picture, hashes: tuple[str, ...]) -> dict[str, Any]:
    """Return a tip's file with these hashes, of md5, sha1, sha256 and pdq."""
    texts = {
        "md5": f"{picture.digest & (1 << 128) - 1:032x}",
        "sha1": f"{picture.digest >> 96:040x}",
        "sha256": f"{picture.digest:064x}",
        "pdq": f"{picture.pdq:064x}",
    }
    file: dict[str, Any] = {name: texts[name] for name in hashes}
    if "pdq" in file:
        file["pdq_quality"] = picture.quality
    return file
