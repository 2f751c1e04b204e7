"""Which field office a lead's places point to, how surely, and why.

Places are often contradictory, coarse or stale. So an answer is a judgement with a number, and below a floor a person
decides. How a single place is read is in `places`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from uuid import UUID

from services.referral.domain.directory import Directory
from services.referral.domain.places import Finding, Place, Role, read_place

FLOOR = 0.5
"""Least confidence with which a lead goes out unseen."""

ROLE_WEIGHTS: Mapping[Role, float] = {"subject": 1.0, "incident": 0.8, "victim": 0.7}
"""How far a place of this role tells where the subject is; the roles are asked in this order."""

ALTERNATIVES_MAX = 5

_ROLE_WORDS: Mapping[Role, str] = {
    "subject": "subject's address",
    "incident": "place of the incident",
    "victim": "victim's address",
}


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a lead should go.

    `office` is None when a person has to decide. `confidence` runs from 0.0 to 1.0 in steps of 0.01. `reason` is a
    sentence for an agent, free of personal data; "no place is known" also stands for places that cannot be read.
    `alternatives` are other offices worth a look, at most five, the likeliest first; when `office` is None they begin
    with the best guess, if there is one.
    """

    office: str | None
    confidence: float
    reason: str
    alternatives: tuple[str, ...] = ()


def route(places: Sequence[Place], directory: Directory, *, floor: float = FLOOR) -> Routing:
    """Return the office for a lead with these places; it does not depend on their order.

    The subject's address decides before the place of the incident, and that before the victim's. A coarse place (a
    state that several offices share, or only "US") decides nothing, but keeps its vote when a lower role is asked, and
    what that one says must fit it. Roles below the deciding one have no vote: a victim met online may live anywhere.

    Confidence = certainty of the finest place that names the office x weight of its role x share of agreement.

    | the place names                                    | certainty | because                                 |
    |----------------------------------------------------|-----------|-----------------------------------------|
    | a ZIP code within the office's prefixes            | 0.95      | names one small area                    |
    | a city listed for the office, in a shared region   | 0.85      | city names recur and are typed loosely  |
    | a region that one office serves                    | 0.80      | often a guess from an IP address        |
    | a country, served by its attaché                   | 0.75      | likewise, and a country is wide         |
    | a region of several offices; a ZIP from elsewhere  | 0.30      | names no single office                  |
    | only "US"                                          | 0.10      | says only that no attaché is meant      |
    | a region, its country left out                     | x 0.80    | "CA" and "GA" are countries as well     |

    Weights of the roles: subject 1.0, incident 0.8, victim 0.7. The share of agreement is the part of the votes of the
    roles asked that fit the office. Each tip has one vote, however often it says a thing; naming several places
    splits it, and a place that names no single office votes with its certainty only. The floor is 0.5.

    Source: the numbers are ours, chosen so that one clear place of any role passes, one tip against one does not, and
    two tips outvote a third. Measure them against what offices decline or reroute, then change them.
    """
    findings = {role: _read(role, places, directory) for role in ROLE_WEIGHTS}
    heard: list[Finding] = []
    allowed: frozenset[str] | None = None
    for role, found in findings.items():
        heard += found
        ranked = _rank(heard, allowed)
        if ranked:
            guesses = [ranked, *(_rank(findings[other], None) for other in findings if other != role)]
            return _decision(role, ranked[0], heard, guesses, directory=directory, floor=floor)
        if found:
            reach = frozenset[str]().union(*(finding.offices for finding in found))
            allowed = reach if allowed is None else allowed & reach
    return _indecision(findings, allowed)


@dataclass(frozen=True, slots=True, order=True)
class _Candidate:
    """An office that some place names alone; candidates rank by their fields, in this order."""

    share: float
    certainty: float
    wording: str
    office: str
    tips_agreeing: int


def _read(role: Role, places: Iterable[Place], directory: Directory) -> list[Finding]:
    """Return what the places of a role say, each thing once per tip.

    A coarser place is dropped where a finer one of the same tip fits it: it is the same place in fewer words.
    """
    best: dict[tuple[UUID, frozenset[str]], Finding] = {}
    for place in places:
        finding = read_place(place, directory) if place.role == role else None
        if finding:
            key = finding.tip_id, finding.offices
            best[key] = max(finding, best.get(key, finding), key=_fineness)
    return [f for f in best.values() if not any(tip == f.tip_id and offices < f.offices for tip, offices in best)]


def _fineness(finding: Finding) -> tuple[float, str, list[str]]:
    # Words and offices only break ties, so that the order of the places never does.
    return finding.certainty, finding.wording, sorted(finding.offices)


def _rank(found: Sequence[Finding], allowed: frozenset[str] | None) -> list[_Candidate]:
    """Return the offices that a place names alone and that are allowed (None: all are), the best first."""
    tips = [finding.tip_id for finding in found]
    votes = [
        (1.0 if len(finding.offices) == 1 else finding.certainty) / tips.count(finding.tip_id) for finding in found
    ]
    clear = [finding for finding in found if len(finding.offices) == 1]
    candidates = []
    for office in {office for finding in clear for office in finding.offices if allowed is None or office in allowed}:
        finest = max((finding for finding in clear if office in finding.offices), key=_fineness)
        agreeing = [(f.tip_id, vote) for f, vote in zip(found, votes, strict=True) if office in f.offices]
        share = fsum(vote for _, vote in agreeing) / fsum(votes)
        candidates.append(
            _Candidate(share, finest.certainty, finest.wording, office, len({tip for tip, _ in agreeing}))
        )
    return sorted(candidates, reverse=True)


def _decision(
    role: Role,
    best: _Candidate,
    heard: Sequence[Finding],
    guesses: Iterable[Sequence[_Candidate]],
    *,
    directory: Directory,
    floor: float,
) -> Routing:
    confidence = round(best.certainty * ROLE_WEIGHTS[role] * best.share, 2)
    tip_count = len({finding.tip_id for finding in heard})
    agreement = "1 tip says so" if tip_count == 1 else f"{best.tips_agreeing} of {tip_count} tips agree"
    reason = f"{_ROLE_WORDS[role]} {best.wording}: {directory.offices[best.office].name} ({agreement})"
    others = dict.fromkeys(candidate.office for ranked in guesses for candidate in ranked)
    if confidence < floor:
        reason += f"; confidence {confidence:.2f} is below {floor:.2f}, so a person decides"
        return Routing(None, confidence, reason, tuple(others)[:ALTERNATIVES_MAX])
    del others[best.office]
    return Routing(best.office, confidence, reason, tuple(others)[:ALTERNATIVES_MAX])


def _indecision(findings: Mapping[Role, Sequence[Finding]], allowed: frozenset[str] | None) -> Routing:
    """Say what is known when no place names one office, or those that do are out of reach of a higher role's."""
    said = [(role, max(found, key=_fineness)) for role, found in findings.items() if found]
    if allowed is None or not said:
        return Routing(None, 0.0, "no place is known")
    role, finding = said[0]
    confidence, why = round(finding.certainty * ROLE_WEIGHTS[role], 2), "no single office"
    if not allowed:
        confidence, why, allowed = 0.0, "these contradict each other", finding.offices
    known = " and ".join(f"{_ROLE_WORDS[role]} {finding.wording}" for role, finding in said)
    alternatives = tuple(sorted(allowed)) if len(allowed) <= ALTERNATIVES_MAX else ()
    return Routing(None, confidence, f"{known}: {why}, so a person decides", alternatives)
