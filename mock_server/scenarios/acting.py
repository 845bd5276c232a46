"""How what acts on a request is carried out: a refusal instead of the operation, or trouble on its answer's way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.problems import Problem
from mock_server.scenarios.delivery import Delivery, Held, Manner
from mock_server.scenarios.sitting import named

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.scenarios.armed import Armed
    from mock_server.scenarios.met import Met

_RETRY_S: Final = 1


class Acting:
    """Plays the one scenario that acts on a request."""

    def __init__(self) -> None:
        self.face: Face
        self._held = Held()

    def refusal(self, call: Call, namespace: str, problem: Problem) -> Answer:
        """A refusal in the words of the profile that is asked, told to whoever asked."""
        call.namespace = namespace
        return self.face.refusal(call, problem)

    async def answered(self, call: Call, met: Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of an operation, or what a client gets instead of it."""
        acting = met.acting(call)
        if acting is None:
            return await onward()
        try:
            manner = self._manner(met, acting)
        except Problem as problem:
            return acting.instead or self.refusal(call, met.namespace, problem)
        answer = await onward()
        self.deliver(call, met, manner)
        return answer

    async def inside(self, call: Call, met: Met, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The same where it stands in the body which session a request is about."""
        found: list[Armed] = []
        revise = call.revise

        def read(document: dict[str, Any]) -> dict[str, Any]:
            document = revise(document)
            named(call, document)
            acting = met.acting(call)
            if acting is not None:
                found.append(acting)
                self.deliver(call, met, self._manner(met, acting))
            return document

        call.revise = read
        answer = await onward()
        return next((page for acting in found if (page := acting.instead)), answer)

    def _manner(self, met: Met, acting: Armed) -> Manner:
        """How an answer gets on its way; raises what a client gets instead of it."""
        if acting.scenario.refusal is not None:
            raise acting.scenario.refusal(acting.values)
        assert acting.scenario.manner is not None, "what refuses nothing and is of requests has one"
        manner = acting.scenario.manner(acting.values)
        if manner.lasts and self._held.full(met.namespace):
            told = "Too many answers are held back by scenarios; send this one again in a moment."
            raise problems.service_unavailable(told, _RETRY_S)
        return manner

    def deliver(self, call: Call, met: Met, manner: Manner) -> None:
        """Let the answer get on its way like this."""
        call.deliver = lambda response: Delivery(
            response, manner, met.namespace, self._held, lambda: self.face.stopping
        )
