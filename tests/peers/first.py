"""A server of the first revision of the protocol: six states, 200 for all of them, and numbered audio without names."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .exchange import Answer, Call, Refusal
from .honest import Honest
from .session import Session, sequence, too_long

if TYPE_CHECKING:
    from .admission import Wish
    from .hearing import Heard


class First(Honest):
    """A server that keeps every rule of the text of 2026-01-19."""

    #: What a defective one does otherwise.
    end_status = 200
    processing_status = 200
    passed = "metadata"
    upload_absolute = False
    transcript_unasked = False
    has_partial = False
    tells_errors = True
    expired_session = False
    chunk_durations = True
    takes_gaps = False
    takes_arrays = False
    response_speed = True

    def model(self, name: str) -> dict[str, Any]:
        speed = {"response_speed": "standard"} if self.response_speed else {}
        return super().model(name) | speed

    def create(self, call: Call, client: str) -> Answer:
        asked = call.document()
        wish = self.wished(asked)
        # What the later text would ask for with the same.
        plain = json.dumps({"templates": wish.templates, "model": wish.model}).encode()
        answer = super().create(replace(call, body=plain), client)
        session = self.sessions[answer.document["session_id"]]
        session.additional_data = wish.additional_data
        self.shows_transcript[session.session_id] = asked.get("include_transcript") is True
        return answer

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.shows_transcript: dict[str, bool] = {}

    def wished(self, body: Any) -> Wish:
        """What a body of section 6.2 asks for."""
        rules = self.admission()
        if not isinstance(body, dict):
            raise Refusal(400, "invalid_request", "the body is not a JSON object")
        hint, asked = body.get("language_hint"), body.get("include_transcript")
        if hint is not None and not (isinstance(hint, str) or self.takes_arrays):
            raise Refusal(400, "invalid_request", "language_hint is not a string")
        if asked is not None and not isinstance(asked, bool):
            raise Refusal(400, "invalid_request", "include_transcript is not true or false")
        data = body.get(self.passed)
        known = {name: body[name] for name in ("templates", "model", "language_hint") if name in body}
        return rules.admit(known | ({"additional_data": data} if data is not None else {}))

    def upload_url(self, session: Session) -> Any:
        root = self.base_url if self.upload_absolute else ""
        return f"{root}/sessions/{session.session_id}/audio"

    async def show(self, call: Call, session: Session) -> Answer:
        state = self.state(session)
        if state == "expired" and not self.expired_session:
            details = {"session_id": session.session_id, "expired_at": self.stamp(session.expires_at)}
            raise Refusal(410, "session_expired", "the session was not ended in time", details)
        status = {"expired": 410, "processing": self.processing_status}.get(state, 200)
        return Answer(status, self.document(session, state))

    def state(self, session: Session) -> str:
        state = super().state(session)
        return "completed" if state == "partial" and not self.has_partial else state

    def document(self, session: Session, state: str) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "session_id": session.session_id,
            "status": state,
            "created_at": self.stamp(session.created_at),
            "audio_duration_ms": duration(session),
        }
        if session.additional_data is not None:
            shown[self.passed] = session.additional_data
        if state in {"completed", "partial", "failed"}:
            return shown | self.results(session, state)
        return shown | {"expires_at": self.stamp(session.expires_at)}

    def results(self, session: Session, state: str) -> dict[str, Any]:
        result = self.result(session)
        shown: dict[str, Any] = {"completed_at": self.stamp(session.completed_at), "model_used": session.model}
        if state == "failed":
            return shown | {"error": result.error}
        good = {name: entry["data"] for name, entry in result.templates.items() if entry["status"] == "success"}
        lost = [
            {"template_id": name, "error": entry["error"]["code"], "message": entry["error"]["message"]}
            for name, entry in result.templates.items()
            if entry["status"] == "failed"
        ]
        shown |= {"language_detected": result.language, "templates": good}
        if self.tells_errors:
            shown["template_errors"] = lost
        if self.shows_transcript[session.session_id] or self.transcript_unasked:
            shown["transcript"] = result.transcript
        return shown

    def end(self, call: Call, session: Session) -> Answer:
        return Answer(self.end_status, super().end(call, session).document)

    def ended(self, session: Session) -> dict[str, Any]:
        return {
            "session_id": session.session_id,
            "status": "processing",
            "message": "The session is over.",
            "audio_duration_ms": duration(session),
        }

    # Audio

    late_upload = 400

    def upload(self, call: Call, session: Session) -> Answer:
        self.open_for_audio(session)
        heard = self.heard(call)
        told = {"session_id": session.session_id, "status": "received"}
        if call.headers.get("x-upload-type") is not None:
            if call.headers["x-upload-type"] != "complete":
                raise Refusal(400, "invalid_request", "X-Upload-Type is complete, or not there")
            if session.files:
                raise Refusal(400, "invalid_request", "a complete upload is the only one of its session")
            self.stored(session, 0, heard)
            return Answer(200, told | {"duration_ms": _milliseconds(heard)})
        index = self.index(call, session)
        if self.refuses_long_chunks and too_long(heard, self.chunk_seconds):
            raise Refusal(400, "chunk_too_large", f"a chunk lasts {self.chunk_seconds} s at most")
        self.stored(session, index, heard)
        durations = {"chunk_duration_ms": _milliseconds(heard), "total_duration_ms": duration(session)}
        return Answer(200, told | {"chunk_index": index} | (durations if self.chunk_durations else {}))

    def heard(self, call: Call) -> Heard:
        """The audio of a raw body of a listed type."""
        media_type = call.headers.get("content-type", "")
        essences = {listed.partition(";")[0] for listed in self.formats}
        if media_type.partition(";")[0].strip().lower() not in essences:
            details = {"provided_format": media_type, "supported_formats": list(self.formats)}
            raise Refusal(400, "invalid_audio_format", f"{media_type!r} is not a listed format", details)
        return self.hear(call.body)

    def index(self, call: Call, session: Session) -> int:
        """The number of a chunk: the next one, or one that is sent again."""
        told = call.headers.get("x-chunk-index", "")
        if not told.isdecimal() or len(told) > 9:
            raise Refusal(400, "missing_required_field", "X-Chunk-Index is missing", {"field": "X-Chunk-Index"})
        index, expected = int(told), len(session.files)
        if index > expected and not self.takes_gaps:
            details = {"received_index": index, "expected_index": expected}
            raise Refusal(400, "invalid_request", f"chunk {index} came, {expected} was expected", details)
        return index

    def stored(self, session: Session, index: int, heard: Heard) -> None:
        session.files[f"chunk_{index}"] = heard
        session.stored.setdefault(f"chunk_{index}", time.monotonic())

    def read_order(self, session: Session) -> list[str]:
        return sorted(session.files, key=sequence)


def _milliseconds(heard: Heard) -> int:
    return round(heard.seconds * 1000)


def duration(session: Session) -> int:
    """How much audio a session has, in milliseconds."""
    return sum(_milliseconds(heard) for heard in session.files.values())
