"""What is asked of the verifier, and with which keys."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from services.audit.domain.note import BadNote, VerifyingKey, read_vkey
from services.audit.verifier.signed import NotSigned, Pin, read_pins


class Misused(Exception):
    """What is asked cannot be done as it was asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked. `key` is the log's and `witness` the witness's public key; without them no signature is read."""

    database_url: str = ""
    dump: Path | None = None
    tiles: Path | None = None
    """What to read instead of a database."""
    key: VerifyingKey | None = None
    witness: VerifyingKey | None = None
    pins: Sequence[Pin] = ()
    since: Sequence[Pin] = ()
    proof: Path | None = None
    export: Path | None = None
    prove: tuple[UUID, Path] | None = None
    """An event to be proved, and where the proof is written."""
    write_dump: Path | None = None
    write_tiles: Path | None = None
    """Folders to write instead of looking for anything."""
    is_against_kafka: bool = False
    kafka_bootstrap: str = ""
    kafka_topic_prefix: str = ""
    is_read: Callable[[str], bool] = lambda topic: False
    """Whether the log is made from a topic."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be asked for, wherever the database is named."""
    parser.add_argument("--key", metavar="VKEY", help="the log's public key; else signatures by it are not looked at")
    parser.add_argument("--witness", metavar="VKEY", help="the witness's public key, likewise")
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="a checkpoint kept elsewhere: signed notes, or an answer of GET /v1/checkpoint; may be given again",
    )
    parser.add_argument(
        "--dump", metavar="FOLDER", help="read a folder that --write-dump has written, instead of a database"
    )
    parser.add_argument(
        "--tiles", metavar="FOLDER", help="read a folder that --write-tiles has written, with --key, and no database"
    )
    parser.add_argument(
        "--against-kafka",
        metavar="BOOTSTRAP",
        nargs="?",
        const="",
        help="compare the log with every record that still lies on Kafka too",
    )
    parser.add_argument("--since", metavar="FILE", help="a checkpoint kept elsewhere; what it covers is not read again")
    parser.add_argument("--proof", metavar="FILE", help="look at this proof of an entry alone; no database is needed")
    parser.add_argument("--export", metavar="FILE", help="look at this export alone (POST /v1/exports), likewise")
    parser.add_argument("--prove", metavar="EVENT_ID", help="make the proof of an event instead, and write it to --out")
    parser.add_argument("--out", metavar="FILE", help="where --prove writes")
    parser.add_argument(
        "--write-dump", metavar="FOLDER", help="write all tables into a new folder instead, by COPY ... (FORMAT binary)"
    )
    parser.add_argument(
        "--write-tiles",
        metavar="FOLDER",
        help="write what was signed, without the bodies, into a new folder instead (C2SP tlog-tiles)",
    )


def read_options(given: Options, chosen: argparse.Namespace) -> Options:
    """Return the options with what the arguments name, read from its files.

    Raises:
        Misused: something cannot be done as it is asked.
        NotSigned: a checkpoint that was kept elsewhere does not bear the signatures it should.
    """
    asked = vars(chosen)
    key = _read_key(asked.get("key"), "--key") or given.key
    witness = _read_key(asked.get("witness"), "--witness") or given.witness
    files = asked.get("checkpoint") or []
    since, proof, prove = asked.get("since"), asked.get("proof"), asked.get("prove")
    export = asked.get("export")
    dump, tiles, against = asked.get("dump"), asked.get("tiles"), asked.get("against_kafka")
    if (files or since or proof or export or prove or tiles or asked.get("write_tiles")) and key is None:
        raise Misused("what was signed is worth nothing without the public key of who signed it: give --key")
    if tiles and (dump or since or prove or against is not None):
        raise Misused("--tiles goes with --checkpoint alone: such a folder holds no bodies and no kept trees")
    bootstrap = against or given.kafka_bootstrap
    if against is not None and not bootstrap:
        raise Misused("--against-kafka needs the address of a broker")
    return replace(
        given,
        dump=_folder(dump, "--dump"),
        tiles=_folder(tiles, "--tiles"),
        key=key,
        witness=witness,
        pins=[pin for file in files for pin in _read_pins(file, key, witness)],
        since=_read_pins(since, key, witness) if since else (),
        proof=_path(proof),
        export=_path(export),
        prove=_read_event(prove, asked.get("out")) if prove else None,
        write_dump=_path(asked.get("write_dump")),
        write_tiles=_path(asked.get("write_tiles")),
        is_against_kafka=against is not None,
        # A dump is of another time than the broker's end, so its lag says nothing.
        kafka_bootstrap="" if dump and against is None else bootstrap,
    )


def read_text(file: str) -> str:
    """Return what a file holds.

    Raises:
        Misused: it cannot be read.
    """
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{file} cannot be read ({type(error).__name__})") from error


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _folder(text: str | None, name: str) -> Path | None:
    path = _path(text)
    if path is not None and not path.is_dir():
        raise Misused(f"{name}: {path} is no folder")
    return path


def _read_event(text: str, out: str | None) -> tuple[UUID, Path]:
    if not out:
        raise Misused("--prove needs --out, the file to write")
    try:
        return UUID(text), Path(out)
    except ValueError as error:
        raise Misused("--prove: this is not the id of an event") from error


def _read_key(text: str | None, name: str) -> VerifyingKey | None:
    if not text:
        return None
    try:
        return read_vkey(text)
    except BadNote as error:
        raise Misused(f"{name}: {error}") from error


def _read_pins(file: str, key: VerifyingKey | None, witness: VerifyingKey | None) -> list[Pin]:
    assert key is not None
    try:
        return read_pins(read_text(file), file, key, witness)
    except NotSigned as error:
        raise NotSigned(f"{file}: {error}") from error
    except BadNote as error:
        raise Misused(f"{file}: {error}") from error
