"""What the control plane asks of scenarios: to arm one, to bind a session that is there, to let go of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.problems import Problem
from mock_server.scenarios.armed import NEXT
from mock_server.served import LIVE, RESEARCH, WINDOWS
from scribe_data import PROFILE

if TYPE_CHECKING:
    from mock_server.api.face import Face
    from mock_server.scenarios.armed import Armed
    from mock_server.scenarios.play import Play
    from mock_server.scenarios.research import ResearchPlay
    from mock_server.scenarios.roster import Roster
    from mock_server.served import Served


class Arming:
    """Acts for a namespace, on what is armed and on the sessions of every profile."""

    def __init__(self, roster: Roster, play: Play, research: ResearchPlay, served: Served) -> None:
        self.face: Face
        self._roster = roster
        self._play = play
        self._research = research
        self._served = served

    async def arm(self, namespace: str, armed: Armed) -> bool:
        """Arm one more, or bind a session that is there to it, which is told by True.

        Raises 400 and 503 beyond the bounds, 400 for a time that is over, 404 for a session of nobody here.
        """
        now = self.face.service.clocks.now(namespace)
        armed = armed.begun(now)
        if armed.over(now):
            raise problems.invalid_request("'until' is over by the namespace's clock.", field="on.until")
        if armed.session not in (None, NEXT):
            profile = await self.look(namespace, armed.session)
            if armed.scenario.of_sessions:
                await self._bind(namespace, armed.session, profile, armed)
                return True
        self._roster.add(namespace, armed)
        return False

    async def look(self, namespace: str, session_id: str) -> str:
        """The profile of a session; 404 where it is none of the namespace's."""
        if RESEARCH in self._served.profiles and await self.face.research.owner(namespace, session_id) is not None:
            return RESEARCH
        if WINDOWS in self._served.profiles and self.face.sessions.knows(namespace, session_id):
            return WINDOWS
        if LIVE in self._served.profiles and await self.face.live.has(namespace, session_id):
            return LIVE
        try:
            await self.face.service.get(namespace, session_id)
        except Problem as problem:
            if problem.code == problems.session_not_found(session_id).code:
                problem.message += f' "{NEXT}" is the one that is created next.'
            raise
        return PROFILE

    async def _bind(self, namespace: str, session_id: str, profile: str, armed: Armed) -> None:
        """Bind a session that is there; one of which a session takes one only has to come before its end."""
        if profile not in armed.scenario.profiles:
            own = armed.scenario.profiles[0]
            told = f"{armed.scenario.name!r} is about sessions of {own}, and this is one of {profile}."
            raise problems.invalid_request(told, field="on.session")
        if profile == LIVE:
            told = (
                f"{armed.scenario.name!r} begins with a live session: 'next' is the one whose socket is opened next, "
                "and what is armed without 'session' meets each."
            )
            raise problems.invalid_request(told, field="on.session")
        if profile == WINDOWS:
            told = (
                f"{armed.scenario.name!r} begins with a session of {profile}: 'next' is the one that is started next. "
                'One that is open ends by the clock, POST /_mock/v1/clock {"advance_seconds": …}.'
            )
            raise problems.invalid_request(told, field="on.session")
        if profile == RESEARCH:
            await self._research.bind(namespace, session_id, armed.binding)
            return
        if armed.scenario.single:
            await self.face.service.reception.check_open(namespace, session_id)
        await self._play.bind(namespace, session_id, armed.binding)
        if armed.scenario.single:  # nobody is told that it counts where an end came first
            await self.face.service.reception.check_open(namespace, session_id)

    async def clear(self, namespace: str, session_id: str | None = None) -> int:
        """Disarm all, or what is for one session, and let its work begin; returns how many were armed."""
        number = self._roster.remove(namespace, lambda armed: session_id in (None, armed.session))
        await self._play.release(namespace, session_id)
        await self._research.release(namespace, session_id)
        return number
