"""What the control plane tells of past exchanges."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_server.clock import stamp

if TYPE_CHECKING:
    from datetime import datetime

#: Exchanges a namespace can look back on, and namespaces that can.
_REMEMBERED, _REMEMBERING = 200, 256


class Outline(NamedTuple):
    """One exchange: no header, no body, no key; `at` by the namespace's clock.

    Code, message and field are those of the answer to a request that was refused.
    """

    at: datetime
    operation: str
    method: str
    path: str
    status: int
    session_id: str | None
    code: str | None = None
    message: str | None = None
    field: str | None = None
    #: What was played of scenarios, if anything was.
    scenario: str | None = None


class Outlines:
    """The outlines of a namespace's last exchanges, for its own eyes."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, deque[Outline]] = OrderedDict()

    def keep(self, namespace: str, outline: Outline) -> None:
        """Remember one exchange; the namespace that was silent longest is forgotten for a new one."""
        found = self._seen.pop(namespace, None)
        self._seen[namespace] = found = deque(maxlen=_REMEMBERED) if found is None else found
        found.append(outline)
        while len(self._seen) > _REMEMBERING:
            self._seen.popitem(last=False)

    def of(self, namespace: str) -> list[dict[str, Any]]:
        """Oldest first."""
        return [outline._asdict() | {"at": stamp(outline.at)} for outline in self._seen.get(namespace, ())]

    def forget(self, namespace: str) -> None:
        """Begin anew."""
        self._seen.pop(namespace, None)
