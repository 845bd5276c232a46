"""The lifecycle of sessions as a value: one machine for each profile and revision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.session.table import Event, State  # noqa: F401 - named in strings: table.py imports this module

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, eq=False)
class Automaton(Generic[S, E]):
    """What moves a session from which state to which, and what a state means to whoever looks.

    `moves` has every state, and None for a session that does not exist yet; an event that is not listed is refused.
    `ranks` orders the states for whoever shows them, `statuses` has the code that GET answers in a state.
    """

    profile: str
    revision: str
    moves: Mapping[S | None, Mapping[E, S]]
    terminal: frozenset[S]
    ranks: Mapping[S, int]
    statuses: Mapping[S, int]

    def __post_init__(self) -> None:
        """Keep copies that nobody can change."""
        frozen = MappingProxyType({state: MappingProxyType(dict(moves)) for state, moves in self.moves.items()})
        object.__setattr__(self, "moves", frozen)
        object.__setattr__(self, "ranks", MappingProxyType(dict(self.ranks)))
        object.__setattr__(self, "statuses", MappingProxyType(dict(self.statuses)))

    def after(self, state: S | None, event: E) -> S | None:
        """The state that an event leads to; None where it is refused."""
        return self.moves[state].get(event)

    def leaves(self, state: S, event: E) -> bool:
        """Whether an event brings a session from a state into another one."""
        return self.moves[state].get(event, state) is not state

    def leads(self, state: S, other: S) -> bool:
        """Whether a session that is in one state may still come to the other."""
        reached, new = {state}, {state}
        while new := {target for source in new for target in self.moves[source].values()} - reached:
            reached |= new
        return other in reached


@dataclass(frozen=True, eq=False)
class Machine(Automaton["State", "Event"]):
    """The machine of sessions that take audio; `late_audio` is the error code that refuses it after the end."""

    late_audio: str
