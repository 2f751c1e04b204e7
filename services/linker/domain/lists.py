"""Lists of values that say nothing of a person, or little: role addresses, relays, trivial files and the like.

What is on them are facts that change, so they are data with a version, not code: `services/linker/lists/*.txt`, and an
operator's own files of the same format. Each list has an *effect*: an `ignored` value never links, not even in support
of another; a `weakened` one may, and counts half as much to start with. What no identifier of a type can ever be linked
by, whoever runs the system, is told in `shared/identifiers/`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha256
from ipaddress import ip_network
from typing import Literal, NamedTuple, cast, get_args

from shared.errors import Rejected
from shared.identifiers.host import normalise_host
from shared.identifiers.ip import parse_ip
from shared.identifiers.normalise import KEPT, KEPT_CHARS_MAX, normalise_file_hash
from shared.identifiers.text import compact, fold, tidy

Effect = Literal["ignored", "weakened"]
Sort = Literal["mail name", "mail domain", "host", "network", "file hash", "value"]
"""What the entries of a list are. A domain or host stands for those below it too; a value is one of any type."""

WEAKENABLE: frozenset[Sort] = frozenset({"mail domain", "host"})
"""Of these sorts an address or a page may still be one person's. Of the others, to count half would still be wrong."""

_HEAD = ("name", "version", "source", "licence", "about", "effect", "sort", "reason")
_HASH_TYPES = {32: "md5", 40: "sha1", 64: "sha256"}
_HASHES = frozenset(_HASH_TYPES.values())
_MAIL_SEPARATORS = "._-"


class Network(NamedTuple):
    """The addresses of one version (by its number of bits) that begin with the same `prefix_bits` bits, `prefix`."""

    address_bits: int
    prefix_bits: int
    prefix: int


Text = tuple[Sort, str]
Entry = Text | Network


@dataclass(frozen=True, slots=True)
class IgnoreList:
    """One list: its head, as its file gives it, and its entries in the form in which they are compared.

    `version` is the day of its last change; `reason` says in words why the effect, as "role address".
    """

    name: str
    version: str
    source: str
    licence: str
    about: str
    effect: Effect
    sort: Sort
    reason: str
    entries: frozenset[Entry] = frozenset()

    @property
    def words(self) -> str:
        """What a person reads: why, and by which list."""
        return f"{self.reason} (list {self.name}, {self.version})"

    def lines(self) -> Iterator[str]:
        """Yield all that is in it, in one order."""
        yield from (str(getattr(self, word)) for word in _HEAD)
        yield from sorted(map(str, self.entries))


@dataclass(frozen=True)
class Lists:
    """Some lists, looked up as one. Where two hold a value, the one that ignores it counts, then the first by name."""

    all: tuple[IgnoreList, ...] = ()
    version: str = ""
    """What they hash to, in hexadecimal: equal versions judge alike. Empty without lists."""
    _by_entry: Mapping[Text, IgnoreList] = field(default_factory=dict, repr=False)
    _by_prefix: Mapping[int, Mapping[int, Mapping[int, IgnoreList]]] = field(default_factory=dict, repr=False)
    """By the bits of an address, then by the bits that follow a prefix, then by the prefix."""

    def find(self, type: str, value: str) -> IgnoreList | None:
        """Return the list that an identifier is on, by its type and canonical form, or None."""
        if not self.all:
            return None
        # A file's hash comes once or is another's soon, and to look it up takes no longer than to find it kept.
        is_kept = type not in _HASHES and len(value) <= KEPT_CHARS_MAX
        return (self._look_up_again if is_kept else self._look_up)(type, value)

    def find_weakening(self, type: str, value: str) -> IgnoreList | None:
        """Return the list that weakens an identifier, or None."""
        if type not in _WEAKENABLE_TYPES:
            return None
        found = self.find(type, value)
        return found if found is not None and found.effect == "weakened" else None

    def _look_up(self, type: str, value: str) -> IgnoreList | None:
        if type == "ip":
            found = self._networks_of(value)
        else:
            by_entry = self._by_entry
            found = [by_entry[entry] for entry in _ENTRIES_OF.get(type, _value_entries)(value) if entry in by_entry]
        return min(found, key=_precedence) if found else None

    @cached_property
    def _look_up_again(self) -> Callable[[str, str], IgnoreList | None]:
        """Look up what was looked up before: when it is read, when it is weighed, and when it is told of."""
        return lru_cache(maxsize=KEPT)(self._look_up)

    def _networks_of(self, value: str) -> list[IgnoreList]:
        address = parse_ip(value)
        if address is None:
            return []
        number = int(address)
        networks = self._by_prefix.get(address.max_prefixlen, {})
        return [held[prefix] for rest, held in networks.items() if (prefix := number >> rest) in held]


NO_LISTS = Lists()


def join_lists(lists: Iterable[IgnoreList]) -> Lists:
    """Return the lists as one thing to look values up in, whatever their order."""
    ordered = tuple(sorted(lists, key=lambda each: each.name))
    if not ordered:
        return NO_LISTS
    by_entry: dict[Text, IgnoreList] = {}
    by_prefix: dict[int, dict[int, dict[int, IgnoreList]]] = {}
    for each in sorted(ordered, key=_precedence, reverse=True):
        for entry in each.entries:
            if isinstance(entry, Network):
                networks = by_prefix.setdefault(entry.address_bits, {})
                networks.setdefault(entry.address_bits - entry.prefix_bits, {})[entry.prefix] = each
            else:
                by_entry[entry] = each
    digest = sha256("\n".join(line for each in ordered for line in each.lines()).encode())
    return Lists(ordered, digest.hexdigest()[:12], by_entry, by_prefix)


def parse_list(file: str, text: str) -> IgnoreList:
    """Return the list that a file holds: first its head, a `# word: …` a line, then one entry a line.

    Blank lines count nothing, nor does what follows a `#` in a line of an entry, or a comment after the head.

    Raises:
        Rejected: something is wrong; the sentence names file and line.
    """
    head: dict[str, str] = {}
    entries: set[Entry] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        word, colon, said = line.removeprefix("#").partition(":")
        if line.startswith("#") and colon and word.strip() in _HEAD and not entries:
            if word.strip() in head:
                raise Rejected(f"{file}:{number}: `{word.strip()}` is said twice")
            head[word.strip()] = said.strip()
        elif entry := tidy(line.partition("#")[0]):
            _check_head(file, number, head)
            found = _READERS[cast(Sort, head["sort"])](entry)
            if found is None:
                raise Rejected(f"{file}:{number}: `{entry}` is no {head['sort']}")
            entries.add(found)
    _check_head(file, 1, head)
    if not entries:
        raise Rejected(f"{file}:1: the list has no entry")
    return IgnoreList(**head, entries=frozenset(entries))  # type: ignore[arg-type]  # `_check_head` saw the words


def _check_head(file: str, line: int, head: Mapping[str, str]) -> None:
    if missing := [word for word in _HEAD if not head.get(word)]:
        raise Rejected(f"{file}:{line}: the head lacks `# {missing[0]}: …`")
    for word, allowed in (("effect", get_args(Effect)), ("sort", get_args(Sort))):
        if head[word] not in allowed:
            raise Rejected(f"{file}:{line}: `{word}` is one of {', '.join(allowed)}, not `{head[word]}`")
    if head["effect"] == "weakened" and head["sort"] not in WEAKENABLE:
        raise Rejected(f"{file}:{line}: a {head['sort']} can only be ignored, not weakened")
    try:
        date.fromisoformat(head["version"])
    except ValueError as error:
        raise Rejected(f"{file}:{line}: `version` is a day like 2026-11-26, not `{head['version']}`") from error


def _precedence(each: IgnoreList) -> tuple[bool, str]:
    return each.effect != "ignored", each.name


def _value_entries(value: str) -> list[Text]:
    return [("value", fold(value))]


def _mail_entries(value: str) -> list[Text]:
    local, _, domain = value.rpartition("@")
    name = compact(local.partition("+")[0], _MAIL_SEPARATORS)
    return [*_value_entries(value), ("mail name", name), *(("mail domain", each) for each in _with_parents(domain))]


def _url_entries(value: str) -> list[Text]:
    host = value.partition("://")[2].partition("/")[0].partition("?")[0].partition(":")[0]
    return [*_value_entries(value), *(("host", each) for each in _with_parents(host))]


def _hash_entries(value: str) -> list[Text]:
    return [("file hash", value)]


_ENTRIES_OF: Mapping[str, Callable[[str], list[Text]]] = {
    "email": _mail_entries,
    "url": _url_entries,
    **dict.fromkeys(("sha256", "sha1", "md5"), _hash_entries),
}
_WEAKENABLE_TYPES = frozenset({"email", "url"})


def _with_parents(host: str) -> Iterator[str]:
    while host:
        yield host
        host = host.partition(".")[2]


def _read_mail_name(entry: str) -> Entry | None:
    name = compact(fold(entry), _MAIL_SEPARATORS)
    return ("mail name", name) if name and "@" not in name and " " not in name else None


def _read_mail_domain(entry: str) -> Entry | None:
    host = normalise_host(entry)
    return ("mail domain", host) if host else None


def _read_host(entry: str) -> Entry | None:
    host = normalise_host(entry)
    return ("host", host) if host else None


def _read_network(entry: str) -> Entry | None:
    try:
        network = ip_network(entry)
    except ValueError:
        return None
    bits = network.max_prefixlen
    return Network(bits, network.prefixlen, int(network.network_address) >> bits - network.prefixlen)


def _read_hash(entry: str) -> Entry | None:
    found = normalise_file_hash(_HASH_TYPES.get(len(entry), ""), entry)
    return ("file hash", found.canonical) if found else None


def _read_value(entry: str) -> Entry | None:
    return "value", fold(entry)


_READERS: Mapping[Sort, Callable[[str], Entry | None]] = {
    "mail name": _read_mail_name,
    "mail domain": _read_mail_domain,
    "host": _read_host,
    "network": _read_network,
    "file hash": _read_hash,
    "value": _read_value,
}
