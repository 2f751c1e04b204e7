"""Sextortion and grooming over games and messengers, reported by many small platforms, parents and schools.

What kind of world this is; each rate is a constant here or in a companion, lure_*.py:
1. Every report tells of another victim, and of a part of one episode: the account of first contact, the account or
   number where it went on, who was paid. One victim in twenty met another offender before (KNOWN_VICTIM_RATE).
2. An offender holds 5 to 30 accounts on three to six of 70 platforms, one after the other in each place (ACCOUNTS);
   names them by a word, a mark, a password manager or the fashion (HABIT_WEIGHTS); sells some of the old (SOLD_RATE).
3. An account id is right but for UID_SLIP_RATE; a third of the platforms number theirs in sequence, so short ids meet;
   a fifth of the platforms were renamed, and whoever is not the platform spells it freely (RENAMED_RATE).
4. Display names and four in ten handles follow one fashion; a stolen identity with name, birth date and pictures serves
   many offenders; true names are hardly known (`true_name` of the desks).
5. Three in ten offenders work in crews of 3 to 15 (CREW_RATE): one wallet, mules, landing page, VPN exit, office line,
   threat pictures, sentences and victims for all; a fifth of the crews also one way to name accounts.
6. Numbers are kept 4 to 24 days; half of them had another holder some days before (NUMBER_DAYS, RELENT_RATE).
7. IPv6 first: a home has a /64 for weeks, with new addresses daily; a carrier puts strangers into one; exits and
   returned lines are everybody's. Only some platforms tell addresses, ports or devices (TELLS_RATES).
8. Threat pictures go round the whole scene, none is flagged viral; nearly half are near copies (NEAR_COPY_RATE).
9. Schools report for many pupils; victims, parents, mules and hijacked owners stand in their own parties, but for
   CARELESS_REPORTER_RATE and CARELESS_VICTIM_RATE.
10. Offenders have 1 to 50 tips, half of them one or two (SIZE_TAIL); DUPLICATE_RATES: an episode told more than once.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.bench.linking.lure_desks import Desk, Writer, write_time
from tests.bench.linking.lure_episodes import Episode, Stage
from tests.bench.linking.lure_networks import DAY
from tests.bench.linking.lure_society import Society
from tests.bench.linking.world import World

KIND = "lure"

SOURCE_WEIGHTS = {
    "tipline": 35,
    "ncmec": 30,
    "police": 15,
    "interpol": 8,
    "foreign_police": 7,
    "field": 3,
    "attache": 2,
}
DUPLICATE_RATES = (0.13, 0.03)
"""Of episodes, those told by a second reporter; by a third."""
REFERRED_RATE = 0.3
"""Of those later reports, the ones that name the first."""

DESKS = {
    "tipline": Desk(
        prefix="CT", delay_days=(0, 20), by_hand=True, uid=0.15, handle=0.9, profile=0.35, second=0.6, wider=0.03,
        display=0.25, alias=0.4, birth=0.05, payment=0.6, mail=0.04, pictures=0.4, hashes=("sha256", "pdq"),
        victim=0.7, reporter=0.85, school=0.16,
    ),
    "ncmec": Desk(
        prefix="CR", delay_days=(0.1, 10), uid=1.0, display=0.35, payment=0.4, pictures=0.5, victim=0.8,
    ),
    "police": Desk(
        prefix="PD", delay_days=(5, 90), uid=0.55, handle=0.85, profile=0.35, second=0.75, wider=0.25, display=0.1,
        alias=0.5, birth=0.12, payment=0.75, mail=0.3, logins=0.4, device=0.06, true_name=0.01, pictures=0.45,
        victim=0.8, reporter=0.5, school=0.35,
    ),
    "interpol": Desk(
        prefix="I24", delay_days=(20, 120), uid=0.75, handle=0.8, profile=0.2, second=0.8, wider=0.75, alias=0.5,
        birth=0.15, payment=0.8, mail=0.5, logins=0.3, device=0.12, true_name=0.02, pictures=0.4,
        hashes=("md5", "sha256", "pdq"), victim=0.3,
    ),
    "foreign_police": Desk(
        prefix="FP", delay_days=(10, 100), uid=0.55, handle=0.85, profile=0.3, second=0.7, wider=0.4, display=0.1,
        alias=0.45, birth=0.12, payment=0.7, mail=0.35, logins=0.35, device=0.2, true_name=0.1, pictures=0.35,
        victim=0.4, reporter=0.2,
    ),
    "field": Desk(
        prefix="FO", delay_days=(2, 60), uid=0.5, handle=0.85, profile=0.3, second=0.7, wider=0.3, display=0.15,
        alias=0.5, birth=0.15, payment=0.7, mail=0.3, logins=0.2, device=0.1, pictures=0.3, victim=0.7, reporter=0.5,
        school=0.2,
    ),
    "attache": Desk(
        prefix="AT", delay_days=(20, 150), uid=0.5, handle=0.8, second=0.6, wider=0.7, alias=0.5, birth=0.1,
        payment=0.9, mail=0.4, logins=0.15, device=0.1, true_name=0.05, pictures=0.15, victim=0.2,
    ),
}  # fmt: skip
"""What each source knows, how often."""


@dataclass(eq=False, slots=True)
class _Report:
    """A tip to come: its name is given once all are in order of arrival."""

    at: int
    source: str
    tip: dict[str, Any]
    actor: str
    first: "_Report | None" = None
    ref: str = ""


def generate(seed: int, tip_count: int) -> World:
    """Return a world of so many tips; the same for the same seed."""
    rng = Random(seed)
    society = Society(rng, tip_count)
    stage, writer = Stage(society), Writer(society)
    reports: list[_Report] = []
    for offender in society.offenders:
        left = offender.tips
        for episode in stage.play(offender):
            told = min(left, 1 + sum(rng.random() < rate for rate in DUPLICATE_RATES))
            reports += _report(rng, writer, episode, told=told, number=len(reports))
            left -= told
            if not left:
                break
    reports.sort(key=lambda report: report.at)
    return World(KIND, seed, _name(rng, reports), [report.actor for report in reports])


def _report(rng: Random, writer: Writer, episode: Episode, *, told: int, number: int) -> list[_Report]:
    """Return so many reports of one episode; one that tells nothing of the offender has an actor of its own."""
    reports: list[_Report] = []
    for source in rng.choices(tuple(SOURCE_WEIGHTS), tuple(SOURCE_WEIGHTS.values()), k=told):
        desk = DESKS[source]
        write = writer.write_platform_report if source == "ncmec" else writer.write_desk_report
        tip, is_telling = write(episode, desk)
        actor = episode.offender.name if is_telling else f"nobody-{number + len(reports):06d}"
        at = episode.at + int(rng.uniform(*desk.delay_days) * DAY)
        reports.append(_Report(at, source, tip, actor, first=reports[0] if reports else None))
    return reports


def _name(rng: Random, reports: list[_Report]) -> list[dict[str, Any]]:
    """Return the tips, each with its source's next reference and, where a later one knows it, that of the first."""
    counts = dict.fromkeys(SOURCE_WEIGHTS, 0)
    tips = []
    for report in reports:
        counts[report.source] += 1
        report.ref = f"{DESKS[report.source].prefix}-{counts[report.source]:06d}"
        tip = {"source_ref": report.ref, "source": report.source, "reported_at": write_time(report.at), **report.tip}
        if report.first and report.first.ref and rng.random() < REFERRED_RATE:
            tip["related_refs"] = [report.first.ref]
        tips.append(tip)
    return tips
