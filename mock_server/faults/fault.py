"""What a fault is, and what it may know of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mock_server.api.answer import Answer
    from mock_server.conduct import Conduct
    from mock_server.problems import Problem


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
    query: str = ""
    #: The requests that were being answered while this one was.
    beside: Sequence[Flight] = ()

    def meanwhile(self, operation: str) -> Sequence[Flight]:
        """Those of one operation about the same session."""
        return [each for each in self.beside if (each.operation, each.session_id) == (operation, self.session_id)]


@dataclass(frozen=True)
class Fault:
    """One defect: a changed conduct, a rewriting of finished answers, or both; `breaks` lists requirement ids.

    `overlooks` says of an operation whether a refused credential is let in, `lets_pass` names members of a create that
    are not held against the rules: what is wrong counts as left out.
    `reading` is the one in which these go red: what only the strict reading forbids is disputed in the lenient one.
    """

    name: str
    vice: str
    breaks: tuple[str, ...]
    conduct: Callable[[Conduct], Conduct] | None = None
    rewrite: Callable[[Asked, Answer], Answer] | None = None
    reading: Literal["lenient", "strict"] = "lenient"
    overlooks: Callable[[str, Problem], bool] | None = None
    lets_pass: frozenset[str] = frozenset()
