"""The control plane's face of choices. Not in spec: the text has no control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.answer import Answer
from mock_server.api.document import LARGEST, parse_object, read, whole
from mock_server.choices.catalogue import catalogue, defaults
from mock_server.choices.drawing import check_needs, drawn, made, named
from mock_server.suggestion import there

if TYPE_CHECKING:
    from mock_server.api.face import Call, Face
    from mock_server.choices.choice import Taken
    from mock_server.choices.layer import Choices
    from mock_server.served import Served

_FRESH: Final = {"Cache-Control": "no-store"}
_MEMBERS: Final = ("seed", "reading", "choices")
_READINGS: Final = ("lenient", "strict")


def described(served: Served) -> dict[str, Any]:
    """The catalogue of what is served, as programs read it."""
    return {
        "revision": served.revision,
        "revisions": served.revisions,
        "profiles": list(served.profiles),
        "catalogue": [choice.described() for choice in catalogue(*served).values()],
    }


def ordered(body: dict[str, Any], before: Taken, served: Served) -> Taken:
    """What a POST body makes of the choices before it; raises 400 naming what is wrong and what would be right."""
    for name in body:
        if name not in _MEMBERS:
            told = f"There is no member {name[:80]!r}.{there(name, _MEMBERS)}"
            raise problems.invalid_request(told, field=name[:40], known=list(_MEMBERS))
    if "seed" not in body and "choices" not in body:
        raise problems.invalid_request('Send {"seed": n}, or {"choices": {"name": value}}, or both.', field="seed")
    reading = body.get("reading", "lenient")
    if reading not in _READINGS:
        raise problems.invalid_request('"reading" has to be lenient or strict.', field="reading", known=list(_READINGS))
    layers = [before]
    if "seed" in body:
        seed = whole(body["seed"])
        if seed is None or not 0 <= seed <= LARGEST:
            raise problems.invalid_request(f'"seed" has to be an integer from 0 to {LARGEST}.', field="seed")
        layers.append(drawn(seed, reading, served, everywhere=False))
    given = named(body.get("choices", {}), served)
    for name in given:
        if catalogue(*served)[name].scope == "server":
            told = f"{name!r} is about requests of which no namespace is known; serve --choice makes it for all."
            raise problems.invalid_request(told, field=f"choices.{name}")
    found = made(*layers, given, served=served)
    check_needs(given, found, served)
    return found


class Control:
    """GET: the catalogue and the choices. POST: make them, by a seed or by name. DELETE: back to how it started."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    async def __call__(self, face: Face, call: Call) -> Answer:
        """One request."""
        told: dict[str, Any] = {}
        served = face.settings.served
        match call.request.method:
            case "POST":
                call.document = parse_object(await read(call.request, face.settings.max_json_bytes))
                self._choices.take(ordered(call.document, self._choices.taken(call.namespace), served), call.namespace)
            case "DELETE":
                self._choices.forget(call.namespace)
            case _:
                told.update(described(served))
        taken = self._choices.taken(call.namespace)
        different = [name for name, value in taken.items() if value != defaults(*served)[name]]
        return Answer(
            200, {**told, "choices": dict(taken), "different": different, "namespace": call.namespace}, _FRESH
        )
