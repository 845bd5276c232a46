"""Servers that take audio over a socket: by the wire of the field, where a stream is no file, and by one of its own."""

from __future__ import annotations

import base64
import io
import json
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .exchange import Receive, Refusal, Send
from .honest import Honest

if TYPE_CHECKING:
    from .admission import Admission
    from .exchange import Answer, Call
    from .session import Session

#: Under this name a session holds what was said; no answer tells it.
_SPOKEN = "spoken"
_NOBODY, _OVER = 4000, 4001


class Speaking(Honest):
    """Streams go over `…/v1/listen/<token>`; the server says nothing there."""

    upload_methods: tuple[str, ...] | None = ("chunked", "single", "stream")

    def admission(self) -> Admission:
        return replace(super().admission(), protocols=("http", "websocket", "rpc"))

    def create(self, call: Call, client: str) -> Answer:
        body = call.document()
        streamed = isinstance(body, dict) and body.get("upload_type") == "stream"
        if streamed and body.get("communication_protocol") != "websocket":
            raise Refusal(400, "invalid_request", "streams go over a websocket")
        return super().create(call, client)

    def upload_url(self, session: Session) -> Any:
        if session.upload_type != "stream":
            return super().upload_url(session)
        return f"ws{self.base_url.removeprefix('http')}/listen/{session.token}"

    def listed(self, session: Session) -> list[str]:
        return [name for name in super().listed(session) if name != _SPOKEN]

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await super().__call__(scope, receive, send)
        await receive()
        await send({"type": "websocket.accept"})
        token = scope["path"].rpartition("/")[2]
        session = next((each for each in self.sessions.values() if each.token == token), None)
        if session is None:
            return await send({"type": "websocket.close", "code": _NOBODY, "reason": "nobody has this address"})
        if self.state(session) not in {"created", "recording"}:
            return await send({"type": "websocket.close", "code": _OVER, "reason": "the session is over"})
        return await self.listen(session, receive, send)

    async def listen(self, session: Session, receive: Receive, send: Send) -> None:
        samples = bytearray()
        while (message := await receive())["type"] == "websocket.receive":
            if message.get("bytes") is not None:
                samples += message["bytes"]
                continue
            said = json.loads(message["text"])
            if said["event"] == "media":
                samples += base64.b64decode(said["media"]["payload"])
            elif said["event"] == "stop":
                self.heard(session, bytes(samples))
                return await send({"type": "websocket.close", "code": 1000})
        return self.heard(session, bytes(samples))

    def heard(self, session: Session, samples: bytes) -> None:
        written = io.BytesIO()
        with wave.open(written, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(samples)
        if samples:
            session.files[_SPOKEN] = self.hear(written.getvalue())


class OwnWire(Speaking):
    """The server greets whoever connects, and takes nothing but messages of its own kind."""

    async def listen(self, session: Session, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.send", "text": json.dumps({"type": "ready", "codec": "opus"})})
        while (await receive())["type"] == "websocket.receive":
            return await send({"type": "websocket.close", "code": 1003, "reason": "opus is wanted"})
        return None
