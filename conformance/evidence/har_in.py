"""Reads an archive of the kit's own back into the evidence that it was made of."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conformance.evidence.departure import Departure, Dimension
from conformance.evidence.exchange import Exchange, Label, Request, Response
from conformance.evidence.explored import Explored, Shown
from conformance.evidence.handshake import handshake_of
from conformance.evidence.har import MEMBERS, sealed
from conformance.evidence.layer import Layer
from conformance.evidence.record import Evidence, Facts, Note
from conformance.evidence.socket import socket_of
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from scribe_data import Spec
    from scribe_data.recordings import Fixture


class NotEvidence(ValueError):  # noqa: N818 - says what is wrong, as the message does
    """An archive that no evidence can be read from; `place` is a JSON pointer."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(why)
        self.place = place


@dataclass(frozen=True)
class Archive:
    """An archive of the kit as it was read: the evidence, and what it says of the run (`har`)."""

    evidence: Evidence
    run: Mapping[str, Any]


def har_in(document: Any, text: Spec, recordings: Mapping[str, Fixture]) -> Archive:
    """The evidence in an archive, with the text to judge it by; `recordings` are those that this kit has.

    Raises NotEvidence with the place where something is missing, odd, or of another kit.
    """
    log = _of(document, "", "log", dict)
    told = _of(log, "/log", "_scribe", dict, "no `_scribe`: another tool recorded it, or an older kit")
    if told.get("version") != MEMBERS:
        why = f"is version {told.get('version')!r} of the kit's own members, and this kit reads version {MEMBERS}"
        raise NotEvidence("/log/_scribe/version", why)
    entries = _of(log, "/log", "entries", list)
    exchanges = [_at(f"/log/entries/{n}", _exchange, entry) for n, entry in enumerate(entries)]
    place = "/log/_scribe"
    explored = told.get("explored")
    evidence = Evidence(
        exchanges=tuple(x for x in exchanges if x.label.layer is Layer.JOURNEY),
        facts=_at(f"{place}/facts", _facts, told.get("facts")),
        notes=tuple(_each(told, place, "notes", _note)),
        text=text,
        recordings=_recordings(_of(told, place, "recordings", dict), recordings),
        dialect=tuple(_each(told, place, "dialect", _departure)),
        further=tuple(x for x in exchanges if x.label.layer is not Layer.JOURNEY),
        explored=None if explored is None else _at(f"{place}/explored", _explored, explored),
    )
    return Archive(evidence, _of(told, place, "run", dict))


def edits(document: Any) -> Iterator[int]:
    """Places of the entries whose digest is not that of what they say."""
    for place, entry in enumerate(document["log"]["entries"]):
        if not isinstance(entry, dict) or sealed(entry) != entry:
            yield place


def _of(document: Any, place: str, name: str, kind: type, why: str = "") -> Any:
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, kind):
        raise NotEvidence(place or "/", why or f"has no {name!r} that is {_KINDS[kind]}")
    return found


_KINDS: Mapping[type, str] = {dict: "an object", list: "an array"}


def _at(place: str, read: Callable[[Any], Any], value: Any) -> Any:
    """What a reader makes of a value; whatever it stumbles over is told with the place."""
    try:
        return read(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = isinstance(error, KeyError)
        raise NotEvidence(place, f"{'misses' if missing else 'cannot be read:'} {error}") from error


def _each(document: Any, place: str, name: str, read: Callable[[Any], Any]) -> Iterator[Any]:
    for number, value in enumerate(_of(document, place, name, list)):
        yield _at(f"{place}/{name}/{number}", read, value)


def _facts(told: Any) -> Facts:
    return Facts(**told)


def _note(told: Any) -> Note:
    return Note(**told | {name: tuple(told[name]) for name in ("requirements", "rows")})


def _departure(told: Any) -> Departure:
    return Departure(**told | {"dimension": Dimension(told["dimension"])})


def _explored(told: Any) -> Explored:
    shown = (
        Shown(**each | {name: tuple(each[name]) for name in ("steps", "exchanges")}) for each in told["violations"]
    )
    return Explored(**told | {"violations": tuple(shown)})


def _recordings(told: Mapping[str, Any], known: Mapping[str, Fixture]) -> dict[str, Fixture]:
    for name, sha256 in told.items():
        if name not in known or known[name].sha256 != sha256:
            why = "is a recording that this kit " + ("has with another content" if name in known else "does not have")
            raise NotEvidence(f"/log/_scribe/recordings/{name}", why)
    return {name: known[name] for name in told}


def _exchange(entry: Any) -> Exchange:
    told = entry["_scribe"]
    for value in (entry["_number"], entry["request"]["bodySize"], entry["response"]["status"]):
        if type(value) is not int:
            raise TypeError(f"{value!r} is not an integer")
    handshake, socket = entry.get("_handshake"), entry.get("_socket")
    return Exchange(
        number=entry["_number"],
        label=_label(entry["_label"]),
        request=_request(entry["request"], told["request"]),
        response=_response(entry["response"]),
        sent=datetime.fromisoformat(told["sent"]),
        received=datetime.fromisoformat(told["received"]),
        elapsed=told["elapsed"],
        trouble=entry.get("_trouble"),
        notes=dict(told["notes"]),
        handshake=handshake_of(handshake) if handshake else None,
        socket=socket_of(socket) if socket else None,
    )


def _label(told: Any) -> Label:
    kinds: Mapping[str, Callable[[Any], Any]] = {
        "operation": Operation,
        "credential": Credential,
        "layer": Layer,
        "states": tuple,
    }
    return Label(**{name: kinds.get(name, lambda same: same)(value) for name, value in told.items()})


def _request(told: Any, exactly: Any) -> Request:
    kept = exactly.get("body")
    posted = told.get("postData", {}).get("text", "")
    return Request(
        method=told["method"],
        url=told["url"],
        headers=_pairs(told["headers"]),
        body=b64decode(kept, validate=True) if kept is not None else posted.encode(),
        size=told["bodySize"],
        sha256=exactly["sha256"],
        whole=exactly["whole"],
    )


def _response(told: Any) -> Response | None:
    if not told["status"]:
        return None
    content = told["content"]
    text = content["text"]
    body = b64decode(text, validate=True) if content.get("encoding") == "base64" else text.encode()
    return Response(told["status"], _pairs(told["headers"]), body)


def _pairs(told: Any) -> tuple[tuple[str, str], ...]:
    return tuple((pair["name"], pair["value"]) for pair in told)
