"""A production server of the field, everything at once.

- Everything lives below `/voice/v1`, discovery too; the origin has nothing but 404.
- It takes Bearer tokens only, though discovery lists `api_key` and `oidc`. No token or a bad one: 403
  `{"detail": "missing_token"}`. An expired one: 401. A token lives `token_seconds`; `POST {root}/_peer/token` or
  `mint()` makes a new one.
- `GET /templates` is always 500. `templates_url` in discovery answers `{"items": [{"id", "title"}]}`. Ids that are
  not in it are refused with 400, `soap` among them.
- A create needs `language_hint`.
- Audio goes raw to `{upload_url}/{base}_{n}.{ext}` and nowhere else. A form sent there is taken as if it were audio.
- A GET is held up to `hold_seconds` while the session is being processed.
- The status before end is `initialized`; templates are an array of one-key objects with words of their own; files are
  listed under shorter names; `_protocol` joins `additional_data`.
- Errors have codes of their own; an upload after end is 400 `session_ended`.
- Webhooks are declared, and their URL is 404. Sessions never expire and there is no clock.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from .exchange import Answer, Call, Refusal
from .honest import Honest

if TYPE_CHECKING:
    from .admission import Admission
    from .session import Session

TOKEN_PATH = "/_peer/token"
_WORDS = {"success": "success", "failed": "failure"}


class Production(Honest):
    """What one company serves today."""

    root: ClassVar[str] = "/voice/v1"
    base: ClassVar[str] = ""
    has_clock = False
    #: The field's tokens live 15 to 30 minutes; a short life shows what renewing them takes.
    token_seconds = 20.0
    hold_seconds = 14.0
    processing_seconds = 0.4
    upload_methods: tuple[str, ...] | None = ("chunked",)
    limits: ClassVar[dict[str, int]] = {"pro": 3600, "lite": 600}
    templates: tuple[str, ...] = ("visit-summary", "drug-list", "follow-up")
    late_upload = 400

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._secret = secrets.token_bytes(32)

    # Tokens

    def mint(self, client: str = "one", seconds: float | None = None) -> str:
        """A token of the client that lives `token_seconds` from now, or as long as told."""
        lives = self.token_seconds if seconds is None else seconds
        claims = {"sub": client, "exp": time.time() + lives, "jti": secrets.token_hex(4)}
        signed = f"{_base64({'alg': 'HS256', 'typ': 'JWT'})}.{_base64(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def key(self, client: str = "one") -> str:
        # The second client only looks on: nobody renews its token, so that it lives as long as a run.
        return self.mint(client, None if client == "one" else 3600.0)

    def _signature(self, signed: str) -> str:
        return _text(hmac.new(self._secret, signed.encode(), hashlib.sha256).digest())

    def admitted(self, call: Call) -> str:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        signed, _, signature = token.rpartition(".")
        if scheme.lower() != "bearer" or not hmac.compare_digest(self._signature(signed), signature):
            raise Refusal(403, "detail", "missing_token")
        claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        if claims["exp"] < time.time():
            raise Refusal(401, "detail", "token_expired")
        self.version(call)
        return str(claims["sub"])

    # Errors

    def refused(self, refusal: Refusal) -> Answer:
        if refusal.code == "detail":
            return Answer(refusal.status, {"detail": refusal.message})
        own = {"session_not_found": "transaction_not_found", "unsupported_version": "unsupported_version"}
        code = own.get(refusal.code, refusal.code if refusal.code == "session_ended" else "BAD_REQUEST")
        error: dict[str, Any] = {"code": code, "message": refusal.message, "display_message": "Something went wrong."}
        if refusal.details is not None and code == "unsupported_version":
            error["details"] = refusal.details
        return Answer(refusal.status, {"status": "failed", "error": error})

    # What is offered

    def discovery(self) -> dict[str, Any]:
        shown = super().discovery()
        shown["authentication"] = {"supported_methods": ["api_key", "oidc"]}
        shown["endpoints"] |= {
            "templates_url": f"{self.base_url}/note-templates",
            "webhooks_url": f"{self.base_url}/webhooks",
            "authorization_endpoint": f"{self.base_url}/oauth/authorize",
            "token_endpoint": f"{self.base_url}/oauth/token",
        }
        shown["capabilities"]["webhook_delivery"] = True
        return shown

    async def operation(self, call: Call, path: str) -> Answer:
        if path == TOKEN_PATH:
            self.only(call, "POST")
            return Answer(200, {"access_token": self.mint(), "expires_in": self.token_seconds})
        if path == "/note-templates":
            self.admitted(call)
            return Answer(200, {"items": [{"id": name, "title": name.title()} for name in self.templates]})
        if path.startswith(("/webhooks", "/oauth")):
            raise Refusal(404, "detail", "Not Found")
        return await super().operation(call, path)

    async def route(self, call: Call) -> Answer:
        found = re.fullmatch(r"/voice/v1/sessions/([^/]+)/audio(?:/([^/]+))?", call.path)
        if found is not None:
            self.only(call, "POST")
            session = self.session(found.group(1), self.admitted(call))
            return self.upload_named(call, session, found.group(2) or "")
        try:
            return await super().route(call)
        except Refusal as refusal:
            if refusal.message == "nothing is here":
                raise Refusal(404, "detail", "Not Found") from refusal
            raise

    def list_templates(self) -> Answer:
        error = {"code": "SERVER_ERROR", "message": "'NoneType' is not iterable", "display_message": "Try again later."}
        return Answer(500, {"status": "failed", "error": error})

    def admission(self) -> Admission:
        return replace(super().admission(), needs_hint=True, known_templates=frozenset(self.templates))

    # Audio

    def upload_named(self, call: Call, session: Session, name: str) -> Answer:
        if session.ended is not None:
            raise Refusal(400, "session_ended", "the session has ended")
        if not re.fullmatch(r"[^/]+_\d+\.\w+", name):
            raise Refusal(400, "invalid_request", "a chunk is called {base}_{n}.{ext}")
        media_type = call.headers.get("content-type", "")
        if media_type.startswith("multipart/"):
            media_type = self.formats[0]
        self.take(session, name.rpartition("_")[2], media_type, call.body)
        return Answer(200, {"session_id": session.session_id, "success": True, "original_filename": name})

    # Sessions

    def state(self, session: Session) -> str:
        state = super().state(session)
        return ("recording" if session.files else "created") if state == "expired" else state

    def word(self, state: str, session: Session) -> str:
        return "initialized" if state in {"created", "recording"} else state

    async def show(self, call: Call, session: Session) -> Answer:
        until = time.monotonic() + self.hold_seconds
        while self.state(session) == "processing" and time.monotonic() < until:  # noqa: ASYNC110 - time ends it, no event
            await asyncio.sleep(0.02)
        return await super().show(call, session)

    def echoed(self, session: Session) -> Any:
        return {**(session.additional_data or {}), "_protocol": "medscribealliance"}

    def document(self, session: Session, state: str) -> dict[str, Any]:
        shown = super().document(session, state)
        if state == "processing":
            shown["templates"] = [{name: {"status": "in-progress"}} for name in session.templates]
        elif state == "failed":
            told = {"status": "failure", "data": None, "errors": [shown["error"]]}
            shown["templates"] = [{name: told} for name in session.templates]
        elif state in {"completed", "partial"}:
            shown["templates"] = [{name: self._told(entry, shown)} for name, entry in shown["templates"].items()]
        return shown

    def _told(self, entry: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
        """An entry in the words of this server: with audio lost, what is there is a part of a success."""
        status = "partial_success" if shown.get("processing_errors") else _WORDS[entry["status"]]
        return {"status": status, "data": entry["data"], "errors": []}


def _base64(document: dict[str, Any]) -> str:
    return _text(json.dumps(document).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
