"""What every audio store promises, wherever it puts the bytes."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import signal
import struct
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

from mock_server.storage import StorageError, TooLarge
from mock_server.storage.audio import LocalAudio
from mock_server.storage.memory_audio import MemoryAudio
from mock_server.storage.place import place

KEY = "0123456789abcdef0123456789abcdef"
OTHER = "f123456789abcdef0123456789abcdef"
ROOT = Path(__file__).parents[3]


async def pieces(*parts):
    for part in parts:
        yield part


async def put(audio, name, body, limit=10**7):
    async with audio.put(name, body, limit) as stored:
        return stored


async def key_of(audio, name, *parts):
    """The key of something that is put."""
    return (await put(audio, name, pieces(*parts))).key


async def content(audio, *keys):
    """The bytes of keys; None for one that is not there."""
    async with audio.fetch(keys) as paths:
        return [path.read_bytes() if path.exists() else None for path in paths]


async def nothing():
    return set()


def telling(*answers):
    """What sessions refer to, by the time it is asked for: the last answer holds from then on."""
    left = [set(answer) for answer in answers]

    async def kept():
        return left.pop(0) if len(left) > 1 else left[0]

    return kept


def in_objects(request, tmp_path):
    """On a real S3 server, below a prefix that nobody else has."""
    from mock_server.storage.objects import ObjectAudio

    server = request.getfixturevalue("objects")
    (tmp_path / "data").mkdir()
    return ObjectAudio(place(server.url(f"contract-{uuid.uuid4().hex[:12]}")), tmp_path / "data")


def in_objects_and_tables(request, tmp_path):
    """Likewise, with a database behind what grows."""
    from mock_server.storage.backing import Backing
    from mock_server.storage.objects import ObjectAudio
    from mock_server.storage.sqlite import SqliteStore

    server = request.getfixturevalue("objects")
    (tmp_path / "data").mkdir()
    store = SqliteStore(tmp_path / "scribe.sqlite")
    request.addfinalizer(store.close)
    where = place(server.url(f"contract-{uuid.uuid4().hex[:12]}"))
    return ObjectAudio(where, tmp_path / "data", backing=Backing(store))


OPENING = {
    "local": lambda request, tmp_path: LocalAudio(tmp_path / "audio"),
    "memory": lambda request, tmp_path: MemoryAudio(),
    "objects": in_objects,
    "objects and tables": in_objects_and_tables,
}


@pytest.fixture(params=OPENING)
def audio(request, tmp_path):
    opened = OPENING[request.param](request, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def local(tmp_path):
    opened = LocalAudio(tmp_path / "audio")
    yield opened
    opened.close()


def test_audio_comes_back_byte_for_byte_with_its_digest(audio):
    parts = [os.urandom(700_000) for _ in range(4)]
    whole = b"".join(parts)

    async def scenario():
        stored = await put(audio, KEY, pieces(*parts))
        return stored, await content(audio, stored.key)

    stored, found = asyncio.run(scenario())
    assert found == [whole]
    assert stored.key.startswith(KEY[:24])
    assert (stored.size, stored.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_several_files_are_fetched_in_the_order_that_they_are_asked_for(audio):
    async def scenario():
        one = await key_of(audio, KEY, b"one")
        return await content(audio, await key_of(audio, OTHER, b"two"), one, "9" * 32)

    assert asyncio.run(scenario()) == [b"two", b"one", None]


def test_audio_is_durable_when_the_block_begins(audio):
    async def scenario():
        async with audio.put(KEY, pieces(b"voice"), 10) as stored:
            return await content(audio, stored.key)

    assert asyncio.run(scenario()) == [b"voice"]


def test_audio_over_the_limit_leaves_nothing(audio):
    async def scenario():
        with pytest.raises(TooLarge):
            await put(audio, KEY, pieces(b"x" * 1_500_000, b"x"), 1_500_000)
        await asyncio.sleep(0.1)
        return await audio.sweep(nothing)

    assert asyncio.run(scenario()) == 0


@pytest.mark.parametrize("size", [0, 1, 2])
def test_audio_up_to_the_limit_is_kept(audio, size):
    assert asyncio.run(put(audio, KEY, pieces(b"x" * size), 2)).size == size


def test_an_upload_that_breaks_off_leaves_nothing(audio):
    async def broken():
        yield b"x" * 2_000_000
        raise ConnectionAbortedError

    async def left():
        yield b"x" * 2_000_000
        await asyncio.sleep(60)

    async def scenario():
        with pytest.raises(Exception):  # noqa: B017 - whatever the client's end breaks with
            await put(audio, KEY, broken())
        task = asyncio.ensure_future(put(audio, OTHER, left()))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        return await audio.sweep(nothing)

    assert asyncio.run(scenario()) == 0


def test_a_disk_that_refuses_is_a_storage_error(local):
    local.path(KEY).parent.rmdir()
    with pytest.raises(StorageError):
        asyncio.run(put(local, KEY, pieces(b"x")))


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a" * 31, "A" * 32, f"{'a' * 32}/x", "a" * 32 + "\n"])
def test_a_key_that_is_not_ours_names_no_audio(audio, key):
    with pytest.raises(ValueError, match="is not an audio key"):
        asyncio.run(put(audio, key, pieces(b"x")))
    with pytest.raises(ValueError, match="is not an audio key"):
        asyncio.run(content(audio, key))


def test_deleting_twice_is_deleting_once(audio):
    async def scenario():
        key = await key_of(audio, KEY, b"x")
        await audio.delete([key])
        await audio.delete([key])
        return await content(audio, key)

    assert asyncio.run(scenario()) == [None]


def test_the_sweep_removes_what_no_session_refers_to(audio):
    async def scenario():
        kept, orphan = await key_of(audio, KEY, b"kept"), await key_of(audio, OTHER, b"orphan")
        return await audio.sweep(telling({kept})), await content(audio, kept, orphan)

    assert asyncio.run(scenario()) == (1, [b"kept", None])


def test_the_sweep_leaves_what_is_being_uploaded(audio):
    """While bytes still come, and while they are there and no session refers to them yet."""
    going_on = asyncio.Event()

    async def slow():
        yield b"x" * 1_500_000
        await going_on.wait()
        yield b"y"

    async def scenario():
        async def upload():
            async with audio.put(KEY, slow(), 10**7) as stored:
                swept.append(await audio.sweep(nothing))
                return stored

        swept = []
        uploading = asyncio.ensure_future(upload())
        await asyncio.sleep(0.1)
        swept.append(await audio.sweep(nothing))
        going_on.set()
        stored = await uploading
        return swept, stored.size, len((await content(audio, stored.key))[0])

    assert asyncio.run(scenario()) == ([0, 0], 1_500_001, 1_500_001)


def test_the_sweep_leaves_what_a_session_came_to_refer_to_meanwhile(local):
    async def scenario():
        key = await key_of(local, KEY, b"voice")
        return await local.sweep(telling(set(), {key})), await content(local, key)

    assert asyncio.run(scenario()) == (0, [b"voice"])


def test_the_sweep_leaves_what_nobody_waits_for_any_more_but_may_still_be_kept(audio):
    keys = []

    async def upload():
        async with audio.put(KEY, pieces(b"voice"), 10) as stored:
            keys.append(stored.key)
            await asyncio.sleep(60)  # a change on its way to the disk

    async def scenario():
        uploading = asyncio.ensure_future(upload())
        await asyncio.sleep(0.1)
        uploading.cancel()
        await asyncio.gather(uploading, return_exceptions=True)
        return await audio.sweep(nothing), await content(audio, *keys)

    assert asyncio.run(scenario()) == (0, [b"voice"])


def test_the_sweep_removes_many_orphans_and_nothing_else(audio):
    async def scenario():
        keys = [await key_of(audio, f"{number:024x}00000000", b"x") for number in range(20)]
        return await audio.sweep(telling(keys[::2])), await content(audio, *keys)

    gone, found = asyncio.run(scenario())
    assert gone == 10
    assert found == [b"x", None] * 10


def test_a_file_grows_behind_what_counts_of_it_and_gets_its_head_in_the_end(audio):
    async def scenario():
        key = await key_of(audio, KEY, b"head")
        await audio.extend(key, 4, b"one")
        await audio.extend(key, 7, b"tw")  # a step that was never told of
        await audio.extend(key, 7, b"two")
        sizes = [await audio.size(key), await audio.size(OTHER)]
        stored = await audio.settle(key, lambda size: (size - 1, b"%04d" % size))
        return sizes, stored.size, stored.sha256, await content(audio, key)

    sizes, size, digest, (found,) = asyncio.run(scenario())
    assert sizes == [10, 0]
    assert found == b"0010onetw"
    assert (size, digest) == (9, hashlib.sha256(found).hexdigest())


def test_what_is_gone_does_not_grow(audio):
    async def scenario():
        key = await key_of(audio, KEY, b"head")
        await audio.delete([key])
        for step in (audio.extend(key, 4, b"x"), audio.settle(key, lambda size: (size, b""))):
            with pytest.raises(StorageError):
                await step

    asyncio.run(scenario())


def test_memory_takes_audio_up_to_its_bound_and_has_room_again_for_what_goes():
    audio = MemoryAudio(most=10)

    async def scenario():
        await put(audio, KEY, pieces(b"123456"))
        for _ in range(3):  # what was refused takes no room
            with pytest.raises(StorageError):
                await put(audio, OTHER, pieces(b"123", b"45"))
        assert audio.shortage() is None
        await put(audio, OTHER, pieces(b"1234"))
        assert audio.shortage() is not None
        await put(audio, "9" * 32, pieces())
        await audio.delete([KEY])
        await put(audio, KEY, pieces(b"654321"))
        return await content(audio, KEY, OTHER)

    assert asyncio.run(scenario()) == [b"654321", b"1234"]


def test_files_that_memory_hands_out_are_gone_with_the_block():
    audio = MemoryAudio()

    async def scenario():
        await put(audio, KEY, pieces(b"voice"))
        async with audio.fetch([KEY]) as (path,):
            assert path.read_bytes() == b"voice"
        return path

    assert not asyncio.run(scenario()).parent.exists()


ANOTHER = """
import asyncio, pathlib, sys
from mock_server.storage.audio import LocalAudio

async def body():
    yield b"x" * 1_500_000
    if sys.argv[3] == "writing":
        print("ready", flush=True)
        await asyncio.sleep(60)

async def run():
    audio = LocalAudio(pathlib.Path(sys.argv[1]))
    async with audio.put(sys.argv[2], body(), 10**7):
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(run())
"""


@contextmanager
def another(root, key, stage):
    """Another process that is putting audio into the same folder; at the end both it and who wrote for it are gone."""
    command = [sys.executable, "-c", ANOTHER, str(root), key, stage]
    # both of them have the standard error, so that its end is that of both
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)


@pytest.mark.parametrize("stage", ["writing", "written"])
def test_the_sweep_leaves_another_process_what_it_writes_until_that_is_killed(local, tmp_path, stage):
    def files():
        return [path for path in (tmp_path / "audio").rglob(KEY[:24] + "*") if path.is_file()]

    with another(tmp_path / "audio", KEY, stage):
        assert asyncio.run(local.sweep(nothing)) == 0
        assert len(files()) == 1
    # the process that wrote may have dropped by itself what was not settled
    assert asyncio.run(local.sweep(nothing)) == 1 or stage == "writing"
    assert files() == []


def test_a_lease_that_a_sweep_meets_before_it_is_locked_is_made_anew(tmp_path, monkeypatch):
    flock, met = fcntl.flock, []

    def meets(handle, how):
        if not met:
            met.extend((tmp_path / "audio.leases").iterdir())
            met[0].unlink()  # as a sweep does with one that nobody holds
        flock(handle, how)

    monkeypatch.setattr("mock_server.storage.audio.fcntl.flock", meets)
    audio = LocalAudio(tmp_path / "audio")
    (lease,) = (tmp_path / "audio.leases").iterdir()
    audio.close()
    assert met[0] != lease


def test_leases_go_with_those_who_held_them(tmp_path):
    with another(tmp_path / "audio", KEY, "written"):
        pass
    audio = LocalAudio(tmp_path / "audio")
    assert len(list((tmp_path / "audio.leases").iterdir())) == 2
    assert asyncio.run(audio.sweep(nothing)) == 1
    assert len(list((tmp_path / "audio.leases").iterdir())) == 1
    audio.close()
    assert list((tmp_path / "audio.leases").iterdir()) == []


def test_audio_from_before_there_were_leases_is_read_and_swept(local):
    async def scenario():
        for key in (KEY, OTHER):
            local.path(key).write_bytes(b"old")
        return await local.sweep(telling({KEY})), await content(local, KEY, OTHER)

    assert asyncio.run(scenario()) == (1, [b"old", None])


def test_folders_of_audio_lie_apart_where_the_file_system_knows_how(tmp_path):
    """As `lsattr -d` shows it: T."""
    (tmp_path / "audio").mkdir()
    before = flags(tmp_path / "audio")
    if before is None:
        pytest.skip("this file system has no flags")
    LocalAudio(tmp_path / "audio").close()
    assert flags(tmp_path / "audio") == before | 0x20000


def test_a_file_system_that_knows_no_flags_keeps_audio_all_the_same(tmp_path, monkeypatch):
    def refuses(handle, *_):
        raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))

    monkeypatch.setattr("mock_server.durable.fcntl.ioctl", refuses)
    audio = LocalAudio(tmp_path / "audio")
    assert asyncio.run(put(audio, KEY, pieces(b"voice"))).size == 5
    audio.close()


def flags(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        return struct.unpack("i", fcntl.ioctl(handle, 0x80086601, struct.pack("i", 0)))[0]
    except OSError:
        return None
    finally:
        os.close(handle)
