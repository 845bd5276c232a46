"""Names for audio that came without one (E82)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.session.model import Session

#: Sessions whose nameless files are counted at a time; one that fell out is counted from its list again.
_COUNTED = 1024


class Numbering:
    """No two files that arrive together get the same name."""

    def __init__(self) -> None:
        self._next: OrderedDict[str, int] = OrderedDict()

    def next(self, session: Session) -> str:
        """`audio_` and the number of files before this one, or the next that is free."""
        taken = {file.name for file in session.files}
        number = max(len(taken), self._next.pop(session.id, 0))
        while f"audio_{number}" in taken:
            number += 1
        self._next[session.id] = number + 1
        while len(self._next) > _COUNTED:
            self._next.popitem(last=False)
        return f"audio_{number}"
