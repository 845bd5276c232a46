"""A server whose `upload_url` is an object: a form that foreign storage has signed beforehand.

`{"uploadData": {"url", "fields"}, "folderPath"}`: a client posts every field of `fields`, then the file, to `url`,
without a credential, and storage answers 204. Storage lives on another origin, as foreign storage does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .exchange import Answer, Call, Refusal, parts
from .honest import Honest

if TYPE_CHECKING:
    from .session import Processing, Session


class ObjectUpload(Honest):
    """Uploads go through a signed form instead of to a URL."""

    def upload_url(self, session: Session) -> Any:
        folder = f"recordings/{session.token}"
        fields = {"key": f"{folder}/${{filename}}", "policy": "eyJleHBpcmF0aW9uIjoi", "x-amz-signature": session.token}
        return {"uploadData": {"url": f"{self.storage_origin}/bucket", "fields": fields}, "folderPath": folder}

    def processing(self) -> Processing:
        # Storage knows nothing of chunks: how long one is shows in processing.
        return replace(super().processing(), limit=self.chunk_seconds)

    async def route(self, call: Call) -> Answer:
        if call.origin == self.storage_origin:
            return self.stored(call)
        if call.path.endswith("/audio"):
            raise Refusal(404, "invalid_request", "nothing is here")
        return await super().route(call)

    def stored(self, call: Call) -> Answer:
        """The answer of storage: XML for what it refuses, 204 for what it keeps."""
        if call.method != "POST" or call.path != "/bucket":
            return _xml(405, "MethodNotAllowed")
        try:
            form = parts(call.body, call.headers.get("content-type", ""))
        except Refusal:
            return _xml(400, "MalformedPOSTRequest")
        if not form or form[-1].name != "file" or not form[-1].filename:
            # What stands behind the file is not read, as with real storage.
            return _xml(400, "InvalidArgument")
        fields = {part.name: part.content.decode("utf-8", "replace") for part in form[:-1]}
        token = fields.get("x-amz-signature")
        session = next((known for known in self.sessions.values() if known.token == token), None)
        folder, _, name = fields.get("key", "").replace("${filename}", form[-1].filename).rpartition("/")
        if session is None or folder != f"recordings/{token}" or "policy" not in fields:
            return _xml(403, "AccessDenied")
        if self.state(session) in {"created", "recording"}:
            session.files[name] = self.hear(form[-1].content)
        return Answer(204)


def _xml(status: int, code: str) -> Answer:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code></Error>'.encode()
    return Answer(status, headers={"content-type": "application/xml"}, body=body)
