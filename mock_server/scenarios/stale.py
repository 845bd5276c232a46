"""What reads of sessions have shown, for reads that show a session as it was."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from mock_server.api import operations
from mock_server.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face

#: Sessions that are remembered; of one that is not, a read shows what is.
_MOST: Final = 512


class Stale:
    """The last answer of each session that was read, or would have been just before it changed."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Answer] = OrderedDict()

    async def look(self, face: Face, reading: Call) -> None:
        """Take down what a read would show now, unless a read has shown something."""
        if reading.session_id is not None and reading.session_id not in self._seen:
            with contextlib.suppress(Problem):
                self._put(reading.session_id, await operations.get(face, reading))

    def shown(self, call: Call, answer: Answer, take: Callable[[], bool]) -> Answer:
        """The answer that a read gets; `take` says whether a change is to be seen late."""
        if call.session_id is None or answer.status == 404:
            return answer
        before = self._seen.get(call.session_id)
        changed = before is not None and (before.status, before.body) != (answer.status, answer.body)
        self._put(call.session_id, answer)
        return before if before is not None and changed and take() else answer

    def _put(self, session_id: str, answer: Answer) -> None:
        self._seen[session_id] = answer
        self._seen.move_to_end(session_id)
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)
