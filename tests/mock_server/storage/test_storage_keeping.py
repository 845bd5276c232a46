"""A data directory as a whole: audio beside a database that does not know it, and a disk without room."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from mock_server.session.model import AudioFile, Order, Session
from mock_server.session.table import State
from mock_server.storage import StorageError
from mock_server.storage.keeping import open_keeping
from mock_server.storage.schema import meta
from mock_server.storage.space import LEAST_BYTES, RESERVE_BYTES, Space
from tests.mock_server.stage import HOST, MINE, started

NOW = datetime(2026, 1, 27, 12, tzinfo=UTC)
KEY = "0" * 32


async def _bytes(content=b"voice"):
    yield content


def _recorded(directory):
    """A directory with one acknowledged recording; returns where it lies."""
    keeping = open_keeping(directory)
    session = Session("ses_1", "ns", State.RECORDING, Order(("soap",), "lite"), NOW, NOW + timedelta(seconds=600))

    async def fill():
        async with keeping.audio.put(KEY, _bytes(), 100) as stored:
            file = AudioFile("a.wav", stored.key, stored.sha256, stored.size, "audio/wav", NOW, None)
            await keeping.store.write(lambda unit: unit.create(replace(session, files=(file,))))
        return keeping.audio.path(stored.key)

    path = asyncio.run(fill())
    keeping.close()
    return path


def _lose_database(directory):
    for path in directory.glob("scribe.sqlite*"):
        path.unlink()


def _empty_database(directory):
    _lose_database(directory)
    (directory / "scribe.sqlite").touch()


def _another_database(directory):
    _lose_database(directory)
    other = directory / "other"
    other.mkdir()
    _recorded(other)
    shutil.copy(other / "scribe.sqlite", directory)


@pytest.mark.parametrize("lose", [_lose_database, _empty_database, _another_database])
def test_audio_that_the_database_does_not_know_is_refused_and_left_alone(tmp_path, lose):
    recorded = _recorded(tmp_path)
    lose(tmp_path)
    for _ in range(2):  # the first refusal makes the second no kinder
        with pytest.raises(StorageError, match="holds 1 files"):
            open_keeping(tmp_path)
    assert recorded.read_bytes() == b"voice"


def test_audio_moved_away_as_advised_lets_a_new_database_begin(tmp_path):
    recorded = _recorded(tmp_path)
    _lose_database(tmp_path)
    with pytest.raises(StorageError):
        open_keeping(tmp_path)
    (tmp_path / "audio").rename(tmp_path / "kept")
    open_keeping(tmp_path).close()
    open_keeping(tmp_path).close()
    assert not recorded.exists()


def test_the_database_put_back_finds_its_audio(tmp_path):
    recorded = _recorded(tmp_path)
    (tmp_path / "scribe.sqlite").rename(tmp_path / "kept")
    with pytest.raises(StorageError):
        open_keeping(tmp_path)
    _lose_database(tmp_path)
    (tmp_path / "kept").rename(tmp_path / "scribe.sqlite")
    open_keeping(tmp_path).close()
    assert recorded.exists()


def test_a_directory_from_before_databases_had_an_identity_is_taken_over(tmp_path):
    recorded = _recorded(tmp_path)
    keeping = open_keeping(tmp_path)
    asyncio.run(
        keeping.store.write(lambda unit: unit.connection.execute(meta.delete().where(meta.c.key == "identity")))
    )
    keeping.close()
    (tmp_path / "audio.database").unlink()
    open_keeping(tmp_path).close()
    assert recorded.exists()


def test_what_begins_anew_says_what_it_costs(tmp_path):
    (tmp_path / "scribe.sqlite").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(StorageError, match="without any of the sessions and recordings"):
        open_keeping(tmp_path)


def test_the_reserve_takes_its_room_for_real_and_gives_it_back(tmp_path):
    space = Space(tmp_path)
    reserve = tmp_path / "reserve"
    assert reserve.stat().st_size == RESERVE_BYTES
    assert reserve.stat().st_blocks * 512 >= RESERVE_BYTES
    asyncio.run(space.release())
    assert reserve.stat().st_size == 0
    asyncio.run(space.fill())
    assert reserve.stat().st_size == RESERVE_BYTES


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 48 MiB, for as long as the test takes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_refuses_what_is_new_and_is_freed_by_a_reset(small_disk):
    headers = {"X-API-Key": MINE}
    wanted = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http"}

    async def scenario():
        async with started(small_disk) as (app, _):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as client:
                kept = [(await client.post("/v1/sessions", json=wanted)).json() for _ in range(20)]
                urls = [f"{session['upload_url']}/audio_{n}.wav" for session in kept for n in range(5)]
                told = [(await client.put(url, content=os.urandom(390_000))).status_code for url in urls]
                # nothing but the reserve is left
                (small_disk / "more").write_bytes(bytes(shutil.disk_usage(small_disk).free))
                refused = await client.put(urls[-1], content=os.urandom(390_000))
                created = [await client.post("/v1/sessions", json=wanted) for _ in range(200)]
                ready = await client.get("/health/ready")
                read = await client.get(f"/v1/sessions/{kept[0]['session_id']}")
                reset = await client.post("/_mock/v1/reset")
                after = await client.get("/health/ready")
                again = await client.post("/v1/sessions", json=wanted)
                return told, refused, created, ready, read, reset, after, again

    told, refused, created, ready, read, reset, after, again = asyncio.run(scenario())
    assert set(told) == {200, 503}
    assert refused.status_code == 503
    assert {answer.status_code for answer in created} <= {201, 503}
    assert created[-1].status_code == 503
    assert ready.status_code == 503
    assert re.search("disk is full", ready.json()["error"]["message"])
    assert len(read.json()["audio_files"]) == 5
    assert reset.status_code == 200
    assert reset.json()["sessions_removed"] == 20 + sum(answer.status_code == 201 for answer in created)
    assert after.status_code == 200
    assert again.status_code == 201
    assert (small_disk / "reserve").stat().st_size == RESERVE_BYTES


def _moved(directory):
    shutil.move(directory, directory.with_name("elsewhere"))


def _replaced(directory):
    _moved(directory)
    directory.mkdir()
    open_keeping(directory).close()


def _put_back(directory):
    shutil.rmtree(directory, ignore_errors=True)
    shutil.move(directory.with_name("elsewhere"), directory)


DISPLACED = {"moved": _moved, "removed": shutil.rmtree, "replaced": _replaced, "without its database": _lose_database}


@pytest.mark.parametrize("how", DISPLACED)
def test_nothing_is_acknowledged_that_the_next_start_would_not_find(tmp_path, how):
    directory = tmp_path / "data"
    wanted = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http"}

    async def scenario():
        async with started(directory) as (app, _):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=HOST, headers={"X-API-Key": MINE}) as client:
                session = (await client.post("/v1/sessions", json=wanted)).json()
                own = f"/v1/sessions/{session['session_id']}"

                async def changes():
                    return [
                        await client.post("/v1/sessions", json=wanted),
                        await client.put(f"{session['upload_url']}/audio_0.wav", content=b"voice"),
                        await client.patch(own, json={"additional_data": {"room": 4}}),
                        await client.post("/_mock/v1/clock", json={"advance_seconds": 1}),
                        await client.post(f"{own}/end", json={"audio_files_sent": 1}),
                        await client.post("/_mock/v1/reset"),
                    ]

                DISPLACED[how](directory)
                refused, ready = await changes(), await client.get("/health/ready")
                if not directory.with_name("elsewhere").exists():
                    return refused, ready, None, None
                _put_back(directory)
                again = await client.get("/health/ready")
                return refused, ready, again, await changes()

    refused, ready, again, taken = asyncio.run(scenario())
    assert {answer.status_code for answer in refused} == {503}
    assert all(answer.headers["retry-after"] for answer in refused)
    assert ready.status_code == 503
    assert "moved or removed" in ready.json()["error"]["message"]
    assert str(tmp_path) not in ready.text
    if taken:
        assert again.status_code == 200
        assert [answer.status_code for answer in taken] == [201, 200, 200, 200, 202, 200]


def test_a_disk_that_does_not_tell_its_room_is_no_error_of_the_server(tmp_path):
    space = Space(tmp_path / "data")
    assert "cannot be used" in space.shortage()


def test_a_disk_that_has_room_is_not_called_full(tmp_path, monkeypatch):
    space = Space(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    for free, full in ((LEAST_BYTES, False), (LEAST_BYTES - 1, True), (0, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage._replace(free=free))
        assert bool(space.shortage()) is full


@pytest.mark.parametrize(
    ("kept", "asked"), [("2026-01-27", "2026-01-19"), ("2026-01-29", "2026-01-27"), ("2026-01-19", "2026-01-29")]
)
def test_a_directory_of_one_revision_is_refused_by_another_and_stays_as_it_was(tmp_path, kept, asked):
    open_keeping(tmp_path, kept).close()
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(StorageError, match=f"sessions of revision '{kept}', and this server speaks {asked}"):
        open_keeping(tmp_path, asked)
    assert {path.name for path in tmp_path.iterdir()} == before
    open_keeping(tmp_path, kept).close()
