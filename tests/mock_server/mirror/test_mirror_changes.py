"""What happens, in Redis: one subscriber hears of all namespaces what each one's event stream tells."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from mock_server.auth import label_of
from mock_server.mirror.address import redis_url
from tests.mock_server.stage import HOST, started
from tests.mock_server.stream.talking import MINE, OTHERS, PATIENCE_S, Running

PATTERN = "scribe:changes:*"


@pytest.fixture(scope="module")
def server(redis_process):
    redis_process.start()
    running = Running(profiles=("medscribe", "dalston"), redis=redis_url(redis_process.url()))
    yield running
    running.stop()


class Subscriber:
    """Hears all channels, and remembers by namespace."""

    def __init__(self, client):
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)
        self._pubsub.psubscribe(PATTERN)
        self._pubsub.get_message(timeout=5)
        self.heard = {}

    def until(self, namespace, holds):
        end = time.monotonic() + PATIENCE_S
        while not holds(self.heard.get(namespace, [])):
            assert time.monotonic() < end, self.heard
            if (message := self._pubsub.get_message(timeout=1)) is not None:
                *_, whose = message["channel"].split(":")
                self.heard.setdefault(whose, []).append(json.loads(message["data"]))
        return self.heard[namespace]


class Stream:
    """A reader of the event stream."""

    def __init__(self, url, key):
        self._client = httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=PATIENCE_S)
        self._answer = self._client.stream("GET", "/_mock/v1/events")
        self._lines = self._answer.__enter__().iter_lines()
        self.told = []

    def until(self, holds):
        event = {}
        while not holds(self.told):
            line = next(self._lines)
            name, _, value = line.partition(": ")
            if name == "data":
                self.told.append(event | json.loads(value))
                event = {}
            elif name in ("id", "event"):
                event[name] = value
        return self.told

    def close(self):
        self._answer.__exit__(None, None, None)
        self._client.close()


def changes(told):
    return [{name: value for name, value in each.items() if name != "id"} for each in told if each["event"] == "change"]


def kinds(told):
    return [each["kind"] for each in told if each["event"] == "change"]


def asked(told):
    return {name for each in told if each["event"] == "requests" for name in each["sessions"] if name}


@pytest.fixture
def subscriber(server, redis):
    with redis.client() as client:
        yield Subscriber(client)


def test_one_subscriber_hears_of_two_namespaces_what_each_one_s_stream_tells(server, subscriber):
    streams = {"mine": Stream(server.url, MINE), "other": Stream(server.url, OTHERS)}
    for stream in streams.values():
        stream.until(lambda told: told[:1])
    made = {}
    for name, key in {"mine": MINE, "other": OTHERS}.items():
        with httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=PATIENCE_S) as client:
            session = client.post("/v1/sessions", json={"templates": ["soap"]}).json()["session_id"]
            client.post(f"/v1/sessions/{session}/end")
            client.post("/v1/sessions", json={"templates": ["soap"], "additional_data": {"name": "Jane Roe"}})
            made[name] = session
    for name, stream in streams.items():
        told = stream.until(lambda told: kinds(told).count("created") == 2)
        heard = subscriber.until(
            name,
            lambda heard, told=told, name=name: len(kinds(heard)) >= len(kinds(told)) and made[name] in asked(heard),
        )
        assert changes(heard)[: len(changes(told))] == changes(told)
        assert heard[0]["event"] == "ready"
        assert {*heard[0]} == {*told[0]} == {"event", "id"}
        assert {name for each in heard for name in each} <= {"event", "id", "session_id", "kind", "at", "sessions"}
        assert "Jane" not in json.dumps(heard)
        stream.close()
    assert made["mine"] not in json.dumps(subscriber.heard["other"])


def test_a_reset_is_told_and_places_are_those_of_the_stream(server, subscriber):
    with httpx.Client(base_url=server.url, headers={"X-API-Key": MINE}, timeout=PATIENCE_S) as client:
        client.post("/v1/sessions", json={"templates": ["soap"]})
        heard = subscriber.until("mine", kinds)
        place = next(each["id"] for each in heard if "id" in each and each["event"] == "change")
        client.post("/v1/sessions", json={"templates": ["soap"]})
        with client.stream("GET", "/_mock/v1/events", headers={"Last-Event-ID": place}) as answer:
            lines = (line for line in answer.iter_lines() if line.startswith("event: change"))
            assert next(lines)
        client.post("/_mock/v1/reset")
        subscriber.until("mine", lambda heard: heard[-1:] and "reset" in [each["event"] for each in heard])


def test_what_happens_while_redis_is_away_is_told_when_it_is_back(server, redis):
    with httpx.Client(base_url=server.url, headers={"X-API-Key": MINE}, timeout=PATIENCE_S) as client:
        redis.kill()
        began = time.monotonic()
        while "Nobody listens there" not in client.get("/health/ready").text:
            assert time.monotonic() < began + 10
            time.sleep(0.05)
        made = client.post("/v1/sessions", json={"templates": ["soap"]}).json()["session_id"]
        told = client.get("/health/ready")
        assert (told.status_code, told.json()["status"]) == (200, "ready")
        assert told.json()["parts"]["redis"]["ready"] is False
        assert "scribe_redis_available 0.0" in client.get("/metrics").text
        redis.start()
        with redis.client() as found:
            heard = Subscriber(found).until("mine", lambda heard: [each for each in heard if each.get("kind")])
        assert made in [each.get("session_id") for each in heard]
        assert client.get("/health/ready").json()["parts"]["redis"] == {"ready": True}


@pytest.mark.parametrize("namespace", ["clinic", "key0123456789abcdef", "x" * 40])
def test_a_long_name_which_may_be_a_secret_is_told_by_its_digest(namespace):
    label = label_of(namespace)
    assert (label == namespace) == (len(namespace) <= 16)
    assert len(label) <= 25
    assert namespace[:17] not in label or label == namespace


def test_open_namespaces_are_told_from_their_first_event_on_and_nothing_twice(redis, tmp_path):
    secret = "s3cret" * 5
    keys = ("sk_test_new", f"sk_test_{secret}")

    async def begun():
        """A session of each, on a server of the same folder each time; the second one is asked for none first."""
        url = redis_url(redis.url())
        made = []
        async with started(tmp_path, open_namespaces=True, redis=url, api_keys=("sk_test_known",)) as (_, client):
            for key in (*keys, "sk_test_known"):
                headers = {"X-API-Key": key}
                await client.get(f"{HOST}/v1/sessions/ses_{'0' * 24}", headers=headers)
                await asyncio.sleep(0.3)
                answer = await client.post(f"{HOST}/v1/sessions", headers=headers, json={"templates": ["soap"]})
                made.append(answer.json()["session_id"])
        return made

    with redis.client() as found:
        subscriber = Subscriber(found)
        made = [asyncio.run(begun()) for _ in range(2)]
        for label, sessions in zip(("new", label_of(secret), "known"), zip(*made, strict=True), strict=True):
            heard = subscriber.until(label, lambda heard: len(kinds(heard)) == 2)
            assert [each["session_id"] for each in changes(heard)] == [*sessions], label
            assert "reset" not in [each["event"] for each in heard]
