"""The three steps of processing; each can be run again after a crash and comes to the same."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mock_server.pipeline.outcome import as_draft, as_results, fill, outcome
from mock_server.session.model import Failure
from mock_server.session.step import Journal, Processed, Refused, step
from mock_server.session.table import State
from mock_server.speech import Recording, SpeechUnavailable
from mock_server.storage import rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from mock_server.conduct import Conduct
    from mock_server.pipeline.ports import Draft, Extractor, Transcriber
    from mock_server.session.model import Session
    from mock_server.storage.audio import LocalAudio
    from mock_server.storage.database import Database

log = logging.getLogger("scribe.mock")

#: A speech worker that died is started anew; one that dies this often on the same audio is that audio's fault.
_SPEECH_TRIES = 3
_PAUSE_S = 0.5


class Process:
    """Transcribe, extract, finish, by session id; what each comes to is kept in the database, not in arguments."""

    #: Workflows a session may use up before it is given up as failed.
    most_attempts = 4

    def __init__(
        self,
        *,
        database: Database,
        audio: LocalAudio,
        transcriber: Transcriber,
        extractor: Extractor,
        conduct_of: Callable[[str], Conduct],
    ) -> None:
        self._database = database
        self._audio = audio
        self._transcriber = transcriber
        self._extractor = extractor
        self._conduct_of = conduct_of
        self.now_of: Callable[[str], datetime]

    async def _unfinished(self, session_id: str) -> Session | None:
        session = await self._database.read(lambda c: rows.load(c, session_id))
        return session if session is not None and session.state is State.PROCESSING else None

    async def _keep(self, session: Session, kind: str, document: Draft, detail: dict[str, object]) -> None:
        def store(connection: Connection) -> None:
            if rows.load(connection, session.id) is None:
                return  # reset has taken the session away meanwhile
            rows.put_draft(connection, session.id, kind, document)
            rows.note(connection, session, self.now_of(session.namespace), kind, detail)

        await self._database.write(store)

    async def transcribe(self, session_id: str) -> None:
        """Turn the session's audio into words, in the order of the chunks' numbers."""
        session = await self._unfinished(session_id)
        if session is None:
            return
        conduct = self._conduct_of(session.namespace)
        recordings = [Recording(f.name, self._audio.path(f.key), f.sha256, f.sequence) for f in session.files]
        hint = session.order.language_hint[0] if session.order.language_hint else None
        try:
            draft = as_draft(await self._heard(conduct.recordings(recordings), hint))
        except Exception:
            log.exception("transcription of %s failed", session_id)
            draft = _broken(self._transcriber.engine)
        detail: dict[str, object] = {"engine": draft["engine"], "files": len(draft["used"])}
        await self._keep(session, "transcribed", conduct.transcription(draft), detail)

    async def _heard(self, recordings: list[Recording], hint: str | None):  # type: ignore[no-untyped-def]  # noqa: ANN202
        for left in reversed(range(_SPEECH_TRIES)):
            try:
                return await self._transcriber.transcribe(recordings, language_hint=hint)
            except SpeechUnavailable:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE_S)
        raise AssertionError("unreachable")

    async def extract(self, session_id: str) -> None:
        """Fill every template that was asked for, off the event loop."""
        session = await self._unfinished(session_id)
        transcription = await self._database.read(lambda c: rows.draft(c, session_id, "transcribed"))
        if session is None or transcription is None or transcription["failure"] is not None:
            return
        wanted = list(dict.fromkeys(session.order.templates))
        text: str = transcription["text"]

        def extracted() -> Draft:
            return as_results([fill(name, text, self._extractor) for name in wanted])

        document = self._conduct_of(session.namespace).extraction(await asyncio.to_thread(extracted))
        await self._keep(session, "extracted", document, {"templates": wanted})

    async def finish(self, session_id: str) -> None:
        """Bring the session to its end state, once."""
        await self._conclude(session_id, None)

    async def give_up(self, session_id: str) -> None:
        """End a session that no attempt could process."""
        told = "The session could not be processed."
        failure = Processed(engine=self._transcriber.engine, failure=Failure("internal_error", told))
        await self._conclude(session_id, failure)

    async def _conclude(self, session_id: str, given: Processed | None) -> None:
        def settle(connection: Connection) -> None:
            session = rows.load(connection, session_id)
            if session is None or session.state is not State.PROCESSING:
                return
            event = given
            if event is None:
                transcription = rows.draft(connection, session_id, "transcribed") or _broken(self._transcriber.engine)
                event = outcome(session, transcription, rows.draft(connection, session_id, "extracted"))
            now = self.now_of(session.namespace)
            try:
                after, effects = step(session, event, now)
            except Refused:
                return
            rows.save(connection, session, after)
            for effect in effects:
                if isinstance(effect, Journal):
                    rows.note(connection, after, now, effect.kind, effect.detail)

        await self._database.write(settle)


def _broken(engine: str) -> Draft:
    failure = {"code": "processing_failed", "message": "The audio could not be transcribed."}
    return {"engine": engine, "language": "", "text": "", "used": [], "issues": [], "failure": failure}
