"""Whose a request is, and where a process of a cluster has it answered; shards are applications that only say so."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from starlette.responses import PlainTextResponse

from mock_server.app import create_app
from mock_server.auth import Keys
from mock_server.cluster import front as room
from mock_server.cluster.forward import Broken, Unreachable
from mock_server.cluster.front import Front
from mock_server.cluster.mark import HEADER
from mock_server.cluster.sharding import shard_of
from mock_server.cluster.whose import Whose
from mock_server.settings import Settings
from mock_server.storage.directory import Member, Sight
from mock_server.ticket import STREAMING, Tickets

SEALING = b"s" * 32
SHARDS = 4
KEY, NAMESPACE = "sk_test_north", "north"
SHARD = shard_of(NAMESPACE, SHARDS)


def settings(tmp_path, **more):
    profiles = ("medscribe", "dalston")
    return Settings(tmp_path, api_keys=(KEY,), transcriber="scripted", in_memory=True, profiles=profiles, **more)


def scope(path="/v1/sessions", query="", kind="http", **headers):
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asked = {"type": kind, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": lines}
    return {**asked, "method": "GET", "scheme": "http", "http_version": "1.1", "extensions": {}}


@pytest.fixture
def whose(tmp_path):
    given = settings(tmp_path, base_path="/scribe")
    return Whose(given, Keys(given.api_keys), SEALING)


@pytest.mark.parametrize(
    ("asked", "namespace"),
    [
        (scope(x_api_key=KEY), NAMESPACE),
        (scope(authorization=f"Bearer {KEY}"), NAMESPACE),
        (scope("/v1/audio/transcriptions/stream", f"api_key={KEY}", kind="websocket"), NAMESPACE),
        (scope(f"/v1/stream/sessions/{Tickets(SEALING, STREAMING).issue('other', 'ses_1')}/audio"), "other"),
        (scope("/upload", f"signature={Tickets(SEALING).issue('other', 'ses_1')}"), "other"),
        (scope(f"/u/{Tickets(b'another' * 5).issue('other', 'ses_1')}/audio"), None),
        (scope("/v1/sessions/tkt_no-ticket"), None),
        (scope(), None),
        (scope(x_api_key="sk_test_wrong"), None),
        (scope(x_api_key=KEY, authorization="Bearer sk_test_other"), None),
        (scope("/health/ready", x_api_key=KEY), None),
        (scope("/scribe/health/live", x_api_key=KEY), None),
        (scope("/metrics", x_api_key=KEY), None),
        (scope("/scribe/health", x_api_key=KEY), NAMESPACE),
    ],
)
def test_whose_a_request_is_its_key_or_its_ticket_says(whose, asked, namespace):
    assert whose.namespace(asked) == namespace


class Holding:
    """Shards here, and what the directory says of others."""

    shards = SHARDS
    away = None

    def __init__(self, here=(), **serving):
        self.here = dict(here)
        members = {
            2: Member(2, "p2", "api", "http://there:2", "scripted"),
            3: Member(3, "p3", "worker", "", "scripted"),
        }
        self.sight = Sight(1, members, dict.fromkeys(range(SHARDS)) | serving)
        self.event = asyncio.Event()

    @property
    def addresses(self):
        return {member.address for member in self.sight.members.values()}

    def at(self, shard):
        return self.here.get(shard)

    async def start(self, _seconds):
        """Nothing begins."""

    async def close(self):
        """Nothing ends."""

    async def changed(self):
        await self.event.wait()
        await asyncio.sleep(0.01)


class Forwarder:
    def __init__(self, *fates):
        self.fates = list(fates)
        self.sent = []

    async def http(self, scope, receive, send, address, hops):
        self.sent.append((scope["path"], address, hops))
        if self.fates and (fate := self.fates.pop(0)):
            raise fate
        await PlainTextResponse("there")(scope, receive, send)

    async def close(self):
        """Nothing is open."""


def ask(tmp_path, holding, forwarder, path="/v1/sessions", *, sends_on=False, during=None, **headers):
    """What a client gets of a process."""

    async def run():
        own = create_app(settings(tmp_path, tried_out=False))
        front = Front(own, holding, SEALING, sends_on=sends_on, beside=())
        front._forwarder = forwarder
        async with front._served(None):
            transport = httpx.ASGITransport(front)
            async with httpx.AsyncClient(transport=transport, base_url="http://front") as client:
                asking = asyncio.create_task(client.get(path, headers=headers))
                if during is not None:
                    await asyncio.sleep(0.05)
                    during(holding)
                    holding.event.set()
                return await asking

    return asyncio.run(run())


async def here(scope, receive, send):
    await PlainTextResponse("here " + str([name for name, _ in scope["headers"] if name == HEADER]))(
        scope, receive, send
    )


def test_a_shard_that_is_here_answers_and_sees_no_mark_of_a_client(tmp_path):
    forwarder = Forwarder()
    mark = {HEADER.decode(): "1.abc.def"}
    answer = ask(tmp_path, Holding({SHARD: here}), forwarder, **{"x-api-key": KEY}, **mark)
    assert (answer.text, forwarder.sent) == ("here []", [])


def test_a_shard_that_is_elsewhere_is_asked_there_once_more_where_nobody_took_the_connection(tmp_path):
    holding = Holding()
    holding.sight.serving[SHARD] = 2
    forwarder = Forwarder(Unreachable(), None)
    assert ask(tmp_path, holding, forwarder, **{"x-api-key": KEY}).text == "there"
    assert forwarder.sent == [("/v1/sessions", "http://there:2", 1)] * 2


def test_a_request_waits_until_somebody_has_its_shard(tmp_path):
    def taken(holding):
        holding.here[SHARD] = here

    assert ask(tmp_path, Holding(), Forwarder(), during=taken, **{"x-api-key": KEY}).text.startswith("here")


def test_where_nobody_has_it_for_long_the_client_is_told_to_come_again(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_PATIENCE_S", 0.1)
    answer = ask(tmp_path, Holding(), Forwarder(), **{"x-api-key": KEY})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["code"] == "service_unavailable"
    live = ask(tmp_path, Holding(), Forwarder(), "/v1/realtime/sessions", **{"x-api-key": KEY})
    assert (live.status_code, set(live.json())) == (503, {"detail", "code"}), (
        "in the words of the profile that is asked"
    )


def test_what_broke_off_is_told_as_such_and_not_sent_again(tmp_path):
    holding = Holding()
    holding.sight.serving[SHARD] = 2
    forwarder = Forwarder(Broken())
    answer = ask(tmp_path, holding, forwarder, **{"x-api-key": KEY})
    assert (answer.status_code, len(forwarder.sent)) == (503, 1)
    assert "may have happened" in answer.json()["error"]["message"]


def test_what_is_nobodys_is_answered_here_and_by_a_gateway_sent_on_to_who_serves(tmp_path):
    path = "/.well-known/medscribealliance"
    assert ask(tmp_path, Holding(), Forwarder(), path).json()["endpoints"]
    assert ask(tmp_path, Holding(), Forwarder(), "/v1/templates").status_code == 401
    forwarder = Forwarder()
    assert ask(tmp_path, Holding(), forwarder, path, sends_on=True).text == "there"
    assert forwarder.sent == [(path, "http://there:2", 1)]
    forwarder = Forwarder(Unreachable())
    assert ask(tmp_path, Holding(), forwarder, path, sends_on=True).json()["endpoints"], (
        "with nobody there it does itself"
    )
    forwarder = Forwarder()
    assert ask(tmp_path, Holding(), forwarder, "/health/live", sends_on=True).json() == {"status": "live"}
    assert forwarder.sent == []


def test_a_process_that_stops_keeps_nobody_waiting(tmp_path):
    def stops(holding):
        holding.stopped.stopping = True

    holding = Holding()
    holding.stopped = SimpleNamespace()

    async def run():
        own = create_app(settings(tmp_path, tried_out=False))
        front = Front(own, holding, SEALING, sends_on=False, beside=())
        async with front._served(None):
            holding.stopped = own.state.face
            async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://front") as client:
                asking = asyncio.create_task(client.get("/v1/sessions/x", headers={"x-api-key": KEY}))
                await asyncio.sleep(0.05)
                stops(holding)
                holding.event.set()
                return await asyncio.wait_for(asking, 2)

    assert asyncio.run(run()).status_code == 503
