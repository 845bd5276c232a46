"""The scenarios that are armed, as a layer between clients and the operations; these know of no scenario."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.answer import PLAYED, envelope
from mock_server.problems import Problem
from mock_server.scenarios import magic
from mock_server.scenarios.armed import NEXT, Armed, spoken
from mock_server.scenarios.bindings import Binding
from mock_server.scenarios.catalogue import OPERATIONS
from mock_server.scenarios.courses import MAGIC
from mock_server.scenarios.delivery import Delivery, Held, Manner
from mock_server.scenarios.play import Play
from mock_server.scenarios.stale import Stale

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.conduct import Conduct

#: Scenarios armed at a time of one namespace, and namespaces that have any.
MOST_ARMED: Final = 50
_MOST_NAMESPACES: Final = 4096
_RETRY_S = 1
#: Operations with no template id and no name of a file.
_ASKING_NOTHING: Final = frozenset({"discovery", "templates", "get", "end"})
_RESET = "/_mock/v1/reset"


@dataclass
class _Met:
    """What one request meets: names for its answer, and what its session is bound to on account of it."""

    namespace: str
    played: list[str] = field(default_factory=list)
    asked: list[Armed] = field(default_factory=list)


class Scenarios:
    """Which scenarios are armed for whom; what a server is started with counts for each namespace by itself."""

    def __init__(self, given: Collection[str], conduct: Callable[[str], Conduct]) -> None:
        """Raises ValueError for words that name no scenario."""
        self._defaults = [_spoken(text) for text in given]
        self._for: OrderedDict[str, list[Armed]] = OrderedDict()
        self._held = Held()
        self._stale = Stale()
        self.play = Play(conduct)

    def attach(self, face: Face) -> None:
        """Belong to a face, which has its service before it answers anybody."""
        self.face = face
        self.play.face = face

    # what the control plane asks

    def armed(self, namespace: str) -> list[Armed]:
        """What is armed for a namespace."""
        found = self._for.get(namespace)
        if found is None:
            if not self._defaults:
                return []
            found = self._keep(namespace, [armed.copy() for armed in self._defaults])
        found[:] = [armed for armed in found if armed.left != 0]
        return found

    async def arm(self, namespace: str, armed: Armed) -> bool:
        """Arm one more, or bind a session that is there to it, which is told by True.

        Raises 400 beyond the bound, 404 for a session that is none of the namespace's.
        """
        before = self.armed(namespace)
        if len(before) >= MOST_ARMED:
            told = f"{MOST_ARMED} scenarios are armed already; DELETE clears them."
            raise problems.invalid_request(told, field="scenario")
        if armed.session not in (None, NEXT):
            await self.face.service.get(namespace, armed.session)
            if armed.scenario.of_sessions:
                await self._bind(namespace, armed.session, armed)
                return True
        self._keep(namespace, [*self.armed(namespace), armed])
        return False

    async def _bind(self, namespace: str, session_id: str, armed: Armed) -> None:
        """Bind a session that is there; one of which a session takes one only has to come before its end."""
        if armed.scenario.single:
            await self.face.service.check_open(namespace, session_id)
        await self.play.bind(namespace, session_id, Binding(armed.scenario, armed.values))
        if armed.scenario.single:  # nobody is told that it counts where an end came first
            await self.face.service.check_open(namespace, session_id)

    async def clear(self, namespace: str) -> int:
        """Disarm all, and let work begin that is held; returns how many were armed."""
        number = len(self.armed(namespace))
        self._keep(namespace, [])
        await self.play.release(namespace)
        return number

    def disarm(self, namespace: str, name: str) -> int:
        """Disarm all of one scenario; returns how many were armed."""
        armed = self.armed(namespace)
        left = [each for each in armed if each.scenario.name != name]
        self._keep(namespace, left)
        return len(armed) - len(left)

    def _keep(self, namespace: str, armed: list[Armed]) -> list[Armed]:
        self._for.pop(namespace, None)
        if armed or self._defaults:
            self._for[namespace] = armed
        while len(self._for) > _MOST_NAMESPACES:
            self._for.popitem(last=False)
        return armed

    # around an operation

    async def around(self, call: Call, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer as the scenarios leave it that are armed for whoever asks."""
        namespace = self._whose(call)
        if namespace is None or not (call.operation in OPERATIONS or call.operation in ("amend", "control")):
            return await onward()
        if call.operation == "control":
            return await self._steered(call, namespace, onward)
        if self._quiet(call, namespace):
            return await onward()
        try:
            return await self._played(call, _Met(namespace), onward)
        except Problem as problem:  # what a session meets could not be kept
            return envelope(problem)

    def _quiet(self, call: Call, namespace: str) -> bool:
        """Whether a request meets nothing, and can ask for nothing: polls are most of what a server answers."""
        if call.operation not in _ASKING_NOTHING or self.armed(namespace):
            return False
        return call.session_id is None or self.play.bindings.at_hand(namespace, call.session_id) == ()

    async def _played(self, call: Call, met: _Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        namespace = met.namespace
        revise = call.revise
        call.revise = lambda document: self._read(met, revise(document))
        if call.session_id is not None and await self.play.expire(namespace, call.session_id):
            met.played.append("expires_early")
        stale = any(armed.scenario.stale for armed in self.armed(namespace))
        if stale and call.operation in ("upload", "end"):
            await self._stale.look(self.face, replace(call, operation="get", namespace=namespace))
        answer = await self._answered(call, met, onward)
        if stale and call.operation == "get":
            answer = self._stale.shown(call, answer, partial(self._take_stale, met, call))
        await self._follow(call, met, answer)
        return await self._marked(call, met, answer)

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
            self._for.pop(namespace, None)
        return answer

    def _read(self, met: _Met, document: dict[str, Any]) -> dict[str, Any]:
        """A create as it is; its magic template ids are taken down, and refuse it where they ask for that."""
        met.asked += _asked(document)
        for armed in met.asked:
            if armed.scenario.refusal is not None:
                met.played.append(armed.scenario.name)
                raise armed.scenario.refusal(armed.values)
        return document

    async def _answered(self, call: Call, met: _Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        acting = self._acting(met.namespace, call)
        if acting is None:
            return await onward()
        met.played.append(acting.scenario.name)
        if acting.scenario.refusal is not None:
            call.namespace = met.namespace
            instead = acting.scenario.instead(acting.values) if acting.scenario.instead else None
            return instead or envelope(acting.scenario.refusal(acting.values))
        return await self._sent(call, met, acting, onward)

    async def _sent(self, call: Call, met: _Met, acting: Armed, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        assert acting.scenario.manner is not None, "what refuses nothing and is of requests has one"
        manner = acting.scenario.manner(acting.values)
        if manner.lasts and self._held.full(met.namespace):
            told = "Too many answers are held back by scenarios; send this one again in a moment."
            return envelope(problems.service_unavailable(told, _RETRY_S))
        answer = await onward()
        self._deliver(call, met, manner)
        return answer

    def _deliver(self, call: Call, met: _Met, manner: Manner) -> None:
        def stopping() -> bool:
            return self.face.stopping

        call.deliver = lambda response: Delivery(response, manner, met.namespace, self._held, stopping)

    def _acting(self, namespace: str, call: Call) -> Armed | None:
        """The first that acts on this request; those behind it wait for another."""
        for armed in self.armed(namespace):
            if not armed.scenario.stale and armed.meets(call.operation, call.session_id) and armed.take():
                return armed
        return None

    def _take_stale(self, met: _Met, call: Call) -> bool:
        for armed in self.armed(met.namespace):
            if armed.scenario.stale and armed.meets(call.operation, call.session_id) and armed.take():
                met.played.append(armed.scenario.name)
                return True
        return False

    async def _follow(self, call: Call, met: _Met, answer: Answer) -> None:
        """What an operation that was done brings with it."""
        if answer.status == 201 and call.operation == "create" and call.session_id is not None:
            self.play.bindings.begin(met.namespace, call.session_id)
            for armed in self.armed(met.namespace):
                if armed.scenario.of_sessions:
                    met.asked += [armed] if self._begins(armed, met) and armed.take() else []
                elif armed.session == NEXT:
                    armed.session = call.session_id
        elif answer.status == 200 and call.operation == "amend":
            with contextlib.suppress(Problem):
                met.asked += _asked(call.document)
        elif answer.status == 200 and call.operation == "upload":
            self._named(call, met, answer)
        if answer.status < 300 and call.session_id is not None:
            for armed in met.asked:
                if armed.scenario.of_sessions:
                    await self.play.bind(met.namespace, call.session_id, Binding(armed.scenario, armed.values))

    def _begins(self, armed: Armed, met: _Met) -> bool:
        """Whether a session that has just begun is one of those it is armed for."""
        if armed.scenario.single and any(asked.scenario is armed.scenario for asked in met.asked):
            return False
        return armed.session in (None, NEXT)

    def _named(self, call: Call, met: _Met, answer: Answer) -> None:
        """What the name of an acknowledged file asks for."""
        name = answer.body.get("original_filename") if isinstance(answer.body, dict) else None
        found = magic.of_file(name) if isinstance(name, str) else None
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
            found = await self.play.bindings.of(self.face.service, met.namespace, call.session_id)
            bound = [binding.scenario.name for binding in found]
            for name in met.played:
                detail = {"scenario": name, "operation": call.operation, "status": answer.status}
                with contextlib.suppress(Problem):  # a session that is not there, or no room to write
                    await self.face.service.note(met.namespace, call.session_id, "scenario_played", detail)
        names = dict.fromkeys([*met.played, *bound])
        return replace(answer, headers={**answer.headers, PLAYED: ", ".join(names)}) if names else answer


def _asked(document: object) -> list[Armed]:
    """What the template ids of a body ask for; 400 for one that begins so and is no scenario."""
    templates = document.get("templates") if isinstance(document, dict) else None
    if not isinstance(templates, list):
        return []
    magical = dict.fromkeys(name for name in templates if isinstance(name, str) and name.startswith(MAGIC))
    return [found for name in magical if (found := magic.of_template(name)) is not None]


def _spoken(text: str) -> Armed:
    try:
        return spoken(text)
    except Problem as problem:
        raise ValueError(f"--scenario {text!r}: {problem.message} `scribe-mock scenarios` lists them.") from None
