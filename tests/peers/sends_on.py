"""A server that takes no audio by itself: foreign storage does, at addresses that are signed for one file each.

The one file of a single session has such an address for its `upload_url`. Chunks are PUT to `upload_url` with their
names behind it, which is answered 307 with an address in storage. Storage lies on another origin and asks for no key.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .exchange import Answer, Call, Refusal
from .honest import Honest

if TYPE_CHECKING:
    from .session import Processing, Session


class SendsOn(Honest):
    """Uploads go to storage: at once, or by way of a redirect."""

    def upload_url(self, session: Session) -> Any:
        if session.upload_type == "single":
            return self.signed(session, "recording")
        return super().upload_url(session)

    def signed(self, session: Session, name: str) -> str:
        """The address of one file in storage."""
        return f"{self.storage_origin}/bucket/{session.token}/{name}?X-Amz-Signature={session.token}{len(name)}"

    def processing(self) -> Processing:
        # Storage knows nothing of chunks: how long one is shows in processing.
        return replace(super().processing(), limit=self.chunk_seconds)

    async def operation(self, call: Call, path: str) -> Answer:
        found = re.fullmatch(rf"{self.base}/sessions/([^/]+)/audio(?:/([^/]+))?", path)
        if found is None:
            return await super().operation(call, path)
        session = self.session(found[1], self.admitted(call))
        if self.state(session) not in {"created", "recording"}:
            raise Refusal(400, "invalid_request", "the session takes no more audio")
        if call.method != "PUT" or not found[2]:
            raise Refusal(400, "invalid_request", "PUT a file to this address with its name behind it")
        return Answer(307, headers={"location": self.signed(session, found[2])})

    async def route(self, call: Call) -> Answer:
        if call.origin == self.storage_origin:
            return self.stored(call)
        return await super().route(call)

    def stored(self, call: Call) -> Answer:
        """The answer of storage: XML for what it refuses."""
        found = re.fullmatch(r"/bucket/([^/]+)/([^/]+)", call.path)
        session = next((known for known in self.sessions.values() if found and known.token == found[1]), None)
        secrets = {"authorization", "x-api-key", "cookie"} & call.headers.keys()
        if (
            session is None
            or found is None
            or secrets
            or call.query != self.signed(session, found[2]).partition("?")[2]
        ):
            return Answer(
                403, headers={"content-type": "application/xml"}, body=b"<Error><Code>AccessDenied</Code></Error>"
            )
        if call.method != "PUT":
            return Answer(405, headers={"content-type": "application/xml"}, body=b"<Error/>")
        if self.state(session) in {"created", "recording"}:
            session.files[found[2]] = self.hear(call.body)
        return Answer(200)
