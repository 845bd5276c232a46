"""What a cluster rests on goes away, stalls or is full: clients are put off in order, and nothing told is lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.proof.insisting import CHUNKED
from tests.proof.loading import KEYS, SHARDS, Load, loaded, mended, standing
from tests.recovery import measured
from tests.whole import WHOLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.clusters import Cluster, Member

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("cluster")]
#: A database or bucket is away for so long, and a process or database that stalls says nothing for so long.
_AWAY_S, _STALLS_S = 5.0, 20.0
#: Work is done before and after.
_BEFORE_S, _AFTER_S = 3.0, 4.0
#: Nobody has to be asked twice for longer once everything is there: a look at a store comes each half or whole second.
_BACK_S = 30.0


@pytest.fixture(scope="module")
def standing_cluster() -> Iterator[Cluster]:
    with standing() as cluster:
        yield cluster


@pytest.fixture
def cluster(standing_cluster: Cluster) -> Iterator[Cluster]:
    yield mended(standing_cluster)
    standing_cluster.postgres.resume()
    for member in standing_cluster.members:
        if member.runs:
            member.resume()


async def _back(load: Load) -> float:
    """Seconds until a session is created and a file of it taken again."""
    began = time.monotonic()
    client = load.client(0)
    made = await client.created(CHUNKED)
    assert made is not None
    await client.upload(made[0], "audio_0.wav")
    return time.monotonic() - began


def _through(cluster: Cluster, outage: Callable[[], Awaitable[None]], **given: int) -> tuple[Load, float]:
    """A load through an outage, after which everything goes on by itself; how long that took."""
    load = Load(cluster, **{"clients": 8, "speakers": 3, **given})
    before = [each.pid for each in cluster.members]

    async def meanwhile() -> float:
        await asyncio.sleep(_BEFORE_S)
        await outage()
        back = await _back(load)
        await asyncio.sleep(_AFTER_S)
        await asyncio.to_thread(cluster.wait)
        return back

    back, wrong = loaded(load, meanwhile)
    assert wrong == [], "\n".join(wrong)
    assert back < _BACK_S
    assert [each.pid for each in cluster.members if each.runs] == before
    assert set(load.record.results) == {"completed"}
    return load, back


@pytest.mark.parametrize("lost", ["postgres", "weed", "both"])
def test_what_a_cluster_keeps_things_in_may_be_killed(
    lost: str, cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    servers = [*([cluster.postgres] if lost != "weed" else []), *([cluster.weed] if lost != "postgres" else [])]

    async def outage() -> None:
        for each in servers:
            each.kill()
        await asyncio.sleep(_AWAY_S)
        for each in servers:
            each.start()

    load, back = _through(cluster, outage)
    record_property("told", f"served again {back:.1f} s after the start; {dict(load.record.answers)}")
    assert load.record.answers["503"] > 0


def test_a_database_that_stalls_keeps_everybody_waiting_and_loses_nothing(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    async def outage() -> None:
        cluster.postgres.pause()
        await asyncio.sleep(_STALLS_S)
        cluster.postgres.resume()

    load, back = _through(cluster, outage)
    record_property("told", f"served again {back:.1f} s after it went on; {dict(load.record.answers)}")


def test_a_process_that_stalls_keeps_its_own_clients_waiting_and_nothing_is_lost(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    member = cluster.of("api")[0]

    async def outage() -> None:
        member.pause()
        await asyncio.sleep(_STALLS_S)
        member.resume()

    load, back = _through(cluster, outage)
    record_property("told", f"served again {back:.1f} s after it went on; {dict(load.record.answers)}")


def test_a_process_that_stalls_while_the_database_gives_it_up_is_taken_over(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    member = cluster.of("api")[0]

    async def outage() -> None:
        member.pause()
        await asyncio.to_thread(cluster.forget, member)
        await asyncio.sleep(_STALLS_S)
        served = [await asyncio.to_thread(cluster.server, shard) for shard in range(SHARDS)]
        assert member not in served
        assert None not in served
        member.resume()

    load, back = _through(cluster, outage)
    record_property("told", f"served again {back:.1f} s after it went on; {dict(load.record.answers)}")


def test_a_bucket_that_is_full_refuses_and_forgets_nothing(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    async def outage() -> None:
        cluster.weed.kill()
        cluster.weed.start(full=True)
        await asyncio.sleep(_AWAY_S)
        cluster.weed.kill()
        cluster.weed.start()

    load, back = _through(cluster, outage)
    record_property("told", f"served again {back:.1f} s after there was room; {dict(load.record.answers)}")
    assert load.record.answers["503"] > 0


def test_a_process_that_is_asked_to_end_gives_its_shards_away_and_its_clients_go_on_elsewhere(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    member = cluster.of("api")[0]
    load = Load(cluster, clients=8, speakers=6)

    async def meanwhile() -> tuple[int, float]:
        await asyncio.sleep(_BEFORE_S)
        had = [shard for shard in range(SHARDS) if await asyncio.to_thread(cluster.server, shard) is member]
        assert had
        began = time.monotonic()
        ending = asyncio.create_task(asyncio.to_thread(member.end))
        while any([await asyncio.to_thread(cluster.server, shard) in (None, member) for shard in had]):  # noqa: ASYNC110 - who serves is told by rows
            await asyncio.sleep(0.1)
        elsewhere = time.monotonic() - began
        code = await ending
        await asyncio.sleep(_AFTER_S)
        return code, elsewhere

    (code, elsewhere), wrong = loaded(load, meanwhile)
    answers = load.record.answers
    record_property("told", f"its shards were elsewhere after {elsewhere:.1f} s; {dict(answers)}")
    assert wrong == [], "\n".join(wrong)
    assert code in (0, -signal.SIGTERM)
    # clients find nobody where it was: that a connection broke in the middle of something is told to nobody
    assert (answers["lost"], answers["timeouterror"], answers["socket 1006"]) == (0, 0, 0)
    assert set(load.record.results) == {"completed"}


def test_what_was_killed_is_made_good_within_seconds(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    found = asyncio.run(measured(cluster, KEYS[0], SHARDS, 3 if WHOLE else 1))
    for kind, seconds in found.items():
        record_property(f"{kind}:", ", ".join(f"{each:.1f} s" for each in seconds))
    assert max(each for seconds in found.values() for each in seconds) < _BACK_S


#: How well a process knows the database's clock on a machine that is full.
_EXACT_S = 1.0
#: Before `scribe-mock`, in a process of its own: the clock that it tells the time by is so many seconds off.
_OFF = """
import datetime, sys, time
off, real, seconds = float(sys.argv.pop(1)), datetime.datetime, time.time
time.time = lambda: seconds() + off
class Off(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) + datetime.timedelta(seconds=off)
from mock_server.cluster import sharding
sharding.datetime = Off
from mock_server.cli import main
main()
"""


@contextlib.contextmanager
def _off(member: Member, seconds: float) -> Iterator[None]:
    """The process with clocks that are wrong, and afterwards as it was."""
    member.end()
    member.begin(sys.executable, "-c", _OFF, str(seconds))
    try:
        yield
    finally:
        member.kill()
        member.begin()


def test_clocks_of_machines_may_be_a_minute_apart(cluster: Cluster) -> None:
    first, second, third = cluster.of("api")
    load = Load(cluster, clients=8, speakers=3)

    async def meanwhile() -> None:
        await asyncio.sleep(_BEFORE_S)
        await asyncio.to_thread(second.kill)  # sessions go from one clock to the other, and back
        await asyncio.sleep(_AFTER_S)
        second.begin()
        await asyncio.to_thread(cluster.wait)
        await asyncio.sleep(_AFTER_S)

    with _off(first, 60), _off(third, -60):
        cluster.wait()
        began = time.time()
        _, wrong = loaded(load, meanwhile)
        ended = time.time()
    assert wrong == [], "\n".join(wrong)
    stamps = _stamps(cluster, load)
    assert set(stamps) == set(load.record.sessions)
    assert began - _EXACT_S < min(min(each) for each in stamps.values())
    assert max(max(each) for each in stamps.values()) < ended + _EXACT_S
    assert [name for name, each in stamps.items() if each != sorted(each)] == []


def _stamps(cluster: Cluster, load: Load) -> dict[str, list[float]]:
    """Session -> the moments of its journal, in the order of its lines."""
    found: dict[str, list[float]] = {}
    for shard in range(SHARDS):
        for name, at in cluster.rows(shard, "SELECT session_id, at FROM scribe_journal ORDER BY number"):
            if name in load.record.sessions:
                found.setdefault(name, []).append(int(at) / 1e6)
    return found
