"""What a session makes of what its listening tells, and of a listening that there is no place for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mock_server.settings import Limits
from mock_server.speech.streaming import Broken, Busy, Final, LagExceeded, Lagging, Unheard, Word
from tests.mock_server.dalston.speaking import PATIENCE_S, PCM, SECOND, Client
from tests.mock_server.stream.talking import Running


class Listening:
    """Tells some events as soon as something is heard, and no more after its end."""

    def __init__(self, events):
        self._events = iter(events)
        self._heard, self._over = asyncio.Event(), asyncio.Event()

    async def hear(self, _data):
        self._heard.set()

    async def flush(self):
        """Nothing is being said."""

    async def clear(self):
        """Nothing is being said."""

    async def end(self):
        self._heard.set()
        self._over.set()

    async def close(self):
        self._over.set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self._heard.wait()
        for event in self._events:
            return event
        await self._over.wait()
        raise StopAsyncIteration


@pytest.fixture
def hearing(memory, monkeypatch):
    """Has the next sessions hear these events."""

    def events(*told):
        monkeypatch.setattr(memory.app.state.face.streamer, "listen", lambda *_, **__: Listening(told))

    return events


FINAL = Final("The cough is better.", 0.5, 1.0, 1.2, (Word(" The", 0.4, 0.6, -0.1),), "en")


@pytest.mark.parametrize(
    ("last", "word", "code"),
    [(LagExceeded(41.0), "lag_exceeded", 4010), (Broken("The process died."), "no_capacity", 4503)],
)
def test_a_listening_that_is_over_ends_the_session_as_an_error_with_all_that_was_said(quick, hearing, last, word, code):
    hearing(FINAL, last)
    with quick.talk(store_transcript=True, store_audio=True) as talk:
        talk.send(PCM)
        assert talk.to_the_end() == code
    (error,) = talk.of("error")
    assert (error["code"], error["recoverable"]) == (word, False)
    assert talk.of("session.terminated")[0]["reason"] == word
    told = quick.over(talk.session_id)
    assert (told["status"], told["error"]) == ("error", error["message"])
    assert quick.transcript(talk.session_id)["text"] == FINAL.text


def test_what_lags_or_is_not_understood_is_told_and_the_session_goes_on(quick, hearing):
    hearing(Lagging(12.3), Unheard(1.0, 2.0, "secret"), FINAL)
    with quick.talk(store_transcript=True) as talk:
        talk.send(PCM)
        ended = talk.end()
    (warning,) = talk.of("warning")
    assert (warning["code"], warning["lag_seconds"]) == ("processing_lag", 12.3)
    (error,) = talk.of("error")
    assert error["recoverable"] is True
    assert "secret" not in error["message"]
    assert ended["transcript"] == FINAL.text


def test_figures_of_an_engine_are_brought_into_their_bounds(quick, hearing):
    hearing(FINAL)
    with quick.talk(store_transcript=True) as talk:
        talk.send(PCM[: SECOND // 2])
        talk.end()
    (said,) = quick.transcript(talk.session_id)["utterances"]
    assert said["confidence"] == 1.0
    assert said["words"] == [{"word": "The", "start": 0.4, "end": 0.5, "confidence": 0.0}]
    assert (said["start"], said["end"]) == (0.4, 0.5)


def test_where_nobody_is_free_to_listen_the_socket_is_told_so_and_leaves_no_session(quick, memory, monkeypatch):
    def busy(*_given, **_named):
        raise Busy("Every place is taken.")

    monkeypatch.setattr(memory.app.state.face.streamer, "listen", busy)
    assert quick.refused() == ("no_capacity", 4503)
    assert quick.page()["total"] == 0


def test_what_breaks_here_is_told_in_no_detail_and_ends_the_session_as_an_error(quick, hearing, monkeypatch):
    hearing(FINAL)

    async def broken(*_given):
        raise RuntimeError("secret")

    monkeypatch.setattr("mock_server.dalston.service.LiveService.said", broken)
    with quick.talk(store_audio=True) as talk:
        talk.send(PCM)
        assert talk.to_the_end() == 1011
    told = quick.over(talk.session_id)
    assert told["status"] == "error"
    assert "secret" not in str(talk.told) + told["error"]


def test_a_session_that_lasts_too_long_is_ended_and_told():
    running = Running(profiles=("dalston",), limits=Limits(upload_bytes=6 * SECOND))
    try:
        client = Client(running.url)
        with client.talk(store_audio=True) as talk:
            talk.speak(PCM + PCM)
            assert talk.to_the_end() == 4413
        told = client.look(talk.session_id)
        assert told["status"] == "interrupted"
        assert client.audio(talk.session_id) == (PCM + PCM)[: len(client.audio(talk.session_id))]
    finally:
        running.stop()


def test_a_batch_session_whose_live_one_is_deleted_first_is_given_up(quick, memory, monkeypatch):
    enhancement = memory.app.state.face.live._enhancement
    carries_out, deleted = enhancement._ended, threading.Event()

    async def late(dictation):
        await asyncio.to_thread(deleted.wait, PATIENCE_S)
        return await carries_out(dictation)

    monkeypatch.setattr(enhancement, "_ended", late)
    with quick.talk(store_audio=True, enhance_on_end=True) as talk:
        talk.send(PCM)
        job = talk.end()["enhancement_job_id"]
    assert quick.delete(talk.session_id).status_code == 200
    deleted.set()
    reached = quick.http.get("/_mock/v1/wait", params={"session": job, "state": "expired"})
    assert reached.json()["state"] == "expired"
