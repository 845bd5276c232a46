"""What the control plane tells of past exchanges."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_server.api.redaction import shown
from mock_server.api.trail import path_of
from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from mock_server.api.trail import Reason

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


class Glimpse(NamedTuple):
    """What an outline is made of, still with its secrets: most are never looked at."""

    at: datetime
    operation: str
    method: str
    path: str
    status: int
    session_id: str | None
    why: Reason
    scenario: str | None
    secrets: Collection[str]

    def outline(self) -> Outline:
        """As anybody may see it."""
        return Outline(
            self.at,
            self.operation,
            self.method,
            path_of(self.path, self.secrets),
            self.status,
            self.session_id and shown(self.session_id, self.secrets, len(self.session_id)),
            *self.why,
            scenario=self.scenario,
        )


class Outlines:
    """The outlines of a namespace's last exchanges, for its own eyes."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, deque[Glimpse]] = OrderedDict()

    def keep(self, namespace: str, glimpse: Glimpse) -> None:
        """Remember one exchange; the namespace that was silent longest is forgotten for a new one."""
        found = self._seen.pop(namespace, None)
        self._seen[namespace] = found = deque(maxlen=_REMEMBERED) if found is None else found
        found.append(glimpse)
        while len(self._seen) > _REMEMBERING:
            self._seen.popitem(last=False)

    def of(self, namespace: str) -> list[dict[str, Any]]:
        """Oldest first."""
        outlines = [glimpse.outline() for glimpse in self._seen.get(namespace, ())]
        return [outline._asdict() | {"at": stamp(outline.at)} for outline in outlines]

    def forget(self, namespace: str) -> None:
        """Begin anew."""
        self._seen.pop(namespace, None)
