"""URLs: the exact key folds what the standard calls equal, the canonical key also the variants of one page.

Nothing is fetched: a short link stays what it is. Source: RFC 3986 section 6.2 (case, default port, percent-encoding);
the lists of tracking parameters and mobile host names are our own.
"""

import ipaddress
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote_to_bytes

import re2

from shared.identifiers.host import normalise_host
from shared.identifiers.identifier import Context, Identifier, identifier
from shared.identifiers.ip import is_never_public, parse_ip
from shared.identifiers.text import VALUE_CHARS_MAX

_URL = re2.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]{0,15})://(?:[^/?#@\\]*@)?)?(\[[0-9A-Fa-f:.]+\]|[^/?#@:\\\[\]]+)"
    r"(?::([0-9]{0,5}))?(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21}
_WEB_PORTS = frozenset({80, 443})
_VARIANT_LABELS = frozenset({"www", "m", "mobile", "touch"})

# Parameters that say how a visitor came, not what the page is.
_TRACKING = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "li_fat_id",
        "igshid", "igsh", "mc_cid", "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "ref_src", "ref_url", "spm",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Url:
    scheme: str
    host: str
    port: int | None
    path: str
    query: tuple[str, ...]

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        query = "?" + "&".join(self.query) if self.query else ""
        return f"{self.scheme}://{self.host}{port}{self.path}{query}"


def normalise_url(text: str, _context: Context) -> Identifier | None:
    """Return the URL, or None when it names no host. A missing scheme reads as https; user and password are dropped.

    A front page (no path, no query) links nothing: thousands of tips name the same platform.
    """
    url = _parse(text)
    if url is None:
        return None
    exact, canonical = str(url), str(_main_variant(url))
    if max(len(exact), len(canonical)) > VALUE_CHARS_MAX:
        return None
    return identifier("url", exact, canonical=canonical, reason=_reason_not_to_link(url))


def _parse(text: str) -> _Url | None:
    match = None if " " in text else _URL.fullmatch(text)
    host = _host(match[2]) if match else None
    if match is None or host is None:
        return None
    scheme = (match[1] or "https").lower()
    port = int(match[3]) if match[3] else None
    if port is not None and not 1 <= port <= 65_535:
        return None
    path = _recode(match[4] or "", safe="/:@!$&'()*+,;=")
    return _Url(
        scheme=scheme,
        host=host,
        port=None if port == _DEFAULT_PORTS.get(scheme) else port,
        path="" if path == "/" else path,
        query=tuple(_parameters(match[5] or "")),
    )


def _host(text: str) -> str | None:
    address = parse_ip(text.strip("[]"))
    if address is None:
        return normalise_host(text)
    return f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)


def _parameters(query: str) -> list[str]:
    """Return the parameters in the order given, each in one spelling, without those that only track."""
    kept = []
    for parameter in query.split("&"):
        name, equals, value = parameter.partition("=")
        name = _recode(name, safe="/:@!$'()*+,;")
        tracks = name.lower() in _TRACKING or name.lower().startswith("utm_")
        if parameter and not tracks:
            kept.append(name + equals + _recode(value, safe="/:@!$'()*+,;"))
    return kept


def _recode(text: str, *, safe: str) -> str:
    """Percent-encode what needs it and nothing else: %7e and ~ are one spelling."""
    return quote(unquote_to_bytes(text), safe=safe)


def _main_variant(url: _Url) -> _Url:
    """Return the page behind its mobile, www, unencrypted and trailing-slash variants, parameters in order."""
    is_web = url.scheme in ("http", "https")
    return replace(
        url,
        scheme="https" if is_web else url.scheme,
        host=_main_host(url.host),
        port=None if is_web and url.port in _WEB_PORTS else url.port,
        path=url.path.rstrip("/"),
        query=tuple(sorted(url.query)),
    )


def _main_host(host: str) -> str:
    """Drop www., m. and the like while a registrable name of two labels remains: m.example.org, but not m.me."""
    label, _, rest = host.partition(".")
    while label in _VARIANT_LABELS and "." in rest:
        host = rest
        label, _, rest = host.partition(".")
    return host


def _reason_not_to_link(url: _Url) -> str:
    address = parse_ip(url.host.strip("[]"))
    if address is not None and is_never_public(address):
        return "private or reserved address"
    return "" if url.path.rstrip("/") or url.query else "front page of a site"
