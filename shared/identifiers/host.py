"""Host names, for e-mail addresses and URLs. Never a DNS query: it would tell strangers whom we look at."""

from functools import lru_cache

import re2

from shared.identifiers.text import lower

HOST_CHARS_MAX = 253
"""RFC 1035, section 2.3.4, without the trailing dot."""

# Two or more labels of 1-63; the last one holds a letter, so that an IPv4 address is no host name.
_HOST = re2.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{0,30}[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")


@lru_cache(maxsize=5_000)
def normalise_host(text: str) -> str | None:
    """Return a host name in lower case and ASCII (`xn--` labels after RFC 3492), or None when it is none.

    ß and ss stay apart, as in IDNA 2008: they are different names with different owners.

    A few hosts are most of all.
    """
    host = lower(text).replace("。", ".").removesuffix(".")
    if not host or len(host) > HOST_CHARS_MAX:
        return None
    if not host.isascii():
        host = ".".join(_ascii_label(label) for label in host.split("."))
    return host if len(host) <= HOST_CHARS_MAX and _HOST.fullmatch(host) else None


def _ascii_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
