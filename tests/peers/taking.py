"""How a conforming server takes audio, as the choices have it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from .exchange import Answer, Call, Refusal
from .honest import Honest

if TYPE_CHECKING:
    from .hearing import Heard
    from .session import Session


class Taking(Honest):
    """The uploads of a server whose choices are in `taken`."""

    taken: dict[str, Any]

    def upload_url(self, session: Session) -> Any:
        exact = f"{self.base_url}/sessions/{session.session_id}/audio"
        return {
            "exact": exact,
            "signed": f"{exact}?signature={session.token}",
            "capability": f"{self.base_url}/uploads/{session.token}",
            "capability_query": f"{self.base_url}/uploads?ticket={session.token}",
        }[self.taken["target"]]

    async def operation(self, call: Call, path: str) -> Answer:
        found = re.fullmatch(rf"{self.base}/(?:sessions/([^/]+)/audio|uploads(?:/([^/]+))?)(?:/([^/]+))?", path)
        if found is None:
            return await super().operation(call, path)
        self.only(call, "POST")
        session_id, token, name = found.groups()
        if name and not self.taken["named"]:
            raise Refusal(404, "invalid_request", "nothing is here")
        session = self._target(call, session_id, token)
        self.open_for_audio(session)
        if self.taken["named"] and not name:
            raise Refusal(400, "invalid_request", "the name of the file stands behind the upload URL")
        sent, media_type, content = self.file(call)
        self.take(session, name or sent, media_type, content)
        return self.acknowledged(session, name or sent)

    def _target(self, call: Call, session_id: str | None, token: str | None) -> Session:
        """The session an upload goes to, told by the id, or by what makes the URL a credential of its own."""
        query = parse_qs(call.query)
        token = token or (query.get("signature") or query.get("ticket") or [None])[0]
        if self.taken["target"] == "exact":
            return self.session(session_id or "", self.admitted(call))
        if token is None:
            self.admitted(call)
            raise Refusal(403, "forbidden", "the upload URL is not signed")
        if self.taken["capability_needs_key"]:
            return self.session(self._holder(token), self.admitted(call))
        return self.sessions[self._holder(token)]

    def _holder(self, token: str | None) -> str:
        found = next((known.session_id for known in self.sessions.values() if known.token == token), None)
        if found is None:
            raise Refusal(404, "session_not_found", "no session has this upload URL")
        return found

    def file(self, call: Call) -> tuple[str, str, bytes]:
        media_type = call.headers.get("content-type", "")
        form = "multipart" if media_type.lower().startswith("multipart/") else "raw"
        if self.taken["forms"] not in {"any", form}:
            raise Refusal(400, "invalid_request", f"an upload is sent {self.taken['forms']}")
        if form == "raw" and self.taken["named"]:
            return "", media_type, call.body
        return super().file(call)

    def open_for_audio(self, session: Session) -> None:
        if self.state(session) == "expired" and self.taken["expired_upload"] != 410:
            raise Refusal(self.taken["expired_upload"], "invalid_request", "the session was not ended in time")
        super().open_for_audio(session)

    def take(self, session: Session, name: str, media_type: str, content: bytes) -> None:
        taken = self.taken
        heard = self.hear(content)
        if name in session.files and taken["same_name"] == "refused":
            raise Refusal(409, "invalid_request", f"{name} has been received before")
        if taken["bad_audio"] == "refused" and not heard.decodable:
            raise Refusal(400, "invalid_audio_format", "the file cannot be decoded")
        if taken["unlisted_label"] == "content":
            media_type = self.formats[0]
        super().take(session, name, media_type, content)

    def keep(self, session: Session, name: str, heard: Heard) -> None:
        if session.upload_type == "single" and session.files and self.taken["second_single"] == "replaced":
            since = min(session.stored.values())
            session.files.clear()
            # The session has been seen recording, and stays so.
            session.stored = {name: since}
        super().keep(session, name, heard)

    def acknowledged(self, session: Session, name: str) -> Answer:
        status, body = self.taken["upload_status"], self.taken["upload_body"]
        if status == 204 or body is None:
            return Answer(status)
        shown = {"session_id": session.session_id, "status": "received", "file": name}
        if body == "duration":
            shown["duration_ms"] = round(session.files[name].seconds * 1000)
        return Answer(status, shown)
