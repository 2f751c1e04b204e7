"""User names and account ids: unique only within their service, so the service is the scope.

Letter case, compatibility forms and a leading @ make no difference. Handle families across services (`dark_77`,
`dark-77`) are evidence of another kind and belong to the linker.
"""

from functools import lru_cache

import re2

from shared.identifiers.identifier import NO_SERVICE, PLACEHOLDER, Context, Identifier, identifier
from shared.identifiers.text import fold, is_placeholder, tidy

NAME_CHARS_MAX = 256
"""CyberTipline: `screenName` 256, `espIdentifier` 255."""
SERVICE_CHARS_MAX = 100
"""CyberTipline: `espService` 100."""

# What stands around a service's name when its site or its company is named: folded, and with or without the dots.
_AROUND = re2.compile(
    r"^(?:https?://|www\.| )+|"
    r"(?:[,&/ ]+(?:(?:inc|incorporated|l\.?l\.?c|fz-llc|llp|ltd|limited|corp|corporation|co|company|plc|pte|pty|"
    r"gmbh|ug|ag|kg|b\.?v|n\.?v|s\.?a|s\.?a\.?s|s\.?a\.?r\.?l|s\.?r\.?l|oy|ab)\.?)?)+$"
)
# Renamed services and the names sources use for them, folded; the value is the name we keep.
_SERVICES = {
    "twitter": "x",
    "twitter.com": "x",
    "x.com": "x",
    "x (twitter)": "x",
    "x (formerly twitter)": "x",
    "fb": "facebook",
    "facebook.com": "facebook",
    "ig": "instagram",
    "insta": "instagram",
    "instagram.com": "instagram",
    "snap": "snapchat",
    "snapchat.com": "snapchat",
    "tiktok.com": "tiktok",
    "musical.ly": "tiktok",
    "discord.com": "discord",
    "discordapp": "discord",
    "discordapp.com": "discord",
    "telegram.org": "telegram",
    "t.me": "telegram",
    "telegram messenger": "telegram",
    "kik.com": "kik",
    "kik interactive": "kik",
    "kik messenger": "kik",
    "whatsapp.com": "whatsapp",
    "whatsapp messenger": "whatsapp",
    "reddit.com": "reddit",
    "roblox.com": "roblox",
    "twitch.tv": "twitch",
    "vk.com": "vk",
    "vkontakte": "vk",
    "youtube.com": "youtube",
    "cashapp": "cash app",
    "square cash": "cash app",
    "paypal.com": "paypal",
}


def normalise_username(text: str, context: Context) -> Identifier | None:
    """Return the user name within its service; without one it is valid but links nothing."""
    return _normalise_within_service("username", text, context)


def normalise_account(text: str, context: Context) -> Identifier | None:
    """Return the service's own account id within that service; without one it is valid but links nothing."""
    return _normalise_within_service("account", text, context)


@lru_cache(maxsize=1_000)
def normalise_service(service: str) -> str:
    """Return the name we keep for a service, "" when there is none.

    It is folded, without what makes a site's address or a company's name of it; renamed ones have their present name.
    """
    name = _AROUND.sub("", fold(tidy(service)))
    return _SERVICES.get(name, name) if len(name) <= SERVICE_CHARS_MAX and not is_placeholder(name) else ""


def fold_handle(text: str, marks: str) -> str:
    """Return the handle folded and without the marks that services write before it, "" when nothing is left."""
    handle = fold(text).lstrip(marks + " ")
    return handle if len(handle) <= NAME_CHARS_MAX else ""


def _normalise_within_service(type: str, text: str, context: Context) -> Identifier | None:
    name = fold_handle(text, "@")
    if not name:
        return None
    service = normalise_service(context.service)
    reason = PLACEHOLDER if is_placeholder(name) else "" if service else NO_SERVICE
    return identifier(type, name, scope=service, reason=reason)
