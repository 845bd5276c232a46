"""Tails of audio in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server.storage.memory_inquiries import ABSENT
from mock_server.storage.tail import STEPS_AT_ONCE, LastForm, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


@dataclass
class TailTables:
    """What is kept, by keys; the steps of one are in their order."""

    steps: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    forms: dict[str, LastForm] = field(default_factory=dict)


class MemoryTails:
    """What is kept of them."""

    def __init__(self, kept: TailTables) -> None:
        self._kept = kept

    def steps(self, key: str, at: int = 0) -> list[Step]:
        """The first steps of a key that begin at a place or behind it."""
        return [step for step in self._kept.steps.get(key, ()) if step.at >= at][:STEPS_AT_ONCE]

    def last_form(self, key: str) -> LastForm | None:
        """What a key became."""
        return self._kept.forms.get(key)

    def keys(self) -> set[str]:
        """Keys of which there are steps, or a last form."""
        return {*self._kept.steps, *self._kept.forms}


class MemoryTailUnit(MemoryTails):
    """Changes of them."""

    def __init__(self, kept: TailTables, put: Callable[[dict[Any, Any], object, object], None]) -> None:
        super().__init__(kept)
        self._put = put

    def append(self, key: str, at: int, content: bytes) -> None:
        """Keep a step right behind the last one."""
        known = self._kept.steps.get(key, ())
        if any(step.at == at for step in known):
            raise RuntimeError(f"a step of {key} begins at {at} already")
        self._put(self._kept.steps, key, (*known, Step(at, content)))

    def keep(self, key: str, at: int, content: bytes) -> None:
        """Keep a step behind the first `at` bytes."""
        left = [Step(step.at, step.content[: at - step.at]) for step in self._kept.steps.get(key, ()) if step.at < at]
        self._put(self._kept.steps, key, (*left, Step(at, content)))
        self._put(self._kept.forms, key, ABSENT)

    def settle(self, key: str, form: LastForm) -> None:
        """A key is over."""
        self._put(self._kept.forms, key, form)

    def drop(self, key: str, before: int) -> None:
        """Remove the steps before the last one that begins before a place, or at it."""
        known = self._kept.steps.get(key, ())
        reaches = max((step.at for step in known if step.at <= before), default=0)
        self._put(self._kept.steps, key, tuple(step for step in known if step.at >= reaches) or ABSENT)

    def remove(self, keys: Collection[str]) -> None:
        """Remove all that is kept of these."""
        for key in keys:
            self._put(self._kept.steps, key, ABSENT)
            self._put(self._kept.forms, key, ABSENT)
