"""Whatever format a stream has, and however it is cut, the same is heard."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.speech.streaming import Encoding, Format, FormatError, OddBytes, to_pcm16
from tests.mock_server.speech.making import likeness
from tests.mock_server.speech.streaming.hearing import RATE, coded, pcm

SPOKEN = pcm("short")
FORMATS = [
    Format(encoding, rate, channels)
    for encoding in Encoding
    for rate, channels in ((8_000, 1), (11_025, 2), (16_000, 1), (44_100, 1), (48_000, 2))
]


def converted(data: bytes, form: Format, *cuts: int) -> bytes:
    converter = to_pcm16(form)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    found = b"".join(converter.feed(data[start:end]) for start, end in itertools.pairwise(edges))
    return found + converter.finish()


def tone(hertz: float, rate: int, seconds: float = 2.0) -> bytes:
    """At half of full scale, as f32."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype("<f4").tobytes()


def spectrum(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Hertz, and decibels of a tone at half of full scale."""
    samples = np.frombuffer(data, "<i2")[2_000:-2_000].astype(np.float64)
    window = np.blackman(len(samples))
    level = np.abs(np.fft.rfft(samples * window)) / (0.25 * 32_768 * window.sum())
    return np.fft.rfftfreq(len(samples), 1 / RATE), 20 * np.log10(level + 1e-12)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.encoding}-{form.sample_rate}-{form.channels}")
def test_a_voice_stays_what_it_was_in_every_format(form: Format) -> None:
    found = converted(coded(SPOKEN, form), form)
    assert abs(len(found) - len(SPOKEN)) < 2 * RATE // 100
    at_least = 0.97 if form.sample_rate < RATE else 0.99
    assert likeness(np.frombuffer(found, np.int16), np.frombuffer(SPOKEN, np.int16)) > at_least


def test_plain_samples_are_kept_to_the_bit() -> None:
    assert converted(SPOKEN, Format(), 1, 77) == SPOKEN


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("hertz", [200, 1_000, 3_000])
def test_a_tone_stays_a_tone(rate: int, hertz: int) -> None:
    frequencies, level = spectrum(converted(tone(hertz, rate), Format(Encoding.PCM_F32LE, rate)))
    near = np.abs(frequencies - hertz) < 50
    assert abs(level[near].max()) < 1
    assert level[~near].max() < -60


@pytest.mark.parametrize(
    "rate, hertz", [(22_050, 9_500), (44_100, 9_000), (44_100, 15_000), (48_000, 9_000), (48_000, 20_000)]
)
def test_a_tone_that_nobody_can_keep_does_not_come_back_as_another(rate: int, hertz: int) -> None:
    _, level = spectrum(converted(tone(hertz, rate), Format(Encoding.PCM_F32LE, rate)))
    assert level.max() < -40


def test_a_channel_that_is_the_other_turned_over_does_not_silence_it() -> None:
    samples = np.frombuffer(SPOKEN, "<i2")
    both = np.stack((samples, np.negative(np.maximum(samples, -32_767))), axis=1).tobytes()
    found = np.frombuffer(converted(both, Format(channels=2)), np.int16)
    assert likeness(found, samples) > 0.95


@given(
    form=st.sampled_from(FORMATS),
    cuts=st.lists(st.integers(0, 2**20), max_size=12),
    odd=st.integers(0, 7),
)
def test_the_same_samples_come_out_however_the_bytes_are_cut(form: Format, cuts: list[int], odd: int) -> None:
    data = coded(SPOKEN[:16_000], form)
    data += data[:odd]
    assert converted(data, form, *cuts) == converted(data, form)


@given(data=st.binary(max_size=2_000), form=st.sampled_from(FORMATS))
def test_any_bytes_are_samples_of_some_sort(data: bytes, form: Format) -> None:
    found = converted(data, form)
    assert len(found) % 2 == 0
    seconds = len(data) // form.frame_bytes / form.sample_rate
    assert len(found) / 2 / RATE <= seconds + 0.1


def test_what_is_no_number_is_silence_and_what_is_too_loud_is_as_loud_as_can_be() -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 1e38, -1e38, 2.0, 0.5, -0.0], "<f4")
    found = np.frombuffer(converted(wild.tobytes(), Format(Encoding.PCM_F32LE)), "<i2")
    assert found.tolist() == [0, 32_767, -32_768, 32_767, -32_768, 32_767, 16_384, 0]


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_wild_numbers_harm_nothing_that_comes_after_them(rate: int) -> None:
    form = Format(Encoding.PCM_F32LE, rate)
    wild = np.tile(np.array([np.nan, np.inf, 1e38, -1e38], "<f4"), rate // 8).tobytes()
    found = np.frombuffer(converted(wild + coded(SPOKEN, form), form), np.int16)
    assert likeness(found[-len(SPOKEN) // 2 :], np.frombuffer(SPOKEN, np.int16)) > 0.95


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.encoding}-{form.sample_rate}-{form.channels}")
def test_half_a_sample_is_told_at_the_end_alone(form: Format) -> None:
    converter = to_pcm16(form)
    converter.feed(bytes(form.frame_bytes * 3))
    converter.finish()
    converter.check()
    if form.frame_bytes > 1:
        converter.feed(b"\0")
        converter.finish()
        with pytest.raises(OddBytes, match=str(form.frame_bytes)):
            converter.check()


@pytest.mark.parametrize("rate, channels", [(7_999, 1), (48_001, 1), (0, 1), (-16_000, 1), (16_000, 0), (16_000, 3)])
def test_a_format_that_is_not_taken_is_refused_with_the_reason(rate: int, channels: int) -> None:
    with pytest.raises(FormatError, match=str(rate) if channels == 1 else str(channels)):
        Format(Encoding.PCM_S16LE, rate, channels)


def test_an_hour_of_studio_sound_leaves_nothing_behind() -> None:
    """What is kept back never grows: a hundredth of the hour shows it."""
    form = Format(Encoding.PCM_F32LE, 48_000, 2)
    converter, kept = to_pcm16(form), 0
    second = bytes(form.bytes_a_second)
    for _ in range(36):
        kept += len(converter.feed(second))
    assert 36 * RATE - RATE // 5 <= kept / 2 <= 36 * RATE
    assert len(converter._waiting) < form.bytes_a_second // 5
