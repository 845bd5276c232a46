"""The process that writes what is uploaded: what its end, its server's end and a crowd leave."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from mock_server.storage import StorageError, filing_process
from mock_server.storage.audio import LocalAudio
from tests.mock_server.killing import held_mib, paused
from tests.mock_server.storage.test_storage_audio import another, nothing, pieces

MIB = 1024 * 1024


@pytest.fixture
def audio(tmp_path):
    opened = LocalAudio(tmp_path / "audio")
    yield opened
    opened.close()


def key(number=0):
    return f"{number % 16:x}{number:023x}00000000"


async def put(audio, number, *parts):
    async with audio.put(key(number), pieces(*parts), 10**8) as stored:
        return stored


async def asked_of_one_that_stands(audio, writer, numbers, size):
    """The process, stopped, and uploads that wait for it."""
    await put(audio, 0, b"kept")
    process = writer()
    paused(process.pid)
    uploads = [asyncio.ensure_future(put(audio, number, bytes(size))) for number in numbers]
    await asyncio.sleep(0.1)
    return process, uploads


def writers(pid=None):
    """The processes that write for another one."""
    found = []
    for each in psutil.Process(pid).children():
        with suppress(psutil.Error):  # one that is gone, but for its number
            if "filing_process" in " ".join(each.cmdline()):
                found.append(each)
    return found


@pytest.fixture
def ours():
    """The processes that write for this one and that this test began: servers of others may be open in it."""
    before = writers()
    return lambda: [each for each in writers() if each not in before]


@pytest.fixture
def writer(ours):
    def found():
        (process,) = ours()
        return process

    return found


def files(folder):
    return [path for path in (folder / "audio").rglob("*") if path.is_file()]


def until(holds, seconds=30):
    latest = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.01)


def test_it_begins_with_the_first_upload_and_ends_with_the_store(tmp_path, ours, writer):
    audio = LocalAudio(tmp_path / "audio")
    assert ours() == []
    asyncio.run(put(audio, 1, b"voice"))
    process = writer()
    # its own line, what it says to a terminal, and the folder: nothing of its server's
    handles = sorted(Path(f"/proc/{process.pid}/fd").iterdir(), key=lambda path: int(path.name))
    held = [str(path.readlink()).split(":")[0] for path in handles if path.name != "2"]
    audio.close()
    assert not process.is_running()
    assert held[:2] == ["/dev/null"] * 2
    assert sorted(held[2:]) == sorted(["socket", "socket", f"{tmp_path}/audio/1"])


def test_many_at_once_in_several_loops_are_each_written_whole(audio, tmp_path):
    """More than sockets and process hold, in pieces that end anywhere."""
    bodies = [os.urandom(1_100_000 + 77_777 * (number % 7)) for number in range(60)]

    async def some(first):
        stored = await asyncio.gather(*(put(audio, n, bodies[n][:1000], bodies[n][1000:]) for n in range(first, 60, 3)))
        return {first + 3 * place: each for place, each in enumerate(stored)}

    with ThreadPoolExecutor(3) as threads:
        found = [
            each for part in threads.map(lambda first: asyncio.run(some(first)), range(3)) for each in part.items()
        ]
    assert len(files(tmp_path)) == len(found) == 60
    for number, stored in found:
        assert stored.sha256 == hashlib.sha256(bodies[number]).hexdigest()
        assert audio.path(stored.key).read_bytes() == bodies[number]


def test_it_takes_no_more_than_a_bounded_part_of_a_crowd(audio, writer):
    """What it has no time for waits in its server, which bounds what it takes of requests."""

    async def crowd():
        process, uploads = await asked_of_one_that_stands(audio, writer, range(1, 101), MIB)
        process.resume()
        await asyncio.gather(*uploads)
        return held_mib(process.pid)

    assert asyncio.run(crowd()) < 64  # the hundred are more than that by themselves


def test_what_has_no_thread_yet_is_received_up_to_a_bound():
    """With threads that are at no disk: all forty would be small enough for the socket, and are left in it."""
    ours, theirs = socket.socketpair()
    room = threading.Semaphore(filing_process._MOST_WAITING)
    idle = filing_process._Writer(room)
    reader = filing_process._Reader(filing_process._Line(theirs), [idle], room)
    with ours, theirs:
        for number in range(40):
            ours.sendall(filing_process.ASKED.pack(0, number, filing_process.APPEND, 1, 2) + b"pxx")
        reader.start()
        until(lambda: idle.errands.qsize() == filing_process._MOST_WAITING)
        time.sleep(0.1)
        assert idle.errands.qsize() == filing_process._MOST_WAITING == 16
        room.release(40)  # as threads do that have taken what was received
        until(lambda: idle.errands.qsize() == 40)
        ours.shutdown(socket.SHUT_WR)
        reader.join(30)
    assert idle.errands.qsize() == 41  # the last one tells that the line has ended


@pytest.mark.parametrize("begun", [False, True])
def test_a_process_that_is_killed_costs_what_it_had_and_the_next_one_goes_on(audio, tmp_path, writer, begun):
    reached, killed = asyncio.Event(), asyncio.Event()

    async def body():
        if begun:
            yield bytes(2 * MIB)
        reached.set()
        await killed.wait()
        yield b"the rest"

    async def scenario():
        before = await put(audio, 0, b"kept")

        async def upload():
            async with audio.put(key(1), body(), 10**8) as stored:
                return stored

        uploading = asyncio.ensure_future(upload())
        await reached.wait()
        process = writer()
        process.kill()
        process.wait()
        await asyncio.sleep(0.05)  # the loop hears of it
        killed.set()
        if begun:
            with pytest.raises(StorageError, match=r"could not be stored \(the process that writes it has ended"):
                await uploading
        else:  # it had nothing of it
            assert (await uploading).size == 8
        await put(audio, 2, b"afterwards")
        return before

    before = asyncio.run(scenario())
    assert audio.path(before.key).read_bytes() == b"kept"
    assert sorted(path.read_bytes() for path in files(tmp_path)) == sorted(
        [b"kept", b"afterwards"] + [b"the rest"] * (not begun)
    )


def test_a_process_that_is_killed_while_it_is_waited_for_costs_what_it_had(audio, tmp_path, writer):
    async def scenario():
        process, uploads = await asked_of_one_that_stands(audio, writer, range(1, 30), 100_000)
        process.kill()
        found = await asyncio.gather(*uploads, return_exceptions=True)
        await put(audio, 40, b"afterwards")
        return found

    found = asyncio.run(scenario())
    assert [type(each) for each in found] == [StorageError] * 29
    assert len(files(tmp_path)) == 2


def test_nothing_that_was_acknowledged_is_lost_however_often_it_is_killed(audio, tmp_path, ours):
    kept, refused = {}, []

    async def client(first, moments):
        for number in range(first, first + 1000):
            if len(kills) == 20:
                break
            body = moments.randbytes(moments.choice([10, 100_000, 1_500_000]))
            try:
                kept[(await put(audio, number, body)).key] = hashlib.sha256(body).hexdigest()
            except StorageError as error:
                refused.append(str(error))

    async def killer(moments):
        while len(kills) < 20:
            await asyncio.sleep(moments.uniform(0.01, 0.1))
            for process in ours():
                process.kill()
                kills.append(process.pid)

    async def scenario():
        moments = random.Random(20261201)
        await asyncio.gather(killer(moments), *(client(1000 * n, random.Random(n)) for n in range(12)))

    kills: list[int] = []
    asyncio.run(scenario())
    assert set(refused) <= {"The audio could not be stored (the process that writes it has ended)."}
    assert len(kept) > len(kills)
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files(tmp_path)} == kept


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_sent_to_whole_groups_does_not_end_it_before_its_server(audio, writer, sent):
    asyncio.run(put(audio, 1, b"voice"))
    process = writer()
    process.send_signal(sent)
    asyncio.run(put(audio, 2, b"voice"))
    assert writer() == process


def test_an_upload_that_is_given_up_while_its_end_is_written_leaves_nothing(audio, tmp_path, writer):
    async def scenario():
        process, uploads = await asked_of_one_that_stands(audio, writer, range(1, 20), 1000)
        for each in uploads:
            each.cancel()
        await asyncio.gather(*uploads, return_exceptions=True)
        process.resume()
        await put(audio, 40, b"behind them")

    asyncio.run(scenario())
    until(lambda: len(files(tmp_path)) == 2)


def test_closing_finishes_what_was_sent_and_leaves_nobody_waiting(tmp_path):
    audio = LocalAudio(tmp_path / "audio")

    async def scenario():
        uploads = [asyncio.ensure_future(put(audio, n, bytes(300_000))) for n in range(40)]
        await asyncio.sleep(0)
        while not files(tmp_path):  # noqa: ASYNC110 - another process makes them
            await asyncio.sleep(0.001)
        audio.close()
        return await asyncio.wait_for(asyncio.gather(*uploads, return_exceptions=True), 30)

    found = asyncio.run(scenario())
    stored = [each for each in found if not isinstance(each, StorageError)]
    assert len(stored) == len(files(tmp_path)) > 0


def test_it_ends_with_a_server_that_is_killed(tmp_path):
    with another(tmp_path / "audio", key(), "writing") as server:
        (process,) = writers(server.pid)
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    audio = LocalAudio(tmp_path / "audio")
    asyncio.run(audio.sweep(nothing))
    audio.close()
    assert files(tmp_path) == []
