"""The pictures of the provider world: which go round, which are kept, how copies differ. Only invented hashes."""

from dataclasses import dataclass, field
from random import Random

from tests.bench.linking.provider_words import zipf

VIRAL, VIRAL_FLAGGED, VIRAL_MIN, VIRAL_PER_TIP = 0.5, 0.4, 300, 0.12
FOUND_AGAIN, OWN_AGAIN, TRADED = 0.3, 0.5, 0.02  # shown before by the same person; another's own picture
REENCODED, COPY_BITS_MIN, COPY_BITS_MAX = 0.3, 4, 28
FEATURELESS, BLANKS, BLANK_BITS_MAX = 0.02, 6, 10


@dataclass(frozen=True, slots=True)
class File:
    """The hashes of one encoding of a picture; `digest` is cut into MD5, SHA-1 and SHA-256."""

    digest: str
    pdq: int
    quality: int


@dataclass(slots=True)
class Picture:
    """An original with its re-encoded copies."""

    encodings: list[File]
    is_flagged: bool = False


@dataclass(frozen=True, slots=True)
class Album:
    """What one person has: pictures found elsewhere and own ones."""

    found: list[Picture] = field(default_factory=list)
    own: list[Picture] = field(default_factory=list)


class Gallery:
    """What goes round among strangers, the most seen first, and the hashes that any featureless picture gets."""

    def __init__(self, rng: Random, tip_count: int) -> None:
        count = max(VIRAL_MIN, int(tip_count * VIRAL_PER_TIP))
        self.viral = [new_picture(rng, is_flagged=rng.random() < VIRAL_FLAGGED) for _ in range(count)]
        self.blanks = [rng.getrandbits(256) for _ in range(BLANKS)]


def choose_picture(rng: Random, gallery: Gallery, album: Album, other: Album | None) -> Picture:
    """Return a picture somebody shows: one that goes round or an own one, rarely one traded with another."""
    if rng.random() < FEATURELESS:
        blank = flip_bits(rng, rng.choice(gallery.blanks), rng.randrange(BLANK_BITS_MAX + 1))
        return Picture([File(new_digest(rng), blank, rng.randrange(25))])
    is_viral = rng.random() < VIRAL
    kept = album.found if is_viral else album.own
    if kept and rng.random() < (FOUND_AGAIN if is_viral else OWN_AGAIN):
        return rng.choice(kept)
    if is_viral:
        picture = gallery.viral[zipf(rng, len(gallery.viral))]
    elif other and other.own and rng.random() < TRADED:
        picture = rng.choice(other.own)
    else:
        picture = new_picture(rng, is_flagged=False)
    kept.append(picture)
    return picture


def take_encoding(rng: Random, picture: Picture) -> File:
    """Return the picture as somebody has it now: an encoding that goes round, or a new copy of the original."""
    if rng.random() >= REENCODED:
        return picture.encodings[zipf(rng, len(picture.encodings))]
    original = picture.encodings[0]
    pdq = flip_bits(rng, original.pdq, rng.randrange(COPY_BITS_MIN, COPY_BITS_MAX + 1))
    quality = max(0, min(100, original.quality + rng.randrange(-6, 4)))
    copy = File(new_digest(rng), pdq, quality)
    picture.encodings.append(copy)
    return copy


def new_picture(rng: Random, *, is_flagged: bool) -> Picture:
    """Return an original."""
    quality = min(100, int(rng.triangular(40, 130, 100)))
    return Picture([File(new_digest(rng), rng.getrandbits(256), quality)], is_flagged)


def new_digest(rng: Random) -> str:
    """Return 136 hex digits: room for an MD5, a SHA-1 and a SHA-256."""
    return f"{rng.getrandbits(544):0136x}"


def flip_bits(rng: Random, pdq: int, count: int) -> int:
    """Return a PDQ hash at this distance."""
    for bit in rng.sample(range(256), count):
        pdq ^= 1 << bit
    return pdq
