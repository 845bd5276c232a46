"""What audio in a bucket comes to beyond the promises of every audio store, on a real S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from mock_server.storage import StorageError, bucket
from mock_server.storage.bucket import Absent, Bucket
from mock_server.storage.place import place
from tests.mock_server import weed

KEY = "0123456789abcdef0123456789abcdef"
OTHER = "f123456789abcdef0123456789abcdef"
ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024
#: After so long a killed process is known to be dead: more than a loaded machine keeps a living one from its lease.
STALE_S = 8.0


class Prefix:
    """One prefix of the server, and the stores that are opened on it, each on a data directory."""

    def __init__(self, server, folder):
        self.server = server
        self.name = f"objects-{uuid.uuid4().hex[:12]}"
        self.place = place(server.url(self.name))
        self._folder = folder
        self._opened = []

    def open(self, directory="data", **more):
        from mock_server.storage.objects import ObjectAudio

        folder = self._folder / directory
        folder.mkdir(exist_ok=True)
        self._opened.append(ObjectAudio(self.place, folder, **more))
        return self._opened[-1]

    def paths(self, folder):
        return [path for path in self.server.paths(self.name) if path.startswith(f"{folder}/")]

    def unfinished(self):
        return weed.unfinished_uploads(self.place)

    def close(self):
        for audio in self._opened:
            if not audio._over.is_set():
                audio.close()


@pytest.fixture
def prefix(objects, tmp_path):
    found = Prefix(objects, tmp_path)
    yield found
    found.close()


async def body(*parts):
    for part in parts:
        yield part


async def put(audio, name, *parts):
    async with audio.put(name, body(*parts), 10**9) as stored:
        return stored


async def content(audio, *keys):
    async with audio.fetch(keys) as paths:
        return [path.read_bytes() if path.exists() else None for path in paths]


async def nothing():
    return set()


async def settled(seconds=10.0, *, until):
    """Wait until something is so, which happens behind the scenes."""
    async with asyncio.timeout(seconds):
        while not until():  # noqa: ASYNC110 - it happens in a thread, or in another process
            await asyncio.sleep(0.05)


def test_a_large_file_is_put_in_parts_with_its_digest_beside_it(prefix):
    audio = prefix.open()
    parts = [os.urandom(MIB) for _ in range(12)]
    stored = asyncio.run(put(audio, KEY, *parts))
    found = prefix.server.store(prefix.name).get(f"audio/{stored.key}")
    assert found.attributes["sha256"] == stored.sha256 == hashlib.sha256(b"".join(parts)).hexdigest()
    assert found.meta["e_tag"].strip('"').endswith("-3")  # how S3 tags what came in three parts
    assert asyncio.run(content(audio, stored.key)) == [b"".join(parts)]


def test_who_goes_away_while_a_large_file_comes_leaves_nothing_in_the_bucket(prefix):
    audio = prefix.open()

    async def left(reached):
        for _ in range(12):
            yield os.urandom(MIB)
        reached.set()
        await asyncio.sleep(60)

    async def scenario():
        reached = asyncio.Event()

        async def upload():
            async with audio.put(KEY, left(reached), 10**9):
                pass

        task = asyncio.ensure_future(upload())
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
    assert (prefix.paths("audio"), prefix.unfinished()) == ([], [])


def test_who_goes_away_while_a_large_file_is_put_leaves_nothing_in_the_bucket(prefix):
    audio = prefix.open()

    async def scenario():
        task = asyncio.ensure_future(put(audio, KEY, os.urandom(40 * MIB)))
        await settled(until=prefix.unfinished)  # its parts are on their way
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await settled(30, until=lambda: not prefix.unfinished() and not prefix.paths("audio"))

    asyncio.run(scenario())


ANOTHER = """
import asyncio, os, pathlib, sys
from mock_server.storage.objects import ObjectAudio
from mock_server.storage.place import place

async def body():
    yield os.urandom(40 * 1024 * 1024 if sys.argv[3] == "sending" else 1000)

async def run():
    audio = ObjectAudio(place(os.environ["PLACE"]), pathlib.Path(sys.argv[1]), stale_s=float(sys.argv[4]))
    print("ready", flush=True)
    async with audio.put(sys.argv[2], body(), 10**9):
        print("written", flush=True)
        await asyncio.sleep(60)

asyncio.run(run())
"""


@contextmanager
def another(prefix, directory, key, stage):
    """Another process that is putting audio into the same prefix."""
    directory.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", ANOTHER, str(directory), key, stage, str(STALE_S)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "PLACE": prefix.server.url(prefix.name)},
    )
    try:
        assert process.stdout.readline() == "ready\n"
        if stage == "written":
            assert process.stdout.readline() == "written\n"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_the_sweep_leaves_another_living_process_what_it_wrote_until_that_is_long_dead(prefix, tmp_path):
    audio = prefix.open(stale_s=STALE_S)
    with another(prefix, tmp_path / "theirs", KEY, "written"):
        assert asyncio.run(audio.sweep(nothing)) == 0
        assert len(prefix.paths("audio")) == 1
    assert asyncio.run(audio.sweep(nothing)) == 0  # nobody can tell yet
    asyncio.run(asyncio.sleep(STALE_S + 2))
    assert asyncio.run(audio.sweep(nothing)) == 1
    assert prefix.paths("audio") == []
    assert len(prefix.paths("leases")) == 1


def test_who_may_be_taken_for_dead_acknowledges_nothing_before_the_lease_is_written_again(prefix, monkeypatch):
    audio = prefix.open()
    monkeypatch.setattr(audio._claim, "_renewed_at", -1e9)
    assert asyncio.run(put(audio, KEY, b"voice")).size == 5
    assert audio._claim._renewed_at > 0

    def refused():
        raise StorageError("not now")

    monkeypatch.setattr(audio._claim, "_renewed_at", -1e9)
    monkeypatch.setattr(audio._claim, "renew", refused)
    with pytest.raises(StorageError, match="not now"):
        asyncio.run(put(audio, OTHER, b"voice"))
    asyncio.run(settled(until=lambda: len(prefix.paths("audio")) == 1))


def test_what_a_killed_process_left_goes_at_the_next_start_on_its_directory(prefix, tmp_path):
    with another(prefix, tmp_path / "data", KEY, "written"):
        pass
    audio = prefix.open()
    assert asyncio.run(audio.sweep(nothing)) == 1
    assert prefix.paths("audio") == []


def test_the_parts_of_an_upload_that_a_kill_broke_off_go_at_the_next_start(prefix, tmp_path):
    with another(prefix, tmp_path / "data", KEY, "sending"):
        asyncio.run(settled(until=prefix.unfinished))
    assert prefix.unfinished()
    audio = prefix.open()
    asyncio.run(audio.sweep(nothing))
    assert (prefix.unfinished(), prefix.paths("audio")) == ([], [])


def test_a_prefix_belongs_to_one_database(prefix):
    prefix.open("one", identity="one").close()
    prefix.open("one", identity="one").close()
    with pytest.raises(StorageError, match="another server's database"):
        prefix.open("two", identity="two")


def test_a_store_that_knows_no_conditions_is_good_enough(prefix, monkeypatch):
    put = Bucket.put

    def unconditional(bucket, path, content, *, new=False):
        if new:
            raise Absent("it answers 501 where it is asked to write")
        put(bucket, path, content)

    monkeypatch.setattr(Bucket, "put", unconditional)
    prefix.open("one", identity="one").close()
    with pytest.raises(StorageError, match="another server's database"):
        prefix.open("two", identity="two")


def test_audio_of_which_a_new_database_knows_nothing_is_not_swept_but_refused(prefix):
    audio = prefix.open("one")
    asyncio.run(put(audio, KEY, b"voice"))
    with pytest.raises(StorageError, match="knows nothing"):
        prefix.open("two", identity="two", refers=False)


def test_the_cache_is_bounded_and_who_reads_is_not_disturbed_by_what_goes(prefix, tmp_path):
    audio = prefix.open(most_cached=2 * MIB)

    async def scenario():
        keys = [(await put(audio, f"{number:024x}00000000", bytes([number]) * MIB)).key for number in range(5)]
        async with audio.fetch(keys[:1]) as (first,):
            await content(audio, *keys[1:])
            assert first.read_bytes() == bytes(MIB)
        return keys

    keys = asyncio.run(scenario())
    held = list((tmp_path / "data" / "audio.cache").iterdir())
    assert {path.name for path in held} == set(keys[3:])
    assert sum(path.stat().st_size for path in held) <= 2 * MIB
    asyncio.run(settled(until=lambda: not list((tmp_path / "data" / "audio.lent").iterdir())))


def test_audio_that_is_not_what_was_put_is_handed_to_nobody(prefix, caplog):
    audio = prefix.open()
    stored = asyncio.run(put(audio, KEY, b"voice"))
    prefix.server.store(prefix.name).put(f"audio/{stored.key}", b"vogue", attributes={"sha256": stored.sha256})
    assert asyncio.run(content(audio, stored.key)) == [None]
    assert "its digest is another" in caplog.text


def grown(audio, pieces, step=MIB):
    """A file that grows by steps; returns its key and all of it."""

    async def run():
        stored = await put(audio, KEY, b"head")
        told = b"head"
        for number in range(pieces):
            more = bytes([number + 1]) * step
            await audio.extend(stored.key, len(told), more)
            told += more
        return stored.key, told

    return asyncio.run(run())


def test_what_grows_is_on_the_disk_before_it_is_told_and_in_the_bucket_piece_by_piece(prefix, tmp_path):
    audio = prefix.open()
    key, told = grown(audio, 12)
    assert (tmp_path / "data" / "audio.growing" / key).read_bytes() == told
    asyncio.run(settled(until=lambda: len(prefix.paths("growing")) == 2))


def test_without_the_disk_what_grew_is_there_up_to_the_last_piece_and_grows_on(prefix):
    audio = prefix.open()
    key, told = grown(audio, 12)
    asyncio.run(settled(until=lambda: len(prefix.paths("growing")) == 2))
    elsewhere = prefix.open("elsewhere")
    size = asyncio.run(elsewhere.size(key))
    assert size == 4 + 10 * MIB
    asyncio.run(elsewhere.extend(key, size, b"more"))
    assert asyncio.run(content(elsewhere, key)) == [told[:size] + b"more"]


def test_what_is_over_is_one_object_and_its_pieces_are_gone(prefix, tmp_path):
    audio = prefix.open()
    key, told = grown(audio, 12)
    stored = asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
    whole = b"HEAD" + told[4:]
    assert (stored.size, stored.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert asyncio.run(content(audio, key)) == [whole]
    assert bytes(prefix.server.store(prefix.name).get(f"audio/{key}").bytes()) == whole
    assert prefix.paths("growing") == []
    assert list((tmp_path / "data" / "audio.growing").iterdir()) == []


def test_what_was_over_may_grow_on(prefix):
    audio = prefix.open()
    key, told = grown(audio, 6)
    asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
    asyncio.run(audio.extend(key, len(told), b"more"))
    assert asyncio.run(audio.size(key)) == len(told) + 4
    asyncio.run(audio.settle(key, lambda size: (size, b"head")))
    assert asyncio.run(content(prefix.open("elsewhere"), key)) == [told + b"more"]


def test_what_a_killed_process_let_grow_is_put_at_the_next_start(prefix, tmp_path):
    audio = prefix.open()
    key, told = grown(audio, 2)
    prefix.close()  # as a kill leaves it: nothing was settled
    audio = prefix.open()

    async def kept():
        return {key}

    assert asyncio.run(audio.sweep(kept)) == 0
    asyncio.run(settled(20, until=lambda: not list((tmp_path / "data" / "audio.growing").iterdir())))
    assert asyncio.run(content(prefix.open("elsewhere"), key)) == [told]


def test_what_grows_on_after_a_kill_goes_on_being_put_piece_by_piece(prefix):
    audio = prefix.open()
    key, told = grown(audio, 7)
    asyncio.run(settled(until=lambda: len(prefix.paths("growing")) == 1))
    prefix.close()  # as a kill leaves it
    audio = prefix.open()

    async def on():
        size = await audio.size(key)
        for number in range(6):
            await audio.extend(key, size + number * MIB, bytes(MIB))
        return size

    assert asyncio.run(on()) == len(told)
    asyncio.run(settled(until=lambda: len(prefix.paths("growing")) == 2))
    elsewhere = prefix.open("elsewhere")
    assert asyncio.run(elsewhere.size(key)) == 4 + 10 * MIB
    assert asyncio.run(content(elsewhere, key)) == [(told + bytes(6 * MIB))[: 4 + 10 * MIB]]


def test_foreign_objects_among_the_pieces_are_left_out(prefix):
    audio = prefix.open()
    key, told = grown(audio, 7)
    asyncio.run(settled(until=lambda: prefix.paths("growing")))
    for name in ("notes.txt", f"999.{4:015d}", "4.x"):
        prefix.server.store(prefix.name).put(f"growing/{key}/{name}", b"foreign")
    elsewhere = prefix.open("elsewhere")
    assert asyncio.run(elsewhere.size(key)) == 4 + 5 * MIB
    asyncio.run(elsewhere.extend(key, 4 + 5 * MIB, b"more"))
    assert asyncio.run(content(elsewhere, key)) == [told[: 4 + 5 * MIB] + b"more"]


def test_what_grew_goes_with_its_session(prefix, tmp_path):
    audio = prefix.open()
    key, _ = grown(audio, 6)
    asyncio.run(settled(until=lambda: prefix.paths("growing")))
    asyncio.run(audio.delete([key]))
    assert (prefix.paths("audio"), prefix.paths("growing")) == ([], [])
    assert list((tmp_path / "data" / "audio.growing").iterdir()) == []
    assert asyncio.run(content(audio, key)) == [None]


@pytest.fixture
def own(tmp_path_factory, tmp_path):
    """A server that the test may kill."""
    server = weed.started(tmp_path_factory.mktemp("weed"))
    yield Prefix(server, tmp_path)
    server.stop()


@pytest.mark.slow
def test_a_server_that_is_killed_takes_nothing_acknowledged_with_it_and_is_taken_up_again(own, caplog):
    audio = own.open()

    async def scenario():
        kept = await put(audio, OTHER, b"kept")
        key = (await put(audio, KEY, b"head")).key
        await audio.extend(key, 4, b"before")
        own.server.kill()
        with pytest.raises(StorageError, match="nobody answers at http"):
            await put(audio, "9" * 32, b"lost")
        with pytest.raises(StorageError, match="nobody answers at http"):
            await content(audio, kept.key)
        assert "nobody answers" in audio.absence()
        await audio.extend(key, 10, b"during")  # who speaks on is kept on
        stored = await audio.settle(key, lambda size: (size, b"HEAD"))
        assert stored.size == 16
        assert await content(audio, key) == [b"HEADbeforeduring"]
        own.server.start()
        await settled(30, until=lambda: audio.absence() is None)
        await settled(30, until=lambda: not audio._growth.here())
        assert await content(audio, kept.key) == [b"kept"]
        again = await put(audio, "9" * 32, b"again")
        return await content(own.open("elsewhere"), kept.key, key, again.key)

    assert asyncio.run(scenario()) == [b"kept", b"HEADbeforeduring", b"again"]
    assert not any(secret in caplog.text for secret in weed.FULL)
    own.close()


@pytest.mark.slow
def test_a_server_that_hangs_is_not_waited_for_by_everybody(own, monkeypatch):
    monkeypatch.setitem(bucket._CLIENT, "timeout", timedelta(seconds=4))
    audio = own.open()

    async def scenario():
        await put(audio, OTHER, b"kept")
        own.server.pause()
        loop = asyncio.get_running_loop()
        with pytest.raises(StorageError):
            await put(audio, KEY, b"x")
        begun = loop.time()
        with pytest.raises(StorageError):
            await put(audio, KEY, b"x")
        assert loop.time() - begun < 1
        own.server.resume()
        await settled(60, until=lambda: audio.absence() is None)
        return await put(audio, KEY, b"again")

    assert asyncio.run(scenario()).size == 5
    own.close()
