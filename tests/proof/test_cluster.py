"""Many processes on one database, killed at random under load: what was acknowledged is there, once, to its owner."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from mock_server.auth import namespace_of
from mock_server.cluster.sharding import shard_of
from tests.asking import Answer, Lost
from tests.mock_server.durability.hostile import Hostile, silence
from tests.proof.insisting import CHUNKED, FINAL, recording
from tests.proof.loading import KEYS, SHARDS, Load, loaded, mended, run, standing
from tests.whole import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clusters import Cluster
    from tests.proof.insisting import Told

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600), pytest.mark.xdist_group("cluster")]
#: Clients that send files, and clients that speak.
_CLIENTS, _SPEAKERS = (24, 100) if WHOLE else (16, 12)
#: Sessions of the whole proof, and seconds of the one in CI.
_SESSIONS, _SECONDS = 5000, 30.0
#: A process that was killed is started again after so many seconds, and the next one killed after so many.
_AWAY_S, _BETWEEN_S = (0.5, 2.0), (3.0, 6.0)
#: What a process of some shards may have grown to, which has 170 MiB at rest: its queues and buffers are bounded.
_MOST_MIB = 700


@pytest.fixture(scope="module")
def standing_cluster() -> Iterator[Cluster]:
    with standing() as cluster:
        yield cluster


@pytest.fixture
def cluster(standing_cluster: Cluster) -> Cluster:
    return mended(standing_cluster)


async def _random_kills(cluster: Cluster, load: Load, drawn: random.Random) -> list[str]:
    """Kill one process after the other until the load is over; which they were."""
    killed = []
    while not load.over:
        await asyncio.sleep(drawn.uniform(*_BETWEEN_S))
        ready = [each for each in cluster.members if each.runs and each.listens]
        # somebody has to get somewhere, or the load is nothing but refusals
        if sum(each.role == "api" for each in ready) < 2:
            continue
        member = drawn.choice(ready)
        await asyncio.to_thread(member.kill)
        killed.append(member.name)
        await asyncio.sleep(drawn.uniform(*_AWAY_S))
        member.begin()
    await asyncio.to_thread(cluster.wait)
    return killed


def test_whatever_process_is_killed_nothing_acknowledged_is_lost_or_happens_twice(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    bounds = {"most": _SESSIONS} if WHOLE else {"seconds": _SECONDS}
    load = Load(cluster, clients=_CLIENTS, speakers=_SPEAKERS, **bounds)
    began = time.monotonic()
    killed, wrong = loaded(
        load, lambda: _random_kills(cluster, load, random.Random(os.environ.get("SCRIBE_SEED", "7")))
    )
    record_property(
        "told",
        f"{len(load.record.sessions)} sessions in {time.monotonic() - began:.0f} s, the longest request took"
        f" {load.record.longest_s:.1f} s; {dict(load.record.answers)}; killed: {', '.join(killed)}",
    )
    assert wrong == [], "\n".join(wrong)
    assert len(load.record.sessions) > 50
    assert len(killed) > 2
    assert set(load.record.results) == {"completed"}
    assert all(_is_idle(cluster, shard) for shard in range(SHARDS))


def _is_idle(cluster: Cluster, shard: int) -> bool:
    return cluster.rows(shard, "SELECT count(*) FROM scribe_sessions WHERE state = 'processing'") == [["0"]]


def _small(cluster: Cluster, sessions: int) -> Load:
    """A load that is over, of so many sessions with an end and two files each, and as many that were spoken."""
    load = Load(cluster)

    async def work() -> None:
        for number in range(sessions):
            await load.client(number).session(2, ends=True)
        await asyncio.gather(*(load.client(number).dictation(2, 0) for number in range(2)))

    run(load, work())
    return load


#: What may go wrong behind the back of everybody, and what is said of the session that it happened to.
_LOSSES = {
    "DELETE FROM scribe_sessions WHERE id = '{id}'": "not there",
    "DELETE FROM scribe_audio_files WHERE session_id = '{id}' AND position = 1": "audio_1.wav was acknowledged",
    "UPDATE scribe_audio_files SET sha256 = 'another' WHERE session_id = '{id}'": "another one",
    "UPDATE scribe_sessions SET state = 'created' WHERE id = '{id}'": "it is created",
    "DELETE FROM scribe_journal WHERE session_id = '{id}' AND kind = 'ended'": "0 ends",
    "INSERT INTO scribe_journal (session_id, namespace, at, kind, detail) SELECT session_id, namespace, at, kind,"
    " detail FROM scribe_journal WHERE session_id = '{id}' AND kind IN ('completed', 'failed')": "2 end states",
    "UPDATE scribe_sessions SET state = 'processing' WHERE id = '{id}'": "still being processed",
}


def test_whatever_was_lost_is_found_missing(cluster: Cluster) -> None:
    load = _small(cluster, len(_LOSSES) + 2)
    names = [name for name, told in load.record.sessions.items() if not told.samples]
    spoken = [name for name, told in load.record.sessions.items() if told.samples]
    assert run(load, load.reckoned()) == []
    for name, statement in zip(names, _LOSSES, strict=False):
        cluster.rows(_shard(load.record.sessions[name]), statement.format(id=name))
    _lose(cluster, load, names[-2], b"")
    _lose(cluster, load, spoken[0], b"half of it")
    load.record.sessions[names[-1]].result = b'{"status": "partial"}'
    wrong = run(load, load.reckoned())
    _mend(cluster, load, names[: len(_LOSSES)])
    for name, told in zip(names, _LOSSES.values(), strict=False):
        assert any(name in each and told in each for each in wrong), (told, wrong)
    assert any(names[-2] in each and "its bytes are others" in each for each in wrong)
    assert any(spoken[0] in each and "bytes of speech were kept" in each for each in wrong)
    assert any(names[-1] in each and "its result was" in each for each in wrong)
    assert not any(spoken[1] in each for each in wrong)


def _shard(told: Told) -> int:
    return shard_of(namespace_of(told.key), SHARDS)


class _Anybody:
    """Stands for a server: whichever process of a cluster."""

    def __init__(self, load: Load) -> None:
        self._load = load

    @property
    def address(self) -> str:
        return random.choice(self._load.addresses())


#: Keys of their own, which no client of the load has.
_HOSTILE = KEYS[-2:]
_ATTACKED_S = 240.0 if WHOLE else 15.0


def test_hostile_clients_cost_others_nothing_whatever_process_is_killed_meanwhile(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    heavy = silence()  # which takes its time to make
    load = Load(cluster, clients=8, speakers=4, seconds=_ATTACKED_S)
    hostile = Hostile(_Anybody(load), time.monotonic() + _ATTACKED_S, heavy)

    async def meanwhile() -> list[str]:
        async with asyncio.TaskGroup() as group:
            for key in (*_HOSTILE, *_HOSTILE):
                group.create_task(hostile.work(key))
            kills = group.create_task(_random_kills(cluster, load, random.Random("hostile")))
        return kills.result()

    killed, wrong = loaded(load, meanwhile)
    most = max(each.memory for each in cluster.members)
    record_property(
        "told",
        f"{load.record.results} beside {dict(hostile.sent)}; {dict(load.record.answers)}, the longest request took"
        f" {load.record.longest_s:.1f} s; no process has more than {most} MiB; killed: {', '.join(killed)}",
    )
    assert wrong == [], "\n".join(wrong)
    assert set(load.record.results) == {"completed"}
    assert sum(hostile.sent.values()) > (100 if WHOLE else 5)  # a machine that is full sends few
    assert most < _MOST_MIB


def _mend(cluster: Cluster, load: Load, names: list[str]) -> None:
    """Remove what was damaged: a session that seems to be processed is looked at again only after some time, and the
    tests that come next wait until nothing is."""
    for name in names:
        cluster.rows(_shard(load.record.sessions[name]), f"DELETE FROM scribe_sessions WHERE id = '{name}'")
    assert all(_is_idle(cluster, shard) for shard in range(SHARDS))


def _lose(cluster: Cluster, load: Load, name: str, instead: bytes) -> None:
    """Put other bytes in the place of a session's first file."""
    shard = _shard(load.record.sessions[name])
    asked = f"SELECT key FROM scribe_audio_files WHERE session_id = '{name}' ORDER BY position LIMIT 1"
    [[key]] = cluster.rows(shard, asked)
    cluster.weed.store(f"cluster/shard-{shard:02d}/audio").put(key, instead)


def _late(name: str) -> list[tuple[str, str, bytes]]:
    """What is still asked of a process that was the session's."""
    return [
        ("GET", f"/v1/sessions/{name}", b""),
        ("POST", f"/v1/sessions/{name}/end", b"{}"),
        ("PUT", f"/v1/sessions/{name}/audio/audio_1.wav", recording()),
        ("PATCH", f"/v1/sessions/{name}", b'{"additional_data": {"late": true}}'),
    ]


@pytest.mark.parametrize("round_", range(5 if WHOLE else 1))
def test_a_process_that_slept_while_others_took_its_shards_neither_writes_nor_tells_what_was(
    round_: int, cluster: Cluster
) -> None:
    load = Load(cluster)

    async def work() -> list[str]:
        client = load.client(round_)
        made = await client.created(CHUNKED)
        assert made is not None
        name = made[0]
        told = load.record.sessions[name]
        owner = await asyncio.to_thread(cluster.server, _shard(told))
        assert owner is not None
        await client.upload(name, "audio_0.wav")
        owner.pause()
        try:
            await asyncio.to_thread(cluster.forget, owner)
            asked = _late(name)
            waiting = [
                asyncio.create_task(load.asking.ask(owner.address, method, path, told.key, body=body))
                for method, path, body in asked
            ]
            elsewhere = load.client(round_, [each.address for each in cluster.of("api") if each is not owner])
            await elsewhere.end(name, 1)
            await elsewhere.result(name)
            assert await asyncio.to_thread(cluster.server, _shard(told)) is not owner
        finally:
            owner.resume()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        said = {f"{method} {path}": answer for (method, path, _), answer in zip(asked, answers, strict=True)}
        await asyncio.to_thread(cluster.wait)
        changed = answers[-1]
        if isinstance(changed, Answer) and changed.status == 200:  # by whoever has the session now
            told.result = json.dumps(json.loads(told.result or "{}") | {"additional_data": {"late": True}}).encode()
        return [f"{what}: {answer}" for what, answer in said.items() if not _is_of_now(answer)] + await load.reckoned()

    assert run(load, work()) == []


def _is_of_now(answer: Answer | BaseException) -> bool:
    """Whether an answer is one of a session that has its result, or none."""
    if not isinstance(answer, Answer):
        return isinstance(answer, Lost)
    if answer.status == 200:
        return bool(answer.document["status"] in FINAL)
    return answer.status == 503 or 400 <= answer.status < 500
