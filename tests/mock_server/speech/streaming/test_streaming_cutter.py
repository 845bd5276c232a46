"""Where an utterance begins and ends is a matter of what is said, never of how it came."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.speech.streaming import Pauses, SpeechEnd, SpeechStart
from mock_server.speech.streaming.cutter import Cutter, Utterance
from mock_server.speech.streaming.voice import WINDOW
from tests.mock_server.speech.streaming.hearing import RATE

WINDOW_SECONDS = WINDOW / RATE
PAUSES = Pauses()


def loud(windows: np.ndarray) -> list[float]:
    return (np.abs(windows).max(axis=1) > 100).astype(float).tolist()


def said(*parts: tuple[bool, float]) -> bytes:
    """Voice and silence by turns, in seconds; no two samples of a voice are alike."""
    found, at = [], 0
    for voiced, seconds in parts:
        count = round(seconds * RATE)
        found.append((np.arange(at, at + count) % 20_000 + 101 if voiced else np.zeros(count)).astype("<i2"))
        at += count
    return np.concatenate(found).tobytes()


def cut(data: bytes, *cuts: int, pauses: Pauses = PAUSES) -> list[object]:
    cutter = Cutter(loud, pauses)
    edges = sorted({0, len(data), *(2 * cut % (len(data) + 1) for cut in cuts)})
    found: list[object] = []
    for start, end in itertools.pairwise(edges):
        found += cutter.hear(data[start:end])
    return [*found, *cutter.finish()]


def utterances(found: list[object]) -> list[Utterance]:
    return [each for each in found if isinstance(each, Utterance)]


def test_a_pause_ends_an_utterance_and_a_breath_does_not() -> None:
    found = cut(said((False, 1), (True, 2), (False, 0.2), (True, 1), (False, 1), (True, 1), (False, 1)))
    assert [type(each) for each in found] == [SpeechStart, SpeechEnd, Utterance] * 2
    first, second = utterances(found)
    assert first.start == pytest.approx(1, abs=WINDOW_SECONDS)
    assert first.end == pytest.approx(4.2, abs=WINDOW_SECONDS)
    assert second.start == pytest.approx(5.2, abs=WINDOW_SECONDS)
    assert (first.since, second.since) == (0, first.end)


def test_a_click_is_no_voice() -> None:
    assert cut(said((False, 1), (True, 0.02), (False, 1))) == []


def test_silence_for_ever_is_nothing_and_costs_nothing() -> None:
    cutter = Cutter(loud, PAUSES)
    for _ in range(600):
        assert list(cutter.hear(said((False, 1)))) == []
    assert len(cutter._kept) / 2 <= (PAUSES.before + 2 * WINDOW_SECONDS) * RATE
    assert cutter.seconds == 600


def test_what_was_said_is_kept_for_as_long_as_it_may_help_and_no_longer() -> None:
    cutter = Cutter(loud, PAUSES)
    list(cutter.hear(said((True, 2), (False, PAUSES.context - 1))))
    assert len(cutter._kept) / 2 >= PAUSES.context * RATE - 2 * RATE
    list(cutter.hear(said((False, 2))))
    assert len(cutter._kept) / 2 <= (PAUSES.before + 2 * WINDOW_SECONDS) * RATE


def test_what_is_before_and_behind_a_voice_is_heard_too() -> None:
    (utterance,) = utterances(cut(said((False, 1), (True, 1), (False, 1))))
    utterance = utterance.without_context()
    assert utterance.start - utterance.begin == pytest.approx(PAUSES.before, abs=2 * WINDOW_SECONDS)
    heard = utterance.begin + len(utterance.pcm) / 2 / RATE
    assert heard - utterance.end == pytest.approx(PAUSES.after, abs=2 * WINDOW_SECONDS)


def test_what_may_be_the_end_is_heard_as_what_is_the_end() -> None:
    """So that the look at a pause is the Final, if it was one."""
    cutter = Cutter(loud, PAUSES)
    looks = []
    for window in np.split(np.frombuffer(said((True, 2.048), (False, 0.512)), "<i2"), 80):
        ended = utterances(list(cutter.hear(window.tobytes())))
        if ended:
            assert set(looks) == set(ended)
            return
        if cutter.paused:
            looks.append(cutter.so_far())
    raise AssertionError("no pause ended it")


def test_a_speech_without_a_pause_is_cut_and_nothing_of_it_is_lost() -> None:
    data = said((True, 70), (False, 1))
    found = cut(data)
    parts = utterances(found)
    others = [type(each) for each in found if not isinstance(each, Utterance)]
    assert (others, type(found[-2])) == ([SpeechStart, SpeechEnd], SpeechEnd)
    assert 3 <= len(parts) <= 4
    assert all(len(each.pcm) / 2 / RATE <= PAUSES.longest + PAUSES.after for each in parts)
    assert [after.start for after in parts[1:]] == [before.end for before in parts[:-1]]
    assert b"".join(each.without_context().pcm for each in parts)[: 2 * 70 * RATE] == data[: 2 * 70 * RATE]


def test_a_long_speech_is_cut_where_it_is_quietest() -> None:
    samples = np.frombuffer(said((True, 30)), "<i2").copy()
    samples[21 * RATE : 21 * RATE + RATE // 5] = 101
    first, *_ = utterances(cut(samples.tobytes()))
    assert first.end == pytest.approx(21.1, abs=0.2)


def test_who_speaks_long_is_cut_at_the_first_short_pause() -> None:
    short = (False, PAUSES.brief + 2 * WINDOW_SECONDS)
    found = utterances(cut(said((True, 5), short, (True, 8), short, (True, 2), (False, 1))))
    assert [each.end for each in found] == [pytest.approx(13.264, abs=0.1), pytest.approx(15.53, abs=0.1)]


def test_what_was_said_before_is_heard_again_as_far_as_there_is_room() -> None:
    pause = (False, 0.6)
    first, second, long = utterances(cut(said((True, 5), pause, (True, 2), pause, (True, 21), (False, 1))))
    assert first == first.without_context()
    assert second.begin == pytest.approx(second.start - PAUSES.context)
    assert second.without_context().begin == pytest.approx(5.3, abs=2 * WINDOW_SECONDS)
    assert long == long.without_context()


def test_what_was_cleared_is_never_heard_again() -> None:
    cutter = Cutter(loud, PAUSES)
    list(cutter.hear(said((True, 2))))
    list(cutter.clear())
    (utterance,) = utterances(list(cutter.hear(said((False, 1), (True, 1), (False, 1)))))
    assert utterance.begin >= 2 - WINDOW_SECONDS
    assert utterance == utterance.without_context()


def test_flush_ends_and_clear_forgets_what_is_being_spoken() -> None:
    cutter = Cutter(loud, PAUSES)
    assert [type(each) for each in cutter.hear(said((True, 1)))] == [SpeechStart]
    assert [type(each) for each in cutter.flush()] == [SpeechEnd, Utterance]
    assert list(cutter.flush()) == []
    assert [type(each) for each in cutter.hear(said((True, 2)))] == [SpeechStart]
    assert [type(each) for each in cutter.clear()] == [SpeechEnd]
    assert list(cutter.clear()) == []
    assert list(cutter.finish()) == []


turns = st.lists(st.tuples(st.booleans(), st.floats(0.01, 3)), min_size=1, max_size=8)


@given(parts=turns, cuts=st.lists(st.integers(0, 2**20), max_size=20))
def test_the_same_happens_however_the_samples_are_cut(parts: list[tuple[bool, float]], cuts: list[int]) -> None:
    data = said(*parts)
    assert cut(data, *cuts) == cut(data)


@given(parts=turns, longest=st.floats(8, 24), patience=st.floats(1, 12))
def test_utterances_follow_each_other_and_lie_in_their_samples(
    parts: list[tuple[bool, float]], longest: float, patience: float
) -> None:
    pauses = Pauses(longest=longest, patience=patience)
    found = cut(said(*parts), pauses=pauses)
    assert sum(isinstance(each, SpeechStart) for each in found) == sum(isinstance(each, SpeechEnd) for each in found)
    last = 0.0
    for each in utterances(found):
        assert last <= each.since + 1e-9
        assert each.since <= each.start <= each.end
        assert each.begin <= each.alone <= each.start
        assert each.since <= each.alone
        assert each.end <= each.begin + len(each.pcm) / 2 / RATE + 1e-9
        most = longest + pauses.before + pauses.after + 2 * WINDOW_SECONDS
        assert len(each.without_context().pcm) / 2 / RATE <= most
        assert len(each.pcm) / 2 / RATE <= max(most, pauses.window)
        last = each.end
