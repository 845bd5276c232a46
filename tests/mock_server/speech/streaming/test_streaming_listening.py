"""What a listening tells, whoever sends, reads or recognises badly."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.speech.model import SpeechInterrupted, SpeechOvertime, SpeechUnavailable
from mock_server.speech.streaming import (
    Bounds,
    Broken,
    Busy,
    Encoding,
    Event,
    Final,
    Format,
    LagExceeded,
    Lagging,
    OddBytes,
    Partial,
    SpeechEnd,
    SpeechStart,
    Unheard,
    Unoffered,
    Wish,
)
from mock_server.speech.streaming.streams import Streams
from tests.mock_server.speech.streaming.hearing import (
    LIVE,
    PATIENCE_S,
    QUICK,
    Told,
    all_of,
    coded,
    heard,
    pcm,
    pieces,
    say,
    settled,
    silence,
)

if TYPE_CHECKING:
    from mock_server.speech.streaming.cutter import Utterance

KNEE = pcm()
SHORT = pcm("short")
TENTH = 3_200


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def test_every_turn_of_a_consultation_has_its_start_end_and_final() -> None:
    events = heard(pieces(KNEE, TENTH))
    assert kinds(events).count(Final) == 5
    starts = [event.at for event in events if isinstance(event, SpeechStart)]
    ends = [event.at for event in events if isinstance(event, SpeechEnd)]
    finals = [event for event in events if isinstance(event, Final)]
    assert [(final.start, final.end) for final in finals] == list(zip(starts, ends, strict=True))
    for final in finals:
        assert events.index(SpeechEnd(final.end)) < events.index(final)


FORMS = [
    Format(),
    Format(Encoding.PCM_F32LE, 8_000),
    Format(Encoding.MULAW, 8_000),
    Format(Encoding.PCM_S16LE, 48_000, 2),
]


@given(form=st.sampled_from(FORMS), sizes=st.lists(st.integers(0, 60_000), min_size=1, max_size=12), odd=st.booleans())
@settings(max_examples=8)
def test_the_same_is_told_however_the_bytes_are_cut(form: Format, sizes: list[int], odd: bool) -> None:
    data = CODED[form] + (b"\0" if odd else b"")
    sent, at = [], 0
    for size in itertools.cycle([*sizes, 9_999]):
        sent.append(data[at : at + size])
        at += size
        if at >= len(data):
            break
    assert settled(heard(sent, form)) == settled(heard([data], form))


CODED = {form: coded(KNEE[: 6 * 32_000], form) for form in FORMS}


def test_nothing_is_told_of_voices_or_of_what_is_being_spoken_where_nobody_wishes_it() -> None:
    events = heard(pieces(KNEE, TENTH), wish=Wish(voice_activity=False, interim=False))
    assert set(kinds(events)) == {Final}
    assert events == [event for event in heard(pieces(KNEE, TENTH)) if isinstance(event, Final)]


def test_what_is_being_spoken_is_told_and_replaced() -> None:
    """Whoever sends waits for each look, so that there is time for one."""

    async def story() -> None:
        streams = Streams(Told(), replace(QUICK, partial=0.0))
        listening = streams.listen(Format(), Wish())
        partials: list[Partial] = []
        for piece in pieces(SHORT, TENTH):
            await listening.hear(piece)
            await asyncio.sleep(0.01)
        await listening.end()
        async with asyncio.timeout(PATIENCE_S):
            events = [event async for event in listening]
        partials = [event for event in events if isinstance(event, Partial)]
        assert partials
        final = next(event for event in events if isinstance(event, Final))
        assert all(partial.start == final.start and partial.end <= final.end for partial in partials)
        await streams.close()

    asyncio.run(story())


def test_an_utterance_that_may_be_over_is_recognised_before_that_is_sure() -> None:
    async def story() -> None:
        engine = Told()
        streams = Streams(engine, QUICK)
        listening = streams.listen(Format(), Wish(interim=False))
        await listening.hear(SHORT[:64_000])
        assert listening._cutter is not None
        while not listening._cutter.paused:
            await listening.hear(silence(0.032))
        async with asyncio.timeout(PATIENCE_S):
            while listening._guess is None:  # noqa: ASYNC110 - nobody is told of this
                await asyncio.sleep(0.01)
        assert listening._cutter.speaking
        asked = len(engine.asked)
        events = await say(listening, [silence(1)])
        assert kinds(events).count(Final) == 1
        assert len(engine.asked) == asked
        await streams.close()

    asyncio.run(story())


def test_flush_tells_what_was_said_and_clear_forgets_it() -> None:
    async def story() -> None:
        streams = Streams(Told(), QUICK)
        listening = streams.listen(Format(), Wish())
        await listening.hear(SHORT[:64_000])
        await listening.flush()
        await listening.hear(SHORT[64_000:96_000])
        await listening.clear()
        events = settled(await say(listening, [silence(1)]))
        assert kinds(events) == [SpeechStart, SpeechEnd, SpeechStart, SpeechEnd, Final]
        (final,) = (event for event in events if isinstance(event, Final))
        assert final.end <= 2
        await streams.close()

    asyncio.run(story())


def test_flush_and_clear_and_frames_without_a_byte_are_nothing_where_nobody_speaks() -> None:
    async def story() -> None:
        streams = Streams(Told(), QUICK)
        listening = streams.listen(Format(), Wish())
        await listening.flush()
        await listening.clear()
        for _ in range(1_000):
            await listening.hear(b"")
        await listening.hear(silence(1))
        await listening.flush()
        await listening.clear()
        assert await say(listening, []) == []
        await streams.close()

    asyncio.run(story())


def test_half_a_sample_at_the_end_is_told_and_costs_nothing() -> None:
    async def story() -> None:
        streams = Streams(Told(), QUICK)
        listening = streams.listen(Format(), Wish())
        await listening.hear(KNEE + b"\0")
        with pytest.raises(OddBytes):
            await listening.end()
        assert kinds(settled(await all_of(listening))).count(Final) == 5
        await streams.close()

    asyncio.run(story())


@pytest.mark.parametrize("form", [Format(Encoding.PCM_F32LE, 48_000, 2), Format(Encoding.MULAW, 8_000)])
def test_tiny_frames_are_told_as_large_ones(form: Format) -> None:
    data = coded(SHORT[:64_000], form)
    assert settled(heard(pieces(data, form.frame_bytes - 1 or 1), form)) == settled(heard([data], form))


# Who recognises.


def test_an_utterance_is_tried_again_when_the_process_dies_under_it() -> None:
    died: dict[float, int] = {}

    async def dying(utterance: Utterance) -> str:
        died[utterance.start] = died.get(utterance.start, 0) + 1
        if died[utterance.start] <= 2:
            raise SpeechInterrupted("it died")
        return "heard at last"

    events = settled(heard(pieces(KNEE, TENTH), streams=Streams(Told(dying), QUICK)))
    assert kinds(events).count(Final) == 5


@pytest.mark.parametrize("error", [SpeechInterrupted("it died"), SpeechOvertime("it took too long")])
def test_an_utterance_that_cannot_be_heard_is_told_and_the_next_one_is_heard(error: Exception) -> None:
    async def deaf(utterance: Utterance) -> str:
        if utterance.start < 3:
            raise error
        return "heard"

    events = settled(heard(pieces(KNEE, TENTH), streams=Streams(Told(deaf), QUICK)))
    lost = [event for event in events if isinstance(event, Unheard)]
    assert [each.reason for each in lost] == [str(error)]
    assert lost[0].start < 3
    assert kinds(events).count(Final) == 4


@pytest.mark.parametrize("error", [SpeechUnavailable("no model any more"), KeyError("a defect")])
def test_an_engine_that_is_gone_ends_the_listening_with_an_event(error: Exception) -> None:
    async def gone(utterance: Utterance) -> str:
        raise error

    engine = Told(gone)
    events = heard(pieces(KNEE, TENTH), streams=Streams(engine, QUICK))
    assert isinstance(events[-1], Broken)
    assert "a defect" not in events[-1].reason
    assert engine.attended[-1] == 0


def test_what_nobody_said_has_no_final() -> None:
    async def nothing(utterance: Utterance) -> str:
        return ""

    assert Final not in kinds(heard([KNEE], streams=Streams(Told(nothing), QUICK)))


# The backlog.


async def never(utterance: Utterance) -> str:
    await asyncio.Event().wait()
    raise AssertionError


def test_a_live_voice_that_nobody_follows_is_told_once_and_then_ended() -> None:
    async def story() -> None:
        streams = Streams(Told(never), replace(LIVE, lagging=5.0, exceeded=20.0))
        listening = streams.listen(Format(), Wish())
        for piece in pieces(KNEE + KNEE, TENTH):
            await listening.hear(piece)
        events = await all_of(listening)
        assert kinds(events).count(Lagging) == 1
        assert isinstance(events[-1], LagExceeded)
        assert 5 <= next(event.seconds for event in events if isinstance(event, Lagging)) < 6
        assert 20 <= events[-1].seconds < 21
        await listening.hear(KNEE)
        await listening.flush()
        await listening.end()
        assert streams._taken.total() == 0
        await streams.close()

    asyncio.run(story())


def test_a_lag_that_is_made_up_for_is_told_again_when_it_comes_again() -> None:
    async def story() -> None:
        way = asyncio.Event()

        async def slow(utterance: Utterance) -> str:
            await way.wait()
            return "heard"

        streams = Streams(Told(slow), replace(LIVE, lagging=5.0, exceeded=1e9))
        listening = streams.listen(Format(), Wish(interim=False, voice_activity=False))
        for _ in range(2):
            way.clear()
            await listening.hear(KNEE)
            way.set()
            async with asyncio.timeout(PATIENCE_S):
                while listening._spoken:  # noqa: ASYNC110 - nobody is told of this alone
                    await asyncio.sleep(0.01)
        events = await say(listening, [])
        assert kinds(events).count(Lagging) == 2
        assert kinds(events).count(Final) >= 9
        await streams.close()

    asyncio.run(story())


def test_who_is_ahead_of_every_voice_waits_for_the_engine_instead_of_being_ended() -> None:
    async def story() -> None:
        way = asyncio.Event()

        async def slow(utterance: Utterance) -> str:
            await way.wait()
            return "heard"

        streams = Streams(Told(slow), replace(QUICK, lagging=4.0, exceeded=5.0))
        listening = streams.listen(Format(), Wish(interim=False, voice_activity=False))
        sending = asyncio.create_task(say(listening, pieces(KNEE * 3, TENTH)))
        async with asyncio.timeout(PATIENCE_S):
            while listening._lag < 2:  # noqa: ASYNC110 - nobody is told of this alone
                await asyncio.sleep(0.01)
        assert not sending.done()
        way.set()
        events = await sending
        assert set(kinds(events)) == {Final}
        assert len(events) >= 14
        await streams.close()

    asyncio.run(story())


def test_a_client_that_is_too_fast_is_slowed_down_and_nothing_is_lost() -> None:
    async def story() -> None:
        streams = Streams(Told(), Bounds(pace=20.0, burst=1.0))
        listening = streams.listen(Format(), Wish(interim=False))
        loop = asyncio.get_running_loop()
        began = loop.time()
        events = await say(listening, pieces(KNEE, 32_000))
        assert loop.time() - began >= (len(KNEE) / 32_000 - 1 - 1) / 20
        assert kinds(events).count(Final) == 5
        await streams.close()

    asyncio.run(story())


def test_a_listener_that_never_reads_is_ended_before_its_events_fill_the_memory() -> None:
    async def story() -> None:
        streams = Streams(Told(), replace(LIVE, events=12))
        listening = streams.listen(Format(), Wish())
        for piece in pieces(KNEE * 3, TENTH):
            await listening.hear(piece)
            await asyncio.sleep(0)
        events = await all_of(listening)
        assert len(events) == 13
        assert isinstance(events[-1], LagExceeded)
        await streams.close()

    asyncio.run(story())


def test_hours_of_studio_sound_take_no_more_memory_than_minutes() -> None:
    """Whatever a listening keeps is looked at after each of many consultations."""

    async def story() -> None:
        form = Format(Encoding.PCM_S16LE, 48_000, 2)
        data = coded(KNEE[: 14 * 32_000], form)
        streams = Streams(Told(), QUICK)
        listening = streams.listen(form, Wish())
        reading = asyncio.create_task(all_of(listening))
        weights = []
        for _ in range(5):
            for piece in pieces(data, form.bytes_a_second // 10):
                await listening.hear(piece)
                await asyncio.sleep(0)
            assert listening._cutter is not None
            kept = len(listening._cutter._kept) + len(listening._cutter._waiting) + len(listening._converter._waiting)
            weights.append(kept + sum(len(each.pcm) for each in listening._spoken))
        assert max(weights) < 45 * 32_000
        await listening.end()
        await reading
        await streams.close()

    asyncio.run(story())


# Places.


def test_close_in_the_middle_of_a_transcription_ends_the_events_and_frees_the_place() -> None:
    async def story() -> None:
        begun = asyncio.Event()

        async def long(utterance: Utterance) -> str:
            begun.set()
            return await never(utterance)

        engine = Told(long)
        streams = Streams(engine, LIVE)
        listening = streams.listen(Format(), Wish())
        reading = asyncio.create_task(all_of(listening))
        await listening.hear(KNEE)
        await begun.wait()
        await listening.close()
        assert Final not in kinds(await reading)
        assert engine.attended == [1, 0]
        await listening.close()
        await listening.hear(KNEE)
        await streams.close()

    asyncio.run(story())


def test_close_wakes_who_waits_for_the_pace() -> None:
    async def story() -> None:
        streams = Streams(Told(), Bounds(pace=0.001, burst=0.1))
        listening = streams.listen(Format(), Wish())
        sending = asyncio.create_task(listening.hear(KNEE))
        await asyncio.sleep(0.05)
        assert not sending.done()
        await listening.close()
        await asyncio.wait_for(sending, PATIENCE_S)
        await streams.close()

    asyncio.run(story())


def test_places_are_bounded_and_a_namespace_leaves_some_to_others() -> None:
    async def story() -> None:
        engine = Told()
        streams = Streams(engine, QUICK, places=8)
        mine = []
        with pytest.raises(Busy, match="one client"):
            mine.extend(streams.listen(Format(), Wish(), namespace="mine") for _ in range(9))
        assert 4 <= len(mine) < 8
        theirs = streams.listen(Format(), Wish(), namespace="theirs")
        await mine.pop().close()
        mine.append(streams.listen(Format(), Wish(), namespace="mine"))
        with pytest.raises(Busy):
            [streams.listen(Format(), Wish(), namespace=str(number)) for number in range(9)]
        await streams.close()
        assert engine.attended[-1] == 0
        assert engine.closed
        assert await all_of(theirs) == []

    asyncio.run(story())


@pytest.mark.parametrize("wish", [Wish(language="tlh"), Wish(model="whisper-huge")])
def test_what_is_not_offered_is_refused_and_takes_no_place(wish: Wish) -> None:
    async def story() -> None:
        engine = Told()
        streams = Streams(engine, QUICK)
        with pytest.raises(Unoffered, match=wish.language or wish.model):
            streams.listen(Format(), wish)
        assert engine.attended == []
        await streams.close()

    asyncio.run(story())


@pytest.mark.parametrize("vocabulary", [("word",) * 201, ("w" * 4_001,)])
def test_a_vocabulary_is_bounded(vocabulary: tuple[str, ...]) -> None:
    with pytest.raises(Unoffered, match="200"):
        Wish(vocabulary=vocabulary)
