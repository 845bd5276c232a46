"""A live session whose database goes away: what was told is kept, and its end is once there is a database again."""

from __future__ import annotations

import time

import pytest

from tests.mock_server.cli.test_cli_socket import KEY, Server
from tests.mock_server.dalston.speaking import PCM, SECOND, SHORT, Client
from tests.mock_server.postgres import written


@pytest.mark.slow
def test_a_session_whose_database_is_killed_is_interrupted_with_all_that_was_told(tmp_path, address, postgres):
    words = ("--transcriber", "scripted", "--profile", "medscribe,dalston", "--database", written(address))
    server = Server(tmp_path, *words)
    client = Client(server.url, KEY)
    try:
        with client.talk(store_audio=True, store_transcript=True) as talk:
            talk.speak(PCM + bytes(SECOND))
            final = talk.until("transcript.final")
            postgres.kill()
            talk.speak(PCM + bytes(SECOND))
            code = talk.to_the_end()
        assert code == 1011
        assert talk.of("error")[-1]["recoverable"] is False
        assert talk.of("transcript.final") == [final]
        postgres.start()
        until = time.monotonic() + 20
        while client.http.get("/health/ready").status_code != 200:
            assert time.monotonic() < until, "it does not go on by itself"
            time.sleep(0.1)
        told = client.over(talk.session_id)
        assert told["status"] == "interrupted"
        assert told["utterance_count"] == 1
        assert client.transcript(talk.session_id)["text"] == SHORT.text
        assert client.audio(talk.session_id).startswith(PCM)
        assert client.look(client.spoken())["status"] == "completed"
    finally:
        server.stop()
