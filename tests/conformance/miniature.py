"""A small honest scribe server that is not the project's mock: other ids, other paths, other words, its own code.

It recognises recordings by their sha256 (`texts`), so it needs no speech model. `twist` and the methods are the places
to make it misbehave; `seen` is every request it got.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

Scope = dict[str, Any]
KEY = "sk_test_miniature"
OTHER_KEY = "sk_test_neighbour"
HOST = "https://scribe.mini.test"
STORAGE = "https://bucket.store.test"
STATUS = {"created": 202, "recording": 202, "processing": 202, "completed": 200, "failed": 200, "partial": 206}
LIMITS = {"lite": 1800, "pro": 3600}


@dataclass
class Answer:
    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass
class Asked:
    method: str
    url: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Session:
    id: str
    owner: str
    asked: dict[str, Any]
    created: datetime
    files: dict[str, bytes] = field(default_factory=dict)
    ended: float | None = None
    completed: datetime | None = None

    @property
    def expires(self) -> datetime:
        return self.created + timedelta(seconds=LIMITS[self.asked.get("model", "lite")])


def refusal(status: int, code: str, message: str, **details: Any) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message, "details": details}})


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Miniature:
    """An ASGI application; `dialects` are the forms of upload it takes, `storage` moves uploads to another host."""

    def __init__(
        self,
        texts: Mapping[str, str],
        *,
        processing: float = 0.3,
        dialects: tuple[str, ...] = ("multipart",),
        spellings: tuple[str, ...] = ("X-API-Key", "Authorization"),
        storage: bool = False,
        host: str = HOST,
        root: str = "/scribe/api",
        delay: float = 0.0,
        twist: Callable[[str, Asked, Answer], Answer] | None = None,
    ) -> None:
        self.texts = texts
        self.processing = processing
        self.dialects = dialects
        self.spellings = spellings
        self.storage = storage
        self.host = host
        self.root = root
        self.delay = delay
        self.twist = twist or (lambda _operation, _asked, answer: answer)
        self.sessions: dict[str, Session] = {}
        self.seen: list[Asked] = []
        self.moved = timedelta()
        self.templates_offered = ["soap", "medications", "transcript"]

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        url = f"{scope['scheme']}://{host}{scope['raw_path'].decode()}?{scope['query_string'].decode()}".rstrip("?")
        asked = Asked(scope["method"], url, scope["path"], headers, body)
        self.seen.append(asked)
        await asyncio.sleep(self.delay)
        operation, answer = self.route(asked)
        answer = self.twist(operation, asked, answer)
        data = answer.raw if answer.raw is not None else json.dumps(answer.document).encode()
        told = {"content-type": "application/json", "date": _http_date(self.now())} | answer.headers
        pairs = [(name.encode(), value.encode()) for name, value in told.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
        await send({"type": "http.response.body", "body": data})

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved

    def route(self, asked: Asked) -> tuple[str, Answer]:
        if asked.url.startswith(STORAGE):
            return "storage", self.store(asked)
        if asked.path == "/.well-known/medscribealliance":
            return "discovery", Answer(200, self.discovery(), {"cache-control": "public, max-age=3600"})
        if not asked.path.startswith(self.root + "/"):
            return "other", refusal(404, "invalid_request", "Nothing lives here.")
        owner = self.owner(asked.headers)
        if owner is None:
            return "refused", refusal(401, "authentication_failed", "Who are you?")
        version = asked.headers.get("msa-version", "0.1")
        if version != "0.1":
            told = {"requested_version": version, "supported_versions": ["0.1"]}
            return "refused", refusal(400, "unsupported_version", "Only 0.1 is spoken.", **told)
        return self.operate(asked, owner, asked.path[len(self.root) + 1 :].split("/"))

    def operate(self, asked: Asked, owner: str, parts: list[str]) -> tuple[str, Answer]:
        operation, answer = "other", refusal(404, "invalid_request", "Nothing lives here.")
        match (asked.method, *parts):
            case ("GET", "templates"):
                operation, answer = "templates", Answer(200, {"templates": self.templates()})
            case (_, "tick"):
                operation, answer = "clock", self.tick(asked)
            case ("POST", "sessions"):
                operation, answer = "create", self.create(asked, owner)
            case ("GET", "sessions", named):
                operation, answer = "get", self.with_session(named, owner, self.read)
            case ("POST", "sessions", named, "end"):
                operation, answer = "end", self.with_session(named, owner, self.end)
            case ("POST" | "PUT", "sessions", named, "inbox", *file):
                operation = "upload"
                answer = self.with_session(named, owner, lambda session: self.upload(session, asked, file))
        return operation, answer

    def owner(self, headers: Mapping[str, str]) -> str | None:
        given = []
        if "X-API-Key" in self.spellings:
            given.append(headers.get("x-api-key", ""))
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        if ("Authorization" in self.spellings and scheme == "X-API-Key") or (
            "Bearer" in self.spellings and scheme == "Bearer"
        ):
            given.append(rest)
        return next((key for key in given if key in (KEY, OTHER_KEY)), None)

    def discovery(self) -> dict[str, Any]:
        models = [
            {"id": name, "display_name": name.title(), "languages": ["en"], "max_session_duration_seconds": limit}
            for name, limit in LIMITS.items()
        ]
        return {
            "protocol": "medscribealliance",
            "protocol_version": "0.1",
            "supported_versions": ["0.1"],
            "service": {"name": "Miniature"},
            "endpoints": {"base_url": self.host + self.root},
            "authentication": {"supported_methods": ["api_key"]},
            "capabilities": {
                "audio_formats": ["audio/wav"],
                "max_chunk_duration_seconds": 20,
                "upload_methods": ["chunked", "single"],
            },
            "models": models,
            "languages": {"supported": ["en"], "auto_detection": True},
        }

    def templates(self) -> list[dict[str, str]]:
        return [{"id": name, "name": name.title(), "description": f"A {name}."} for name in self.templates_offered]

    def tick(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            self.moved += timedelta(seconds=json.loads(asked.body)["advance_seconds"])
        return Answer(200, {"now": stamp(self.now())})

    def create(self, asked: Asked, owner: str) -> Answer:
        try:
            wanted = loads(asked.body)
        except ValueError:
            return refusal(400, "invalid_request", "That is not JSON.")
        if not isinstance(wanted, dict) or "templates" not in wanted:
            return refusal(400, "missing_required_field", "templates is missing.", field="templates")
        if wrong := self.wrong_member(wanted):
            return refusal(400, "invalid_request", f"{wrong} cannot be so.", field=wrong)
        session = Session(f"ses_{secrets.token_hex(10)}", owner, wanted, self.now())
        self.sessions[session.id] = session
        upload = f"{self.host}{self.root}/sessions/{session.id}/inbox"
        if self.storage:
            upload = f"{STORAGE}/incoming/{session.id}?signature=s3cr%2Ft&expires=60"
        return Answer(201, {**self.head(session, "created"), "upload_url": upload})

    def wrong_member(self, wanted: dict[str, Any]) -> str | None:
        templates = wanted["templates"]
        rules = {
            "templates": isinstance(templates, list) and all(isinstance(name, str) for name in templates),
            "model": wanted.get("model", "lite") in LIMITS,
            "upload_type": wanted.get("upload_type", "chunked") in ("chunked", "single"),
            "communication_protocol": wanted.get("communication_protocol", "http") == "http",
            "additional_data": isinstance(wanted.get("additional_data", {}), dict),
            **{
                name: all(isinstance(code, str) and len(code) == 2 for code in _listed(wanted.get(name, [])))
                for name in ("language_hint", "transcript_language")
            },
        }
        return next((name for name, right in rules.items() if not right), None)

    def with_session(self, session_id: str, owner: str, then: Callable[[Session], Answer]) -> Answer:
        session = self.sessions.get(session_id)
        if session is None or session.owner != owner:
            return refusal(404, "session_not_found", "No such session.", session_id=session_id)
        return then(session)

    def state(self, session: Session) -> str:
        if session.ended is None:
            if self.now() >= session.expires:
                return "expired"
            return "recording" if session.files else "created"
        if monotonic() - session.ended < self.processing:
            return "processing"
        session.completed = session.completed or self.now()
        known = [self.text(data) for data in session.files.values()]
        unlisted = set(session.asked["templates"]) - set(self.templates_offered)
        if not any(known):
            return "failed"
        return "partial" if not all(known) or unlisted else "completed"

    def text(self, data: bytes) -> str:
        return self.texts.get(hashlib.sha256(data).hexdigest(), "")

    def upload(self, session: Session, asked: Asked, named: list[str]) -> Answer:
        if self.state(session) not in ("created", "recording"):
            late = self.state(session) == "expired"
            return refusal(410 if late else 409, "session_expired" if late else "invalid_request", "Too late.")
        found = _parcel(asked, named, self.dialects)
        if found is None:
            return refusal(400, "invalid_request", "Send the file another way.")
        session.files[found[0]] = found[1]
        return Answer(200, {"stored": found[0]})

    def store(self, asked: Asked) -> Answer:
        _, _, session_id, *name = asked.path.split("/")
        if asked.method != "PUT" or session_id not in self.sessions or "signature=s3cr%2Ft" not in asked.url:
            return Answer(403, raw=b"<Error/>", headers={"content-type": "application/xml"})
        self.sessions[session_id].files[name[0] if name else "recording"] = asked.body
        return Answer(200, raw=b"")

    def end(self, session: Session) -> Answer:
        if self.state(session) == "expired":
            return refusal(410, "session_expired", "Too late.", session_id=session.id)
        if self.state(session) not in ("created", "recording", "processing"):
            return refusal(409, "invalid_request", "It is over already.", session_id=session.id)
        session.ended = session.ended or monotonic()
        told = {"session_id": session.id, "status": "processing", "message": "Thank you, working on it."}
        return Answer(202, told | self.count(session))

    def read(self, session: Session) -> Answer:
        state = self.state(session)
        told = self.head(session, state) | self.count(session)
        told["additional_data"] = session.asked.get("additional_data", {})
        if state == "expired":
            told |= {"expired_at": told.pop("expires_at"), "message": "Nobody ended this session in time."}
            return Answer(410, told)
        if session.completed:
            self.results(session, told)
        return Answer(STATUS[state], told)

    def results(self, session: Session, told: dict[str, Any]) -> None:
        """Chunks in the order of the number that ends their name; templates made of what was said."""
        ordered = sorted(session.files, key=lambda name: int((re.findall(r"\d+", name) or ["0"])[-1]))
        spoken = "\n".join(filter(None, (self.text(session.files[name]) for name in ordered)))
        assert session.completed is not None
        told["completed_at"] = stamp(session.completed)
        if not spoken:
            told["error"] = {"code": "audio_too_short", "message": "Nothing was heard.", "details": {}}
            told |= {"model_used": session.asked.get("model", "lite"), "templates": {}}
            return
        told |= {"model_used": session.asked.get("model", "lite"), "language_detected": "en", "transcript": spoken}
        unknown = {"status": "failed", "error": {"code": "template_not_found", "message": "Never heard of it."}}
        said = {"status": "success", "data": {"said": spoken}}
        offered = self.templates_offered
        told["templates"] = {name: said if name in offered else unknown for name in session.asked["templates"]}
        skipped = [name for name in ordered if not self.text(session.files[name])]
        troubles = [
            {"type": "audio_file_skipped", "message": f"{name} is not speech.", "file": name} for name in skipped
        ]
        if told["status"] == "partial":
            told["processing_errors"] = troubles or [
                {"type": "template_not_found", "message": "A template is unknown."}
            ]

    def head(self, session: Session, state: str) -> dict[str, Any]:
        times = {"created_at": stamp(session.created), "expires_at": stamp(session.expires)}
        return {"session_id": session.id, "status": state, **times}

    def count(self, session: Session) -> dict[str, Any]:
        return {"audio_files_received": len(session.files), "audio_files": list(session.files)}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _http_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def _parcel(asked: Asked, named: list[str], dialects: tuple[str, ...]) -> tuple[str, bytes] | None:
    """Name and bytes of the one file, if it came in a form this server takes."""
    if named:
        return (named[0], asked.body) if f"named-{asked.method.lower()}" in dialects else None
    typed = asked.headers.get("content-type", "")
    if typed.startswith("multipart/form-data"):
        boundary = typed.partition("boundary=")[2].encode()
        head, _, rest = asked.body.partition(b"\r\n\r\n")
        found = re.search(rb'name="file"; filename="([^"]+)"', head)
        taken = "multipart" in dialects and asked.method == "POST" and found is not None
        return (found[1].decode(), rest.rpartition(b"\r\n--" + boundary)[0]) if taken and found else None
    found = re.search(rb'filename="([^"]+)"', asked.headers.get("content-disposition", "").encode())
    return (found[1].decode(), asked.body) if found and "raw" in dialects else None
