"""What a client is told whose request a session does not take, or whose file has no name for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.clock import stamp
from mock_server.session.table import Event, State

if TYPE_CHECKING:
    from mock_server.session.happening import Refused
    from mock_server.session.machine import Machine
    from mock_server.session.model import Session

#: Longer names exist nowhere but in attacks; most file systems stop here too.
_LONGEST_NAME = 255
#: Of the marks that do not show these belong to words and pictures: Persian has the one, families of emoji the other.
_JOINERS = "\u200c\u200d"


def refusal(session: Session, refused: Refused[State], machine: Machine) -> problems.Problem:
    """The answer to what has no place in the state that a session is in."""
    if refused.state is State.EXPIRED:
        return problems.session_expired(session.id, stamp(session.expires_at))
    if refused.event == Event.END_REQUESTED.value:
        told = f"Session {session.id!r} is {refused.state.value} and cannot be ended again."
        return problems.invalid_request(told, session_id=session.id, status_now=refused.state.value)
    late = refused.event == Event.AUDIO_ACCEPTED.value
    if late:
        return problems.session_ended(session.id, refused.state.value, "it takes no more audio", machine.late_audio)
    told = "templates and languages cannot be changed any more"
    return problems.session_ended(session.id, refused.state.value, told)


def check_name(name: str) -> None:
    """A client's file name is text for people; it is bounded, printable, and names no file of ours."""
    if not name.isprintable():
        hidden = next((mark for mark in name if not mark.isprintable() and mark not in _JOINERS), None)
        if hidden is not None:
            told = f"The file name holds U+{ord(hidden):04X}, which does not show; printable characters are taken."
            raise problems.invalid_request(told, field="filename")
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise problems.invalid_request(
            f"A file name has 1 to {_LONGEST_NAME} printable characters.", field="filename", length=len(name)
        )
