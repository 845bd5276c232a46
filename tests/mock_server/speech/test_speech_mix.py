"""Whoever speaks on any channel of any track is heard, as loud as they were."""

import numpy as np
import pytest

from mock_server.speech.chunks import Assembly, assemble
from mock_server.speech.decode import Limits
from tests.mock_server.speech.making import Samples, encode, level, likeness, voice, wav
from tests.mock_server.speech.uploads import Uploads

SPEECH = voice(3.0)
# Somebody else, at the same time.
OTHER = voice(30.0, "visit")[12 * 16_000 : 15 * 16_000]


def heard(uploads: Uploads, data: bytes) -> Assembly:
    return assemble([uploads.data("visit.bin", data)], Limits())


def one_of(channels: int, speaking: int, samples: Samples = SPEECH) -> Samples:
    rows = np.zeros((channels, len(samples)), np.int16)
    rows[speaking] = samples
    return rows


@pytest.mark.parametrize(
    "channels, speaking", [(2, 0), (2, 1), (3, 2), (4, 3), (6, 2), (6, 3), (8, 3), (8, 7), (12, 11), (64, 40)]
)
def test_a_voice_on_one_channel_is_as_loud_as_it_was(channels: int, speaking: int, uploads: Uploads) -> None:
    whole = heard(uploads, wav(one_of(channels, speaking)))
    assert whole.issues == ()
    assert np.abs(whole.pcm.astype(int) - SPEECH).max() <= 2


@pytest.mark.parametrize("form", ["flac", "webm", "ogg", "mka"])
@pytest.mark.parametrize("channels, speaking", [(6, 3), (6, 5), (8, 3), (8, 6)])
def test_no_channel_of_surround_sound_is_left_out(form: str, channels: int, speaking: int, uploads: Uploads) -> None:
    whole = heard(uploads, encode(one_of(channels, speaking), form=form))
    assert whole.issues == ()
    assert likeness(whole.pcm, SPEECH) > 0.98
    assert level(whole.pcm) == pytest.approx(level(SPEECH), rel=0.1)


@pytest.mark.parametrize(
    "rows",
    [
        [SPEECH, -SPEECH],
        [SPEECH, SPEECH],
        [SPEECH, -SPEECH, SPEECH, -SPEECH],
        [np.zeros_like(SPEECH), SPEECH, -SPEECH],
        [SPEECH // 2, -SPEECH],
    ],
)
def test_channels_that_are_turned_over_do_not_cancel_each_other(rows: list[Samples], uploads: Uploads) -> None:
    whole = heard(uploads, wav(np.stack(rows)))
    assert whole.issues == ()
    assert likeness(whole.pcm, SPEECH) > 0.99
    assert level(whole.pcm) == pytest.approx(level(SPEECH), rel=0.1)


def test_a_turned_over_voice_beside_louder_noise_is_heard(uploads: Uploads) -> None:
    noise = np.random.default_rng(1).normal(0, 2 * level(SPEECH), len(SPEECH)).astype(np.int16)
    assert likeness(heard(uploads, wav(np.stack([noise, SPEECH, -SPEECH]))).pcm, SPEECH) > 0.6


@pytest.mark.parametrize("form", ["wav", "flac", "mka", "webm"])
def test_a_pair_of_channels_may_be_alike_for_a_while(form: str, uploads: Uploads) -> None:
    """Two seconds of silence, one voice on both, one on the left, one turned over, and silence again."""
    none, alone = np.zeros(32_000, np.int16), np.zeros_like(SPEECH)
    left = np.concatenate([none, SPEECH, SPEECH, SPEECH, none])
    right = np.concatenate([none, SPEECH, alone, -SPEECH, none])
    data = wav(np.stack([left, right])) if form == "wav" else encode(np.stack([left, right]), form=form)
    whole = heard(uploads, data)
    assert whole.issues == ()
    assert likeness(whole.pcm, left) > 0.95
    assert whole.seconds == pytest.approx(len(left) / 16_000, abs=0.1)


def test_loud_channels_do_not_clip(uploads: Uploads) -> None:
    loud = (SPEECH.astype(np.float64) / np.abs(SPEECH.astype(int)).max() * 32_000).astype(np.int16)
    other = (OTHER.astype(np.float64) / np.abs(OTHER.astype(int)).max() * 32_000).astype(np.int16)
    whole = heard(uploads, wav(np.stack([loud, other, loud])))
    assert np.abs(whole.pcm.astype(int)).max() <= 32_100
    assert np.count_nonzero(np.abs(whole.pcm.astype(int)) >= 32_000) < 50


@pytest.mark.parametrize("form", ["webm", "ogg", "m4a", "mka", "oga"])
def test_every_track_is_heard(form: str, uploads: Uploads) -> None:
    whole = heard(uploads, encode(SPEECH, OTHER, form=form))
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(3.0, abs=0.2)
    assert likeness(whole.pcm, SPEECH) > 0.4
    assert likeness(whole.pcm, OTHER) > 0.4


@pytest.mark.parametrize("form", ["webm", "mka", "m4a"])
def test_a_track_that_is_another_turned_over_does_not_cancel_it(form: str, uploads: Uploads) -> None:
    whole = heard(uploads, encode(SPEECH, -SPEECH, form=form))
    assert whole.issues == ()
    assert likeness(whole.pcm, SPEECH) > 0.98
    assert level(whole.pcm) == pytest.approx(level(SPEECH), rel=0.15)


@pytest.mark.parametrize("form", ["webm", "ogg", "mka"])
def test_tracks_are_mixed_by_their_clocks(form: str, uploads: Uploads) -> None:
    """The second begins when the first has ended, and both begin late."""
    data = encode(SPEECH, OTHER, form=form, change=lambda track, time: time + 30 + 4 * track)
    whole = heard(uploads, data)
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(7.0, abs=0.2)
    assert likeness(whole.pcm[: 3 * 16_000], SPEECH) > 0.95
    assert likeness(whole.pcm[4 * 16_000 - 800 :], OTHER) > 0.95


def test_silent_tracks_before_a_voice_do_not_dampen_it(uploads: Uploads) -> None:
    whole = heard(uploads, encode(*[np.zeros_like(SPEECH)] * 7, SPEECH, form="mka"))
    assert whole.issues == ()
    assert level(whole.pcm) == pytest.approx(level(SPEECH), rel=0.02)


def test_more_tracks_than_are_heard_are_told(uploads: Uploads) -> None:
    whole = heard(uploads, encode(SPEECH, *[np.zeros_like(SPEECH)] * 9, form="mka"))
    assert [issue.code for issue in whole.issues] == ["audio_truncated"]
    assert "visit.bin has 2 audio tracks that cannot be heard" in whole.issues[0].message


def test_a_track_with_an_unknown_code_is_told_and_the_other_heard(uploads: Uploads) -> None:
    data = encode(SPEECH, OTHER, form="webm")
    there = data.find(b"A_OPUS")
    whole = heard(uploads, data[:there] + b"A_XYZZ" + data[there + 6 :])
    assert [issue.code for issue in whole.issues] == ["audio_truncated"]
    assert "an audio track that cannot be heard: its codec is unknown" in whole.issues[0].message
    assert likeness(whole.pcm, OTHER) > 0.95
