"""The OpenAPI document as one target takes it: what negotiation found narrows what is drawn."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from conformance.drive.hands import spoken_by
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.target import Target
    from scribe_data import Spec

#: The member of an operation of the narrowed document that says what the kit calls it.
NAMED: Final = "x-operation"
#: Members of additional_data at most: what it may hold is free, and drawing it costs more than all the rest.
_MEMBERS = 3


def narrowed(text: Spec, target: Target) -> dict[str, Any]:
    """The document of a text for drawing: bodies as the target takes them, credentials and answers left out.

    The kit adds its own credentials, and answers are judged by the text itself.
    """
    document = deepcopy(text.openapi)
    document.pop("security", None)
    document.pop("servers", None)
    components = document["components"]
    components.pop("securitySchemes", None)
    components.pop("responses", None)
    create = text.protocol.endpoints[Operation.CREATE]
    if create.takes is not None and Operation.TEMPLATES in text.protocol.endpoints:
        taken = {each.takes for each in text.protocol.endpoints.values() if each.takes is not None}
        components["schemas"] = {name: deepcopy(text.schemas[name]) for name in sorted(taken)}
        components["schemas"][create.takes] = _creates(text.schemas[create.takes], target)
        # The document has every form that some part of the text allows; this target was seen to take one of them.
        body = document["paths"][create.path][create.method.lower()]["requestBody"]
        body["content"]["application/json"]["schema"] = {"$ref": f"#/components/schemas/{create.takes}"}
    if target.end_form == "timed":
        ending = components["schemas"][text.protocol.endpoints[Operation.END].takes]
        ending["required"] = [*ending["required"], "end_time"]
    _versions(components.get("parameters", {}), target)
    named = {(each.path, each.method.lower()): each.name for each in text.protocol.endpoints.values()}
    for path, item in document["paths"].items():
        item.pop("servers", None)
        for method, operation in item.items():
            if isinstance(operation, dict) and "responses" in operation:
                if (path, method) in named:
                    operation[NAMED] = named[path, method]
                operation.pop("security", None)
                operation["responses"] = {"default": {"description": "any"}}
    return document


def _creates(schema: Mapping[str, Any], target: Target) -> dict[str, Any]:
    """The schema of a create body, each member in the form and with the values that the target takes."""
    found = deepcopy(dict(schema))
    members, form, model = found["properties"], target.form, target.model
    chosen = [form.template] if form.template else list(target.templates[:-1] or target.templates)
    usual = form.worded(form.body(model=model, language=spoken_by(model)))
    members["templates"] |= {"items": {"enum": chosen or usual["templates"]}, "minItems": 1, "uniqueItems": True}
    members["upload_type"] = {"enum": [target.upload_type]}
    members["communication_protocol"] = {"enum": ["http"]}
    members[form.passed] = {"type": "object", "maxProperties": _MEMBERS}
    ids = [each["id"] for each in target.models if isinstance(each.get("id"), str)]
    members["model"] = {"enum": ids[:_MEMBERS]} if ids and form.model else None
    for name in ("language_hint", "transcript_language"):
        members[name] = {"enum": [usual[name]]} if name in usual else None
    if not form.communication_protocol:
        members["communication_protocol"] = None
    kept = {name: member for name, member in members.items() if name not in form.lacks}
    found["properties"] = {name: member for name, member in kept.items() if member is not None}
    found["required"] = [name for name in usual if name in found["properties"]]
    found["additionalProperties"] = False
    return found


def _versions(parameters: dict[str, Any], target: Target) -> None:
    """Let the version asked for be one that discovery lists."""
    told = target.discovery.get("supported_versions")
    listed = [version for version in told if isinstance(version, str)] if isinstance(told, list) else []
    for parameter in _named(parameters.values(), "MSA-Version"):
        parameter["schema"] = {"enum": listed[:_MEMBERS] or ["0.1"]}


def _named(parameters: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in parameters if each.get("name") == name]
