"""Where things happen: real cities, so that referral has an office to find; streets and numbers are invented."""

from dataclasses import dataclass

from deploy.local.synth.chance import Chance


@dataclass(frozen=True, slots=True)
class Place:
    """A city; `region` is a state's or province's code, or None where addresses carry none."""

    country: str
    region: str | None
    city: str
    postal_prefix: str
    postal_digits: int
    phone_prefix: str
    """Digits between +country code and the free digits, chosen so that the numbers parse and nobody can hold them."""
    phone_digits: int
    calling_code: int


_STATES = """
AL Birmingham 352 205/AL Mobile 366 251/AK Anchorage 995 907/AZ Phoenix 850 602/AZ Tucson 857 520
AR Little Rock 722 501/CA Los Angeles 900 213/CA San Diego 921 619/CA Sacramento 958 916
CA San Francisco 941 415/CA Fresno 937 559/CO Denver 802 303/CO Colorado Springs 809 719/CT Hartford 061 860
DE Wilmington 198 302/DC Washington 200 202/FL Miami 331 305/FL Tampa 336 813/FL Orlando 328 407
FL Jacksonville 322 904/GA Atlanta 303 404/GA Savannah 314 912/GU Hagatna 969 671/HI Honolulu 968 808
ID Boise 837 208/IL Chicago 606 312/IL Springfield 627 217/IN Indianapolis 462 317/IA Des Moines 503 515
KS Wichita 672 316/KY Louisville 402 502/LA New Orleans 701 504/LA Baton Rouge 708 225/ME Portland 041 207
MD Baltimore 212 410/MA Boston 021 617/MA Worcester 016 508/MI Detroit 482 313/MI Grand Rapids 495 616
MN Minneapolis 554 612/MS Jackson 392 601/MO Kansas City 641 816/MO St. Louis 631 314/MT Billings 591 406
NE Omaha 681 402/NV Las Vegas 891 702/NV Reno 895 775/NH Manchester 031 603/NJ Newark 071 973/NJ Trenton 086 609
NM Albuquerque 871 505/NY New York 100 212/NY Brooklyn 112 718/NY Buffalo 142 716/NY Albany 122 518
NC Charlotte 282 704/NC Raleigh 276 919/ND Fargo 581 701/OH Columbus 432 614/OH Cleveland 441 216
OH Cincinnati 452 513/OK Oklahoma City 731 405/OK Tulsa 741 918/OR Portland 972 503/PA Philadelphia 191 215
PA Pittsburgh 152 412/PR San Juan 009 787/RI Providence 029 401/SC Charleston 294 843/SD Sioux Falls 571 605
TN Nashville 372 615/TN Memphis 381 901/TX Houston 770 713/TX Dallas 752 214/TX San Antonio 782 210
TX El Paso 799 915/TX Austin 787 512/UT Salt Lake City 841 801/VT Burlington 054 802/VA Richmond 232 804
VA Norfolk 235 757/WA Seattle 981 206/WA Spokane 992 509/WV Charleston 253 304/WI Milwaukee 532 414
WY Cheyenne 820 307
"""
"""State, city, first three digits of its ZIP codes, telephone area code."""

_ABROAD = """
CA ON Toronto M5 0 1 416 7/CA BC Vancouver V6 0 1 604 7/MX JAL Guadalajara 44 3 52 10 8/MX BCN Tijuana 22 3 52 12 8
CO ANT Medellin 05 4 57 12 8/ES - Valencia 46 3 34 11 7/ES - Sevilla 41 3 34 12 7/BR SP Campinas 13 6 55 10 8
GB - Leeds LS1 0 44 21 8/GB - Cardiff CF10 0 44 22 8/AU VIC Melbourne 30 2 61 12 7/DE - Hamburg 20 3 49 13 7
DE - Leipzig 04 3 49 11 7/NL - Utrecht 35 2 31 12 7/EG - Alexandria 21 3 20 13 8/JO - Amman 11 3 962 12 7
UA - Kharkiv 61 3 380 12 7/KZ - Almaty 05 4 7 11 8/TH - Chiang Mai 50 3 66 11 7/PH - Cebu City 60 2 63 12 8
VN - Da Nang 55 4 84 11 7/JP - Osaka 53 5 81 10 7/KE - Mombasa 80 3 254 15 7
"""
"""Country, province, city, beginning of its postal code and digits that follow, calling code, a phone prefix that the
country does not assign, digits that follow."""


def _us_place(entry: str) -> Place:
    state, *city, zip_prefix, area_code = entry.split()
    # An exchange that begins with 1 is never assigned in North America: such a number parses and rings nowhere.
    return Place("US", state, " ".join(city), zip_prefix, 2, area_code + "1", 6, 1)


def _foreign_place(entry: str) -> Place:
    country, region, *city, postal, postal_digits, calling_code, prefix, digits = entry.split()
    is_nanp = calling_code == "1"
    return Place(
        country,
        None if region == "-" else region,
        " ".join(city),
        postal,
        int(postal_digits),
        prefix + "1" if is_nanp else prefix,
        int(digits) - is_nanp,
        int(calling_code),
    )


US_PLACES = tuple(_us_place(entry) for entry in _STATES.strip().replace("\n", "/").split("/"))
FOREIGN_PLACES = tuple(_foreign_place(entry) for entry in _ABROAD.strip().replace("\n", "/").split("/"))

_STREETS = (
    "Quillback",
    "Harrowmere",
    "Tansy Hollow",
    "Copperlatch",
    "Winnowing",
    "Brindlewick",
    "Old Tollgate",
    "Marrowfield",
)
_STREET_KINDS = ("Street", "Avenue", "Road", "Lane", "Court")


def draw_postal_code(place: Place, chance: Chance) -> str:
    """Return a code that begins as the city's do; its end is invented."""
    if not place.postal_digits:
        return place.postal_prefix
    return f"{place.postal_prefix}{chance.below(10**place.postal_digits):0{place.postal_digits}d}"


def draw_street(chance: Chance) -> str:
    """Return a street that no city has, with a house number."""
    return f"{chance.between(2, 9_899)} {chance.pick(_STREETS)} {chance.pick(_STREET_KINDS)}"
