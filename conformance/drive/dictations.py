"""The hands of journeys through realtime sessions: sockets are opened, spoken into and left, and REST is asked."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from conformance.drive.addressed import Addressed
from conformance.drive.handle import Handle
from conformance.drive.hands import REMOVE, UNSET
from conformance.drive.parcel import Parcel
from conformance.drive.wire import CLOSED_WITHIN
from conformance.evidence import Label
from conformance.evidence.admission import is_crowded_out
from conformance.evidence.socket import Turn
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from scribe_data.model import Leaving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from conformance.drive.conversation import Conversation
    from conformance.evidence import Exchange
    from scribe_data.stream import Wire

#: Parameters of a session of which all is kept.
KEPT: Final[Mapping[str, str]] = {"store_audio": "true", "store_transcript": "true"}
#: Seconds of audio in a message, as browsers send them.
_MESSAGE_S: Final = 0.1
#: By how much faster than it is spoken audio goes to a service that nobody else uses; others may refuse to be hurried.
_HASTE: Final = 2
#: Sockets that a run holds at a time: services have so many for a tenant, and one is held for long.
_MOST_HELD: Final = 6
#: Seconds between two looks whether one of them is free, and seconds after which one more is opened all the same.
_TURN_S: Final = 0.05
_LONGEST_TURN_S: Final = 60.0
#: Seconds until a refused socket is tried once more.
_AGAIN_S: Final = 1.0
_ATTEMPTS: Final = 2
#: How often a socket is tried that finds no room beside others of this run, how often it is looked in between whether
#: one of those was closed, and the seconds from look to look: a consultation that is spoken lasts some seconds.
_MOST_TRIES, _LOOKS, _LOOK_S = 12, 10, 0.3


class Dictations(Addressed):
    """One journey's hands, and the steps of a session that lasts as long as its socket."""

    @property
    def words(self) -> Wire:
        """The messages of the socket; raises TypeError where the text has none."""
        wire = self.options.text.wire
        if wire is None:
            raise TypeError(f"{self.options.profile} has no socket")
        return wire

    def body(self, **changes: Any) -> dict[str, Any]:
        """The parameters of a session of which all is kept, with changes; REMOVE deletes one."""
        told = dict(KEPT) | changes
        return {name: value for name, value in told.items() if value is not REMOVE}

    async def create(
        self, session: str, body: Mapping[str, Any] | None = None, *, probe: str | None = None, graded: bool = True
    ) -> Handle | None:
        """Open a session; a valid one is tried twice. None, with a note, when none came of it."""
        asked = self.body() if body is None else dict(body)
        exchange, handle = await self.open(session, asked, probe=probe, graded=graded)
        for attempt in range(2, _ATTEMPTS + 1):
            if handle is not None or probe is not None:
                return handle
            await self.pause(_AGAIN_S)
            exchange, handle = await self.open(session, asked, graded=graded, attempt=attempt)
        if handle is None:
            told = f"No session came of a valid socket for {session!r}: {_said(exchange)}."
            self.note("set_up_refused", told)
        return handle

    async def open(
        self,
        session: str,
        query: Mapping[str, Any],
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        graded: bool = True,
        attempt: int = 1,
    ) -> tuple[Exchange, Handle | None]:
        """A socket with these parameters, and the session where one begins.

        A service that has no room beside the other sockets of this run is asked again as those are closed.
        """
        asked = (session, query, probe, credential)
        exchange, handle = await self._attempt(*asked, graded=graded, attempt=attempt)
        for again in range(attempt + 1, attempt + _MOST_TRIES):
            others = self._open_calls()
            if handle is not None or not others or not is_crowded_out(exchange, self.words):
                break
            for _ in range(_LOOKS):
                await self.pause(_LOOK_S)
                if self._open_calls() < others:
                    break
            exchange, handle = await self._attempt(*asked, graded=graded, attempt=again)
        return exchange, handle

    def _open_calls(self) -> int:
        """How many sockets of this run are open."""
        return sum(not call.is_over for call in self._wire.calls.values())

    async def _attempt(
        self,
        session: str,
        query: Mapping[str, Any],
        probe: str | None,
        credential: Credential,
        *,
        graded: bool,
        attempt: int,
    ) -> tuple[Exchange, Handle | None]:
        url = self.at(Operation.CREATE).replace("http", "ws", 1) + (f"?{urlencode(query)}" if query else "")
        told = self._label(Operation.CREATE, session, probe, credential, graded=graded)
        label = replace(told, attempt=attempt)
        headers = self._wire.credentials(self.at(Operation.CREATE), credential)
        await self._place()
        self._wire.opening += 1
        try:
            exchange, call = await self._wire.converse(label, url, headers, self._begins)
        finally:
            self._wire.opening -= 1
        session_id = exchange.document.get("session_id")
        if call is None or not isinstance(session_id, str) or not session_id:
            if call is not None:
                await call.drop()
            return exchange, None
        handle = Handle(session, session_id, "", exchange, {})
        self._wire.calls[session_id] = call
        self._wire.made.append(handle)
        return exchange, handle

    async def _place(self) -> None:
        """Wait until the run holds few enough sockets; in vain for a while at most, for one may wait for another."""
        until = self.elapsed() + _LONGEST_TURN_S
        while self._wire.held >= _MOST_HELD and self.elapsed() < until:
            await self.pause(_TURN_S)

    def _begins(self, messages: tuple[dict[str, Any], ...]) -> bool:
        """Whether a service that has said this has said something that is no error."""
        tag, error = self.words.tag, self.words.told["error"].word
        return any(each.get(tag) != error for each in messages)

    def _call(self, handle: Handle) -> Conversation:
        return self._wire.calls[handle.session_id]

    def is_open(self, handle: Handle) -> bool:
        """Whether nobody has closed the socket of a session."""
        return not self._call(handle).is_over

    async def speak_into(
        self,
        handle: Handle,
        samples: bytes,
        rate: int,
        sample_bytes: int = 2,
        *,
        recording: str | None = None,
        begin: int = 0,
    ) -> None:
        """Send samples in messages of a tenth of a second, until all are said or the service closes.

        They are those of a `recording` from the byte `begin` on; without one they are all the same.
        """
        size = int(rate * _MESSAGE_S) * sample_bytes
        apart = _MESSAGE_S if self.target.public_host else _MESSAGE_S / _HASTE
        call, after, end = self._call(handle), self.recorder.sent, begin
        for at in range(0, len(samples), size):
            if not await call.say(samples[at : at + size]):
                break
            end = begin + min(at + size, len(samples))
            await asyncio.sleep(apart if self.networked else 0)
        fill = samples[0] if samples and recording is None else 0
        call.took(Turn(after, "", recording, fill, begin, end, size, apart))

    async def heard(self, handle: Handle, name: str, within: float) -> bool:
        """Wait until the service says a message of this name; False where it has not in so many seconds."""
        word = self.words.told[name].word
        return await self._call(handle).until(
            lambda messages: any(each.get(self.words.tag) == word for each in messages), within
        )

    async def say(self, handle: Handle, name: str) -> None:
        """Say one of the messages of a client."""
        told = {self.words.tag: self.words.said[name].word}
        if name != Leaving.END:  # that a session is ended in this way is told by its end
            self._call(handle).took(Turn(self.recorder.sent, json.dumps(told)))
        await self._call(handle).tell(told)

    async def leave(self, handle: Handle, how: Leaving) -> Exchange:
        """End a session by its message, or break its connection off; what went over the socket is kept."""
        if how is Leaving.END:
            return await self.end(handle)
        return await self.drop(handle)

    async def end(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        graded: bool = True,
    ) -> Exchange:
        """Say that all is said, and wait until the service closes; it has as long as for results."""
        call = self._call(handle)
        return await self._left(handle, probe, self._ended(handle, call), credential=credential, graded=graded)

    async def _ended(self, handle: Handle, call: Conversation) -> None:
        await self.say(handle, Leaving.END)
        if await self.heard(handle, "ended", min(self.options.processing_timeout, self.left)):
            await call.closed(CLOSED_WITHIN)
        await call.hang_up()

    async def drop(self, handle: Handle) -> Exchange:
        """Break the connection off without a word."""
        return await self._left(handle, Probe.DROPPED, self._call(handle).drop())

    async def hang_up(self, handle: Handle) -> Exchange:
        """Close the socket and say no end (E15)."""
        return await self._left(handle, Probe.HUNG_UP, self._call(handle).hang_up())

    async def _left(
        self,
        handle: Handle,
        probe: str | None,
        leaving: Awaitable[None],
        *,
        credential: Credential = Credential.RIGHT,
        graded: bool = True,
    ) -> Exchange:
        call = self._call(handle)
        label = self._label(Operation.END, handle.key, probe, credential, graded=graded)
        pending = self.recorder.begin(label, "GET", call.url, list(call.headers.items()), b"")
        await leaving
        return self.recorder.answered(pending, 101, (), b"", socket=call.seen())

    async def fetch(self, handle: Handle, url: str) -> Exchange:
        """What an address has that an answer told for the audio of a session; no key goes to another origin."""
        own = Credential.NONE
        return await self.send(Operation.OTHER, "GET", url, session=handle.key, probe=Probe.LINKED, credential=own)

    async def close(self, session_id: str, sent: int) -> None:  # noqa: ARG002 - nothing is counted
        """Leave a session that nobody needs any more, and look at it: never graded, and no part of its story."""
        call = self._wire.calls.get(session_id)
        if call is not None and not call.is_over:
            await call.tell({self.words.tag: self.words.said[Leaving.END].word})
            await call.hang_up()
        label = Label(Operation.GET, self.journey, None, Probe.CLOSING, graded=False)
        await self._sender.follow(label, Parcel("GET", self.address(session_id), {}, b""))  # shows that it is over

    def end_body(self) -> Any:
        """Nothing: an end is a message of the socket."""
        return UNSET


def _said(x: Exchange) -> str:
    """What became of a socket, in words."""
    if x.socket is not None and x.socket.code is not None:
        return f"it was closed with {x.socket.code}"
    return f"answered {x.status}" if x.response else f"got no answer ({x.trouble})"
