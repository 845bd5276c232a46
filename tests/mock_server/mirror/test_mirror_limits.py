"""What is spent of rate limits is remembered in Redis, and what is wrong with Redis costs nobody anything."""

from __future__ import annotations

import asyncio
import logging
import time

import httpx

from mock_server.mirror.address import redis_url
from mock_server.mirror.mirror import Mirror
from mock_server.settings import Limits
from tests.mock_server.dalston.speaking import SECOND, Client
from tests.mock_server.mirror.test_mirror_live import key_of, until
from tests.mock_server.stage import started
from tests.mock_server.stream.talking import MINE, Running

PROFILES = ("medscribe", "dalston")


def opened(folder, redis, act):
    """What an act comes to on a server that is opened in a folder, and closed again."""

    async def scenario():
        url = redis_url(redis.url()) if redis else None
        async with started(folder, profiles=PROFILES, redis=url, limits=Limits()) as (app, _):
            return act(app.state.face)

    return asyncio.run(scenario())


def empty(face):
    assert face.texts.spend("mine", face.texts.most)
    assert face.live.copies.spend("mine", face.live.copies.most)


def may_spend(face):
    """Whether there is as much as a client begins with, a quarter left out, of each."""
    return [budget.spend("mine", budget.most // 4 * 3) for budget in (face.texts, face.live.copies)]


def test_what_was_emptied_is_empty_after_a_restart_with_redis_and_whole_without(tmp_path, redis):
    opened(tmp_path / "with", redis, empty)
    with redis.client() as seen:
        assert sorted(key.split(":")[-1] for key in seen.scan_iter()) == ["copies", "texts"]
        assert all(0 < seen.pttl(key) <= 101_000 for key in seen.scan_iter())
        assert {name for key in seen.scan_iter() for name in seen.hgetall(key)} == {"mine"}
    assert opened(tmp_path / "with", redis, lambda face: face.texts.spend("other", face.texts.most))
    assert opened(tmp_path / "with", redis, may_spend) == [False, False]
    opened(tmp_path / "without", None, empty)
    assert opened(tmp_path / "without", None, may_spend) == [True, True]
    assert opened(tmp_path / "another", redis, may_spend) == [True, True], "two servers on one Redis"


def test_what_is_no_moment_is_passed_over(tmp_path, redis):
    opened(tmp_path, redis, empty)
    values = ["", "none", "NaN", "-inf", "-5", "0", "1e400", "inf", b"\xff\xfe"]
    with redis.client() as seen:
        for key in seen.scan_iter():
            seen.delete(key)
            seen.hset(key, mapping={f"n{number}": value for number, value in enumerate(values)})
    assert opened(tmp_path, redis, lambda face: (face.texts.whole_at(), face.live.copies.whole_at())) == ({}, {})


def test_a_moment_in_years_is_one_of_an_empty_budget_and_another_kind_of_key_is_none(tmp_path, redis):
    opened(tmp_path, redis, empty)
    with redis.client() as seen:
        keys = seen.keys()
        for key in keys:
            seen.hset(key, "mine", 10**16)
    left = opened(tmp_path, redis, lambda face: max(face.texts.whole_at().values()) - time.monotonic())
    assert 31 < left <= 32
    with redis.client() as seen:
        for key in keys:
            seen.set(key, "somebody else's")
    assert opened(tmp_path, redis, may_spend) == [True, True]


def test_redis_that_hangs_or_is_killed_slows_and_fails_nothing_and_is_told_of_once(redis, caplog):
    caplog.set_level(logging.WARNING, logger="scribe.mock")
    running = Running(profiles=PROFILES, redis=redis_url(redis.url()))
    client = Client(running.url, MINE)

    def ready():
        return client.http.get("/health/ready").json()["parts"]["redis"]["ready"]

    try:
        with client.talk() as talk, redis.client() as seen:
            until(lambda: seen.exists(key_of(talk.session_id)), bool)
            for lose, find in ((redis.pause, redis.resume), (redis.kill, redis.start)):
                lose()
                end, answered = time.monotonic() + 2.5, 0
                while time.monotonic() < end:
                    talk.speak(bytes(SECOND // 100))
                    answer = client.http.post("/v1/sessions", json={"templates": ["soap"]})
                    assert answer.status_code == 201
                    answered += 1
                    time.sleep(0.05)
                assert answered > 6, "somebody waits for Redis, which takes a second to be given up"
                assert not ready()
                find()
                until(ready, bool)
                until(lambda: seen.exists(key_of(talk.session_id)), bool)
            talk.end()
        assert client.over(talk.session_id)["status"] == "completed"
        redis.pause()
    finally:
        began = time.monotonic()
        running.stop()
    assert time.monotonic() - began < 15
    told = [record.getMessage() for record in caplog.records if "Redis at" in record.getMessage()]
    assert [("away" in line, "back" in line) for line in told[:4]] == [(True, False), (False, True)] * 2
    assert len(told) <= 5, "a stop may find it away once more"


def test_whoever_opens_a_server_waits_once_for_a_redis_that_hangs(redis):
    async def scenario():
        async with Mirror(redis_url(redis.url())) as mirror:
            assert await mirror.found("scribe:limits:x:texts") == {}
            redis.pause()
            began = time.monotonic()
            assert [await mirror.found("scribe:limits:x:texts") for _ in range(20)] == [{}] * 20
            assert not await mirror.tell("scribe:changes:x:mine", ["{}"])
            assert time.monotonic() - began < 5
        assert time.monotonic() - began < 10

    asyncio.run(scenario())


def test_two_servers_on_one_redis_hear_of_themselves_alone(redis):
    first, second = (Running(redis=redis_url(redis.url())) for _ in range(2))
    try:
        with redis.client() as seen:
            pubsub = seen.pubsub(ignore_subscribe_messages=True)
            pubsub.psubscribe("scribe:changes:*")
            pubsub.get_message(timeout=5)
            for running in (first, second):
                headers = {"X-API-Key": MINE}
                httpx.post(f"{running.url}/v1/sessions", headers=headers, json={"templates": ["soap"]}, timeout=60)
            channels = set()
            until(
                lambda: channels.add((pubsub.get_message(timeout=1) or {}).get("channel")) or channels - {None},
                lambda found: len(found) == 2,
            )
    finally:
        first.stop()
        second.stop()
