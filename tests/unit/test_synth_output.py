"""What others take from the synthetic world: the truth behind it, travellers, tables, the command."""

import csv
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from deploy.local.synth import COLUMNS, SOURCES, SyntheticTip, generate, to_csv, traveller, truth
from deploy.local.synth.__main__ import main
from tests.depth import deep

REPOSITORY = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=1)
def world() -> tuple[SyntheticTip, ...]:
    return tuple(generate(7, 500))


def lines_of(tips: Iterable[SyntheticTip]) -> bytes:
    return b"".join(json.dumps(made.tip, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for made in tips)


def subject_of(made: SyntheticTip) -> dict[str, Any]:
    return next((party for party in made.tip.get("parties", ()) if party["role"] == "subject"), {})


def plain_words(name: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return letters.upper().replace("-", " ").replace("'", "").split()


def test_truth_lists_the_references_of_each_actor() -> None:
    tips = world()
    found = truth(tips)
    behind = {made.source_ref: made.actor_id for made in tips if made.actor_id}
    assert {ref: actor for actor, refs in found.items() for ref in refs} == behind
    assert any(len(refs) > 5 for refs in found.values())


@pytest.mark.parametrize("seed", range(deep(12)))
def test_one_traveller_is_in_the_data_and_the_other_is_not(seed: int) -> None:
    known, unknown = traveller(seed)
    tips = {made.source_ref: made for made in generate(seed, 500)}
    for reference in known.source_refs:
        made = tips[reference]
        subject = subject_of(made)
        assert made.actor_id == known.actor_id
        assert made.actionable
        assert subject["birth_date"] == known.birth_date
        assert known.email in {one["value"].lower() for one in subject["identifiers"]}
        assert sorted(known.name.split()) in [sorted(plain_words(name)) for name in subject["names"]]
    assert known.source_refs
    assert re.fullmatch(r"[A-Z ]+", known.name)
    everything = lines_of(tips.values()).decode().lower()
    assert unknown.actor_id is None
    assert unknown.email not in everything
    assert not any(word in everything for word in unknown.name.lower().split())


def test_csv_has_the_documented_columns_and_one_row_a_tip() -> None:
    tips = world()
    text = to_csv(tips)
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert [row["source_ref"] for row in rows] == [made.source_ref for made in tips]
    for row, made in zip(rows, tips, strict=True):
        subject = subject_of(made)
        emails = [one["value"] for one in subject.get("identifiers", ()) if one["type"] == "email"]
        assert row["subject_email"] == (emails[0] if emails else "")
        assert row["subject_name"] == (subject.get("names") or [""])[0]
        assert row["incident_type"] == made.tip["incident"]["type"]
        assert row["related_refs"].split(";") == (made.tip.get("related_refs") or [""])
    assert any(";" in row["related_refs"] for row in rows)
    assert all(any(row[column] for row in rows) for column in COLUMNS), "a column that is never filled helps nobody"


def test_parts_of_the_sources_together_are_the_whole(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    parts: list[bytes] = []
    for source in SOURCES:
        assert main(["--seed", "7", "--count", "500", "--source", source]) == 0
        parts += capsysbinary.readouterr().out.splitlines()
    assert sorted(parts) == sorted(lines_of(world()).splitlines())


def test_csv_comes_from_the_command_line_too(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--seed", "7", "--count", "500", "--format", "csv"]) == 0
    assert capsysbinary.readouterr().out.decode() == to_csv(world())


@pytest.mark.parametrize(
    "wrong",
    [["--count", "-1"], ["--seed", "x"], ["--source", "nobody"], ["--start", "2026-01-01"], ["--gap-s", "1e15"]],
)
def test_wrong_option_is_answered_with_a_sentence(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(wrong)
    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_closed_pipe_ends_the_command_quietly() -> None:
    command = [sys.executable, "-m", "deploy.local.synth", "--count", "100000"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stderr, process:
        assert json.loads(process.stdout.readline())["source_ref"]
        process.stdout.close()
        complaint = process.stderr.read()
        assert process.wait(timeout=30) == 0
    assert complaint == b""
