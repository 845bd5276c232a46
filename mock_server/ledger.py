"""What happens to sessions: one step after the other, each kept with all that follows from it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.conduct import conducted, moment, takes_audio
from mock_server.session.effect import Journal
from mock_server.session.step import Requested, StartWork, observed_state
from mock_server.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mock_server.conduct import Conduct
    from mock_server.session.machine import Machine
    from mock_server.session.model import Session
    from mock_server.session.step import Effect, Happening
    from mock_server.session.table import State
    from mock_server.settings import Limits
    from mock_server.storage.unit import Unit


class Ledger:
    """The only place that carries out effects, for whatever a client asks and whatever the work comes to.

    `start` is told namespace and id of a session whose work may begin, once that is kept, and `watch` of every session
    to which something has happened.
    """

    def __init__(
        self,
        *,
        machine: Machine,
        conduct: Callable[[str], Conduct],
        limits: Limits,
        start: Callable[[str, str], object],
    ) -> None:
        self.machine = machine
        self._conduct = conduct
        self.limits = limits
        self._start = start
        self.watch = Watch()

    def apply(self, unit: Unit, session: Session | None, event: Happening, now: datetime) -> Session:
        """Take an event, in the caller's change; None is the session that a request begins.

        Raises Refused where the event has no place, and the Problem of a full queue.
        """
        whose = event if isinstance(event, Requested) else session
        conduct = self._conduct(whose.namespace if whose else "")
        after, effects = conducted(conduct, self.machine, session, event, now)
        if any(isinstance(effect, StartWork) for effect in effects):
            self._make_room(unit, after.namespace)
        if session is None:
            unit.create(after)
        else:
            unit.save(session, after)
        for effect in effects:
            self._carry_out(unit, after, effect, now)
        unit.afterwards(partial(self.watch.changed, after.id, after.namespace))
        return after

    def observed(self, session: Session, now: datetime) -> State:
        """The state that somebody who looks now is told."""
        return observed_state(self.machine, session, moment(self._conduct(session.namespace), session, now))

    def takes_audio(self, session: Session, state: State) -> bool:
        """Whether a session takes a file in a state."""
        return takes_audio(self._conduct(session.namespace), self.machine, state)

    def _carry_out(self, unit: Unit, session: Session, effect: Effect, now: datetime) -> None:
        match effect:
            case Journal(kind, detail):
                unit.note(session, now, kind, detail)
            case StartWork(session_id):  # the queue is the session's state, so all that is left is to tell
                unit.afterwards(partial(self._start, session.namespace, session_id))

    def _make_room(self, unit: Unit, namespace: str) -> None:
        """Refuse another session in processing where the queue, or the namespace's share of it, is full."""
        in_work = unit.in_work()
        own, free = in_work.get(namespace, 0), self.limits.queue - sum(in_work.values())
        if own >= self.limits.share * free:
            whose = "of this key's namespace " if free > 0 else ""
            number = own if free > 0 else self.limits.queue
            told = f"{number} sessions {whose}wait to be processed already; end this one again later."
            raise problems.service_unavailable(told, self.limits.retry_after_s)
