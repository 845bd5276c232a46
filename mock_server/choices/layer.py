"""The choices that are made, as a layer between clients and the operations; these know of no choice."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from mock_server.api.request import Request
from mock_server.api.session_manager.address import OPERATIONS
from mock_server.choices import recording
from mock_server.choices.address import TICKET, Addresses
from mock_server.choices.bending import BENT, bent
from mock_server.choices.catalogue import catalogue
from mock_server.choices.choice import Asked
from mock_server.choices.discovery import revalidated
from mock_server.problems import Problem
from mock_server.served import LIVE, RESEARCH
from mock_server.ticket import Tickets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.datastructures import Headers
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.choices.choice import Choice, Taken
    from mock_server.conduct import Conduct
    from mock_server.served import Served
    from mock_server.ticket import Ticket

#: The protocol's operations, and what is none of them.
_VARIED: Final = frozenset({"discovery", "templates", "create", "get", "end", "upload", "unknown"})
_OF_WINDOWS: Final = frozenset(OPERATIONS.values())
_MOST_NAMESPACES: Final = 4096
_RESET: Final = "/_mock/v1/reset"


def _is_varied(operation: str) -> bool:
    return operation in _VARIED or operation.startswith((f"{RESEARCH}.", f"{LIVE}.")) or operation in _OF_WINDOWS


@dataclass(frozen=True, eq=False)
class _Made:
    """The choices for somebody, and those of them that are not the default."""

    taken: Taken
    served: Served

    @cached_property
    def different(self) -> tuple[Choice, ...]:
        known = catalogue(*self.served).values()
        return tuple(choice for choice in known if self.taken[choice.name] != choice.default)

    @cached_property
    def bends(self) -> bool:
        return any(choice.name in BENT for choice in self.different)

    @cached_property
    def looks(self) -> bool:
        return any(choice.looks for choice in self.different)


class Choices:
    """Which choices are made for whom; what the server is started with counts where a namespace has none of its own."""

    def __init__(self, taken: Taken, conduct: Callable[[str], Conduct], served: Served) -> None:
        self._conduct = conduct
        self._served = served
        self.tickets: Tickets
        self._for_all = _Made(taken, self._served)
        self._for: OrderedDict[str, _Made] = OrderedDict()
        self._bent: dict[int, tuple[Conduct, _Made, Conduct]] = {}
        self._counts: Counter[str] = Counter()

    def attach(self, face: Face) -> None:
        """Belong to a face, which has its service before it answers anybody."""
        self.face = face

    def opened(self, secret: bytes) -> None:
        """Upload URLs may be given, sealed with a secret."""
        self.tickets = Tickets(secret)

    def elsewhere(self, app: ASGIApp) -> ASGIApp:
        """The application, with operations at the addresses of the choices too."""
        return Addresses(app, self)

    def any(self) -> bool:
        """Whether a choice is made otherwise than by default, for anybody."""
        return bool(self._for or self._for_all.different)

    def taken(self, namespace: str) -> Taken:
        """The choices for a namespace, "" for somebody without a key."""
        return self._made(namespace).taken

    def take(self, taken: Taken, namespace: str | None = None) -> None:
        """Make choices, for one namespace or for everybody who has none of their own."""
        if namespace is None:
            self._for_all = _Made(taken, self._served)
            self._for.clear()
            return
        self._for.pop(namespace, None)
        self._for[namespace] = _Made(taken, self._served)
        if len(self._for) > _MOST_NAMESPACES:
            self._for.popitem(last=False)

    def forget(self, namespace: str) -> None:
        """Back to what the server is started with."""
        self._for.pop(namespace, None)
        self._counts.pop(namespace, None)

    def conduct(self, namespace: str) -> Conduct:
        """How the server behaves towards a namespace."""
        base, made = self._conduct(namespace), self._made(namespace)
        if not made.bends:
            return base
        known = self._bent.get(id(made))
        if known is None or known[0] is not base or known[1] is not made:
            if len(self._bent) > _MOST_NAMESPACES:
                self._bent.clear()
            known = self._bent[id(made)] = base, made, bent(base, made.taken)
        return known[2]

    def whose(self, headers: Headers) -> str | None:
        """The namespace of a request's key; None without a valid one."""
        try:
            return self.face.keys.namespace(headers)
        except Problem:
            return None

    def around(self, call: Call, onward: Callable[[], Awaitable[Answer]]) -> Awaitable[Answer]:
        """The answer as the choices have it for whoever asks."""
        if call.operation == "control":
            return self._steered(call, onward)
        ticket: Ticket | None = call.request.scope.get(TICKET)
        if not _is_varied(call.operation) or (ticket is None and not self.any()):
            return onward()
        return self._chosen(call, ticket, onward)

    async def _chosen(self, call: Call, ticket: Ticket | None, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        namespace = call.namespace or self.whose(call.request.headers) or ""
        made = self._made(namespace or (ticket.namespace if ticket else ""))
        asked = Asked(self.face, call, made.taken, self.tickets, partial(self._turn, namespace), namespace)
        if ticket is not None and (made.taken.get("ticket_suffices") or call.operation == recording.AUDIO):
            asked = replace(asked, namespace=ticket.namespace)
            call.excuse = lambda _problem: ticket.namespace
        return await self._varied(asked, made, onward)

    def _made(self, namespace: str) -> _Made:
        return self._for.get(namespace, self._for_all)

    def _turn(self, namespace: str, every: int) -> bool:
        if len(self._counts) > _MOST_NAMESPACES:
            self._counts.clear()
        self._counts[namespace] += 1
        return self._counts[namespace] % every == 0

    async def _steered(self, call: Call, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        answer = await onward()
        if answer.status == 200 and call.path == _RESET:
            self.forget(call.namespace)
        return answer

    async def _varied(self, asked: Asked, made: _Made, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        call = asked.call
        validator = call.request.headers.get("if-none-match", "") if call.operation == "discovery" else ""
        _read_heads(asked, made)
        call.revise = partial(_read, asked, made)
        for choice in reversed(made.different):
            if choice.around is not None:
                onward = partial(choice.around, asked, onward)
        answer = await onward()
        asked = await self._looked(replace(asked, state=_state(answer)), made, answer)
        for choice in made.different:
            answer = choice.rewrites(asked, answer) if choice.rewrites else answer
        deliver = call.deliver
        call.deliver = lambda response: deliver(_finished(asked, made, response))
        return revalidated(answer, validator) if call.operation == "discovery" else answer

    async def _looked(self, asked: Asked, made: _Made, answer: Answer) -> Asked:
        """With the session of the answer, where a choice looks at that."""
        call = asked.call
        wanted = made.looks and call.operation in ("create", "get", "end") and call.namespace
        if not wanted or call.session_id is None or (answer.status >= 300 and asked.state is None):
            return asked
        try:
            session, _ = await self.face.service.get(call.namespace, call.session_id)
        except Problem:  # a reset took it away
            return asked
        return replace(asked, session=session)


def _read_heads(asked: Asked, made: _Made) -> None:
    """The request with its headers as the choices look at them."""
    call = asked.call
    before = headers = list(call.request.scope["headers"])
    if call.operation == "discovery":  # what a client has is compared with what is told in the end
        headers = [(name, value) for name, value in headers if name != b"if-none-match"]
    for choice in made.different:
        headers = choice.heads(asked, headers) if choice.heads else headers
    if headers != before:
        call.request = Request({**call.request.scope, "headers": headers}, call.request.receive)


def _read(asked: Asked, made: _Made, document: dict[str, Any]) -> dict[str, Any]:
    for choice in made.different:
        document = choice.reads(asked, document) if choice.reads else document
    return document


def _state(answer: Answer) -> str | None:
    body = answer.body
    found = body.get("status") if isinstance(body, dict) and "session_id" in body else None
    return found if isinstance(found, str) else None


def _finished(asked: Asked, made: _Made, response: Response) -> Response:
    for choice in made.different:
        response = choice.finishes(asked, response) if choice.finishes else response
    return response
