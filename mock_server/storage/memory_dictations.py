"""Live sessions in memory: the same promises as on a disk, until the process ends."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mock_server.session.dalston.table import State
from mock_server.storage.memory_inquiries import ABSENT, place
from mock_server.storage.unit import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_server.session.dalston.model import Dictation, Utterance
    from mock_server.storage.dictation import Selection
    from mock_server.storage.unit import Place, Search


@dataclass
class DictationTables:
    """All that is kept of them; dictionaries keep the order in which sessions were made."""

    dictations: dict[str, Dictation] = field(default_factory=dict)
    said: dict[str, tuple[Utterance, ...]] = field(default_factory=dict)


def _is_meant(each: Dictation, meant: Selection) -> bool:
    return (
        each.namespace == meant.namespace
        and meant.state in (None, each.state.value)
        and (meant.since is None or each.created_at >= meant.since)
        and (meant.until is None or each.created_at <= meant.until)
        and (meant.behind is None or _is_behind(each, meant.behind, oldest_first=meant.oldest_first))
    )


def _is_behind(each: Dictation, spot: Place, *, oldest_first: bool) -> bool:
    return place(each) > place(spot) if oldest_first else place(each) < place(spot)


class MemoryDictations:
    """What is kept."""

    def __init__(self, kept: DictationTables) -> None:
        self._kept = kept

    def load(self, dictation_id: str) -> Dictation | None:
        """The session, or None."""
        return self._kept.dictations.get(dictation_id)

    def said(self, dictation_id: str) -> list[Utterance]:
        """What is kept of what was said in it."""
        return list(self._kept.said.get(dictation_id, ()))

    def last_said(self, dictation_id: str) -> Utterance | None:
        """The last of it, or None."""
        return next(reversed(self._kept.said.get(dictation_id, ())), None)

    def page(self, meant: Selection, *, limit: int, skip: int) -> list[Dictation]:
        """Up to `limit` of those that are meant behind the first `skip`, in the order that is meant."""
        found = self._meant(meant)
        if meant.placed:
            found.sort(key=place)
        return found[:: 1 if meant.oldest_first else -1][skip : skip + limit]

    def count(self, meant: Selection) -> int:
        """How many are meant."""
        return len(self._meant(meant))

    def latest(
        self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL
    ) -> list[Dictation]:
        """Up to `limit` sessions, latest first."""
        ours = (each for each in self._kept.dictations.values() if each.namespace == namespace)
        left = (each for each in ours if after is None or place(each) < place(after))
        return heapq.nlargest(limit, (each for each in left if self._is_looked_for(each, search)), key=place)

    def is_former(self, dictation_id: str) -> bool:
        """Whether another session goes on from this one."""
        return any(each.previous_id == dictation_id for each in self._kept.dictations.values())

    def active(self) -> list[Dictation]:
        """Those that have not come to an end."""
        return [each for each in self._kept.dictations.values() if each.state is State.ACTIVE]

    def due(self) -> list[Dictation]:
        """Those that came to an end and are to be heard again."""
        return [each for each in self._kept.dictations.values() if each.final and each.job_due]

    def forgetful(self, namespace: str | None = None) -> list[Dictation]:
        """Those over whose audio and words are kept for a number of days and still there."""
        ours = (each for each in self._kept.dictations.values() if namespace in (None, each.namespace))
        return [each for each in ours if each.forgets_at is not None]

    def audio_keys(self) -> set[str]:
        """Every key that a session refers to."""
        return {each.audio_key for each in self._kept.dictations.values() if each.audio_key}

    def _meant(self, meant: Selection) -> list[Dictation]:
        found = (each for each in self._kept.dictations.values() if _is_meant(each, meant))
        return sorted(found, key=lambda each: each.created_at)  # what was taken back stands behind its place

    def _is_looked_for(self, each: Dictation, search: Search) -> bool:
        if search.states and each.state.value not in search.states:
            return False
        texts = (each.id, each.wanted.model, each.wanted.language, *(said.text for said in self.said(each.id)))
        return not search.words or any(search.words.lower() in text.lower() for text in texts)


class MemoryDictationUnit(MemoryDictations):
    """One change, made in place; `put` knows how to take it back, `forget_journal` leaves the last line of one."""

    def __init__(
        self,
        kept: DictationTables,
        put: Callable[[dict[Any, Any], object, object], None],
        forget_journal: Callable[[str], None],
    ) -> None:
        super().__init__(kept)
        self._put = put
        self._forget_journal = forget_journal

    def create(self, dictation: Dictation) -> None:
        """Keep a new session."""
        if dictation.id in self._kept.dictations:
            raise RuntimeError(f"{dictation.id} is there already")
        self._put(self._kept.dictations, dictation.id, dictation)

    def save(self, before: Dictation, after: Dictation) -> None:
        """Keep what a step made of a session."""
        now = self._kept.dictations.get(before.id)
        if now is None or now.state is not before.state:
            raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")
        self._put(self._kept.dictations, after.id, after)

    def keep(self, dictation_id: str, said: Sequence[Utterance]) -> None:
        """Keep more of what was said in a session."""
        known = self._kept.said.get(dictation_id, ())
        if {each.number for each in known} & {each.number for each in said}:
            raise RuntimeError(f"{dictation_id} has one of these already")
        self._put(self._kept.said, dictation_id, tuple(sorted((*known, *said), key=lambda each: each.number)))

    def take_over(self, former_id: str, dictation_id: str) -> None:
        """Keep all that was said in one session of another as well."""
        self.keep(dictation_id, self._kept.said.get(former_id, ()))

    def forget(self, dictation_id: str) -> None:
        """Remove what was said in a session."""
        self._put(self._kept.said, dictation_id, ABSENT)

    def remove(self, dictation: Dictation) -> list[str]:
        """Remove a session with all that was said."""
        self._forget(dictation.id)
        self._forget_journal(dictation.id)
        for each in [each for each in self._kept.dictations.values() if each.previous_id == dictation.id]:
            self._put(self._kept.dictations, each.id, replace(each, previous_id=None))
        return [dictation.audio_key] if dictation.audio_key else []

    def clear(self, namespace: str) -> tuple[int, list[str]]:
        """Remove all that a namespace has; returns how many sessions, and the audio keys set free."""
        ours = [each for each in self._kept.dictations.values() if each.namespace == namespace]
        for each in ours:
            self._forget(each.id)
        return len(ours), [each.audio_key for each in ours if each.audio_key]

    def _forget(self, name: str) -> None:
        for table in (self._kept.dictations, self._kept.said):
            self._put(table, name, ABSENT)
