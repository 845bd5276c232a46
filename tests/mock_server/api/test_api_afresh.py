"""What takes a server of its own: one that starts again, and one that serves the protocol and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.mock_server.stage import BODY, HOST, MINE, SHORT, code_of, started

if TYPE_CHECKING:
    import httpx

KEY = {"X-API-Key": MINE}


async def result(client: httpx.AsyncClient, url: str) -> dict:
    for _ in range(600):
        answer = await client.get(url, headers=KEY)
        if answer.status_code != 202:
            return answer.json()
        await asyncio.sleep(0.05)
    raise AssertionError("no result in time")


def test_what_a_client_implied_and_changed_survives_a_restart(tmp_path):
    async def begin():
        async with started(tmp_path) as (_, client):
            made = await client.post(f"{HOST}/v1/sessions", json=BODY | {"session_mode": "x"}, headers=KEY)
            url = f"{HOST}/v1/sessions/{made.json()['session_id']}"
            changed = {"additional_data": {"a": 1}, "patient_details": {"name": "N"}, "templates": ["vitals"]}
            assert (await client.patch(url, json=changed, headers=KEY)).status_code == 200
            await client.post(f"{url}/audio", files={"file": ("a.wav", SHORT.read())}, headers=KEY)
            return url

    async def go_on(url):
        async with started(tmp_path) as (_, client):
            await client.post(f"{url}/end", headers=KEY)
            return await result(client, url)

    done = asyncio.run(go_on(asyncio.run(begin())))
    assert [list(entry) for entry in done["templates"]] == [["vitals"]]
    assert (done["additional_data"], done["patient_details"]) == ({"a": 1}, {"name": "N"})


def test_a_faithful_server_has_neither_patch_nor_process_template_nor_patients(tmp_path):
    async def ask():
        async with started(tmp_path, faithful=True) as (_, client):
            asked = BODY | {"patient_details": {"name": "N"}}
            made = await client.post(f"{HOST}/v1/sessions", json=asked, headers=KEY)
            url = f"{HOST}/v1/sessions/{made.json()['session_id']}"
            return (
                made,
                await client.patch(url, json={}, headers=KEY),
                await client.post(f"{url}/process/template/soap", headers=KEY),
                await client.get(url, headers=KEY),
            )

    made, patched, processed, read = asyncio.run(ask())
    assert "patient_details" not in made.json() | read.json()
    assert (patched.status_code, code_of(patched)) == (405, "invalid_request")
    assert "PATCH" not in patched.headers["allow"]
    assert (processed.status_code, code_of(processed)) == (404, "invalid_request")
