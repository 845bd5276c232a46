"""The hands of a shard whose sessions are heard by workers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mock_server.cluster import job
from mock_server.cluster.board import JobGivenUp
from mock_server.cluster.job import Job
from mock_server.session.model import TemplateResult
from mock_server.speech.model import SpeechInterrupted, SpeechOvertime, SpeechUnavailable
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from mock_server.cluster.board import Board
    from mock_server.metrics.meter import Hearing
    from mock_server.pipeline.hands import Filling, Listening
    from mock_server.speech.model import Transcription

#: Audio that is acknowledged and not in the bucket is put there by whoever has it; after so long it is heard without.
_LACKING_S: Final = 60.0


@dataclass(slots=True)
class _Known:
    """What has come of a session until what it comes to is kept."""

    ids: set[str] = field(default_factory=set)
    #: How many times a job failed: the next one is another.
    failed: int = 0
    lacking_since: float | None = None
    #: The transcript that templates were filled from, and these.
    filled: tuple[str, tuple[TemplateResult, ...]] | None = None


class RemoteHands:
    """Posts jobs for the sessions of a shard; another process that does so for the same session has their results."""

    def __init__(self, board: Board, below: str, engine: str, *, fills: bool = True) -> None:
        """`below` is the folder of the bucket with the shard's audio.

        With `fills` templates are filled together with the hearing, from what was heard: one job does for a session.
        """
        self._board = board
        self._below = below
        self._engine = engine
        self._queue = job.queue_of(engine)
        self._fills = fills
        self._known: dict[str, _Known] = {}

    @property
    def engine(self) -> str:
        """What hears, by name and model."""
        return self._engine

    async def hear(self, asked: Listening, took: Hearing) -> Transcription:
        """Have a worker hear it."""
        known = self._known.setdefault(asked.session_id, _Known())
        lenient = known.lacking_since is not None and time.monotonic() - known.lacking_since > _LACKING_S
        templates = asked.templates if self._fills else ()
        argument = job.listening_text(asked, templates, self._below, known.failed, lenient=lenient)
        try:
            found = job.heard(await self._done(known, Job(job.HEAR, self._queue, asked.namespace, argument)))
        except JobGivenUp as error:
            raise SpeechOvertime(str(error)) from error
        except Exception:
            known.failed += 1
            raise
        took.spent_s += found.took_s
        if found.transcription is None:
            known.failed += 1
            raise self._failure(known, found)
        if found.filled is not None:
            known.filled = (found.transcription.text, found.filled)
        return found.transcription

    def _failure(self, known: _Known, found: job.Heard) -> Exception:
        match found.failed:
            case job.OVERTIME:
                return SpeechOvertime(found.told)
            case job.UNAVAILABLE:
                return SpeechUnavailable(found.told)
            case job.LACKING:
                known.lacking_since = known.lacking_since or time.monotonic()
                return StorageError(found.told)
            case job.AWAY:
                return StorageError(found.told)
            case _:
                return SpeechInterrupted(found.told)

    async def fill(self, asked: Filling) -> tuple[TemplateResult, ...]:
        """What was filled with the hearing, where the transcript is what was heard; else a worker fills them now."""
        known = self._known.setdefault(asked.session_id, _Known())
        if known.filled is not None and known.filled[0] == asked.transcript:
            return known.filled[1]
        argument = job.filling_text(asked, known.failed)
        try:
            found = await self._done(known, Job(job.FILL, self._queue, asked.namespace, argument))
        except JobGivenUp:
            told = "The notes could not be extracted from the transcript."
            wanted = dict.fromkeys(asked.templates)
            return tuple(TemplateResult(name, "failed", None, "extraction_failed", told) for name in wanted)
        except Exception:
            known.failed += 1
            raise
        return job.results(json.loads(found))

    async def _done(self, known: _Known, posted: Job) -> str:
        known.ids.add(posted.id)
        return await self._board.do(posted)

    def kept(self, session_id: str) -> None:
        """Let go of what was heard of a session, and have the records of its jobs removed."""
        known = self._known.pop(session_id, None)
        if known is not None:
            self._board.forget(known.ids)
