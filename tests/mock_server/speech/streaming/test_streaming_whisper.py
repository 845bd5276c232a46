"""Real recognition of what is being spoken, with tiny.en."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

import pytest

from mock_server.speech import SpeechUnavailable, open_transcriber
from mock_server.speech.streaming import (
    Encoding,
    Final,
    Format,
    Partial,
    SpeechEnd,
    SpeechStart,
    Unheard,
    Wish,
    open_streamer,
)
from mock_server.speech.streaming.recognition import Question, understand
from mock_server.speech.streaming.whisper import WhisperEngine
from mock_server.speech.whisper import WhisperTranscriber
from scribe_data import recordings
from tests.mock_server.speech.streaming.hearing import PATIENCE_S, QUICK, all_of, coded, pcm, pieces, say, silence, text
from tests.mock_server.speech.wording import error_rate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mock_server.speech.streaming.streams import Streams
    from tests.mock_server.speech.uploads import Hear, Uploads

pytestmark = [pytest.mark.whisper, pytest.mark.slow, pytest.mark.timeout(900)]
TENTH = 3_200


@pytest.fixture(scope="module")
def transcriber(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhisperTranscriber]:
    try:
        found = open_transcriber("whisper", "tiny.en", cache=tmp_path_factory.mktemp("cache"))
    except SpeechUnavailable as error:
        pytest.skip(f"REAL TRANSCRIPTION IS NOT TESTED: {error}")
    assert isinstance(found, WhisperTranscriber)
    yield found
    asyncio.run(found.close())


@pytest.fixture
def play(transcriber: WhisperTranscriber) -> Callable[[Callable[[Streams], Awaitable[None]]], None]:
    """Run a story with a streamer that never finds anybody ahead of time."""

    def run(story: Callable[[Streams], Awaitable[None]]) -> None:
        async def whole() -> None:
            streams = open_streamer(transcriber, QUICK)
            try:
                await story(streams)
            finally:
                await streams.close()

        asyncio.run(whole())

    return run


def test_streamed_consultations_are_understood_as_uploaded_ones(
    play: Callable[..., None], whisper: Hear, uploads: Uploads
) -> None:
    """Of all words together: one or two of a hundred that are heard otherwise say nothing of either way."""
    known = [recordings.load()[name] for name in ("cough", "knee")]
    said = " ".join(each.text for each in known)
    uploaded = " ".join(whisper(uploads.fixture(each.name)).text for each in known)
    streamed: list[str] = []

    async def story(streams: Streams) -> None:
        for each in known:
            events = await say(streams.listen(Format(), Wish(interim=False)), pieces(pcm(each.name), TENTH))
            streamed.append(text(events))
            finals = [event for event in events if isinstance(event, Final)]
            assert len(finals) == len(each.turns)
            for final, turn in zip(finals, each.turns, strict=True):
                assert turn.start - 0.2 <= final.start < final.end <= turn.end + 0.2
                assert " ".join(word.word for word in final.words) == final.text
                assert all(final.start - 0.5 <= word.start <= word.end <= final.end + 0.5 for word in final.words)
                assert all(0 < word.confidence <= 1 for word in final.words)
                assert 0.5 < final.confidence <= 1

    play(story)
    assert error_rate(" ".join(streamed), said) <= error_rate(uploaded, said) + 0.02


def test_a_telephone_is_understood(play: Callable[..., None]) -> None:
    form = Format(Encoding.MULAW, 8_000)

    async def story(streams: Streams) -> None:
        events = await say(streams.listen(form, Wish()), pieces(coded(pcm("short"), form), 800))
        assert error_rate(text(events), recordings.load()["short"].text) <= 0.2

    play(story)


def test_partials_come_while_somebody_speaks(play: Callable[..., None]) -> None:
    async def story(streams: Streams) -> None:
        listening = streams.listen(Format(), Wish())
        await listening.hear(pcm("knee")[: 2 * 32_000])
        async with asyncio.timeout(PATIENCE_S):
            async for event in listening:
                if isinstance(event, Partial):
                    break
                assert isinstance(event, SpeechStart)
        assert "hello" in event.text.lower()
        await listening.flush()
        await listening.end()
        assert [type(event) for event in await all_of(listening) if not isinstance(event, Partial)] == [
            SpeechEnd,
            Final,
        ]

    play(story)


def test_silence_and_noise_are_nobodys_words(play: Callable[..., None]) -> None:
    async def story(streams: Streams) -> None:
        for name in ("silence", "noise"):
            assert await say(streams.listen(Format(), Wish()), pieces(pcm(name), TENTH)) == []

    play(story)


def test_a_process_that_dies_costs_time_and_no_word(play: Callable[..., None]) -> None:
    async def story(streams: Streams) -> None:
        engine = streams._engine
        assert isinstance(engine, WhisperEngine)
        listening = streams.listen(Format(), Wish(interim=False))
        reading = asyncio.create_task(all_of(listening))
        kills = 0
        for piece in pieces(pcm("knee") + silence(1), 16_000):
            await listening.hear(piece)
            if engine._desk._running and kills < 2:
                async with asyncio.timeout(PATIENCE_S):
                    while not engine._worker._children:  # noqa: ASYNC110 - it is being started in a thread
                        await asyncio.sleep(0.01)
                for child in list(engine._worker._children):
                    with contextlib.suppress(ProcessLookupError, ValueError):  # it is the one that was killed before
                        os.kill(child._process.pid or 0, signal.SIGKILL)
                        kills += 1
        await listening.end()
        events = await reading
        assert kills == 2
        assert not [event for event in events if isinstance(event, Unheard)]
        assert error_rate(text(events), recordings.load()["knee"].text) <= 0.2

    play(story)


def test_who_leaves_in_the_middle_costs_nobody_else_the_process(play: Callable[..., None]) -> None:
    async def story(streams: Streams) -> None:
        engine = streams._engine
        assert isinstance(engine, WhisperEngine)
        await say(streams.listen(Format(), Wish()), [pcm("short"), silence(1)])
        (process,) = (child._process.pid for child in engine._worker._children)
        for _ in range(3):
            listening = streams.listen(Format(), Wish(), namespace="leaver")
            await listening.hear(pcm("short") + silence(1))
            async with asyncio.timeout(PATIENCE_S):
                while not engine._desk._running:  # noqa: ASYNC110 - nobody is told of this alone
                    await asyncio.sleep(0.01)
            await listening.close()
        events = await say(streams.listen(Format(), Wish()), [pcm("short"), silence(1)])
        assert error_rate(text(events), recordings.load()["short"].text) <= 0.2
        assert [child._process.pid for child in engine._worker._children] == [process]

    play(story)


def test_uploads_step_back_while_somebody_is_listened_to_and_are_heard_all_the_same(
    transcriber: WhisperTranscriber, play: Callable[..., None], uploads: Uploads
) -> None:
    knee = uploads.fixture("knee")

    async def story(streams: Streams) -> None:
        _, batch = transcriber.hearing
        listening = streams.listen(Format(), Wish(), namespace="live")
        uploaded = asyncio.create_task(transcriber.transcribe([knee], language_hint=None))
        events = await say(listening, pieces(pcm("short") + silence(1), TENTH))
        assert error_rate(text(events), recordings.load()["short"].text) <= 0.2
        heard = await asyncio.wait_for(uploaded, PATIENCE_S)
        assert error_rate(heard.text, recordings.load()["knee"].text) <= 0.2
        assert not batch._behind

    play(story)


def test_a_vocabulary_is_looked_out_for(play: Callable[..., None]) -> None:
    """Whether it helps is the model's affair; that it reaches it shows in a word nobody would spell so."""

    async def story(streams: Streams) -> None:
        for vocabulary in ((), ("knee", "weekend"), ("x" * 20,) * 200):
            wish = Wish(vocabulary=vocabulary, interim=False, word_times=False)
            events = await say(streams.listen(Format(), wish), [pcm("short"), silence(1)])
            finals = [event for event in events if isinstance(event, Final)]
            assert all(final.words == () and final.confidence > 0 for final in finals)
            if len(vocabulary) < 200:
                assert error_rate(text(events), recordings.load()["short"].text) <= 0.2

    play(story)


def test_context_is_heard_and_not_told(transcriber: WhisperTranscriber) -> None:
    engine, _ = transcriber.hearing
    knee, turns = pcm("knee"), recordings.load()["knee"].turns
    pause = (turns[0].end + turns[1].start) / 2
    samples = knee[: 2 * round((turns[1].end + 0.2) * 16_000)]
    answer = understand(samples, engine, Question(True, "en"), pause)
    assert error_rate(answer.text, turns[1].text) <= 0.25
    assert all(word.end > pause for word in answer.words)
    alone = understand(samples, engine, Question(True, "en"), turns[1].end + 0.1)
    assert "slipped" not in alone.text


def test_many_jobs_leave_the_place_as_it_was(play: Callable[..., None]) -> None:
    async def story(streams: Streams) -> None:
        listenings = [streams.listen(Format(), Wish(interim=False), namespace=str(number)) for number in range(4)]
        told = await asyncio.gather(*(say(each, [pcm("short"), silence(1)]) for each in listenings))
        assert len({text(events) for events in told}) == 1
        assert not streams._open

    play(story)
