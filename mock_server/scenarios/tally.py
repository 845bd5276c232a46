"""How often each scenario was played with a session, told in its journal by ever fewer lines."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

from mock_server.scenarios.bindings import PLAYED

if TYPE_CHECKING:
    from mock_server.scenarios.bindings import Journals

#: Sessions whose counts are at hand; those of others are read from their journals.
_AT_HAND: Final = 4096
#: A scenario, the operation it met, and the status of the answer.
Play: TypeAlias = tuple[str, str, int]


class Tally:
    """Counts by session. A journal has the first play, the second, the fourth and so on, each with how many it makes.

    So a client that is refused a million times leaves twenty lines.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Counter[Play]] = OrderedDict()

    async def note(self, journals: Journals, namespace: str, session_id: str, play: Play) -> None:
        """Count one, and write it where a line is due; raises as the journals do."""
        whose = namespace, session_id
        counts = self._known.get(whose)
        if counts is None:
            counts = self._known.setdefault(whose, await _read(journals, namespace, session_id))
            while len(self._known) > _AT_HAND:
                self._known.popitem(last=False)
        counts[play] = times = counts[play] + 1
        if times & (times - 1) == 0:
            scenario, operation, status = play
            detail = {"scenario": scenario, "operation": operation, "status": status, "times": times}
            await journals.note(namespace, session_id, PLAYED, detail)


async def _read(journals: Journals, namespace: str, session_id: str) -> Counter[Play]:
    """What a journal tells of earlier plays, at least."""
    found: Counter[Play] = Counter()
    for row in await journals.journal(namespace, session_id):
        if row.kind == PLAYED:
            told = row.detail
            found[told["scenario"], told["operation"], told["status"]] = told.get("times", 1)
    return found
