"""What a face may ask of live sessions: open, go on, end, look, delete; what is refused is a problems.Problem.

Order of every acknowledgement: audio durable; what was said, the figures and the journal in one change; the message.
"""

from __future__ import annotations

import logging
import platform
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server import problems
from mock_server.dalston import parting, recording, refusal
from mock_server.dalston.enhancement import Enhancement
from mock_server.dalston.owed import Owed
from mock_server.dalston.presence import NOBODY, fields, key_of
from mock_server.dalston.recording import Recording
from mock_server.session.dalston.model import Spoken, Utterance
from mock_server.session.dalston.step import Forgotten, Kept, Measured, Opened, Over, Said, Taken
from mock_server.session.dalston.table import DALSTON_2026_02_11, Event, State
from mock_server.session.happening import Refused
from mock_server.storage import Later, StorageError
from mock_server.storage.dictation import Selection
from mock_server.stream.budget import Budget
from mock_server.testclock import Happened
from mock_server.watch import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import TypeVar

    from mock_server.conduct import Conduct
    from mock_server.dalston.ledger import LiveLedger
    from mock_server.dalston.parting import Parting
    from mock_server.dalston.presence import Presence
    from mock_server.dalston.wanted import Asked, Resume
    from mock_server.service import Service
    from mock_server.session.dalston.model import Dictation
    from mock_server.session.dalston.step import Happening
    from mock_server.speech.streaming import Final as Heard
    from mock_server.storage import Stored
    from mock_server.storage.unit import JournalRow, Unit, View

    T = TypeVar("T")

log = logging.getLogger("scribe.mock")

_LOST: Final = "The server ended while the session was active."
_RETRY_S: Final = 5
#: Longest sessions whose audio a namespace may have copied at once, and bytes a second from then on: a client that lost
#: its connection resumes a few times in a row, and a disk takes so much without others noticing.
_COPIES: Final = 4
_COPIED_A_SECOND: Final = 4 * 1024 * 1024
#: What an utterance counts among those bytes: it is a row, and while rows are written nobody else's are.
_UTTERANCE_WEIGHT: Final = 4 * 1024


@dataclass(frozen=True)
class Former:
    """The session that one goes on from; `until` is there for one that goes on in its transcript.

    `copied` is what that costs: bytes of audio and, by their weight, utterances.
    """

    dictation: Dictation
    until: float | None = None
    copied: int = 0


class LiveService:
    """Safe to call from many sockets and requests at once."""

    def __init__(
        self,
        service: Service,
        ledger: LiveLedger,
        *,
        new_id: Callable[[], str],
        conduct: Callable[[str], Conduct],
        presence: Presence = NOBODY,
        place: str = "",
    ) -> None:
        """`presence` shows which sessions are open; `place` tells this process from others on its machine."""
        self._service = service
        self._ledger = ledger
        self._new_id = new_id
        self._conduct = conduct
        #: Bytes that hard resumes copy.
        self.copies = Budget(_COPIES * service.limits.upload_bytes, _COPIED_A_SECOND)
        self._enhancement = Enhancement(service, ledger)
        self._owed = Owed()
        self._presence = presence
        self.worker = f"scribe-mock-{platform.node().partition('.')[0] or 'local'}{place and f'-{place}'}"

    async def start(self) -> None:
        """Take up what an earlier process left: sessions whose sockets ended with it, and batch sessions."""
        for dictation in await self._service.read(lambda view: view.dictations.active()):
            self._presence.remove(key_of(dictation.id))
            # the last moment that is known of it: nobody was there for what came later
            try:
                await self.end(dictation, parting.Parting(1006, Event.CONNECTION_LOST, _LOST), at=dictation.updated_at)
            except problems.Problem as problem:
                if problem.status < 500:  # else it is owed
                    raise
        for dictation in await self._service.read(lambda view: view.dictations.due()):
            self._enhancement.take_up(dictation)
        for dictation in await self._service.read(lambda view: view.dictations.forgetful()):
            await self._kept(dictation)

    async def close(self) -> None:
        """Stop; sessions and batch sessions that were not ended yet are at the next start."""
        await self._owed.close()
        await self._enhancement.close()

    # a socket

    async def former(self, namespace: str, resume: Resume, *, audio: bool) -> Former:
        """The session that a socket is to go on from; raises the Parting of one that none goes on from.

        `audio` says whether its audio is to be gone on with as well.
        """

        def look(view: View) -> tuple[Dictation | None, Utterance | None]:
            return view.dictations.load(resume.session_id), view.dictations.last_said(resume.session_id)

        found, last = await self._service.read(look)
        if found is None or found.namespace != namespace:
            raise parting.bad("There is no session of the id in 'resume_session_id'.")
        if not found.final:
            raise parting.bad("The session of 'resume_session_id' is active: it cannot be resumed before it is over.")
        if not resume.hard:
            return Former(found)
        found = await self._kept(found)
        if not found.has_transcript:
            raise parting.bad("The session of 'resume_session_id' has no transcript to go on in.")
        if audio and found.audio_key is None and last is not None:
            raise parting.bad("The session of 'resume_session_id' has no audio to go on with; leave out 'store_audio'.")
        copied = found.utterances * _UTTERANCE_WEIGHT + (found.audio_size if audio else 0)
        return Former(found, last.end if last is not None else 0.0, copied)

    async def open(
        self, namespace: str, asked: Asked, former: Former | None, *, engine: str, client_ip: str | None
    ) -> Dictation:
        """Begin a session; its row is kept when this returns.

        Raises the Parting of one that goes on from a session that is gone meanwhile, or from more than may be copied.
        """
        # whatever there is of one session may be copied by whoever has not copied anything for a while
        if former is not None and not self.copies.spend(namespace, min(former.copied, self.copies.most)):
            raise parting.crowded("This client's sessions were resumed hard too often; wait before the next one.")
        goes_on = former is not None and former.until is not None
        taken = _taken(former.dictation) if former is not None and goes_on else None
        event = Opened(
            id=self._conduct(namespace).live.new_id(self._new_id()),
            namespace=namespace,
            wanted=asked.wanted,
            engine=engine,
            worker=self.worker,
            client_ip=client_ip,
            previous_id=former.dictation.id if former else None,
            continued_at=former.until if former else None,
            taken=taken,
        )

        def change(unit: Unit) -> Dictation:
            if former is not None:
                still = unit.dictations.load(former.dictation.id)
                if still is None or (goes_on and not still.has_transcript):
                    raise parting.bad("The session of 'resume_session_id' was deleted meanwhile.")
            return self._ledger.apply(unit, None, event, self._now(namespace))

        return await self._service.write(change)

    def shown(self, dictation: Dictation, audio_s: Callable[[], float]) -> AbstractContextManager[None]:
        """Show that a session is open, for the time of the block; `audio_s` tells how much audio has come."""
        return self._presence.shown(key_of(dictation.id), lambda: fields(dictation, audio_s()))

    def recording(self, dictation: Dictation) -> Recording:
        """Where the audio of a session goes."""

        async def refer(stored: Stored) -> None:
            await self._happens(dictation, Kept(stored.key, stored.size, stored.sha256))

        ids, most = self._service.ids, self._service.limits.upload_bytes
        return Recording(self._service.audio, ids.audio, refer, most)

    async def said(self, dictation: Dictation, heard: Heard, audio_s: float) -> Utterance:
        """An utterance is over; it is kept when this returns. Times of the listening become those of the session."""
        from_s = dictation.continued_at or 0.0

        def change(unit: Unit) -> Utterance:
            now = self._own(unit, dictation.namespace, dictation.id)
            utterance = _utterance(heard, now.utterances, from_s, audio_s)
            self._apply(unit, now, Said(utterance, audio_s))
            return utterance

        return await self._service.write(change)

    async def measured(self, dictation: Dictation, audio_s: float) -> None:
        """So much audio has come."""
        await self._happens(dictation, Measured(audio_s))

    async def end(
        self, dictation: Dictation, why: Parting, *, audio_s: float = 0.0, at: datetime | None = None
    ) -> Dictation | None:
        """The session is over, in whatever way; its audio gets its last form, and the row says what became of it.

        None is a session that was removed while it was active. Room is made for this on a full disk; where nothing can
        be kept at all, or its audio is not to be had now, it raises, and goes on trying. `at` is the moment at which it
        was over, if that is not now.
        """
        over = partial(self._end, dictation, why, audio_s=audio_s)
        moment = at or self._now(dictation.namespace)
        try:
            return await over(at=at)
        except problems.Problem as problem:
            if problem.status >= 500:
                self._owed.later(f"the end of {dictation.id}", partial(over, at=moment))
            raise

    async def _end(
        self, dictation: Dictation, why: Parting, *, audio_s: float = 0.0, at: datetime | None = None
    ) -> Dictation | None:
        """`at` is the moment at which it was over, if that is not now."""
        found = await self._service.read(lambda view: view.dictations.load(dictation.id))
        if found is None:
            return None
        stored, error = await self._settled(found)
        if stored is not None:
            audio_s = max(audio_s, recording.seconds(stored.size)) if at is not None else audio_s

        def change(unit: Unit) -> Dictation | None:
            now = unit.dictations.load(dictation.id)
            if now is None or now.final:
                return now
            moment = at or self._now(dictation.namespace)
            if stored is not None:
                now = self._apply(unit, now, Kept(stored.key, stored.size, stored.sha256), moment)
            now = self._apply(unit, now, Measured(audio_s), moment)
            now = self._apply(unit, now, Over(why.event, why.error or error), moment)
            return self._enhancement.begin(unit, now, self._now(dictation.namespace)) if now.job_due else now

        ended = await self._service.insist(change)
        if ended is not None and ended.job_due:
            self._enhancement.take_up(ended)
        return ended

    async def _settled(self, dictation: Dictation) -> tuple[Stored | None, str | None]:
        """The audio of a session in its last form, and what is wrong where it did not get that.

        Raises a Problem where it can be had later.
        """
        if dictation.audio_key is None:
            return None, None
        try:
            return await recording.settle(self._service.audio, dictation.audio_key), None
        except Later as error:
            raise self._service.unavailable(error) from error
        except StorageError as error:
            log.error("the audio of %s did not get its last form: %s", dictation.id, error)  # noqa: TRY400
            return None, str(error)

    # requests

    async def see(self, namespace: str, session_id: str) -> Dictation:
        """A session; 404 for none."""
        return await self._kept(await self._service.read(lambda view: self._own(view, namespace, session_id)))

    async def page(self, meant: Selection, *, limit: int, skip: int) -> tuple[list[Dictation], int]:
        """A page of sessions, and how many there are on all."""

        def look(view: View) -> tuple[list[Dictation], int]:
            return view.dictations.page(meant, limit=limit, skip=skip), view.dictations.count(meant)

        return await self._service.read(look)

    async def audio(self, namespace: str, session_id: str) -> tuple[Dictation, str]:
        """A session that has audio for good, and the key of that; 404 for any other."""
        dictation = await self.see(namespace, session_id)
        if dictation.audio_key is None or not dictation.final:
            raise refusal.no_audio(dictation)
        return dictation, dictation.audio_key

    async def transcript(self, namespace: str, session_id: str) -> tuple[Dictation, Sequence[Utterance]]:
        """A session that has a transcript for good, and what was said; 404 for any other."""

        dictation = await self.see(namespace, session_id)
        said = await self._service.read(lambda view: view.dictations.said(session_id))
        early = self._conduct(namespace).live.tells_early and dictation.wanted.store_transcript
        if not (dictation.has_transcript or early):
            raise refusal.no_transcript(dictation)
        return dictation, said

    async def _kept(self, dictation: Dictation) -> Dictation:
        """A session as it is now: without audio and words where the days are over for which they are kept."""
        due = dictation.forgets_at
        if due is None or due > self._now(dictation.namespace):
            return dictation

        def change(unit: Unit) -> tuple[Dictation, list[str]]:
            now = unit.dictations.load(dictation.id)
            if now is None or now.forgets_at is None:
                return now or dictation, []
            unit.dictations.forget(now.id)
            return self._apply(unit, now, Forgotten(), due), [now.audio_key] if now.audio_key else []

        after, keys = await self._service.insist(change)
        await self._service.audio.delete(keys)
        return after

    async def pass_deadlines(self, namespace: str) -> list[Happened]:
        """Forget what is kept of a namespace's sessions whose days are over."""
        known = await self._service.read(lambda view: view.dictations.forgetful(namespace))
        found = []
        for dictation in known:
            due = dictation.forgets_at
            if due is not None and (await self._kept(dictation)).forgets_at is None:
                found.append(Happened(due, dictation.id, "forgotten"))
        return found

    async def delete(self, namespace: str, session_id: str) -> None:
        """Remove a session with audio and transcript; 409 while it is active."""

        def change(unit: Unit) -> list[str]:
            dictation = self._own(unit, namespace, session_id)
            if DALSTON_2026_02_11.after(dictation.state, Event.DELETE_REQUESTED) is None:
                raise refusal.active(dictation)
            if self._conduct(namespace).live.keeps_former and unit.dictations.is_former(session_id):
                raise refusal.linked(dictation)
            unit.note(dictation, self._now(namespace), "deleted", {"state": dictation.state.value})
            keys = unit.dictations.remove(dictation)
            unit.afterwards(lambda: self._service.watch.changed(session_id, namespace))
            return keys

        keys = await self._service.insist(change)
        await self._service.audio.delete(keys)

    async def discard(self, dictation: Dictation) -> None:
        """Remove a session whatever its state is, as the reset of a namespace does."""

        def change(unit: Unit) -> list[str]:
            now = unit.dictations.load(dictation.id)
            unit.afterwards(lambda: self._service.watch.changed(dictation.id, dictation.namespace))
            return [] if now is None else unit.dictations.remove(now)

        await self._service.audio.delete(await self._service.insist(change))

    # for the control plane

    async def has(self, namespace: str, session_id: str) -> bool:
        """Whether a namespace has a session of this id."""
        found = await self._service.read(lambda view: view.dictations.load(session_id))
        return found is not None and found.namespace == namespace

    async def wait(self, namespace: str, session_id: str, asked: State, seconds: float) -> State:
        """Return once the session is in a state, by real seconds; 408 after them, 409 where it cannot be any more."""

        async def look() -> Standing[State]:
            state = (await self.see(namespace, session_id)).state
            return Standing(state, DALSTON_2026_02_11.leads(state, asked), 0.0)

        found = await self._service.watch.until((namespace, session_id), asked, seconds, look)
        if found.state is not asked:
            raise problems.not_reached(session_id, asked.value, found.state.value, never=not found.leads)
        return found.state

    async def history(self, namespace: str, session_id: str) -> list[JournalRow]:
        """What happened to a session, oldest first."""

        def look(view: View) -> list[JournalRow]:
            self._own(view, namespace, session_id)
            return view.history(session_id)

        return await self._service.read(look)

    async def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        return await self._service.read(lambda view: view.dictations.count(Selection(namespace)))

    async def read(self, look: Callable[[View], T]) -> T:
        """Look at what is kept."""
        return await self._service.read(look)

    # inside a transaction

    async def _happens(self, dictation: Dictation, event: Happening) -> None:
        def change(unit: Unit) -> None:
            self._apply(unit, self._own(unit, dictation.namespace, dictation.id), event)

        await self._service.write(change)

    def _apply(self, unit: Unit, dictation: Dictation, event: Happening, at: datetime | None = None) -> Dictation:
        try:
            return self._ledger.apply(unit, dictation, event, at or self._now(dictation.namespace))
        except Refused:
            raise refusal.over(dictation) from None

    def _own(self, view: View, namespace: str, session_id: str) -> Dictation:
        found = view.dictations.load(session_id)
        if found is None:
            raise problems.session_not_found(session_id)
        conduct = self._conduct(namespace)
        if found.namespace != namespace and conduct.keeps_namespaces_apart:
            raise conduct.outsider(session_id)
        return found

    def _now(self, namespace: str) -> datetime:
        return self._service.clocks.now(namespace)


def _taken(former: Dictation) -> Taken:
    return Taken(former.utterances, former.words, former.language)


def _utterance(heard: Heard, number: int, from_s: float, audio_s: float) -> Utterance:
    """An utterance of the session: words lie within it, and it within the audio that came."""

    def at(second: float) -> float:
        return round(min(max(from_s, from_s + second), audio_s), 3)

    words = tuple(
        Spoken(each.word.strip(), at(each.start), at(each.end), _sure(each.confidence))
        for each in heard.words
        if each.word.strip()
    )
    return Utterance(
        number=number,
        start=min([at(heard.start), *(each.start for each in words)]),
        end=max([at(heard.end), *(each.end for each in words)]),
        text=heard.text.strip(),
        confidence=_sure(heard.confidence),
        language=heard.language,
        words=words,
    )


def _sure(confidence: float) -> float:
    return round(min(1.0, max(0.0, confidence)), 3)
