"""What a session learns at its end of files that lie elsewhere, by a folder whose every turn a test decides about."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager

import pytest

import mock_server.direct
from mock_server.direct import SINGLE, DirectUploads
from mock_server.storage import Form, Lying, StorageError
from tests.mock_server.stage import BODY, HOST, LIMITS, MINE, SHORT, started


class Folder:
    """Files in memory, by session and name."""

    def __init__(self):
        self.files = {}
        self.removed = []
        self.away = False
        self.lasting = []
        #: Seconds that a file takes to be read.
        self.takes_s = 0.0

    def put(self, session_id, name, content=None, label="audio/wav"):
        self.files[f"{session_id}/{name}"] = (SHORT.read() if content is None else content, label)

    async def address(self, session_id, name, seconds):
        self.lasting.append(seconds)
        return f"http://store.test/{session_id}/{name}?X-Amz-Signature=1" if len(name) < 100 else None

    def form(self, session_id, seconds, most):
        self.lasting.append(seconds)
        return Form("http://store.test", {"key": f"{session_id}/${{filename}}", "most": str(most)}, session_id)

    async def lying(self, session_id, most):
        if self.away:
            raise StorageError("nobody is there")
        found = [Lying(key, key.partition("/")[2] or None, len(self.files[key][0])) for key in self.files]
        return [each for each in found if each.key.startswith(f"{session_id}/")][:most]

    @asynccontextmanager
    async def opened(self, key):
        if key not in self.files:
            raise FileNotFoundError
        content, label = self.files[key]

        async def read():
            await asyncio.sleep(self.takes_s)
            yield content

        yield label, read()

    async def remove(self, keys):
        self.removed += keys
        for key in keys:
            self.files.pop(key, None)

    async def sessions(self):
        return list(dict.fromkeys(key.partition("/")[0] for key in self.files))

    def close(self):
        """Nothing is held."""


class Desk:
    """A server with such a folder, and a client of it."""

    def __init__(self, app, client, way):
        self.service = app.state.face.service
        self.folder = Folder()
        self.service.direct = DirectUploads(self.folder, way, self.service, self.service.reception)
        self.client = client

    async def create(self, **changes):
        return (await self.client.post(f"{HOST}/v1/sessions", json=BODY | changes)).json()

    async def end(self, session, **body):
        return await self.client.post(f"{HOST}/v1/sessions/{session['session_id']}/end", json=body)

    async def read(self, session):
        return (await self.client.get(f"{HOST}/v1/sessions/{session['session_id']}")).json()

    async def settled(self, session):
        async with asyncio.timeout(30):
            while True:
                found = await self.read(session)
                if found["status"] not in {"processing", "created", "recording"}:
                    return found
                await asyncio.sleep(0.05)


def served(directory, told, way="put", **given):
    """What comes of a test's coroutine at such a desk."""

    async def run():
        async with started(directory, in_memory=True, **given) as (app, client):
            client.headers["X-API-Key"] = MINE
            return await told(Desk(app, client, way))

    return asyncio.run(run())


def test_an_address_lasts_as_long_as_its_session_whatever_its_clock_says(tmp_path):
    async def told(desk):
        session = await desk.create(upload_type="single")
        assert session["upload_url"].startswith(f"http://store.test/{session['session_id']}/{SINGLE}")
        await desk.client.post(f"{HOST}/_mock/v1/clock", json={"advance_seconds": 400})
        assert (await desk.read(session))["upload_url"].startswith("http://store.test/")
        return desk.folder.lasting

    first, later = served(tmp_path, told)
    assert 595 < first <= 600
    assert 195 < later <= 200


def test_a_name_that_no_key_has_room_for_and_every_file_of_a_form_are_taken_by_the_server(tmp_path):
    async def put(desk, name):
        session = await desk.create()
        url = f"{HOST}/v1/sessions/{session['session_id']}/audio/{name}"
        return (await desk.client.put(url, content=SHORT.read(), headers={"Content-Type": "audio/wav"})).status_code

    assert served(tmp_path, lambda desk: put(desk, "audio_0.wav")) == 307
    assert served(tmp_path, lambda desk: put(desk, f"{'x' * 200}_0.wav")) == 200
    assert served(tmp_path, lambda desk: put(desk, "audio_0.wav"), "form") == 200


def test_the_form_tells_how_large_a_file_may_be(tmp_path):
    async def told(desk):
        return (await desk.create())["upload_url"]

    found = served(tmp_path, told, "form")
    assert found["uploadData"]["fields"]["most"] == str(LIMITS.upload_bytes)
    assert found["folderPath"]


def test_a_stream_has_a_socket_of_the_server(tmp_path):
    async def told(desk):
        return (await desk.create(upload_type="stream", communication_protocol="websocket"))["upload_url"]

    assert served(tmp_path, told, "form").startswith("ws://")


def test_files_beyond_what_a_session_may_have_are_losses_and_the_others_are_heard(tmp_path):
    async def told(desk):
        session = await desk.create()
        for number in range(LIMITS.files + 5):
            desk.folder.put(session["session_id"], f"audio_{number:02d}.wav")
        desk.folder.files[f"{session['session_id']}/audio_00.wav"] = (bytes(LIMITS.upload_bytes + 1), "audio/wav")
        desk.folder.put(session["session_id"], "")  # one whose name is no text
        ended = (await desk.end(session)).json()
        return ended, await desk.settled(session)

    ended, found = served(tmp_path, told)
    assert ended["audio_files"][0] == "audio_01.wav"
    told = [each["message"] for each in found["processing_errors"] if each["type"] == "audio_file_refused"]
    assert found["status"] == "partial"
    assert any("audio_00.wav" in each and f"{LIMITS.upload_bytes} bytes" in each for each in told)
    assert any(f"More than {LIMITS.files} files" in each for each in told)
    # as many bytes as a session may have, and no more
    assert any("with this file the session would hold" in each.lower() for each in told)


def test_what_type_a_file_was_put_with_is_nobodys_word(tmp_path):
    async def told(desk):
        session = await desk.create()
        labels = ["audio/webm;codecs=opus", "text/html", "audio/x\r\nSet-Cookie: a=b", "audio/" + "x" * 500, ""]
        for number, label in enumerate(labels):
            desk.folder.put(session["session_id"], f"audio_{number}.wav", label=label)
        await desk.end(session)
        kept = await desk.service.peek("mine", session["session_id"])
        return [file.content_type for file in kept.files]

    assert served(tmp_path, told) == ["audio/webm;codecs=opus", *["application/octet-stream"] * 4]


def test_a_store_that_is_away_leaves_the_session_open_and_the_next_end_has_all(tmp_path):
    async def told(desk):
        session = await desk.create()
        desk.folder.put(session["session_id"], "audio_0.wav")
        desk.folder.away = True
        refused = await desk.end(session)
        between = await desk.read(session)
        desk.folder.away = False
        return refused, between, await desk.end(session)

    refused, between, ended = served(tmp_path, told)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "service_unavailable")
    assert int(refused.headers["retry-after"]) >= 1
    assert (between["status"], between["audio_files"]) == ("created", [])
    assert ended.json()["audio_files"] == ["audio_0.wav"]


def test_an_end_that_takes_too_long_keeps_what_it_learned_and_the_next_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(mock_server.direct, "_LEARNING_S", 0.5)

    async def told(desk):
        session = await desk.create()
        for number in range(4):
            desk.folder.put(session["session_id"], f"audio_{number}.wav")
        desk.folder.takes_s = 0.2
        refused = await desk.end(session)
        between = await desk.read(session)
        desk.folder.takes_s = 0
        return refused, between, await desk.end(session)

    refused, between, ended = served(tmp_path, told)
    assert refused.status_code == 503
    assert between["status"] == "recording"
    assert 1 <= len(between["audio_files"]) < 4
    assert ended.json()["audio_files"] == [f"audio_{number}.wav" for number in range(4)]


def test_an_end_that_is_refused_anyhow_asks_nobody(tmp_path):
    async def told(desk):
        session = await desk.create()
        desk.folder.put(session["session_id"], "audio_0.wav")
        refused = await desk.end(session)
        return refused.status_code, (await desk.read(session))["audio_files"], desk.folder.removed

    assert served(tmp_path, told, revision="2026-01-29") == (400, [], [])


def test_what_is_listed_and_cannot_be_read_is_a_loss_unless_somebody_else_took_it(tmp_path):
    async def told(desk):
        session = await desk.create()
        session_id = session["session_id"]
        desk.folder.put(session_id, "audio_0.wav")
        listed = desk.folder.lying

        async def more(session_id, most):
            return [*await listed(session_id, most), Lying(f"{session_id}/gone_1.wav", "gone_1.wav", 9)]

        desk.folder.lying = more
        await desk.end(session)
        return await desk.settled(session)

    found = served(tmp_path, told)
    assert found["audio_files"] == ["audio_0.wav"]
    assert any("gone_1.wav" in each["message"] for each in found["processing_errors"])


def test_only_what_belongs_to_sessions_that_take_audio_is_kept(tmp_path):
    async def told(desk):
        living, over = await desk.create(), await desk.create()
        await desk.end(over)
        for session_id in (living["session_id"], over["session_id"], "ses_nobody", "../.."):
            desk.folder.put(session_id, "audio_0.wav")
        removed = await desk.service.direct.sweep()
        return removed, [key.partition("/")[0] == living["session_id"] for key in desk.folder.files]

    assert served(tmp_path, told) == (3, [True])


@pytest.mark.parametrize("way", ["put", "form"])
def test_no_line_and_no_record_shows_what_opens_the_store(tmp_path, way, caplog):
    async def told(desk):
        session = await desk.create(upload_type="single")
        url = f"{HOST}/v1/sessions/{session['session_id']}/audio/audio_0.wav"
        await desk.client.put(url, content=SHORT.read())
        return (await desk.client.get(f"{HOST}/_mock/v1/traffic")).text

    record = served(tmp_path, told, way)
    assert not re.search(r"X-Amz-Signature=(?!%5B|\[)", record), record
    assert "X-Amz-Signature=1" not in caplog.text
