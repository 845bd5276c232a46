"""What a script that speaks over sockets begins with: how it asks, how it talks, and what it reads samples from."""

from __future__ import annotations

from typing import Final

HEAD: Final = '''\
import base64
import json
import os
import re
import socket
import sys
import time
@WAVE@from pathlib import Path
@URLJOIN@
import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect


def given(name):
    """What only the reader has."""
    if not os.environ.get(name):
        print(f"{name}: set it to what the run was given")
        sys.exit(2)
    return os.environ[name]


def stop(kind, error, trace):
    """Whatever breaks the script off says nothing about the failure."""
    print(f"it did not come to that: {kind.__name__}: {error}")
    sys.stdout.flush()
    os._exit(2)


sys.excepthook = stop
TARGET = os.environ.get("SCRIBE_TARGET", @TARGET@).rstrip("/")
WS = TARGET.replace("http", "ws", 1)
KEY = given("SCRIBE_API_KEY")
@SECOND@HERE = Path(__file__).parent
client = httpx.Client(timeout=60)


def ask(method, url, **more):
    """One request; its answer is printed."""
    print("---", method, url)
    answer = client.request(method, url, **more)
    kind = answer.headers.get("content-type", "")
    shown = f"{len(answer.content)} bytes of {kind}" if kind.startswith("audio/") else answer.text[:2000]
    print(answer.status_code, shown)
    return answer


def rest(*request, **more):
    """Read a session until nothing more will happen to it."""
    for _ in range(@WAIT@):
        answer = ask(*request, **more)
        if member(answer, "status") not in @WORKING@:
            break
        time.sleep(1)
    return answer


def read(text, name):
    """A member of a JSON object."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found.get(name) if isinstance(found, dict) else None


def member(answer, name):
    """A member of an answer that is a JSON object."""
    return read(answer.text, name)


def has(answer, text):
    """Whether an answer has a text, white space aside."""
    return text in re.sub(r"[ \\t\\r\\n]", "", answer.text)


'''
MADE: Final = '''\
def made(answer, name):
    """What the answer to a create has to tell."""
    found = member(answer, name)
    if not isinstance(found, str) or not found:
        print(f"no session was made: {name} is missing")
        sys.exit(2)
    return found


'''
CALL: Final = '''\
class Call:
    """A socket: what the service says is printed as it comes; where it greets, its first message is its answer."""

    headers = {}

    def __init__(self, url, headers, greets=True):
        print("--- open", url)
        self.text, self.code, self.line = "", None, None
        try:
            self.line = connect(url, additional_headers=headers, compression=None, max_queue=None, close_timeout=5)
        except InvalidStatus as refused:
            self.status_code, self.text = refused.response.status_code, (refused.response.body or b"").decode()
            print(self.status_code, self.text[:2000])
            return
        self.status_code = 101
        if greets:
            self.hear(lambda told: read(told, @TAG@) != @ERROR@, 60)

    def hear(self, enough, within):
        """Listen until a message is enough, the socket is closed, or so many seconds are over."""
        until = time.monotonic() + within
        try:
            while True:
                told = self.line.recv(timeout=max(0.0, until - time.monotonic()))
                if isinstance(told, bytes):
                    continue
                print("<", told[:2000])
                self.text = self.text or told
                if enough(told):
                    return
        except TimeoutError:
            print(f"nothing more within {within} s")
        except ConnectionClosed as closed:
            self._closed(closed)

    def _closed(self, closed):
        if self.code is None:
            self.code = closed.rcvd.code if closed.rcvd else 1006
            print("closed with", self.code)

    def began(self):
        """The id of its session."""
        found = member(self, "session_id")
        if not isinstance(found, str) or not found:
            print("no session began")
            sys.exit(2)
        return found

    def say(self, message):
        """Say a message; False where nobody takes it any more."""
        if isinstance(message, str):
            print(">", message[:200])
        try:
            self.line.send(message)
        except ConnectionClosed as closed:
            self._closed(closed)
            return False
        return True

    def speak(self, samples, size, apart, inside=None):
        """Say samples in messages of so many bytes, so many seconds apart, inside a text where that is given."""
        print(f"> {len(samples)} bytes of samples")
        for at in range(0, len(samples), size):
            piece = samples[at : at + size]
            if not self.say(piece if inside is None else inside.replace(@SAMPLES@, base64.b64encode(piece).decode())):
                return
            time.sleep(apart)

    def watch(self, within):
        """Listen until the service closes, or has had so many seconds for that."""
        self.hear(lambda told: False, within)
        self.line.close()

    def end(self, message):
        """Say that all is said, and listen until the service closes."""
        if self.say(message):
            self.hear(lambda told: False, @LAST@)
        self.line.close()

    def hang_up(self):
        """Close the socket and say no end."""
        print("> closes the socket")
        self.line.close()

    def drop(self):
        """Break the connection off without a word."""
        print("> breaks the connection off")
        self.line.socket.shutdown(socket.SHUT_RDWR)


'''
READING: Final = '''\
def samples(name, encoding, rate):
    """The samples of a recording beside this script, as the socket takes them."""
    with wave.open(str(HERE / name)) as file:
        found, step = array("h", file.readframes(file.getnframes())), file.getframerate() // rate
    found = found[::step]
    return array("f", (each / 32768 for each in found)).tobytes() if encoding == "pcm_f32le" else found.tobytes()


'''
