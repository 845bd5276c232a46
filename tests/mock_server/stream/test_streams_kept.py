"""What a killed server leaves of streams, and what becomes of it."""

from __future__ import annotations

import random
import signal
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

import scribe_data
from mock_server.stream.reception import STEP_S
from tests.mock_server.cli.test_cli_socket import KEY, Server
from tests.mock_server.stream.talking import FRAME, PCM, STOP, Client, all_kept, dial, goes_on, kept, told
from tests.whole import costly

#: Bytes of samples in a second.
SECOND = 32_000
SPOKEN = PCM * 4
SENT = 3 * SECOND


def stored(directory):
    """The audio that is on the disk, the shortest first."""
    found = [path for path in (directory / "audio").rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_size)


@pytest.mark.slow
def test_after_a_kill_all_but_the_last_step_is_there_and_goes_on_or_is_ended(tmp_path):
    server = Server(tmp_path)
    client = Client(server.url, KEY)
    whole, slow = client.create(), client.create()
    with dial(whole) as said, dial(slow) as saying:
        said.send(PCM)
        for at in range(0, SENT, FRAME):  # as it is spoken
            saying.send(SPOKEN[at : at + FRAME])
            time.sleep(0.1)
        server.stop(signal.SIGKILL)
    short, long = stored(tmp_path)
    kept = short.stat().st_size - 44
    assert SENT - kept <= (STEP_S + 0.5) * SECOND
    assert short.read_bytes()[44:] == SPOKEN[:kept]
    with long.open("ab") as torn:
        torn.write(b"\1")  # a step that was under way

    server = Server(tmp_path)
    try:
        client = Client(server.url, KEY)
        # what is listed is what is there, before anybody goes on or ends it, and once its time is up
        sight = client.http.get(f"/_mock/v1/sessions/{slow['session_id']}").json()
        assert [file["size"] for file in sight["files"]] == [44 + kept]
        assert client.end(whole).status_code == 202
        assert "The patient came to the clinic" in client.settled(whole)["transcript"]
        # the secret in the address is as good after a restart
        slow["upload_url"] = client.get(slow)["upload_url"]
        assert told(slow, SPOKEN[kept : kept + SECOND], STOP)[0] == 1000
        assert client.end(slow).status_code == 202
        assert client.settled(slow)["audio_files"] == ["stream.wav"]
        content = short.read_bytes()
        assert content[44:] == SPOKEN[: kept + SECOND]
        assert int.from_bytes(content[40:44], "little") == kept + SECOND
    finally:
        server.stop()


#: What is spoken over the sockets of servers that are killed, no two seconds of it alike.
LONG = random.Random(13).randbytes(40 * SECOND)
KILLS = 3


def spoken_until_killed(server, session, at, seconds):
    """What a client was told of its samples from `at` on, as fast as they are taken, until the server is killed."""
    offsets = []
    timer = threading.Timer(seconds, server.stop, (signal.SIGKILL,))
    with dial(session, scribe_data.load().stream.resumable.protocol) as ws:
        offsets.append(kept(ws))
        ws.send(goes_on(at))
        timer.start()
        try:
            for piece in range(at, len(LONG), FRAME):
                ws.send(LONG[piece : piece + FRAME])
                time.sleep(0.005)
        except ConnectionClosed:
            pass
        offsets += all_kept(ws)[0]
    timer.join()
    return offsets


@costly
@pytest.mark.slow
def test_after_kills_nothing_acknowledged_is_lost_and_nothing_is_kept_twice(tmp_path):
    server = Server(tmp_path)
    client = Client(server.url, KEY)
    session, safe = client.create(), 0
    chance = random.Random(7)
    for _ in range(KILLS):
        offsets = spoken_until_killed(server, session, safe, chance.uniform(0.4, 1.2))
        assert offsets == sorted(offsets)
        assert offsets[0] >= safe
        (stored_path,) = stored(tmp_path)
        safe = offsets[-1]
        assert stored_path.stat().st_size - 44 >= safe
        with stored_path.open("ab") as torn:
            torn.write(b"\1")  # a step that was under way
        server = Server(tmp_path)
        client = Client(server.url, KEY)
        session = client.get(session)
    assert safe > 0
    try:
        with dial(session, scribe_data.load().stream.resumable.protocol) as ws:
            assert safe <= kept(ws) < len(LONG)
            ws.send(goes_on(safe))
            for piece in range(safe, len(LONG), FRAME):
                ws.send(LONG[piece : piece + FRAME])
            ws.send(STOP)
            offsets, (code, _) = all_kept(ws)
        assert (offsets[-1], code) == (len(LONG), 1000)
        assert stored_path.read_bytes()[44:] == LONG
        assert client.end(session).status_code == 202
    finally:
        server.stop()
