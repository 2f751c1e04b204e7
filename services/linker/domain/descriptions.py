"""What names and birth dates say of two tips or clusters, and their settings, in bits."""

from services.linker.domain.model import Model, Rates
from services.linker.domain.profile import Agreement, Profile, compare_births, compare_names
from services.linker.domain.setting import Setting, Told


class Descriptions(dict[tuple[int, int], float]):
    """Descriptions by number, compared two by two, and each two only once, however many tips or clusters have them.

    Most tips of a component are described in a few ways; while clusters grow, the same two are compared over and over.
    Of two numbers it holds what the two say together for one person, in bits.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._profiles: list[Profile] = []
        self._numbers: dict[tuple[object, ...], int] = {}

    def number_of(self, profile: Profile) -> int:
        """Return the number of what a profile says, from 0 on."""
        number = self._numbers.setdefault((profile.names, profile.births), len(self._profiles))
        if number == len(self._profiles):
            self._profiles.append(profile)
        return number

    def __missing__(self, pair: tuple[int, int]) -> float:
        left, right = pair
        found = self[pair] = self._compare(self._profiles[left], self._profiles[right])
        return found

    def _compare(self, left: Profile, right: Profile) -> float:
        learned = self._model.learned
        bits = 0.0
        if births := len(left.births) * len(right.births):
            bits += likeness_bits(compare_births(left, right), learned.births, compared=births)
        if names := len(left.names) * len(right.names):
            bits += likeness_bits(compare_names(left, right), learned.names, compared=names)
        return min(bits, self._model.rules.likeness_bits_max)


class Places(dict[tuple[int, int, str], float]):
    """What is told in settings by number, compared two by two as `Descriptions` are, for each kind of value shared.

    Of two numbers and the name of the kind it holds what the two say for one person, in bits. Times are not among it.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._settings: list[Setting] = []
        self._numbers: dict[tuple[Told, ...], int] = {}

    def number_of(self, setting: Setting) -> int:
        """Return the number of what a setting tells, from 0 on."""
        number = self._numbers.setdefault(setting.told, len(self._settings))
        if number == len(self._settings):
            self._settings.append(setting)
        return number

    def __missing__(self, shared: tuple[int, int, str]) -> float:
        left, right, name = shared
        found = self[shared] = sum(self._model.told_bits(name, self._settings[left], self._settings[right]))
        return found


def likeness_bits(agreement: Agreement | None, rates: Rates, *, compared: int) -> float:
    """Return what it says for one person that the closest of so many pairs of names or birth dates agree so, in bits.

    0 when nothing is known.
    """
    match agreement:
        case "agrees":
            return rates.agree_bits(compared)
        case "near":
            return rates.agree_bits(compared) / 2
        case "differs":
            return rates.differ_bits
        case None:
            return 0.0
