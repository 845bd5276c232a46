"""A process of a cluster answers in its own words what nobody answers for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

from mock_server.app import create_app
from mock_server.cluster.breaking import Broken
from mock_server.cluster.front import Front
from mock_server.settings import Settings

KEY = "sk_test_mine"
SOCKET = {
    "type": "websocket", "path": "/v1/none", "raw_path": b"/v1/none", "query_string": b"", "subprotocols": [],
    "headers": [(b"x-api-key", KEY.encode())], "extensions": {"websocket.http.response": {}}, "scheme": "ws",
}  # fmt: skip


class Lost:
    """A member that is lost once it was asked."""

    async def websocket(self, _scope, receive, *_given):
        await receive()
        raise Broken("It was lost.")


def test_a_socket_whose_member_is_lost_before_it_is_open_is_told_to_come_again():
    app = create_app(Settings(data_dir=Path("-"), in_memory=True, transcriber="scripted", api_keys=(KEY,)))
    sight = SimpleNamespace(me=1, server=lambda _shard: SimpleNamespace(number=2, address="http://127.0.0.1:1"))
    holding = SimpleNamespace(shards=8, here={}, away=None, sight=sight, at=lambda _shard: None)
    front = Front(app, holding, b"secret", sends_on=False, beside=())
    front._forwarder = Lost()
    wishes, told = [{"type": "websocket.connect"}], []

    async def receive():
        if not wishes:
            await asyncio.Event().wait()
        return wishes.pop()

    async def send(message):
        told.append(message)

    asyncio.run(asyncio.wait_for(front(SOCKET, receive, send), 5))
    assert (told[0]["type"], told[0]["status"]) == ("websocket.http.response.start", 503)
    assert dict(told[0]["headers"])[b"retry-after"] == b"1"
    assert json.loads(told[1]["body"])["error"]["code"] == "service_unavailable"
