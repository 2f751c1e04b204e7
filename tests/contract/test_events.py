"""The topic table and the events: what other agencies' programmers rely on, and every later build must still read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.events import asyncapi
from shared.events.activity import DeadLetterRedrivenV1
from shared.events.envelope import Payload, decode, open_payload
from shared.events.topics import ACTIVITY_TOPICS, OFFICE_MODELS, TOPICS, models_by_type, office_topics, topics_read_by

SERVICES = {"intake", "linker", "referral", "query", "audit"}
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.json"))
PERSONAL_FIELDS = {
    "names", "birth_date", "citizenship", "identifiers", "addresses", "parties", "narrative", "subjects", "places",
    "name", "emails", "usernames", "phones", "documents", "text", "note", "summary", "city", "postal_code", "address",
    "flight_number", "flight_date", "value",
}  # fmt: skip
"""What may identify a person; it stands under `personal` or nowhere."""


def test_each_topic_has_one_owner_known_readers_and_a_legal_name() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    for topic in TOPICS:
        assert re.fullmatch(r"[a-z]+\.[a-z]+(\.dlq)?", topic.name), topic.name
        assert set(topic.consumers) <= SERVICES
        assert topic.partitions >= 1
        if not topic.name.endswith(".dlq"):
            assert topic.name.startswith(f"{topic.owner}.")
            assert topic.owner in SERVICES


def test_audit_reads_every_topic() -> None:
    assert set(topics_read_by("audit")) == {topic.name for topic in TOPICS}
    assert all("audit" in topic.consumers for topic in office_topics(["sac-boston"]))


def test_every_topic_that_someone_besides_audit_reads_has_a_dead_letter_topic() -> None:
    names = {topic.name for topic in TOPICS}
    for topic in TOPICS:
        assert (f"{topic.name}.dlq" in names) == bool(set(topic.consumers) - {"audit"})


def test_an_event_type_belongs_to_one_topic_except_what_every_service_does() -> None:
    common = set.intersection(*(set(topic.models) for topic in ACTIVITY_TOPICS))
    assert {model.TYPE for model in common} == {
        "session.opened", "auth.refused", "request.refused", "answer.repeated", "record.viewed",
    }  # fmt: skip
    redriving = {topic.owner for topic in ACTIVITY_TOPICS if DeadLetterRedrivenV1 in topic.models}
    assert redriving == SERVICES - {"audit"}
    shared = common | {DeadLetterRedrivenV1}
    seen: list[type[Payload]] = [m for topic in TOPICS for m in topic.models if m not in shared] + list(OFFICE_MODELS)
    assert len(seen) == len(set(seen))


def test_an_event_class_is_named_after_its_type_and_version() -> None:
    for (type_, version), model in models_by_type().items():
        expected = "".join(word.capitalize() for word in re.split(r"[._]", type_)) + f"V{version}"
        assert model.__name__ == expected
        assert model.__doc__


def test_every_event_version_has_an_example() -> None:
    assert {path.stem for path in EXAMPLES} == {f"{type_}.v{version}" for type_, version in models_by_type()}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_still_read_and_nothing_of_it_is_lost(path: Path) -> None:
    document = json.loads(path.read_text())
    envelope = decode(path.read_bytes())
    payload = open_payload(envelope, models_by_type()[envelope.type, envelope.version])
    again = json.loads(payload.model_dump_json())
    assert _is_within(_without_salt(document["payload"]), again)
    assert envelope.subject.kind == payload.SUBJECT


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_personal_data_stands_nowhere_but_under_personal(path: Path) -> None:
    assert _keys_outside_personal(json.loads(path.read_text())["payload"]) & PERSONAL_FIELDS == set()


def test_the_asyncapi_document_is_fresh() -> None:
    assert asyncapi.FILE.read_text() == asyncapi.render(), "run make contracts"


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.document()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        node: Any = document
        for part in reference.split("/"):
            node = node[part]
        assert node


def _is_within(part: Any, whole: Any) -> bool:
    """Return whether all of `part` is in `whole`, which may have more fields at any depth: those added since."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _is_within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_is_within, part, whole))
    return bool(part == whole)


def _without_salt(payload: dict[str, Any]) -> dict[str, Any]:
    if "personal" not in payload:
        return payload
    return {**payload, "personal": {k: v for k, v in payload["personal"].items() if k != "salt"}}


def _keys_outside_personal(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_keys_outside_personal(item) for item in node))
    if not isinstance(node, dict):
        return set()
    inner = (_keys_outside_personal(value) for key, value in node.items() if key != "personal")
    return set(node).union(*inner)
