"""The directory of field offices: what each serves, and the proof that every place is served by somebody.

The document itself is `services/referral/offices.json`; reading the file is the shell's work.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from services.referral.domain.regions import FOREIGN_COUNTRIES, REGION_NAMES, fold
from shared.errors import FieldError, Rejected

PREFIX_DIGITS_MIN = 3
PREFIX_DIGITS_MAX = 5
_PREFIX_OR_RANGE = re.compile(r"([0-9]{3,5})(?:-([0-9]{3,5}))?")
Key = TypeVar("Key")


class OfficeKind(StrEnum):
    """An office at home serves regions, an attaché serves countries, a unit serves no place."""

    DOMESTIC = "domestic"
    ATTACHE = "attache"
    UNIT = "unit"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Office:
    """A field office as the directory lists it.

    `postal_prefixes` are three to five digits of a ZIP code, or a range of equally long ones (`010-069`). `cities`
    says, for a region that several offices share, which cities are this office's.
    """

    code: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    kind: OfficeKind
    phone: Annotated[str, Field(pattern=r"^\+[0-9][0-9-]{6,20}$")]
    regions: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    postal_prefixes: tuple[str, ...] = ()
    cities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class _Document:
    source: str
    version: str
    offices: tuple[Office, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """The offices by code, and who serves what.

    Every region has one office or, when it is split, several in the order of their codes; every foreign country has
    exactly one. The keys of `by_city` are a region's code and a folded city name.
    """

    source: str
    version: str
    offices: Mapping[str, Office]
    by_region: Mapping[str, tuple[str, ...]]
    by_country: Mapping[str, str]
    by_city: Mapping[tuple[str, str], str]
    by_postal_prefix: Mapping[str, str]

    @property
    def domestic(self) -> frozenset[str]:
        """The codes of the offices that serve a region."""
        return frozenset(code for codes in self.by_region.values() for code in codes)

    def find_by_postal_code(self, postal_code: str) -> str | None:
        """Return the code of the office that serves this five-digit ZIP code; the longest prefix counts."""
        lengths = range(PREFIX_DIGITS_MAX, PREFIX_DIGITS_MIN - 1, -1)
        found = (self.by_postal_prefix.get(postal_code[:length]) for length in lengths)
        return next((code for code in found if code), None)


def parse_directory(document: Mapping[str, object]) -> Directory:
    """Return the directory that the parsed JSON document describes.

    Raises:
        Rejected: the document has not the shape of one, a code is used twice, a region or country is served by
            nobody or by two without a rule that splits it, or two offices claim one city or postal prefix. Every
            fault is listed, with the office's code and the field.
    """
    try:
        parsed = TypeAdapter(_Document).validate_python(document)
    except ValidationError as error:
        raise _refusal(_shape_faults(error, document)) from error
    offices = parsed.offices
    regions = _claims(offices, lambda office: office.regions)
    countries = _claims(offices, lambda office: office.countries)
    cities = _claims(offices, _city_keys)
    prefixes = _claims(offices, _prefixes)
    faults = [
        *_code_faults(offices),
        *_kind_faults(offices),
        *_coverage_faults("regions", regions, frozenset(REGION_NAMES)),
        *_coverage_faults("countries", countries, FOREIGN_COUNTRIES),
        *_split_faults(offices, regions),
        *_prefix_faults(offices),
        *_rival_faults("countries", countries),
        *_rival_faults("cities", cities),
        *_rival_faults("postal_prefixes", prefixes),
    ]
    if faults:
        raise _refusal(faults)
    return Directory(
        source=parsed.source,
        version=parsed.version,
        offices={office.code: office for office in offices},
        by_region={region: tuple(sorted(codes)) for region, codes in regions.items()},
        by_country={country: codes[0] for country, codes in countries.items()},
        by_city={city: codes[0] for city, codes in cities.items()},
        by_postal_prefix={prefix: codes[0] for prefix, codes in prefixes.items()},
    )


def _claims(offices: Sequence[Office], served: Callable[[Office], Iterable[Key]]) -> dict[Key, tuple[str, ...]]:
    """Return which offices claim each thing, in the order of the document."""
    claims: dict[Key, tuple[str, ...]] = {}
    for office in offices:
        for key in dict.fromkeys(served(office)):
            claims[key] = (*claims.get(key, ()), office.code)
    return claims


def _city_keys(office: Office) -> Iterator[tuple[str, str]]:
    for region, cities in office.cities.items():
        for city in cities:
            yield region, fold(city)


def _prefixes(office: Office) -> Iterator[str]:
    """Spell the ranges out; what is no prefix yields nothing, and is `_prefix_faults`'s to report."""
    for text in office.postal_prefixes:
        match = _PREFIX_OR_RANGE.fullmatch(text)
        if match:
            first, last = match[1], match[2] or match[1]
            yield from (f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1))


def _shape_faults(error: ValidationError, document: Mapping[str, object]) -> Iterator[FieldError]:
    """Name the office by its code where pydantic names it by its number."""
    for fault in error.errors(include_url=False, include_input=False):
        loc = fault["loc"]
        if len(loc) > 1 and loc[0] == "offices":
            loc = ("offices", _code_at(document, loc[1]), *loc[2:])
        yield FieldError(loc, fault["msg"])


def _code_at(document: Mapping[str, object], number: int | str) -> int | str:
    offices = document["offices"]
    row = offices[number] if isinstance(offices, Sequence) and isinstance(number, int) else None
    code = row.get("code") if isinstance(row, Mapping) else None
    return code if isinstance(code, str) else number


def _code_faults(offices: Sequence[Office]) -> Iterator[FieldError]:
    codes = [office.code for office in offices]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield _fault(code, "code", "two offices have this code")


def _kind_faults(offices: Sequence[Office]) -> Iterator[FieldError]:
    may_serve = {
        OfficeKind.DOMESTIC: ("regions", "postal_prefixes", "cities"),
        OfficeKind.ATTACHE: ("countries",),
        OfficeKind.UNIT: (),
    }
    for office in offices:
        for name in ("regions", "countries", "postal_prefixes", "cities"):
            if getattr(office, name) and name not in may_serve[office.kind]:
                yield _fault(office.code, name, f"an office of kind {office.kind} has no {name}")


def _coverage_faults(name: str, claims: Mapping[str, tuple[str, ...]], wanted: frozenset[str]) -> Iterator[FieldError]:
    for key in sorted(wanted - set(claims)):
        yield FieldError(("offices", name), f"no office serves {key}")
    for key in sorted(set(claims) - wanted):
        for code in claims[key]:
            yield _fault(code, name, f"{key} is not one of the {name} to be served")


def _split_faults(offices: Sequence[Office], regions: Mapping[str, tuple[str, ...]]) -> Iterator[FieldError]:
    for office in offices:
        split = {region for region in office.regions if len(regions[region]) > 1}
        for region in sorted(split - set(office.cities)):
            others = " and ".join(code for code in regions[region] if code != office.code)
            yield _fault(office.code, "cities", f"{others} serves {region} too; name this office's cities there")
        for region in sorted(set(office.cities) - split):
            yield _fault(office.code, "cities", f"{region} is not a region that this office shares with another")


def _prefix_faults(offices: Sequence[Office]) -> Iterator[FieldError]:
    for office in offices:
        for text in office.postal_prefixes:
            match = _PREFIX_OR_RANGE.fullmatch(text)
            last = match and (match[2] or match[1])
            if not match or not last or len(match[1]) != len(last) or match[1] > last:
                yield _fault(
                    office.code, "postal_prefixes", f"{text} is neither three to five digits nor a range of them"
                )


def _rival_faults(name: str, claims: Mapping[Key, tuple[str, ...]]) -> Iterator[FieldError]:
    for key, codes in claims.items():
        for code in codes[1:]:
            yield _fault(code, name, f"{_spoken(key)} is served by {codes[0]} already")


def _spoken(key: object) -> str:
    return ", ".join(key) if isinstance(key, tuple) else str(key)


def _fault(code: str, name: str, message: str) -> FieldError:
    return FieldError(("offices", code, name), message)


def _refusal(faults: Iterable[FieldError]) -> Rejected:
    listed = tuple(faults)
    first = "; ".join(f"{'.'.join(map(str, fault.loc))}: {fault.msg}" for fault in listed[:5])
    more = f"; and {len(listed) - 5} more" if len(listed) > 5 else ""
    return Rejected(f"the directory of offices is not usable: {first}{more}", errors=listed)
