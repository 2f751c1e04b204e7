"""What people of the field world carry: numbers, handles, mailboxes, papers, and how different hands write them down.

`draw_…` makes what a person has; `write_…` is one hand writing it into one report. Names are in field_names.py; what
people share, and which source reports what, is in worlds/field.py.
"""

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from tests.bench.linking.field_names import TYPO, Name, plain, skewed, slipped, words

Row = dict[str, Any]

NATIONAL_NUMBER = 0.38
REGION_MISSING = 0.12
REGION_WRONG = 0.02
SHORT_HANDLE = 0.26
NATIVE_HANDLE = 0.35
EMOJI_HANDLE = 0.14
EMOJI_LOST = 0.4
SHORT_PAYMENT = 0.7


@dataclass(frozen=True, slots=True)
class Country:
    """How a country writes its phones, names its people and sets its clocks; `network` starts its providers' IPs."""

    code: str
    dial: str
    trunk: str
    prefixes: tuple[str, ...]
    rest: int
    culture: str
    offset_h: int
    network: str
    weight: int
    cities: tuple[str, ...]


def _country(line: str) -> Country:
    code, dial, trunk, prefixes, rest, culture, offset_h, network, weight, cities = line.split("|")
    mobile, towns = tuple(prefixes.split()), tuple(cities.split(", "))
    trunk = trunk.strip()
    return Country(code, dial, trunk, mobile, int(rest), culture, int(offset_h), network, int(weight), towns)


COUNTRIES = tuple(
    _country(line)
    for line in (
        "US|1| |202 305 312 415 512 617 713 917|7|english|-5|73.42|30|Houston, Chicago, Tampa, Denver, Fresno, Boston",
        "GB|44|0|74 75 77 78 79|8|english|0|86.14|9|Leeds, Bristol, Cardiff, Glasgow, Derby, London",
        "DE|49|0|151 152 160 170 171 176|8|german|1|91.22|8|Köln, München, Bremen, Dresden, Lübeck, Mainz",
        "MX|52| |55 33 81 22|8|spanish|-6|189.203|9|Mérida, León, Puebla, Tijuana, Cancún, Toluca",
        "PH|63|0|917 918 905 927 939|7|spanish|8|112.198|11|Manila, Cebu, Davao, Iloilo, Angeles, Olongapo",
        "TH|66|0|81 89 91 62|7|thai|7|171.97|9|Bangkok, Pattaya, Phuket, Chiang Mai, Hat Yai, Udon Thani",
        "RU|7|8|912 916 926 903 985|7|cyrillic|3|95.24|9|Москва, Казань, Самара, Пермь, Омск, Тула",
        "EG|20|0|100 101 111 122|7|arabic|2|197.44|5|Cairo, Giza, Tanta, Aswan, Luxor, Suez",
        "MA|212|0|661 662 670 655|6|arabic|1|105.156|4|Fès, Agadir, Tanger, Rabat, Oujda, Meknès",
        "AE|971|0|50 55 56|7|arabic|4|94.203|2|Dubai, Sharjah, Ajman, Al Ain, Abu Dhabi, Fujairah",
        "CN|86| |138 139 186 150|8|chinese|8|117.136|4|上海, 广州, 成都, 武汉, 深圳, 厦门",
    )
)
_CUMULATED = tuple(sum(c.weight for c in COUNTRIES[: i + 1]) for i in range(len(COUNTRIES)))


def draw_country(rng: Random) -> Country:
    return rng.choices(COUNTRIES, cum_weights=_CUMULATED)[0]


# --- Phones ----------------------------------------------------------------------------------------------------------
_DIGITS = {"EG": "٠١٢٣٤٥٦٧٨٩", "AE": "٠١٢٣٤٥٦٧٨٩", "TH": "๐๑๒๓๔๕๖๗๘๙"}
Phone = tuple[Country, str]
"""A subscriber's number: its country and the national digits without the trunk prefix."""


def draw_phone(rng: Random, country: Country) -> Phone:
    return country, rng.choice(country.prefixes) + f"{rng.randrange(10**country.rest):0{country.rest}}"


def write_phone(rng: Random, phone: Phone) -> Row:
    """Return a phone identifier, international or national; a national one says its region, mostly."""
    country, digits = phone
    separator = rng.choice((" ", "-", "", " ", "."))
    groups = separator.join((digits[:-7], digits[-7:-4], digits[-4:]))
    roll = rng.random()
    if roll < NATIONAL_NUMBER:
        text = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if country.code == "US" else country.trunk + groups
        if country.code in _DIGITS and rng.random() < 0.05:
            text = text.translate(str.maketrans("0123456789", _DIGITS[country.code]))
        region = rng.choice(COUNTRIES).code if rng.random() < REGION_WRONG else country.code
        return {"type": "phone", "value": text} | ({} if rng.random() < REGION_MISSING else {"region": region})
    if roll < NATIONAL_NUMBER + 0.06:
        return {"type": "phone", "value": f"00{country.dial}{separator}{groups}", "region": country.code}
    if roll < NATIONAL_NUMBER + 0.1 and country.trunk == "0":
        return {"type": "phone", "value": f"+{country.dial} (0){groups}"}
    value = f"+{country.dial}{digits}" if roll < 0.75 else f"+{country.dial} {groups}"
    return {"type": "phone", "value": value} | ({"region": country.code} if rng.random() < 0.4 else {})


# --- Handles and mail ------------------------------------------------------------------------------------------------
_FIRST_WORDS = words(
    "dark cool sweet bad little big lonely crazy real night silent lost red wild lucky shy old toxic iron blue "
    "candy ghost king true happy secret golden frozen lazy broken rusty pixel neon cosmic savage mystic"
)
_SECOND_WORDS = words(
    "wolf boy dad king angel tiger man rider shadow lion fox guy love star hunter bear dragon knight coach "
    "wizard panda uncle raven moon sniper viper cat phantom joker pirate falcon rabbit storm gamer monk falcon "
    "teddy zero ninja hawk"
)
_SHORT = words(
    "lucky mike angel alex max love king sam baby leo tom kai luna daddy ray joe mia ace neo kim bear dan star "
    "fox jay nico rex sunny tony zed coco boss gigi lola rio"
)
_NATIVE = {
    "cyrillic": "мишка волк серый кот лис ангел демон тень саша дед лунатик медведь шторм ёжик барс",
    "arabic": "ملك قلب الذيب نسر قمر الحب صقر اسد روح عاشق نجم الغريب ورد",
    "chinese": "宝贝 小龙 天使 老王 阿明 飞鸟 大海 星星 孤狼 月光 笑笑 风",
    "thai": "แมว พี่ชาย เสือ น้องฟ้า หมี ดาว ลุง มังกร รักนะ ฟ้า",
}
_EMOJI = words("👑 🌙 🔥 💙 🐺 🍭 ⭐ 😈 🦁 🎮 💎 🐻 🌹 🖤")
_LEET = str.maketrans("aeio", "4310")
_PROVIDERS = words("gmail.com outlook.com yahoo.com hotmail.com icloud.com proton.me gmx.net mail.ru qq.com yandex.ru")


@dataclass(frozen=True, slots=True)
class Base:
    """What a person's handles have in common: some words, a number of his (may be empty), an emoji (may be empty)."""

    words: tuple[str, ...]
    digits: str
    emoji: str


def draw_base(rng: Random, name: Name) -> Base:
    """Return a handle habit: short and wordlike, of the own script, of the own name, or two words and a number."""
    emoji = rng.choice(_EMOJI) if rng.random() < EMOJI_HANDLE else ""
    digits = f"{rng.randrange(10_000):0{rng.randrange(2, 5)}}" if rng.random() < 0.75 else ""
    if rng.random() < SHORT_HANDLE:
        syllables = rng.choice("bcdfghjklmnprstvz") + rng.choice("aeiou") + rng.choice("bdgklmnrstvxz")
        word = skewed(rng, _SHORT) if rng.random() < 0.6 else syllables + rng.choice(("", "a", "i", "o", "y"))
        return Base((word,), digits[:2] if rng.random() < 0.4 else "", emoji)
    if name.culture in _NATIVE and rng.random() < NATIVE_HANDLE:
        word = skewed(rng, _NATIVE[name.culture].split()) if rng.random() < 0.6 else name.given[0]
        return Base((word,), digits[:3], emoji)
    if rng.random() < 0.35:
        given, family = (plain(word).lower().replace(" ", "") for word in (name.given[1], name.family[3]))
        return Base((given, family.split("-")[0][:6]), digits, "")
    return Base((skewed(rng, _FIRST_WORDS, 1.2), skewed(rng, _SECOND_WORDS, 1.2)), digits, emoji)


def draw_handle(rng: Random, base: Base) -> str:
    """Return a handle of that habit for one more account: mostly the same, at times drifted."""
    roll = rng.random()
    digits = base.digits if roll < 0.75 else "" if roll < 0.85 else str(rng.randrange(1, 2030))
    text = rng.choice(("", "_", "_", ".", "")).join(base.words)
    if rng.random() < 0.07:
        text = text.translate(_LEET)
    if rng.random() < 0.2:
        text = text.title()
    text += rng.choice(("", "", "_")) + digits if digits else ""
    if rng.random() < 0.05:
        text = rng.choice((f"x{text}x", f"_{text}", f"{text}_", f"real{text}"))
    return text + base.emoji


def write_handle(rng: Random, handle: str) -> str:
    """Return the handle as somebody types it off a screen."""
    text = handle
    if not text.isascii():
        if rng.random() < EMOJI_LOST:
            text = "".join(c for c in text if c < "\u2600" or "\u3000" < c < "\uff00") or text
        if rng.random() < 0.06:
            text = rng.choice((unicodedata.normalize("NFD", text), f"\u200f{text}", f"{text}\ufe0f"))
    roll = rng.random()
    if roll < 0.16:
        text = f"@{text}"
    elif roll < 0.26:
        text = text.lower()
    elif roll < 0.32:
        text = text.upper() if roll < 0.28 else text.capitalize()
    return slipped(rng, text) if rng.random() < TYPO else text


def draw_email(rng: Random, name: Name, base: Base) -> str:
    """Return a mailbox named after the handle habit or the name, with a number that keeps it apart."""
    own = "".join(base.words) + base.digits
    if not own.isascii() or len(own) < 6 or rng.random() < 0.4:
        given, family = (plain(part[1]).lower().replace(" ", "").replace("'", "") for part in (name.given, name.family))
        own = rng.choice(("", ".", "_")).join((given, family)) + str(rng.randrange(10, 9999))
    return f"{own}@{skewed(rng, _PROVIDERS)}"


def write_email(rng: Random, email: str) -> Row:
    """Return an e-mail identifier in one spelling: other case; dots and a tag where the provider ignores them."""
    local, domain = email.split("@")
    roll = rng.random()
    if domain == "gmail.com" and roll < 0.12:
        i = rng.randrange(1, len(local))
        local = rng.choice((f"{local[:i]}.{local[i:]}".replace("..", "."), f"{local}+chat", local.replace(".", "")))
        domain = "googlemail.com" if roll < 0.015 else domain
    elif roll < 0.22:
        local = local.upper() if roll < 0.16 else local.capitalize()
    text = f"{local}@{domain}"
    roll = rng.random()
    if roll < TYPO / 2:
        text = text.replace("@", " (at) ")
    elif roll < TYPO:
        text = f"{slipped(rng, local)}@{domain}"
    return {"type": "email", "value": text}


def write_profile_url(rng: Random, host: str, handle: str) -> Row:
    """Return the address of somebody's page, copied from one app or another."""
    path = quote(handle) if rng.random() < 0.5 else handle
    start = rng.choice(("https://", "https://www.", "http://", "https://m.", ""))
    return {
        "type": "url",
        "value": f"{start}{host}/{path}" + rng.choice(("", "", "/", "?utm_source=share", "?lang=en")),
    }


# --- Papers, devices, payments, addresses ----------------------------------------------------------------------------
_STREETS = words(
    "Oak Mill Church Station Park River Garden Market Bridge Victoria Linden Cedar Temple Harbour School Hill"
)
_STREET_ENDS = ("Street", "Road", "Avenue", "Lane", "Close", "Way", "Soi")
_SHORTER = {"Street": "St", "Road": "Rd", "Avenue": "Ave", "Lane": "Ln"}


def draw_document(rng: Random, country: Country) -> str:
    letters = "" if country.code in {"US", "RU", "GB"} else "".join(rng.choices("ACEFGHKLMPRTX", k=2))
    return f"{letters}{rng.randrange(10**8, 10**9) if not letters else rng.randrange(10**6, 10**7)}"


def write_document(rng: Random, number: str, country: str) -> Row:
    """Return a passport number as the page, the form or the tired clerk has it."""
    text = rng.choice((number, number, f"{number[:2]} {number[2:]}", f"{number[:2]}-{number[2:]}"))
    text = f"{number[:3]} {number[3:6]} {number[6:]}" if rng.random() < 0.12 else text
    text = text.lower() if rng.random() < 0.08 else text
    text = text.replace("0", "O", 1) if rng.random() < 0.02 else text
    return {"type": "document", "value": text} | ({"country": country} if rng.random() < 0.7 else {})


def draw_imei(rng: Random) -> str:
    """Return an IMEI with its check digit (Luhn)."""
    body = f"35{rng.randrange(10**12):012}"
    total = sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(body))
    return body + str(-total % 10)


def write_device(rng: Random, device: str) -> Row:
    """Return a device identifier, with or without the label and the hyphens of the box it was read from."""
    if device.isdigit() and rng.random() < 0.25:
        device = rng.choice((f"IMEI {device}", f"{device[:2]}-{device[2:8]}-{device[8:14]}-{device[14:]}"))
    return {"type": "device", "value": device.upper() if rng.random() < 0.15 else device}


def draw_payment(rng: Random, base: Base) -> tuple[str, str]:
    """Return a payment service and a handle there (short, unique only there), or a wallet address."""
    if rng.random() < SHORT_PAYMENT:
        short = skewed(rng, _SHORT, 1.3) + (f"{rng.randrange(100)}" if rng.random() < 0.75 else "")
        words_joined = "".join(base.words)
        own = words_joined if words_joined and words_joined.isascii() and rng.random() < 0.4 else short
        return rng.choice(("CashDash", "PayBuddy", "TipJar")), f"${own}"
    return "", "bc1q" + "".join(rng.choices("023456789acdefghjklmnpqrstuvwxyz", k=38))


def write_payment(rng: Random, payment: tuple[str, str]) -> Row:
    service, handle = payment
    roll = rng.random()
    if not service or roll < 0.4:
        return {"type": "payment", "value": handle}
    value = handle.lstrip("$") if roll < 0.65 else f"{service.lower()}.example/{handle}" if roll < 0.75 else handle
    return {"type": "payment", "value": value.title() if roll > 0.93 else value, "service": service}


def draw_address(rng: Random, country: Country) -> tuple[str, str, str]:
    """Return number, street and city."""
    street = f"{rng.choice(_STREETS)}{rng.choice(('', '', 'field', ' Hill', ' View'))} {rng.choice(_STREET_ENDS)}"
    return str(rng.randrange(1, 220)), street, skewed(rng, country.cities)


def write_address(rng: Random, address: tuple[str, str, str], country: Country) -> Row:
    """Return the address in one order and shortness."""
    number, street, city = address
    for long, short in _SHORTER.items():
        if street.endswith(long) and rng.random() < 0.35:
            street = street.replace(long, short)
    line = f"{number} {street}" if rng.random() < 0.75 else f"{street} {number}"
    return {"line": line, "city": city} | ({"country": country.code} if rng.random() < 0.6 else {})
