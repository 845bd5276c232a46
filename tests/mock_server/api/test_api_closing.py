"""What a server is doing when it stops is interrupted, not failed."""

from __future__ import annotations

import asyncio

from mock_server import opening
from mock_server.speech import SpeechInterrupted, Transcription
from tests.mock_server.stage import BODY, HOST, MINE, SHORT, started


class Ears:
    """Hears nothing until it is let, and drops what it hears when it is closed, as a worker process does."""

    engine, languages, notice, diarizes, hears_at_once = "ears", ("en",), None, False, 2

    def __init__(self, *, hears):
        self.hears = hears
        self.listens = asyncio.Event()
        self.closed = asyncio.Event()

    async def transcribe(self, recordings, **_given):
        self.listens.set()
        if not self.hears:
            await self.closed.wait()
            raise SpeechInterrupted("closed")
        return Transcription("ears", "en", text="Patient: I have a cough.", used=tuple(r.name for r in recordings))

    async def ready(self):
        """Always."""

    async def close(self):
        self.closed.set()
        await asyncio.sleep(3)  # as long as the pipeline needs to lose patience, were it to go on


def test_a_session_that_is_heard_while_the_server_stops_goes_on_at_the_next_start(tmp_path, monkeypatch):
    async def story():
        headers = {"X-API-Key": MINE}
        ears = Ears(hears=False)
        monkeypatch.setattr(opening, "open_transcriber", lambda *_, **__: ears)
        async with started(tmp_path) as (_, client):
            made = (await client.post(f"{HOST}/v1/sessions", headers=headers, json=BODY)).json()
            files = {"file": ("audio_0.wav", SHORT.read(), "audio/wav")}
            assert (await client.post(made["upload_url"], headers=headers, files=files)).status_code == 200
            url = f"{HOST}/v1/sessions/{made['session_id']}"
            assert (await client.post(f"{url}/end", headers=headers)).status_code == 202
            await asyncio.wait_for(ears.listens.wait(), 20)
        ears = Ears(hears=True)
        async with started(tmp_path) as (_, client), asyncio.timeout(20):
            while (answer := await client.get(url, headers=headers)).status_code == 202:  # noqa: ASYNC110 - the event is in an answer
                await asyncio.sleep(0.05)
            return answer.json()

    assert asyncio.run(story())["status"] == "completed"
