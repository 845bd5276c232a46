"""What one request meets of what is armed for its namespace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.api.face import Call
    from mock_server.scenarios.armed import Armed


@dataclass
class Met:
    """Names for the answer of one request, and what its session is bound to on account of it."""

    namespace: str
    #: What stands against it: by its key, and armed for its namespace.
    armed: list[Armed]
    played: list[str] = field(default_factory=list)
    asked: list[Armed] = field(default_factory=list)

    @property
    def stale(self) -> bool:
        """Whether reads are to show sessions as they were."""
        return any(armed.scenario.stale for armed in self.armed)

    def acting(self, call: Call) -> Armed | None:
        """The first that acts on this request; those behind it wait for another."""
        for armed in self.armed:
            if not armed.scenario.stale and armed.meets(call.operation, call.session_id) and armed.take():
                self.played.append(armed.scenario.name)
                return armed
        return None

    def take_stale(self, call: Call) -> bool:
        """Whether a change is shown late to this read."""
        for armed in self.armed:
            if armed.scenario.stale and armed.meets(call.operation, call.session_id) and armed.take():
                self.played.append(armed.scenario.name)
                return True
        return False
