"""The control plane's face of scenarios. Not in spec: the text has no control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.api.answer import Answer
from mock_server.api.document import parse_object, read
from mock_server.api.order import LONGEST_ID
from mock_server.scenarios import magic
from mock_server.scenarios.armed import ordered
from mock_server.scenarios.catalogue import catalogue

if TYPE_CHECKING:
    from mock_server.api.face import Call, Face
    from mock_server.scenarios.layer import Scenarios
    from mock_server.served import Served

_FRESH = {"Cache-Control": "no-store"}


def described(served: Served) -> dict[str, Any]:
    """The catalogue of what is served, and the words of clients that can send nothing else."""
    return {
        "revision": served.revision,
        "revisions": served.revisions,
        "profiles": list(served.profiles),
        "scenarios": [scenario.described() for scenario in catalogue(*served).values()],
        "template_ids": {word: scenario.name for word, scenario in magic.template_words(served).items()},
        "keys_end_with": {word: scenario.name for word, scenario in magic.key_words(served).items()},
        "file_names": {word: scenario.name for word, scenario in magic.file_words(served).items()},
    }


class Control:
    """GET: the catalogue and what is armed. POST: arm one more. DELETE: disarm all, or what is for one session."""

    def __init__(self, scenarios: Scenarios) -> None:
        self._scenarios = scenarios

    async def __call__(self, face: Face, call: Call) -> Answer:
        """One request."""
        told: dict[str, Any] = {}
        match call.request.method:
            case "POST":
                call.document = parse_object(await read(call.request, face.settings.max_json_bytes))
                asked = ordered(call.document, face.settings.served)
                if await self._scenarios.arming.arm(call.namespace, asked):
                    told["bound"] = asked.described()
            case "DELETE":
                session_id = call.request.query_params.get("session", "")[:LONGEST_ID] or None
                if session_id is not None:
                    await self._scenarios.arming.look(call.namespace, session_id)
                told["scenarios_cleared"] = await self._scenarios.arming.clear(call.namespace, session_id)
            case _:
                told.update(described(face.settings.served))
        armed = [one.described() for one in self._scenarios.roster.of(call.namespace)]
        if self._scenarios.file is not None:
            told["file"] = self._scenarios.file.described()
        return Answer(200, {**told, "armed": armed, "namespace": call.namespace}, _FRESH)
