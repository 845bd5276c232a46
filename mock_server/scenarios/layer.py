"""The scenarios that are armed, as a layer between clients and the operations; these know of no scenario."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api import operations
from mock_server.api.answer import PLAYED
from mock_server.problems import Problem
from mock_server.scenarios import magic
from mock_server.scenarios.armed import NEXT, Armed, begun_with
from mock_server.scenarios.arming import Arming
from mock_server.scenarios.bindings import Bindings, fit
from mock_server.scenarios.catalogue import catalogue
from mock_server.scenarios.delivery import Delivery, Held, Manner
from mock_server.scenarios.file import ScenarioFile
from mock_server.scenarios.inquiries import OPERATIONS
from mock_server.scenarios.play import Play
from mock_server.scenarios.progress import Progress
from mock_server.scenarios.research import ResearchPlay
from mock_server.scenarios.roster import Roster
from mock_server.scenarios.stale import Stale
from mock_server.served import RESEARCH
from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime
    from pathlib import Path

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.conduct import Conduct
    from mock_server.served import Served

_RETRY_S = 1
#: Operations with no template id and no name of a file.
_ASKING_NOTHING: Final = frozenset({"discovery", "templates", "get", "end"})
_RESET = "/_mock/v1/reset"
_CREATING: Final = frozenset({"create", OPERATIONS["create"]})


def _of_research(call: Call) -> bool:
    return call.operation.startswith(f"{RESEARCH}.")


@dataclass
class _Met:
    """What one request meets: names for its answer, and what its session is bound to on account of it."""

    namespace: str
    #: What stands against it: by its key, and armed for its namespace.
    armed: list[Armed]
    played: list[str] = field(default_factory=list)
    asked: list[Armed] = field(default_factory=list)


class Scenarios:
    """The scenarios of a server, between clients and its operations."""

    def __init__(
        self, given: Collection[str], file: Path | None, conduct: Callable[[str], Conduct], served: Served
    ) -> None:
        """Raises ValueError for words that name no scenario of what is served, and for a file that cannot be used."""
        self._served = served
        self.file = ScenarioFile(file, served) if file else None
        self.roster = Roster([begun_with(text, served) for text in given], self._now)
        self._held = Held()
        self._stale = Stale()
        self._following: asyncio.Task[None] | None = None
        bindings = Bindings(served)
        self.research = ResearchPlay(bindings)
        self.play = Play(conduct, bindings, self.research.way, served)
        self._progress = Progress(self.play)
        self.arming = Arming(self.roster, self.play, self.research, served)
        known = catalogue(*served).values()
        self._operations = {name for scenario in known for name in scenario.operations}

    def attach(self, face: Face) -> None:
        """Belong to a face, which has its service before it answers anybody."""
        self.face = face
        self.play.face = self.research.face = self.arming.face = face

    def opened(self) -> None:
        """The face has its service: sessions may be asked about, and the file is followed."""
        self.play.opened()
        if self.file is not None:
            self.roster.edit(self.file.steps)
            self._following = asyncio.create_task(self.file.follow(self.roster.edit))

    async def close(self) -> None:
        """Follow no file any more; whatever became of that, the server closes."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    def _now(self, namespace: str) -> datetime:
        return self.face.service.clocks.now(namespace)

    # around an operation

    async def around(self, call: Call, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer as the scenarios leave it that are armed for whoever asks."""
        namespace = self._whose(call)
        if namespace is None or not (call.operation in self._operations or call.operation in ("amend", "control")):
            return await onward()
        if call.operation == "control":
            return await self._steered(call, namespace, onward)
        try:
            armed = self._standing(call, namespace)
            if not armed and self._quiet(call, namespace):
                return await onward()
            played = self._researched if _of_research(call) else self._played
            return await played(call, _Met(namespace, armed), onward)
        except Problem as problem:  # a key asks for what there is not, or what a session meets could not be kept
            return self._refusal(call, namespace, problem)

    def _quiet(self, call: Call, namespace: str) -> bool:
        """Whether a request can ask for nothing, nor its session: polls are most of what a server answers."""
        if call.operation not in _ASKING_NOTHING and not _of_research(call):
            return False
        return call.session_id is None or self.play.bindings.at_hand(namespace, call.session_id) == ()

    def _standing(self, call: Call, namespace: str) -> list[Armed]:
        """What a request meets that fits; raises 400 for a key that asks for no scenario."""
        asked = magic.of_keys(call.request.headers, self._served)
        armed = self.roster.of(namespace)
        if not armed:
            return asked
        now = self._now(namespace)
        return [*asked, *(each for each in armed if each.acts(now))]

    async def _played(self, call: Call, met: _Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        namespace = met.namespace
        revise = call.revise
        call.revise = lambda document: self._read(met, revise(document))
        if call.session_id is not None and await self.play.expire(namespace, call.session_id):
            met.played.append("expires_early")
        stale = any(armed.scenario.stale for armed in met.armed)
        if stale and call.operation in ("upload", "end"):
            reading = replace(call, operation="get", namespace=namespace)
            await self._stale.look(reading, partial(operations.get, self.face, reading))
        if call.operation == "get" and call.session_id is not None:
            await self._progress.looked(self.face, namespace, call.session_id)
        answer = await self._answered(call, met, onward)
        if stale and call.operation == "get":
            answer = self._stale.shown(call, answer, partial(self._take_stale, met, call))
        await self._follow(call, met, answer)
        if call.operation == "end" and call.session_id is not None and answer.status < 300:
            await self._progress.ended(self.face, namespace, call.session_id)
        return await self._marked(call, met, answer)

    async def _researched(self, call: Call, met: _Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The same for research sessions, whose work begins with them."""
        stale = any(armed.scenario.stale for armed in met.armed)
        if stale and self.research.changes(call):
            reading = replace(call, namespace=met.namespace)
            await self._stale.look(reading, partial(self.research.read, reading))
        reads, creates = (call.operation == OPERATIONS[name] for name in ("get", "create"))
        if reads and call.session_id is not None:
            await self.research.looked(met.namespace, call.session_id)
        with self.research.making(met.namespace) if creates else contextlib.nullcontext():
            answer = await self._answered(call, met, onward)
            await self._follow(call, met, answer)
        if stale and reads:
            answer = self._stale.shown(call, answer, partial(self._take_stale, met, call))
        if creates and answer.status == 201 and call.session_id is not None:
            await self.research.made(met.namespace, call.session_id)
        return await self._marked(call, met, answer)

    def _refusal(self, call: Call, namespace: str, problem: Problem) -> Answer:
        call.namespace = namespace
        return self.face.refusal(call, problem)

    def _whose(self, call: Call) -> str | None:
        """The namespace whose scenarios a request meets; "" for one that needs no key, None for a stranger's."""
        try:
            return self.face.keys.namespace(call.request.headers)
        except Problem:
            return "" if call.operation == "discovery" else None

    async def _steered(self, call: Call, namespace: str, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        waiting = call.request.query_params.get("session") if call.path.endswith("/wait") else None
        if waiting:
            await self.play.expire(namespace, waiting)
        answer = await onward()
        if answer.status == 200 and call.path == _RESET:
            self.roster.forget(namespace)
        return answer

    def _read(self, met: _Met, document: dict[str, Any]) -> dict[str, Any]:
        """A create as it is; its magic template ids are taken down, and refuse it where they ask for that."""
        met.asked += magic.of_document(document, self._served)
        for armed in met.asked:
            if armed.scenario.refusal is not None:
                met.played.append(armed.scenario.name)
                raise armed.scenario.refusal(armed.values)
        return document

    async def _answered(self, call: Call, met: _Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        acting = self._acting(met, call)
        if acting is None:
            return await onward()
        met.played.append(acting.scenario.name)
        if acting.scenario.refusal is not None:
            refused = self._refusal(call, met.namespace, acting.scenario.refusal(acting.values))
            return (acting.scenario.instead(acting.values) if acting.scenario.instead else None) or refused
        return await self._sent(call, met, acting, onward)

    async def _sent(self, call: Call, met: _Met, acting: Armed, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        assert acting.scenario.manner is not None, "what refuses nothing and is of requests has one"
        manner = acting.scenario.manner(acting.values)
        if manner.lasts and self._held.full(met.namespace):
            told = "Too many answers are held back by scenarios; send this one again in a moment."
            return self._refusal(call, met.namespace, problems.service_unavailable(told, _RETRY_S))
        answer = await onward()
        self._deliver(call, met, manner)
        return answer

    def _deliver(self, call: Call, met: _Met, manner: Manner) -> None:
        call.deliver = lambda response: Delivery(
            response, manner, met.namespace, self._held, lambda: self.face.stopping
        )

    def _acting(self, met: _Met, call: Call) -> Armed | None:
        """The first that acts on this request; those behind it wait for another."""
        for armed in met.armed:
            if not armed.scenario.stale and armed.meets(call.operation, call.session_id) and armed.take():
                return armed
        return None

    def _take_stale(self, met: _Met, call: Call) -> bool:
        for armed in met.armed:
            if armed.scenario.stale and armed.meets(call.operation, call.session_id) and armed.take():
                met.played.append(armed.scenario.name)
                return True
        return False

    async def _follow(self, call: Call, met: _Met, answer: Answer) -> None:
        """What an operation that was done brings with it."""
        if answer.status == 201 and call.operation in _CREATING and call.session_id is not None:
            self.play.bindings.begin(met.namespace, call.session_id)
            for armed in met.armed:
                if armed.scenario.of_sessions:
                    met.asked += [armed] if self._begins(call, armed, met) and armed.take() else []
                elif armed.session == NEXT:
                    armed.session = call.session_id
        elif answer.status == 200 and call.operation == "amend":
            with contextlib.suppress(Problem):
                met.asked += magic.of_document(call.document, self._served)
        elif answer.status == 200 and call.operation == "upload":
            self._named(call, met, answer)
        if answer.status < 300 and call.session_id is not None:
            for armed in met.asked:
                if armed.scenario.of_sessions:
                    await self._player(call).bind(met.namespace, call.session_id, armed.binding)

    def _player(self, call: Call) -> Play | ResearchPlay:
        return self.research if _of_research(call) else self.play

    def _begins(self, call: Call, armed: Armed, met: _Met) -> bool:
        """Whether a session that has just begun is one of those it is armed for."""
        if (RESEARCH if _of_research(call) else PROFILE) not in armed.scenario.profiles:
            return False
        if armed.scenario.single and any(asked.scenario is armed.scenario for asked in met.asked):
            return False
        # what one session has no room for waits for the next
        return armed.session in (None, NEXT) and fit([each.binding for each in (*met.asked, armed)])

    def _named(self, call: Call, met: _Met, answer: Answer) -> None:
        """What the name of an acknowledged file asks for."""
        name = answer.body.get("original_filename") if isinstance(answer.body, dict) else None
        found = magic.of_file(name, self._served) if isinstance(name, str) else None
        if found is None:
            return
        if found.scenario.of_sessions:
            met.asked.append(found)
        elif found.scenario.manner is not None:
            met.played.append(found.scenario.name)
            self._deliver(call, met, found.scenario.manner(found.values))

    async def _marked(self, call: Call, met: _Met, answer: Answer) -> Answer:
        """The answer with what was played in a header, and that in the session's journal."""
        refused = answer.headers.get(PLAYED)
        met.played += [refused] if refused else []
        bound: list[str] = []
        if call.session_id is not None:
            bound = await self._player(call).acting(met.namespace, call.session_id)
            journals = self.face.research if _of_research(call) else self.face.service
            for name in met.played:
                detail = {"scenario": name, "operation": call.operation, "status": answer.status}
                with contextlib.suppress(Problem):  # a session that is not there, or no room to write
                    await journals.note(met.namespace, call.session_id, "scenario_played", detail)
        names = dict.fromkeys([*met.played, *bound])
        return replace(answer, headers={**answer.headers, PLAYED: ", ".join(names)}) if names else answer
