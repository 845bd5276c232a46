"""What the control plane tells of past exchanges."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_server.api.redaction import shown
from mock_server.api.trail import path_of
from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mock_server.api.credentials import Secrets
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
    secrets: Secrets

    @property
    def session(self) -> str | None:
        """The id of its session, as anybody may see it."""
        return self.session_id and shown(self.session_id, self.secrets, len(self.session_id))

    def outline(self) -> Outline:
        """As anybody may see it."""
        return Outline(
            self.at,
            self.operation,
            self.method,
            path_of(self.path, self.secrets),
            self.status,
            self.session,
            *self.why,
            scenario=self.scenario,
        )


class Outlines:
    """The outlines of a namespace's last exchanges, for its own eyes."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, deque[tuple[int, Glimpse]]] = OrderedDict()
        #: How many there were in all since the start, whoever's they were.
        self.number = 0

    def keep(self, namespace: str, glimpse: Glimpse) -> None:
        """Remember one exchange; the namespace that was silent longest is forgotten for a new one."""
        found = self._seen.pop(namespace, None)
        self._seen[namespace] = found = deque(maxlen=_REMEMBERED) if found is None else found
        self.number += 1
        found.append((self.number, glimpse))
        while len(self._seen) > _REMEMBERING:
            self._seen.popitem(last=False)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Those that have been heard of lately."""
        return tuple(self._seen)

    def of(self, namespace: str) -> list[dict[str, Any]]:
        """Oldest first."""
        outlines = [glimpse.outline() for _, glimpse in self._seen.get(namespace, ())]
        return [outline._asdict() | {"at": stamp(outline.at)} for outline in outlines]

    def since(self, namespace: str, number: int) -> tuple[int, list[str | None]]:
        """What there was in all, and the sessions of a namespace that were asked about behind a number, each once."""
        if self.number == number:
            return number, []
        new = [glimpse for count, glimpse in self._seen.get(namespace, ()) if count > number]
        return self.number, list(dict.fromkeys(glimpse.session for glimpse in new))

    def asked(self, number: int) -> Iterator[str]:
        """The namespaces that had an exchange behind a number."""
        for namespace, found in reversed(self._seen.items()):
            if found[-1][0] <= number:
                return
            yield namespace

    def forget(self, namespace: str) -> None:
        """Begin anew."""
        self._seen.pop(namespace, None)
