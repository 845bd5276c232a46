"""Evidence of shapes that no run has, made by hand: a check that looks at all of it for each of it shows here."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from conformance.evidence import Evidence, Exchange, Facts, Label, Request, Response
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BASE = "https://scribe.example/v1"
_BEGAN = datetime(2026, 1, 27, 9, 30, tzinfo=UTC)
_SESSION = "visit"
_ID = "ses_0123456789abcdef"
_DISCOVERY: dict[str, Any] = {
    "protocol": "medscribealliance",
    "protocol_version": "0.1",
    "supported_versions": ["0.1"],
    "endpoints": {"base_url": _BASE},
    "authentication": {"supported_methods": ["api_key"]},
    "capabilities": {"audio_formats": ["audio/wav"], "max_chunk_duration_seconds": 20},
    "models": [{"id": "lite", "display_name": "Lite", "languages": ["en"], "max_session_duration_seconds": 1800}],
}
_ASKED = {"templates": ["soap"], "model": "lite", "upload_type": "chunked", "communication_protocol": "http"}


class _Tape:
    """Exchanges in order, a second apart."""

    def __init__(self) -> None:
        self.heard: list[Exchange] = []
        self.add(Operation.DISCOVERY, 200, _DISCOVERY)
        listed = [{"id": "soap", "name": "SOAP", "description": "A SOAP note."}]
        self.add(Operation.TEMPLATES, 200, {"templates": listed})

    def add(
        self, operation: Operation, status: int, told: Any, *, path: str = "", asked: Any = None, **meant: Any
    ) -> None:
        """An answer to a request; `meant` are members of its label."""
        body = json.dumps(asked).encode() if asked is not None else b""
        method = "POST" if operation in (Operation.CREATE, Operation.UPLOAD, Operation.END) else "GET"
        request = Request(method, f"{_BASE}{path or '/' + operation}", body=body, size=len(body))
        response = Response(status, (("Content-Type", "application/json"),), json.dumps(told).encode())
        number = len(self.heard) + 1
        sent = _BEGAN + timedelta(seconds=number)
        label = Label(operation, "by hand", **meant)
        self.heard.append(Exchange(number, label, request, response, sent, sent + timedelta(seconds=0.01), 0.01))

    def created(self) -> None:
        """The session that many requests are about."""
        told = _shown("created") | {"upload_url": f"{_BASE}/sessions/{_ID}/audio"}
        self.add(Operation.CREATE, 201, told, path="/sessions", asked=_ASKED, session=_SESSION)

    def evidence(self, count: int) -> Evidence:
        """The first so many exchanges, frozen."""
        facts = Facts(_BASE, "2026-01-27", second_key=True, api_target=True, upload_form="multipart")
        return Evidence(tuple(self.heard[:count]), facts, recordings=recordings.load())


def _shown(status: str, **members: Any) -> dict[str, Any]:
    """A session as its documents show it."""
    stamps = {"created_at": "2026-01-27T09:30:03Z", "expires_at": "2026-01-27T10:00:03Z"}
    return {"session_id": _ID, "status": status, **stamps, **members}


def _error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "It cannot be so."}}


def _uploads(count: int) -> Evidence:
    """One session is sent a file and read, by turns, thousands of times."""
    tape = _Tape()
    tape.created()
    for number in range(count // 2):
        tape.add(
            Operation.UPLOAD,
            200,
            {"session_id": _ID, "status": "received"},
            path=f"/sessions/{_ID}/audio",
            session=_SESSION,
            file=f"audio_{number}.wav",
            fixture="short",
        )
        told = _shown("recording", audio_files_received=number + 1)
        tape.add(Operation.GET, 202, told, path=f"/sessions/{_ID}", session=_SESSION)
    return tape.evidence(count)


def _uncredentialed(count: int) -> Evidence:
    """One session is read without a key again and again, and is not found."""
    tape = _Tape()
    tape.created()
    for _ in range(count):
        tape.add(
            Operation.GET,
            404,
            _error("session_not_found"),
            path=f"/sessions/{_ID}",
            session=_SESSION,
            probe=Probe.NO_CREDENTIAL.of("recording"),
            credential=Credential.NONE,
        )
    return tape.evidence(count)


def _nonsense(count: int) -> Evidence:
    """Malformed creates, each of them twice."""
    tape = _Tape()
    for number in range(count // 2):
        first = Probe.NONSENSE.of(f"body {number}")
        for probe in (first, repeat_of(first)):
            asked = {"templates": number}
            tape.add(Operation.CREATE, 400, _error("invalid_request"), path="/sessions", asked=asked, probe=probe)
    return tape.evidence(count)


def _broken(count: int) -> Evidence:
    """A session that is read again and again, and only ever meets server errors."""
    tape = _Tape()
    tape.created()
    for _ in range(count):
        tape.add(Operation.GET, 500, _error("internal_error"), path=f"/sessions/{_ID}", session=_SESSION)
    return tape.evidence(count)


#: What there is much of -> so many exchanges of it.
SHAPES: Final[Mapping[str, Callable[[int], Evidence]]] = {
    "uploads and reads of one session": _uploads,
    "404s without a key": _uncredentialed,
    "malformed requests, each twice": _nonsense,
    "server errors": _broken,
}
