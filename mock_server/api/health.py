"""Whether the server is there, for whoever starts it: two operations without a key. Not in spec."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.answer import Answer, envelope
from mock_server.pipeline.turns import Waiting
from mock_server.served import RESEARCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mock_server.api.face import Call, Face
    from mock_server.mirror.mirror import Mirror

_FRESH = {"Cache-Control": "no-store"}
#: Loading tiny.en and hearing a second takes a few; asking more often tells nothing.
_RETRY_S = 1


async def live(_face: Face, _call: Call) -> Answer:
    """GET /health/live: the process answers."""
    return Answer(200, {"status": "live"}, _FRESH)


async def ready(face: Face, _call: Call) -> Answer:
    """GET /health/ready: the model really transcribed a second of audio, and there is room to store what comes.

    `parts` tells of each part whether it is ready, and of one that is not what it lacks.
    """
    lacks = lacking(face)
    body = {
        "status": "not_ready" if lacks else "ready",
        "engine": face.transcriber.engine,
        "parts": {part: {**_standing(lacks.get(part)), **told} for part, told in _parts(face).items()}
        | redis_part(face.mirror),
    }
    if not lacks:
        return Answer(200, body, _FRESH)
    refusal = envelope(problems.service_unavailable(next(iter(lacks.values())), _RETRY_S))
    return replace(refusal, body={**body, **refusal.body})


def _standing(because: str | None) -> dict[str, Any]:
    return {"ready": because is None, **({} if because is None else {"because": because})}


def redis_part(mirror: Mirror | None) -> dict[str, dict[str, Any]]:
    """Whether Redis is there, where it is asked for; a server is ready without it."""
    return {} if mirror is None else {"redis": _standing(mirror.because)}


def mirrors(mirror: Mirror | None) -> bool | None:
    """Whether Redis is there; None where it is not asked for."""
    return None if mirror is None else mirror.because is None


def lacking(face: Face) -> dict[str, str]:
    """Part of the server -> what it lacks, the most telling first; empty where everything is ready.

    A full queue is none of it: reads and uploads go on, and whoever ends a session is told to come again.
    """
    servers = servers_of(face)
    found = {
        "server": "The server is stopping." if face.stopping else None,
        "engine": None if face.ready else face.unready_because,
        "storage": next((because for each in servers if (because := each.service.shortage())), None),
        "queue": None if all(map(_works, servers)) else "Nothing that is ended is worked on.",
        **(face.around.lacks() if face.around else {}),
    }
    return {part: because for part, because in found.items() if because is not None}


def servers_of(face: Face) -> Sequence[Face]:
    """The servers of a process, by its face: one, or those that it has of a cluster."""
    return face.around.servers() if face.around else (face,)


def waiting(queues: Iterable[Waiting]) -> Waiting:
    """How several queues stand together."""
    found = tuple(queues)
    return Waiting(
        sum(queue.number for queue in found),
        max((queue.oldest_s for queue in found), default=0.0),
        sum(queue.in_work for queue in found),
    )


def _works(face: Face) -> bool:
    return face.service.works and (RESEARCH not in face.settings.profiles or face.research.works)


def _parts(face: Face) -> dict[str, Mapping[str, Any]]:
    """Each part, with what there is to say of it in numbers."""
    queue = waiting(each.service.queue for each in servers_of(face))
    numbers = {"waiting": queue.number, "in_work": queue.in_work, "oldest_s": round(queue.oldest_s, 3)}
    return {"server": {}, "engine": {}, "storage": {}, "queue": numbers, **(face.around.told() if face.around else {})}
