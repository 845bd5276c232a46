"""Samples that need no decoder: heard as FFmpeg hears them, and left to it wherever there is anything to judge."""

import struct

import numpy as np
import pytest

from mock_server.speech import plain
from mock_server.speech.chunks import Assembly, assemble
from mock_server.speech.decode import Limits
from tests.mock_server.speech.making import chunk, encode, voice, wav
from tests.mock_server.speech.uploads import Uploads

SPOKEN = wav(voice())
NOISE = np.random.default_rng(7).integers(-20_000, 20_000, 48_000, np.int16)
HEARD = {
    "voice": SPOKEN,
    "two of one channel": SPOKEN,
    "silence": wav(np.zeros(32_000, np.int16)),
    "noise": wav(NOISE),
    "full scale": wav(np.where(NOISE > 0, 32_767, -32_768).astype(np.int16)),
    "very short": wav(voice()[:400]),
    "one sample": wav(voice()[:1]),
    "with other chunks": wav(voice(), before=chunk(b"LIST", b"INFOabc"), behind=chunk(b"id3 ", b"ID3" + bytes(60))),
}


def _as_ffmpeg_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "number", lambda _data: 0)


def _told(whole: Assembly) -> tuple[object, ...]:
    return whole.pcm.tobytes(), whole.used, whole.issues, whole.failure, whole.spans, whole.samples


@pytest.mark.parametrize("what", HEARD)
def test_samples_are_heard_as_ffmpeg_hears_them(what: str, uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [uploads.data("audio_0.wav", HEARD[what])]
    if what.startswith("two"):
        files.append(uploads.data("audio_1.wav", wav(voice()[:16_001])))
    taken = []
    blocks = plain.blocks
    monkeypatch.setattr(plain, "blocks", lambda data: taken.append(len(data)) or blocks(data))
    copied = _told(assemble(files, Limits()))
    assert len(taken) == len(files), "the decoder was asked, and there is nothing to compare"
    _as_ffmpeg_hears(monkeypatch)
    assert copied == _told(assemble(files, Limits()))
    assert len(taken) == len(files)


def test_long_files_are_read_a_stretch_at_a_time(uploads: Uploads) -> None:
    samples = np.tile(voice(), 16)
    data = wav(samples)
    assert [len(block) for block in plain.blocks(data)][:2] == [1 << 19, len(samples) - (1 << 19)]
    assert np.array_equal(assemble([uploads.data("a.wav", data)], Limits()).pcm, samples)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(seconds=2),
        Limits(samples=40_000),
        Limits(packets=0),
        Limits(lowest_rate=22_050),
        Limits(highest_rate=8_000),
        Limits(samples=10_000, seconds=60),
    ],
)
def test_what_a_session_may_not_cost_is_judged_as_ever(
    limits: Limits, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = uploads.data("a.wav", SPOKEN)
    before = _told(assemble([file], limits))
    _as_ffmpeg_hears(monkeypatch)
    assert before == _told(assemble([file], limits))
    assert before[2] or before[3]


def test_packets_of_earlier_files_count(uploads: Uploads) -> None:
    """Two files where one packet is allowed: the second is FFmpeg's to refuse."""
    files = [uploads.data(f"audio_{number}.wav", wav(voice()[number:])) for number in range(2)]
    whole = assemble(files, Limits(packets=1))
    assert [(issue.name, issue.code) for issue in whole.issues] == [("audio_1.wav", "audio_too_long")]


def _headed(data: bytes) -> bytes:
    """Whatever it is, as a plain WAV file of ours."""
    return wav(np.frombuffer(data + bytes(len(data) % 2), np.int16))


def _open_size(size: int) -> bytes:
    return SPOKEN[:40] + struct.pack("<I", size) + SPOKEN[44:]


LEFT = {
    "two channels": wav(np.stack([voice(), voice()])),
    "another rate": wav(voice(), rate=22_050),
    "cut": SPOKEN[:-2_000],
    "half a sample": _open_size(len(SPOKEN) - 45),
    "a size left open": _open_size(0),
    "a size of all there could be": _open_size(0xFFFF_FFFF),
    "a size that hides some": _open_size(1_000),
    "nothing": SPOKEN[:40] + bytes(4),
    "a rate that lies": SPOKEN[:24] + struct.pack("<I", 8_000) + SPOKEN[28:],
    "a block that lies": SPOKEN[:32] + b"\4" + SPOKEN[33:],
    "64 bits": b"RF64" + SPOKEN[4:],
    "mp3": _headed(encode(voice(), form="mp3")),
    "mp3 behind noughts": _headed(bytes(100) + encode(voice(), form="mp3", options={"id3v2_version": "0"})),
    "mp2": _headed(encode(voice(), form="mp2")),
    "aac": _headed(encode(voice(), form="aac")),
    "ac-3": _headed(b"\x0b\x77" + SPOKEN[44:]),
    "dts": _headed(SPOKEN[44:1044] + b"\x7f\xfe\x80\x01" + SPOKEN[1044:]),
    "what s/pdif carries": _headed(SPOKEN[44:1044] + b"\x72\xf8\x1f\x4e" + SPOKEN[1044:]),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_is_more_or_less_than_plain_samples_is_left_to_ffmpeg(what: str) -> None:
    assert not plain.number(LEFT[what])


@pytest.mark.parametrize("form", ["mp3", "aac"])
def test_a_codec_behind_the_head_of_plain_samples_is_decoded(form: str, uploads: Uploads) -> None:
    """As recorders send it that put the usual head before whatever they have."""
    whole = assemble([uploads.data("a.wav", _headed(encode(voice(), form=form)))], Limits())
    assert whole.seconds == pytest.approx(3, abs=0.2)
    assert whole.spans[0].loud_seconds > 1
