"""Whether the server is there, for whoever starts it: two operations without a key. Not in spec."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.api.answer import Answer, envelope

if TYPE_CHECKING:
    from mock_server.api.face import Call, Face

_FRESH = {"Cache-Control": "no-store"}
#: Loading tiny.en and hearing a second takes a few; asking more often tells nothing.
_RETRY_S = 1


async def live(_face: Face, _call: Call) -> Answer:
    """GET /health/live: the process answers."""
    return Answer(200, {"status": "live"}, _FRESH)


async def ready(face: Face, _call: Call) -> Answer:
    """GET /health/ready: the model really transcribed a second of audio, and there is room to store what comes."""
    because = face.service.shortage() if face.ready else face.unready_because
    body = {"status": "not_ready" if because else "ready", "engine": face.transcriber.engine}
    if not because:
        return Answer(200, body, _FRESH)
    refusal = envelope(problems.service_unavailable(because, _RETRY_S))
    return replace(refusal, body={**body, **refusal.body})
