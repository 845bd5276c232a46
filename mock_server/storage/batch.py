"""One transaction of the writer: sessions as they are in memory, and what is still to be written of them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from mock_server.session.table import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mock_server.session.model import Session

    #: Sessions as the tables have them (None: not yet) and as they are, journal rows, and steps of audio.
    Unwritten: TypeAlias = tuple[list[tuple[Session | None, Session]], list[dict[str, Any]], list[dict[str, Any]]]

#: Sessions somebody may ask for again soon; a transcript and its notes are some ten kilobytes.
_MOST_KEPT = 2000


class Recent:
    """Sessions as committed, at hand without a query; right because one process owns the data directory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Session] = OrderedDict()
        #: Sessions in processing by namespace; None until somebody has counted them.
        self.in_work: Counter[str] | None = None

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

    def forget(self, session_ids: Iterable[str]) -> None:
        """Sessions of which nobody knows any more what the database holds, nor how many are in processing."""
        for session_id in session_ids:
            self._kept.pop(session_id, None)
        self.in_work = None


class Batch:
    """One transaction of the writer; a change in it is kept or dropped as a whole.

    Sessions, journal rows and steps of audio are written together before the commit, or before a statement that has to
    see them.
    """

    def __init__(self, recent: Recent) -> None:
        #: A statement of the transaction has failed: what the tables hold is uncertain, and it must not be committed.
        self.spoiled = False
        self._recent = recent
        self._kept: dict[str, Session | None] = {}
        self._lines: list[dict[str, Any]] = []
        self._steps: list[dict[str, Any]] = []
        #: What the tables hold of the sessions that were touched; None for one that is new.
        self._written: dict[str, Session | None] = {}
        self._in_work = recent.in_work
        self._changed: dict[str, Session | None] = {}
        self._noted: list[dict[str, Any]] = []
        self._stepped: list[dict[str, Any]] = []
        self._more_work: Counter[str] = Counter()

    def get(self, session_id: str) -> tuple[bool, Session | None]:
        """Whether the session is at hand, and what it is in this transaction; None when it was removed."""
        for layer in (self._changed, self._kept):
            if session_id in layer:
                return True, layer[session_id]
        session = self._recent.get(session_id)
        return session is not None, session

    def put(self, before: Session | None, after: Session) -> None:
        """The session as this change leaves it; `before` is None for a new one."""
        was = before is not None and before.state is State.PROCESSING
        if more := (after.state is State.PROCESSING) - was:
            self._more_work[after.namespace] += more
        self._written.setdefault(after.id, before)
        self._changed[after.id] = after

    def remove(self, session_id: str) -> None:
        """Forget the session; the caller deletes its rows."""
        self._changed[session_id] = None
        self._in_work = None

    def note(self, line: dict[str, Any]) -> None:
        """A journal row of this change."""
        self._noted.append(line)

    def step(self, row: dict[str, Any]) -> None:
        """A step of audio of this change."""
        self._stepped.append(row)

    @property
    def in_work(self) -> Counter[str] | None:
        """Sessions in processing by namespace, if that is known without a query."""
        return None if self._in_work is None else self._in_work + self._more_work

    def counted(self, in_work: Counter[str]) -> None:
        """Take over a count of the tables, in which everything is written."""
        self._in_work = in_work - self._more_work

    def keep(self) -> None:
        """The change stands."""
        self._kept |= self._changed
        self._lines += self._noted
        self._steps += self._stepped
        if self._in_work is not None and self._more_work:
            self._in_work = self._in_work + self._more_work
        self.drop()

    def drop(self) -> None:
        """The change did not happen."""
        self._changed, self._noted, self._stepped, self._more_work = {}, [], [], Counter()

    @contextmanager
    def writing(self) -> Iterator[Unwritten]:
        """What the tables lack; it counts as written once the block has ended well, and spoils the batch otherwise."""
        now = self._kept | self._changed
        moved = [
            (self._written[session_id], session)
            for session_id, session in now.items()
            if session is not None and self._written.get(session_id) is not session
        ]
        try:
            yield moved, self._lines + self._noted, self._steps + self._stepped
        except BaseException:
            self.spoiled = True
            raise
        self._written |= now
        self._lines, self._noted, self._steps, self._stepped = [], [], [], []

    def committed(self) -> None:
        """Everything kept is true from now on."""
        self._recent.settle(self._kept)
        self._recent.in_work = self._in_work

    def abandoned(self) -> None:
        """Nobody knows what became of the transaction: the database is asked again about all that it touched."""
        self._recent.forget(self._kept | self._changed)
