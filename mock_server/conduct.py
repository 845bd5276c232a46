"""How the server behaves where a fault may make it misbehave: one frozen value.

The honest server is `HONEST`. A fault is a changed copy of it, or a rewriting of finished answers, or both
(`mock_server.faults`); nothing else in the server knows that faults exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from mock_server.speech import Recording

T = TypeVar("T")


def _same(value: T) -> T:
    return value


def _listed(recordings: Sequence[Recording]) -> list[Recording]:
    return list(recordings)


@dataclass(frozen=True)
class Conduct:
    """Each field's default is what the protocol asks for."""

    #: What the transcriber gets to hear of what was received.
    recordings: Callable[[Sequence[Recording]], list[Recording]] = _listed
    #: What becomes of a transcription before it is stored.
    transcription: Callable[[dict[str, Any]], dict[str, Any]] = _same
    #: What becomes of the extracted templates before they are stored.
    extraction: Callable[[dict[str, Any]], dict[str, Any]] = _same
    #: Operations on which credentials are not looked at.
    open_to_all: frozenset[str] = frozenset()
    #: Whether a key nobody was given is refused.
    refuses_unknown_keys: bool = True
    #: Whether one namespace's sessions stay out of another's sight.
    keeps_namespaces_apart: bool = True
    #: Members of a create that are not held against the rules: what is wrong counts as left out.
    lets_pass: frozenset[str] = frozenset()
    #: Seconds a session lives beyond what discovery says.
    extra_lifetime_s: float = 0.0
    #: Whether a session expires at all.
    expires: bool = True
    #: States in which audio is taken although the table has no arrow for it.
    takes_audio_in: frozenset[str] = frozenset()
    #: What the id drawn for a session is made into.
    session_id: Callable[[str], str] = _same
    #: What a file's name is made into.
    file_name: Callable[[str], str] = _same


HONEST = Conduct()
