"""The published face of the topic table: an AsyncAPI 3.0 document, generated from the event models.

`python -m shared.events.asyncapi` writes it to `asyncapi.json` beside this file; a test holds that it is fresh.
"""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from shared.events.envelope import Envelope, Payload
from shared.events.topics import OFFICE_MODELS, OFFICE_PREFIX, TOPICS, Topic

FILE = Path(__file__).with_name("asyncapi.json")


def document() -> dict[str, Any]:
    """Return the document. A field office's topic is one channel with the office's code as its parameter."""
    office = Topic(f"{OFFICE_PREFIX}{{office}}", "referral", "referral id", OFFICE_MODELS, ("audit",), 1)
    topics = [topic for topic in (*TOPICS, office) if topic.models]
    models = {model for topic in topics for model in topic.models}
    ordered: list[type[Payload]] = sorted(models, key=_name)
    _, schemas = models_json_schema(
        [(Envelope, "validation"), *((model, "validation") for model in ordered)],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "CETS events", "version": "1"},
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {f"publish.{topic.name}": _operation(topic) for topic in topics},
        "components": {
            "messages": {_name(model): _message(model) for model in ordered},
            "schemas": schemas["$defs"],
        },
    }


def render() -> str:
    """Return the document as it stands in the file."""
    return json.dumps(document(), indent=1, sort_keys=True) + "\n"


def _channel(topic: Topic) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": topic.name,
        "description": f"Owned by {topic.owner}; key: {topic.key}; read by {', '.join(topic.consumers)}.",
        "messages": {_name(m): {"$ref": f"#/components/messages/{_name(m)}"} for m in topic.models},
        "bindings": {
            "kafka": {"partitions": topic.partitions, "topicConfiguration": {"retention.ms": topic.retention_ms}}
        },
    }
    if "{office}" in topic.name:
        channel["parameters"] = {"office": {"description": "Code of a field office, [a-z0-9-]+."}}
    return channel


def _operation(topic: Topic) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic.name}"}, "summary": f"{topic.owner} publishes"}


def _message(model: type[Payload]) -> dict[str, Any]:
    payload = {
        "allOf": [
            {"$ref": "#/components/schemas/Envelope"},
            {
                "type": "object",
                "properties": {
                    "type": {"const": model.TYPE},
                    "version": {"const": model.VERSION},
                    "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
                },
            },
        ]
    }
    return {"name": _name(model), "summary": (model.__doc__ or "").partition("\n")[0], "payload": payload}


def _name(model: type[Payload]) -> str:
    return f"{model.TYPE}.v{model.VERSION}"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
