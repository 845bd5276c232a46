"""The faults that are on, as a layer between clients and the operations; these know of no fault."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server.api.order import order
from mock_server.conduct import HONEST, Conduct
from mock_server.faults.fault import Asked, Flight
from mock_server.problems import Problem
from mock_server.suggestion import hint, listed
from scribe_data import REVISION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call
    from mock_server.faults.fault import Fault
    from mock_server.settings import Settings

#: What a member of a create is where it is wrong and let pass, if leaving it out is wrong as well.
_INSTEAD = {"templates": ["soap"]}


@dataclass(frozen=True)
class _On:
    """The faults that are on for somebody, what they make of the conduct, and scratch space that they share."""

    active: tuple[Fault, ...] = ()
    conduct: Conduct = HONEST
    memory: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(faults: tuple[Fault, ...]) -> _On:
        conduct = HONEST
        for fault in faults:
            conduct = fault.conduct(conduct) if fault.conduct else conduct
        return _On(faults, conduct)


class Faults:
    """Which faults are on for whom; what is on for everybody is not for a namespace that has faults of its own."""

    def __init__(self, catalogue: Mapping[str, Fault], names: Collection[str], settings: Settings) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._for_all = _On()
        self._for: dict[str, _On] = {}
        self._flying: list[Flight] = []
        #: Whom the last request was from: what looks at no credential has to act for somebody.
        self._latest = ""
        self.switch(names)

    def switch(self, names: Collection[str], namespace: str | None = None) -> None:
        """Turn on exactly these, for one namespace or for everybody; raises ValueError for an unknown name."""
        found = _On.of(tuple(self._named(name) for name in names))
        if namespace is None:
            self._for_all = found
            self._for.clear()
        else:
            self._for[namespace] = found

    def conduct(self, namespace: str) -> Conduct:
        """How the server behaves towards a namespace."""
        return self._on(namespace).conduct

    async def around(self, call: Call, onward: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer as the faults leave it that are on for whoever asks."""
        if not (self._for_all.active or self._for):
            answer = await onward()
            self._latest = call.namespace or self._latest
            return answer
        excuse, revise = call.excuse, call.revise
        call.excuse = lambda problem: excuse(problem) or self._excused(call, problem)
        call.revise = lambda document: self._revised(call, revise(document))
        with self._flight(call.operation, call.session_id) as flight:
            flight.answer = await onward()
            self._latest = call.namespace or self._latest
            return self._rewritten(call, flight, flight.answer)

    def _on(self, namespace: str) -> _On:
        return self._for.get(namespace, self._for_all)

    def _named(self, name: str) -> Fault:
        if name not in self._catalogue:
            revision = self._settings.revision
            told = f"There is no fault {name!r}{f' in revision {revision}' if revision != REVISION else ''}."
            raise ValueError(f"{told}{hint(name, self._catalogue)}{listed('faults', self._settings.served)}")
        return self._catalogue[name]

    def _excused(self, call: Call, problem: Problem) -> str | None:
        """For whom a request acts whose credential is refused; None where that stands."""
        active = self._on(self._latest).active
        overlooked = any(fault.overlooks(call.operation, problem) for fault in active if fault.overlooks)
        return self._latest if overlooked else None

    def _revised(self, call: Call, document: dict[str, Any]) -> dict[str, Any]:
        """The body of a create without what is wrong in members that are let pass."""
        passing = frozenset().union(*(fault.lets_pass for fault in self._on(call.namespace).active))
        left = set(passing)
        while left:
            try:
                order(document, self._settings)
            except Problem as problem:
                name = (problem.details or {}).get("field")
                if name not in left:
                    break
                left.discard(name)
                document = {**{key: value for key, value in document.items() if key != name}, **_instead(name)}
            else:
                break
        return document

    @contextlib.contextmanager
    def _flight(self, operation: str, session_id: str | None) -> Iterator[Flight]:
        """A request on its way: whatever else is on its way meanwhile knows of it, and it of that."""
        flight = Flight(operation, session_id, beside=list(self._flying))
        for other in self._flying:
            other.beside.append(flight)
        self._flying.append(flight)
        try:
            yield flight
        finally:
            self._flying.remove(flight)

    def _rewritten(self, call: Call, flight: Flight, answer: Answer) -> Answer:
        found = self._on(call.namespace)
        asked = Asked(
            operation=call.operation,
            method=call.request.method,
            path=call.path,
            headers=call.request.headers,
            namespace=call.namespace,
            session_id=call.session_id,
            document=call.document,
            memory=found.memory,
            beside=flight.beside,
            query=call.request.url.query,
        )
        for fault in found.active:
            answer = fault.rewrite(asked, answer) if fault.rewrite else answer
        return answer


def _instead(name: str) -> dict[str, Any]:
    return {name: _INSTEAD[name]} if name in _INSTEAD else {}
