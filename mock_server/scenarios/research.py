"""What is played with research sessions: work that is held, or goes another way, and reads that wait for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.api.answer import Answer
from mock_server.conduct import STRAIGHT, joined
from mock_server.problems import Problem
from mock_server.scenarios.inquiries import OPERATIONS
from mock_server.session.prsm.table import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from mock_server.api.face import Call, Face
    from mock_server.conduct import Way
    from mock_server.scenarios.bindings import Binding, Bindings
    from mock_server.session.prsm.model import Inquiry

#: A wait by the namespace's clock is woken when that is moved; this is for the machine's own, which may be set.
_LONGEST_NAP_S: Final = 60.0
#: A look that shows what came of a session waits for the work so many real seconds at most.
_LONGEST_S: Final = 60.0
#: Sessions whose looks are counted; one that is forgotten is counted anew.
_MOST: Final = 4096
_AT_WORK: Final = frozenset({State.QUEUED, State.INITIALIZING, State.RUNNING})
_CHANGING: Final = frozenset({OPERATIONS[name] for name in ("cancel", "pause", "resume")})


class ResearchPlay:
    """Changes the way of research sessions that are bound to scenarios, and of no other."""

    def __init__(self, bindings: Bindings) -> None:
        self.face: Face
        self._bindings = bindings
        #: Sessions that are just being made, which may be bound before their work begins.
        self._making: dict[str, set[asyncio.Event]] = {}
        self._holding: dict[str, set[str]] = {}
        self._looks: OrderedDict[tuple[str, str], int] = OrderedDict()

    @contextlib.contextmanager
    def making(self, namespace: str) -> Iterator[None]:
        """While a session is made, and bound, no work of its namespace begins."""
        over = asyncio.Event()
        self._making.setdefault(namespace, set()).add(over)
        try:
            yield
        finally:
            over.set()
            self._making[namespace].discard(over)
            if not self._making[namespace]:
                del self._making[namespace]

    async def way(self, inquiry: Inquiry) -> Way:
        """How the work on a session goes."""
        for over in tuple(self._making.get(inquiry.namespace, ())):
            await over.wait()
        bound = await self._bindings.of(self.face.research, inquiry.namespace, inquiry.id)
        if not bound:
            return STRAIGHT
        ways = [binding.scenario.way(binding.values) for binding in bound if binding.scenario.way]
        return replace(joined(ways), waits=partial(self._waits, inquiry))

    async def bind(self, namespace: str, session_id: str, binding: Binding) -> None:
        """Bind a session for good."""
        await self._bindings.bind(self.face.research, namespace, session_id, binding)
        if binding.scenario.expires_s:
            await self.face.research.shorten(namespace, session_id, binding.scenario.expires_s(binding.values))

    async def acting(self, namespace: str, session_id: str) -> list[str]:
        """The names of the scenarios that a session is bound to."""
        return [each.scenario.name for each in await self._bindings.of(self.face.research, namespace, session_id)]

    async def release(self, namespace: str, only: str | None = None) -> None:
        """Let the work go on that is held, or that on one session."""
        for session_id in tuple(self._holding.get(namespace, ())):
            if only in (None, session_id):
                with contextlib.suppress(Problem):
                    await self._bindings.release(self.face.research, namespace, session_id)
                self.face.service.watch.changed(session_id, namespace)

    async def read(self, call: Call) -> Answer:
        """What a read of the session of a request would show."""
        from mock_server.api.control.route import Asking
        from mock_server.api.prsm.operations import status
        from mock_server.api.prsm.route import caller

        asked = Asking(self.face, call)
        return Answer(200, await status(asked, caller(asked), call.session_id or ""))

    @staticmethod
    def changes(call: Call) -> bool:
        """Whether a request may change the state of a session."""
        return call.operation in _CHANGING

    async def looked(self, namespace: str, session_id: str) -> None:
        """Before a read: count it, and wait for the work where as many showed it as are to."""
        bound = await self._bindings.of(self.face.research, namespace, session_id)
        polls = max((each.scenario.polls(each.values) for each in bound if each.scenario.polls), default=None)
        if polls is None or await self._state(namespace, session_id) not in _AT_WORK:
            return
        looks = self._looks.get((namespace, session_id), 0) + 1
        self._looks[namespace, session_id] = looks
        self._looks.move_to_end((namespace, session_id))
        while len(self._looks) > _MOST:
            self._looks.popitem(last=False)
        if looks > polls:
            await self._bindings.release(self.face.research, namespace, session_id)
            self.face.service.watch.changed(session_id, namespace)
            await self._settled(namespace, session_id, _LONGEST_S)

    async def made(self, namespace: str, session_id: str) -> None:
        """After a creation: wait for the work where the first read is to show what came of it."""
        bound = await self._bindings.of(self.face.research, namespace, session_id)
        waits = [each.scenario.waits_s(each.values) for each in bound if each.scenario.waits_s]
        if waits:
            await self._settled(namespace, session_id, max(waits))

    async def _settled(self, namespace: str, session_id: str, seconds: float) -> None:
        """Return once a session is not at work any more, or after so many real seconds."""
        watch = self.face.service.watch
        with self.face.aside(), watch.of(session_id) as event, contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self._state(namespace, session_id) in _AT_WORK:
                    await event.wait()
                    event.clear()

    async def _state(self, namespace: str, session_id: str) -> State | None:
        inquiry = await self.face.research.standing(namespace, session_id)
        return inquiry.state if inquiry is not None else None

    def _waits(self, inquiry: Inquiry, state: State) -> Awaitable[object] | None:
        held = self._held_s(inquiry.namespace, inquiry.id, state)
        if held is None or self._left_of(held, inquiry) <= 0:
            return None
        return self._until_released(inquiry.namespace, inquiry.id, state)

    def _left_of(self, held: float, inquiry: Inquiry) -> float:
        return held - (self.face.service.clocks.now(inquiry.namespace) - inquiry.created_at).total_seconds()

    def _held_s(self, namespace: str, session_id: str, state: State) -> float | None:
        """Seconds from the creation that a state lasts at least; None where nothing holds it."""
        bound = self._bindings.at_hand(namespace, session_id) or ()
        held = (
            each.scenario.holds_s(each.values)
            for each in bound
            if each.scenario.holds_s and each.scenario.holds_in and each.scenario.holds_in(each.values) == state.value
        )
        return max(held, default=None)

    async def _until_released(self, namespace: str, session_id: str, state: State) -> None:
        self._holding.setdefault(namespace, set()).add(session_id)
        service = self.face.service
        try:
            with service.watch.of(namespace, session_id) as event:
                while (seconds := await self._left(namespace, session_id, state)) > 0:
                    nap_s = min(service.clocks.lasts_s(namespace, seconds), _LONGEST_NAP_S)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(nap_s):
                            await event.wait()
                    event.clear()
        finally:
            self._holding[namespace].discard(session_id)
            if not self._holding[namespace]:
                del self._holding[namespace]

    async def _left(self, namespace: str, session_id: str, state: State) -> float:
        """Seconds before the work may go on that is held in a state."""
        await self._bindings.of(self.face.research, namespace, session_id)
        held = self._held_s(namespace, session_id, state)
        inquiry = await self.face.research.standing(namespace, session_id)
        if held is None or inquiry is None or inquiry.state is not state:
            return 0
        return self._left_of(held, inquiry)
