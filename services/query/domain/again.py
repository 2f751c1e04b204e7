"""What of an answer may be read again. The answer as it was given is evidence, and is kept for ICE and the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.query.domain.evidence import Record
from services.query.domain.grade import Match, find_matches
from services.query.domain.question import Question
from services.query.domain.rarity import Rarity


def retell(
    question: Question, told: Sequence[dict[str, Any]], records: Sequence[Record], rarity: Rarity
) -> tuple[list[dict[str, Any]], list[Match]]:
    """Return which of the matches told stand as they were, and the matches that the rest of the others' tips makes now.

    `records` are at least those the reader may see now of the tips told and of the records they were named by; their
    keys may be those of other questions too.
    """
    ids = {id_ for match in told for id_ in (*match["tip_ids"], match["record_id"])}
    keys = {(key.type, key.canonical) for key in question.search_keys}
    theirs = [
        replace(record, keys=tuple(key for key in record.keys if (key.type, key.canonical) in keys))
        for record in records
        if not ids.isdisjoint((str(record.tip_id), str(record.record_id)))
    ]
    still = [match for match in told if is_still_told(question, match, theirs)]
    lost = {tip_id for match in told if match not in still for tip_id in match["tip_ids"]}
    return still, find_matches(question, [record for record in theirs if str(record.tip_id) in lost], rarity)


def is_still_told(question: Question, match: Mapping[str, Any], records: Sequence[Record]) -> bool:
    """Return whether a match may be read again just as it was told.

    That is so while each tip it rests on answers the question, and the record it is named by can be asked for.
    `records` are those the reader may see now: all of these tips, and the one it is named by.
    """
    theirs = [record for record in records if str(record.tip_id) in match["tip_ids"]]
    answering = {str(tip_id) for found in find_matches(question, theirs) for tip_id in found.tip_ids}
    is_named = any(str(record.record_id) == match["record_id"] for record in records)
    return is_named and answering == set(match["tip_ids"])
