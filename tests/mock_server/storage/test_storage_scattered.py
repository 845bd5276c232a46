"""Audio that grows with a database behind it: whoever goes on needs nothing of the directory it grew in."""

from __future__ import annotations

import asyncio
import hashlib
import random
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import event

from mock_server.storage import Later, StorageError
from mock_server.storage.backing import Backing
from mock_server.storage.bucket import Absent
from mock_server.storage.keeping import open_keeping
from mock_server.storage.place import place
from mock_server.storage.postgres import PostgresStore
from mock_server.storage.sqlite import SqliteStore
from mock_server.storage.tail import LastForm
from tests.mock_server import weed
from tests.mock_server.storage.test_storage_contract import file, session
from tests.mock_server.storage.test_storage_objects import KEY, MIB, OTHER, body, content, nothing, put, settled

NOISE = random.Random(5).randbytes(13 * MIB)


class Cluster:
    """One database and one prefix, and processes on them, each with a directory of its own."""

    def __init__(self, server, store, folder, name=None):
        self.server, self.store = server, store
        self.name = name or f"scattered-{uuid.uuid4().hex[:12]}"
        self._folder = folder
        self._opened = []

    def process(self, store=None):
        from mock_server.storage.objects import ObjectAudio

        self.directory = self._folder / f"process-{len(self._opened)}"
        self.directory.mkdir()
        backing = Backing(store or self.store)
        audio = ObjectAudio(place(self.server.url(self.name)), self.directory, backing=backing)
        self._opened.append(audio)
        return audio

    def stored(self, key):
        return bytes(self.server.store(self.name).get(f"audio/{key}").bytes())

    def pieces(self):
        return [path for path in self.server.paths(self.name) if path.startswith("growing/")]

    def tail(self, key):
        """The steps that the database has of a key."""
        return list(Backing(self.store).steps(key))

    def kept(self):
        return self.store.look(lambda view: view.tails.keys())

    def close(self):
        for audio in self._opened:
            if not audio._over.is_set():
                audio.close()
        self.store.close()


def _killed(audio):
    """As a kill leaves it: nothing more of it happens."""
    audio._over.set()
    audio._keeper.join()
    audio._disk.close()
    audio._net.close()


@pytest.fixture(params=["sqlite", "postgres"])
def cluster(request, objects, tmp_path):
    if request.param == "sqlite":
        store = SqliteStore(tmp_path / "scribe.sqlite")
    else:
        store = PostgresStore(request.getfixturevalue("address"))
    found = Cluster(objects, store, tmp_path)
    yield found
    found.close()


async def begun(audio, name=KEY):
    return (await put(audio, name, b"head")).key


async def grow(audio, key, whole, at=4, step=MIB // 4):
    while at < len(whole):
        await audio.extend(key, at, whole[at : at + step])
        at += step


def spoken(audio, whole, name=KEY):
    """A key that grew to all of `whole` by steps, of which the first is an object."""

    async def run():
        key = await begun(audio, name)
        await grow(audio, key, b"head" + whole[4:])
        return key, b"head" + whole[4:]

    return asyncio.run(run())


def referred_to(*keys):
    async def kept():
        return set(keys)

    return kept


def test_an_object_that_a_process_put_and_nobody_listed_goes_when_another_opens(cluster):
    async def left():
        first = cluster.process()
        async with first.put(KEY, body(b"acknowledged to nobody"), MIB):
            return cluster.server.paths(cluster.name), await cluster.process().sweep(nothing)

    there, swept = asyncio.run(left())
    assert [path for path in there if path.startswith("audio/")]
    assert swept == 1
    assert not [path for path in cluster.server.paths(cluster.name) if path.startswith("audio/")]


def test_another_process_has_all_that_was_told_and_goes_on_with_it(cluster):
    audio = cluster.process()
    key, told = spoken(audio, NOISE)
    asyncio.run(settled(until=lambda: len(cluster.pieces()) == 2))
    _killed(audio)
    audio = cluster.process()
    asyncio.run(audio.sweep(referred_to(key)))
    assert asyncio.run(audio.size(key)) == len(told)
    assert asyncio.run(content(audio, key)) == [told]
    asyncio.run(audio.extend(key, len(told), b"more"))
    _killed(audio)
    audio = cluster.process()
    stored = asyncio.run(audio.settle(key, lambda size: (size - 1, b"HEAD")))
    whole = b"HEAD" + told[4:] + b"mor"
    assert (stored.size, stored.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert cluster.stored(key) == whole
    assert (cluster.pieces(), cluster.kept()) == ([], set())


def test_what_lies_in_the_bucket_leaves_the_database(cluster):
    audio = cluster.process()
    key, told = spoken(audio, NOISE)

    async def down():
        await settled(until=lambda: cluster.tail(key)[0].at >= 4 + 10 * MIB - MIB // 4)

    asyncio.run(down())
    first = cluster.tail(key)[0].at
    assert b"".join(step.content for step in cluster.tail(key)) == told[first:]


def test_the_file_on_the_disk_is_not_waited_for(cluster, monkeypatch):
    audio = cluster.process()
    key = asyncio.run(begun(audio))
    asyncio.run(audio.extend(key, 4, b"one"))
    monkeypatch.setattr("os.fsync", lambda _: pytest.fail("the directory is scratch"))
    asyncio.run(audio.extend(key, 7, b"two"))
    assert [step.content for step in cluster.tail(key)] == [b"one", b"two"]


def test_a_step_that_follows_costs_no_look_at_the_database(cluster):
    audio = cluster.process()
    key = asyncio.run(begun(audio))
    asyncio.run(audio.extend(key, 4, b"one"))
    sent = []
    event.listen(cluster.store._engine, "before_cursor_execute", lambda *told: sent.append(told[2].split()[0]))
    asyncio.run(audio.extend(key, 7, b"two"))
    assert "SELECT" not in sent
    assert len(sent) <= 1, "and one statement"


@pytest.mark.parametrize("lost", [True, False])
def test_a_step_that_the_database_does_not_take_is_not_told_as_kept(cluster, monkeypatch, lost):
    """Whether it is lost or, its commit having been heard of by nobody, there after all."""
    audio = cluster.process()
    key = asyncio.run(begun(audio))
    write = cluster.store.write

    async def refused(change):
        if not lost:
            await write(change)
        raise StorageError("away")

    async def scenario():
        await audio.extend(key, 4, b"before")
        monkeypatch.setattr(cluster.store, "write", refused)
        with pytest.raises(StorageError):
            await audio.extend(key, 10, b"during")
        monkeypatch.setattr(cluster.store, "write", write)
        assert await audio.size(key) == 10
        await audio.extend(key, 10, b"")  # who connects again has made sure of what there is
        assert [step.content for step in cluster.tail(key)] == [b"before", b""]
        await audio.extend(key, 10, b"after")

    asyncio.run(scenario())
    _killed(audio)
    assert asyncio.run(content(cluster.process(), key)) == [b"headbeforeafter"]


def test_who_is_cancelled_while_a_step_is_kept_leaves_what_was_told(cluster, monkeypatch):
    audio = cluster.process()
    key = asyncio.run(begun(audio))
    write = cluster.store.write

    async def scenario():
        await audio.extend(key, 4, b"before")
        reached = asyncio.Event()

        async def slow(change):
            reached.set()
            await asyncio.sleep(60)
            await write(change)

        monkeypatch.setattr(cluster.store, "write", slow)
        task = asyncio.ensure_future(audio.extend(key, 10, b"during"))
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        monkeypatch.setattr(cluster.store, "write", write)
        async with asyncio.timeout(10):
            while await audio.size(key) != 10:  # noqa: ASYNC110 - it happens in a thread
                await asyncio.sleep(0.01)
        await audio.extend(key, 10, b"after")

    asyncio.run(scenario())
    _killed(audio)
    assert asyncio.run(content(cluster.process(), key)) == [b"headbeforeafter"]


def test_bytes_that_take_the_place_of_some_in_the_bucket_win(cluster):
    audio = cluster.process()
    key, told = spoken(audio, NOISE)
    asyncio.run(settled(until=lambda: len(cluster.pieces()) == 2))
    told = told[: 3 * MIB] + bytes(MIB)
    asyncio.run(audio.extend(key, 3 * MIB, bytes(MIB)))
    _killed(audio)
    audio = cluster.process()
    assert asyncio.run(content(audio, key)) == [told]
    told += NOISE[:-4]
    asyncio.run(grow(audio, key, told, 4 * MIB))
    asyncio.run(settled(until=lambda: cluster.tail(key)[0].at > 12 * MIB))
    _killed(audio)
    assert asyncio.run(content(cluster.process(), key)) == [told]


@pytest.mark.slow
def test_bytes_that_take_the_place_of_some_in_the_bucket_win_in_the_process_that_put_those_too(cluster):
    audio = cluster.process()
    key, told = spoken(audio, NOISE)
    asyncio.run(settled(until=lambda: cluster.tail(key)[0].at > 9 * MIB))
    told = told[: 3 * MIB] + bytes(9 * MIB)
    asyncio.run(grow(audio, key, told, 3 * MIB))
    asyncio.run(settled(until=lambda: cluster.tail(key)[0].at > 7 * MIB))
    _killed(audio)
    assert asyncio.run(content(cluster.process(), key)) == [told]


def test_what_was_over_and_never_put_is_put_by_another_process_in_its_last_form(cluster, monkeypatch):
    audio = cluster.process()
    key, told = spoken(audio, NOISE[:MIB])
    monkeypatch.setattr(audio._growth, "ship", lambda _: None)  # it is killed before that
    stored = asyncio.run(audio.settle(key, lambda size: (size - 3, b"HEAD")))
    _killed(audio)
    audio = cluster.process()
    asyncio.run(audio.sweep(referred_to(key)))
    whole = b"HEAD" + told[4:-3]
    asyncio.run(settled(15, until=lambda: not cluster.kept()))
    assert cluster.stored(key) == whole
    assert (stored.size, stored.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_what_was_put_by_a_process_that_was_killed_before_it_noted_that_is_what_it_was(cluster, monkeypatch):
    audio = cluster.process()
    key, told = spoken(audio, NOISE)
    asyncio.run(settled(until=lambda: len(cluster.pieces()) == 2))
    monkeypatch.setattr(audio._backing, "forget", _fails)
    asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
    assert cluster.stored(key) == b"HEAD" + told[4:]
    _killed(audio)
    assert cluster.kept() == {key}
    assert len(cluster.pieces()) == 2
    audio = cluster.process()
    assert asyncio.run(content(audio, key)) == [b"HEAD" + told[4:]]
    asyncio.run(audio.sweep(referred_to(key)))
    asyncio.run(settled(15, until=lambda: not cluster.kept() and not cluster.pieces()))
    assert cluster.stored(key) == b"HEAD" + told[4:]


def _fails(*_asked):
    raise StorageError("killed")


def test_what_cannot_get_its_last_form_for_want_of_the_database_or_the_bucket_gets_it_later(cluster, monkeypatch):
    audio = cluster.process()
    key, told = spoken(audio, NOISE[:MIB])
    monkeypatch.setattr(audio._backing, "settle", _fails)
    with pytest.raises(Later):
        asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
    assert cluster.store.look(lambda view: view.tails.last_form(key)) is None
    assert cluster.stored(key) == b"head"
    _killed(audio)
    audio = cluster.process()
    with monkeypatch.context() as away:
        away.setattr(audio._bucket, "get", _is_away)
        with pytest.raises(Later):
            asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
    asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
    assert cluster.stored(key) == b"HEAD" + told[4:]


def _is_away(*_asked):
    raise Absent("away")


def test_what_was_over_may_grow_on_in_another_process(cluster, monkeypatch):
    audio = cluster.process()
    key, told = spoken(audio, NOISE[:MIB])
    monkeypatch.setattr(audio._growth, "ship", lambda _: None)
    asyncio.run(audio.settle(key, lambda size: (size - 3, b"HEAD")))
    _killed(audio)
    audio = cluster.process()
    size = asyncio.run(audio.size(key))
    assert size == len(told) - 3
    asyncio.run(audio.extend(key, size, b"more"))
    _killed(audio)
    (found,) = asyncio.run(content(cluster.process(), key))
    assert found[4:] == told[4:-3] + b"more"


def test_what_nobody_is_done_with_is_put_as_it_is_and_what_is_nobodys_goes_at_the_start(cluster):
    audio = cluster.process()
    key, told = spoken(audio, NOISE[:MIB])
    gone, _ = spoken(audio, NOISE[:MIB], OTHER)
    asyncio.run(cluster.store.write(lambda unit: unit.tails.settle("9" * 32, LastForm(3, b"h"))))
    _killed(audio)
    audio = cluster.process()
    asyncio.run(audio.sweep(referred_to(key)))
    assert cluster.kept() <= {key}
    asyncio.run(settled(15, until=lambda: not cluster.kept()))
    assert cluster.stored(key) == told
    assert asyncio.run(audio.size(gone)) == 0


def test_what_grew_goes_with_its_session(cluster):
    audio = cluster.process()
    key, _ = spoken(audio, NOISE[:MIB])
    asyncio.run(audio.delete([key, OTHER]))
    assert (cluster.kept(), asyncio.run(content(audio, key))) == (set(), [None])


def test_a_step_that_is_kept_while_its_session_is_removed_stays_nowhere(cluster, monkeypatch):
    audio = cluster.process()
    key = asyncio.run(begun(audio))
    keep = audio._backing.keep

    async def scenario():
        await audio.extend(key, 4, b"one")

        async def late(*asked):
            await audio.delete([key])
            await keep(*asked)

        monkeypatch.setattr(audio._backing, "keep", late)
        await audio.extend(key, 7, b"two")

    asyncio.run(scenario())
    assert cluster.kept() == set()


def test_a_gap_is_told_and_what_is_there_stays(cluster):
    audio = cluster.process()
    key, _ = spoken(audio, NOISE[:MIB])
    _killed(audio)
    asyncio.run(cluster.store.write(lambda unit: unit.tails.drop(key, MIB // 2)))
    audio = cluster.process()
    with pytest.raises(StorageError, match="is gone"):
        asyncio.run(audio.extend(key, MIB, b"more"))
    assert cluster.kept() == {key}


@pytest.fixture
def own(tmp_path_factory):
    """An object store that the test may kill."""
    found = weed.started(tmp_path_factory.mktemp("weed"))
    yield found
    found.stop()


@pytest.mark.slow
def test_without_a_bucket_what_grows_is_kept_and_is_put_by_another_process_once_it_is_back(own, tmp_path, monkeypatch):
    monkeypatch.setattr("mock_server.storage.growth._REST_S", 1.0)
    cluster = Cluster(own, SqliteStore(tmp_path / "scribe.sqlite"), tmp_path, "away")
    try:
        audio = cluster.process()
        key, told = spoken(audio, NOISE[:MIB])
        own.kill()
        whole = b"head" + NOISE[4 : 7 * MIB]
        asyncio.run(grow(audio, key, whole, len(told)))
        asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
        _killed(audio)
        own.start()
        audio = cluster.process()
        asyncio.run(audio.sweep(referred_to(key)))
        asyncio.run(settled(15, until=lambda: not cluster.kept()))
        assert cluster.stored(key) == b"HEAD" + whole[4:]
    finally:
        cluster.close()


def test_who_lost_the_database_keeps_nothing_and_leaves_the_bucket_as_it_is(objects, address, tmp_path, postgres):
    first = PostgresStore(address)
    cluster = Cluster(objects, first, tmp_path)
    try:
        audio = cluster.process()
        key, told = spoken(audio, NOISE[:MIB])
        ship, audio._growth.ship = audio._growth.ship, lambda _: None
        asyncio.run(audio.settle(key, lambda size: (size, b"HEAD")))
        postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid) "
            "WHERE locktype = 'advisory'",
        )
        second = PostgresStore(address)
        other = cluster.process(second)
        asyncio.run(other.extend(key, len(told), b"more"))
        before = cluster.stored(key)
        with pytest.raises(StorageError, match="nother server"):
            asyncio.run(audio.extend(key, len(told), b"late"))
        audio._growth.owe({key})
        with pytest.raises(StorageError, match="nother server"):
            ship(key)
        assert cluster.stored(key) == before == b"head"
        _killed(other)
        assert asyncio.run(content(cluster.process(second), key))[0][4:] == told[4:] + b"more"
        second.close()
    finally:
        cluster.close()


def test_a_keeping_is_gone_on_with_in_another_directory(objects, address, tmp_path):
    where = place(objects.url(f"scattered-{uuid.uuid4().hex[:12]}"))

    def opened(name, **more):
        return open_keeping(tmp_path / name, database=replace(address), place=where, **more)

    keeping = opened("one", scattered=True)
    key = asyncio.run(begun(keeping.audio))
    listed = file(key=key)
    asyncio.run(keeping.store.write(lambda unit: unit.create(session(files=(listed,)))))
    asyncio.run(keeping.audio.extend(key, 4, b"voice"))
    keeping.close()
    keeping = opened("two", scattered=True)
    assert asyncio.run(content(keeping.audio, key)) == [b"headvoice"]
    keeping.close()
    with pytest.raises(StorageError, match="have their audio in the directory"):
        opened("three")


def test_a_directory_is_no_place_for_the_audio_of_several(tmp_path):
    with pytest.raises(StorageError, match="--audio-store"):
        open_keeping(tmp_path, scattered=True)
    assert asyncio.run(nothing()) == set()
