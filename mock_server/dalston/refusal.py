"""Every refusal that requests about live sessions have of their own, one constructor each (E9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.problems import Problem

if TYPE_CHECKING:
    from mock_server.session.dalston.model import Dictation


def _about(dictation: Dictation) -> dict[str, Any]:
    return {"session_id": dictation.id, "status": dictation.state.value}


def no_audio(dictation: Dictation) -> Problem:
    """The session has no audio, or not yet (E19)."""
    told = "The session has no audio"
    told += "." if dictation.final else "; it is active, and has one once it is over, where it stores any."
    return Problem(404, "audio_not_available", told, _about(dictation))


def no_transcript(dictation: Dictation) -> Problem:
    """The session has no transcript, or not yet (E14, E19)."""
    told = "The session has no transcript"
    told += "." if dictation.final else "; it is active, and has one once it is over, where it stores any."
    return Problem(404, "transcript_not_available", told, _about(dictation))


def active(dictation: Dictation) -> Problem:
    """An active session is not deleted."""
    return Problem(409, "session_active", "Cannot delete active session.", _about(dictation))


def linked(dictation: Dictation) -> Problem:
    """A later session goes on from this one (E4)."""
    told = "A later session resumed this one; it can be deleted once that one is."
    return Problem(409, "session_linked", told, _about(dictation))


def over(dictation: Dictation) -> Problem:
    """Something was to happen to a session that is over."""
    return Problem(409, "session_over", f"The session is {dictation.state.value}.", _about(dictation))
