"""From the facts of a case to the request body that a source would send to `POST /v1/tips`."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.synth.chance import Chance, Register
from deploy.local.synth.manners import Manner
from deploy.local.synth.names import spell_name
from deploy.local.synth.narratives import write_narrative
from deploy.local.synth.people import (
    SERVICES,
    Identifier,
    Person,
    draw_identifier,
    draw_person,
    spell_identifier,
)
from deploy.local.synth.places import Place, draw_postal_code

VPN_ADDRESS = "198.51.100.77"
"""The exit of a VPN that unrelated people leave by."""

VIRAL_FILES = (-1, -2, -3)
"""Numbers of the files that hundreds share as a joke; a person's own files have numbers from 0."""

GENERIC_IDENTIFIERS: tuple[dict[str, Any], ...] = (
    {"type": "email", "value": "none@none.com"},
    {"type": "username", "value": "admin"},
    {"type": "device", "value": "02:00:00:00:00:00"},
    {"type": "ip", "value": "127.0.0.1"},
    {"type": "ip", "value": VPN_ADDRESS},
)
"""What is written when nothing is known, and what everybody shares (the device is what phones tell an app that asks
for their hardware address). None of it may join two tips."""

_TEST_NETS = ("192.0.2", "198.51.100", "203.0.113")
_PORTS = 50_000
_PORT_MIN = 10_000
_IP_EVENTS = ("login", "login", "upload", "registration")

_URGENCY: dict[str, tuple[tuple[str, float], ...]] = {
    "possession": (),
    "distribution": (("escalated", 2),),
    "production": (("victim_identifiable", 25), ("child_in_immediate_danger", 4), ("escalated", 10)),
    "enticement": (("contact_access", 14), ("child_in_immediate_danger", 2), ("escalated", 6)),
    "travel": (("contact_access", 10), ("escalated", 10)),
    "trafficking": (("victim_identifiable", 18), ("child_in_immediate_danger", 6), ("contact_access", 18)),
    "other": (),
}
"""Flags that an incident of the type may carry, and in how many of a hundred actionable tips it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What happened and what came to be known, before a source writes it down."""

    reference: str
    reported_at: datetime
    incident_type: str
    place: Place
    is_actionable: bool
    subject: Person | None
    shown: tuple[Identifier, ...]
    """The identifiers of the subject that this tip gives."""
    is_hijacked: bool = False
    """The account was taken over, so its holder is a victim of that and no subject."""
    generic: dict[str, Any] | None = None
    files: tuple[int, ...] = ()
    related_refs: tuple[str, ...] = ()


class TipWriter:
    """Writes cases down in the manner of a source."""

    def __init__(self, chance: Chance, register: Register, seed: int) -> None:
        self._chance = chance
        self._register = register
        self._seed = seed

    def write(self, case: Case, manner: Manner) -> dict[str, Any]:
        """Return the tip, ready for JSON; it holds no key that intake does not know, and no empty list."""
        occurred_at = case.reported_at - timedelta(minutes=self._chance.between(30, 60 * 24 * 45))
        platform = self._platform(case, manner)
        tip: dict[str, Any] = {
            "source_ref": case.reference,
            "source": manner.source,
            "reported_at": _stamp(case.reported_at.astimezone(manner.utc_offset)),
            "incident": self._incident(case, manner, platform=platform, occurred_at=occurred_at),
        }
        urgency = self._urgency(case)
        if urgency:
            tip["urgency"] = urgency
        parties = self._parties(case, manner, platform=platform, occurred_at=occurred_at)
        if parties:
            tip["parties"] = parties
        if case.files:
            tip["files"] = [self._file(number, manner) for number in case.files]
        if case.related_refs:
            tip["related_refs"] = list(case.related_refs)
        return tip

    def _platform(self, case: Case, manner: Manner) -> str | None:
        if not self._chance.percent(manner.platform_percent):
            return None
        services = [one.service for one in case.shown if one.type in {"username", "account"} and one.service]
        return services[0] if services else self._chance.pick(SERVICES)

    def _incident(self, case: Case, manner: Manner, *, platform: str | None, occurred_at: datetime) -> dict[str, Any]:
        chance, place = self._chance, case.place
        incident: dict[str, Any] = {"type": case.incident_type}
        if chance.percent(85):
            incident["occurred_at"] = _stamp(occurred_at)
        if platform:
            incident["platform"] = platform
        incident["narrative"] = write_narrative(
            manner.voice,
            case.incident_type,
            chance,
            platform=platform or "a web service",
            city=place.city,
            is_actionable=case.is_actionable,
        )
        incident["country"] = place.country
        if place.region:
            incident["region"] = place.region
        if chance.percent(85):
            incident["city"] = place.city
        if chance.percent(60):
            incident["postal_code"] = draw_postal_code(place, chance)
        return incident

    def _urgency(self, case: Case) -> dict[str, Any]:
        chance = self._chance
        urgency: dict[str, Any] = {}
        if case.is_actionable:
            urgency = {flag: True for flag, share in _URGENCY[case.incident_type] if chance.percent(share)}
            if case.incident_type == "travel" and chance.percent(70):
                travel_on = case.reported_at + timedelta(days=chance.between(2, 40))
                urgency["travel_on"] = travel_on.date().isoformat()
        elif case.incident_type in {"possession", "distribution", "other"} and chance.percent(40):
            urgency["informational"] = True
        if any(number in VIRAL_FILES for number in case.files):
            urgency["viral"] = True
        return urgency

    def _parties(
        self, case: Case, manner: Manner, *, platform: str | None, occurred_at: datetime
    ) -> list[dict[str, Any]]:
        chance = self._chance
        parties = []
        if case.subject:
            parties.append(self._subject(case, case.subject, manner, occurred_at=occurred_at))
        if chance.percent(manner.victim_percent):
            parties.append(self._victim())
        if chance.percent(manner.recipient_percent):
            parties.append(self._bystander("recipient", "username"))
        if chance.percent(manner.witness_percent):
            parties.append(self._bystander("witness", "phone"))
        if chance.percent(manner.reporter_percent):
            provider = platform if manner.voice == "provider" else None
            parties.append(_provider(provider) if provider else self._bystander("reporter", "email", "phone"))
        return parties

    def _subject(self, case: Case, person: Person, manner: Manner, *, occurred_at: datetime) -> dict[str, Any]:
        chance = self._chance
        party: dict[str, Any] = {"role": "account_victim" if case.is_hijacked else "subject"}
        if chance.percent(manner.name_percent):
            names = [spell_name(person.name, chance)]
            if chance.percent(20):
                names.append(person.name.plain)
            party["names"] = list(dict.fromkeys(names))
        if chance.percent(manner.birth_date_percent):
            party["birth_date"] = person.birth_date[: chance.pick((10, 10, 10, 10, 7, 4))]
        if chance.percent(manner.citizenship_percent):
            party["citizenship"] = person.citizenship
        identifiers = self._identifiers(case, manner)
        for _ in range(chance.between(0, manner.ip_captures_max)):
            identifiers.append(self._ip(person, occurred_at))
        if case.generic:
            identifiers.append(dict(case.generic))
        if identifiers:
            party["identifiers"] = identifiers
        if chance.percent(manner.address_percent):
            home = person.home
            address = {"line": person.street, "city": home.city, "country": home.country}
            if home.region:
                address["region"] = home.region
            party["addresses"] = [address]
        return party

    def _identifiers(self, case: Case, manner: Manner) -> list[dict[str, Any]]:
        chance = self._chance
        identifiers = []
        for one in case.shown:
            spelled = spell_identifier(one, chance)
            is_address = one.type in {"email", "phone"}
            if manner.is_verifying and is_address:
                spelled["verified"] = chance.percent(60)
            identifiers.append(spelled)
            if one.type == "email" and chance.percent(8):
                # The alias stands beside the plain address: no rule may assume that a domain ignores what follows +.
                mailbox, _, domain = one.value.partition("@")
                identifiers.append({"type": "email", "value": f"{mailbox}+{chance.pick(SERVICES)}@{domain}"})
            if one.type == "username" and one.service and chance.percent(12):
                page = f"https://www.{one.service.lower()}.example/u/{one.value}"
                identifiers.append({"type": "url", "value": page, "service": one.service})
        return identifiers

    def _ip(self, person: Person, occurred_at: datetime) -> dict[str, Any]:
        chance = self._chance
        capture: dict[str, Any] = {"type": "ip"}
        style = chance.below(100)
        if style < 6:
            capture["value"] = VPN_ADDRESS
        elif style < 50:
            half = (f"{chance.between(0x1000, 0xFFFF):x}" for _ in range(4))
            capture["value"] = f"{person.network}:{':'.join(half)}"
        else:
            # No two people get the same address and port, as behind one carrier's translator at one moment.
            number = self._register.issue("address and port", 768 * _PORTS)
            address, port = divmod(number, _PORTS)
            capture["value"] = f"{_TEST_NETS[address >> 8]}.{address & 0xFF}"
            capture["port"] = _PORT_MIN + port
        capture["at"] = _stamp(occurred_at - timedelta(seconds=chance.below(86_400)))
        capture["event"] = chance.pick(_IP_EVENTS)
        return capture

    def _victim(self) -> dict[str, Any]:
        chance = self._chance
        person = draw_person(chance, self._register, born=(2009, 2019))
        party: dict[str, Any] = {"role": "victim"}
        if chance.percent(30):
            party["names"] = [person.name.given.latin[0]]
        if chance.percent(70):
            party["birth_date"] = person.birth_date[:4]
        if chance.percent(50):
            username = draw_identifier("username", person.name, person.home, chance, self._register)
            party["identifiers"] = [spell_identifier(username, chance)]
        return party

    def _bystander(self, role: str, *types: str) -> dict[str, Any]:
        chance = self._chance
        person = draw_person(chance, self._register)
        party: dict[str, Any] = {"role": role}
        if role != "recipient":
            party["names"] = [person.name.plain]
        party["identifiers"] = [
            spell_identifier(
                draw_identifier(chance.pick(types), person.name, person.home, chance, self._register), chance
            )
        ]
        return party

    def _file(self, number: int, manner: Manner) -> dict[str, Any]:
        is_viral = number in VIRAL_FILES
        content = f"viral {number}" if is_viral else f"{self._seed} {number}"
        file: dict[str, Any] = {}
        for kind in manner.file_hashes:
            file[kind] = _hash_of(kind, content)
        if "pdq" in file:
            file["pdq_quality"] = self._chance.between(50, 100)
        if is_viral:
            file["viral"] = True
        return file


def _hash_of(kind: str, content: str) -> str:
    """Return what stands for that hash of an invented file: no such file exists, only these few letters."""
    data = content.encode()
    match kind:
        case "sha1":
            return hashlib.sha1(data, usedforsecurity=False).hexdigest()
        case "md5":
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        case "pdq":
            return hashlib.sha256(b"pdq of " + data).hexdigest()
    return hashlib.sha256(data).hexdigest()


def _provider(service: str) -> dict[str, Any]:
    """Return the company that reports: the same reporter in hundreds of unrelated tips."""
    return {
        "role": "reporter",
        "names": [f"{service} Trust and Safety"],
        "identifiers": [{"type": "email", "value": f"safety.desk@{service.lower()}.example"}],
    }


def _stamp(moment: datetime) -> str:
    """Return the moment as RFC 3339 to the second, `Z` for UTC."""
    text = moment.isoformat(timespec="seconds")
    return text[:-6] + "Z" if moment.utcoffset() == UTC.utcoffset(None) else text
