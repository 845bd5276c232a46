"""What a fault is, and which are active for whom."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from mock_server.conduct import HONEST, Conduct

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from mock_server.api.answer import Answer


@dataclass(eq=False)
class Flight:
    """A request that is being answered, and those that are or were meanwhile; `answer` is there once it has one."""

    operation: str
    session_id: str | None
    answer: Answer | None = None
    beside: list[Flight] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """What a fault may know of a request; `memory` is scratch space faults share."""

    operation: str
    method: str
    path: str
    headers: Mapping[str, str]
    namespace: str | None
    session_id: str | None
    document: Any = None
    memory: dict[str, Any] = field(default_factory=dict)
    #: The requests that were being answered while this one was.
    beside: Sequence[Flight] = ()


@dataclass(frozen=True)
class Fault:
    """One defect: a changed conduct, a rewriting of finished answers, or both; `breaks` lists requirement ids.

    `reading` is the one in which these go red: what only the strict reading forbids is disputed in the lenient one.
    """

    name: str
    vice: str
    breaks: tuple[str, ...]
    conduct: Callable[[Conduct], Conduct] | None = None
    rewrite: Callable[[Asked, Answer], Answer] | None = None
    reading: Literal["lenient", "strict"] = "lenient"


class Faults:
    """The faults that are on."""

    def __init__(self, catalogue: Mapping[str, Fault], names: Collection[str] = ()) -> None:
        self._catalogue = catalogue
        self.active: tuple[Fault, ...] = ()
        self.conduct: Conduct = HONEST
        self.memory: dict[str, Any] = {}
        self._flying: list[Flight] = []
        self.switch(names)

    def switch(self, names: Collection[str]) -> None:
        """Turn on exactly these; raises ValueError with a suggestion for an unknown name."""
        self.active = tuple(self._named(name) for name in names)
        self.memory = {}
        conduct = HONEST
        for fault in self.active:
            conduct = fault.conduct(conduct) if fault.conduct else conduct
        self.conduct = conduct

    def _named(self, name: str) -> Fault:
        if name not in self._catalogue:
            near = get_close_matches(name, self._catalogue, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `scribe-mock faults` lists them."
            raise ValueError(f"There is no fault {name!r}.{hint}")
        return self._catalogue[name]

    @contextlib.contextmanager
    def flight(self, operation: str, session_id: str | None) -> Iterator[Flight]:
        """A request on its way: whatever else is on its way meanwhile knows of it, and it of that."""
        flight = Flight(operation, session_id, beside=list(self._flying))
        for other in self._flying:
            other.beside.append(flight)
        self._flying.append(flight)
        try:
            yield flight
        finally:
            self._flying.remove(flight)

    def rewrite(self, asked: Asked, answer: Answer) -> Answer:
        """The answer as the active faults leave it."""
        for fault in self.active:
            answer = fault.rewrite(asked, answer) if fault.rewrite else answer
        return answer
