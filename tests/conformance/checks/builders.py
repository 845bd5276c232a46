"""Evidence by hand, an exchange a line: what a run would have recorded, without a run."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from conformance.checks import all_checks
from conformance.evidence import Departure, Evidence, Exchange, Facts, Label, Layer, Request, Response
from conformance.finding import Kind
from conformance.verdict import judge
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.evidence import Dimension, Handshake, Note
    from conformance.evidence.socket import Socket
    from conformance.finding import Finding
    from conformance.verdict import Level, Reading, Verdict
    from conformance.vocabulary.operation import Credential, Operation

BASE = "https://scribe.example/v1"
BEGAN = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
METHODS: dict[Operation, str] = {"create": "POST", "upload": "POST", "end": "POST"}
#: Operation -> path below BASE.
PATHS: dict[Operation, str] = {
    "discovery": "/.well-known/medscribealliance",
    "templates": "/templates",
    "create": "/sessions",
    "upload": "/sessions/{id}/audio",
    "end": "/sessions/{id}/end",
    "get": "/sessions/{id}",
    "other": "/elsewhere",
}
#: What a service that offers the least says of itself; change a member with `discovery_with`.
DISCOVERY: dict[str, Any] = {
    "protocol": "medscribealliance",
    "protocol_version": "0.1",
    "supported_versions": ["0.1"],
    "endpoints": {"base_url": BASE},
    "authentication": {"supported_methods": ["api_key"]},
    "capabilities": {"audio_formats": ["audio/wav", "audio/ogg"], "max_chunk_duration_seconds": 20},
    "models": [
        {"id": "lite", "display_name": "Lite", "languages": ["en"], "max_session_duration_seconds": 1800},
    ],
}
#: A member to delete.
REMOVE = object()
#: Verdicts of a requirement as `verdicts` gives them: in the lenient and in the strict reading.
PASS, FAIL, WARNED, TOLERATED = ("pass", "pass"), ("fail", "fail"), ("warn", "warn"), ("warn", "fail")
DISPUTED, DEPARTS, UNSEEN = ("disputed", "disputed"), ("disputed", "fail"), ("inconclusive", "inconclusive")


def discovery_with(**changes: Any) -> dict[str, Any]:
    """DISCOVERY with changes; a double underscore goes down a level: `capabilities__upload_methods=[...]`."""
    document = deepcopy(DISCOVERY)
    for path, value in changes.items():
        *above, last = path.split("__")
        place = document
        for name in above:
            place = place.setdefault(name, {})
        if value is REMOVE:
            place.pop(last, None)
        else:
            place[last] = value
    return document


def session_id(key: str) -> str:
    """The id the evidence gives to a session key."""
    return "ses_" + key.encode().hex().ljust(16, "0")[:28]


def error(code: str, message: str = "It cannot be so.", **details: Any) -> dict[str, Any]:
    """The envelope of §11.1."""
    return {"error": {"code": code, "message": message, **({"details": details} if details else {})}}


class Tape:
    """What was heard, in order; each exchange begins a second after the one before unless `at` says when."""

    def __init__(self, *notes: Note, **facts: Any) -> None:
        given = {"base_url": BASE, "revision": "2026-01-27", "api_target": True, "upload_form": "multipart"}
        self.facts = Facts(**{**given, **facts})
        self.notes = notes
        self.exchanges: list[Exchange] = []
        self.dialect: list[Departure] = []

    @property
    def evidence(self) -> Evidence:
        """All of it, frozen."""
        told = {"recordings": recordings.load(), "dialect": tuple(self.dialect)}
        plain = tuple(x for x in self.exchanges if x.label.layer is Layer.JOURNEY)
        further = tuple(x for x in self.exchanges if x.label.layer is not Layer.JOURNEY)
        return Evidence(plain, self.facts, self.notes, further=further, **told)

    def went_along(self, dimension: Dimension, member: str = "", *, expected: Any = None, actual: Any = None) -> None:
        """A departure from the text that the run went along with, shown by the last exchange so far."""
        told = f"It departs in {dimension}."
        last = self.exchanges[-1].number if self.exchanges else None
        self.dialect.append(Departure(dimension, told, member, expected, actual, last))

    def heard(
        self,
        operation: Operation,
        status: int,
        document: Any = None,
        *,
        session: str | None = None,
        probe: str | None = None,
        credential: Credential = "right",
        asked: Any = None,
        method: str | None = None,
        url: str | None = None,
        sends: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        file: str | None = None,
        fixture: str | None = None,
        graded: bool = True,
        journey: str | None = None,
        at: float | None = None,
        elapsed: float = 0.01,
        noted: Mapping[str, Any] | None = None,
        handshake: Handshake | None = None,
        socket: Socket | None = None,
        layer: Layer = Layer.JOURNEY,
        states: tuple[str, ...] = (),
    ) -> Exchange:
        """One exchange; status 0: no answer. `sends`, `asked`: the request's; `headers`, `document`: the answer's."""
        number = len(self.exchanges) + 1
        body = json.dumps(asked).encode() if asked is not None else b""
        path = url or BASE + PATHS[operation].format(id=session_id(session or "nobody"))
        request = Request(method or METHODS.get(operation, "GET"), path, tuple((sends or {}).items()), body, len(body))
        told = raw if raw is not None else b"" if document is None else json.dumps(document).encode()
        named = {"Content-Type": "application/json"} | dict(headers or {})
        answer = Response(status, tuple(named.items()), told) if status else None
        label = Label(
            operation,
            journey or "by hand",
            session,
            probe,
            credential,
            file,
            fixture,
            graded=graded,
            layer=layer,
            states=states,
        )
        sent = BEGAN + timedelta(seconds=number if at is None else at)
        done = sent + timedelta(seconds=elapsed)
        trouble = None if answer else "no answer"
        notes = dict(noted or {})
        known = (sent, done, elapsed, trouble, notes, handshake, socket)
        self.exchanges.append(Exchange(number, label, request, answer, *known))
        return self.exchanges[-1]

    def discovered(self, document: Mapping[str, Any] | None = None, **changes: Any) -> Exchange:
        """The discovery document: DISCOVERY with changes, or another one."""
        return self.heard("discovery", 200, document if document is not None else discovery_with(**changes))

    def listed(self, *ids: str, probe: str | None = None) -> Exchange:
        """The list of templates."""
        entries = [{"id": name, "name": name.title(), "description": f"A {name}."} for name in ids]
        return self.heard("templates", 200, {"templates": entries}, probe=probe)

    def created(self, session: str, *, probe: str | None = None, **asked: Any) -> Exchange:
        """A create that is taken."""
        body = {"templates": ["soap"], "model": "lite", "upload_type": "chunked"} | asked
        told = self.shown(session, "created") | {"upload_url": f"{BASE}/sessions/{session_id(session)}/audio"}
        return self.heard("create", 201, told, session=session, probe=probe, asked=body)

    def uploaded(self, session: str, *names: str, fixture: str = "short") -> None:
        """Uploads that are acknowledged."""
        for name in names:
            self.heard("upload", 200, {}, session=session, file=name, fixture=fixture)

    def ended(self, session: str, *names: str) -> Exchange:
        """An end that is taken, with the files it lists."""
        told = {"session_id": session_id(session), "status": "processing", "message": "Working.", **counted(names)}
        return self.heard("end", 202, told, session=session)

    def read(self, session: str, status: str, *names: str, **members: Any) -> Exchange:
        """A read that shows a state, with the HTTP status that state goes with."""
        code = {"completed": 200, "failed": 200, "partial": 206, "expired": 410}.get(status, 202)
        return self.heard("get", code, self.shown(session, status) | counted(names) | members, session=session)

    def consulted(self, session: str, *names: str, status: str = "completed", **members: Any) -> Exchange:
        """A whole consultation; `members` stand in its final read. Asks for the templates it returns."""
        results = members.get("templates", {"soap": success()})
        self.created(session, templates=list(results))
        self.uploaded(session, *(names or ("audio_0.wav",)))
        self.ended(session, *(names or ("audio_0.wav",)))
        told = {"transcript": "Good morning.", "templates": results, "additional_data": {}} | members
        return self.read(session, status, *(names or ("audio_0.wav",)), **told)

    def shown(self, session: str, status: str) -> dict[str, Any]:
        """The members every session document has."""
        return {
            "session_id": session_id(session),
            "status": status,
            "created_at": "2026-02-03T09:30:00Z",
            "expires_at": "2026-02-03T10:00:00Z",
        }


def counted(names: Sequence[str]) -> dict[str, Any]:
    """How a session document lists its files."""
    return {"audio_files_received": len(names), "audio_files": list(names)}


def success(data: Any = None) -> dict[str, Any]:
    """The entry of a template that was made."""
    return {"status": "success", "data": data if data is not None else {"said": "good morning"}}


def failure(code: str) -> dict[str, Any]:
    """The entry of a template that was not made."""
    return {"status": "failed", "error": {"code": code, "message": "It cannot be made."}}


def findings(requirement: str, tape: Tape) -> list[Finding]:
    """What all checks of a requirement find on the tape."""
    return [finding for check in all_checks()[requirement] for finding in check.judge(tape.evidence)]


def reasons(requirement: str, tape: Tape) -> str:
    """Why it is not simply right: what the findings say that are not `holds`, with erratum and reason code."""
    found = [finding for finding in findings(requirement, tape) if finding.kind is not Kind.HOLDS]
    return "\n".join(f"{each.message} {each.erratum or ''} {each.reason or ''}" for each in found)


def verdict(requirement: str, tape: Tape, reading: Reading = "lenient", level: Level = "MUST") -> Verdict:
    """The verdict a requirement of this level gets from the tape."""
    return judge(findings(requirement, tape), level, reading)


def verdicts(requirement: str, tape: Tape, level: Level = "MUST") -> tuple[str, str]:
    """The verdicts of both readings: (lenient, strict)."""
    return verdict(requirement, tape, "lenient", level).value, verdict(requirement, tape, "strict", level).value
