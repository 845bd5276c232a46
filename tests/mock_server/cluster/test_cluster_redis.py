"""Redis beside a cluster: who goes on with a client's sessions shows them, and finds what was spent."""

from __future__ import annotations

import time
import uuid

import httpx
import pytest

from tests.clusters import Cluster
from tests.mock_server.cluster.test_cluster_refused import DATABASE, STORE
from tests.mock_server.dalston.speaking import PCM, SECOND, Client
from tests.mock_server.mirror.test_mirror_live import FIELDS, key_of, until
from tests.mock_server.mirror.test_mirror_start import refused
from tests.mock_server.redis_server import free_port

KEY = "sk_test_north"
#: Characters that a client may send at once, and a second later again.
_MOST, _A_SECOND = 2 * 1024 * 1024, 64 * 1024


@pytest.fixture
def cluster(tmp_path, postgres, objects, redis):
    words = ["--shards", "1", "--api-key", KEY, "--transcriber", "scripted", "--profile", "medscribe,dalston"]
    database, bucket = postgres.database(), objects.url(f"redis-{uuid.uuid4().hex[:8]}")
    found = Cluster(tmp_path, postgres, objects, database, bucket, words, redis=redis)
    yield found
    found.stop()
    postgres.drop(database)


def babbled(client, size):
    """Whether somebody who says so much is told that it is too much."""
    with client.talk(store_transcript=True) as talk:
        talk.send(*(" " * min(1_000_000, size - at) for at in range(0, size, 1_000_000)))
        talk.send({"type": "end"})
        talk.to_the_end()
    return "rate_limit" in [each["code"] for each in talk.of("error")]


@pytest.mark.parametrize("role", ["api", "worker", "gateway"])
def test_each_role_is_refused_that_is_given_a_redis_that_is_not_there(role, tmp_path):
    words = ("--role", role, *DATABASE, *STORE, "--data-dir", tmp_path, "--redis", f"redis://127.0.0.1:{free_port()}")
    code, line = refused(*words)
    assert (code, "Nobody listens there: start Redis" in line) == (3, True), line


@pytest.mark.slow
def test_whoever_takes_over_shows_sessions_as_its_own_and_knows_what_was_spent(cluster, redis):
    for _ in range(2):
        cluster.add("api").begin()
    cluster.wait()
    owner = cluster.server(0)
    (other,) = [each for each in cluster.members if each is not owner]
    client = Client(other.address, KEY)  # who does not have the shard sends on what is asked
    with redis.client() as seen, client.socket(store_audio=True, store_transcript=True) as talk:
        pubsub = seen.pubsub(ignore_subscribe_messages=True)
        pubsub.psubscribe("scribe:changes:*")
        pubsub.get_message(timeout=5)  # that it listens
        talk.hear()
        first = key_of(talk.session_id)
        told = until(lambda: seen.hgetall(first), bool)
        assert set(told) == FIELDS
        assert told["worker_id"] == client.look(talk.session_id)["worker_id"]
        assert told["worker_id"].endswith(f"-{owner.port}")
        talk.speak(PCM + bytes(SECOND))
        talk.until("transcript.final")
        emptied = time.monotonic()
        assert babbled(client, _MOST + 200_000)
        limits = until(lambda: list(seen.scan_iter("scribe:limits:*:0:texts")), bool)
        assert len(limits) == 1
        owner.kill()
        until(lambda: cluster.server(0) is other, bool)
        other.wait()
        assert client.over(talk.session_id)["status"] == "interrupted"
        assert not until(lambda: seen.exists(first), lambda there: not there)
        passed = time.monotonic() - emptied
        assert babbled(client, min(_MOST, round(passed * _A_SECOND) + 500_000)), f"after {passed:.0f} s"
        with client.talk(store_transcript=True, resume_session_id=talk.session_id, resume="hard") as again:
            told = until(lambda: seen.hgetall(key_of(again.session_id)), bool)
            assert told["worker_id"].endswith(f"-{other.port}")
            again.end()
        channels = set()
        while (message := pubsub.get_message(timeout=1)) is not None:
            channels |= {message["channel"]} if message["type"] == "pmessage" else set()
        assert len(channels) == 1, "both processes tell of a namespace on one channel"
        assert channels.pop().endswith(":north")
    redis.kill()
    told = until(
        lambda: httpx.get(f"{other.address}/health/ready").json()["parts"], lambda it: not it["redis"]["ready"]
    )
    assert told["shards"]["ready"]
    assert httpx.post(
        f"{other.address}/v1/sessions", headers={"X-API-Key": KEY}, json={"templates": ["soap"]}
    ).is_success
    assert other.end() in (0, -15)
    assert redis.password not in owner.log + other.log
