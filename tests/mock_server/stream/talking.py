"""A server in a thread of this process, and what a client of its streams does."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mock_server.api.below import Below
from mock_server.app import create_app
from mock_server.cli.running import configuration
from mock_server.cli.server import Server
from mock_server.settings import Settings
from scribe_data import recordings

MINE, OTHERS = "sk_test_mine", "sk_test_other"
#: More than a loaded machine takes for anything.
PATIENCE_S = 120.0
SHORT = recordings.load()["short"]
PCM = SHORT.read()[44:]
#: What is heard in it: one speaker, who is the doctor.
SAID = f"Doctor: {SHORT.text}"
#: A tenth of a second.
FRAME = 3200


class Running:
    """A server in memory, which may stand beside others in one process."""

    def __init__(self, **given):
        api_keys = (MINE, OTHERS)
        self.app = create_app(
            Settings(data_dir=Path("-"), in_memory=True, transcriber="scripted", api_keys=api_keys, **given)
        )
        face = self.app.state.face
        listening = socket.create_server(("127.0.0.1", 0))
        serving = threading.Event()
        path = face.settings.base_path
        served = Below(self.app, path, face.told) if path else self.app
        self._server = Server(configuration(served, face.told, face.streams_at), face, serving.set)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()
        assert serving.wait(PATIENCE_S)
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


class Client:
    """Somebody with a key."""

    def __init__(self, url, key=MINE):
        self.http = httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=PATIENCE_S)

    def create(self, **changes):
        order = {"templates": ["soap"], "model": "lite", "upload_type": "stream", "communication_protocol": "websocket"}
        made = self.http.post("/v1/sessions", json=order | changes)
        assert made.status_code == 201, made.text
        return made.json()

    def get(self, session):
        return self.http.get(f"/v1/sessions/{session['session_id']}").json()

    def end(self, session, sent=0):
        return self.http.post(f"/v1/sessions/{session['session_id']}/end", json={"audio_files_sent": sent})

    def settled(self, session):
        until = time.monotonic() + PATIENCE_S
        while (found := self.get(session))["status"] == "processing":
            assert time.monotonic() < until
            time.sleep(0.05)
        return found

    def journal(self, session):
        return self.http.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]

    def closed(self, session):
        """How its last stream was closed, as the journal tells, which may be after the client knows."""
        until = time.monotonic() + PATIENCE_S
        while True:
            lines = self.journal(session)
            if told := [line["detail"] for line in lines if line["kind"] == "stream_closed"]:
                return told[-1]
            assert time.monotonic() < until, lines
            time.sleep(0.05)


def dial(session, *protocols):
    return connect(
        session["upload_url"],
        subprotocols=protocols or None,
        open_timeout=PATIENCE_S,
        close_timeout=PATIENCE_S,
        max_size=None,
    )


def frames(pcm=PCM):
    return [pcm[at : at + FRAME] for at in range(0, len(pcm), FRAME)]


def media(pcm):
    return json.dumps({"event": "media", "media": {"payload": base64.b64encode(pcm).decode()}})


def begin(**media_format):
    told = {"encoding": "audio/x-l16", "sampleRate": 16000} | media_format
    return json.dumps({"event": "start", "start": {"streamId": "str_1", "mediaFormat": told}})


STOP = json.dumps({"event": "stop", "reason": "over"})


def goes_on(offset):
    return json.dumps({"event": "continue", "continue": {"offset": offset}})


def kept(ws):
    """The offset of the server's next message, which has to be an acknowledgement; raises ConnectionClosed."""
    said = json.loads(ws.recv(timeout=PATIENCE_S))
    assert said == {"event": "kept", "kept": {"offset": said["kept"]["offset"]}}
    return said["kept"]["offset"]


def all_kept(ws):
    """Every offset that the server still tells, then the code and reason that it closes with."""
    offsets = []
    while True:
        try:
            offsets.append(kept(ws))
        except ConnectionClosed as closed:
            return offsets, (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


def outcome(ws):
    """Code and reason that the server closes with; whatever it says before is an error."""
    try:
        said = ws.recv(timeout=PATIENCE_S)
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
    raise AssertionError(f"the server said {said!r}")


def told(session, *messages):
    """The same after these messages on a socket of its own."""
    with dial(session) as ws:
        try:
            for message in messages:
                ws.send(message)
        except ConnectionClosed:
            pass
        return outcome(ws)
