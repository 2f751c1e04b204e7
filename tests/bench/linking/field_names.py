"""Names of the field world in their own scripts, and how different hands spell and order them in Latin letters.

`draw_…` makes a name that a person has; `write_…` is one hand writing it into one report.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

T = TypeVar("T")
Word = tuple[str, str, str, str]
"""A name in its own script, then as three hands spell it in Latin letters."""

TYPO = 0.03
DAY_MONTH_SWAPPED = 0.06
BIRTH_YEAR_ONLY = 0.18
BIRTH_YEAR_WRONG = 0.03
BIRTH_DEFAULT_DAY = 0.03
OWN_SCRIPT = frozenset({"arabic", "chinese", "cyrillic", "thai"})


def words(text: str) -> list[str]:
    return text.split()


_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_HANDS = (
    "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya",
    "a b v g d e e z z i j k l m n o p r s t u f h c c s sc - y - e ju ja",
    "a b w g d e jo sch s i j k l m n o p r s t u f ch z tsch sch schtsch - y - e ju ja",
)
_ROMAN = tuple(str.maketrans(dict(zip(_LETTERS, hand.replace("-", "").split(" "), strict=True))) for hand in _HANDS)
_GIVEN_CYRILLIC = words(
    "Александр Сергей Дмитрий Андрей Алексей Иван Михаил Евгений Николай Владимир Павел Юрий Виктор Игорь Артём "
    "Олег Денис Константин Роман Вячеслав Анатолий Григорий Фёдор Тимур Руслан Валерий Станислав Леонид"
)
_STEM_CYRILLIC = words(
    "Иван Петр Смирн Кузнец Попов Волк Морозов Зайц Соловь Лебед Козл Новик Яковл Жук Щербак Хохл Цветк Чернов "
    "Шестак Юдин Гусь Беля Рыбак Медвед Котов Федот Панкрат Тихон Дорох Горбун Крюк Бобр Сахар Мельник Корол "
    "Лопат Ершов"
)
_END_CYRILLIC = words("ов ев ин енко ский ёв чук ых цев ин ук овский")
_GIVEN_ARABIC = [
    ("محمد", "Mohammed", "Muhammad", "Mohamed"), ("أحمد", "Ahmed", "Ahmad", "Ahmed"), ("علي", "Ali", "Aly", "Ali"),
    ("يوسف", "Yousef", "Yusuf", "Youssef"), ("خالد", "Khalid", "Khaled", "Khaled"), ("عمر", "Omar", "Umar", "Omar"),
    ("حسين", "Hussein", "Husayn", "Hocine"), ("إبراهيم", "Ibrahim", "Ebrahim", "Brahim"),
    ("مصطفى", "Mustafa", "Mostafa", "Moustapha"), ("عبد الله", "Abdullah", "Abd Allah", "Abdellah"),
    ("طارق", "Tariq", "Tarek", "Tarik"), ("سعيد", "Saeed", "Said", "Saïd"), ("كريم", "Karim", "Kareem", "Karim"),
    ("رشيد", "Rashid", "Rasheed", "Rachid"), ("ياسين", "Yassin", "Yaseen", "Yacine"), ("نور", "Noor", "Nur", "Nour"),
]  # fmt: skip
_ROOTS = (
    "ب b b b|ت t t t|ج j g dj|ح h h h|خ kh kh kh|د d d d|ر r r r|ز z z z|س s s s|ش sh sh ch|ص s s s|ط t t t|"
    "ف f f f|ق q k k|ك k k k|ل l l l|م m m m|ن n n n|و w w ou|ي y y i"
)
_FAMILY_CHINESE = (
    "王 Wang Wang Wong|李 Li Li Lee|张 Zhang Chang Cheung|刘 Liu Liu Lau|陈 Chen Chen Chan|杨 Yang Yang Yeung|"
    "黄 Huang Huang Wong|赵 Zhao Chao Chiu|吴 Wu Wu Ng|周 Zhou Chou Chow|徐 Xu Hsu Tsui|孙 Sun Sun Suen|"
    "马 Ma Ma Ma|朱 Zhu Chu Chu|胡 Hu Hu Wu|郭 Guo Kuo Kwok|何 He Ho Ho|林 Lin Lin Lam|罗 Luo Lo Lo|"
    "郑 Zheng Cheng Cheng|谢 Xie Hsieh Tse|许 Xu Hsu Hui|曹 Cao Tsao Tso|邓 Deng Teng Tang|萧 Xiao Hsiao Siu|"
    "蔡 Cai Tsai Choi"
)
_GIVEN_CHINESE = (
    "明 ming ming ming|华 hua hua wah|伟 wei wei wai|强 qiang chiang keung|军 jun chun kwan|建 jian chien kin|"
    "国 guo kuo kwok|文 wen wen man|志 zhi chih chi|小 xiao hsiao siu|平 ping ping ping|海 hai hai hoi|"
    "东 dong tung tung|金 jin chin kam|永 yong yung wing|春 chun chun chun|晓 xiao hsiao hiu|飞 fei fei fei|"
    "宇 yu yu yu|龙 long lung lung|峰 feng feng fung|成 cheng cheng shing|光 guang kuang kwong|天 tian tien tin|"
    "立 li li lap|新 xin hsin san|斌 bin pin ban|杰 jie chieh kit|荣 rong jung wing|德 de te tak"
)
_THAI = (
    "สม som som som|ชาย chai chay chai|ศักดิ์ sak sakdi sak|วิ wi vi wi|ชัย chai chai jai|ประ pra bra pra|"
    "เสริฐ soet sert sirt|อนุ anu anu anoo|วัฒน์ wat vat wat|พงษ์ phong pong pong|สุ su su soo|"
    "ธน thana tana thon|กร kon korn gorn|ณัฐ nat nut nat|พล phon pol pol|ศรี si sri see|วงศ์ wong vong wong|"
    "ทอง thong tong thong|แก้ว kaeo kaew keo|บุญ bun boon bun|มี mi mee mee|รัตน์ rat rattana rat|"
    "จันทร์ chan jan chan|เพชร phet petch pet|สิงห์ sing singh sing|นคร nakhon nakorn nakon"
)
_GIVEN_ENGLISH = (
    "James Jim|John Jack|Robert Bob|Michael Mike|William Bill|David Dave|Richard Rick|Joseph Joe|Thomas Tom|"
    "Daniel Dan|Matthew Matt|Anthony Tony|Steven Steve|Andrew Andy|Kenneth Ken|Joshua Josh|Kevin Kev|Edward Ted|"
    "Timothy Tim|Jeffrey Jeff|Gary Gaz|Nicholas Nick|Eric Rick|Jonathan Jon|Stephen Steve|Lawrence Larry|"
    "Justin Jay|Scott Scotty|Brandon Bran|Benjamin Ben|Samuel Sam|Gregory Greg|Patrick Pat|Raymond Ray|"
    "Dennis Den|Walter Wally|Peter Pete|Kyle Ky"
)
_STEM_ENGLISH = words(
    "John Wil Ander Jack Thom Har Mar Rob Clark Lew Walk All Wright Scot Tor Hill Green Bak Nel Mitch Cart Phil "
    "Ev Turn Park Col Ed Stew Mor Rog Coop Reed Bail Bell Kell How Ward Cox Rich Wood Wat Brook Gray Sand Ross "
    "Pow Sull Long Hugh Wash But Sim Fost Bry Rus Grif Hay Ash Black Thorn Whit Win Holl Pres Lang Mill Stan Hart"
)
_END_ENGLISH = words("son s er ton ley man ford liams ell ings field wood land worth by well ham stead bridge ard")
_GIVEN_SPANISH = words(
    "José Juan Luis Carlos Jesús Miguel Antonio Francisco Ángel Jorge Manuel Ramón Raúl Sergio Óscar Andrés "
    "Tomás Rubén Héctor Joaquín Felipe Julián Iván Hernán Efraín Rolando Danilo Rodrigo"
)
_STEM_SPANISH = words(
    "Garc Rodrígu Hernánd Lóp Mart Gonzál Pér Sánch Ramír Flor Góm Ruíz Díaz Val Men Bal Cast Mont Cabr Oliv Rom "
    "Sal Zamor Quint Esp Del Agu Nav Cord Villan Maldon Pach Barr Ver Sol Lar"
)
_END_SPANISH = words("ez ía ado era ino os illo ano anes eda ona al uela ueva")
_GIVEN_GERMAN = words(
    "Jörg Jürgen Günther Thomas Stefan Andreas Michael Björn Uwe Matthias Götz Rüdiger Klaus Ralf Jens Torsten "
    "Sören Dieter Holger Lukas Felix Jonas Volker Heiko"
)
_STEM_GERMAN = words(
    "Müll Schmid Schröd Fisch Web Mey Wagn Beck Schäf Koch Richt Klein Wolf Neu Krüg Hof Lang Köhl Maur Vög Bäum "
    "Kais Jäg Grün Böhm Lör Hüb Zieg Bergm Sommerf Pfeiff Götz Dörf Stein Rött Fröhl"
)
_END_GERMAN = words("er mann l ner ich hardt ke bach feld ing hauer stedt")
_UMLAUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Name:
    """A given and a family name; `culture` says how they are put in order."""

    culture: str
    given: Word
    family: Word


def _table(text: str) -> list[Word]:
    rows = (row.split(" ") for row in text.split("|"))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


_ROOT_WORDS, _FAMILY_WORDS, _GIVEN_WORDS, _THAI_WORDS = map(_table, (_ROOTS, _FAMILY_CHINESE, _GIVEN_CHINESE, _THAI))
_NICKNAMES = [tuple(row.split(" ")) for row in _GIVEN_ENGLISH.split("|")]


@cache
def plain(text: str) -> str:
    """Return the text without its diacritics."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


@cache
def _cyrillic(native: str) -> Word:
    a, b, c = (native.lower().translate(hand).title() for hand in _ROMAN)
    return native, a, b, c


def _joined(parts: Sequence[Word]) -> Word:
    native, a, b, c = ("".join(part[hand] for part in parts) for hand in range(4))
    return native, a.title(), b.title(), c.title()


def _arabic_family(rng: Random) -> Word:
    """Put three root consonants into one of four patterns, with or without the article."""
    x, y, z = (skewed(rng, _ROOT_WORDS, 1.2) for _ in range(3))
    i, u = ("ي", "i", "ee", "i"), ("و", "u", "oo", "ou")
    a, long_a, m, doubled = ("", "a", "a", "a"), ("ا", "a", "a", "a"), ("م", "ma", "ma", "ma"), ("", y[1], "", y[3])
    patterns = ((x, a, y, i, z), (x, a, y, doubled, long_a, z), (x, long_a, y, ("", "i", "e", "i"), z), (m, x, y, u, z))
    word = _joined(rng.choice(patterns))
    return (f"ال{word[0]}", f"Al-{word[1]}", f"Al {word[2]}", f"El {word[3]}") if rng.random() < 0.5 else word


def draw_family(rng: Random, culture: str) -> Word:
    if culture == "cyrillic":
        return _cyrillic(skewed(rng, _STEM_CYRILLIC) + skewed(rng, _END_CYRILLIC))
    if culture == "arabic":
        return _arabic_family(rng)
    if culture == "chinese":
        return skewed(rng, _FAMILY_WORDS)
    if culture == "thai":
        return _joined([rng.choice(_THAI_WORDS) for _ in range(3)])
    if culture == "spanish":
        father, mother = (skewed(rng, _STEM_SPANISH) + skewed(rng, _END_SPANISH) for _ in range(2))
        return f"{father} {mother}", plain(f"{father} {mother}"), plain(father), plain(f"{father}-{mother}")
    if culture == "german":
        word = skewed(rng, _STEM_GERMAN, 1.3) + skewed(rng, _END_GERMAN, 1.3)
        return word, word.translate(_UMLAUT), plain(word), word
    word = skewed(rng, _STEM_ENGLISH, 1.4) + skewed(rng, _END_ENGLISH, 1.4)
    word = rng.choice(("Mc", "O'", "Fitz")) + word if rng.random() < 0.08 else word
    return word, word, word, word.replace("'", "").replace("ley", "leigh")


def _draw_given(rng: Random, culture: str) -> Word:
    if culture == "cyrillic":
        return _cyrillic(skewed(rng, _GIVEN_CYRILLIC))
    if culture == "arabic":
        return skewed(rng, _GIVEN_ARABIC)
    if culture == "chinese":
        return _joined([rng.choice(_GIVEN_WORDS) for _ in range(1 if rng.random() < 0.2 else 2)])
    if culture == "thai":
        return _joined([skewed(rng, _THAI_WORDS, 1.2) for _ in range(2)])
    if culture == "english":
        formal, nickname = skewed(rng, _NICKNAMES)
        return formal, formal, formal, nickname
    word = skewed(rng, _GIVEN_SPANISH if culture == "spanish" else _GIVEN_GERMAN)
    return word, plain(word), word.translate(_UMLAUT), plain(word)


def draw_name(rng: Random, culture: str, family: Word | None = None) -> Name:
    """Return a name; `family` is given where somebody is born into one."""
    return Name(culture, _draw_given(rng, culture), family or draw_family(rng, culture))


def write_name(rng: Random, name: Name, *, is_native: bool) -> str:
    """Return the name in one hand's spelling and order."""
    hand = 0 if is_native else rng.randrange(1, 4)
    given, family = name.given[hand], name.family[hand]
    if is_native and name.culture in OWN_SCRIPT:
        if name.culture == "chinese":
            return family + given
        return f"{family} {given}" if rng.random() < 0.4 else f"{given} {family}"
    if rng.random() < TYPO:
        family = slipped(rng, family)
    roll = rng.random()
    if roll < 0.2:
        return f"{family.upper()} {given}"
    if roll < 0.32:
        return f"{family}, {given}"
    if roll < 0.38:
        return f"{given} {rng.choice('ABDEGJKLMNRST')}. {family}"
    if roll < 0.42:
        return f"{given[0]}. {family}"
    return f"{given} {family}" if roll < 0.9 else f"{given} {family}".upper()


def write_birth_date(rng: Random, birth: tuple[int, int, int]) -> str:
    """Return a birth date as a form has it: whole or the year only, at times swapped or guessed."""
    year, month, day = birth
    roll = rng.random()
    if roll < BIRTH_YEAR_WRONG:
        year += rng.choice((-1, 1, -10))
    if rng.random() < BIRTH_YEAR_ONLY:
        return f"{year}"
    if roll > 1 - BIRTH_DEFAULT_DAY:
        return f"{year}-01-01"
    if day <= 12 and rng.random() < DAY_MONTH_SWAPPED:
        month, day = day, month
    return f"{year}-{month:02}-{day:02}"


def skewed(rng: Random, items: Sequence[T], power: float = 1.6) -> T:
    """Return an item, the first ones far more often: item i with a density falling as i ** (1 / power - 1)."""
    return items[int(len(items) * rng.random() ** power)]


def slipped(rng: Random, text: str) -> str:
    """Return the text after one slip of the keyboard: a letter lost, doubled or changed places."""
    if len(text) < 4:
        return text
    i = rng.randrange(1, len(text) - 1)
    return (text[:i] + text[i + 1 :], text[:i] + text[i] + text[i:], text[:i] + text[i + 1] + text[i] + text[i + 2 :])[
        rng.randrange(3)
    ]
