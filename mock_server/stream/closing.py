"""Every way a stream is closed, one constructor each: code and reason are all that its client is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mock_server.problems import Problem

#: Bytes that a close frame has for its reason (RFC 6455 §5.5).
_LONGEST: Final = 123
#: Not in spec: E91. What HTTP would refuse with a status, the socket is closed with: 4000 and the status.
_PRIVATE: Final = 4000
#: Codes of RFC 6455 and its registry.
_GOING, _MIXED, _LOST, _BROKEN, _LARGE, _TROUBLE, _LATER = 1012, 1003, 1006, 1007, 1009, 1011, 1013


class Closing(Exception):  # noqa: N818 - most streams end well
    """The end of a stream: the code and the reason that its client is told."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_LONGEST].decode("utf-8", "ignore")


def done(code: int) -> Closing:
    """The client has said all, or has closed the socket itself."""
    return Closing(code, "")


def unknown(code: int) -> Closing:
    """An id that was not given out, or whose session is no more."""
    return Closing(code, "There is no such stream; upload_url of the session names it.")


def mixed(told: str) -> Closing:
    """A message of the other kind than the first one."""
    return Closing(_MIXED, told)


def broken(told: str) -> Closing:
    """A message whose content is not what its kind has."""
    return Closing(_BROKEN, told)


def large(told: str) -> Closing:
    """A message that is too large to be looked at."""
    return Closing(_LARGE, told)


def bad(told: str) -> Closing:
    """A message that asks for what is not offered."""
    return Closing(_PRIVATE + 400, told)


def ended(told: str) -> Closing:
    """The session, or another socket of it, leaves this one nothing to do."""
    return Closing(_PRIVATE + 409, told)


def gap(code: int, offset: int, safe: int) -> Closing:
    """A client goes on behind what is safe, so that something would be missing between."""
    return Closing(code, f"Samples from byte {offset} on leave a gap: {safe} bytes are safe.")


def idle(seconds: float) -> Closing:
    """Nothing came for a while."""
    return Closing(_PRIVATE + 408, f"Nothing came for {seconds:g} seconds; connect again to go on.")


def crowded(told: str) -> Closing:
    """More than one client may have of the places that all share."""
    return Closing(_PRIVATE + 429, told)


def broken_off(code: int | None) -> Closing:
    """A socket that is made to break, with a code or without."""
    return Closing(_LOST if code is None else code, "A scenario broke the stream off.")


def stopping() -> Closing:
    """The server ends."""
    return Closing(_GOING, "The server is stopping; connect again to go on.")


def fallen() -> Closing:
    """Something unexpected broke here."""
    return Closing(_TROUBLE, "The service met an unexpected condition.")


def refused(problem: Problem, gone: int) -> Closing:
    """What a session does not take, as HTTP would refuse it; `gone` is the code for one that is not there."""
    if problem.status == 404:
        return unknown(gone)
    if problem.status >= 500:
        return Closing(_LATER, problem.message)
    status = 409 if problem.code == "session_ended" else problem.status
    return Closing(_PRIVATE + status, problem.message)
