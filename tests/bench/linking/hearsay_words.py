"""Words of the hearsay world: names and numbers of nine countries, and what people call themselves."""

import random
from typing import Any

COUNTRIES = {
    "US": ("+1", "({0}{1}) {2}-{3}"), "DE": ("+49", "0{0}{1} / {2}{3}"), "GB": ("+44", "0{0}{1} {2}{3}"),
    "FR": ("+33", "0{0}{1} {2} {3}"), "BR": ("+55", "({0}{1}) {2}-{3}"), "MX": ("+52", "{0}{1} {2} {3}"),
    "PH": ("+63", "0{0}{1}-{2}-{3}"), "RU": ("+7", "8 ({0}{1}) {2}-{3}"), "IN": ("+91", "0{0}{1} {2} {3}"),
}  # fmt: skip
"""Calling code, and how the country writes a number: two parts of its area, two of its own."""
AREAS = {
    "US": "202 305 415 512 617 713 808 919", "DE": "151 160 171 176", "GB": "7400 7700 7911", "FR": "6 7",
    "BR": "11 21 31 71", "MX": "55 33 81", "PH": "917 918 927", "RU": "903 916 926", "IN": "98 99 91",
}  # fmt: skip
LENGTHS = {"US": 10, "DE": 11, "GB": 10, "FR": 9, "BR": 11, "MX": 10, "PH": 10, "RU": 10, "IN": 10}
_WORDS = (
    "luna sol max leo mia nina rex king queen boss angel devil love baby kitty bunny fox bear lion tiger wolf "
    "star moon sky rain snow fire rose lily daisy cherry apple peach mango coco kiwi choco lucky happy sad lonely "
    "crazy funny cool hot sweet cute shy bad good toni alex sam kim pat robin chris dani niko sasha misha vova "
    "dima katya anya olya juan pedro lucas joao bia rafa tiago hans uli kai jens lars tom ben jack oli harry zoe "
    "emma chloe lea hugo jules raj ravi amit sonu pinky gamer ninja pro noob sniper ghost shadow rider biker "
    "singer dancer poet artist chef doc coach papa солнце волк кот лиса звезда ангел малыш зая "
    "小明 小猫 星星 月亮 ราชา "
    "น้อง محمد نور قمر حبيبي प्रेम राजा "
)
WORDS = tuple(_WORDS.split())
EMOJI = ("🔥", "👑", "🌸", "💀", "🐺", "❤", "🦋", "🌙")
SURNAMES = {
    "US": "Miller Johnson Davis Brown Wilson Moore Anderson Thomas Jackson White Harris Martin Thompson Young",
    "DE": "Müller Schmidt Weber Krüger Köhler Vogt Becker Hoffmann Schäfer Koch Bauer Richter Klein Wolf",
    "GB": "Smith Taylor Evans Walker Hughes Green Edwards Wood Hall Clarke Jackson Turner Cooper Ward",
    "FR": "Martin Bernard Dubois Moreau Lefèvre Girard Roux Fournier Mercier Blanc Guérin Boyer Garnier",
    "BR": "Silva Santos Souza Pereira Costa Araújo Oliveira Lima Gomes Ribeiro Carvalho Almeida Barbosa",
    "MX": "Hernández García López Pérez Ramírez Flores Martínez González Sánchez Torres Rivera Gómez Díaz",
    "PH": "Reyes Cruz Bautista Santos Mendoza Aquino Garcia Ramos Villanueva Castillo Navarro Salazar",
    "RU": "Ivanov Kuznetsov Popov Sokolov Morozov Volkov Lebedev Kozlov Novikov Pavlov Orlov Vinogradov",
    "IN": "Sharma Kumar Singh Patel Gupta Reddy Mehta Joshi Nair Rao Das Verma Mishra Yadav",
}  # fmt: skip
GIVEN = {
    "US": "John Mike David Chris Jason Amy Brian Kevin Scott Eric Laura Tim Greg Todd",
    "DE": "Thomas Jürgen Stefan Uwe Sabine Jörg Frank Bernd Ralf Dirk Holger Sven Anja Heike",
    "GB": "Paul Gary Lee Ian Karen Darren Neil Craig Stuart Gareth Wayne Colin Tracey Dean",
    "FR": "Jean Luc Pierre Rémi Sylvie Alain Bruno Didier Thierry Yves Cédric Fabien Élodie",
    "BR": "João Carlos Paulo Luiz Ana Marcos Rafael Bruno Thiago Felipe Rodrigo Fábio Sérgio",
    "MX": "José Juan Luis Jesús María Miguel Jorge Ricardo Arturo Raúl Héctor Óscar Sergio",
    "PH": "Jun Rico Joel Arnel Maricel Rodel Jayson Ronald Edwin Noel Reynaldo Allan Jomar",
    "RU": "Sergey Dmitry Alexey Yuri Natalya Andrey Igor Oleg Pavel Roman Maxim Viktor Anton",
    "IN": "Rajesh Amit Suresh Vijay Sunita Anil Deepak Manoj Ramesh Sanjay Prakash Arun Ravi",
}  # fmt: skip
BY_EAR = (("sergey", "sergei"), ("dmitry", "dmitri"), ("alexey", "aleksei"), ("yuri", "yury"), ("v", "w"), ("ü", "ue"))
MAIL_HOSTS = {"DE": "web.de gmx.de", "RU": "mail.ru yandex.ru", "FR": "orange.fr free.fr", "IN": "rediffmail.com"}


def draw_handle(rng: random.Random) -> str:
    """Return what somebody calls himself: short, and liked by others too."""
    word = WORDS[int(len(WORDS) * rng.random() ** 1.3)]
    draw = rng.random()
    if draw < 0.25:
        return word
    if draw < 0.35:
        return word + rng.choice(EMOJI) + rng.choice(["", str(rng.randrange(10))])
    if draw < 0.55:
        return word + rng.choice(["_", ".", ""]) + rng.choice(WORDS)
    return word + str(rng.randrange(100))


def draw_phone(rng: random.Random, country: str) -> str:
    """Return a number of a country, with its code."""
    area = rng.choice(AREAS[country].split())
    rest = LENGTHS[country] - len(area)
    return COUNTRIES[country][0] + area + str(rng.randrange(2 * 10 ** (rest - 1), 10**rest))


def draw_file(rng: random.Random) -> dict[str, Any]:
    """Return hashes of a picture."""
    bits = rng.getrandbits(256)
    return {"sha256": f"{rng.getrandbits(256):064x}", "pdq": f"{bits:064x}", "pdq_quality": rng.randint(50, 100)}


def draw_advertising_id(rng: random.Random) -> str:
    """Return an id that its owner may reset."""
    bits = f"{rng.getrandbits(128):032x}"
    return "-".join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:]))


def draw_serial(rng: random.Random) -> str:
    """Return the serial number of a device."""
    return f"{rng.choice(['SN', 'R5', 'C02'])}{rng.getrandbits(40):010X}"


def draw_address(rng: random.Random) -> str:
    """Return an IPv4 address."""
    first = rng.choice([31, 78, 91, 109, 177, 188, 189])
    return f"{first}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randint(1, 254)}"


def draw_syllables(rng: random.Random) -> str:
    """Return an invented word."""
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))


def draw_mail_host(rng: random.Random, country: str) -> str:
    """Return who keeps a mailbox in a country."""
    return rng.choice([*MAIL_HOSTS.get(country, "").split(), "gmail.com", "hotmail.com", "outlook.com"])
