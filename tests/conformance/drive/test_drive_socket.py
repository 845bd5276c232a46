"""The kit's client of sockets: what it keeps of servers that refuse, break off, never close, or talk."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx
import pytest
from websockets.asyncio.server import serve

from conformance.drive import wire as wires
from conformance.drive.budget import Budget, BudgetSpent
from conformance.drive.wire import Wire
from conformance.evidence import Label
from conformance.evidence.recorder import Recorder
from conformance.target import Options
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

KEY = "sk_live_0123456789"
LABEL = Label(Operation.OTHER, "by hand", "s", Probe.STREAM, Credential.NONE, graded=False)
MESSAGES = [b"\0\1" * 200, '{"event": "stop"}']


@asynccontextmanager
async def server(handler, **given):
    async with serve(handler, "127.0.0.1", 0, **given) as running:
        yield f"127.0.0.1:{running.sockets[0].getsockname()[1]}"


async def spoken(place, messages=MESSAGES, *, path="/stream", budget=30.0, transport=None, **given):
    options = Options(target=f"http://{place}", api_key=KEY, transport=transport, **given)
    async with Wire(options, Recorder(options.redactor), Budget(budget)) as wire:
        return await wire.speak(LABEL, f"ws://{place}{path}", messages, apart=0.0)


async def good(socket):
    async for message in socket:
        if isinstance(message, str):
            await socket.close(1000)


def test_what_both_sides_say_is_kept_without_the_key_and_no_key_goes_along():
    heard = {}

    async def talkative(socket):
        heard.update(socket.request.headers.raw_items())
        await socket.send(f"you are {KEY}")
        await good(socket)

    async def scenario():
        async with server(talkative) as place:
            return await spoken(place, headers=(("X-Tenant", "seven"),))

    x = asyncio.run(scenario())
    assert (x.status, x.socket.by, x.socket.code, x.socket.sent, x.socket.heard) == (101, "server", 1000, 2, 1)
    assert x.socket.size == sum(map(len, MESSAGES))
    assert {frame.side: frame.beginning for frame in x.socket.frames}["server"] == b"you are <key>"
    assert KEY not in str(heard)
    assert heard["X-Tenant"] == "seven"


def test_many_messages_are_counted_and_a_few_are_kept():
    async def scenario():
        async with server(good) as place:
            return await spoken(place, [bytes(1000)] * 100 + [MESSAGES[-1]])

    x = asyncio.run(scenario())
    assert (x.socket.sent, x.socket.size) == (101, 100_017)
    assert len(x.socket.frames) < 30
    assert all(len(frame.beginning) <= 256 for frame in x.socket.frames)


@pytest.mark.parametrize(
    ("status", "headers"), [(HTTPStatus.FORBIDDEN, {}), (HTTPStatus.FOUND, {"Location": "ws://127.0.0.1:9/elsewhere"})]
)
def test_a_request_that_is_answered_as_http_is_an_answer_and_nobody_is_followed(status, headers):
    def answer(connection, _request):
        found = connection.respond(status, "no\n")
        found.headers.update(headers)
        return found

    async def scenario():
        async with server(good, process_request=answer) as place:
            return await spoken(place)

    x = asyncio.run(scenario())
    assert (x.status, x.socket, x.trouble) == (status, None, None)


def test_a_server_that_breaks_off_has_closed_with_the_code_of_that():
    async def rude(socket):
        await socket.recv()
        socket.transport.abort()

    async def scenario():
        async with server(rude) as place:
            return await spoken(place)

    seen = asyncio.run(scenario()).socket
    assert (seen.by, seen.code) == ("server", 1006)


def test_a_server_that_never_closes_is_waited_for_a_while(monkeypatch):
    monkeypatch.setattr(wires, "CLOSED_WITHIN", 0.2)

    async def deaf(socket):
        await socket.wait_closed()

    async def scenario():
        async with server(deaf) as place:
            return await spoken(place)

    seen = asyncio.run(scenario()).socket
    assert (seen.by, seen.code) == (None, None)


def test_where_nobody_listens_no_socket_comes_about():
    x = asyncio.run(spoken("127.0.0.1:9"))
    assert (x.status, x.socket) == (0, None)
    assert x.trouble.startswith("no socket came about")


def test_a_run_whose_time_is_over_waits_for_no_socket():
    async def deaf(socket):
        await socket.wait_closed()

    async def scenario():
        async with server(deaf) as place:
            await spoken(place, [bytes(100)] * 3, budget=0.3)
            await spoken(place, budget=0.0)

    with pytest.raises(BudgetSpent):
        asyncio.run(scenario())


def test_an_application_in_this_process_is_spoken_to_without_a_network():
    async def app(scope, receive, send):
        assert (scope["type"], scope["path"]) == ("websocket", "/a b")
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive()).get("text") is None:
            pass
        await send({"type": "websocket.close", "code": 4000, "reason": "nobody"})

    async def refusing(_scope, receive, send):
        await receive()
        await send({"type": "websocket.close", "code": 1000})

    def asked(application):
        return asyncio.run(spoken("mock.example", path="/a%20b", transport=httpx.ASGITransport(application)))

    seen = asked(app).socket
    assert (seen.by, seen.code, seen.reason) == ("server", 4000, "nobody")
    assert asked(refusing).status == 403


def test_a_transport_without_sockets_says_so_and_is_not_graded():
    x = asyncio.run(spoken("mock.example", transport=httpx.MockTransport(lambda _request: httpx.Response(200))))
    assert "no sockets" in x.trouble
    assert not x.label.graded
