"""How the persons of the provider world spell: names, handles, mail, phones, ids, and the slips of those who copy them.

Small vocabularies are combined by rules, so that they grow with the world. What persons do is in worlds/provider.py.
"""

import string
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random


def listed(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvzj" for vowel in "aeiou")
FIRST_HEADS = listed("Al An Ben Cal Dan Ed El Fre Gar Han Iv Jo Kar Lau Mar Nat Ol Pat Ric Sam Ste Tom Vik Wil")
FIRST_TAILS = ("", "a", "an", "ek", "ena", "ia", "ie", "in", "is", "ton", "ric", "ya")
WORDS_FIRST = listed(
    "dark lost red silent wild blue cold crazy deep evil fast ghost happy iron kid lazy mad neon old pink quiet real "
    "sad tiny ultra vivid warm young zero alpha cyber dirty frozen golden hidden little magic night secret sweet"
)
WORDS_SECOND = listed(
    "wolf fox angel king boy cat rider hunter moon star dragon eagle falcon gamer heart island joker knight lion ninja "
    "master owl panda queen raven shadow tiger viper wizard zebra bear cloud daddy flame guy hawk lover player soul"
)
NUMBERS = ("123", "1", "99", "69", "2000", "88", "12", "007", "77", "21")
LEET = str.maketrans("aeio", "4310")
WRAPPERS = ("xx{}xx", "its{}", "the{}", "real{}", "{}_", "{}x")

MAIL_DOMAINS = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me", "gmx.net", "hotmail.com", "mail.ru")
MAIL_WEIGHTS = tuple(accumulate((45, 13, 13, 9, 6, 4, 7, 3)))
THROWAWAY_DOMAINS = ("mailinator.com", "guerrillamail.com", "yopmail.com", "10minutemail.com", "sharklasers.com")
RESPELLED = 0.22
"""An e-mail given again is spelled in another way that reaches the same box."""

# Country, share of persons in per cent, how a mobile number begins, digits after it, head of IPv6 networks, UTC offset.
COUNTRIES = (
    ("US", 58, "+1", 10, "2600", -5),
    ("GB", 9, "+447", 9, "2a00", 0),
    ("CA", 7, "+1", 10, "2605", -5),
    ("DE", 6, "+4915", 9, "2a02", 1),
    ("PH", 6, "+639", 9, "2001", 8),
    ("BR", 5, "+55119", 8, "2804", -3),
    ("MX", 4, "+5255", 8, "2806", -6),
    ("AU", 3, "+614", 8, "2001", 10),
    ("PL", 2, "+4850", 7, "2a02", 1),
)
COUNTRY_WEIGHTS = tuple(accumulate(country[1] for country in COUNTRIES))


@dataclass(frozen=True, slots=True)
class Habit:
    """How one person makes handles: the words, the number put behind, what stands between, and whether 0 is an o."""

    words: tuple[str, ...]
    number: str
    separator: str
    is_leet: bool


def zipf(rng: Random, size: int) -> int:
    """Return an index from 0 to `size` - 1, drawn with a chance that falls as one over the rank."""
    return int((size + 1) ** rng.random()) - 1


def pick(rng: Random, cumulated: tuple[int, ...]) -> int:
    """Return an index drawn by weights that were summed up before."""
    return bisect_right(cumulated, rng.random() * cumulated[-1], hi=len(cumulated) - 1)


def coin(index: int) -> str:
    """Return the invented word with this number: three syllables, another word for each number below 421,875."""
    size = len(SYLLABLES)
    index = index * 7_919 % size**3
    return SYLLABLES[index % size] + SYLLABLES[index // size % size] + SYLLABLES[index // size**2]


def person_name(rng: Random, surnames: int) -> tuple[str, str]:
    """Return a first and a last name; both are skewed as in a population with this many surnames."""
    first = FIRST_HEADS[zipf(rng, len(FIRST_HEADS))] + FIRST_TAILS[zipf(rng, len(FIRST_TAILS))]
    return first, coin(zipf(rng, surnames)).capitalize() + ("son", "er", "", "")[rng.getrandbits(2)]


def new_habit(rng: Random, name: tuple[str, str], birth_year: int) -> Habit:
    """Return a habit: the own name, two words, an invented word, or what anybody would take."""
    first, last = name[0].lower(), name[1].lower()
    kind = rng.random()
    number = str(rng.randrange(10, 10_000)) if rng.random() < 0.6 else str(birth_year)[rng.choice((0, 2)) :]
    words: tuple[str, ...]
    if kind < 0.28:
        words = (first, last) if rng.random() < 0.6 else (first[0] + last,)
    elif kind < 0.66:
        words = (rng.choice(WORDS_FIRST), rng.choice(WORDS_SECOND))
    elif kind < 0.92:
        words = (coin(rng.randrange(400_000)) + rng.choice(SYLLABLES),)
    else:
        words, number = (first,), NUMBERS[zipf(rng, len(NUMBERS))]
    return Habit(words, number, rng.choice(("", "", "_", ".", "-")), is_leet=rng.random() < 0.2)


def bend_habit(rng: Random, habit: Habit) -> Habit:
    """Return what a habit becomes with time: one of its parts is another."""
    part = rng.random()
    if part < 0.4:
        return replace(habit, number=str(rng.randrange(10, 10_000)))
    if part < 0.6:
        return replace(habit, separator=rng.choice(("", "_", ".")))
    return replace(habit, words=(habit.words[-1], rng.choice(WORDS_SECOND)))


def handle(rng: Random, habit: Habit) -> str:
    """Return a handle as its owner would make it today."""
    separator = habit.separator if rng.random() < 0.75 else rng.choice(("", "_", "."))
    text = separator.join(habit.words)
    if habit.is_leet and rng.random() < 0.5:
        text = text.translate(LEET)
    if rng.random() < 0.7:
        number = habit.number if rng.random() < 0.75 else str(rng.randrange(100))
        text += (separator if rng.random() < 0.3 else "") + number
    if rng.random() < 0.08:
        text = rng.choice(WRAPPERS).format(text)
    return text.capitalize() if rng.random() < 0.1 else text


def mail_address(rng: Random, habit: Habit) -> str:
    """Return an address at one of the large mail providers."""
    return f"{handle(rng, habit).strip('._-').lower()}@{MAIL_DOMAINS[pick(rng, MAIL_WEIGHTS)]}"


def respell_mail(rng: Random, address: str, service: str) -> str:
    """Return the address, at times spelled otherwise: case everywhere, and what folds at the largest provider."""
    if rng.random() >= RESPELLED:
        return address
    local, _, domain = address.partition("@")
    way = rng.random()
    if domain != "gmail.com" or way < 0.25:
        return f"{local.capitalize()}@{domain}" if way < 0.8 else address.upper()
    if way < 0.55:
        return f"{local}+{service.lower() if way < 0.45 else rng.randrange(100)}@{domain}"
    if way < 0.92:
        at = rng.randrange(1, max(2, len(local)))
        return f"{local[:at].rstrip('.')}.{local[at:].lstrip('.')}@{domain}" if len(local) > 2 else address
    return f"{local}@googlemail.com"


def phone_number(rng: Random, country: int) -> str:
    """Return a mobile number in E.164."""
    _, _, head, digits, _, _ = COUNTRIES[country]
    if digits == 10:
        return f"{head}{rng.randrange(201, 990)}{rng.randrange(200, 999)}{rng.randrange(10_000):04d}"
    return f"{head}{rng.randrange(10**digits):0{digits}d}"


def write_phone(rng: Random, number: str) -> str:
    """Return a number as people write it: mostly E.164, some with spaces or dashes."""
    if rng.random() < 0.7 or len(number) < 10:
        return number
    gap = rng.choice(" -")
    return gap.join((number[:3], number[3:6], number[6:9], number[9:]))


def imei(rng: Random) -> str:
    """Return fifteen digits, the last one a Luhn check digit."""
    body = f"35{rng.randrange(10**12):012d}"
    total = sum(int(digit) if place % 2 == 0 else sum(divmod(2 * int(digit), 10)) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def advertising_id(rng: Random) -> str:
    """Return a version 4 UUID, as phones make them for advertisers."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def serial(rng: Random) -> str:
    """Return a serial number of twelve capitals and digits."""
    return "".join(rng.choices(string.ascii_uppercase + string.digits, k=12))


def mistype(rng: Random, text: str) -> str:
    """Return a text with two neighbours swapped, one letter lost or one doubled."""
    at = rng.randrange(len(text))
    slip = rng.randrange(3)
    if slip == 0 or len(text) < 4:
        return text[:at] + text[at : at + 1] + text[at:]
    return text[:at] + text[at + 1 :] if slip == 1 else text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
