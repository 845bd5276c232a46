"""The part of the seam that keeps the tails of audio that grows: what of it lies nowhere else for good yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

#: Steps that are read at a time: some megabytes.
STEPS_AT_ONCE = 64


class Step(NamedTuple):
    """Bytes of a key, and the place in the whole that they begin at."""

    at: int
    content: bytes


class LastForm(NamedTuple):
    """What audio became when it was over: how many bytes of it count, and those that it begins with."""

    size: int
    head: bytes


class Tails(Protocol):
    """Steps of audio by its key, as one moment has them: each begins where the one before it ends."""

    def steps(self, key: str, at: int = 0) -> list[Step]:
        """The first steps of a key that begin at a place or behind it, in their order; at most STEPS_AT_ONCE."""

    def last_form(self, key: str) -> LastForm | None:
        """What a key became; None while it grows, and for one of which nothing is kept."""

    def keys(self) -> set[str]:
        """Keys of which there are steps, or a last form."""


class TailUnit(Tails, Protocol):
    """The same, to be changed."""

    def append(self, key: str, at: int, content: bytes) -> None:
        """Keep a step right behind the last one of a key that grows; raises RuntimeError where one begins there."""

    def keep(self, key: str, at: int, content: bytes) -> None:
        """Keep a step behind the first `at` bytes of a key, which grows from now on; what stood behind those goes."""

    def settle(self, key: str, form: LastForm) -> None:
        """A key is over."""

    def drop(self, key: str, before: int) -> None:
        """Remove the steps before the last one that begins before a place, or at it."""

    def remove(self, keys: Collection[str]) -> None:
        """Remove all that is kept of these."""
