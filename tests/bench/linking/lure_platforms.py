"""Platforms of the lure world: many small ones, their ids, what they tell of an account, how others spell them."""

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tests.bench.linking.lure_words import draw_code, mistype, skewed

PlatformKind = Literal["game", "social", "messenger", "payment"]

PLATFORM_COUNTS: dict[PlatformKind, int] = {"game": 26, "social": 22, "messenger": 14, "payment": 8}
RENAMED_RATE = 0.2
TELLS_RATES = {"ip": 0.62, "port": 0.25, "device": 0.35, "email": 0.7, "phone": 0.5}
"""Share of platforms that report it; a port only with an address."""
ID_STYLES = ("snowflake", "sequence", "hex", "prefixed")
ID_WEIGHTS = (30, 30, 22, 18)
"""Numbers in sequence are short: two platforms have the same ones."""

_STEMS = ("Vorn", "Quib", "Blim", "Zupp", "Tark", "Mirl", "Osk", "Pellu", "Drav", "Yolm", "Kesk", "Fenn", "Gump")
_ENDINGS = ("ly", "zone", "ello", "verse", "ster", "world", "ify", "kin", "go")
_HEX = "0123456789abcdef"


@dataclass(eq=False, slots=True)
class Platform:
    """A service with accounts; `tells` is what its reports hold besides the account itself."""

    kind: PlatformKind
    name: str
    old_name: str
    renamed_at: int
    domain: str
    spellings: tuple[str, ...]
    id_style: str
    tells: frozenset[str]
    ids_max: int
    taken: set[str] = field(default_factory=set)

    def name_at(self, at: int) -> str:
        """Return what it calls itself then."""
        return self.name if at >= self.renamed_at else self.old_name

    def draw_id(self, rng: Random, at: int) -> str:
        """Return an account id that it never gave before."""
        while (value := self._draw_id(rng, at)) in self.taken:
            pass
        self.taken.add(value)
        return value

    def _draw_id(self, rng: Random, at: int) -> str:
        if self.id_style == "snowflake":
            return str((at - 1_420_070_400) * 1000 << 22 | rng.getrandbits(32))
        if self.id_style == "sequence":
            return str(rng.randrange(10_000, self.ids_max))
        if self.id_style == "hex":
            return f"{rng.getrandbits(96):024x}"
        return f"u_{draw_code(rng, _HEX, 10)}"

    def free_handle(self, rng: Random, handle: str) -> str:
        """Return the handle, with digits behind it where somebody has it already."""
        while (key := f"@{handle.lower()}") in self.taken:
            handle += str(rng.randrange(10))
        self.taken.add(key)
        return handle


def build_platforms(rng: Random, *, tip_count: int, start: int, end: int) -> dict[PlatformKind, list[Platform]]:
    """Return the platforms by kind, the most used first; the sequences are as long as such a world needs."""
    names = [stem + ending for stem in _STEMS for ending in _ENDINGS]
    rng.shuffle(names)
    ids_max = 10_000 + 25 * tip_count
    return {
        kind: [_build(rng, names, kind, ids_max=ids_max, between=(start, end)) for _ in range(count)]
        for kind, count in PLATFORM_COUNTS.items()
    }


def spell_platform(rng: Random, platform: Platform, at: int, *, by_hand: bool) -> str | None:
    """Return how a third party names the platform; None when it does not. By hand it is spelled more freely."""
    chance = rng.random()
    if chance < (0.35 if by_hand else 0.7):
        return platform.name_at(at)
    if by_hand and chance < 0.41:
        return None
    if by_hand and chance < 0.44:
        return mistype(rng, platform.name)
    return platform.spellings[skewed(rng, len(platform.spellings), 1.5)]


def spell_profile(rng: Random, platform: Platform, handle: str, uid: str) -> str:
    """Return a link to a profile, by handle or by id, with what a phone or a browser leaves in it."""
    path = f"users/{uid}" if platform.kind == "game" else handle
    return rng.choice(
        (
            f"https://{platform.domain}/{path}",
            f"https://www.{platform.domain}/{path}",
            f"https://m.{platform.domain}/{path}/",
            f"https://{platform.domain}/{path}?share={rng.randrange(1000)}",
            f"{platform.domain}/{path}",
        )
    )


def _build(rng: Random, names: list[str], kind: PlatformKind, *, ids_max: int, between: tuple[int, int]) -> Platform:
    name = old_name = names.pop()
    renamed_at = 0
    if rng.random() < RENAMED_RATE:
        old_name, renamed_at = names.pop(), rng.randint(*between)
    domain = f"{name.lower()}.example"
    spellings = (
        name.lower(),
        f"{name} app",
        domain,
        old_name,
        name.upper(),
        f"{name[:4]} {name[4:]}",
        old_name.lower(),
    )
    tells = frozenset(what for what, rate in TELLS_RATES.items() if rng.random() < rate)
    tells = tells if "ip" in tells else tells - {"port"}
    id_style = rng.choices(ID_STYLES, ID_WEIGHTS)[0]
    return Platform(kind, name, old_name, renamed_at, domain, spellings, id_style, tells, ids_max)
