"""The stream of events: what happens as it happens, from a place on, for clients that read."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from mock_server.api.control import stream
from tests.mock_server.stage import MINE, OTHERS, SHORT, code_of

PATH = "/_mock/v1/events"


class Reader:
    """A client of the stream that reads, or does not."""

    def __init__(self, app, key=MINE, last=None) -> None:
        headers = [(b"host", b"mock.example"), (b"x-api-key", key.encode())]
        headers += [(b"last-event-id", last.encode())] if last is not None else []
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "extensions": {stream.SEVER: {"end": self._sever}},
        }
        self._app = app
        self.gone, self.severed, self.reading = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.reading.set()
        self._text, self._more = "", asyncio.Event()

    def _sever(self, *, reset):
        assert reset
        self.severed.set()

    async def __aenter__(self):
        self.task = asyncio.create_task(self._app(self._scope, self._receive, self._send))
        return self

    async def __aexit__(self, *_):
        self.gone.set()
        await asyncio.wait_for(self.task, 5)

    async def _receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self.reading.wait()
        self._text += message.get("body", b"").decode()
        self._more.set()

    @property
    def events(self):
        found = []
        for block in self._text.split("\n\n")[:-1]:
            told = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "event" in told:
                found.append(SimpleNamespace(name=told["event"], id=told.get("id"), **json.loads(told["data"])))
        return found

    @property
    def changes(self):
        return [event for event in self.events if event.name != "requests"]

    async def asked_about(self, session):
        """The sessions of all requests that were told, once there was one about this session."""
        async with asyncio.timeout(10):
            while session not in (
                told := [name for event in self.events if event.name == "requests" for name in event.sessions]
            ):
                self._more.clear()
                await self._more.wait()
        return told

    async def until(self, number):
        async with asyncio.timeout(10):
            while len(self.changes) < number:
                self._more.clear()
                await self._more.wait()
        return self.changes


async def happen(mock, key=MINE):
    answer = await mock.client.post(
        "http://mock.example/v1/sessions", headers={"X-API-Key": key}, json={"templates": ["soap"]}
    )
    return answer.json()["session_id"]


def test_what_happens_is_told_as_it_happens_to_its_own_namespace(mock):
    async def scenario():
        async with Reader(mock.app) as reader:
            await reader.until(1)
            await happen(mock, OTHERS)
            session = await happen(mock)
            return session, await reader.until(2)

    session, events = mock.run(scenario())
    assert [event.name for event in events] == ["ready", "change"]
    assert (events[1].session_id, events[1].kind) == (session, "created")


def test_every_step_of_a_session_is_told_in_its_order(mock):
    async def scenario():
        async with Reader(mock.app) as reader:
            await reader.until(1)
            session = await happen(mock)
            url = f"http://mock.example/v1/sessions/{session}"
            keyed = {"X-API-Key": MINE}
            await mock.client.post(f"{url}/audio", headers=keyed, files={"file": ("a_0.wav", SHORT.read())})
            await mock.client.post(f"{url}/end", headers=keyed)
            return await reader.until(7)

    kinds = [event.kind for event in mock.run(scenario())[1:]]
    assert kinds == ["created", "audio_accepted", "ended", "transcribed", "extracted", "completed"]


def test_a_stream_goes_on_behind_the_last_event_that_was_read(mock):
    async def scenario():
        async with Reader(mock.app) as reader:
            await reader.until(1)
            first = await happen(mock)
            last = (await reader.until(2))[-1].id
        second = await happen(mock)
        async with Reader(mock.app, last=last) as reader:
            return first, second, await reader.until(2)

    _, second, events = mock.run(scenario())
    assert [event.session_id for event in events[1:]] == [second]


def test_windows_of_the_session_manager_are_told_and_resumed(mock):
    before = mock.open_window()

    async def scenario():
        async with Reader(mock.app) as reader:
            return (await reader.until(1))[0].id

    place = mock.run(scenario())
    window = mock.open_window("another")

    async def resumed():
        async with Reader(mock.app, last=place) as reader:
            await reader.until(2)
            await asyncio.sleep(0.5)
            return reader.changes

    told = {event.session_id for event in mock.run(resumed())[1:]}
    assert window["session_id"] in told
    assert told <= {window["session_id"], before["session_id"]}


def test_a_reset_and_a_removal_are_told(mock):
    async def scenario():
        session = await happen(mock)
        async with Reader(mock.app) as reader:
            await reader.until(1)
            keyed = {"X-API-Key": MINE}
            await mock.client.delete(f"http://mock.example/_mock/v1/sessions/{session}", headers=keyed)
            await reader.until(2)
            await mock.client.post("http://mock.example/_mock/v1/reset", headers=keyed)
            await reader.until(3)
            again = await happen(mock)
            return session, again, await reader.until(4)

    session, again, events = mock.run(scenario())
    assert [event.name for event in events] == ["ready", "change", "reset", "change"]
    assert (events[1].session_id, events[1].kind) == (session, "deleted")
    assert events[3].session_id == again


def test_requests_are_told_by_their_sessions_and_nobody_elses(mock):
    async def scenario():
        session = await happen(mock)
        async with Reader(mock.app) as reader:
            await reader.until(1)
            keyed = {"X-API-Key": MINE}
            await happen(mock, OTHERS)
            for _ in range(2):
                await mock.client.get(f"http://mock.example/v1/sessions/{session}", headers=keyed)
            await mock.client.post("http://mock.example/v1/sessions", headers=keyed, content=b"{")
            return session, await reader.asked_about(None)

    session, told = mock.run(scenario())
    assert set(told) == {session, None}


@pytest.mark.parametrize("last", ["x", "1", "1~2~3", "-1~", "1~yesterday", "9" * 300])
def test_a_place_that_is_none_is_refused(mock, last):
    answer = mock.get(PATH, headers={"Last-Event-ID": last})
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert answer.json()["error"]["details"] == {"field": "last-event-id"}


def test_a_client_that_reads_no_more_is_disconnected_and_holds_no_place(mock, monkeypatch):
    monkeypatch.setattr(stream, "_UNREAD_S", 0.2)

    async def scenario():
        reader = Reader(mock.app)
        async with reader:
            await reader.until(1)
            reader.reading.clear()
            await happen(mock)
            await asyncio.wait_for(reader.severed.wait(), 5)
            await asyncio.wait_for(reader.task, 5)
        return mock.face.places.taken.total()

    assert mock.run(scenario()) == 0


def test_streams_of_one_namespace_leave_places_for_others(mock, monkeypatch):
    monkeypatch.setattr("mock_server.api.places.MOST", 2)

    async def scenario():
        async with Reader(mock.app) as one, Reader(mock.app) as two:
            await one.until(1)
            await two.until(1)
            keyed = {"X-API-Key": MINE}
            refused = await mock.client.get(f"http://mock.example{PATH}", headers=keyed)
            async with Reader(mock.app, OTHERS) as other:
                await other.until(1)
        return refused

    answer = mock.run(scenario())
    assert (answer.status_code, code_of(answer)) == (503, "service_unavailable")
    assert "Retry-After" in answer.headers
    assert mock.face.places.taken.total() == 0


def test_a_server_that_stops_ends_its_streams(mock):
    async def scenario():
        reader = Reader(mock.app)
        async with reader:
            await reader.until(1)
            mock.face.stopping = True
            await asyncio.wait_for(asyncio.shield(reader.task), 5)
            mock.face.stopping = False

    mock.run(scenario())
