"""A server whose end needs a JSON body: no body is 500, `{}` is 400, `{"audio_files_sent": n}` is 202."""

from __future__ import annotations

from .exchange import Answer, Call, Refusal
from .honest import Honest


class CountingEnd(Honest):
    """End reads its body before it looks for the session."""

    async def operation(self, call: Call, path: str) -> Answer:
        if call.method == "POST" and path.endswith("/end"):
            self.admitted(call)
            self._counted(call)
        return await super().operation(call, path)

    def _counted(self, call: Call) -> None:
        if not call.body.strip():
            raise Refusal(500, "internal_error", "Expecting value: line 1 column 1 (char 0)")
        body = call.document()
        if not isinstance(body, dict) or "audio_files_sent" not in body:
            raise Refusal(400, "missing_required_field", "audio_files_sent is missing", {"field": "audio_files_sent"})
        count = body["audio_files_sent"]
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise Refusal(400, "invalid_request", "audio_files_sent is not a count")
