"""Servers one after the other on a database and a bucket, each with a directory of its own that goes with it."""

from __future__ import annotations

import random
import shutil
import signal
import threading
import time
import uuid
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

import scribe_data
from tests.mock_server import weed
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.dalston.speaking import KEYS, PCM, SECOND
from tests.mock_server.dalston.speaking import Client as Speaker
from tests.mock_server.objects.serving import PROFILES, Uploader
from tests.mock_server.postgres import written
from tests.mock_server.stream.talking import FRAME, STOP, all_kept, dial, goes_on, kept
from tests.whole import costly

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
#: Two streams, no two seconds of them alike: the first is more than a piece of what is put while somebody speaks.
LONG, SHORT = random.Random(17).randbytes(8 * MIB), random.Random(18).randbytes(2 * MIB)
_PROTOCOL = scribe_data.load().stream.resumable.protocol


class Scattered(Server):
    """A server on a database and a bucket."""

    program = (str(Path(__file__).with_name("scattered.py")),)


class Stream:
    """A client that says its samples over one socket, as fast as somebody who speaks much, and notes what is told."""

    def __init__(self, session, samples, *, step=FRAME, pause=0.02):
        self._session, self._samples = session, samples
        self._step, self._pause = step, pause
        self.offsets = []
        self.code = None
        self._saying = threading.Thread(target=self._say)
        self._saying.start()

    def _say(self):
        with dial(self._session, _PROTOCOL) as ws:
            self.offsets.append(kept(ws))
            ws.send(goes_on(self.safe))
            hearing = threading.Thread(target=self._hear, args=(ws,))
            hearing.start()
            try:
                for at in range(self.safe, len(self._samples), self._step):
                    ws.send(self._samples[at : at + self._step])
                    time.sleep(self._pause)
                    if self.code is not None:
                        break
            except ConnectionClosed:
                pass
            hearing.join()

    def _hear(self, ws):
        try:
            while True:
                self.offsets.append(kept(ws))
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else 1006

    @property
    def safe(self):
        """What was told last."""
        return self.offsets[-1] if self.offsets else 0

    def until(self, safe):
        until = time.monotonic() + 60
        while self.safe < safe:
            assert time.monotonic() < until, self.offsets[-3:]
            time.sleep(0.02)

    def over(self):
        self._saying.join()
        return self.safe


def goes_on_to_the_end(client, session, samples, safe):
    """Connect again, say the rest and end; what is kept is all of it."""
    session = client.get(session)
    with dial(session, _PROTOCOL) as ws:
        there = kept(ws)
        assert there >= safe
        ws.send(goes_on(there))
        for at in range(there, len(samples), FRAME * 10):
            ws.send(samples[at : at + FRAME * 10])
        ws.send(STOP)
        offsets, (code, _) = all_kept(ws)
    assert (offsets[-1], code) == (len(samples), 1000)
    assert client.end(session).status_code == 202
    client.settled(session)  # noise is not understood
    return client.play(session).content[44:]


class House:
    """A database, an object store, and a server on them that may be killed with its machine."""

    def __init__(self, objects, database, folder):
        self.objects, self.prefix = objects, f"scattered-{uuid.uuid4().hex[:8]}"
        given = [part for key in KEYS for part in ("--api-key", key)]
        self._words = ("--transcriber", "scripted", "--profile", PROFILES, *given)
        self._words += ("--database", written(database), "--audio-store", objects.url(self.prefix))
        self._folder = folder
        self._number = 0
        self.start()

    def start(self):
        """On a machine of its own."""
        self._number += 1
        self.directory = self._folder / f"machine-{self._number}"
        self.server = Scattered(self.directory, *self._words)
        self.client, self.speaker = Uploader(self.server.url), Speaker(self.server.url)

    def lose(self):
        """The machine with all that is on it."""
        self.server.stop(signal.SIGKILL)
        shutil.rmtree(self.directory)

    def stop(self):
        if self.server.process.poll() is None:
            self.server.stop()

    def paths(self, folder):
        return [path for path in self.objects.paths(self.prefix) if path.startswith(f"{folder}/")]

    def stored(self):
        return [bytes(self.objects.store(self.prefix).get(path).bytes()) for path in self.paths("audio")]


@pytest.fixture
def own(tmp_path_factory):
    """An object store that the test may kill."""
    found = weed.started(tmp_path_factory.mktemp("weed"))
    yield found
    found.stop()


@pytest.fixture
def opening(address, tmp_path):
    opened = []

    def one(objects):
        opened.append(House(objects, address, tmp_path))
        return opened[-1]

    yield one
    for house in opened:
        house.stop()


def spoken_in(house):
    """Two streams that go on, and a live session that was told one final."""
    sessions = house.client.create(), house.client.create()
    long = Stream(sessions[0], LONG, step=FRAME * 8, pause=0.01)
    short = Stream(sessions[1], SHORT)
    return sessions, long, short


def told_so_far(talk):
    """A final, which is told once all audio that came before is kept."""
    talk.speak(PCM + bytes(SECOND))
    return talk.until("transcript.final")


def nothing_told_is_lost(house, sessions, safe, final, talk):
    """The new server has what the one before it told, and everything goes on or is over as after a restart."""
    told = house.speaker.over(talk.session_id)
    assert told["status"] == "interrupted"
    assert told["utterance_count"] >= 1
    heard = house.speaker.audio(talk.session_id)
    said = (PCM + bytes(SECOND)) * 2
    assert heard == said[: len(heard)]
    assert len(heard) >= final["end"] * SECOND
    # one goes on, the other one is ended as it is
    assert goes_on_to_the_end(house.client, sessions[0], LONG, safe[0]) == LONG
    assert house.client.end(sessions[1]).status_code == 202
    house.client.settled(sessions[1])
    found = house.client.play(sessions[1]).content
    assert len(found) - 44 >= safe[1] > 0
    assert found[44:] == SHORT[: len(found) - 44]
    assert int.from_bytes(found[40:44], "little") == len(found) - 44
    stored = house.stored()
    assert all(content in [each[44:] for each in stored] for content in (heard, LONG, found[44:]))
    assert house.paths("growing") == []


def test_a_machine_that_is_lost_takes_nothing_told_with_it(objects, opening):
    house = opening(objects)
    sessions, long, short = spoken_in(house)
    with house.speaker.talk(store_audio=True, store_transcript=True) as talk:
        final = told_so_far(talk)
        talk.speak(PCM)
        long.until(6 * MIB)
        until = time.monotonic() + 60
        while not house.paths("growing"):  # a piece is put behind its client's back
            assert time.monotonic() < until
            time.sleep(0.02)
        house.lose()
    safe = long.over(), short.over()
    house.start()
    nothing_told_is_lost(house, sessions, safe, final, talk)


@costly
def test_a_machine_that_is_lost_while_the_bucket_is_away_takes_nothing_told_with_it(own, opening):
    house = opening(own)
    sessions, long, short = spoken_in(house)
    with house.speaker.talk(store_audio=True, store_transcript=True) as talk:
        final = told_so_far(talk)
        long.until(MIB)
        short.until(100_000)  # its file has begun
        own.kill()
        long.until(6 * MIB)  # who speaks is not disturbed
        talk.speak(PCM)
        house.lose()
    safe = long.over(), short.over()
    own.start()
    house.start()
    nothing_told_is_lost(house, sessions, safe, final, talk)


def test_nothing_is_told_as_kept_while_the_database_is_away(objects, opening, postgres):
    house = opening(objects)
    sessions, long, short = spoken_in(house)
    with house.speaker.talk(store_audio=True, store_transcript=True) as talk:
        final = told_so_far(talk)
        long.until(2 * MIB)
        postgres.kill()
        safe = long.over(), short.over()
        assert long.code not in (None, 1000)
        talk.speak(PCM)
        assert talk.to_the_end() == 1011
    house.lose()
    postgres.start()
    house.start()
    nothing_told_is_lost(house, sessions, safe, final, talk)


def test_a_database_that_was_away_is_gone_on_with_by_the_server_that_lost_it(objects, opening, postgres):
    house = opening(objects)
    sessions, long, short = spoken_in(house)
    with house.speaker.talk(store_audio=True, store_transcript=True) as talk:
        final = told_so_far(talk)
        long.until(2 * MIB)
        postgres.kill()
        safe = long.over(), short.over()
        assert talk.to_the_end() == 1011
    postgres.start()
    house.client.until_ready()
    nothing_told_is_lost(house, sessions, safe, final, talk)


@costly
def test_machines_that_are_lost_one_after_the_other_hand_a_stream_on_byte_for_byte(objects, opening):
    house = opening(objects)
    session, safe = house.client.create(), 0
    for _ in range(3):
        stream = Stream(house.client.get(session), SHORT)
        stream.until(safe + 100_000)
        house.lose()
        safe = stream.over()
        house.start()
    assert goes_on_to_the_end(house.client, session, SHORT, safe) == SHORT
