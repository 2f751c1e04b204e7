"""IP addresses. None is a link key by itself: without time and port thousands may stand behind one (RFC 6302).

The port may stand in the text of the address, as in a URL: `203.0.113.9:40112`, `[2001:db8::1]:443`.
"""

import ipaddress
from functools import lru_cache

import re2

from shared.identifiers.identifier import Context, Identifier, identifier
from shared.identifiers.text import tidy

NEEDS_TIME = "needs time and port"

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

PORT_MAX = 65_535

# A port follows an IPv4 address, or an IPv6 address in brackets: without them it would read as the address's last part.
_WITH_PORT = re2.compile(r"(?:\[([^\]]*:[^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?")

# Reserved for documentation (RFC 5737, RFC 3849). Invented data uses them as if they were public, so we read them so.
_DOCUMENTATION = frozenset(
    (
        network.max_prefixlen - network.prefixlen,
        int(network.network_address) >> network.max_prefixlen - network.prefixlen,
    )
    for network in map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
)
"""By the bits that follow each prefix, and the prefix."""
_DOCUMENTATION_REST = {4: 8, 6: 96}


def normalise_ip(text: str, _context: Context) -> Identifier | None:
    """Return the address in its one text form; an IPv4 address mapped into IPv6 is the IPv4 address."""
    return _normalise(text)


def port_in(text: str) -> int | None:
    """Return the port that stands in the text of an address, or None."""
    return _split(tidy(text))[1]


@lru_cache(maxsize=2_000)
def _normalise(text: str) -> Identifier | None:
    address, _ = _split(text)
    if address is None:
        return None
    reason = "private or reserved address" if is_never_public(address) else NEEDS_TIME
    return identifier("ip", str(address), reason=reason)


def _split(text: str) -> tuple[IpAddress | None, int | None]:
    """Return the address and the port in a text; neither when one of them is none."""
    match = _WITH_PORT.fullmatch(text)
    if match is None:
        return parse_ip(text), None
    port = int(match[3]) if match[3] else None
    address = parse_ip(match[1] or match[2]) if port is None or port <= PORT_MAX else None
    return address, None if address is None else port


@lru_cache(maxsize=2_000)
def parse_ip(text: str) -> IpAddress | None:
    """Return the address, without zone index, or None. Octets with leading zeros are refused: they may be octal.

    Many tips name one address, and reading it takes longer than all else that is done with it.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def is_never_public(address: IpAddress) -> bool:
    """Return whether no single subscriber can be behind the address: private, CGNAT, loopback, multicast, reserved."""
    rest = _DOCUMENTATION_REST[address.version]
    if (rest, int(address) >> rest) in _DOCUMENTATION:
        return False
    return address.is_multicast or not address.is_global
