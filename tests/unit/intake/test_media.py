"""No text of a tip, a review or a research result may hold media, and the refusal names it; a tip's own texts pass."""

import base64
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest

from deploy.local.synth import generate
from services.intake.domain.table import COLUMNS, read_cells, tip_of_row
from services.intake.http.forms import ResearchForm, ReviewForm
from shared.errors import Rejected
from shared.http.body import parse_json
from shared.http.media import find_media
from tests.unit.intake.bodies import a_full_tip, a_tip, read

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + random.Random(7).randbytes(60)).decode()
REVIEW = {"plausible": True, "verifiable": True, "illegal_if_verified": True, "reason": "it all fits"}
RESEARCH = {
    "kind": "summons",
    "entity": "socialA",
    "reference": "S-1",
    "summary": "told",
    "parties": a_full_tip()["parties"],
    "files": a_full_tip()["files"],
}


def places(node: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, str):
        yield place
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(value, (*place, key))


def with_media(body: dict[str, Any], place: tuple[str | int, ...]) -> bytes:
    changed: Any = deepcopy(body)
    node = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = PNG
    return orjson.dumps(changed)


@pytest.mark.parametrize("place", list(places(a_full_tip())), ids=str)
def test_every_text_of_a_tip_is_looked_at(place: tuple[str | int, ...]) -> None:
    with pytest.raises(Rejected) as refused:
        read(with_media(a_full_tip(), place))
    assert refused.value.problem == "media_refused"
    assert [error.loc for error in refused.value.errors] == [place]


@pytest.mark.parametrize(
    ("body", "form", "place"),
    [
        *((REVIEW, ReviewForm, place) for place in places(REVIEW)),
        *((RESEARCH, ResearchForm, place) for place in places(RESEARCH)),
    ],
    ids=str,
)
def test_every_text_of_a_review_and_of_research_is_looked_at(
    body: dict[str, Any], form: type[Any], place: tuple[str | int, ...]
) -> None:
    with pytest.raises(Rejected) as refused:
        parse_json(with_media(body, place), form)
    assert refused.value.problem == "media_refused"
    assert [error.loc for error in refused.value.errors] == [place]


@pytest.mark.parametrize("column", COLUMNS)
def test_every_cell_of_a_row_is_looked_at(column: str) -> None:
    cells = ["A", "ncmec", "2026-03-01T10:00:00Z", "other", *[""] * (len(COLUMNS) - 4)]
    cells[COLUMNS.index("subject_username")] = cells[COLUMNS.index("subject_phone")] = "1"
    cells[COLUMNS.index(column)] = PNG
    with pytest.raises(Rejected) as refused:
        read(tip_of_row(COLUMNS, read_cells(",".join(cells).encode())))
    assert refused.value.problem == "media_refused"


def test_each_text_with_media_is_named() -> None:
    party = {"role": "subject", "identifiers": [{"type": "url", "value": f"https://x.example/{PNG}"}]}
    with pytest.raises(Rejected) as refused:
        read(a_tip(parties=[party], related_refs=["ok", PNG[:190]]))
    assert [error.loc for error in refused.value.errors] == [
        ("parties", 0, "identifiers", 0, "value"),
        ("related_refs", 1),
    ]


def test_a_tips_own_texts_hold_no_media() -> None:
    assert find_media(a_full_tip()) == []
    assert find_media([made.tip for made in generate(3, 500)]) == []
