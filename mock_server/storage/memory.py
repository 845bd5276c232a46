"""Sessions and their journal in memory: the same promises as on a disk, until the process ends.

For tests, and for servers that live no longer than one. A store belongs to one thread at a time.
"""

from __future__ import annotations

import heapq
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from mock_server.session.table import State
from mock_server.storage import StorageError
from mock_server.storage.following import follow
from mock_server.storage.memory_audio import MemoryAudio
from mock_server.storage.memory_dictations import DictationTables, MemoryDictations, MemoryDictationUnit
from mock_server.storage.memory_inquiries import ABSENT as _ABSENT
from mock_server.storage.memory_inquiries import InquiryTables, MemoryInquiries, MemoryInquiryUnit, place
from mock_server.storage.memory_tails import MemoryTails, MemoryTailUnit, TailTables
from mock_server.storage.unit import ALL, Cleared, Held, JournalRow, Unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mock_server.clock import Pace
    from mock_server.session.model import Session
    from mock_server.storage import Keeping
    from mock_server.storage.unit import Place, Search, Stretch, Subject, Unit, View

T = TypeVar("T")


@dataclass
class _Kept:
    """All that is kept, by what names it."""

    sessions: dict[str, Session] = field(default_factory=dict)
    #: Attempts that have begun.
    begun: dict[str, int] = field(default_factory=dict)
    #: The journal of each session, in tuples that only ever get longer.
    journal: dict[str, tuple[JournalRow, ...]] = field(default_factory=dict)
    #: The same lines by their numbers, each with whose it is.
    news: dict[int, tuple[str, JournalRow]] = field(default_factory=dict)
    clocks: dict[str, Pace] = field(default_factory=dict)
    traffic: dict[str, tuple[Stretch, ...]] = field(default_factory=dict)
    inquiries: InquiryTables = field(default_factory=InquiryTables)
    dictations: DictationTables = field(default_factory=DictationTables)
    tails: TailTables = field(default_factory=TailTables)
    lines: int = 0

    def __post_init__(self) -> None:
        self.inquiries.journal = self.journal


class _View:
    """What is kept."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept

    @property
    def inquiries(self) -> MemoryInquiries:
        return MemoryInquiries(self._kept.inquiries)

    @property
    def dictations(self) -> MemoryDictations:
        return MemoryDictations(self._kept.dictations)

    @property
    def tails(self) -> MemoryTails:
        return MemoryTails(self._kept.tails)

    def load(self, session_id: str) -> Session | None:
        return self._kept.sessions.get(session_id)

    def page(self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL) -> list[Session]:
        ours = (each for each in self._kept.sessions.values() if each.namespace == namespace)
        left = (each for each in ours if after is None or place(each) < place(after))
        return heapq.nlargest(limit, (each for each in left if _is_meant(each, search)), key=place)

    def number(self, namespace: str) -> int:
        return sum(session.namespace == namespace for session in self._kept.sessions.values())

    def history(self, session_id: str) -> list[JournalRow]:
        return list(self._kept.journal.get(session_id, ()))

    def news(self, namespace: str, after: int, limit: int) -> list[JournalRow]:
        new = (row for number, (whose, row) in self._kept.news.items() if number > after and whose == namespace)
        return heapq.nsmallest(limit, new, key=lambda row: row.number)

    def last_line(self, namespace: str | None) -> int:
        return max((n for n, (whose, _) in self._kept.news.items() if namespace in (None, whose)), default=0)

    def in_work(self) -> Mapping[str, int]:
        return Counter(session.namespace for session in self._in_processing())

    def unfinished(self) -> list[Unfinished]:
        waiting = sorted(self._in_processing(), key=lambda session: session.ended_at or session.created_at)
        return [Unfinished(each.id, each.namespace, self._kept.begun.get(each.id, 0)) for each in waiting]

    def audio_keys(self) -> set[str]:
        files = {file.key for session in self._kept.sessions.values() for file in session.files}
        return files | self.dictations.audio_keys()

    def unended(self, namespace: str) -> list[tuple[str, datetime]]:
        ours = (session for session in self._kept.sessions.values() if session.namespace == namespace)
        found = [(each.id, each.expires_at) for each in ours if each.ended_at is None and not each.expiry_noted]
        return sorted(found, key=lambda entry: (entry[1], entry[0]))

    def listing(self, file_name: str) -> list[tuple[str, str]]:
        found = (each for each in self._kept.sessions.values() if each.ended_at is None and not each.expiry_noted)
        return [(each.namespace, each.id) for each in found if any(file.name == file_name for file in each.files)]

    def clocks(self) -> dict[str, Pace]:
        return dict(self._kept.clocks)

    def clock(self, namespace: str) -> Pace | None:
        return self._kept.clocks.get(namespace)

    def traffic(self, namespace: str) -> list[Stretch]:
        return list(self._kept.traffic.get(namespace, ()))

    def traffic_held(self, namespace: str | None = None) -> dict[str, list[Held]]:
        names = self._kept.traffic if namespace is None else (namespace,)
        found = {name: self.traffic(name) for name in names}
        return {
            name: [Held(each.last, each.last - each.first + 1, len(each.told)) for each in kept]
            for name, kept in found.items()
            if kept
        }

    def _in_processing(self) -> list[Session]:
        return [session for session in self._kept.sessions.values() if session.state is State.PROCESSING]


class _Unit(_View):
    """One change, made in place and taken back where it does not stand."""

    def __init__(self, kept: _Kept) -> None:
        super().__init__(kept)
        self.following: list[Callable[[], object]] = []
        self._before: list[tuple[dict[Any, Any], object, object]] = []

    @property
    def inquiries(self) -> MemoryInquiryUnit:
        return MemoryInquiryUnit(self._kept.inquiries, self._put, self._forget_journal)

    @property
    def dictations(self) -> MemoryDictationUnit:
        return MemoryDictationUnit(self._kept.dictations, self._put, self._forget_journal)

    @property
    def tails(self) -> MemoryTailUnit:
        return MemoryTailUnit(self._kept.tails, self._put)

    def create(self, session: Session) -> None:
        if session.id in self._kept.sessions:
            raise RuntimeError(f"session {session.id} exists")
        self._put(self._kept.sessions, session.id, session)

    def save(self, before: Session, after: Session) -> None:
        now = self._kept.sessions.get(before.id)
        if now is None or now.state is not before.state:
            raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")
        self._put(self._kept.sessions, after.id, after)

    def note(self, session: Subject, at: datetime, kind: str, detail: Mapping[str, Any]) -> None:
        plain = json.loads(json.dumps(dict(detail)))  # nobody else's to change, and nothing that a disk could not keep
        self._kept.lines += 1
        line = JournalRow(self._kept.lines, session.id, at, kind, plain)
        self._put(self._kept.journal, session.id, (*self._kept.journal.get(session.id, ()), line))
        self._put(self._kept.news, line.number, (session.namespace, line))

    def claim(self, session_ids: Sequence[str], begun: int) -> tuple[str, ...]:
        claimed = tuple(name for name in session_ids if self._is_unclaimed(name, begun))
        for session_id in claimed:
            self._put(self._kept.begun, session_id, begun + 1)
        return claimed

    def _is_unclaimed(self, session_id: str, begun: int) -> bool:
        session = self._kept.sessions.get(session_id)
        in_work = session is not None and session.state is State.PROCESSING
        return in_work and self._kept.begun.get(session_id, 0) == begun

    def remove(self, session: Session) -> list[str]:
        for table in (self._kept.sessions, self._kept.begun):
            self._put(table, session.id, _ABSENT)
        self._forget_journal(session.id)
        return [file.key for file in session.files]

    def clear(self, namespace: str) -> Cleared:
        ours = [session for session in self._kept.sessions.values() if session.namespace == namespace]
        for session in ours:
            self.remove(session)
        researched = self.inquiries.clear(namespace)
        dictated, recorded = self.dictations.clear(namespace)
        for number in [number for number, (whose, _) in self._kept.news.items() if whose == namespace]:
            self._put(self._kept.journal, self._kept.news[number][1].session_id, _ABSENT)
            self._put(self._kept.news, number, _ABSENT)
        self._put(self._kept.clocks, namespace, _ABSENT)
        self._put(self._kept.traffic, namespace, _ABSENT)
        keys = [file.key for session in ours for file in session.files]
        return Cleared(len(ours) + len(researched) + dictated, [*keys, *recorded])

    def set_clock(self, namespace: str, pace: Pace) -> None:
        self._put(self._kept.clocks, namespace, pace)

    def keep_traffic(self, stretches: Sequence[Stretch]) -> None:
        for stretch in stretches:
            self._put(self._kept.traffic, stretch.namespace, (*self.traffic(stretch.namespace), stretch))

    def drop_traffic(self, namespace: str, number: int | None) -> None:
        left = tuple(each for each in self.traffic(namespace) if number is not None and each.last > number)
        self._put(self._kept.traffic, namespace, left or _ABSENT)

    def afterwards(self, call: Callable[[], object]) -> None:
        self.following.append(call)

    def take_back(self) -> None:
        """Leave everything as it was before the change."""
        for table, key, value in reversed(self._before):
            _place_in(table, key, value)

    def _forget_journal(self, session_id: str) -> None:
        *earlier, last = self._kept.journal.get(session_id) or (None,)
        for line in earlier:
            self._put(self._kept.news, line.number, _ABSENT)
        self._put(self._kept.journal, session_id, (last,) if last else _ABSENT)

    def _put(self, table: dict[Any, Any], key: object, value: object) -> None:
        self._before.append((table, key, table.get(key, _ABSENT)))
        _place_in(table, key, value)


def _is_meant(session: Session, search: Search) -> bool:
    if search.states and session.state.value not in search.states:
        return False
    if search.expired_at is not None:
        passed = session.expiry_noted or session.expires_at <= search.expired_at
        if (session.ended_at is None and passed) is not search.expired:
            return False
    texts = (session.id, json.dumps(vars(session.order)), session.transcript or "")
    return not search.words or any(search.words.lower() in text.lower() for text in texts)


def _place_in(table: dict[Any, Any], key: object, value: object) -> None:
    if value is _ABSENT:
        table.pop(key, None)
    else:
        table[key] = value


class MemoryStore:
    """A `Store` that is gone with its process."""

    def __init__(self) -> None:
        self._kept = _Kept()
        self._closed = False
        #: Nobody opens it again.
        self.identity = os.urandom(16).hex()

    async def write(self, change: Callable[[Unit], T]) -> T:
        """Run a change at once."""
        self._check()
        unit = _Unit(self._kept)
        try:
            value = change(unit)
        except BaseException:
            unit.take_back()
            raise
        follow(unit.following)
        return value

    def at_hand(self, session_id: str) -> Session | None:
        """The session."""
        return self._kept.sessions.get(session_id)

    async def read(self, look: Callable[[View], T]) -> T:
        """Look at what is kept."""
        self._check()
        return look(_View(self._kept))

    def close(self) -> None:
        """Refuse whatever comes from now on."""
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise StorageError("The store is closed.")


@dataclass(frozen=True)
class MemoryKeeping:
    """What a service keeps its sessions in while its process lives."""

    store: MemoryStore = field(default_factory=MemoryStore)
    audio: MemoryAudio = field(default_factory=MemoryAudio)
    superseded = False
    direct: None = None

    def shortage(self) -> str | None:
        """Why nothing can be stored now; None while there is room."""
        return self.audio.shortage()

    async def release(self) -> None:
        """Nothing is kept back: a change that frees takes no room."""

    async def fill(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Forget everything."""
        self.store.close()
        self.audio.close()


def open_memory() -> Keeping:
    """An empty one."""
    return MemoryKeeping()
