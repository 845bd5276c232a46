"""The socket of a live session: who opens it, with what, and the record of what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers, QueryParams

from mock_server import problems
from mock_server.api import denial
from mock_server.api.answer import PLAYED, SEVER
from mock_server.api.dalston import views
from mock_server.api.dalston.route import body
from mock_server.api.denial import plain
from mock_server.api.entry import let_in
from mock_server.api.stream import record
from mock_server.auth import presented
from mock_server.dalston import message, parting, wanted
from mock_server.dalston.conversation import Conversation, Line
from mock_server.dalston.recording import SAMPLES
from mock_server.dalston.trouble import NONE, Trouble
from mock_server.dalston.wording import live_wording
from mock_server.speech.streaming import Busy
from mock_server.stream.closing import Closing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from mock_server.api.face import Face
    from mock_server.conduct import Conduct
    from mock_server.dalston.parting import Parting
    from mock_server.dalston.service import Former
    from mock_server.dalston.wanted import Asked
    from mock_server.session.dalston.model import Dictation

_OPERATION: Final = "dalston.create"
#: The code of RFC 6455 for what a policy forbids.
_POLICY: Final = 1008


@dataclass
class _Visit:
    """One socket on its way through."""

    scope: Scope
    line: Line
    namespace: str = ""
    dictation: Dictation | None = None
    conversation: Conversation | None = None
    trouble: Trouble = NONE


def keyed(scope: Scope) -> Headers:
    """The headers of a request with its key, which count before the query."""
    headers, query = Headers(scope=scope), QueryParams(scope["query_string"])
    given = next((query[name] for name in wanted.KEYS if name in query), None)
    return headers if given is None or presented(headers) else Headers({"x-api-key": given})


@dataclass
class Socket:
    """The ASGI application of one route."""

    face: Face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket. It is accepted before anything is refused: a client sees no code of one that is not."""
        began = time.monotonic()
        await receive()  # the wish to connect

        async def say(text: str) -> None:
            await send({"type": "websocket.send", "text": text})

        visit = _Visit(scope, Line(receive, say))
        await self._meet(visit)
        if await self._kept_out(visit, send, began):
            return
        played = [(PLAYED.lower().encode(), ", ".join(visit.trouble.played).encode())] if visit.trouble.played else []
        await send({"type": "websocket.accept", "headers": played})
        try:
            if visit.trouble.parting is not None:
                raise visit.trouble.parting
            why = await self._talked(visit)
        except Closing as refused:
            why = refused if isinstance(refused, parting.Parting) else parting.crowded(str(refused))
            await visit.line.tell(message.error(why.word or "", why.error or "", recoverable=False))
        except problems.Problem as problem:
            why = parting.busy(problem.message)
            await visit.line.tell(message.error(why.word or "", problem.message, recoverable=False))
        self._record(visit, why, began)
        await self._close(visit, why, send)

    async def _meet(self, visit: _Visit) -> None:
        """Learn what goes wrong with the socket of somebody who has a key, and wait as long as that takes."""
        with contextlib.suppress(parting.Parting):
            headers = keyed(visit.scope)
            visit.namespace = self._who(headers)
            let_in(visit.scope)
            conduct = self.face.service.conduct(visit.namespace)
            try:
                visit.trouble = await conduct.trouble(visit.namespace, headers)
            except problems.Problem as problem:  # the key asks for what there is not
                visit.trouble = Trouble(refusal=problem)
            if visit.trouble.waits_s and not self.face.stopping:
                with (
                    contextlib.suppress(Closing),
                    self.face.room.seat(visit.namespace, most=self.face.settings.most_live),
                ):
                    await asyncio.sleep(visit.trouble.waits_s)

    async def _kept_out(self, visit: _Visit, send: Callable[[Any], Awaitable[None]], began: float) -> bool:
        """Whether a socket is not even opened; then its client has been told, or cut off."""
        trouble = visit.trouble
        sever = visit.scope.get("extensions", {}).get(SEVER)
        if trouble.severed and sever is not None:
            record(self.face, visit.scope, _OPERATION, visit.namespace, None, {}, began, played=trouble.played)
            sever["end"]()
            return True
        problem = trouble.refusal
        if problem is None and trouble.parting is None and (why := await self._refused_first(visit)) is not None:
            problem = problems.Problem(why.status, why.word or "", why.error or "")
        if problem is None:
            return False
        await self._deny(visit, problem, send, began)
        return True

    async def _refused_first(self, visit: _Visit) -> Parting | None:
        """What is wrong with key or parameters, where a socket is told so before it is opened (E33)."""
        if not self.face.service.conduct(visit.namespace).live.refuses_first:
            return None
        try:
            _, asked = self._asked(visit)
            await self._former(visit.namespace, asked)
        except parting.Parting as why:
            return why
        return None

    def _asked(self, visit: _Visit) -> tuple[Conduct, Asked]:
        """Who opens the socket, and with what; raises the Parting of one that is refused."""
        query = QueryParams(visit.scope["query_string"])
        visit.namespace = self._who(keyed(visit.scope))
        conduct = self.face.service.conduct(visit.namespace)
        visit.line.edit = conduct.tells
        enhances_all = conduct.enhances_without_audio
        asked = wanted.read(
            query.multi_items(),
            self.face.streamer,
            conduct.live,
            retains=live_wording(self.face.settings.live_revision).retains,
            enhances_all=enhances_all,
        )
        return conduct, asked

    async def _talked(self, visit: _Visit) -> Parting:
        """The session from its first message to its last; raises the Parting of one that is not begun."""
        face = self.face
        conduct, asked = self._asked(visit)
        namespace = visit.namespace
        if face.stopping:
            raise parting.busy("The server is stopping.")
        with face.room.seat(namespace, most=face.settings.most_live):
            former = await self._former(namespace, asked)
            try:
                listening = face.streamer.listen(asked.form, asked.wish, namespace=namespace)
            except Busy as error:
                raise parting.busy(str(error)) from None
            try:
                client = visit.scope.get("client")
                visit.dictation = await face.live.open(
                    namespace,
                    asked,
                    former,
                    engine=face.streamer.model,
                    client_ip=client[0] if client else None,
                )
                mishap = await visit.trouble.begun(visit.dictation.id)
                visit.line.pause_s = mishap.pause_s
                visit.line.edit = lambda told: None if told["type"] in mishap.untold else conduct.tells(told)
                visit.conversation = Conversation(
                    visit.line,
                    face.live,
                    visit.dictation,
                    asked,
                    listening,
                    idle_s=face.settings.stream_idle_s,
                    longest_s=face.service.limits.upload_bytes / SAMPLES.bytes_a_second - 1,
                    usage=conduct.live,
                    mishap=mishap,
                    spend=partial(face.texts.spend, namespace),
                )
                goes_on = former is not None and former.until is not None
                key = former.dictation.audio_key if former is not None and goes_on else None
                return await visit.conversation.run(self._addresses(visit.scope), key)
            finally:
                await listening.close()

    def _who(self, headers: Headers) -> str:
        """The namespace of whoever asks."""
        try:
            return self.face.keys.namespace(headers)
        except problems.Problem as problem:
            raise parting.stranger(problem.message) from None

    async def _former(self, namespace: str, asked: Asked) -> Former | None:
        if asked.resume is None:
            return None
        usage = self.face.service.conduct(namespace).live
        resume = replace(asked.resume, session_id=usage.meant(asked.resume.session_id))
        try:
            return await self.face.live.former(namespace, resume, audio=asked.wanted.store_audio)
        except parting.Parting:
            if usage.resumes_anew and not resume.hard:
                return None
            raise

    def _addresses(self, scope: Scope) -> Callable[[Dictation], dict[str, str]]:
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        root = self.face.root(plain({**scope, "scheme": scheme}))
        return lambda dictation: views.addresses(dictation, root)

    async def _deny(
        self, visit: _Visit, problem: problems.Problem, send: Callable[[Any], Awaitable[None]], began: float
    ) -> None:
        """Answer as HTTP does that no socket is opened."""
        told, trouble = body(problem, visit.namespace), visit.trouble
        text = trouble.page or json.dumps(told.body).encode()
        kind = "text/html; charset=utf-8" if trouble.page else "application/json"
        given = {**told.headers, **({PLAYED: ", ".join(trouble.played)} if trouble.played else {})}
        account = {**told.body, "error": {"code": problem.code, "message": problem.message}}
        where = (self.face, visit.scope, _OPERATION, visit.namespace, None, account, began, problem.status)
        record(*where, trouble.played)
        await denial.told(problem.status, text, given, send, kind)

    async def _close(self, visit: _Visit, why: Parting, send: Callable[[Any], Awaitable[None]]) -> None:
        sever = visit.scope.get("extensions", {}).get(SEVER)
        left = visit.line.broken.result() if visit.line.broken.done() else None
        if left is not None and left.gone:
            if left.cut and sever is not None:
                sever["end"]()
            return
        with contextlib.suppress(OSError):  # the client is gone meanwhile
            await send({"type": "websocket.close", "code": self._code(visit, why), "reason": why.reason})

    def _code(self, visit: _Visit, why: Parting) -> int:
        """The code that a socket is closed with."""
        plain_code = self.face.service.conduct(visit.namespace).live.plain_codes and why.of_client
        return _POLICY if plain_code and visit.dictation is None else why.code

    def _record(self, visit: _Visit, why: Parting, began: float) -> None:
        told: dict[str, Any] = {"close_code": self._code(visit, why), **({"reason": why.reason} if why.reason else {})}
        if visit.conversation is not None:
            ended = visit.conversation.dictation
            told |= {"messages": visit.conversation.messages, "bytes": visit.conversation.came}
            told |= {"status": ended.state.value, "utterances": ended.utterances}
        if why.word is not None:
            told["error"] = {"code": why.word, "message": why.error or ""}
        session_id = visit.dictation.id if visit.dictation else None
        played = visit.trouble.played
        record(self.face, visit.scope, _OPERATION, visit.namespace, session_id, told, began, played=played)
