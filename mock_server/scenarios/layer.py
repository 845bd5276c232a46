"""The scenarios that are armed, as a layer between clients and the operations; these know of no scenario."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server.api import operations
from mock_server.api.answer import PLAYED
from mock_server.api.session_manager.address import END, REPLAY, START
from mock_server.api.session_manager.address import OPERATIONS as WINDOW_OPERATIONS
from mock_server.auth import presented
from mock_server.problems import Problem
from mock_server.scenarios import magic
from mock_server.scenarios.acting import Acting
from mock_server.scenarios.armed import NEXT, begun_with
from mock_server.scenarios.arming import Arming
from mock_server.scenarios.bindings import Bindings, fit
from mock_server.scenarios.catalogue import catalogue
from mock_server.scenarios.dictations import CREATE
from mock_server.scenarios.file import ScenarioFile
from mock_server.scenarios.inquiries import OPERATIONS
from mock_server.scenarios.met import Met
from mock_server.scenarios.parlour import LivePlay
from mock_server.scenarios.play import Play
from mock_server.scenarios.progress import Progress
from mock_server.scenarios.research import ResearchPlay
from mock_server.scenarios.roster import Roster
from mock_server.scenarios.sitting import WindowPlay
from mock_server.scenarios.stale import Stale
from mock_server.scenarios.tally import Tally
from mock_server.served import LIVE, RESEARCH, WINDOWS
from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime
    from pathlib import Path

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.conduct import Conduct
    from mock_server.scenarios.armed import Armed
    from mock_server.served import Served

#: Operations with no template id and no name of a file.
_ASKING_NOTHING: Final = frozenset({"discovery", "templates", "get", "end"})
_RESET = "/_mock/v1/reset"
_CREATING: Final = frozenset({"create", OPERATIONS["create"]})


@functools.cache
def _profile(operation: str) -> str:
    """The profile that an operation is of."""
    if operation in WINDOW_OPERATIONS.values():
        return WINDOWS
    found = operation.partition(".")[0]
    return found if found in (RESEARCH, LIVE) else PROFILE


def _asks_by_itself(call: Call) -> bool:
    """Whether a request asks for nothing in its body, and what its session is bound to is known by its path."""
    return call.operation in _ASKING_NOTHING or _profile(call.operation) in (RESEARCH, LIVE)


class Scenarios:
    """The scenarios of a server, between clients and its operations."""

    def __init__(
        self, given: Collection[str], file: Path | None, conduct: Callable[[str], Conduct], served: Served
    ) -> None:
        """Raises ValueError for words that name no scenario of what is served, and for a file that cannot be used."""
        self._served = served
        self.file = ScenarioFile(file, served) if file else None
        self.roster = Roster([begun_with(text, served) for text in given], self._now)
        self._acting = Acting()
        self._tally = Tally()
        self._stale = Stale()
        self._following: asyncio.Task[None] | None = None
        bindings = Bindings(served)
        self.research = ResearchPlay(bindings)
        self.windows = WindowPlay()
        self.live = LivePlay(bindings, lambda headers, namespace: self._armed(presented(headers), namespace))
        self.play = Play(conduct, bindings, self.research.way, self.live, served)
        self._progress = Progress(self.play)
        self.arming = Arming(self.roster, self.play, self.research, served)
        known = catalogue(*served).values()
        self._operations = {name for scenario in known for name in scenario.operations}

    def attach(self, face: Face) -> None:
        """Belong to a face, which has its service before it answers anybody."""
        self.face = face
        self.play.face = self.research.face = self.windows.face = self.live.face = face
        self.arming.face = self._acting.face = face

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
            ways = {
                PROFILE: self._played, RESEARCH: self._researched, WINDOWS: self._windowed, LIVE: self._dictated
            }  # fmt: skip
            return await ways[_profile(call.operation)](call, Met(namespace, armed), onward)
        except Problem as problem:  # a key asks for what there is not, or what a session meets could not be kept
            return self._acting.refusal(call, namespace, problem)

    def _quiet(self, call: Call, namespace: str) -> bool:
        """Whether a request can ask for nothing, nor its session: polls are most of what a server answers."""
        if not _asks_by_itself(call):
            return _profile(call.operation) == WINDOWS
        return call.session_id is None or self.play.bindings.at_hand(namespace, call.session_id) == ()

    def _standing(self, call: Call, namespace: str) -> list[Armed]:
        """What a request meets that fits; raises 400 for a key that asks for no scenario."""
        return self._armed(call.credentials, namespace)

    def _armed(self, credentials: Collection[str], namespace: str) -> list[Armed]:
        """What is armed for a namespace, behind what the key among the credentials asks for."""
        asked = magic.of_keys(credentials, self._served)
        armed = self.roster.of(namespace)
        if not armed:
            return asked
        now = self._now(namespace)
        return [*asked, *(each for each in armed if each.acts(now))]

    async def _played(self, call: Call, met: Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        namespace = met.namespace
        revise = call.revise
        call.revise = lambda document: self._read(met, revise(document))
        if call.session_id is not None and await self.play.expire(namespace, call.session_id):
            met.played.append("expires_early")
        stale = met.stale
        if stale and call.operation in ("upload", "end"):
            reading = replace(call, operation="get", namespace=namespace)
            await self._stale.look(reading, partial(operations.get, self.face, reading))
        if call.operation == "get" and call.session_id is not None:
            await self._progress.looked(self.face, namespace, call.session_id)
        answer = await self._acting.answered(call, met, onward)
        if stale and call.operation == "get":
            answer = self._stale.shown(call, answer, partial(met.take_stale, call))
        await self._follow(call, met, answer)
        if call.operation == "end" and call.session_id is not None and answer.status < 300:
            await self._progress.ended(self.face, namespace, call.session_id)
        return await self._marked(call, met, answer)

    async def _researched(self, call: Call, met: Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The same for research sessions, whose work begins with them."""
        stale = met.stale
        if stale and self.research.changes(call):
            reading = replace(call, namespace=met.namespace)
            await self._stale.look(reading, partial(self.research.read, reading))
        reads, creates = (call.operation == OPERATIONS[name] for name in ("get", "create"))
        if reads and call.session_id is not None:
            await self.research.looked(met.namespace, call.session_id)
        with self.research.making(met.namespace) if creates else contextlib.nullcontext():
            answer = await self._acting.answered(call, met, onward)
            await self._follow(call, met, answer)
        if stale and reads:
            answer = self._stale.shown(call, answer, partial(met.take_stale, call))
        if creates and answer.status == 201 and call.session_id is not None:
            await self.research.made(met.namespace, call.session_id)
        return await self._marked(call, met, answer)

    async def _windowed(self, call: Call, met: Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The same for the session manager, on whose sessions no work follows."""
        self.windows.name(call)
        call.lasts = partial(self.windows.lasts, met)
        played = self._acting.inside if self.windows.waits_for_body(call, met) else self._acting.answered
        answer = await played(call, met, onward)
        if answer.status == 200 and call.session_id is not None:
            if call.operation == START:
                for armed in met.armed:
                    _name_next(call, armed)
            elif call.operation == END and met.stale:
                earlier = partial(self.windows.before_its_end, met.namespace, call.session_id)
                await self._stale.look(call, earlier)
            elif call.operation == REPLAY and met.stale:
                answer = self._stale.shown(call, answer, partial(met.take_stale, call))
        return _marked(met.played, answer)

    async def _dictated(self, call: Call, met: Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The same for requests about live sessions; what is armed for their sockets meets no plain request."""
        if call.operation == CREATE:
            return await onward()
        answer = await self._acting.answered(call, met, onward)
        answer = await self.live.lacking(call, met.namespace, answer)
        return await self._marked(call, met, answer)

    def _whose(self, call: Call) -> str | None:
        """The namespace whose scenarios a request meets; "" for one that needs no key, None for a stranger's."""
        try:
            return call.namespace or call.opens(self.face.keys)
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

    def _read(self, met: Met, document: dict[str, Any]) -> dict[str, Any]:
        """A create as it is; its magic template ids are taken down, and refuse it where they ask for that."""
        met.asked += magic.of_document(document, self._served)
        for armed in met.asked:
            if armed.scenario.refusal is not None:
                met.played.append(armed.scenario.name)
                raise armed.scenario.refusal(armed.values)
        return document

    async def _follow(self, call: Call, met: Met, answer: Answer) -> None:
        """What an operation that was done brings with it."""
        if answer.status == 201 and call.operation in _CREATING and call.session_id is not None:
            self.play.bindings.begin(met.namespace, call.session_id)
            for armed in met.armed:
                if armed.scenario.of_sessions:
                    met.asked += [armed] if self._begins(call, armed, met) and armed.take() else []
                else:
                    _name_next(call, armed)
        elif answer.status == 200 and call.operation == "amend":
            with contextlib.suppress(Problem):
                met.asked += magic.of_document(call.document, self._served)
        elif answer.status == 200 and call.operation == "upload":
            self._named(call, met, answer)
        if answer.status < 300 and call.session_id is not None:
            for armed in met.asked:
                if armed.scenario.of_sessions:
                    await self._player(call).bind(met.namespace, call.session_id, armed.binding)

    def _player(self, call: Call) -> Play | ResearchPlay | LivePlay:
        players: dict[str, Play | ResearchPlay | LivePlay] = {RESEARCH: self.research, LIVE: self.live}
        return players.get(_profile(call.operation), self.play)

    def _begins(self, call: Call, armed: Armed, met: Met) -> bool:
        """Whether a session that has just begun is one of those it is armed for."""
        if _profile(call.operation) not in armed.scenario.profiles:
            return False
        if armed.scenario.single and any(asked.scenario is armed.scenario for asked in met.asked):
            return False
        # what one session has no room for waits for the next
        return armed.session in (None, NEXT) and fit([each.binding for each in (*met.asked, armed)])

    def _named(self, call: Call, met: Met, answer: Answer) -> None:
        """What the name of an acknowledged file asks for."""
        name = answer.body.get("original_filename") if isinstance(answer.body, dict) else None
        found = magic.of_file(name, self._served) if isinstance(name, str) else None
        if found is None:
            return
        if found.scenario.of_sessions:
            met.asked.append(found)
        elif found.scenario.manner is not None:
            met.played.append(found.scenario.name)
            self._acting.deliver(call, met, found.scenario.manner(found.values))

    async def _marked(self, call: Call, met: Met, answer: Answer) -> Answer:
        """The answer with what was played in a header, and that in the session's journal."""
        refused = answer.headers.get(PLAYED)
        met.played += [refused] if refused else []
        bound: list[str] = []
        if call.session_id is not None:
            bound = await self._player(call).acting(met.namespace, call.session_id)
            profile = _profile(call.operation)
            journals = (
                self.live if profile == LIVE else self.face.research if profile == RESEARCH else self.face.service
            )
            for name in met.played:
                with contextlib.suppress(Problem):  # a session that is not there, or no room to write
                    play = name, call.operation, answer.status
                    await self._tally.note(journals, met.namespace, call.session_id, play)
        return _marked([*met.played, *bound], answer)


def _name_next(call: Call, armed: Armed) -> None:
    """What is armed for requests of the next session is for the one that has just begun, if it may be about that."""
    fits = armed.operation is None or _profile(armed.operation) == _profile(call.operation)
    if armed.session == NEXT and not armed.scenario.of_sessions and fits:
        armed.session = call.session_id


def _marked(names: list[str], answer: Answer) -> Answer:
    if not names:
        return answer
    return replace(answer, headers={**answer.headers, PLAYED: ", ".join(dict.fromkeys(names))})
