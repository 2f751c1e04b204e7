"""The free text of tips: short neutral sentences on what was reported, never on what it shows."""

from deploy.local.synth.chance import Chance

_OPENINGS: dict[str, tuple[str, ...]] = {
    "provider": (
        "Provider reports an account on {platform}.",
        "An automated check on {platform} flagged this account.",
        "The safety team of {platform} reviewed an account after a member's complaint.",
        "{platform} closed the account and reports what it holds about it.",
    ),
    "caller": (
        "Hello, I do not know whom else to tell, so I am writing here.",
        "Caller is worried about a neighbour in {city} and asks for a call back.",
        "I found this by chance while using {platform} and it has troubled me since.",
        "A parent in {city} writes about an account that their child met on {platform}.",
        "The person wishes to help and can be reached in the evening.",
    ),
    "officer": (
        "Information received by this office in {city}.",
        "Referred by a patrol unit in {city} for follow-up.",
        "Desk officer took a statement; a copy is on file in {city}.",
        "Passed on under the usual arrangement between our agencies.",
    ),
}

_FACTS: dict[str, tuple[str, ...]] = {
    "possession": (
        "The account stored prohibited files.",
        "Files known from earlier reports were found in a private folder.",
        "Prohibited files were seen by someone who had no part in storing them.",
    ),
    "distribution": (
        "The account exchanged prohibited files.",
        "Prohibited files were sent to several other members of a group.",
        "A link to a shared folder was passed around in a closed group.",
    ),
    "production": (
        "Files not seen before point to a local source.",
        "The person claims in a chat to have made the files.",
    ),
    "enticement": (
        "The person wrote to a minor and asked to move to another service.",
        "An adult posed as a classmate and asked for a meeting.",
        "The messages ask a minor for pictures and threaten to tell the family.",
    ),
    "travel": (
        "The person plans a journey with the stated purpose of meeting a minor.",
        "A booking and messages together suggest travel for an unlawful purpose.",
    ),
    "trafficking": (
        "An advertisement appears to offer a minor.",
        "Several payments and one telephone number recur in advertisements under review.",
    ),
    "other": (
        "The conduct does not fit the other kinds of incident.",
        "Repeated unwanted contact with minors is reported.",
    ),
}

_CLOSINGS_ACTIONABLE: dict[str, tuple[str, ...]] = {
    "provider": (
        "Log-in records and copies of the files are preserved.",
        "The account's registration data is attached; records are kept for legal process.",
        "Earlier complaints about the same account exist.",
    ),
    "caller": (
        "The writer has kept screenshots with dates and names the account.",
        "The caller saw it more than once and will give a statement.",
        "The messages are saved on a telephone that can be handed over.",
    ),
    "officer": (
        "Records can be requested from the provider.",
        "A witness has been heard and the statement fits the records.",
        "Please advise whether the person is known to your office.",
    ),
}

_CLOSINGS_NOT_ACTIONABLE: dict[str, tuple[str, ...]] = {
    "provider": (
        "The account's data is incomplete and no records are left.",
        "On second review this could not be confirmed.",
        "The automated check was mistaken in similar cases before.",
    ),
    "caller": (
        "The writer gives no detail that could be checked.",
        "The writer has this from hearsay and names no one who saw it.",
        "The caller hung up before giving a place or a name.",
    ),
    "officer": (
        "For information only; nothing further is known.",
        "The statement was withdrawn and no records support it.",
    ),
}


def write_narrative(
    voice: str, incident_type: str, chance: Chance, *, platform: str, city: str, is_actionable: bool
) -> str:
    """Return three sentences in one of the voices `provider`, `caller`, `officer`.

    The last sentence is what tells an actionable tip from another: whether anything can be checked.
    """
    closings = _CLOSINGS_ACTIONABLE if is_actionable else _CLOSINGS_NOT_ACTIONABLE
    opening = chance.pick(_OPENINGS[voice]).format(platform=platform, city=city)
    return f"{opening} {chance.pick(_FACTS[incident_type])} {chance.pick(closings[voice])}"
