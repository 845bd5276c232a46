"""What clients of live sessions do: open a socket, speak, listen, and read what is kept."""

from __future__ import annotations

import json
import socket as sockets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.mock_server.stream.talking import MINE, OTHERS, PATIENCE_S, PCM, SHORT

__all__ = ["KEYS", "MINE", "OTHERS", "PATIENCE_S", "PCM", "SECOND", "SHORT", "Client", "Talk", "frames"]

KEYS = (MINE, OTHERS)
STREAM = "/v1/audio/transcriptions/stream"
SESSIONS = "/v1/realtime/sessions"
#: Bytes of samples in a second, and of a tenth of one.
SECOND, FRAME = 32_000, 3_200


def frames(pcm=PCM, size=FRAME):
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


@dataclass
class Talk:
    """An open socket and what was told over it."""

    ws: object
    told: list[dict] = field(default_factory=list)

    def send(self, *messages):
        for message in messages:
            self.ws.send(json.dumps(message) if isinstance(message, dict) else message)

    def speak(self, pcm=PCM):
        self.send(*frames(pcm))

    def speak_haltingly(self, *, partial, pcm=PCM):
        """Half, and the rest once a partial of it was told, or could have been."""
        half = len(pcm) // 4 * 2
        self.speak(pcm[:half])
        if partial:
            self.until("transcript.partial")
        else:
            time.sleep(1.0)
        self.speak(pcm[half:])

    def hear(self):
        message = json.loads(self.ws.recv(timeout=PATIENCE_S))
        self.told.append(message)
        return message

    def until(self, kind):
        while (message := self.hear())["type"] != kind:
            pass
        return message

    def to_the_end(self):
        """Everything until the close, and its code."""
        try:
            while True:
                self.hear()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    def end(self):
        """Say that all is said; the last message."""
        self.send({"type": "end"})
        assert self.to_the_end() == 1000
        assert self.told[-1]["type"] == "session.end"
        return self.told[-1]

    def drop(self):
        """Be gone without a word."""
        self.ws.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.ws.socket.close()

    @property
    def session_id(self):
        return self.told[0]["session_id"]

    def of(self, kind):
        return [message for message in self.told if message["type"] == kind]


class Client:
    """Somebody with a key."""

    def __init__(self, url, key=MINE):
        self.url, self.key = url, key
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE_S)

    @contextmanager
    def socket(self, headers=None, **asked):
        query = urlencode({name: str(value).lower() if type(value) is bool else value for name, value in asked.items()})
        address = f"{self.url.replace('http', 'ws', 1)}{STREAM}?{query}"
        given = {"Authorization": f"Bearer {self.key}"} if headers is None else headers
        with connect(address, additional_headers=given, open_timeout=PATIENCE_S, close_timeout=1, max_size=None) as ws:
            yield Talk(ws)

    @contextmanager
    def talk(self, **asked):
        """A session that has begun."""
        with self.socket(**asked) as talk:
            assert talk.hear()["type"] == "session.begin", talk.told
            yield talk

    def spoken(self, pcm=PCM, **asked):
        """The id of a session in which something was said, ended in order."""
        with self.talk(**{"store_audio": True, "store_transcript": True} | asked) as talk:
            talk.speak(pcm)
            talk.end()
        return talk.session_id

    def refused(self, *, headers=None, **asked):
        """The error of a socket that is refused, and the code that it is closed with."""
        with self.socket(headers, **asked) as talk:
            code = talk.to_the_end()
        (error,) = talk.told
        assert (error["type"], error["recoverable"]) == ("error", False)
        return error["code"], code

    def get(self, session_id, part="", **given):
        return self.http.get(f"{SESSIONS}/{session_id}{part and '/'}{part}", **given)

    def look(self, session_id):
        answer = self.get(session_id)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until(self, session_id, holds):
        """The session as soon as something holds of it."""
        until = time.monotonic() + PATIENCE_S
        while not holds(found := self.look(session_id)):
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return found

    def over(self, session_id):
        return self.until(session_id, lambda told: told["status"] != "active")

    def audio(self, session_id):
        """The samples that are kept, in a file whose head tells their number."""
        answer = self.get(session_id, "audio")
        assert answer.status_code == 200, answer.text
        content = answer.content
        assert (content[:4], content[8:16]) == (b"RIFF", b"WAVEfmt ")
        assert int.from_bytes(content[24:28], "little") == 16_000
        assert int.from_bytes(content[40:44], "little") == len(content) - 44
        return content[44:]

    def transcript(self, session_id):
        answer = self.get(session_id, "transcript")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def page(self, **params):
        answer = self.http.get(SESSIONS, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def delete(self, session_id):
        return self.http.delete(f"{SESSIONS}/{session_id}")
