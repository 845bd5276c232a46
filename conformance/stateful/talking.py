"""What a sequence does over the sockets of its sessions, where a session is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.drive.dictations import Dictations
from conformance.journeys.dalston.speech import say, spoken
from conformance.stateful.step import SPEAK
from scribe_data.model import Leaving

if TYPE_CHECKING:
    from conformance.drive.driver import Driver
    from conformance.drive.handle import Handle
    from scribe_data.stream import Wire

#: The parameter that names the session to go on from, and what stands in its place until a sequence has one.
RESUMES: Final = "resume_session_id"
FORMER: Final = "<the session before>"
#: The share of the recording that one step says: half a second of speech.
_SAID: Final = 0.12


def says(wire: Wire | None) -> tuple[str, ...]:
    """What a client may say while a session lasts: audio, and the messages that need no more than their name."""
    if wire is None or not wire.query:
        return ()
    alone = (name for name, told in wire.said.items() if set(told.schema.get("required", ())) <= {wire.tag})
    return (SPEAK, *(name for name in alone if name not in set(Leaving)))


class Talking:
    """The sockets of one sequence; nothing is said where sessions have none."""

    def __init__(self, drive: Driver) -> None:
        self._drive = drive if isinstance(drive, Dictations) else None

    def is_open(self, handle: Handle) -> bool:
        """Whether anything can be said in a session."""
        return self._drive is not None and self._drive.is_open(handle)

    async def say(self, handle: Handle, name: str) -> None:
        """Say a message, or half a second of speech; nothing once the socket is closed."""
        if self._drive is None or not self._drive.is_open(handle):
            return
        if name == SPEAK:
            await say(self._drive, handle, spoken(self._drive), 0.0, _SAID)
        else:
            await self._drive.say(handle, name)

    async def close(self, handle: Handle) -> None:
        """Close a socket as one does."""
        if self._drive is not None and self._drive.is_open(handle):
            await self._drive.hang_up(handle)

    async def list(self) -> None:
        """A page of the caller's sessions."""
        if self._drive is not None:
            await self._drive.list()
