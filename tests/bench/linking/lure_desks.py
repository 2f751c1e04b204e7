"""How the lure world is reported: each desk writes down what it knows of an episode, in its own spelling."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.bench.linking.lure_episodes import Episode
from tests.bench.linking.lure_networks import DAY, respell_v6
from tests.bench.linking.lure_people import Account, Offender, Payment, School
from tests.bench.linking.lure_pictures import write_file
from tests.bench.linking.lure_platforms import Platform, spell_platform, spell_profile
from tests.bench.linking.lure_society import Society
from tests.bench.linking.lure_words import mistype, spell_by_hand

Json = dict[str, Any]

CARELESS_REPORTER_RATE = 0.02
"""Of reports by people that have a reporter, those with the reporter's own contact data in the subject's place."""
CARELESS_VICTIM_RATE = 0.01
PLACEHOLDER_RATE = 0.05
"""Of reports by people, those in which a field that had to be filled was filled with anything."""
UID_SLIP_RATE = 0.02
NATIONAL_PHONE_RATE, REGION_MISSING_RATE = 0.4, 0.08
PAYMENT_SERVICE_RATE = 0.25
"""Of reports through the clearing house on who was paid by a handle, those by the payment service."""
QUOTED_RATE = 0.35
"""Of a platform's reports, those that quote from the chat where it was to go on, and where to pay."""
SAME_SESSION_RATE = 0.55

_PLACEHOLDERS: tuple[Json, ...] = (
    {"type": "username", "value": "unknown"},
    {"type": "username", "value": "[deleted user]"},
    {"type": "username", "value": "N/A"},
    {"type": "account", "value": "0"},
    {"type": "email", "value": "none@none.com"},
    {"type": "phone", "value": "+10000000000"},
    {"type": "ip", "value": "192.168.1.1"},
    {"type": "payment", "value": "gift card"},
)
_ZONES = (UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=-8)), timezone(timedelta(hours=1)))


@dataclass(frozen=True, slots=True)
class Desk:
    """Those who send reports: `delay_days` after the event, and how often they know what, from 0.0 to 1.0.

    `uid`, `handle`: of the first account; `profile`: a link to it; `second`: the account or number where it went on;
    `wider`: other accounts of the offender at that time; `by_hand`: written by the public, not by an officer;
    `true_name`: a person was identified. `hashes`: of files, the last (pdq) not always.
    """

    prefix: str
    delay_days: tuple[float, float]
    by_hand: bool = False
    uid: float = 0.0
    handle: float = 0.0
    profile: float = 0.0
    second: float = 0.0
    wider: float = 0.0
    display: float = 0.0
    alias: float = 0.0
    birth: float = 0.0
    payment: float = 0.0
    mail: float = 0.0
    logins: float = 0.0
    device: float = 0.0
    true_name: float = 0.0
    pictures: float = 0.0
    hashes: tuple[str, ...] = ("md5", "sha1", "pdq")
    victim: float = 0.0
    reporter: float = 0.0
    school: float = 0.0


def write_time(at: int, zone: timezone = UTC) -> str:
    """Return a time (seconds since 1970) as RFC 3339."""
    return datetime.fromtimestamp(at, zone).isoformat()


class Writer:
    """Writes reports: a tip still without its name and time, and whether it holds anything of the offender."""

    def __init__(self, society: Society) -> None:
        self.society = society
        self.rng = society.rng

    def write_platform_report(self, episode: Episode, desk: Desk) -> tuple[Json, bool]:
        """Return a report of one platform, or payment service, through the clearing house."""
        rng, offender = self.rng, episode.offender
        handles = [payment for payment in episode.payments if payment["value"].startswith("$")]
        subject: Json = {"role": "subject"}
        platform: Platform | None = None
        if handles and rng.random() < PAYMENT_SERVICE_RATE:
            subject["identifiers"] = self._payment_service_knows(episode, handles[0])
            subject["names"] = [offender.real_name if rng.random() < 0.3 else episode.identity.name]
        else:
            account = episode.contact
            if episode.messenger and (episode.hijacked or rng.random() < 0.35):
                account = episode.messenger
            platform = account.platform
            is_owners = account is episode.contact and episode.hijacked is not None
            subject["identifiers"] = [] if is_owners else self._platform_knows(episode, account)
            if rng.random() < desk.display:
                subject["names"] = [episode.display]
            if rng.random() < QUOTED_RATE:
                subject["identifiers"] += self._quoted(episode, account)
        files = self._files(episode, desk)
        is_telling = bool(subject["identifiers"] or files)
        parties = [subject, *self._others(episode, desk, platform)]
        if platform is not None and platform is episode.contact.platform:
            parties += self._owner(episode, 1.0)
        named = platform.name_at(episode.at) if platform else None
        return self._tip(episode, parties, files, named), is_telling

    def write_desk_report(self, episode: Episode, desk: Desk) -> tuple[Json, bool]:
        """Return a report written by people: a parent, a school, an officer."""
        rng = self.rng
        given = self._accounts(episode, desk)
        given += self._contacts(episode, desk)
        if rng.random() < desk.logins and not episode.hijacked and "ip" in episode.contact.platform.tells:
            given += [self._respelled(login) for login in self._logins(episode, episode.contact)]
        files = self._files(episode, desk)
        subject: Json = {"role": "subject", "names": self._names(episode, desk), "identifiers": given}
        if rng.random() < desk.true_name:
            self._identify(subject, episode.offender)
        elif rng.random() < desk.birth:
            subject["birth_date"] = episode.identity.birth_date[: rng.choice((4, 10, 10))]
        is_telling = bool(files) or any(item.get("service") != "gift card" for item in given)
        if rng.random() < PLACEHOLDER_RATE:
            given.append(dict(rng.choice(_PLACEHOLDERS)))
        parties = [subject, *self._others(episode, desk, episode.contact.platform), *self._owner(episode, 0.5)]
        reporter = self._reporter(episode, desk)
        if reporter:
            if rng.random() < CARELESS_REPORTER_RATE:
                given.append(reporter["identifiers"][0])
            parties.append(reporter)
        if rng.random() < CARELESS_VICTIM_RATE:
            given.append({"type": "username", "value": episode.victim.handle})
        named = spell_platform(rng, episode.contact.platform, episode.at, by_hand=desk.by_hand)
        return self._tip(episode, parties, files, named), is_telling

    def _tip(self, episode: Episode, parties: list[Json], files: list[Json], platform: str | None) -> Json:
        rng, (country, region, city) = self.rng, episode.victim.place
        incident: Json = {"type": "enticement" if rng.random() < 0.8 else rng.choice(("production", "other"))}
        if platform:
            incident["platform"] = platform
        if rng.random() < 0.8:
            incident["occurred_at"] = write_time(episode.at, rng.choice(_ZONES))
        if rng.random() < 0.6:
            incident |= {"country": country, "region": region, "city": city}
        if rng.random() < 0.5:
            incident["narrative"] = rng.choice(episode.offender.kits).script
        tip: Json = {"incident": incident, "parties": parties}
        if files:
            tip["files"] = files
        if rng.random() < 0.1:
            tip["urgency"] = {"child_in_immediate_danger": rng.random() < 0.4, "victim_identifiable": True}
        return tip

    def _platform_knows(self, episode: Episode, account: Account) -> list[Json]:
        rng, platform = self.rng, account.platform
        name = platform.name_at(episode.at)
        given: list[Json] = [
            {"type": "account", "value": account.uid, "service": name},
            {"type": "username", "value": account.handle_at(episode.at), "service": name},
        ]
        if account.email:
            given.append({"type": "email", "value": account.email, "verified": rng.random() < 0.6})
        if account.phone:
            given.append({"type": "phone", "value": account.phone, "verified": rng.random() < 0.8})
        if account.device:
            given.append({"type": "device", "value": account.device, "service": name})
        return given + self._logins(episode, account) if "ip" in platform.tells else given

    def _payment_service_knows(self, episode: Episode, payment: Payment) -> list[Json]:
        rng, offender = self.rng, episode.offender
        given = [payment, {"type": "email", "value": rng.choice(offender.mailboxes)}]
        if episode.number:
            given.append({"type": "phone", "value": episode.number})
        if rng.random() < 0.5:
            given.append({"type": "device", "value": rng.choice(offender.devices).hardware})
        at = episode.at + rng.randrange(DAY)
        address = self.society.draw_login_address(offender, at)
        return [*given, {"type": "ip", "value": address, "at": write_time(at), "event": "login"}]

    def _logins(self, episode: Episode, account: Account) -> list[Json]:
        """Return the registration, where the platform keeps it, and some logins of the days before."""
        rng, logins, at = self.rng, [], episode.at
        if account.registered_from and rng.random() < 0.5:
            when = write_time(account.created_at)
            logins.append({"type": "ip", "value": account.registered_from, "at": when, "event": "registration"})
        address = ""
        for _ in range(rng.randint(1, 4)):
            if not address or rng.random() >= SAME_SESSION_RATE:
                address = self.society.draw_login_address(episode.offender, at)
            login: Json = {"type": "ip", "value": address, "at": write_time(at), "event": "login"}
            if "port" in account.platform.tells:
                login["port"] = rng.randint(1_024, 65_535)
            logins.append(login)
            at -= rng.randrange(1, 2 * DAY)
        return logins

    def _quoted(self, episode: Episode, account: Account) -> list[Json]:
        given = list(episode.payments)
        if episode.number:
            given.append({"type": "phone", "value": episode.number})
        if episode.messenger and episode.messenger is not account:
            given.append({"type": "username", "value": episode.messenger.handle_at(episode.at)})
        return given

    def _accounts(self, episode: Episode, desk: Desk) -> list[Json]:
        rng, given = self.rng, []
        if not episode.hijacked:
            given += self._account(episode.contact, episode.at, desk, seen=1.0)
        if episode.messenger and rng.random() < desk.second:
            given += self._account(episode.messenger, episode.at, desk, seen=0.8)
        if rng.random() < desk.wider:
            for slot in rng.sample(episode.offender.slots, rng.randint(1, 3)):
                given += self._account(slot.find_account(episode.at), episode.at, desk, seen=0.9)
        return given

    def _account(self, account: Account, at: int, desk: Desk, *, seen: float) -> list[Json]:
        rng, given = self.rng, []
        service = spell_platform(rng, account.platform, at, by_hand=desk.by_hand)
        where = {"service": service} if service else {}
        handle = account.handle_at(at)
        if rng.random() < desk.handle * seen:
            given.append({"type": "username", "value": spell_by_hand(rng, handle) if desk.by_hand else handle, **where})
        if rng.random() < desk.uid * seen:
            uid = mistype(rng, account.uid) if rng.random() < UID_SLIP_RATE else account.uid
            given.append({"type": "account", "value": uid, **where})
        if rng.random() < desk.profile * seen:
            given.append({"type": "url", "value": spell_profile(rng, account.platform, handle, account.uid)})
        if account.email and rng.random() < desk.mail:
            given.append({"type": "email", "value": account.email})
        return given

    def _contacts(self, episode: Episode, desk: Desk) -> list[Json]:
        rng, given = self.rng, []
        if episode.number and rng.random() < max(desk.second, 0.75):
            given.append(self._phone(episode.number))
        given += [payment for payment in episode.payments if rng.random() < desk.payment]
        given += [{"type": "url", "value": url} for url in episode.urls if rng.random() < max(desk.profile, 0.4)]
        if rng.random() < desk.device:
            given.append({"type": "device", "value": rng.choice(episode.offender.devices).hardware})
        if rng.random() < desk.display:
            given.append({"type": "username", "value": episode.display})
        return given

    def _phone(self, number: str) -> Json:
        rng = self.rng
        if rng.random() >= NATIONAL_PHONE_RATE:
            return {"type": "phone", "value": number}
        value, region = _national(number)
        return {"type": "phone", "value": value, **({} if rng.random() < REGION_MISSING_RATE else {"region": region})}

    def _respelled(self, login: Json) -> Json:
        # An officer copies addresses from a letter that came back: without ports, in the letter's spelling.
        value = respell_v6(self.rng, login["value"]) if self.rng.random() < 0.3 else login["value"]
        return {key: item for key, item in {**login, "value": value}.items() if key != "port"}

    def _names(self, episode: Episode, desk: Desk) -> list[str]:
        return [episode.identity.name] if self.rng.random() < desk.alias else []

    def _identify(self, subject: Json, offender: Offender) -> None:
        subject["names"] = [offender.real_name, *subject["names"]]
        subject |= {"birth_date": offender.birth_date, "citizenship": offender.country}
        if self.rng.random() < 0.6:
            subject["identifiers"].append({"type": "document", "value": offender.document, "country": offender.country})

    def _others(self, episode: Episode, desk: Desk, platform: Platform | None) -> list[Json]:
        """Return the victim, with what is theirs, and the mule who takes the money."""
        rng, victim, parties = self.rng, episode.victim, []
        if rng.random() < desk.victim:
            given = []
            if platform:
                given.append({"type": "username", "value": victim.handle, "service": platform.name})
                if desk.uid > rng.random():
                    uid = victim.uids.get(platform.name) or platform.draw_id(rng, episode.at)
                    victim.uids[platform.name] = uid
                    given.append({"type": "account", "value": uid, "service": platform.name})
            if rng.random() < 0.15:
                given.append({"type": "phone", "value": victim.phone})
            parties.append({"role": "victim", "names": [victim.name][: rng.randrange(2)], "identifiers": given})
        if episode.mule and rng.random() < desk.payment:
            parties.append({"role": "recipient", "identifiers": [episode.mule]})
        return parties

    def _owner(self, episode: Episode, rate: float) -> list[Json]:
        if episode.hijacked is None or self.rng.random() >= rate:
            return []
        handle, uid = episode.hijacked
        service = episode.contact.platform.name
        given = [
            {"type": "username", "value": handle, "service": service},
            {"type": "account", "value": uid, "service": service},
        ]
        return [{"role": "account_victim", "identifiers": given}]

    def _reporter(self, episode: Episode, desk: Desk) -> Json | None:
        rng, victim = self.rng, episode.victim
        if rng.random() >= desk.reporter:
            return None
        if rng.random() < desk.school:
            return _school_party(self.society.schools[victim.school])
        given = [{"type": "phone", "value": victim.parent_phone}, {"type": "email", "value": victim.parent_mail}]
        return {"role": "reporter", "names": [victim.parent_name], "identifiers": given}

    def _files(self, episode: Episode, desk: Desk) -> list[Json]:
        rng = self.rng
        if rng.random() >= desk.pictures:
            return []
        hashes = desk.hashes if rng.random() < 0.7 else desk.hashes[:-1]
        kept = [picture for picture in episode.pictures if rng.random() < 0.75] or episode.pictures[:1]
        return [write_file(picture, hashes) for picture in kept]


def _school_party(school: School) -> Json:
    given = [{"type": "email", "value": school.email}, {"type": "phone", "value": school.phone}]
    return {"role": "reporter", "names": [school.name], "identifiers": given, "addresses": [school.address]}


def _national(number: str) -> tuple[str, str]:
    """Return a number of `draw_number` as it is written at home, and where that is."""
    if number.startswith("+1"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}", "US"
    return f"0{number[3:7]} {number[7:]}", "GB" if number.startswith("+44") else "FR"
