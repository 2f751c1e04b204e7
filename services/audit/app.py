"""The composition root of audit."""

import argparse
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.audit.derived import run_derived
from services.audit.domain.keys import Keys
from services.audit.domain.note import WITNESS, BadNote, SigningKey, VerifyingKey, read_vkey
from services.audit.domain.signer import Signer
from services.audit.domain.staff import Staff, read_staff
from services.audit.following import Following
from services.audit.handlers.derived import Basis
from services.audit.handlers.sensors import Sensors
from services.audit.http import ROUTES
from services.audit.judging import Judging
from services.audit.reporting import Reporting
from services.audit.settings import SENDERS, TOPICS, AuditSettings, is_read
from services.audit.signing import Checkpointer, Witnessing
from services.audit.stream import build_handler
from services.audit.verifier.options import Options, add_arguments
from services.audit.verifier.report import USAGE, say_line
from services.audit.verifier.run import run
from shared.errors import Rejected
from shared.kafka.consume import Progress
from shared.periodic import Periodic
from shared.service import Command, Service, Tools

log = structlog.get_logger()


def build_parts(tools: Tools[AuditSettings]) -> str:
    """Return the log's name."""
    return tools.settings.log_name


def build_more(tools: Tools[AuditSettings], progress: Progress, on_commit: Callable[[], None]) -> list[Periodic]:
    """Return what follows the log, what reports on it, and what has it signed.

    Raises:
        Rejected: a key cannot be read.
    """
    settings = tools.settings
    keys = read_known_keys(settings)
    if not keys:
        log.error(
            "producers_unknown", reason="AUDIT_PRODUCER_KEYS_FOLDER is not set: whoever sent a record is believed"
        )
    sensors = Sensors(*read_staff_file(settings), tools.metrics)
    if settings.staff_file is None:
        log.warning("self_lookup_off", reason="AUDIT_STAFF_FILE is not set: nobody is known to look themselves up")
    parts: list[Periodic] = [
        Following(tools, keys, (sensors.follow,), on_commit),
        Judging(tools, sensors, on_commit),
        Reporting(tools, on_commit),
    ]
    if settings.checkpoint_key_file is None:
        log.error("checkpoints_off", reason="AUDIT_CHECKPOINT_KEY_FILE is not set: nothing of the log is signed")
        return parts
    signer = Signer(settings.log_name, read_private_key(settings.checkpoint_key_file))
    parts.append(Checkpointer(tools.pool, signer, tools.clock, tools.metrics))
    if settings.witness_url:
        key = read_witness_key(settings.witness_key)
        parts.append(Witnessing(tools.pool, settings.witness_url, key, tools.clock, tools.metrics))
    return parts


def read_private_key(file: Path) -> Ed25519PrivateKey:
    """Return the key that checkpoints are signed with.

    Raises:
        Rejected: the file holds none.
    """
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise Rejected(f"AUDIT_CHECKPOINT_KEY_FILE: {file} cannot be read ({type(error).__name__})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Rejected(f"AUDIT_CHECKPOINT_KEY_FILE: {file} is no Ed25519 private key")
    return key


def read_known_keys(settings: AuditSettings) -> dict[str, list[bytes]]:
    """Return each service's producer keys, none if the settings name no folder.

    Raises:
        Rejected: see `read_producer_keys`.
    """
    return {} if settings.producer_keys_folder is None else read_producer_keys(settings.producer_keys_folder)


def read_producer_keys(folder: Path) -> dict[str, list[bytes]]:
    """Return each service's producer keys, one a line in its file.

    Raises:
        Rejected: the folder lacks a service's, or one is no key.
    """
    try:
        texts = {service: (folder / f"{service}.producer").read_text() for service in SENDERS}
        found = {service: [bytes.fromhex(line) for line in text.split()] for service, text in texts.items()}
        if not all(found.values()):
            raise ValueError("a file without a key")
        return found
    except (OSError, ValueError) as error:
        raise Rejected(
            f"AUDIT_PRODUCER_KEYS_FOLDER: {folder} does not hold the key of each of {', '.join(SENDERS)} as "
            f"<service>.producer, in hex ({type(error).__name__})"
        ) from error


def read_staff_file(settings: AuditSettings) -> tuple[Keys, Staff]:
    """Return what makes the keys of look-ups, and who the users are; nobody, if the settings name no file.

    Raises:
        Rejected: a file cannot be read.
    """
    try:
        keys = Keys(bytes.fromhex(settings.producer_key_file.read_text().strip()))
    except (OSError, ValueError) as error:
        raise Rejected(f"AUDIT_PRODUCER_KEY_FILE: {settings.producer_key_file} is no key in hex") from error
    if settings.staff_file is None:
        return keys, Staff({}, keys)
    try:
        return keys, read_staff(settings.staff_file.read_bytes(), keys)
    except (OSError, Rejected) as error:
        said = error.detail if isinstance(error, Rejected) else f"cannot be read ({type(error).__name__})"
        raise Rejected(f"AUDIT_STAFF_FILE: {settings.staff_file} {said}") from error


def check_staff(settings: AuditSettings) -> Iterable[str]:
    """Tell how many users are known, or that the sensor of look-ups of oneself is off."""
    if settings.staff_file is None:
        yield "self_lookup: off, since AUDIT_STAFF_FILE is not set"
    else:
        _, staff = read_staff_file(settings)
        yield f"self_lookup: {len(staff)} users are known"


def read_witness_key(text: str) -> VerifyingKey:
    """Return the witness's public key.

    Raises:
        Rejected: it is none.
    """
    try:
        key = read_vkey(text)
    except BadNote as error:
        raise Rejected(f"AUDIT_WITNESS_KEY: {error}") from error
    if key.kind != WITNESS:
        raise Rejected("AUDIT_WITNESS_KEY: this is the key of a log, not of a witness")
    return key


def add_verify_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verifier takes, and what takes more than it knows."""
    add_arguments(parser)
    parser.add_argument(
        "--derived",
        action="store_true",
        help="derive anew, from a log that is intact, what auditors search and are shown (who saw a record, look-ups, "
        "flags, anomalies, reports), and compare that with what is stored: 0 the same, 1 different, 2 not followed so "
        "far. This trusts the code of this release and its settings; without it, verify trusts nobody's",
    )


async def run_verify(settings: AuditSettings, chosen: argparse.Namespace) -> int:
    """Verify the log that the settings name, with the public keys that follow from them."""
    asked = {name for name, value in vars(chosen).items() if value} - {"command"}
    if "derived" in asked:
        if asked != {"derived"}:
            say_line("--derived reads the database of the settings, and goes with nothing else")
            return USAGE
        lookups, staff = read_staff_file(settings)
        basis = Basis(read_known_keys(settings), lookups, None if settings.staff_file is None else staff)
        return await run_derived(settings.database_url.get_secret_value(), basis, SERVICE.migrations)
    key = None
    if settings.checkpoint_key_file is not None:
        key = SigningKey(settings.log_name, read_private_key(settings.checkpoint_key_file)).verifying
    given = Options(
        database_url=settings.database_url.get_secret_value(),
        key=key,
        witness=read_witness_key(settings.witness_key) if settings.witness_key else None,
        kafka_bootstrap=settings.kafka_bootstrap,
        kafka_topic_prefix=settings.kafka_topic_prefix,
        is_read=partial(is_read, prefix=settings.kafka_topic_prefix),
    )
    return await run(given, chosen)


SERVICE = Service(
    name="audit",
    settings=AuditSettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_parts,
    topics=TOPICS,
    build_handler=build_handler,
    build_more=build_more,
    check=check_staff,
    commands={
        "verify": Command(
            "re-read the whole log, live: 0 intact, 1 tampered, 2 incomplete or not to be verified, 3 wrong usage",
            run_verify,
            add_verify_arguments,
        )
    },
)
