"""The scripted engine has the words of known recordings, and says of others that it recognises nothing."""

from __future__ import annotations

import numpy as np
import pytest

from mock_server.speech.scripted import ScriptedTranscriber
from mock_server.speech.streaming import Encoding, Final, Format, SpeechStart, Wish, open_streamer
from mock_server.speech.streaming.known import find
from scribe_data import recordings
from tests.mock_server.speech.streaming.hearing import QUICK, RATE, coded, heard, pcm, pieces, silence, text


def told(data: bytes, form: Format | None = None, wish: Wish | None = None) -> list[Final]:
    events = heard(pieces(data, 9_600), form, wish, streams=open_streamer(ScriptedTranscriber(), QUICK))
    return [event for event in events if isinstance(event, Final)]


@pytest.mark.parametrize("name", ["knee", "cough", "short", "visit", "markers/audio_3"])
def test_a_known_recording_has_its_own_words_each_of_them_once(name: str) -> None:
    assert text(told(pcm(name))) == recordings.load()[name].text


@pytest.mark.parametrize(
    "form",
    [
        Format(Encoding.MULAW, 8_000),
        Format(Encoding.ALAW, 8_000, 2),
        Format(Encoding.PCM_F32LE, 48_000, 2),
        Format(Encoding.PCM_S16LE, 44_100),
    ],
)
def test_it_is_known_in_every_format(form: Format) -> None:
    assert text(told(coded(pcm("knee"), form), form)) == recordings.load()["knee"].text


def test_recordings_that_follow_each_other_are_told_apart() -> None:
    names = [f"markers/audio_{number}" for number in (5, 0, 11)]
    finals = told(b"".join(pcm(name) for name in names))
    assert text(finals) == " ".join(recordings.load()[name].text for name in names)


def test_a_recording_that_begins_in_the_middle_has_the_words_from_there_on() -> None:
    knee = recordings.load()["knee"]
    last = knee.turns[-1]
    assert text(told(pcm("knee")[2 * round((last.start - 0.2) * RATE) :])) == last.text


def test_words_lie_where_their_turn_does() -> None:
    finals = told(silence(2) + pcm("knee"))
    for final, turn in zip(finals, recordings.load()["knee"].turns, strict=True):
        assert final.text == turn.text == " ".join(word.word for word in final.words)
        assert all(turn.start - 0.01 <= word.start - 2 < word.end - 2 <= turn.end + 0.01 for word in final.words)
        assert final.words[0].start < final.start + 1


def test_nobody_who_wishes_no_times_of_words_gets_them() -> None:
    assert all(final.words == () for final in told(pcm("knee"), wish=Wish(word_times=False)))


def test_what_nobody_knows_gets_a_sentence_that_says_so() -> None:
    backwards = np.frombuffer(pcm("short"), "<i2")[::-1].tobytes()
    finals = told(silence(1) + backwards + silence(1))
    assert finals
    assert all("scripted transcript" in final.text and "unknown" in final.text for final in finals)
    assert finals[0].words[0].word == "This"


@pytest.mark.parametrize("name", ["silence", "noise"])
def test_silence_and_steady_noise_are_nobodys_voice(name: str) -> None:
    events = heard(pieces(pcm(name), 9_600), streams=open_streamer(ScriptedTranscriber(), QUICK))
    assert not [event for event in events if isinstance(event, (SpeechStart, Final))]


def test_noise_is_taken_for_no_recording() -> None:
    chance = np.random.default_rng(7)
    for seconds in (0.1, 0.6, 1, 3):
        assert find((chance.normal(size=round(seconds * RATE)) * 3_000).astype("<i2").tobytes()) is None
    assert find(b"") is None
    assert find(silence(3)) is None


def test_the_streamer_says_what_it_is() -> None:
    streams = open_streamer(ScriptedTranscriber())
    assert (streams.model, streams.scripted, streams.languages) == ("scripted", True, ("en",))
