"""One honest server of the protocol; a peer is this server with one shape of its own.

What a peer changes is an attribute of its class or a method it overrides. Sessions live in memory; nothing outlives the
process.
"""

from __future__ import annotations

import re
import secrets
import string
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from .exchange import Answer, Call, Receive, Refusal, Send, attachment, parts, read, write
from .hearing import Heard, listen
from .offering import CLOCK_PATH, KEYS, Offering
from .session import Processing, Session, sequence, too_long


class Honest(Offering):
    """A server that keeps every rule of the text."""

    def __init__(self, **options: Any) -> None:
        for name, value in options.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no option {name}")
            setattr(self, name, value)
        self.sessions: dict[str, Session] = {}
        self.advanced = timedelta()
        self.origin = self.storage_origin = ""

    def opened(self, origin: str, storage_origin: str) -> None:
        """The addresses the peer is served at."""
        self.origin, self.storage_origin = origin, storage_origin

    # The way in and out

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            call = await read(scope, receive)
        except Refusal as refusal:
            await write(send, self.refused(refusal))
            return
        await self.write(send, await self.answered(call), call)

    async def answered(self, call: Call) -> Answer:
        """The answer to a call, refusals included."""
        try:
            return await self.route(call)
        except Refusal as refusal:
            return self.refused(refusal)

    async def write(self, send: Send, answer: Answer, call: Call) -> None:
        await write(send, answer)

    def refused(self, refusal: Refusal) -> Answer:
        """How a refusal is told: the envelope of 11.1."""
        error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
        if refusal.details is not None:
            error["details"] = refusal.details
        return Answer(refusal.status, {"error": error})

    async def route(self, call: Call) -> Answer:
        if not call.path.startswith(self.root + "/"):
            raise Refusal(404, "invalid_request", "nothing is here")
        path = call.path.removeprefix(self.root)
        if path == "/.well-known/medscribealliance":
            self.only(call, "GET")
            return Answer(200, self.discovery(), {"cache-control": "max-age=3600"})
        if path == "/changelog":
            self.only(call, "GET")
            return Answer(200, headers={"content-type": "text/plain"}, body=b"0.1: the first version\n")
        if path == CLOCK_PATH and self.has_clock:
            return self.clock(call)
        return await self.operation(call, path)

    async def operation(self, call: Call, path: str) -> Answer:
        """One operation of the API, told by its path."""
        if path == f"{self.base}/templates":
            self.only(call, "GET")
            self.admitted(call)
            return self.list_templates()
        if path == f"{self.base}/sessions":
            self.only(call, "POST")
            return self.create(call, self.admitted(call))
        found = re.fullmatch(rf"{self.base}/sessions/([^/]+)(/end|/audio)?", path)
        if found is None:
            raise Refusal(404, "invalid_request", "nothing is here")
        session_id, verb = found.groups()
        self.only(call, "GET" if verb is None else "POST")
        session = self.session(session_id, self.admitted(call))
        if verb == "/end":
            return self.end(call, session)
        return self.upload(call, session) if verb else await self.show(call, session)

    def only(self, call: Call, method: str) -> None:
        if call.method != method:
            raise Refusal(405, "invalid_request", f"{method} is what this address takes")

    # Who is asking

    def credential(self, call: Call) -> str | None:
        """The key of a call, whatever the spelling."""
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        return call.headers.get("x-api-key") or (key.strip() if scheme.lower() == "x-api-key" else None) or None

    def admitted(self, call: Call) -> str:
        """The client that a call belongs to."""
        key = self.credential(call)
        if key is None:
            raise Refusal(401, "authentication_failed", "a key is needed, in X-API-Key")
        if key not in KEYS:
            raise Refusal(401, "invalid_api_key", "the key is not known")
        self.version(call)
        return KEYS[key]

    def version(self, call: Call) -> None:
        asked = call.headers.get("msa-version")
        if asked is not None and asked not in self.versions:
            details = {"requested_version": asked, "supported_versions": list(self.versions)}
            raise Refusal(400, "unsupported_version", f"version {asked} is not supported", details)

    # Sessions

    def now(self) -> datetime:
        return datetime.now(UTC) + self.advanced

    def stamp(self, instant: datetime) -> str:
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")

    def clock(self, call: Call) -> Answer:
        """The clock that a tester reads and moves; it belongs to no protocol and asks for no key."""
        if call.method == "POST":
            self.advanced += timedelta(seconds=float(call.document()["advance_seconds"]))
        return Answer(200, {"now": self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")})

    def session(self, session_id: str, client: str) -> Session:
        found = self.sessions.get(session_id)
        if found is None or found.owner != client:
            raise Refusal(404, "session_not_found", "there is no such session", {"session_id": session_id})
        return found

    def new_id(self) -> str:
        return "ses_" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(20))

    def create(self, call: Call, client: str) -> Answer:
        wish = self.admission().admit(call.document())
        session_id, created = self.new_id(), self.now()
        session = Session(
            session_id=session_id,
            owner=client,
            token=secrets.token_hex(16),
            templates=wish.templates,
            model=wish.model,
            upload_type=wish.upload_type,
            additional_data=wish.additional_data,
            created_at=created,
            expires_at=created + timedelta(seconds=self.limits[wish.model]),
        )
        self.sessions[session_id] = session
        return Answer(201, self.created(session))

    def created(self, session: Session) -> dict[str, Any]:
        return {
            "session_id": session.session_id,
            "status": self.word("created", session),
            "created_at": self.stamp(session.created_at),
            "expires_at": self.stamp(session.expires_at),
            "upload_url": self.upload_url(session),
        }

    def upload_url(self, session: Session) -> Any:
        return f"{self.base_url}/sessions/{session.session_id}/audio"

    def state(self, session: Session) -> str:
        if session.ended is not None:
            return self.result(session).status if self.finished(session) else "processing"
        if self.now() >= session.expires_at:
            return "expired"
        return "recording" if session.files else "created"

    def word(self, state: str, session: Session) -> str:
        """The word a state is told with."""
        return state

    def finished(self, session: Session) -> bool:
        return session.ended is not None and time.monotonic() >= session.ended + self.processing_seconds

    def processing(self) -> Processing:
        return Processing(frozenset(self.templates))

    def result(self, session: Session) -> Any:
        return self.processing().run(session, self.read_order(session))

    def read_order(self, session: Session) -> list[str]:
        """The names of the files in the order they are transcribed."""
        return sorted(session.files, key=sequence)

    def listed(self, session: Session) -> list[str]:
        """The names of the files as answers list them."""
        return self.read_order(session)

    async def show(self, call: Call, session: Session) -> Answer:
        state = self.state(session)
        codes = {"partial": 206, "completed": 200, "failed": 200, "expired": 410}
        return Answer(codes.get(state, 202), self.document(session, state))

    def document(self, session: Session, state: str) -> dict[str, Any]:
        names = self.listed(session)
        shown: dict[str, Any] = {
            "session_id": session.session_id,
            "status": self.word(state, session),
            "created_at": self.stamp(session.created_at),
            "audio_files_received": len(names),
            "audio_files": names,
            "additional_data": self.echoed(session),
        }
        if state == "expired":
            shown["expired_at"] = self.stamp(session.expires_at)
            shown["message"] = "the session was not ended in time"
        elif state in {"completed", "partial", "failed"}:
            shown |= self.results(session, state)
        else:
            shown["expires_at"] = self.stamp(session.expires_at)
        return shown

    def echoed(self, session: Session) -> Any:
        return session.additional_data or {}

    def results(self, session: Session, state: str) -> dict[str, Any]:
        result = self.result(session)
        shown = {"completed_at": self.stamp(session.completed_at), "model_used": session.model}
        if state == "failed":
            return shown | {"error": result.error}
        shown |= {"language_detected": result.language, "templates": result.templates, "transcript": result.transcript}
        if state == "partial":
            shown |= {"audio_files_processed": result.processed, "processing_errors": result.errors}
        return shown

    def end(self, call: Call, session: Session) -> Answer:
        state = self.state(session)
        if state == "expired":
            raise Refusal(410, "session_expired", "the session was not ended in time")
        if session.ended is not None:
            raise Refusal(409, "invalid_request", "the session has been ended before")
        session.ended, session.ended_at = time.monotonic(), self.now()
        session.finished_after = self.processing_seconds
        return Answer(202, self.ended(session))

    def ended(self, session: Session) -> dict[str, Any]:
        names = self.listed(session)
        return {
            "session_id": session.session_id,
            "status": "processing",
            "message": "The session has ended and is being processed.",
            "audio_files_received": len(names),
            "audio_files": names,
        }

    # Audio

    def upload(self, call: Call, session: Session) -> Answer:
        self.open_for_audio(session)
        name, media_type, content = self.file(call)
        self.take(session, name, media_type, content)
        return Answer(200, {"session_id": session.session_id, "file": name, "status": "received"})

    def open_for_audio(self, session: Session) -> None:
        state = self.state(session)
        if state == "expired":
            raise Refusal(410, "session_expired", "the session was not ended in time")
        if session.ended is not None:
            raise Refusal(self.late_upload, "invalid_request", "the session has been ended")

    def file(self, call: Call) -> tuple[str, str, bytes]:
        """Name, media type and content of an upload, multipart or raw."""
        media_type = call.headers.get("content-type", "")
        if media_type.lower().startswith("multipart/form-data"):
            part = next((part for part in parts(call.body, media_type) if part.name == "file"), None)
            if part is None or not part.filename:
                raise Refusal(400, "missing_required_field", "the form has no part 'file' with a file name")
            return part.filename, part.media_type, part.content
        name = attachment(call.headers)
        if name is None:
            raise Refusal(400, "missing_required_field", "Content-Disposition has no filename")
        return name, media_type, call.body

    def take(self, session: Session, name: str, media_type: str, content: bytes) -> None:
        """One file into a session, or a refusal that leaves no trace."""
        if not re.fullmatch(r"[^/\\\x00-\x1f]{1,200}", name):
            raise Refusal(400, "invalid_request", "the file name is not a plain name")
        essences = {listed.partition(";")[0] for listed in self.formats}
        if media_type.partition(";")[0].strip().lower() not in essences:
            details = {"provided_format": media_type, "supported_formats": list(self.formats)}
            raise Refusal(400, "invalid_audio_format", f"{media_type!r} is not a listed format", details)
        heard = self.hear(content)
        if self.refuses_long_chunks and session.upload_type == "chunked" and too_long(heard, self.chunk_seconds):
            raise Refusal(400, "chunk_too_large", f"a chunk lasts {self.chunk_seconds} s at most")
        self.keep(session, name, heard)

    def keep(self, session: Session, name: str, heard: Heard) -> None:
        """A file that nothing speaks against becomes one of the session's."""
        if session.upload_type == "single" and session.files and name not in session.files:
            raise Refusal(409, "invalid_request", "a single upload takes one file")
        session.files[name] = heard
        session.stored.setdefault(name, time.monotonic())

    def hear(self, content: bytes) -> Heard:
        return listen(content)
