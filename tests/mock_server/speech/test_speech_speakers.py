import numpy as np
import pytest
from numpy.typing import NDArray

from mock_server.speech.decode import RATE
from mock_server.speech.model import Segment, script
from mock_server.speech.quality import Signals, clipped, loud_seconds, no_speech, unreliable
from mock_server.speech.speakers import Word, label, pitch
from mock_server.speech.thresholds import Thresholds


def voice(hertz: float, seconds: float = 2.0) -> NDArray[np.int16]:
    """A buzz with the harmonics of a voice."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 12))
    return (wave * 6000).astype(np.int16)


def spoken(*turns: tuple[float, str]) -> tuple[list[Word], NDArray[np.int16]]:
    """Turns of two seconds, each a pitch and a text, half a second apart."""
    words = [Word(2.5 * place, 2.5 * place + 2.0, f" {text}") for place, (_, text) in enumerate(turns)]
    pause = np.zeros(RATE // 2, np.int16)
    return words, np.concatenate([part for hertz, _ in turns for part in (voice(hertz), pause)])


@pytest.mark.parametrize("hertz", [85, 110, 165, 220, 300])
def test_the_pitch_of_a_voice_is_found(hertz: float) -> None:
    assert float(np.median(pitch(voice(hertz)))) == pytest.approx(hertz, rel=0.03)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 2 * RATE).astype(np.int16)
    assert len(pitch(noise)) < 5


def test_the_one_who_asks_is_the_doctor_though_the_patient_speaks_first() -> None:
    words, pcm = spoken(
        (210, "I have had a cough."),
        (110, "Do you smoke?"),
        (205, "I stopped."),
        (112, "I will prescribe syrup."),
    )
    assert [segment.speaker for segment in label(words, pcm)] == ["Patient", "Doctor", "Patient", "Doctor"]


def test_without_a_hint_in_the_words_the_doctor_speaks_first() -> None:
    words, pcm = spoken((210, "Hello."), (110, "Hello."), (205, "Rain."), (112, "Sun."))
    assert [segment.speaker for segment in label(words, pcm)] == ["Doctor", "Patient", "Doctor", "Patient"]


@pytest.mark.parametrize("pitches", [(120, 121, 118, 125), (120, 130, 140, 150), (110, 110, 110, 112)])
def test_one_voice_with_its_melody_is_not_made_two(pitches: tuple[float, ...]) -> None:
    assert label(*spoken(*((hertz, "Do you smoke?") for hertz in pitches))) == ()


def test_sentences_of_one_speaker_are_one_turn() -> None:
    words, pcm = spoken((110, "Hello."), (111, "How are you?"), (210, "Well."), (208, "My leg hurts."))
    turns = label(words, pcm)
    assert [turn.text for turn in turns] == ["Hello. How are you?", "Well. My leg hurts."]
    assert script(turns) == "Doctor: Hello. How are you?\nPatient: Well. My leg hurts."


def test_no_words_are_no_speakers() -> None:
    assert label([], voice(110)) == ()


def test_text_without_speakers_is_one_plain_line() -> None:
    assert script([Segment(0, 1, "One."), Segment(1, 2, "Two.")]) == "One. Two."


GOOD = Signals(10, -0.3, 1.5)


@pytest.mark.parametrize(
    "signals, word",
    [
        ([], "No speech"),
        ([Signals(10, -0.8, 1.5)], "log probability"),
        ([GOOD, Signals(3, -1.2, 1.5)], "23%"),
        ([GOOD, Signals(10, -0.3, 3.0)], "50%"),
    ],
)
def test_doubtful_recognition_is_refused(signals: list[Signals], word: str) -> None:
    failure = unreliable(signals, Thresholds())
    assert failure is not None
    assert failure.code == "audio_quality_poor"
    assert word in failure.message


def test_one_doubtful_segment_among_many_is_borne() -> None:
    assert unreliable([GOOD, Signals(1, -1.2, 1.5)], Thresholds()) is None


def test_clipped_audio_is_refused() -> None:
    loud = np.clip(voice(110).astype(np.int32) * 20, -32768, 32767).astype(np.int16)
    assert clipped(loud, Thresholds()) is not None
    assert clipped(voice(110), Thresholds()) is None


def test_a_little_speech_in_a_long_silence_is_enough() -> None:
    assert no_speech(3600, 3.0, Thresholds()) is None
    assert no_speech(60, 1.0, Thresholds()) is not None


def test_neither_silence_nor_a_steady_hum_is_speech() -> None:
    assert loud_seconds(np.zeros(RATE, np.int16)) == 0
    assert loud_seconds(voice(60)) == 0
