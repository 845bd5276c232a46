"""Every way a live session ends: what its row says, what its client is told, and the code that closes the socket."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import scribe_data
from mock_server.dalston.usage import USUAL
from mock_server.served import LIVE
from mock_server.session.dalston.table import Event
from mock_server.stream.closing import Closing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.dalston.usage import Usage

#: Codes of RFC 6455 and its registry for what the field has none for.
_GONE, _TROUBLE, _STOPPING = 1006, 1011, 1012
#: Not in spec: E33. What HTTP would refuse with a status, the socket is closed with: 4000 and the status.
_IDLE, _CONFLICT, _LONG = 4408, 4409, 4413
#: Statuses of HTTP: no valid key, a wrong parameter.
_UNKNOWN, _WRONG = 401, 400
#: A refusal of the parser, a bound of the connection: its client was told why by the close alone.
_BOUNDS: Final = range(1002, 5000)
#: What a client closes with that has said all it wanted to say: in order, and without a code.
_ORDERLY: Final = frozenset({1000, 1005})


@cache
def _codes() -> Mapping[str, int]:
    """What the document closes a socket with, by the words it has for the occasions."""
    wire = scribe_data.load(LIVE).wire
    assert wire is not None, "a live session is its socket"
    return wire.closes


class Parting(Closing):
    """The end of a session: `word` and reason are told before the socket is closed, where there is a word.

    `event` is what happens to the session, and `error` what its row says of it; None where nothing went wrong.
    """

    def __init__(
        self,
        code: int,
        event: Event,
        error: str | None = None,
        *,
        word: str | None = None,
        gone: bool = False,
        cut: bool = False,
    ) -> None:
        super().__init__(code, error or "")
        self.event = event
        self.error = error
        self.word = word
        #: Whether nobody can be told anything any more.
        self.gone = gone
        #: Whether the connection is still there, and is to be cut.
        self.cut = cut

    @property
    def of_client(self) -> bool:
        """Whether it refuses what the client came with: its key, or a parameter."""
        return self.code in (_codes()["key"], _codes()["parameter"])

    @property
    def status(self) -> int:
        """The status of HTTP for a refusal of what the client came with."""
        return _UNKNOWN if self.code == _codes()["key"] else _WRONG


def done() -> Parting:
    """The client has said that all is said."""
    return Parting(_codes()["done"], Event.END_REQUESTED)


def left(code: int, reason: str, usage: Usage = USUAL) -> Parting:
    """The socket is closed already: by its client, by a bound of the connection, or because nobody is there."""
    if code in _ORDERLY and usage.closed_interrupts:
        return Parting(code, Event.CONNECTION_LOST, "The client closed the socket and had said no end.", gone=True)
    if code in _ORDERLY or (code == _GONE and usage.lost_completes):
        return Parting(code, Event.END_REQUESTED, gone=True)
    if code == _STOPPING:
        return Parting(code, Event.CONNECTION_LOST, "The server was stopping.", gone=True)
    if code in _BOUNDS and code != _GONE:
        told = reason or f"The client closed the socket with code {code}."  # with words of its own, which are not kept
        return Parting(code, Event.CONNECTION_LOST, told, gone=True)
    return Parting(code, Event.CONNECTION_LOST, f"The connection was lost (code {code}).", gone=True)


def unread(seconds: float) -> Parting:
    """The client does not read what it is told."""
    told = f"The client read nothing for {seconds:g} seconds."
    return Parting(_GONE, Event.CONNECTION_LOST, told, gone=True, cut=True)


def idle(seconds: float) -> Parting:
    """Nothing came for a while."""
    told = f"Nothing came for {seconds:g} seconds."
    return Parting(_IDLE, Event.CONNECTION_LOST, told, word="session_timeout")


def too_long(seconds: float) -> Parting:
    """More audio came than one session takes."""
    told = f"A session takes at most {seconds:g} seconds of audio; a new one may resume it."
    return Parting(_LONG, Event.CONNECTION_LOST, told, word="session_timeout")


def babbled(told: str) -> Parting:
    """More text came than anybody has to read."""
    return Parting(_codes()["full"], Event.CONNECTION_LOST, told, word="rate_limit")


def lagging(seconds: float) -> Parting:
    """The transcript is too far behind what is said."""
    told = f"The transcript is {seconds:.0f} seconds behind; nothing more can be taken."
    return Parting(_codes()["lag"], Event.WORK_FAILED, told, word="lag_exceeded")


def deaf(told: str) -> Parting:
    """Nothing can be recognised any more."""
    return Parting(_codes()["unavailable"], Event.WORK_FAILED, told, word="no_capacity")


def unkept(told: str) -> Parting:
    """What is said cannot be kept any more."""
    return Parting(_TROUBLE, Event.CONNECTION_LOST, told, word="internal_error")


def fallen() -> Parting:
    """Something unexpected broke here."""
    told = "The service met an unexpected condition."
    return Parting(_TROUBLE, Event.WORK_FAILED, told, word="internal_error")


def removed() -> Parting:
    """The session is no more."""
    return Parting(_CONFLICT, Event.CONNECTION_LOST, "The session was removed.", word="internal_error")


def cut(told: str, code: int | None) -> Parting:
    """The socket is closed without a word, or where there is no code the connection is gone."""
    if code is None:
        return Parting(_GONE, Event.CONNECTION_LOST, told, gone=True, cut=True)
    return Parting(code, Event.CONNECTION_LOST, told)


# Before a session begins there is nothing for it to happen to: only code, word and reason count.


def _refused(name: str, word: str, told: str) -> Parting:
    return Parting(_codes()[name], Event.CONNECTION_LOST, told, word=word)


def stranger(told: str) -> Parting:
    """No key, or one that is not valid."""
    return _refused("key", "unauthorized", told)


def scopeless(told: str) -> Parting:
    """The key is valid, and not for this."""
    return _refused("scope", "forbidden", told)


def bad(told: str, word: str = "invalid_parameter") -> Parting:
    """A parameter has a value that it cannot have."""
    return _refused("parameter", word, told)


def crowded(told: str) -> Parting:
    """The tenant has as many sockets as one may have."""
    return _refused("full", "rate_limit", told)


def busy(told: str) -> Parting:
    """Nobody is free to listen."""
    return _refused("unavailable", "no_capacity", told)
