"""What is played with live sessions: a socket that is opened meets what is armed, and so do the downloads after it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.dalston import refusal
from mock_server.dalston.trouble import NONE, Trouble, joined
from mock_server.problems import Problem
from mock_server.scenarios.armed import NEXT
from mock_server.scenarios.bindings import fit
from mock_server.scenarios.dictations import CREATE, OPERATIONS
from mock_server.served import LIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.conduct import Course
    from mock_server.dalston.trouble import Mishap
    from mock_server.scenarios.armed import Armed
    from mock_server.scenarios.bindings import Binding, Bindings
    from mock_server.session.dalston.model import Dictation
    from mock_server.session.model import Session
    from mock_server.storage.unit import JournalRow, Unit, View

#: What a scenario lets a session lack -> the requests for it, the member of the details, and how it is refused.
_PARTS: Final[Mapping[str, tuple[frozenset[str], str, Callable[[Dictation], Problem]]]] = {
    "audio": (frozenset({OPERATIONS["audio"]}), "audio_uri", refusal.no_audio),
    "transcript": (
        frozenset({OPERATIONS["transcript"], OPERATIONS["export"]}),
        "transcript_uri",
        refusal.no_transcript,
    ),
}


class LivePlay:
    """Finds what a socket meets, and keeps in the journal of its session what that is bound to."""

    def __init__(self, bindings: Bindings, standing: Callable[[Any, str], list[Armed]]) -> None:
        """`standing` has what is armed for a namespace, and what the key in the headers asks for."""
        self.face: Face
        self._bindings = bindings
        self._standing = standing

    # journals

    async def note(self, namespace: str, session_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """Append a line to a session's journal; 404 where it is none of the namespace's."""

        def change(unit: Unit) -> None:
            unit.note(_own(unit, namespace, session_id), self.face.service.clocks.now(namespace), kind, dict(detail))

        await self.face.service.write(change)

    async def journal(self, namespace: str, session_id: str) -> Sequence[JournalRow]:
        """What happened to a session, oldest first; 404 where it is none of the namespace's."""

        def look(view: View) -> list[JournalRow]:
            _own(view, namespace, session_id)
            return view.history(session_id)

        return await self.face.service.read(look)

    async def acting(self, namespace: str, session_id: str) -> list[str]:
        """The names of the scenarios that a session is bound to."""
        return [each.scenario.name for each in await self._bindings.of(self, namespace, session_id)]

    async def bind(self, namespace: str, session_id: str, binding: Binding) -> None:
        """Bind a session for good."""
        await self._bindings.bind(self, namespace, session_id, binding)

    # a socket

    async def trouble(self, namespace: str, headers: Mapping[str, str]) -> Trouble:
        """What a socket meets that is being opened; raises 400 for a key that asks for no scenario."""
        armed = self._standing(headers, namespace)
        if not armed:
            return NONE
        acting = next(
            (each for each in armed if not each.scenario.stale and each.meets(CREATE, None) and each.take()), None
        )
        if acting is not None:
            return replace(_met(acting), begun=partial(self._begun, namespace, armed))
        return Trouble(begun=partial(self._begun, namespace, armed))

    async def _begun(self, namespace: str, armed: Sequence[Armed], session_id: str) -> Mishap:
        """A session has begun: it is bound to what is armed for it, and what is armed for requests of it is its own."""
        self._bindings.begin(namespace, session_id)
        bound: list[Binding] = []
        for each in armed:
            if each.scenario.of_sessions:
                if self._begins(each, bound) and each.take():
                    bound.append(each.binding)
                    with contextlib.suppress(Problem):  # it is played all the same where no line can be kept
                        await self.bind(namespace, session_id, each.binding)
            elif each.session == NEXT and (each.operation is None or each.operation.startswith(f"{LIVE}.")):
                each.session = session_id
        return joined([each.scenario.mishap(each.values) for each in bound if each.scenario.mishap])

    @staticmethod
    def _begins(armed: Armed, bound: Sequence[Binding]) -> bool:
        fits = LIVE in armed.scenario.profiles and armed.session in (None, NEXT)
        return fits and fit([*bound, armed.binding])

    # requests

    async def lacking(self, call: Call, namespace: str, answer: Answer) -> Answer:
        """The answer about a session without what its scenarios let it lack."""
        if call.session_id is None or answer.status not in (200, 206):
            return answer
        for each in await self._bindings.of(self, namespace, call.session_id):
            if each.scenario.lacks is None:
                continue
            downloads, member, refused = _PARTS[each.scenario.lacks]
            if call.operation == OPERATIONS["get"]:
                answer = replace(answer, body={**answer.body, member: None})
            elif call.operation in downloads:
                return self.face.refusal(call, refused(await self.face.live.see(namespace, call.session_id)))
        return answer

    # the batch session behind it

    async def courses(self, job: Session) -> list[Course]:
        """How the work on a batch session goes that hears a live one again, by what that one is bound to."""
        live_id = (job.order.additional_data or {}).get("live")
        if not isinstance(live_id, str):
            return []
        found = await self.face.service.read(lambda view: view.dictations.load(live_id))
        if found is None or found.namespace != job.namespace or found.job_id != job.id:
            return []  # a client may say the same of a session of its own
        bound = await self._bindings.of(self, job.namespace, live_id)
        return [each.scenario.course(each.values) for each in bound if each.scenario.course]


def _own(view: View, namespace: str, session_id: str) -> Dictation:
    found = view.dictations.load(session_id)
    if found is None or found.namespace != namespace:
        raise problems.session_not_found(session_id)
    return found


def _met(acting: Armed) -> Trouble:
    """What a socket meets instead of a session, or on its way to one."""
    scenario, values, played = acting.scenario, acting.values, (acting.scenario.name,)
    if scenario.closes is not None:
        return Trouble(parting=scenario.closes(values), played=played)
    if scenario.refusal is not None:
        page = acting.instead
        return Trouble(refusal=scenario.refusal(values), page=(page.raw or b"") if page else b"", played=played)
    assert scenario.manner is not None, "what refuses nothing and is of requests has one"
    manner = scenario.manner(values)
    return Trouble(waits_s=manner.first_byte_s, severed=manner.reset is not None, played=played)
