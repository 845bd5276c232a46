"""A socket that audio comes over: who may use it, what became of it, and the record of both."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from mock_server import problems
from mock_server.api.answer import PLAYED, SEVER, Answer
from mock_server.api.denial import plain
from mock_server.api.entry import let_in
from mock_server.api.face import Call
from mock_server.api.trail import SWITCHED
from mock_server.conduct import SMOOTH
from mock_server.stream import closing
from mock_server.stream.closing import Closing
from mock_server.stream.reception import Reception
from mock_server.stream.resumption import Resumption
from mock_server.stream.tape import Nowhere, Tape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.types import Receive, Scope, Send

    from mock_server.api.face import Face
    from mock_server.stream.tape import Keeping
    from mock_server.ticket import Ticket
    from scribe_data.stream import Stream

log = logging.getLogger("scribe.mock")

_OPERATION: Final = "stream"
#: Close codes up to the first are no refusal, nor is the other: the client closed, went away, or was cut off.
_LEFT: Final = 1001
_LOST: Final = 1006
#: What a client without a session is closed with, as the trail tells it.
_STRANGER: Final = "session_not_found"


@contextlib.asynccontextmanager
async def ending(face: Face, namespace: str, session_id: str) -> AsyncIterator[None]:
    """Around the end of a session: its socket is closed once what had come is kept, and it knows all that is there."""
    wire = face.wording.stream
    if wire is None or not await _takes_streams(face, namespace, session_id):
        yield
        return
    async with face.room.ending(session_id):
        try:
            await Tape(face.service, wire, namespace, session_id).settle()
        except problems.Problem as problem:
            if problem.status >= 500:
                raise
        yield


async def _takes_streams(face: Face, namespace: str, session_id: str) -> bool:
    """Whether a session's audio comes over a socket, and may still come; else its end says what is wrong."""
    try:
        session = await face.service.peek(namespace, session_id)
        if session.order.streamed:
            await face.service.reception.check_open(namespace, session_id)
    except problems.Problem:
        return False
    return session.order.streamed


@dataclass
class Socket:
    """The ASGI application of one route: takes what a client streams."""

    face: Face
    wire: Stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket. It is accepted before anything is refused: a client sees no code of one that is not."""
        began = time.monotonic()
        await receive()  # the wish to connect
        resumption = self._resumption(scope, send)
        chosen = {} if resumption is None else {"subprotocol": resumption.protocol}
        await send({"type": "websocket.accept", **chosen})
        ticket = self.face.tickets.read(str(scope["path_params"]["stream_id"]))
        if ticket is not None:
            let_in(scope)
        reception = await self._reception(ticket, receive, resumption)
        if reception is None:
            why = closing.unknown(self.wire.unknown)
        else:
            why = await self._received(ticket, reception)
        sever = scope["extensions"].get(SEVER)
        if reception is not None and reception.severed and sever is not None:
            sever["end"]()  # without one there is no connection, and the code of a lost one is told
        elif reception is None or not reception.gone:
            with contextlib.suppress(OSError):  # the client is gone meanwhile
                await send({"type": "websocket.close", "code": why.code, "reason": why.reason})
        self._tell(scope, ticket, reception, why, began)
        if ticket is not None and reception is not None:
            await self._note(ticket, reception, why, scope)

    def _resumption(self, scope: Scope, send: Send) -> Resumption | None:
        """Who tells the client what is kept, where it offered to listen."""
        # Not in spec: the subprotocol is an addition of ours (x-addition of asyncapi.yaml).
        added = self.wire.resumable
        if added is None or added.protocol not in scope["subprotocols"]:
            return None

        async def say(text: str) -> None:
            await send({"type": "websocket.send", "text": text})

        return Resumption(added, self.wire.sample_bytes, say)

    async def _reception(
        self, ticket: Ticket | None, receive: Receive, resumption: Resumption | None
    ) -> Reception | None:
        """Who takes what comes; None where the socket leads nowhere."""
        service = self.face.service
        conduct = service.conduct(ticket.namespace if ticket else "")
        if ticket is None and conduct.turns_strangers_away:
            return None
        tape: Keeping = Tape(service, self.wire, *ticket) if ticket else Nowhere()
        if ticket is not None and not conduct.closes_late_streams:
            try:
                await service.reception.check_open(*ticket)
            except problems.Problem:
                tape = Nowhere()
        hitch = await conduct.hitch(*ticket) if ticket else SMOOTH
        idle_s = self.face.settings.stream_idle_s
        spend = partial(self.face.texts.spend, ticket.namespace if ticket else "")
        return Reception(tape, self.wire, receive, idle_s=idle_s, hitch=hitch, resumption=resumption, spend=spend)

    async def _received(self, ticket: Ticket | None, reception: Reception) -> Closing:
        if self.face.stopping:
            return closing.stopping()
        if ticket is None:
            return await reception.run()
        try:
            async with self.face.room.place(ticket.namespace, ticket.session_id, reception):
                return await reception.run()
        except Closing as why:
            return why

    async def _note(self, ticket: Ticket, reception: Reception, why: Closing, scope: Scope) -> None:
        """A line of the session's journal; one that cannot be kept costs nothing else."""
        account = _account(reception, why)
        if why.reason:  # which may say again what the client said
            account["reason"] = self.face.visible(plain(scope), why.reason)
        try:
            await self.face.service.note(*ticket, "stream_closed", account)
        except problems.Problem as problem:
            if problem.status >= 500:
                log.warning("the end of a stream could not be noted: %s", problem.message)

    def _tell(
        self, scope: Scope, ticket: Ticket | None, reception: Reception | None, why: Closing, began: float
    ) -> None:
        """What became of the socket, for whoever watches."""
        refused = why.code > _LEFT and why.code != _LOST
        body: dict[str, Any] = _account(reception, why)
        if refused:
            body["error"] = {"code": str(why.code) if ticket else _STRANGER, "message": why.reason}
        namespace, session_id = ticket or ("", None)
        record(self.face, scope, _OPERATION, namespace, session_id, body, began)


def record(  # noqa: PLR0917 - what there is to say of a socket, and where
    face: Face,
    scope: Scope,
    operation: str,
    namespace: str,
    session_id: str | None,
    body: dict[str, Any],
    began: float,
    status: int = SWITCHED,
    played: Sequence[str] = (),
) -> None:
    """The record of requests: a socket is a GET that was answered 101, and its account the body of the answer.

    Another status is that of one which was refused before it was opened; `played` are names of scenarios.
    """
    call = Call(plain(scope), operation, namespace, session_id)
    answer = Answer(status, body, {PLAYED: ", ".join(played)} if played else {})
    text = json.dumps(body, ensure_ascii=False)
    face.meter.answered(operation, status, body, time.monotonic() - began)
    face.remember(call, answer, Response(text, status, media_type="application/json"), began)
    face.tell(call, answer)


def _account(reception: Reception | None, why: Closing) -> dict[str, Any]:
    """What came over a socket, by numbers, and how it ended."""
    told: dict[str, Any] = {"close_code": why.code, **({"reason": why.reason} if why.reason else {})}
    if reception is not None:
        said = reception.messages
        told |= {"form": said.form, "messages": said.came, "ignored": said.ignored, "bytes": reception.kept}
        if said.resumption is not None:
            told["repeated"] = said.resumption.repeated
    return told
