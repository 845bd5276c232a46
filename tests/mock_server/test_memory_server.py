"""A server that keeps nothing: all of the protocol, nothing on the disk, and several in one process."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mock_server.cli.commands import app as commands
from mock_server.pipeline.inline import Inline
from tests.mock_server.stage import BODY, HOST, KEYS, SHORT, started


async def consulted(client):
    """A session from its creation to its result."""
    client.headers["X-API-Key"] = KEYS[0]
    made = (await client.post(f"{HOST}/v1/sessions", json=BODY)).json()
    await client.put(f"{made['upload_url']}/audio_0.wav", content=SHORT.read())
    ended = await client.post(f"{HOST}/v1/sessions/{made['session_id']}/end")
    assert ended.status_code == 202
    await client.get(f"{HOST}/_mock/v1/wait?session={made['session_id']}&state=completed&seconds=30")
    return await client.get(f"{HOST}/v1/sessions/{made['session_id']}")


def test_a_consultation_is_processed_and_leaves_nothing_on_the_disk(tmp_path):
    async def run():
        async with started(tmp_path / "data", in_memory=True) as (_, client):
            return await consulted(client)

    answer = asyncio.run(run())
    assert answer.status_code == 200
    assert answer.json()["transcript"].endswith(SHORT.text)
    assert list(tmp_path.iterdir()) == []


_STARTED = """
import sys, tempfile, pathlib
import mock_server.cli.commands
from mock_server.app import create_app
from mock_server.settings import Settings
create_app(Settings(data_dir=pathlib.Path(tempfile.gettempdir()) / "nothing", in_memory=True, transcriber="scripted"))
print(sys.modules["scribe_data.load"]._load.cache_info().currsize)
print({"av", "numpy", "mock_server.extraction.note"} & sys.modules.keys())
"""


def test_a_server_starts_without_texts_of_profiles_that_it_does_not_serve_and_without_decoders_and_rules_for_notes():
    found = subprocess.run([sys.executable, "-c", _STARTED], capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr) == ("1\nset()\n", "")


def test_two_servers_in_one_process_know_nothing_of_each_other(tmp_path):
    async def run():
        async with started(tmp_path, in_memory=True) as (_, one), started(tmp_path, in_memory=True) as (_, other):
            first, second = await asyncio.gather(consulted(one), consulted(other))
            elsewhere = await one.get(f"{HOST}/v1/sessions/{second.json()['session_id']}")
            return first.status_code, second.status_code, elsewhere.status_code

    assert asyncio.run(run()) == (200, 200, 404)


def test_work_that_is_held_ends_with_the_server(tmp_path):
    async def run():
        async with started(tmp_path, in_memory=True, scenarios=("processes_for_ever",)) as (_, client):
            client.headers["X-API-Key"] = KEYS[0]
            made = (await client.post(f"{HOST}/v1/sessions", json=BODY)).json()
            await client.post(f"{HOST}/v1/sessions/{made['session_id']}/end")
            return (await client.get(f"{HOST}/v1/sessions/{made['session_id']}")).json()["status"]

    async def bounded():
        async with asyncio.timeout(20):
            return await run()

    assert asyncio.run(bounded()) == "processing"


def test_a_session_whose_work_breaks_is_given_up(caplog):
    class Steps:
        given_up: tuple[str, ...] = ()

        async def transcribe(self, session_id):
            raise RuntimeError("broken")

        async def give_up(self, session_id):
            self.given_up += (session_id,)

    async def run():
        steps, work = Steps(), Inline(at_once=1, holds=lambda _namespace, _session_id: None)
        await work.launch(steps)
        for session in ("ses_1", "ses_1", "ses_2"):
            work.offer("mine", session)
        async with asyncio.timeout(5):
            while len(steps.given_up) < 2:  # noqa: ASYNC110 - nobody tells when work is over
                await asyncio.sleep(0.01)
        await work.close()
        work.offer("mine", "ses_3")
        return steps.given_up

    assert asyncio.run(run()) == ("ses_1", "ses_2")
    assert "the work on session ses_1 fell" in caplog.text


def test_a_log_that_is_to_be_kept_is_not_served_from_memory(tmp_path):
    given = [
        "serve",
        "--port",
        "0",
        "--in-memory",
        "--profile",
        "session_manager",
        "--data-dir",
        str(tmp_path / "data"),
    ]
    result = CliRunner().invoke(commands, given)
    assert result.exit_code == 2
    assert "--in-memory" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("revision", ["2026-01-19", "2026-01-29"])
def test_every_revision_is_served_from_memory(tmp_path, revision):
    async def run():
        async with started(tmp_path, in_memory=True, revision=revision) as (app, client):
            await app.state.face.tried.wait()
            return (await client.get(f"{HOST}/health/ready")).status_code

    assert asyncio.run(run()) == 200
