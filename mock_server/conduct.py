"""How the server behaves where a fault may make it misbehave: one frozen value per namespace.

The honest server is `HONEST`. A fault is a changed copy of it, or a rewriting of finished answers, or both
(`mock_server.faults`); nothing else in the server knows that faults exist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from mock_server.session.step import AudioAccepted, step
from mock_server.session.table import TRANSITIONS, Event, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mock_server.session.model import Session
    from mock_server.session.step import Happening, Stepped
    from mock_server.speech.model import Recording

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
    #: Whether credentials are looked at, per operation.
    checks_credentials: Callable[[str], bool] = lambda _operation: True
    #: Whether one namespace's sessions stay out of another's sight.
    keeps_namespaces_apart: bool = True
    #: Whether the body of a create is held against the rules; the field names let through when not.
    lets_pass: frozenset[str] = frozenset()
    #: Seconds a session lives beyond what discovery says.
    extra_lifetime_s: float = 0.0
    #: Whether a session expires at all.
    expires: bool = True
    #: Whether an open session is closed to audio once it has been ended.
    closes_at_end: bool = True
    #: Whether a file sent again under its name takes the place of the first.
    replaces_same_name: bool = True


HONEST = Conduct()

_OPEN = (State.CREATED, State.RECORDING)


def moment(conduct: Conduct, session: Session, now: datetime) -> datetime:
    """The time that decides about a session's expiry."""
    if not conduct.expires:
        return min(now, session.expires_at - timedelta(microseconds=1))
    return now - timedelta(seconds=conduct.extra_lifetime_s)


def takes_audio(conduct: Conduct, state: State) -> bool:
    """Whether a session in this state takes a file."""
    return Event.AUDIO_ACCEPTED in TRANSITIONS[state] or (state is not State.EXPIRED and not conduct.closes_at_end)


def conducted(conduct: Conduct, session: Session, happening: Happening, now: datetime) -> Stepped:
    """One step of the session core, bent where the conduct is; raises Refused."""
    now = moment(conduct, session, now)
    if not isinstance(happening, AudioAccepted):
        return step(session, happening, now)
    given = session
    if not conduct.closes_at_end and session.state not in _OPEN:
        given = replace(given, state=State.RECORDING, expires_at=now + timedelta(seconds=1))
    if not conduct.replaces_same_name:
        given = replace(given, files=())
    after, effects = step(given, happening, now)
    if not conduct.replaces_same_name:
        after = replace(after, files=(*session.files, happening.file))
    if given.state is not session.state:
        after = replace(after, state=session.state, expires_at=session.expires_at)
    return after, effects
