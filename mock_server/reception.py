"""Audio of sessions: taken in, grown, brought to its last form, and listed in the session it belongs to."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.refusal import check_name, refusal
from mock_server.session.chunk import sequence_of
from mock_server.session.happening import Refused
from mock_server.session.model import AudioFile
from mock_server.session.step import AudioAccepted
from mock_server.session.table import Event
from mock_server.speech.model import SpeechInterrupted, SpeechOvertime, SpeechUnavailable
from mock_server.storage import StorageError, TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import TypeVar

    from mock_server.access import Access
    from mock_server.ids import Ids
    from mock_server.numbered import Numbered
    from mock_server.session.model import Session
    from mock_server.speech.length import Lengths
    from mock_server.storage import AudioStore, Made, Stored
    from mock_server.storage.unit import Unit

    T = TypeVar("T")

log = logging.getLogger("scribe.mock")

#: Pieces of a recording that one is measured behind, beside the first: as many as a block of audio may reach over.
_PIECES_BEFORE = 2


class Reception:
    """Takes what clients say; bytes are durable before a session lists them, and that before anybody is told."""

    def __init__(self, sessions: Access, audio: AudioStore, ids: Ids, lengths: Lengths | None) -> None:
        self._sessions = sessions
        self._audio = audio
        self._ids = ids
        self._lengths = lengths

    async def receive(
        self,
        namespace: str,
        session_id: str,
        *,
        name: str,
        content_type: str,
        body: AsyncIterator[bytes],
        declared_size: int | None = None,
        numbered: Numbered | None = None,
    ) -> tuple[Session, AudioFile]:
        """Keep one file for good and list it; refuses before it reads where the outcome is clear already.

        `numbered` is its place where the revision counts files and does not name them: such a file is measured.
        """
        check_name(name)
        session = await self._sessions.look(namespace, session_id)
        self._admit(session, name, declared_size or 0, numbered)

        def change(unit: Unit, stored: Stored, duration_ms: int | None) -> tuple[Session, AudioFile, list[str]]:
            session = self._sessions.own(unit, namespace, session_id)
            self._admit(session, name, stored.size, numbered)
            now = self._sessions.clocks.now(namespace)
            file = AudioFile(
                self._sessions.conduct(namespace).file_name(name),
                stored.key,
                stored.sha256,
                stored.size,
                content_type,
                now,
                sequence_of(name),
                duration_ms,
            )
            after = self._sessions.apply(unit, session, AudioAccepted(file))
            kept = {listed.key for listed in after.files}
            return after, file, [listed.key for listed in session.files if listed.key not in kept]

        try:
            async with self._audio.put(self._ids.audio(), body, self._sessions.limits.upload_bytes) as stored:
                after, file, replaced = await self._listed(stored, change, numbered, session)
        except TooLarge:
            raise problems.payload_too_large(self._sessions.limits.upload_bytes) from None
        except StorageError as error:
            raise self._sessions.unavailable(error) from error
        await self._audio.delete(replaced)
        return after, file

    async def growing(self, namespace: str, session_id: str, name: str) -> tuple[str, int] | None:
        """Key and size of a file that may grow, None for one that is to be made; refuses as `receive` does."""
        session = await self._sessions.look(namespace, session_id)
        state = self._sessions.observed(session)
        if self._sessions.machine.after(state, Event.AUDIO_ACCEPTED) is None:  # late uploads alone may be taken
            raise refusal(session, Refused(state, Event.AUDIO_ACCEPTED.value), self._sessions.machine)
        self._admit(session, name, 0, None)
        file = next((file for file in session.files if file.name == name), None)
        if file is None:
            return None
        try:
            return file.key, await self._audio.size(file.key)
        except StorageError as error:
            raise self._sessions.unavailable(error) from error

    async def extend(self, namespace: str, session_id: str, key: str, at: int, data: bytes) -> None:
        """Keep more of a file for good, behind the first `at` bytes of it; refuses as `receive` does."""
        session = await self._sessions.look(namespace, session_id)
        file = next((file for file in session.files if file.key == key), None)
        if file is None:
            told = "another file took the place of its stream"
            raise problems.session_ended(session_id, self._sessions.observed(session).value, told)
        self._admit(session, file.name, at + len(data), None)
        try:
            await self._audio.extend(key, at, data)
        except StorageError as error:
            await self._sessions.look(namespace, session_id)  # one that was removed meanwhile took its file along
            raise self._sessions.unavailable(error) from error

    async def settle(self, namespace: str, session_id: str, name: str, made: Made) -> Session:
        """Bring a file that grew to its last form, and let the session know by the event of every upload.

        A session that has none of that name is left as it is; raises as `receive` does.
        """
        session = await self._sessions.look(namespace, session_id)
        file = next((file for file in session.files if file.name == name), None)
        if file is None:
            return session
        self._sessions.admit_state(session)
        try:
            stored = await self._audio.settle(file.key, made)
        except StorageError as error:
            await self._sessions.look(namespace, session_id)
            raise self._sessions.unavailable(error) from error
        if (stored.size, stored.sha256) == (file.size, file.sha256):
            return session
        grown = replace(file, size=stored.size, sha256=stored.sha256)

        def change(unit: Unit) -> Session:
            session = self._sessions.own(unit, namespace, session_id)
            if all(listed.key != grown.key for listed in session.files):
                return session  # another file took its place meanwhile
            try:
                return self._sessions.ledger.apply(
                    unit, session, AudioAccepted(grown), self._sessions.clocks.now(namespace)
                )
            except Refused as refused:
                raise refusal(session, refused, self._sessions.machine) from None

        return await self._sessions.write(change)

    async def _listed(
        self,
        stored: Stored,
        change: Callable[[Unit, Stored, int | None], T],
        numbered: Numbered | None,
        session: Session,
    ) -> T:
        """Make a session refer to what was stored; removes it again where that is refused."""
        try:
            if not stored.size:
                raise problems.invalid_request("The upload has an empty body; send the audio itself.")
            duration_ms = await self._measured(stored, numbered, session) if numbered and self._lengths else None
            return await self._sessions.write(lambda unit: change(unit, stored, duration_ms))
        except problems.Problem as problem:
            if problem.status < 500:  # refused for certain; after a failed commit the next start sweeps
                await self._audio.delete([stored.key])
            raise

    async def _measured(self, stored: Stored, numbered: Numbered, session: Session) -> int:
        """What a file lasts; a piece that is none by itself is measured behind the first and the last before it."""
        assert self._lengths is not None, "whoever numbers files measures them"
        earlier = numbered.behind(session.files)
        around = earlier[:1] + earlier[1:][-_PIECES_BEFORE:]
        try:
            async with self._audio.fetch([*(file.key for file in around), stored.key]) as paths:
                seconds = await self._lengths.of(session.namespace, paths[-1], paths[:-1])
        except SpeechOvertime:
            told = "Decoding this audio takes more time than one file may take; send less of it at once."
            raise problems.invalid_request(told) from None
        except (
            SpeechInterrupted,
            SpeechUnavailable,
            StorageError,
            OSError,
        ) as error:  # a piece before it may just be replaced
            log.warning("audio could not be measured: %s", error)
            await self._audio.delete([stored.key])
            told = "The audio could not be measured now; send it again."
            raise problems.service_unavailable(told, self._sessions.limits.retry_after_s) from None
        numbered.check_length(seconds)
        return round(seconds * 1000)

    async def check_open(self, namespace: str, session_id: str) -> None:
        """Refuse audio where a session takes none: 404, 410 and session_ended come before what is wrong with a file."""
        self._sessions.admit_state(await self._sessions.look(namespace, session_id))

    def _admit(self, session: Session, name: str, size: int, numbered: Numbered | None) -> None:
        """Refuse a file by the session's state or bounds, or by its place."""
        self._sessions.admit_state(session)
        if numbered is not None:
            numbered.admit(session)
        if size > self._sessions.limits.upload_bytes:
            raise problems.payload_too_large(self._sessions.limits.upload_bytes)
        others = [file for file in session.files if file.name != name]
        if len(others) >= self._sessions.limits.files:
            raise problems.invalid_request(f"A session takes at most {self._sessions.limits.files} files.")
        total = sum(file.size for file in others) + size
        if total > self._sessions.limits.session_bytes:
            raise problems.session_too_large(total, self._sessions.limits.session_bytes)
