"""What servers do with choices from their start on; each is the only one of this process while it runs."""

from __future__ import annotations

import asyncio

import pytest

from mock_server.choices.catalogue import catalogue
from mock_server.choices.drawing import drawn, made
from mock_server.served import Served
from tests.mock_server.stage import BODY, HOST, KEYS, SHORT, started

PATH = "/_mock/v1/choices"


def test_what_a_server_is_started_with_counts_for_everybody(tmp_path):
    async def run():
        async with started(tmp_path, vary="7:strict", choices=("open_status=200",)) as (app, client):
            shown = [(await client.get(HOST + PATH, headers={"X-API-Key": key})).json()["choices"] for key in KEYS[:3]]
            return shown, app.state.choices.taken("")

    shown, for_all = asyncio.run(run())
    assert shown == [for_all] * 3
    assert for_all == made(drawn(7, "strict"), {"open_status": 200})


@pytest.mark.parametrize("revision", ["2026-01-19", "2026-01-29"])
def test_a_seed_draws_from_what_the_revision_leaves_open(tmp_path, revision):
    async def run():
        async with started(tmp_path, revision=revision, vary="7:strict") as (_, client):
            header = {"X-API-Key": KEYS[0]}
            told = (await client.get(HOST + PATH, headers=header)).json()
            return told, await client.post(HOST + PATH, headers=header, json={"choices": {"named": "with a name"}})

    told, refused = asyncio.run(run())
    assert told["choices"] == made(drawn(7, "strict", Served(revision)), served=Served(revision))
    assert (told["revision"], [each["name"] for each in told["catalogue"]]) == (revision, list(catalogue(revision)))
    if "named" in catalogue(revision):
        assert refused.status_code == 200
    else:
        said = f"'named' is a choice of 2026-01-27 and 2026-01-29; Revision {revision} leaves nothing open there."
        assert (refused.status_code, refused.json()["error"]["message"]) == (400, said)


def test_a_faithful_server_has_no_such_path(tmp_path):
    async def run():
        async with started(tmp_path, faithful=True) as (_, client):
            return (await client.get(HOST + PATH, headers={"X-API-Key": KEYS[0]})).status_code

    assert asyncio.run(run()) == 404


def test_an_upload_url_stays_good_and_posted_choices_do_not_across_a_restart(tmp_path):
    header = {"X-API-Key": KEYS[0]}

    async def first():
        async with started(tmp_path) as (_, client):
            await client.post(HOST + PATH, json={"choices": {"target": "capability"}}, headers=header)
            return (await client.post(f"{HOST}/v1/sessions", json=BODY, headers=header)).json()["upload_url"]

    async def second(url):
        async with started(tmp_path) as (_, client):
            different = (await client.get(HOST + PATH, headers=header)).json()["different"]
            file = {"file": ("a.wav", SHORT.read(), "audio/wav")}
            return different, (await client.post(url, files=file)).status_code

    url = asyncio.run(first())
    assert "ses_" not in url
    assert asyncio.run(second(url)) == ([], 200)
