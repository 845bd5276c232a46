"""What is played with sessions of the session manager, whose ids stand in bodies and queries, and not in paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mock_server.api.order import LONGEST_ID
from mock_server.api.session_manager.address import END, MESSAGE, REPLAY
from mock_server.api.session_manager.operations import timeline
from mock_server.log.window import told
from mock_server.scenarios.armed import NEXT
from mock_server.served import WINDOWS

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.scenarios.met import Met

#: The operations whose body names the session that they are about.
_NAMING: Final = frozenset({END, MESSAGE})


class WindowPlay:
    """Finds the session of a request, and gives sessions that begin their time."""

    def __init__(self) -> None:
        self.face: Face

    @staticmethod
    def name(call: Call) -> None:
        """Tell the session of a request by its query; one that stands in a body is not known before that is read."""
        if call.operation == REPLAY:
            call.session_id = call.request.query_params.get("session_id", "")[:LONGEST_ID] or None

    @staticmethod
    def waits_for_body(call: Call, met: Met) -> bool:
        """Whether the body of a request has to be read before it is clear what acts on it."""
        return call.operation in _NAMING and any(
            armed.session is not None and call.operation in armed.scenario.operations for armed in met.armed
        )

    @staticmethod
    def lasts(met: Met) -> float | None:
        """Seconds that a session lasts which begins now; None where nothing is armed that says so."""
        for armed in met.armed:
            fits = armed.scenario.expires_s is not None and WINDOWS in armed.scenario.profiles
            if fits and armed.session in (None, NEXT) and armed.take():
                met.played.append(armed.scenario.name)
                return armed.scenario.expires_s(armed.values) if armed.scenario.expires_s else None
        return None

    async def before_its_end(self, namespace: str, session_id: str) -> Answer:
        """What a read of a session that has just ended would have shown before."""
        window, lines = await self.face.sessions.replay(namespace, session_id)
        return timeline(told(lines[:-1]), lines[:-1]) if window.ended else timeline(window, lines)


def named(call: Call, document: dict[str, Any]) -> None:
    """Tell the session of a request by its body."""
    found = document.get("session_id")
    call.session_id = found[:LONGEST_ID] if isinstance(found, str) else None
