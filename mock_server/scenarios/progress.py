"""How far the work on a session is when its client looks: at once, or after so many looks."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from mock_server.problems import Problem
from mock_server.session.table import State

if TYPE_CHECKING:
    from mock_server.api.face import Face
    from mock_server.scenarios.play import Play

#: Sessions whose looks are counted; one that is forgotten is counted anew.
_MOST: Final = 4096
#: A look that shows the result waits for the work so many real seconds at most, as a wait of the control plane does.
_LONGEST_S: Final = 60.0


class Progress:
    """Lets reads of a session wait for its work where a scenario says that they show its end."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._looks: OrderedDict[tuple[str, str], int] = OrderedDict()

    async def looked(self, face: Face, namespace: str, session_id: str) -> None:
        """Before a read: count it, and wait for the work where as many were shown processing as are to be."""
        bound = await self._play.bindings.of(face.service, namespace, session_id)
        polls = max((each.scenario.polls(each.values) for each in bound if each.scenario.polls), default=None)
        if polls is None or not await _in_work(face, namespace, session_id):
            return
        looks = self._looks.get((namespace, session_id), 0) + 1
        self._put((namespace, session_id), looks)
        if looks > polls:
            await self._play.release(namespace, session_id)
            await _settled(face, namespace, session_id, _LONGEST_S)

    async def ended(self, face: Face, namespace: str, session_id: str) -> None:
        """After an end: wait for the work where the first read is to show what came of it."""
        bound = await self._play.bindings.of(face.service, namespace, session_id)
        waits = [each.scenario.waits_s(each.values) for each in bound if each.scenario.waits_s]
        if waits:
            await _settled(face, namespace, session_id, max(waits))

    def _put(self, whose: tuple[str, str], looks: int) -> None:
        self._looks[whose] = looks
        self._looks.move_to_end(whose)
        while len(self._looks) > _MOST:
            self._looks.popitem(last=False)


async def _in_work(face: Face, namespace: str, session_id: str) -> bool:
    try:
        return (await face.service.get(namespace, session_id))[1] is State.PROCESSING
    except Problem:  # a session of somebody else, or none
        return False


async def _settled(face: Face, namespace: str, session_id: str, seconds: float) -> None:
    """Return once a session is not in work any more, or after so many real seconds."""
    with face.aside(), face.service.watch.of(namespace, session_id) as event, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while await _in_work(face, namespace, session_id):
                await event.wait()
                event.clear()
