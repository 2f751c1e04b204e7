"""Words of the market world: names of ten countries in their own script, handles, numbers, wallets. All is invented."""

from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import TypeVar

T = TypeVar("T")
Spellings = tuple[str, str, str]
"""A word in its own script, as its country romanises it, and as others do."""

GIVEN = {
    "US": "Kyle Brandon Travis Dennis Keith Megan Tyler Cody Derek Randall Shawn Curtis Leroy Dustin",
    "NL": "Jeroen Pieter Bas Sander Wouter Joost Marieke Ruud Maarten Dirk Koen Thijs Gijs Henk",
    "CO": "Andrés|Andres|Andre Camilo John|Jhon|Jon Wilmer|Wilmer|Vilmer Yeison|Jeison|Jason "
    "Fabián|Fabian|Favian Nelson Diana Hernán|Hernan|Ernan Germán|German|Jerman Iván|Ivan|Yvan "
    "Edwin|Edwin|Eduin",
    "PH": "Jomar Arnel Rodel Marites|Marites|Maritess Jericho Rowena Dante Efren|Efren|Ephraim Lito "
    "Jayvee|Jayvee|JV Ronnel Analyn|Analyn|Annalyn",
    "NG": "Chinedu Emeka Tunde|Tunde|Babatunde Ifeanyi Segun|Segun|Shegun Kelechi Musa|Musa|Moussa "
    "Ibrahim|Ibrahim|Ebrahim Ngozi Obinna Femi Uche",
    "TH": "สมชาย|Somchai|Somchay วิชัย|Wichai|Vichai อนันต์|Anan|Anant ประเสริฐ|Prasoet|Prasert "
    "มานพ|Manop|Manob สุรชัย|Surachai|Surachay กิตติ|Kitti|Kitty ณรงค์|Narong|Narongk "
    "พรชัย|Phonchai|Pornchai วีระ|Wira|Veera",
    "UA": "Олексій|Oleksii|Alexey Сергій|Serhii|Sergey Дмитро|Dmytro|Dmitry Юрій|Yurii|Yuri "
    "Володимир|Volodymyr|Vladimir Андрій|Andrii|Andrey Микола|Mykola|Nikolai Ігор|Ihor|Igor "
    "Євген|Yevhen|Evgeny Віталій|Vitalii|Vitaly Олег|Oleh|Oleg",
    "EG": "محمد|Mohamed|Muhammad أحمد|Ahmed|Ahmad محمود|Mahmoud|Mahmud يوسف|Youssef|Yusuf خالد|Khaled|Khalid "
    "حسن|Hassan|Hasan مصطفى|Mostafa|Mustafa عمر|Omar|Umar كريم|Karim|Kareem طارق|Tarek|Tariq "
    "شريف|Sherif|Sharif",
    "KR": "민수|Minsu|Min-soo 지훈|Jihun|Ji-hoon 성호|Seongho|Sung-ho 영진|Yeongjin|Young-jin 준호|Junho|Jun-ho "
    "상우|Sangu|Sang-woo 태현|Taehyeon|Tae-hyun 동욱|Donguk|Dong-wook 현우|Hyeonu|Hyun-woo 경수|Gyeongsu|Kyung-soo",
    "IL": "דוד|David|Dawid משה|Moshe|Moses יוסף|Yosef|Joseph אבי|Avi|Avy אלכס|Aleks|Alex איתן|Eitan|Ethan "
    "נועם|Noam|Noam רון|Ron|Ronn שמעון|Shimon|Simon יעקב|Yaakov|Jacob",
}  # fmt: skip
HEADS = {
    "US": "Har Brad Wins Ash Cal Ell Mor Stan Whit Dun Hol Pem Lang Red",
    "NL": "Hoek Dijk Brou Kui Ber Mul Vis Hui Schip Loo Zand Vel",
    "CO": "Ríos_|Rios_|Rios_ Cárdenas_|Cardenas_|Cardenaz_ Ospina_ Mejía_|Mejia_|Mexia_ Zapata_ Quintero_ "
    "Arango_ Rojas_ Duque_ Restrepo_",
    "PH": "Dela_ Villa Santo Maca Bau Pang Lim Tala Caba Manda",
    "NG": "Oko Ade Olu Chuk Ibe Nwa Eze Ogun Aki Bala",
    "TH": "ศรี|Si|Sri ทอง|Thong|Tong แก้ว|Kaeo|Kaew สุข|Suk|Sook วงศ์|Wong|Vong บุญ|Bun|Boon จันทร์|Chan|Jan "
    "ชัย|Chai|Jai",
    "UA": "Шевч|Shevch|Chevch Бонд|Bond|Bond Ковал|Koval|Kowal Лис|Lys|Lis Ткач|Tkach|Tkatch Гнат|Hnat|Gnat "
    "Юрч|Yurch|Jurch Мельн|Meln|Meln Зайч|Zaich|Zaych Савч|Savch|Sawtch",
    "EG": "سالم_|Salem_|Salim_ فتحي_|Fathi_|Fathy_ جمال_|Gamal_|Jamal_ عادل_|Adel_|Adil_ نبيل_|Nabil_|Nabeel_ "
    "رمضان_|Ramadan_|Ramzan_ فؤاد_|Fouad_|Fuad_ حلمي_|Helmy_|Hilmi_",
    "KR": "김|Gim|Kim 이|I|Lee 박|Bak|Park 최|Choe|Choi 정|Jeong|Jung 강|Gang|Kang 조|Jo|Cho 윤|Yun|Yoon 장|Jang|Chang "
    "임|Im|Lim",
    "IL": "כה|Ko|Ca לו|Le|Le מזר|Mizra|Mizra פרידמ|Fridma|Friedma ביטו|Bito|Bitto גולד|Gold|Gould "
    "רוזנ|Rozen|Rosen שפיר|Shapir|Schapir",
}  # fmt: skip
TAILS = {
    "US": "ton ford ley man well son er land worth by",
    "NL": "sen stra ma man der wijk mans hof",
    "CO": "Giraldo Vélez|Velez|Veles Cano Henao Salazar Muñoz|Munoz|Muños Patiño|Patino|Patinho Bedoya Correa",
    "PH": "cruz raga tista mora ngan bing sora dac nes",
    "NG": "ro yemi wole wuma kwe chi dele nna tobi",
    "TH": "สุข|suk|sook ดี|di|dee มณี|mani|manee ชัย|chai|jai พงษ์|phong|pong วัฒน์|wat|watt ใจ|chai|jai",
    "UA": "енко|enko|enco ук|uk|ouk ський|skyi|sky ів|iv|iw ик|yk|ik ай|ai|ay",
    "EG": "السيد|Elsayed|Al-Sayyid حسين|Hussein|Husain عبده|Abdo|Abdu منصور|Mansour|Mansur زكي|Zaki|Zaky "
    "غنيم|Ghoneim|Ghunaim",
    "KR": "||",
    "IL": "הן|hen|han י|y|i ן|n|nn שטיין|shtein|stein ברג|berg|burg",
}  # fmt: skip
PHONES = {
    "US": ("+1", "", "212 305 702 718 832", 7), "NL": ("+31", "0", "61 62 64 68", 7),
    "CO": ("+57", "", "300 311 320", 7), "PH": ("+63", "0", "905 917 926 998", 7),
    "NG": ("+234", "0", "803 806 813 905", 7), "TH": ("+66", "0", "81 89 92", 7), "UA": ("+380", "0", "50 63 67 95", 7),
    "EG": ("+20", "0", "100 111 122", 7), "KR": ("+82", "0", "10", 8), "IL": ("+972", "0", "50 52 54", 7),
}  # fmt: skip
"""Calling code, trunk prefix, networks, digits behind them."""
MAIL_HOSTS = ("gmail.com", "gmail.com", "outlook.com", "yahoo.com", "proton.me", "mail.example", "ukr.net", "naver.com")
_NOUNS = (
    "harbor kestrel lantern marble nickel orchid pepper quartz raven saddle timber umber velvet walnut zephyr "
    "anchor basil cobalt dagger ember falcon granite hazel indigo jasper kelp lotus meadow nutmeg onyx prism "
    "quill ridge sable thistle urchin violet willow yarrow badger cedar drift elk frost grove heron iris juniper "
    "knoll larch mole newt otter plum quail rook stoat tern vole wren lobo tigre rey sombra lodi bulan araw naga "
    "oga wahala тінь вовк лис сокіл 쥐 곰 별 달 หมี เสือ ذيب صقر זאב"
)
NOUNS = tuple(_NOUNS.split())
_ADJECTIVES = "Brave Calm Dusty Eager Faint Gentle Hasty Icy Jolly Keen Lazy Mellow Noisy Odd Plain Quiet"
ADJECTIVES = tuple(_ADJECTIVES.split())
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def pick_skewed(rng: Random, items: Sequence[T], power: float = 1.6) -> T:
    """Return one of the items, the first ones more often: some of everything is popular."""
    return items[int(len(items) * rng.random() ** power)]


def draw_given(rng: Random, country: str) -> Spellings:
    """Return a given name of a country."""
    return _spellings(pick_skewed(rng, GIVEN[country].split()))


def draw_surname(rng: Random, country: str) -> Spellings:
    """Return a family name of a country."""
    head, tail = (_spellings(pick_skewed(rng, words[country].split())) for words in (HEADS, TAILS))
    native, own, other = ((one + two).replace("_", " ") for one, two in zip(head, tail, strict=True))
    return native, own, other


def draw_root(rng: Random, given: str, surname: str) -> str:
    """Return what somebody builds his handles from."""
    draw = rng.random()
    if draw < 0.30:
        return pick_skewed(rng, NOUNS) + str(
            rng.choice([rng.randrange(10), rng.randrange(100), rng.randint(1960, 2012)])
        )
    if draw < 0.52:
        return pick_skewed(rng, NOUNS) + rng.choice(["", "_", "."]) + pick_skewed(rng, NOUNS)
    if draw < 0.66:
        return pick_skewed(rng, NOUNS)
    if draw < 0.86:
        return given.lower() + rng.choice(["", "_", "."]) + rng.choice([surname[:1].lower(), surname.lower().strip()])
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(rng.randint(6, 9)))


def draw_suggested(rng: Random) -> str:
    """Return a handle as a service suggests one to whoever has no wish."""
    if rng.random() < 0.5:
        return f"user{rng.randrange(10**6, 10**8)}"
    return f"{rng.choice(ADJECTIVES)}-{rng.choice(NOUNS[:40]).title()}-{rng.randrange(1_000, 10_000)}"


def vary_root(rng: Random, root: str) -> str:
    """Return what somebody is called where his name is taken, or after he was thrown out."""
    shape = rng.choice(["{}2", "{}_", "{}.v2", "real{}", "{}x", "{}back", "{}{}", "the{}", "{}_new"])
    return shape.format(root, rng.randrange(100))


def draw_phone(rng: Random, country: str) -> str:
    """Return a number with its calling code."""
    code, _, networks, digits = PHONES[country]
    return f"{code}{rng.choice(networks.split())}{rng.randrange(2 * 10 ** (digits - 1), 10**digits)}"


def draw_imei(rng: Random) -> str:
    """Return a handset's number of 15 digits, the last by Luhn."""
    digits = f"86{rng.randrange(10**12):012}"
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return f"{digits}{-sum(value - 9 * (value > 9) for value in doubled) % 10}"


def draw_advertising_id(rng: Random) -> str:
    """Return an id that whoever holds the handset may reset."""
    bits = f"{rng.getrandbits(128):032x}"
    return "-".join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:]))


def draw_address(rng: Random) -> str:
    """Return a public IPv4 address."""
    first = rng.choice([24, 41, 73, 84, 102, 110, 112, 124, 156, 175, 181, 196, 202, 213])
    return f"{first}.{rng.randint(10, 250)}.{rng.randrange(256)}.{rng.randint(1, 254)}"


def draw_wallet(rng: Random) -> str:
    """Return a crypto-currency address: Tron, Bitcoin (both Base58Check) or Ethereum."""
    draw, key = rng.random(), rng.getrandbits(160)
    if draw < 0.3:
        return f"0x{key:040x}"
    payload = bytes([0x41 if draw < 0.7 else 0]) + key.to_bytes(20)
    number = int.from_bytes(payload + sha256(sha256(payload).digest()).digest()[:4])
    text = ""
    while number:
        number, place = divmod(number, 58)
        text = _BASE58[place] + text
    return text if payload[0] else "1" + text


def _spellings(word: str) -> Spellings:
    parts = word.split("|")
    return (parts[0], parts[-2], parts[-1]) if len(parts) == 3 else (word, word, word)
