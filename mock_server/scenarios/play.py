"""What is played with sessions: work that is held, or goes another way, and deadlines that come early."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.api.answer import PLAYED
from mock_server.conduct import Course, Hitch
from mock_server.problems import Problem
from mock_server.scenarios import courses, magic
from mock_server.session.step import Amended, AudioAccepted
from mock_server.session.table import State
from mock_server.testclock import Happened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from mock_server.api.face import Face
    from mock_server.conduct import Conduct, Way
    from mock_server.scenarios.armed import Armed
    from mock_server.scenarios.bindings import Binding, Bindings
    from mock_server.scenarios.parlour import LivePlay
    from mock_server.served import Served
    from mock_server.session.model import Session
    from mock_server.session.prsm.model import Inquiry
    from mock_server.session.step import Happening

#: A wait by the namespace's clock is woken when that is moved; this is for the machine's own, which may be set.
_LONGEST_NAP_S: Final = 60.0


class Play:
    """Changes the conduct towards sessions that are bound to scenarios, and towards no other."""

    def __init__(
        self,
        conduct: Callable[[str], Conduct],
        bindings: Bindings,
        way: Callable[[Inquiry], Awaitable[Way]],
        live: LivePlay,
        served: Served,
    ) -> None:
        self.face: Face
        self._served = served
        self.bindings = bindings
        self._conduct = conduct
        self._way = way
        self._live = live
        self._latest: tuple[Conduct, Conduct] | None = None
        self._opened = asyncio.Event()
        self._holding: dict[str, set[str]] = {}

    def opened(self) -> None:
        """The face has its service: what an earlier process left may be asked about."""
        self._opened.set()

    def conduct(self, namespace: str) -> Conduct:
        """How the server behaves towards a namespace."""
        base = self._conduct(namespace)
        if self._latest is None or self._latest[0] is not base:
            named, held = base.file_name, base.holds
            bent = replace(
                base,
                holds=lambda namespace, session_id: _after(
                    held(namespace, session_id), self._holds(namespace, session_id)
                ),
                course=self._course,
                way=self._way,
                hitch=self._hitch,
                trouble=self._live.trouble,
                admits=partial(self._admits, base),
                file_name=lambda name: _named(named(name), self._served),
            )
            self._latest = base, bent
        return self._latest[1]

    def _admits(self, base: Conduct, session: Session, state: State, happening: Happening) -> None:
        """Refuse before it is done what asks for more than a session can be bound to."""
        asked: list[Armed | None] = []
        if state in (State.CREATED, State.RECORDING):
            match happening:
                case AudioAccepted(file):
                    asked = [magic.of_file(file.name, self._served)]
                case Amended(templates=templates):
                    asked = [*magic.of_document({"templates": list(templates or ())}, self._served)]
        more = [each.binding for each in asked if each and each.scenario.of_sessions]
        self.bindings.check_room(session.namespace, session.id, more)
        base.admits(session, state, happening)

    async def bind(self, namespace: str, session_id: str, binding: Binding) -> None:
        """Bind a session for good."""
        await self.bindings.bind(self.face.service, namespace, session_id, binding)

    async def acting(self, namespace: str, session_id: str) -> list[str]:
        """The names of the scenarios that a session is bound to, without those of templates that it did not order."""
        bound = await self.bindings.of(self.face.service, namespace, session_id)
        ordered: Collection[str] = ()
        if any(binding.values.get("template") for binding in bound):
            with contextlib.suppress(Problem):  # a reset took it away
                ordered = (await self.face.service.peek(namespace, session_id)).order.templates
        return [each.scenario.name for each in bound if each.values.get("template") in (None, *ordered)]

    async def release(self, namespace: str, only: str | None = None) -> None:
        """Let the work begin that is held, or that on one session."""
        for session_id in tuple(self._holding.get(namespace, ())):
            if only not in (None, session_id):
                continue
            with contextlib.suppress(Problem):
                await self.bindings.release(self.face.service, namespace, session_id)
            self.face.service.watch.changed(session_id, namespace)

    async def expire(self, namespace: str, session_id: str) -> bool:
        """Let a session expire whose early deadline has passed; returns whether it did so now."""
        service = self.face.service
        early = [
            binding.scenario.expires_s(binding.values)
            for binding in await self.bindings.of(service, namespace, session_id)
            if binding.scenario.expires_s
        ]
        if not early:
            return False
        with contextlib.suppress(Problem):
            session, state = await service.get(namespace, session_id)
            due = session.created_at + timedelta(seconds=min(early))
            if state is not State.EXPIRED and service.clocks.now(namespace) >= due:
                await service.expire(namespace, session_id)
                return (await service.get(namespace, session_id))[1] is State.EXPIRED
        return False

    async def pass_deadlines(self, namespace: str) -> list[Happened]:
        """Let sessions expire whose early deadline has passed, and tell whose work may begin that was held."""
        held = tuple(self._holding.get(namespace, ()))
        unended = await self.face.service.unended(namespace)
        found = [await self._early(namespace, session_id) for session_id in unended]
        found += [await self._begun(namespace, session_id) for session_id in held]
        return [happened for happened in found if happened is not None]

    async def _early(self, namespace: str, session_id: str) -> Happened | None:
        service = self.face.service
        bound = await self.bindings.of(service, namespace, session_id)
        early = [each.scenario.expires_s(each.values) for each in bound if each.scenario.expires_s]
        if early:
            with contextlib.suppress(Problem):
                session = await service.peek(namespace, session_id)
                due = session.created_at + timedelta(seconds=min(early))
                if due < session.expires_at and due <= service.clocks.now(namespace):
                    await service.expire(namespace, session_id)
                    return Happened(due, session_id, "expired")
        return None

    async def _begun(self, namespace: str, session_id: str) -> Happened | None:
        service = self.face.service
        held = _held_s(await self.bindings.of(service, namespace, session_id))
        with contextlib.suppress(Problem):
            session = await service.peek(namespace, session_id)
            if held is not None and session.ended_at is not None and await self._left(namespace, session_id) <= 0:
                return Happened(session.ended_at + timedelta(seconds=held), session_id, "work_begins")
        return None

    def _holds(self, namespace: str, session_id: str) -> Awaitable[object] | None:
        bound = self.bindings.at_hand(namespace, session_id)
        if bound is not None and _held_s(bound) is None:
            return None
        return self._until_released(namespace, session_id)

    async def _until_released(self, namespace: str, session_id: str) -> None:
        await self._opened.wait()
        self._holding.setdefault(namespace, set()).add(session_id)
        try:
            with self.face.service.watch.of(namespace, session_id) as event:
                while (seconds := await self._left(namespace, session_id)) > 0:
                    nap_s = min(self.face.service.clocks.lasts_s(namespace, seconds), _LONGEST_NAP_S)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(nap_s):
                            await event.wait()
                    event.clear()
        finally:
            self._holding[namespace].discard(session_id)
            if not self._holding[namespace]:
                del self._holding[namespace]

    async def _left(self, namespace: str, session_id: str) -> float:
        """Seconds before the work on a session may begin."""
        service = self.face.service
        held = _held_s(await self.bindings.of(service, namespace, session_id))
        if held is None:
            return 0
        try:
            session, state = await service.get(namespace, session_id)
        except Problem:  # a reset took it away
            return 0
        if state is not State.PROCESSING or session.ended_at is None:
            return 0
        return held - (service.clocks.now(namespace) - session.ended_at).total_seconds()

    async def _hitch(self, namespace: str, session_id: str) -> Hitch:
        """What goes wrong with a session's sockets: the first break, and the longest delay."""
        bound = await self.bindings.of(self.face.service, namespace, session_id)
        found = [each.scenario.hitch(each.values) for each in bound if each.scenario.hitch]
        breaks = [each for each in found if each.breaks_at is not None]
        first = min(breaks, key=lambda each: each.breaks_at or 0, default=Hitch())
        return replace(first, step_s=max((each.step_s for each in found), default=0.0))

    async def _course(self, session: Session) -> Course:
        bound = self.bindings.at_hand(session.namespace, session.id)
        if bound is None:
            await self._opened.wait()
            bound = await self.bindings.of(self.face.service, session.namespace, session.id)
        live = await self._live.courses(session)
        if not (bound or live):
            return Course()
        found = [*live, *(binding.scenario.course(binding.values) for binding in bound if binding.scenario.course)]
        return courses.composed([Course(extraction=courses.steering), *found])


def _after(first: Awaitable[object] | None, then: Awaitable[object] | None) -> Awaitable[object] | None:
    """Both waits, one after the other; None where there is nothing to wait for."""

    async def both(first: Awaitable[object], then: Awaitable[object]) -> None:
        await first
        await then

    return both(first, then) if first and then else first or then


def _held_s(bound: tuple[Binding, ...]) -> float | None:
    """Seconds from the end to the work; None where nothing holds it."""
    return max((each.scenario.holds_s(each.values) for each in bound if each.scenario.holds_s), default=None)


def _named(name: str, served: Served) -> str:
    """A file's name as it is; refuses where it asks for that, or for what is no scenario."""
    found = magic.of_file(name, served)
    if found is not None and found.scenario.refusal is not None:
        problem = found.scenario.refusal(found.values)
        problem.headers[PLAYED] = found.scenario.name
        raise problem
    return name
