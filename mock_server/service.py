"""What the HTTP face may ask for: create, end, get, and the control plane's journal, clock and reset; audio beside it.

Order of every acknowledgement: bytes durable; state, journal row and queued work in one transaction; the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.access import Access
from mock_server.direct import DirectUploads
from mock_server.reception import Reception
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.model import json_bytes
from mock_server.session.step import Amended, EndRequested, Requested
from mock_server.session.table import Event, State
from mock_server.testclock import Happened
from mock_server.traffic.recorder import Recorder
from mock_server.watch import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any, TypeVar

    from mock_server.conduct import Conduct
    from mock_server.direct import Way
    from mock_server.ids import Ids
    from mock_server.ledger import Ledger
    from mock_server.metrics.meter import Meter
    from mock_server.pipeline.ports import Queue
    from mock_server.pipeline.process import Process
    from mock_server.pipeline.turns import Waiting
    from mock_server.pipeline.upkeep import Upkeep
    from mock_server.session.model import Order, ProcessingError, Session
    from mock_server.settings import Limits
    from mock_server.speech.length import Lengths
    from mock_server.storage import AudioStore, Keeping
    from mock_server.storage.unit import Cleared, JournalRow, Store, Unit, View
    from mock_server.testclock import Clocks, Move
    from mock_server.traffic.drawing import Seen, Told

    T = TypeVar("T")

#: Sessions that expire in one change.
_TOGETHER = 100


class Service(Access):
    """All a router needs; every method is safe to call from many requests at once."""

    def __init__(
        self,
        *,
        keeping: Keeping,
        work: Queue,
        process: Process,
        upkeep: Upkeep | None,
        clocks: Clocks,
        ids: Ids,
        limits: Limits,
        ledger: Ledger,
        conduct: Callable[[str], Conduct],
        lengths: Lengths | None = None,
        meter: Meter | None = None,
        way: Way = "put",
    ) -> None:
        """`way` is how clients put audio into the store by themselves, where what is kept has a place for it."""
        super().__init__(keeping, ledger, clocks, conduct, limits, meter=meter)
        self.store: Store = keeping.store  # those of another profile keep their sessions there too
        self.audio: AudioStore = keeping.audio
        self.ids = ids
        self.reception = Reception(self, keeping.audio, ids, lengths)
        #: Where clients put audio by themselves, if they do.
        self.direct = DirectUploads(keeping.direct, way, self, self.reception) if keeping.direct else None
        self._work = work
        self._process = process
        self._upkeep = upkeep

    async def start(self) -> None:
        """Take up what an earlier process left: orphaned audio, unfinished sessions."""
        await self.audio.sweep(lambda: self.store.read(lambda view: view.audio_keys()))
        await self._work.launch(self._process)
        if self._upkeep is not None:
            self._upkeep.start()
        if self.direct is not None:
            self.direct.start()

    async def close(self) -> None:
        """Stop; unfinished work goes on at the next start."""
        if self.direct is not None:
            await self.direct.close()
        if self._upkeep is not None:
            await self._upkeep.close()
        await self._work.close()
        await asyncio.to_thread(self._keeping.close)

    async def recorder(self, told: Told[Seen], busy: Callable[[], bool]) -> Recorder[Seen]:
        """What records traffic where everything else is kept; the caller closes it before the service."""
        return await Recorder.of(self.store, told, shortage=self._keeping.shortage, busy=busy)

    async def move_clock(self, namespace: str, move: Move) -> datetime:
        """Set a namespace's clock and tell its time; raises 400 for what no clock does.

        Who waits for the namespace is told by `watch`, once the caller has let happen what is due.
        """
        return await self.kept(self.clocks.move(namespace, move))

    async def pass_deadlines(self, namespace: str) -> list[Happened]:
        """Let every session expire whose time is up, in the order of their deadlines and each at its own."""
        now = self.clocks.now(namespace)
        due = [entry for entry in await self.read(lambda view: view.unended(namespace)) if entry[1] <= now]

        def change(unit: Unit, some: Sequence[tuple[str, datetime]]) -> list[Happened]:
            happened = []
            for session_id, at in some:
                session = unit.load(session_id)
                if session is None or session.expiry_noted or self.ledger.observed(session, now) is not State.EXPIRED:
                    continue  # it was ended, or seen expired, meanwhile
                self.ledger.apply(unit, session, DeadlinePassed(), at)
                happened.append(Happened(at, session_id, "expired"))
            return happened

        found: list[Happened] = []
        for start in range(0, len(due), _TOGETHER):  # others' changes go between
            some = due[start : start + _TOGETHER]
            found += await self.write(lambda unit, some=some: change(unit, some))  # type: ignore[misc]  # bound early
        return found

    async def peek(self, namespace: str, session_id: str) -> Session:
        """The session as it is kept; nothing is noted of it, whatever the time is."""
        return await self.look(namespace, session_id)

    async def unended(self, namespace: str) -> list[str]:
        """The sessions of a namespace that nobody has ended or seen expired, the first due first."""
        return [session_id for session_id, _ in await self.read(lambda view: view.unended(namespace))]

    # sessions

    async def create(
        self, namespace: str, order: Order, lifetime_s: int, *, templates_as_array: bool = False
    ) -> Session:
        """Open a session that expires after `lifetime_s` seconds unless it is ended (§6.2, §6.5)."""
        now = self.clocks.now(namespace)
        asked = Requested(
            id=self.conduct(namespace).session_id(self.ids.session()),
            namespace=namespace,
            order=order,
            expires_at=now + timedelta(seconds=self.conduct(namespace).lifetime_s(order, lifetime_s)),
            templates_as_array=templates_as_array,
        )
        return await self.write(lambda unit: self.begin(unit, asked, now))

    def begin(self, unit: Unit, asked: Requested, now: datetime) -> Session:
        """Open a session, in the caller's change."""
        return self.ledger.apply(unit, None, asked, now)

    async def amend(self, namespace: str, session_id: str, change: Amended) -> Session:
        """Change what a session was ordered with and note what its client says, in one transaction. Not in spec."""

        def apply(unit: Unit) -> Session:
            session = self.own(unit, namespace, session_id)
            for name in ("additional_data", "patient_details"):
                added = getattr(change, name) or {}
                size = json_bytes({**(getattr(session.order, name) or {}), **added}) if added else 0
                if size > self.limits.data_bytes:
                    raise problems.data_too_large(name, size, self.limits.data_bytes)
            return self.apply(unit, session, change)

        return await self.write(apply)

    async def end(
        self,
        namespace: str,
        session_id: str,
        *,
        audio_files_sent: int | None = None,
        templates_as_array: bool = False,
        counted: bool = False,
    ) -> Session:
        """Close a session and queue its processing; a repeat while it runs gets the same session back (E37).

        `counted`: what closes it has to say how many files were sent.
        """

        def asked(session: Session, losses: tuple[ProcessingError, ...] = ()) -> EndRequested:
            conduct = self.conduct(namespace)
            if counted and conduct.wants_count and self._closes(session) and audio_files_sent is None:
                raise problems.missing_required_field("audio_files_sent")
            return conduct.ending(EndRequested(audio_files_sent, templates_as_array, losses))

        losses = await self._learned(namespace, session_id, asked)

        def change(unit: Unit) -> Session:
            session = self.own(unit, namespace, session_id)
            return self.apply(unit, session, asked(session, losses))

        ended = await self.write(change)
        if self.direct is not None:
            self.direct.tidy()
        return ended

    def _closes(self, session: Session) -> bool:
        return self.machine.leaves(self.observed(session), Event.END_REQUESTED)

    async def _learned(
        self, namespace: str, session_id: str, asked: Callable[[Session], EndRequested]
    ) -> tuple[ProcessingError, ...]:
        """Let a session know what its client put into the store; an end that is refused anyhow changes nothing."""
        if self.direct is None:
            return ()
        session = await self.look(namespace, session_id)
        if not self._closes(session) or not self.conduct(namespace).learns:
            return ()
        asked(session)
        return await self.direct.learn(namespace, session_id)

    async def get(self, namespace: str, session_id: str) -> tuple[Session, State]:
        """The session and its state as observed now; an expiry is journaled by whoever sees it first."""
        session = await self.look(namespace, session_id)
        state = self.observed(session)
        if state is not State.EXPIRED or session.expiry_noted:
            return session, state

        def change(unit: Unit) -> tuple[Session, State]:
            session = self.own(unit, namespace, session_id)
            state = self.observed(session)
            if state is State.EXPIRED:  # unless an end was on its way here before the deadline
                session = self.ledger.apply(unit, session, DeadlinePassed(), session.expires_at)
            return session, state

        return await self.write(change)

    async def wait(self, namespace: str, session_id: str, asked: State, seconds: float) -> State:
        """Return once the session is in a state, by real seconds; 408 after them, 409 where it cannot be any more."""

        async def look() -> Standing[State]:
            session, state = await self.get(namespace, session_id)
            # an expiry is no event: it is read off the clock
            due_s = (session.expires_at - self.clocks.now(namespace)).total_seconds()
            return Standing(state, self.machine.leads(state, asked), self.clocks.lasts_s(namespace, due_s))

        found = await self.watch.until((namespace, session_id), asked, seconds, look)
        if found.state is not asked:
            failure = (await self.peek(namespace, session_id)).failure
            because = f"{failure.code}: {failure.message}" if failure else ""
            raise problems.not_reached(
                session_id, asked.value, found.state.value, never=not found.leads, because=because
            )
        return found.state

    async def journal(self, namespace: str, session_id: str) -> list[JournalRow]:
        """What happened to a session, oldest first."""

        def look(view: View) -> list[JournalRow]:
            self.own(view, namespace, session_id)
            return view.history(session_id)

        return await self.read(look)

    async def note(self, namespace: str, session_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """Append a line to a session's journal; 404 as for everything about a session."""

        def change(unit: Unit) -> None:
            session = self.own(unit, namespace, session_id)
            unit.note(session, self.clocks.now(namespace), kind, detail)

        await self.write(change)

    async def expire(self, namespace: str, session_id: str) -> None:
        """Let a session expire before its time, where it is in a state that expires."""

        def change(unit: Unit) -> None:
            session = self.own(unit, namespace, session_id)
            # a deadline counts by itself: it stands in the journal as the moment that it was to be
            moment = max(self.clocks.now(namespace), session.expires_at)
            with contextlib.suppress(Refused):
                self.ledger.apply(unit, session, DeadlinePassed(), moment)

        await self.write(change)

    async def reset(self, namespace: str) -> int:
        """Remove a namespace's sessions, audio, journal and clock offset; returns how many sessions went."""

        def change(unit: Unit) -> Cleared:
            return unit.clear(namespace)

        gone, keys = await self.insist(change)
        self.clocks.forget(namespace)
        self.watch.changed(namespace, namespace)
        await self.audio.delete(keys)
        if self.direct is not None:
            self.direct.tidy()
        await self._keeping.fill()
        return gone

    @property
    def superseded(self) -> bool:
        """Whether another server has what this one kept its sessions in."""
        return self._keeping.superseded

    @property
    def queue(self) -> Waiting:
        """How many sessions wait to be worked on, and for how long."""
        return self._work.standing

    @property
    def works(self) -> bool:
        """Whether what is ended is worked on."""
        return self._work.runs

    def shortage(self) -> str | None:
        """Why nothing can be stored now, as far as disk and audio store tell; None while there is room."""
        return self._keeping.shortage() or self.audio.absence()
