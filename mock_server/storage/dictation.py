"""The part of the seam that keeps live sessions and what was said in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mock_server.storage.unit import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mock_server.session.dalston.model import Dictation, Utterance
    from mock_server.storage.unit import Place, Search


@dataclass(frozen=True)
class Selection:
    """Which sessions of a namespace are meant, in which order; None leaves all. Both moments belong to them."""

    namespace: str
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    oldest_first: bool = False
    #: Whether the order is that of places, and behind which one it begins: for pages that go on from each other.
    placed: bool = False
    behind: Place | None = None


class Dictations(Protocol):
    """Live sessions, as one moment has them."""

    def load(self, dictation_id: str) -> Dictation | None:
        """The session; None where there is none."""

    def said(self, dictation_id: str) -> list[Utterance]:
        """What is kept of what was said in it, the first first."""

    def last_said(self, dictation_id: str) -> Utterance | None:
        """The last of it; None where nothing is kept."""

    def page(self, meant: Selection, *, limit: int, skip: int) -> list[Dictation]:
        """Up to `limit` of those that are meant behind the first `skip`, in the order that is meant."""

    def count(self, meant: Selection) -> int:
        """How many are meant."""

    def latest(
        self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL
    ) -> list[Dictation]:
        """Up to `limit` sessions, latest first; `after` is the last one of the page before."""

    def is_former(self, dictation_id: str) -> bool:
        """Whether another session goes on from this one."""

    def active(self) -> list[Dictation]:
        """Those that have not come to an end."""

    def due(self) -> list[Dictation]:
        """Those that came to an end and are to be heard again."""

    def forgetful(self, namespace: str | None = None) -> list[Dictation]:
        """Those over, of a namespace or of all, whose audio and words are kept for a number of days and still there."""

    def audio_keys(self) -> set[str]:
        """Every key that a session refers to."""


class DictationUnit(Dictations, Protocol):
    """Live sessions in a change."""

    def create(self, dictation: Dictation) -> None:
        """Keep a new session; raises RuntimeError when its id is taken."""

    def save(self, before: Dictation, after: Dictation) -> None:
        """Keep what a step made of a session; raises RuntimeError when it left the state it was read in meanwhile."""

    def keep(self, dictation_id: str, said: Sequence[Utterance]) -> None:
        """Keep more of what was said in a session; raises RuntimeError for a number that is kept already."""

    def take_over(self, former_id: str, dictation_id: str) -> None:
        """Keep all that was said in one session of another as well, in which nothing was said yet."""

    def forget(self, dictation_id: str) -> None:
        """Remove what was said in a session."""

    def remove(self, dictation: Dictation) -> list[str]:
        """Remove a session with all that was said; returns the keys of its audio, which nobody needs now.

        Of its journal the last line stays, and sessions that went on from it are linked to nothing from then on.
        """
