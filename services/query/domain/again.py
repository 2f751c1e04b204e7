"""What of an answer may be read again. The answer as it was given is evidence, and is kept for ICE and the audit."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.query.domain.evidence import Record
from services.query.domain.grade import find_matches
from services.query.domain.question import Question


def is_still_told(question: Question, match: Mapping[str, Any], records: Sequence[Record]) -> bool:
    """Return whether a match may be read again just as it was told.

    That is so while each tip it rests on answers the question, and the record it is named by can be asked for.
    `records` are those the reader may see now: all of these tips, and the one it is named by.
    """
    theirs = [record for record in records if str(record.tip_id) in match["tip_ids"]]
    answering = {str(tip_id) for found in find_matches(question, theirs) for tip_id in found.tip_ids}
    is_named = any(str(record.record_id) == match["record_id"] for record in records)
    return is_named and answering == set(match["tip_ids"])
