"""What a run learns of words for states that no text has: whether sessions go on from them, or stay there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import scribe_data
from conformance.vocabulary.stamps import LAG

if TYPE_CHECKING:
    from conformance.evidence import Exchange

#: Seconds for a session at a word at which another one has stayed.
_NO_LONGER = LAG
#: Of a word that is told.
_MOST = 80


@cache
def _states() -> frozenset[str]:
    """The words that any text has for a state: a service may be one of another revision than it is graded as."""
    kinds = scribe_data.profiles()
    cycles = [scribe_data.load(kind, name).lifecycle for kind in kinds for name in scribe_data.revisions(kind)]
    return frozenset(word for cycle in cycles for word in (*cycle.states, *cycle.aliases))


def odd_word(x: Exchange) -> str | None:
    """What a read says of its session's state, if no text has that word; None for all else."""
    told = x.document.get("status")
    if not x.accepted or (isinstance(told, str) and told in _states()):
        return None
    return repr(told)[:_MOST] if told is not None else None


class Lingering:
    """Shared by all journeys of a run: a word may stand for work that goes on until a session has stayed at it."""

    def __init__(self) -> None:
        #: Word -> how many seconds a session stayed at it.
        self._stayed: dict[str, float] = {}
        #: Words from which a session went on: their service is slow, and no more.
        self._passing: set[str] = set()

    def wait(self, usual: float) -> Wait:
        """The wait for one session."""
        return Wait(self, usual)

    def has_stayed(self, word: str | None) -> float | None:
        """How long a session stayed at a word from which none has gone on."""
        return None if word is None or word in self._passing else self._stayed.get(word)

    def stay(self, word: str, seconds: float) -> None:
        """Note that a session stayed at a word."""
        self._stayed.setdefault(word, seconds)

    def passed(self, words: set[str]) -> None:
        """Note that a session went on from words."""
        self._passing |= words


class Wait:
    """The wait for one session, and the odd words that its reads showed."""

    def __init__(self, run: Lingering, usual: float) -> None:
        self._run = run
        self._usual = usual
        self._shown: set[str] = set()

    def seconds(self, x: Exchange) -> float:
        """How long a session that shows this is waited for."""
        word = odd_word(x)
        if word is not None:
            self._shown.add(word)
        return self._usual if self._run.has_stayed(word) is None else min(self._usual, _NO_LONGER)

    def rested(self) -> None:
        """Note that the session came to its end."""
        self._run.passed(self._shown)

    def stayed(self, last: Exchange, option: str) -> str:
        """Note that the session did not, with a word on how long that was waited for, by which option."""
        word, seconds = odd_word(last), self.seconds(last)
        self._run.passed(self._shown - {word})
        before = self._run.has_stayed(word)
        if before is not None:
            return f"after {seconds:g} s; the text has no such state, and another session stayed at it for {before:g} s"
        told = f"after {seconds:g} s ({option}) in which no other session came to its end either"
        if word is None or not self._usual:
            return told
        self._run.stay(word, self._usual)
        return f"{told}; the text has no such state, so others that show it are waited for {_NO_LONGER:g} s at most"
