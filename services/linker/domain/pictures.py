"""What near copies of pictures say of tips: which pictures a tip shows, and how a near copy ties two tips.

A near copy is support and a hint, nothing more: it never joins tips, it is listed among their links, and leads that
show near copies name each other's tips. Which hashes are near is `pdq`'s to say.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from uuid import UUID

from services.linker.domain.cluster import Cluster, Judgement, Pair, pair_of
from services.linker.domain.facts import File, Research, TipContent
from services.linker.domain.links import Evidence
from services.linker.domain.model import odds_bits
from services.linker.domain.pdq import BITS, Picture, is_blank, parse_pdq
from services.linker.domain.rules import Rules

PDQ = "pdq"
"""The type of value that a near copy is, in the rules and where it is shown."""


@dataclass(frozen=True, slots=True)
class NearCopy:
    """The closest two pictures of two tips: `distance` bits of 256 differ.

    `pdq` is this tip's. `tip_count`: how many tips show one of the two or what is near it, counted at the commoner one.
    """

    tip_id: UUID
    other_tip_id: UUID
    pdq: int
    distance: int
    tip_count: int


def pictures_of(content: TipContent, research: Sequence[Research] = ()) -> tuple[Picture, ...]:
    """Return the pictures of a tip and its research results, each hash once, numbered from 1 in the order given.

    Hashes that mean nothing (no hash, quality unknown or low, blank) are left out. A viral one is kept, because it
    silences what others show.
    """
    found: dict[int, bool] = {}
    for file, is_viral in _files(content, research):
        pdq = parse_pdq(file.pdq, file.pdq_quality) if file.pdq is not None else None
        if pdq is not None and not is_blank(pdq):
            found[pdq] = found.get(pdq, False) or is_viral
    return tuple(
        Picture(content.tip_id, number, pdq, is_viral) for number, (pdq, is_viral) in enumerate(found.items(), start=1)
    )


def cap_of(rules: Rules) -> int:
    """Return in how many tips, and near how many other hashes, a picture still says something; 0 without a rule."""
    rule = rules.types.get(PDQ)
    return rule.tip_count_max if rule is not None else 0


def near_evidence(copy: NearCopy, rules: Rules) -> Evidence:
    """Return what a near copy says for one person behind two tips: what is assumed of its kind."""
    reliability = rules.prior_of(PDQ)
    return Evidence(
        rule="near_picture",
        kind=PDQ,
        type=PDQ,
        value=f"{copy.pdq:0{BITS // 4}x}",
        detail=f"near copy of a picture, {copy.distance} of {BITS} bits differ, seen in {copy.tip_count} tips",
        weight=round(odds_bits(reliability), 2),
        frequency=copy.tip_count,
        strength=rules.strength_of(PDQ, reliability),
    )


def related_by_pictures(
    clusters: Iterable[Cluster], copies: Collection[NearCopy], judgements: Mapping[Pair, Judgement]
) -> tuple[Cluster, ...]:
    """Return the clusters, each also related to the tips outside it that show near copies of its pictures.

    `copies` are those of all tips of the clusters; `judgements` the newest of each pair (`newest_judgements`). Pairs
    judged different are left out, as they are among other relations.
    """
    others: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for copy in copies:
        judged = judgements.get(pair_of(copy.tip_id, copy.other_tip_id))
        if judged is None or judged.decision != "different":
            others[copy.tip_id].add(copy.other_tip_id)
    return tuple(_related(cluster, others) for cluster in clusters)


def _related(cluster: Cluster, others: Mapping[UUID, set[UUID]]) -> Cluster:
    near = set[UUID]().union(*(others.get(tip_id, ()) for tip_id in cluster.tip_ids)) - set(cluster.tip_ids)
    if not near:
        return cluster
    return replace(cluster, related=tuple(sorted(near.union(cluster.related), key=attrgetter("int"))))


def _files(content: TipContent, research: Sequence[Research]) -> Iterator[tuple[File, bool]]:
    for file in content.files:
        yield file, file.viral or content.urgency.viral
    for result in research:
        for file in result.files:
            yield file, file.viral
