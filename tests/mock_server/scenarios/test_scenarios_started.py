"""What servers do with scenarios from their start on; each is the only one of this process while it runs."""

from __future__ import annotations

import asyncio
import threading

import httpx

from tests.mock_server.cli.test_cli_socket import KEY, PATIENCE_S, Server
from tests.mock_server.stage import BODY, HOST, KEYS, OTHERS, SHORT, started

PATH = "/_mock/v1/scenarios"


def test_what_a_session_was_bound_to_survives_a_restart(tmp_path):
    async def first():
        async with started(tmp_path) as (_, client):
            client.headers["X-API-Key"] = KEYS[0]
            await client.post(HOST + PATH, json={"scenario": "processes_for_ever", "on": {"session": "next"}})
            await client.post(HOST + PATH, json={"scenario": "template.timeout", "on": {"session": "next"}})
            made = (await client.post(f"{HOST}/v1/sessions", json=BODY)).json()
            await client.put(f"{made['upload_url']}/a.wav", content=SHORT.read())
            await client.post(f"{HOST}/v1/sessions/{made['session_id']}/end")
            return made["session_id"]

    async def second(session):
        async with started(tmp_path) as (_, client):
            client.headers["X-API-Key"] = KEYS[0]
            wait = f"{HOST}/_mock/v1/wait?session={session}&state=partial&seconds="
            assert (await client.get(wait + "0.5")).status_code == 408
            return (await client.get(f"{HOST}/v1/sessions/{session}")).headers["x-mock-scenario"]

    session = asyncio.run(first())
    assert asyncio.run(second(session)) == "processes_for_ever, template.timeout"


def test_a_faithful_server_has_none_of_it(tmp_path):
    async def run():
        async with started(tmp_path, faithful=True) as (_, client):
            client.headers["X-API-Key"] = KEYS[0]
            told = [
                (await client.get(HOST + PATH)).status_code,
                (await client.get(f"{HOST}/_mock/v1/wait")).status_code,
            ]
            made = await client.post(f"{HOST}/v1/sessions", json=BODY | {"templates": ["mock.slow"]})
            named = await client.put(f"{made.json()['upload_url']}/mock.reset.wav", content=SHORT.read())
            return [*told, made.status_code, named.status_code]

    assert asyncio.run(run()) == [404, 404, 201, 200]


def test_a_server_starts_with_scenarios_that_each_namespace_counts_for_itself(tmp_path):
    async def run():
        given = ("throttled:operation=templates,times=1,retry_after=null",)
        async with started(tmp_path, scenarios=given) as (_, client):
            told = []
            for key in (KEYS[0], KEYS[0], OTHERS, OTHERS):
                answer = await client.get(f"{HOST}/v1/templates", headers={"X-API-Key": key})
                told.append((answer.status_code, answer.headers.get("retry-after")))
            return told

    assert asyncio.run(run()) == [(429, None), (200, None)] * 2


def test_an_answer_that_is_held_back_is_given_when_the_server_stops(tmp_path):
    server = Server(
        tmp_path, "--transcriber", "scripted", "--scenario", "slow_first_byte:seconds=120,operation=templates"
    )
    told, header = [], {"X-API-Key": KEY}

    def ask():
        told.append(httpx.get(f"{server.url}/v1/templates", headers=header, timeout=PATIENCE_S).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    while not httpx.get(f"{server.url}/_mock/v1/requests", headers=header).json()["requests"]:
        pass
    server.stop()
    asking.join(PATIENCE_S)
    server.reading.join(PATIENCE_S)
    assert told == [200]
    assert "Traceback" not in "".join(server.told)


def test_a_research_session_is_held_over_a_restart_until_it_is_cleared(tmp_path):
    async def run():
        header = {"X-API-Key": KEYS[0]}
        given = {"profiles": ("prsm",), "research_s": 0.0}
        sessions, scenarios = f"{HOST}/api/v1/sessions", f"{HOST}/_mock/v1/scenarios"
        asked = {"scenario": "processes_for_ever", "on": {"session": "next"}}
        async with started(tmp_path, **given) as (_, client):
            await client.post(scenarios, headers=header, json=asked)
            made = (await client.post(sessions, headers=header, json={"prompt": "What is a session?"})).json()[
                "session_id"
            ]
        async with started(tmp_path, **given) as (_, client):
            await asyncio.sleep(0.3)
            url = f"{sessions}/{made}"
            before = (await client.get(url, headers=header)).json()["status"]
            await client.delete(scenarios, headers=header)
            waited = {"session": made, "state": "completed", "seconds": 10}
            return before, (await client.get(f"{HOST}/_mock/v1/wait", headers=header, params=waited)).json()["state"]

    assert asyncio.run(run()) == ("running", "completed")
