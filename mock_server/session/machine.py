"""The lifecycle of sessions as a value: one machine for each profile and revision."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.session.table import Event, State


@dataclass(frozen=True, eq=False)
class Machine:
    """What moves a session from which state to which, and what a state means to whoever looks.

    `moves` has every state, and None for a session that does not exist yet; an event that is not listed is refused.
    A state never falls to a lower rank. `statuses` has the code that GET answers in a state, `late_audio` is the error
    code that refuses audio after the end.
    """

    profile: str
    revision: str
    moves: Mapping[State | None, Mapping[Event, State]]
    terminal: frozenset[State]
    ranks: Mapping[State, int]
    statuses: Mapping[State, int]
    late_audio: str

    def __post_init__(self) -> None:
        """Keep copies that nobody can change."""
        frozen = MappingProxyType({state: MappingProxyType(dict(moves)) for state, moves in self.moves.items()})
        object.__setattr__(self, "moves", frozen)
        object.__setattr__(self, "ranks", MappingProxyType(dict(self.ranks)))
        object.__setattr__(self, "statuses", MappingProxyType(dict(self.statuses)))

    def after(self, state: State | None, event: Event) -> State | None:
        """The state that an event leads to; None where it is refused."""
        return self.moves[state].get(event)

    def leaves(self, state: State, event: Event) -> bool:
        """Whether an event brings a session from a state into another one."""
        return self.moves[state].get(event, state) is not state
