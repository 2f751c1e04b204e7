"""Invented names of several cultures, and the ways in which one name gets written down."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from deploy.local.synth.chance import Chance, slots


@dataclass(frozen=True, slots=True)
class Part:
    """A given name or surname: its Latin spellings, the usual one first, and its own script if that is not Latin."""

    latin: tuple[str, ...]
    native: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name; `surnames` has two parts for a Spanish name, else one."""

    given: Part
    surnames: tuple[Part, ...]
    native: str | None

    @property
    def plain(self) -> str:
        """The usual Latin spelling, given name first: `Ana María López García`."""
        return " ".join((self.given.latin[0], *(part.latin[0] for part in self.surnames)))

    @property
    def as_on_passport(self) -> str:
        """Surname first, capitals, no marks, as an officer types it: `LOPEZ GARCIA ANA MARIA`."""
        text = " ".join((*(part.latin[0] for part in self.surnames), self.given.latin[0]))
        return without_marks(text).replace("-", " ").replace("'", "").upper()


@dataclass(frozen=True, slots=True)
class Culture:
    """Where names come from and how their parts are put together."""

    given: tuple[Part, ...]
    surnames: tuple[Part, ...]
    surname_count: int = 1
    native_surname_first: bool = False


def _parts(table: str) -> tuple[Part, ...]:
    """Read `native:latin|latin` or `latin` entries separated by commas."""
    parts = []
    for entry in table.split(","):
        native, _, latin = entry.strip().rpartition(":")
        parts.append(Part(tuple(latin.split("|")), native or None))
    return tuple(parts)


CULTURES: dict[str, Culture] = {
    "english": Culture(
        _parts(
            "Walter,Denise,Clifford,Marlene,Gordon|Gordie,Lorraine,Russell|Russ,Yvonne,Leonard|Len|Lenny,Beverly|Bev,"
            "Douglas|Doug,Charlene,Nathaniel|Nate|Nathan,Rosalind|Roz,Theodore|Ted|Theo,Winifred|Winnie,"
            "Franklin|Frank,Millicent|Millie,Bartholomew|Bart,Cordelia|Delia"
        ),
        _parts(
            "Thistlewood,Harrowgate,Pemberley,Oakhurst,Winterbourne,Ashcombe,Fairweather,Greystoke,Holloway,"
            "Kettleburn,Larkspur,Merriweather,Northcott,O'Dunnel|ODunnel|O Dunnel,Penhallow,Quarrington,Ravensdale,"
            "Stonebridge,Underhill,Vexford,Whitlock-Barnes|Whitlock Barnes,Yarborough"
        ),
    ),
    "spanish": Culture(
        _parts(
            "Ana María|Ana,José Luis|Jose L.,Lucía,Joaquín,Inés,Ramón,Begoña,Andrés,Concepción|Concha,Iñigo,"
            "Rocío,Fermín,Pilar,Sebastián,Ángeles,Tomás"
        ),
        _parts(
            "Quintañar,Olmedilla,Peñalba,Zurriaga,Montesinos,Aldecoa,Villafañe,Bermúdez,Carrasquilla,Ibáñez,"
            "Fuentespina,Galíndez,de la Hoz|Hoz,del Álamo|Álamo,Sepúlveda,Urrutibeascoa,Núñez"
        ),
        surname_count=2,
    ),
    "german": Culture(
        _parts("Jürgen|Juergen,Käthe|Kaethe,Günter|Guenter,Annelies,Dietmar,Sigrun,Ulrich,Heidrun,Götz|Goetz,Frauke"),
        _parts(
            "Müllenbrück|Muellenbrueck,Hagenbusch,Österreicher|Oesterreicher,Krähwinkel|Kraehwinkel,Steinhövel,"
            "von Tannenberg|Tannenberg,Zwiebel,Lindenhof,Rübsam|Ruebsam,Ahrendsee"
        ),
    ),
    "arabic": Culture(
        _parts(
            "يوسف:Yusuf|Youssef|Yousef,خالد:Khalid|Khaled,فاطمة:Fatima|Fatimah|Fatma,سمير:Samir|Sameer,"
            "نور:Nour|Noor|Nur,عمر:Omar|Umar,ليلى:Layla|Leila|Laila,طارق:Tariq|Tarek,هدى:Huda|Hoda,جمال:Jamal|Gamal"
        ),
        _parts(
            "الحداد:Al-Haddad|Haddad|El Haddad,النجار:Al-Najjar|Naggar|Najjar,الخطيب:Al-Khatib|El Khatib|Khateeb,"
            "القاضي:Al-Qadi|Elkady|Kadi,الصياد:Al-Sayyad|Sayad,البستاني:Al-Bustani|Boustany,"
            "الوراق:Al-Warraq|Warrak,الفخار:Al-Fakhar|El Fakhar"
        ),
    ),
    "chinese": Culture(
        _parts(
            "晓明:Xiaoming|Xiao Ming|Xiao-Ming,丽华:Lihua|Li Hua|Lai Wah,建国:Jianguo|Jian Guo,文静:Wenjing|Wen Jing,"
            "志强:Zhiqiang|Zhi Qiang|Chi Keung,海燕:Haiyan|Hai Yan,国栋:Guodong|Guo Dong,雪梅:Xuemei|Xue Mei"
        ),
        _parts(
            "欧阳:Ouyang|Au Yeung,司徒:Situ|Szeto,梁:Liang|Leung,谢:Xie|Tse,蔡:Cai|Tsai|Choi,潘:Pan|Poon,邓:Deng|Tang,"
            "郑:Zheng|Cheng"
        ),
        native_surname_first=True,
    ),
    "cyrillic": Culture(
        _parts(
            "Сергей:Sergey|Sergei|Serhii,Юлия:Yulia|Julia|Iuliia,Дмитрий:Dmitry|Dmitri|Dmytro,Ксения:Ksenia|Xenia,"
            "Евгений:Evgeny|Yevgeny|Yevhen,Наталья:Natalya|Natalia,Алексей:Alexey|Aleksei|Oleksii,Пётр:Pyotr|Petr|Petro"
        ),
        _parts(
            "Щербаковский:Shcherbakovsky|Shcherbakovskyi|Scherbakovskij,Жаворонков:Zhavoronkov|Javoronkov,"
            "Хмельницкий:Khmelnitsky|Khmelnytskyi,Чижевский:Chizhevsky|Chyzhevskyi,Юрченко:Yurchenko|Iurchenko,"
            "Гречаник:Grechanik|Hrechanyk,Цветаев:Tsvetaev|Cvetaev,Яблочкин:Yablochkin|Iablochkin"
        ),
    ),
    "portuguese": Culture(
        _parts("João Pedro|João,Conceição,Inácio,Luísa,Antônio|Antonio,Marília,Estêvão,Graça"),
        _parts("Guimarães,Assunção,Vasconcelos,Mourão,Falcão,de Araújo|Araújo,dos Anjos|Anjos,Brandão"),
        surname_count=2,
    ),
    "asian": Culture(
        _parts("Thanh Hương|Thanh Huong,Minh Quân|Minh Quan,Somchai,Kanya,Rizalino,Ligaya,Haruto,Ayumi,Devika,Rohan"),
        _parts(
            "Trịnh|Trinh,Lương|Luong,Rattanakul,Suwannarat,Magsaysayan,Dimaculangan,Kitagawara,Shinozuka,Chandrapal,Menonath"
        ),
    ),
    "african": Culture(
        _parts("Chukwuemeka|Emeka,Ngozi,Wanjiru,Kiprotich,Adebayo|Bayo,Folasade|Sade,Amara,Baraka"),
        _parts("Okonjoku,Adeyinkale,Mutheukia,Kamauthi,Nwachuku,Olanrewale,Wekesanga,Achiengo"),
    ),
}

CULTURES_OF: dict[str, tuple[str, ...]] = {
    "US": slots(english=48, spanish=20, german=6, arabic=4, chinese=6, cyrillic=4, portuguese=3, asian=5, african=4),
    "CA": slots(english=70, chinese=15, arabic=10, german=5),
    "MX": ("spanish",),
    "CO": ("spanish",),
    "ES": ("spanish",),
    "BR": ("portuguese",),
    "GB": slots(english=80, african=10, asian=10),
    "AU": slots(english=85, chinese=15),
    "DE": slots(german=85, arabic=8, cyrillic=7),
    "NL": slots(german=80, arabic=20),
    "EG": ("arabic",),
    "JO": ("arabic",),
    "UA": ("cyrillic",),
    "KZ": ("cyrillic",),
    "TH": ("asian",),
    "PH": ("asian",),
    "VN": ("asian",),
    "JP": ("asian",),
    "KE": ("african",),
}
"""Which cultures the names of a country's people come from."""

STRANGERS = Culture(
    _parts("Ottoline,Peregrine,Ysolde,Lysander"), _parts("Brackenmoor,Fenwickstowe,Gillingshaw,Tarrowdene")
)
"""Names that no tip ever carries: for a traveller who must not be found."""


def draw_name(culture: Culture, chance: Chance) -> Name:
    """Return a name of that culture."""
    given = chance.pick(culture.given)
    surnames = tuple(chance.pick(culture.surnames) for _ in range(culture.surname_count))
    return Name(given, surnames, _in_own_script(given, surnames[0], surname_first=culture.native_surname_first))


def spell_name(name: Name, chance: Chance) -> str:
    """Return the name as some clerk writes it: other transliteration, own script, surname first, no marks …"""
    style = chance.below(20)
    given = chance.pick(name.given.latin)
    surnames = " ".join(part.latin[0] for part in name.surnames)
    if style < 9:
        return name.plain
    if style < 12:
        return f"{without_marks(surnames).upper()}, {without_marks(name.given.latin[0])}"
    if style < 14:
        return f"{given} {chance.pick(name.surnames[0].latin)}"
    if style < 16:
        return name.native or f"{given} {surnames}"
    if style < 18:
        return without_marks(name.plain)
    return without_marks(f"{name.given.latin[0]} {name.surnames[0].latin[0]}").lower()


@lru_cache(maxsize=4_096)
def without_marks(text: str) -> str:
    """Return the text with accents and dots taken off its letters: `Ibáñez` → `Ibanez`."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


@lru_cache(maxsize=4_096)
def letters_of(text: str) -> str:
    """Return only the letters a to z of the text, as a mail address would carry them."""
    return "".join(letter for letter in without_marks(text).lower() if "a" <= letter <= "z")


def _in_own_script(given: Part, surname: Part, *, surname_first: bool) -> str | None:
    if given.native is None or surname.native is None:
        return None
    return surname.native + given.native if surname_first else f"{given.native} {surname.native}"
