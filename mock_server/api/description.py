"""The OpenAPI document of this very server: the spec's, at its own address, and what is served beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scribe_data
from mock_server.api.additions import RECEIVED, TAGS, additions
from mock_server.api.order import SOCKET
from mock_server.api.wording import wording
from mock_server.session.model import STREAM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.settings import Limits


def _paths(revision: str) -> dict[str, dict[str, Any]]:
    """The spec's operations below the one server; those with servers of their own lie at its root (E55)."""
    given = scribe_data.load("medscribe", revision).openapi["paths"]
    return {
        path if "servers" in item else f"/v1{path}": {key: value for key, value in item.items() if key != "servers"}
        for path, item in given.items()
    }


def _told(limits: Limits) -> str:
    return (
        "A mock to develop EMR clients against. Every request but discovery, health and these pages carries a key: "
        "`Authorization: Bearer <key>` or `X-API-Key: <key>`. "
        f"A session takes {limits.files} files of up to {limits.upload_bytes} bytes, {limits.session_bytes} bytes "
        f"in all. At most {limits.queue} sessions are in processing, and of one namespace {limits.share} for every one "
        "that is left; an end beyond that is answered 503."
    )


def _streaming(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The create that this server takes where audio may come over a socket, too."""
    order = schemas["create_order"]
    upload_type = order["properties"]["upload_type"]
    members = order["properties"] | {"upload_type": upload_type | {"enum": [*upload_type["enum"], STREAM]}}
    streamed = {"properties": {"upload_type": {"const": STREAM}}, "required": ["upload_type"]}
    over = {"properties": {"communication_protocol": {"const": SOCKET}}}
    return {"create_order": {**order, "properties": members, "if": streamed, "then": over}}


def describe(root: str, limits: Limits, revision: str, *, faithful: bool, control: Mapping[str, Any]) -> dict[str, Any]:
    """The document; `root` is scheme and host as the client knows them, `control` what describes the control plane."""
    given = scribe_data.load("medscribe", revision).openapi
    text = wording(revision)
    paths = _paths(revision)
    for path, item in {**additions(text, faithful=faithful), **control.get("paths", {})}.items():
        paths[path] = {**paths.get(path, {}), **item}
    used = {
        tag for item in paths.values() for entry in item.values() if isinstance(entry, dict) for tag in entry["tags"]
    }
    answers = given["components"]["responses"]
    received = answers["received"]
    if not text.numbered:
        received = {**received, "content": {"application/json": {"schema": RECEIVED}}}
    return {
        **given,
        "info": {**given["info"], "description": f"{given['info']['description']}\n\n{_told(limits)}"},
        "servers": [{"url": root, "description": "this server"}],
        "tags": [*given["tags"], *({"name": tag, "description": TAGS[tag]} for tag in TAGS if tag in used)],
        "paths": paths,
        "components": {
            **given["components"],
            "responses": {**answers, "received": received},
            "schemas": {
                **control.get("components", {}).get("schemas", {}),
                **given["components"]["schemas"],
                **(_streaming(given["components"]["schemas"]) if text.stream else {}),
            },
        },
    }
