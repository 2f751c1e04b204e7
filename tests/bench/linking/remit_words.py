"""Words of the remit world: names as each desk writes them, stage names, numbers. All is invented."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from unicodedata import normalize

from tests.bench.linking.market_words import pick_skewed

Spelled = Sequence[str]
"""A word as the passport has it, then as others hear it, then in its own script where that is not Latin."""


@dataclass(frozen=True, slots=True)
class Country:
    """How a country is dialled (calling code, trunk prefix, networks, digits behind them), and its names.

    A word of a name is spelled `passport|other|own script`, or in one way; family names are a head and a tail.
    """

    dial: tuple[str, str, str, int]
    given: str
    heads: str
    tails: str


ABROAD = {
    "GB": Country(
        ("+44", "0", "7400 7500 7700 7911", 6),
        "Alan Barry Clive Derek Geoffrey|Jeffrey Howard Ian|Iain Keith Malcolm Nigel Philip|Phillip Roger "
        "Stuart|Stewart Trevor",
        "Ash Brad Hart Lang Mar Nor Pen Stan Thorn Wake West Win",
        "bury field ley shaw ton well wick|wyck worth",
    ),
    "AU": Country(
        ("+61", "0", "400 412 423 438", 6),
        "Bruce Craig Darren|Darrin Gary|Garry Glenn|Glen Graeme|Graham Kerry Neil Ross Shane Terry Wayne",
        "Barr Camp Dal Fair Gil Kings Mac Mill Red Wal",
        "bell by don ford gate land more|moore ridge|rige",
    ),
    "DE": Country(
        ("+49", "0", "151 160 170 175", 7),
        "Bernd|Bernt Dieter Günther|Guenter Heinz Holger Jörg|Joerg Jürgen|Juergen Karsten|Carsten Manfred "
        "Rüdiger|Ruediger Uwe Wolfgang Klaus-Peter|Klaus",
        "Bäum|Baeum Fisch Grün|Gruen Hoff Kirch Küh|Kueh Lind Mül|Muel Rött|Roett Schön|Schoen Stein Wald",
        "er mann|man meier|meyer ner stedt berg ke hauer",
    ),
    "SE": Country(
        ("+46", "0", "70 72 73 76", 7),
        "Anders Björn|Bjorn Göran|Goran Håkan|Hakan Kjell Lars-Erik|Lars Leif Mats Ove Per|Pär Sten Åke|Ake",
        "Berg Dahl Ek Fors Hög|Hog Lind Lund Nord Sjö|Sjo Söder|Soder Åker|Aker",
        "blad gren kvist|quist lund mark ström|strom vall|wall man",
    ),
    "JP": Country(
        ("+81", "0", "80 90 70", 8),
        "Kenji|Kenzi|健二 Shinichi|Shin'ichi|真一 Yuji|Yuuji|裕司 Takeo|Takeo|武男 Koichi|Kouichi|浩一 Osamu|Osamu|修 "
        "Tetsuya|Tetuya|哲也 Jun|Zyun|純 Hiroshi|Hirosi|博 Makoto|Makoto|誠",
        "Yama|Yama|山 Naka|Naka|中 Kita|Kita|北 Oo|O|大 Nishi|Nisi|西 Matsu|Matu|松 Ishi|Isi|石 Fuji|Huzi|藤",
        "moto|moto|本 mura|mura|村 da|ta|田 kawa|gawa|川 zaki|saki|崎 guchi|guti|口",
    ),
    "RU": Country(
        ("+7", "8", "903 916 921 962", 7),
        "Sergei|Sergey|Сергей Aleksei|Alexey|Алексей Iurii|Yuri|Юрий Evgenii|Evgeny|Евгений Dmitrii|Dmitry|Дмитрий "
        "Viacheslav|Vyacheslav|Вячеслав Anatolii|Anatoly|Анатолий Ilia|Ilya|Илья Gennadii|Gennady|Геннадий",
        "Zhur|Jur|Жур Shchuk|Schuk|Щук Khar|Har|Хар Bel|Byel|Бел Chern|Tchern|Черн Gus|Gous|Гус Lisits|Lisitz|Лисиц",
        "avlev|avliov|авлев in|ine|ин itonov|itonow|итонов iaev|yayev|яев enkov|yenkov|енков ov|off|ов",
    ),
    "AE": Country(
        ("+971", "0", "50 52 55 56", 7),
        "Khalid|Khaled|خالد Yousuf|Yusef|يوسف Hamad|Hamed|حمد Saeed|Said|سعيد Abdulrahman|Abdel Rahman|عبدالرحمن "
        "Majid|Maged|ماجد Tariq|Tarek|طارق Nasser|Naser|ناصر Jassim|Qasim|جاسم",
        "Al_|El-|آل_ Bin_|Ben_|بن_ Abu_|Abou_|أبو_",
        "Mansoori|Mansouri|المنصوري Qubaisi|Kubaissi|القبيسي Hashimi|Hashemi|الهاشمي Suwaidi|Sowaidi|السويدي "
        "Ketbi|Qutbi|الكتبي Rumaithi|Romaithy|الرميثي Jaberi|Gaberi|الجابري Zaabi|Zabi|الزعابي",
    ),
}
"""Where payers live."""
AT_HOME = {
    "PH": Country(
        ("+63", "0", "905 917 926 998", 7),
        "Marilou|Mary Lou Jocelyn|Joselyn Rosalie Arlene|Arlyn Jhun|Jun Rey|Ray Cherry_Mae|Cherrymay Lovely "
        "Gemma|Jemma Analiza|Annaliza Rodel Ferdie|Ferdinand Maricel|Marichel Edgar Jinky",
        "Ba Ca Dela_ Do Ma Pa San_ Sa Ta Villa",
        "bao|baw cruz|crus gos|goz lang mante naya|naia quio|kio ribay rosa|roza ting",
    ),
    "KE": Country(
        ("+254", "0", "701 712 722 733", 6),
        "Achieng|Acheng Atieno Brian|Bryan Caroline Dennis|Denis Faith Kamau|Kamaw Mwende Njeri|Njery Otieno Peris "
        "Wambui Wanjiru|Wanjiro",
        "Gi Ka Ki Mu Mwa Ndu Nyo O Wa",
        "chuki garo|ngaro kanda langi mba ngugi|ngungi riuki|riuky tieno yoike|yoyke",
    ),
    "RO": Country(
        ("+40", "0", "721 731 744 766", 6),
        "Alina Bogdan Cătălin|Catalin Denisa Florin Gabriela Ionuț|Ionut Mădălina|Madalina Răzvan|Razvan Simona "
        "Ștefan|Stefan Vasile",
        "Bar Cior Dră|Dra Gheor Io Mun Pă|Pa Sto Tur Văc|Vac",
        "bu|bulescu can|kan ea|eanu ghici|gici nescu|nesco ian oiu țescu|tescu",
    ),
    "VN": Country(
        ("+84", "0", "90 91 97 98", 7),
        "Hạnh|Hanh Thảo|Thao Dũng|Dung Hùng|Hung Lan Mai Ngọc|Ngoc Phương|Phuong Quân|Quan Trang Tuấn|Tuan Yến|Yen",
        "Nguyễn_|Nguyen_ Trần_|Tran_ Lê_|Le_ Phạm_|Pham_ Hoàng_|Huynh_ Võ_|Vu_ Đặng_|Dang_",
        "Thị|Thi Văn|Van Đức|Duc Minh Kim Hữu|Huu",
    ),
}
"""Where streams come from."""
COUNTRIES = {**ABROAD, **AT_HOME}
STREETS = {
    "GB": ("Mill Lane", "Station Road", "Church Street"), "AU": ("Wattle Street", "Pacific Parade"),
    "DE": ("Kirchweg", "Am Bahnhof", "Lindenstraße"), "SE": ("Storgatan", "Björkvägen"),
    "JP": ("Sakura-dori", "Honmachi 2-chome"), "RU": ("Ulitsa Lesnaya", "Prospekt Mira"), "AE": ("Corniche Road",),
    "PH": ("Purok 4", "Mabini Street", "Rizal Avenue"), "KE": ("Moi Road", "Market Lane"),
    "RO": ("Strada Morii", "Strada Gării"), "VN": ("Đường Lê Lợi", "Hẻm 12"),
}  # fmt: skip
MAIL_HOSTS = ("gmail.com", "gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "gmx.example", "rocketmail.com")

_STAGE_HEADS = "sunny lucky mimi star cherry coco jade luna bea cookie lily ruby coral pinky"
_STAGE_TAILS = "bee rose moon cloud smile belle dream bear pearl sky heart rain"
_HOBBIES = (
    "trout captain biker fisher kilt vinyl diesel golf oldtimer piper skipper ranger miner lathe rally angler banjo "
    "chess dingo falcon gauge harley ivory jolly koala lager motor nomad oak quiet rover sailor tank urchin wolf "
    "yeti zen barrel cliff"
)


@dataclass(frozen=True, slots=True)
class FullName:
    """A person's names; the middle one is the mother's family name or a second given one."""

    given: Spelled
    middle: Spelled
    family: Spelled


def draw_full_name(rng: Random, country: str, family: Spelled | None = None) -> FullName:
    """Return somebody's names; of a family, if one is given."""
    middle = draw_family_name(rng, country) if country == "PH" else _draw_word(rng, COUNTRIES[country].given)
    return FullName(_draw_word(rng, COUNTRIES[country].given), middle, family or draw_family_name(rng, country))


def draw_family_name(rng: Random, country: str) -> Spelled:
    """Return a family name of a country."""
    heads, tails = _draw_word(rng, COUNTRIES[country].heads), _draw_word(rng, COUNTRIES[country].tails)
    count = max(len(heads), len(tails))
    return [_at(heads, place) + _at(tails, place) for place in range(count)]


def write_name(rng: Random, name: FullName, *, by_ear: float, own_script: float) -> str:
    """Return the names as one desk writes them: `by_ear` and `own_script` are its rates of other spellings."""
    draw = rng.random()
    place = 2 if draw < own_script else 1 if draw < own_script + by_ear else 0
    given, middle, family = (_at(word, place) for word in (name.given, name.middle, name.family))
    shapes = {
        f"{given} {family}": 40, f"{family}, {given}": 18, f"{family} {given}": 10, f"{given} {middle} {family}": 16,
        f"{given} {middle[0]}. {family}": 8, f"{given[0]}. {family}": 4, given: 4,
    }  # fmt: skip
    text = rng.choices([*shapes], [*shapes.values()])[0]
    return text.upper() if rng.random() < 0.3 else text


def to_handle(word: str) -> str:
    """Return a word as it may stand in a mail address or a handle; "" when nothing is left."""
    return "".join(sign for sign in normalize("NFKD", word.lower()) if sign.isascii() and sign.isalnum())


def draw_stage_root(rng: Random) -> str:
    """Return a stage name; there are few, and whoever streams has one of them."""
    return pick_skewed(rng, _STAGE_HEADS.split()) + pick_skewed(rng, _STAGE_TAILS.split())


def draw_payer_root(rng: Random, given: str) -> str:
    """Return what a payer builds his handles from."""
    number = rng.choice([str(rng.randint(1948, 1992)), f"{rng.randrange(100):02}", ""])
    one, other = rng.sample(_HOBBIES.split(), 2)
    return (rng.choice([to_handle(given), one, one + other]) or one) + rng.choice(["", "_"]) + number


def next_handle(rng: Random, root: str, mark: str, times: int) -> str:
    """Return the handle of the account after so many bans: the root, dressed with its owner's mark or a count."""
    shapes = ("{root}{mark}", "{root}_{mark}", "{root}{times}", "{root}.new{times}", "{mark}{root}", "its{root}{mark}")
    return rng.choice(shapes).format(root=root, mark=mark, times=times + 1)


def draw_phone(rng: Random, country: str) -> str:
    """Return a mobile number with its calling code."""
    code, _, networks, digits = COUNTRIES[country].dial
    return f"{code}{rng.choice(networks.split())}{rng.randrange(2 * 10 ** (digits - 1), 10**digits)}"


def to_national(number: str, country: str) -> str:
    """Return a number of that country as its people write it."""
    code, trunk, *_ = COUNTRIES[country].dial
    digits = number.removeprefix(code)
    return f"{trunk}{digits[:-7]} {digits[-7:-4]} {digits[-4:]}" if len(digits) > 8 else f"{trunk}{digits}"


def _draw_word(rng: Random, words: str) -> Spelled:
    return [part.replace("_", " ") for part in pick_skewed(rng, words.split(" "), 1.3).split("|")]


def _at(word: Spelled, place: int) -> str:
    return word[min(place, len(word) - 1)]
