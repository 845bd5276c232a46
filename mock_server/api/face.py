"""The one way a request takes: who asks, which version, the operation, the faults, the log, the bytes."""

from __future__ import annotations

import logging
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.answer import Answer, envelope, preflight, render
from mock_server.clock import stamp
from mock_server.faults import Asked, Faults
from mock_server.problems import Problem
from mock_server.settings import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from mock_server.auth import Keys
    from mock_server.service import Service
    from mock_server.settings import Settings
    from mock_server.speech.scripted import ScriptedTranscriber
    from mock_server.speech.whisper import WhisperTranscriber

log = logging.getLogger("scribe.mock")

_HOST = re.compile(r"[A-Za-z0-9.\-]+(?::\d{1,5})?\Z|\[[0-9A-Fa-f:]+\](?::\d{1,5})?\Z")
#: Exchanges a namespace can look back on; what they carried is not kept.
_REMEMBERED = 200


@dataclass
class Call:
    """One request on its way through."""

    request: Request
    operation: str
    namespace: str = ""
    session_id: str | None = None
    document: Any = None
    name: str | None = None


Handler = "Callable[[Face, Call], Awaitable[Answer]]"


@dataclass
class Face:
    """Everything the operations need; made once by create_app."""

    settings: Settings
    keys: Keys
    faults: Faults
    service: Service = field(init=False)
    transcriber: WhisperTranscriber | ScriptedTranscriber = field(init=False)
    ready: bool = False
    unready_because: str = "The model is being tried out."
    seen: dict[str, deque[dict[str, Any]]] = field(default_factory=dict)
    _latest: str = ""

    def root(self, request: Request) -> str:
        """Scheme and host the client used, so that every URL it is given is one it can reach."""
        if self.settings.base_url:
            return self.settings.base_url.rstrip("/")
        host = request.headers.get("host", "")
        if not _HOST.match(host):
            server = request.scope.get("server") or ("127.0.0.1", 80)
            host = f"{server[0]}:{server[1]}"
        return f"{request.url.scheme}://{host}"

    def base_url(self, request: Request) -> str:
        """The root of all operations (§4.3)."""
        return f"{self.root(request)}/v1"

    def upload_url(self, request: Request, session_id: str) -> str:
        """Where a session's audio goes."""
        return f"{self.base_url(request)}/sessions/{session_id}/audio"

    def remember(self, call: Call, answer: Answer) -> None:
        """Keep the outline of an exchange for the namespace's own eyes."""
        if not call.namespace or call.operation == "control":
            return
        found = self.seen.setdefault(call.namespace, deque(maxlen=_REMEMBERED))
        found.append(
            {
                "at": stamp(self.service.now_of(call.namespace)),
                "operation": call.operation,
                "method": call.request.method,
                "path": call.request.url.path[:500],
                "status": answer.status,
                "session_id": call.session_id,
            }
        )

    def _check_version(self, request: Request) -> None:
        asked = request.headers.get("msa-version")
        if asked is not None and asked.strip() not in VERSIONS:
            raise problems.unsupported_version(asked[:40], list(VERSIONS))

    async def serve(self, call: Call, handler: Callable[[Face, Call], Awaitable[Answer]], *, public: bool) -> Response:
        """Run one operation; whatever happens, the answer is one the protocol knows."""
        request = call.request
        if request.method == "OPTIONS":
            return preflight(request)
        call.session_id = request.path_params.get("session_id")
        call.name = request.path_params.get("name")
        try:
            if not public:
                self._authenticate(call)
                self._check_version(request)
            answer = await handler(self, call)
        except Problem as problem:
            answer = envelope(problem)
        except Exception:
            log.exception("%s %s broke", request.method, request.url.path)
            answer = envelope(problems.internal_error())
        asked = Asked(
            operation=call.operation,
            method=request.method,
            path=request.url.path,
            headers=request.headers,
            namespace=call.namespace,
            session_id=call.session_id,
            document=call.document,
            memory=self.faults.memory,
        )
        answer = self.faults.rewrite(asked, answer)
        self.remember(call, answer)
        return render(answer, request)

    def _authenticate(self, call: Call) -> None:
        try:
            call.namespace = self._latest = self.keys.namespace(call.request.headers)
        except Problem as problem:
            conduct = self.faults.conduct
            overlooked = problem.code == "invalid_api_key" and not conduct.refuses_unknown_keys
            if not overlooked and call.operation not in conduct.open_to_all:
                raise
            call.namespace = self._latest  # a fault that looks at no credential has to act for somebody
