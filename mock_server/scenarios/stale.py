"""What reads of sessions have shown, for reads that show a session as it was."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from mock_server.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call

#: Sessions that are remembered; of one that is not, a read shows what is.
_MOST: Final = 512


class Stale:
    """The last answer of each session that was read, or would have been just before it changed."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], Answer] = OrderedDict()

    async def look(self, reading: Call, read: Callable[[], Awaitable[Answer]]) -> None:
        """Take down what a read would show now, unless a read has shown something."""
        whose = _whose(reading)
        if whose not in self._seen:
            with contextlib.suppress(Problem):
                self._put(whose, await read())

    def shown(self, call: Call, answer: Answer, take: Callable[[], bool]) -> Answer:
        """The answer that a read gets; `take` says whether a change is to be seen late."""
        whose = _whose(call)
        if not (answer.status == 410 or (isinstance(answer.body, dict) and "session_id" in answer.body)):
            return answer  # it shows no session
        before = self._seen.get(whose)
        changed = before is not None and (before.status, before.body) != (answer.status, answer.body)
        self._put(whose, answer)
        return before if before is not None and changed and take() else answer

    def _put(self, whose: tuple[str, str], answer: Answer) -> None:
        self._seen[whose] = answer
        self._seen.move_to_end(whose)
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)


def _whose(call: Call) -> tuple[str, str]:
    return call.namespace, call.session_id or ""
