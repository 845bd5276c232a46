"""A server of the newest revision: an end says how many files were sent, and discovery has what its schema wants."""

from __future__ import annotations

from typing import Any

from .exchange import Answer, Call, Refusal
from .honest import Honest
from .session import Processing, Result, Session


class Newest(Honest):
    """A server that keeps every rule of the text of 2026-01-29."""

    #: What a defective one does otherwise.
    takes_any_count = False
    refuses_counts = False
    names_service = True
    short_list = False
    partial_on_mismatch = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.counted: dict[str, int] = {}

    def discovery(self) -> dict[str, Any]:
        found = super().discovery()
        found["capabilities"] |= {"webhook_delivery": False, "client_sdk_delivery": False}
        found["languages"] = {"supported": ["en"], "auto_detection": True}
        found["endpoints"]["templates_url"] = f"{self.base_url}/{'notes' if self.short_list else 'templates'}"
        if not self.names_service:
            del found["service"]["name"]
        return found

    async def operation(self, call: Call, path: str) -> Answer:
        if path == f"{self.base}/notes":
            self.admitted(call)
            return Answer(200, {"templates": self.list_templates().document["templates"][:1]})
        return await super().operation(call, path)

    def end(self, call: Call, session: Session) -> Answer:
        if session.ended is None and self.state(session) != "expired":
            self.counted[session.session_id] = self.count(call)
        return super().end(call, session)

    def count(self, call: Call) -> int:
        """How many files a client says it sent."""
        body = call.document() if call.body.strip() else {}
        if not isinstance(body, dict) or "audio_files_sent" not in body:
            raise Refusal(400, "missing_required_field", "audio_files_sent is missing", {"field": "audio_files_sent"})
        count = body["audio_files_sent"]
        if self.takes_any_count:
            return count if isinstance(count, int) else 0
        if isinstance(count, bool) or not isinstance(count, int) or count < 0 or self.refuses_counts:
            raise Refusal(400, "invalid_request", "audio_files_sent is not a whole number from 0")
        return count

    def result(self, session: Session) -> Result:
        found: Result = super().result(session)
        other = self.counted.get(session.session_id, len(session.files)) != len(session.files)
        if found.status == "completed" and other and self.partial_on_mismatch:
            return Result("partial", found.transcript, found.templates, found.processed, [], language=found.language)
        return found

    def processing(self) -> Processing:
        return Processing(frozenset(self.templates))
