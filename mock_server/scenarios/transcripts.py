"""The control plane's face of chosen transcripts. Not in spec: the text has no control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.answer import Answer
from mock_server.api.document import parse_object, read
from mock_server.scenarios.armed import NEXT, known, ordered
from mock_server.scenarios.courses import CHOSEN
from mock_server.scenarios.outcomes import TRANSCRIPT

if TYPE_CHECKING:
    from mock_server.api.face import Call, Face
    from mock_server.scenarios.armed import Armed
    from mock_server.scenarios.layer import Scenarios
    from mock_server.served import Served

_FRESH = {"Cache-Control": "no-store"}
_MEMBERS: Final = ("text", "session", "language")


class Transcripts:
    """POST: choose one, as JSON or as a text. GET: those that wait for a session. DELETE: none waits any more."""

    def __init__(self, scenarios: Scenarios) -> None:
        self._scenarios = scenarios

    async def __call__(self, face: Face, call: Call) -> Answer:
        """One request."""
        told: dict[str, Any] = {}
        match call.request.method:
            case "POST":
                chosen = _chosen(await _asked(face, call), face.settings.served)
                await self._scenarios.arming.arm(call.namespace, chosen)
                told["transcript"] = _told(chosen)
            case "DELETE":
                told["transcripts_cleared"] = self._scenarios.roster.remove(call.namespace, _is_one)
        armed = self._scenarios.roster.of(call.namespace)
        waiting = [_told(each) for each in armed if _is_one(each)]
        return Answer(200, {**told, "waiting": waiting, "namespace": call.namespace}, _FRESH)


async def _asked(face: Face, call: Call) -> dict[str, Any]:
    """The members of a JSON object, or a text with the others in the query."""
    body = await read(call.request, face.settings.max_json_bytes)
    label = call.request.headers.get("content-type", "").split(";")[0].strip().lower()
    if label != "text/plain":
        given = parse_object(body)
        call.document = given
        return given
    query = call.request.query_params
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise problems.invalid_request(f"The text is not UTF-8 (byte {error.start}).", field="text") from None
    return {**{name: query[name] for name in query}, "text": text}


def _chosen(given: dict[str, Any], served: Served) -> Armed:
    """What is armed for it; raises 400 naming what is wrong."""
    for name in given:
        known("member", name, _MEMBERS, name[:40])
    if "text" not in given:
        raise problems.missing_required_field("text")
    parameters = {name: given[name] for name in ("text", "language") if name in given}
    session = NEXT if given.get("session") is None else given["session"]
    return ordered({"scenario": TRANSCRIPT, "parameters": parameters, "on": {"session": session}}, served)


def _is_one(armed: Armed) -> bool:
    return armed.scenario.name == TRANSCRIPT


def _told(chosen: Armed) -> dict[str, Any]:
    values = chosen.values
    return {
        "engine": CHOSEN,
        "session": chosen.session,
        "times": chosen.left,
        "language": values["language"],
        "characters": len(str(values["text"])),
    }
