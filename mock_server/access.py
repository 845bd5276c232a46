"""What the service reads and changes, in the words of who asks: refusals and shortages are Problems."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.metrics.meter import Meter
from mock_server.refusal import refusal
from mock_server.session.happening import Refused
from mock_server.session.table import Event
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from mock_server.conduct import Conduct
    from mock_server.ledger import Ledger
    from mock_server.session.model import Session
    from mock_server.session.step import Happening
    from mock_server.session.table import State
    from mock_server.settings import Limits
    from mock_server.storage import Keeping
    from mock_server.storage.unit import Unit, View
    from mock_server.testclock import Clocks

    T = TypeVar("T")

log = logging.getLogger("scribe.mock")


class Access:
    """The sessions that are kept, each for its own namespace."""

    def __init__(
        self,
        keeping: Keeping,
        ledger: Ledger,
        clocks: Clocks,
        conduct: Callable[[str], Conduct],
        limits: Limits,
        *,
        meter: Meter | None = None,
    ) -> None:
        self.limits = limits
        self.clocks = clocks
        self.watch = ledger.watch
        self.machine = ledger.machine
        self._keeping = keeping
        self.ledger = ledger
        self._conduct = conduct
        self.meter = meter or Meter()

    def conduct(self, namespace: str) -> Conduct:
        """How the server behaves towards a namespace, "" for somebody without one."""
        return self._conduct(namespace)

    async def look(self, namespace: str, session_id: str) -> Session:
        """The session as it is kept; 404 where the namespace has none of that id."""
        if session := self._keeping.store.at_hand(session_id):
            return self._owned(session, namespace, session_id)
        return await self.read(lambda view: self.own(view, namespace, session_id))

    def own(self, view: View, namespace: str, session_id: str) -> Session:
        """The same, in the caller's transaction."""
        return self._owned(view.load(session_id), namespace, session_id)

    def _owned(self, session: Session | None, namespace: str, session_id: str) -> Session:
        if session is None:
            raise problems.session_not_found(session_id)
        if session.namespace != namespace and (conduct := self._conduct(namespace)).keeps_namespaces_apart:
            raise conduct.outsider(session_id)
        return session

    def observed(self, session: Session) -> State:
        """The state that somebody who looks now is told."""
        return self.ledger.observed(session, self.clocks.now(session.namespace))

    def admit_state(self, session: Session) -> None:
        """Refuse audio where the state of a session takes none."""
        state = self.observed(session)
        if not self.ledger.takes_audio(session, state):
            raise refusal(session, Refused(state, Event.AUDIO_ACCEPTED.value), self.machine)

    def apply(self, unit: Unit, session: Session, event: Happening) -> Session:
        """What a client asks, in the caller's change; raises the Problem of a refusal."""
        self._conduct(session.namespace).admits(session, self.observed(session), event)
        try:
            return self.ledger.apply(unit, session, event, self.clocks.now(session.namespace))
        except Refused as refused:
            raise refusal(session, refused, self.machine) from None

    def unavailable(self, error: StorageError) -> problems.Problem:
        """What whoever asks is told of a store that takes nothing."""
        self.meter.storage_failures += 1
        log.error("storage: %s", error)
        return problems.service_unavailable("The service cannot store anything now.", self.limits.retry_after_s)

    async def write(self, change: Callable[[Unit], T]) -> T:
        """Run a change; raises the Problem of a store that takes nothing now."""
        return await self.kept(self._keeping.store.write(change))

    async def insist(self, change: Callable[[Unit], T]) -> T:
        """Run a change that is not to fail for want of room: on a full disk it gets what is kept back of it."""
        try:
            return await self._keeping.store.write(change)
        except StorageError:
            await self._keeping.release()
            try:
                return await self.write(change)
            finally:
                await self._keeping.fill()

    async def read(self, look: Callable[[View], T]) -> T:
        """Look at what is kept; raises the Problem of a store that cannot be read now."""
        return await self.kept(self._keeping.store.read(look))

    async def kept(self, answer: Awaitable[T]) -> T:
        """What comes of the store; raises the Problem of one that cannot."""
        try:
            return await answer
        except StorageError as error:
            raise self.unavailable(error) from error
