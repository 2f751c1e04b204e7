"""E-mail addresses: the exact key folds letter case, the canonical key also the provider's own rules.

Rules apply to the providers of the table and to nobody else: elsewhere a dot or a tag may be another mailbox.
Sources: the providers' help pages on aliases (Gmail ignores dots, Outlook keeps them); for Proton also its web client,
which ignores dots, dashes and underscores when it compares addresses.
"""

from dataclasses import dataclass

import re2

from shared.identifiers.host import normalise_host
from shared.identifiers.identifier import PLACEHOLDER, Context, Identifier, identifier
from shared.identifiers.text import compact, is_placeholder, lower

ADDRESS_BYTES_MAX = 254
LOCAL_BYTES_MAX = 64
"""RFC 5321, section 4.5.3.1, with erratum 1690."""

# RFC 5322 atext and dots, and RFC 6531 for other scripts. Dots may stand anywhere: some carriers gave out such names.
_LOCAL = re2.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.\x{80}-\x{10FFFF}-]+")


@dataclass(frozen=True, slots=True)
class _Provider:
    """How one provider reads a local part: what starts a tag, what it ignores, its main domain if it has several."""

    tag: str = "+"
    ignored: str = ""
    domain: str = ""


_GOOGLE = _Provider(ignored=".", domain="gmail.com")
_APPLE = _Provider(domain="icloud.com")
_PROTON = _Provider(ignored="._-", domain="proton.me")
_MICROSOFT = _Provider()
_FASTMAIL = _Provider()
# A Yahoo name holds no dash of its own, so a dash always starts a tag. Yahoo Japan is another company with other rules.
_YAHOO = _Provider(tag="-")

_PROVIDERS: dict[str, _Provider] = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GOOGLE),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), _APPLE),
    **dict.fromkeys(("proton.me", "protonmail.com", "protonmail.ch", "pm.me"), _PROTON),
    **dict.fromkeys(("fastmail.com", "fastmail.fm"), _FASTMAIL),
    **dict.fromkeys(
        (
            "outlook.com", "outlook.de", "outlook.es", "outlook.fr", "outlook.it", "outlook.jp", "outlook.com.br",
            "hotmail.com", "hotmail.co.uk", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it", "live.com",
            "live.ca", "live.co.uk", "live.com.mx", "live.de", "live.fr", "live.it", "live.nl", "msn.com",
            "passport.com",
        ),
        _MICROSOFT,
    ),
    **dict.fromkeys(
        (
            "yahoo.com", "yahoo.ca", "yahoo.co.id", "yahoo.co.in", "yahoo.co.uk", "yahoo.com.ar", "yahoo.com.au",
            "yahoo.com.br", "yahoo.com.mx", "yahoo.com.ph", "yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.in", "yahoo.it",
            "ymail.com", "rocketmail.com",
        ),
        _YAHOO,
    ),
}  # fmt: skip

# Mailboxes of a function, not of a person (RFC 2142 and habit), compared without dots, dashes and underscores.
_ROLES = frozenset(
    {
        "abuse", "admin", "administrator", "billing", "contact", "customerservice", "donotreply", "enquiries", "help",
        "helpdesk", "hostmaster", "info", "legal", "mailerdaemon", "marketing", "noc", "noreply", "office",
        "postmaster", "privacy", "root", "sales", "security", "service", "support", "webmaster",
        "email", "mail",
    }
)  # fmt: skip

# What people write where there is no address, compared alike: nobody's, whatever stands on the other side of the @.
_NO_ADDRESS_NAMES = frozenset(
    {
        "doesnotexist", "donthave", "donthaveone", "dontknow", "dummy", "emailaddress", "example", "fake",
        "fakeaddress", "fakeemail", "fakemail", "fakename", "idontknow", "invalid", "noaddress", "nobody", "noemail",
        "noemailaddress", "nomail", "nonexistent", "noone", "notapplicable", "notavailable", "notgiven", "notknown",
        "notprovided", "notreal", "sample", "youremail", "yourname",
    }
)  # fmt: skip
_NO_ADDRESS_DOMAINS = frozenset(
    {
        "fake.com", "fakeemail.com", "noemail.com", "nomail.com", "none.com", "none.org", "noone.com", "nowhere.com",
        "test.com", "unknown.com",
    }
)  # fmt: skip
# Words, and keys in a row, that are nobody's address when they stand on both sides.
_FILLERS = frozenset(
    {
        "address", "anybody", "anyone", "anything", "anywhere", "bar", "baz", "bla", "blah", "company", "domain",
        "email", "foo", "foobar", "mail", "name", "no", "nope", "nothing", "nowhere", "random", "somebody",
        "someone", "something", "somewhere", "spam", "website", "whatever", "you",
    }
)  # fmt: skip
# Providers whose own names would be fillers.
_MAIL_HOSTS = frozenset(
    {
        "aa.com", "email.cz", "email.de", "email.it", "mail.bg", "mail.com", "mail.de", "mail.ee",
        "mail.ru", "qq.com", "vip.qq.com",
    }
)  # fmt: skip
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def normalise_email(text: str, _context: Context) -> Identifier | None:
    """Return the address, or None without exactly one @, a readable local part (1-64 bytes) and a domain with a dot."""
    local, at, host_text = _bare_address(text).rpartition("@")
    local, host = _unquoted(lower(local)), normalise_host(host_text)
    if not at or host is None or not _LOCAL.fullmatch(local):
        return None
    exact = f"{local}@{host}"
    if len(local.encode()) > LOCAL_BYTES_MAX or len(exact.encode()) > ADDRESS_BYTES_MAX:
        return None
    mailbox, domain = _mailbox(local, host)
    reason = _reason_not_to_link(local, host) or _reason_not_to_link(mailbox, domain)
    return identifier("email", exact, canonical="" if reason else f"{mailbox}@{domain}", reason=reason)


def _bare_address(text: str) -> str:
    """Take off what mail programs put around an address: `mailto:` and angle brackets."""
    if text[:7].lower() == "mailto:":
        text = text[7:]
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def _unquoted(local: str) -> str:
    return local[1:-1] if len(local) > 2 and local[0] == local[-1] == '"' else local


def _mailbox(local: str, host: str) -> tuple[str, str]:
    """Return local part and domain as the provider files them; unchanged for a domain outside the table."""
    provider = _PROVIDERS.get(host)
    if provider is None:
        return local, host
    name = local.partition(provider.tag)[0] or local
    # Folded again: an accent may have stood behind the sign that went.
    return lower(compact(name, provider.ignored)) or name, provider.domain or host


def _reason_not_to_link(local: str, host: str) -> str:
    name, domain = compact(local.partition("+")[0], "._-"), host.partition(".")[0]
    if name in _ROLES:
        return "role address"
    if name in _NO_ADDRESS_NAMES or host in _NO_ADDRESS_DOMAINS or host.endswith(".invalid") or is_placeholder(name):
        return PLACEHOLDER
    # a@a.com, xyz@xyz.com: typed to get past a form. A longer name may be a family with its own domain.
    is_echo = local == domain and (len(local) <= 3 or len(set(local)) == 1)
    is_filled = host not in _MAIL_HOSTS and _is_filler(name) and _is_filler(domain)
    return PLACEHOLDER if is_echo or is_filled else ""


def _is_filler(word: str) -> bool:
    """Return whether a word, once or over and over, is typed for want of another. Two letters may be initials."""
    if not word:
        return False
    once = word[: (word + word).find(word, 1)]
    return once in _FILLERS or is_placeholder(once) or (len(once) != 2 and any(once in row for row in _ROWS))
