"""What rides on the writer's connection: sessions as they are in memory, and journal rows to be written together."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mock_server.session.model import Session

#: Sessions somebody may ask for again soon; a transcript and its notes are some ten kilobytes.
_MOST_KEPT = 2000


class Recent:
    """Sessions as committed, at hand without a query; right because one process owns the data directory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Session] = OrderedDict()

    def get(self, session_id: str) -> Session | None:
        """The session, or None when it is not at hand."""
        return self._kept.get(session_id)

    def settle(self, changed: dict[str, Session | None]) -> None:
        """Take over what a commit made true; None stands for removed."""
        for session_id, session in changed.items():
            if session is None:
                self._kept.pop(session_id, None)
            else:
                self._kept[session_id] = session
                self._kept.move_to_end(session_id)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


class Batch:
    """One transaction of the writer; a change in it is kept or dropped as a whole."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._sessions: dict[str, Session | None] = {}
        self._lines: list[dict[str, Any]] = []
        self._changed: dict[str, Session | None] = {}
        self._noted: list[dict[str, Any]] = []

    @staticmethod
    def of(connection: Connection) -> Batch | None:
        """The batch a connection is part of; None for a reader's."""
        found: Batch | None = connection.info.get("batch")
        return found

    def get(self, session_id: str) -> tuple[bool, Session | None]:
        """Whether the session is at hand, and what it is in this transaction; None when it was removed."""
        for layer in (self._changed, self._sessions):
            if session_id in layer:
                return True, layer[session_id]
        session = self._recent.get(session_id)
        return session is not None, session

    def put(self, session_id: str, session: Session | None) -> None:
        """The session as this change leaves it."""
        self._changed[session_id] = session

    def note(self, line: dict[str, Any]) -> None:
        """A journal row of this change."""
        self._noted.append(line)

    def keep(self) -> None:
        """The change stands."""
        self._sessions |= self._changed
        self._lines += self._noted
        self.drop()

    def drop(self) -> None:
        """The change did not happen."""
        self._changed, self._noted = {}, []

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Journal rows to be written before the commit."""
        return self._lines

    def committed(self) -> None:
        """Everything kept is true from now on."""
        self._recent.settle(self._sessions)
