"""What an exported machine sends for each call, read off the spec: the request, and the least it takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from conformance.drive.dictations import KEPT
from conformance.drive.printed import least_body
from conformance.stateful.model import CREATE, Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scribe_data import Spec

#: Members that are of the session, and how a body gets them.
_OF_SESSION = {"session_id": "session_id", "audio_files_sent": "files"}
#: A UUID of the fourth version, and what is none: a pattern that tells them apart is one of UUIDs.
_UUID, _NO_UUID = str(UUID(int=0, version=4)), "0"


def is_socket(text: Spec) -> bool:
    """Whether a session lasts as long as its socket."""
    return any(event.leaving for event in text.lifecycle.events.values())


def requests_of(text: Spec) -> dict[str, Any]:
    """Call -> what is asked, for what enters a service, begins a session or is served.

    That is method, path, body with its members that are another each time, and the query of a socket.
    """
    before = [name for name in ("discovery", CREATE) if name in text.protocol.endpoints]
    return dict(_request(text, name) for name in (*before, *Model(text.lifecycle).operations))


def _request(text: Spec, name: str) -> tuple[str, dict[str, Any]]:
    endpoint, known = text.protocol.endpoints[name], text.lifecycle.operations.get(name)
    method, path = known.request.split(" ", 1) if known else (endpoint.method, endpoint.path)
    schema = text.schemas[endpoint.takes] if endpoint.takes else {}
    least = least_body(text, name)
    fresh = {member: kind for member in least if (kind := _kind(member, schema["properties"].get(member, {})))}
    query = {"query": dict(KEPT)} if name == CREATE and is_socket(text) else {}
    return name, {"method": method, "path": path, "json": least if endpoint.takes else None, "fresh": fresh, **query}


def _kind(member: str, schema: Mapping[str, Any]) -> str | None:
    """What a member of a body is each time; None for one that stays as it is in the example."""
    if member in _OF_SESSION:
        return _OF_SESSION[member]
    if schema.get("format") == "date-time":
        return "now"
    pattern = schema.get("pattern", "")
    is_uuid = pattern and re.search(pattern, _UUID) and not re.search(pattern, _NO_UUID)
    return "uuid" if schema.get("format") == "uuid" or is_uuid else None
