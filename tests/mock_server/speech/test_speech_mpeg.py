"""Bare MPEG audio and WAV as streams, taggers and devices leave them."""

import io
import random
import struct

import av
import numpy as np
import pytest

from mock_server.speech.chunks import Assembly, assemble
from mock_server.speech.decode import Limits
from mock_server.speech.sniff import opens
from tests.mock_server.speech.making import RATE, chunk, encode, level, voice, wav
from tests.mock_server.speech.uploads import Uploads

BARE = {"id3v2_version": "0", "write_xing": "0"}
TAG = b"ID3\x03\0\0\0\0\0\x17TIT2\0\0\0\x0d\0\0\0consultation"


def bare(form: str) -> bytes:
    return encode(voice(), form=form, options=BARE if form == "mp3" else None)


def heard(uploads: Uploads, data: bytes) -> Assembly:
    return assemble([uploads.data("visit.bin", data)], Limits())


BEFORE = {
    "the rest of a frame": lambda data: data[50:],
    "padding": lambda data: bytes(5_000) + data,
    "two tags and padding": lambda data: TAG + TAG + bytes(184) + data,
    "line ends": lambda data: b"\r\n\r\n" + data,
    "a stream's header": lambda data: b"ICY 200 OK\r\nicy-name: ward\r\n\r\n" + data,
    "noise": lambda data: random.Random(5).randbytes(60_000) + data,
    "a tag and noise": lambda data: TAG + random.Random(6).randbytes(60_000) + data,
}


@pytest.mark.parametrize("form", ["mp3", "aac", "mp2"])
@pytest.mark.parametrize("what", BEFORE)
def test_what_stands_before_the_first_frame_is_stepped_over(form: str, what: str, uploads: Uploads) -> None:
    whole = heard(uploads, BEFORE[what](bare(form)))
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(3.05, abs=0.15)


@pytest.mark.parametrize("form", ["mp3", "aac", "mp2"])
def test_one_bad_frame_among_the_first_costs_itself(form: str, uploads: Uploads) -> None:
    data = bare(form)
    second = data.find(data[:2], 40)
    whole = heard(uploads, data[:second] + bytes(80) + data[second + 80 :])
    assert whole.seconds == pytest.approx(3.0, abs=0.25)


@pytest.mark.parametrize("rubbish", ["noise", "text", "ones", "false headers", "jpeg"])
def test_noise_and_text_are_no_audio(rubbish: str) -> None:
    data = {
        "noise": random.Random(7).randbytes(500_000),
        "text": b"The patient has a cough. " * 5_000,
        "ones": b"\xff" * 300_000,
        "false headers": (b"\xff\xfb\x90\x00" + random.Random(8).randbytes(96)) * 2_000,
        "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF" + random.Random(9).randbytes(100_000).replace(b"\xff", b"\xff\0"),
    }[rubbish]
    assert opens(data) is None


def test_frames_far_behind_the_beginning_are_not_looked_for() -> None:
    assert opens(random.Random(10).randbytes(90_000) + bare("mp3")) is None


@pytest.mark.parametrize("layer", [1, 2])
def test_the_older_layers_are_heard(layer: int, uploads: Uploads) -> None:
    """A frame of layer I that holds silence is made by hand, since nothing encodes it any more."""
    frame = b"\xff\xff\x14\xc4".ljust(32, b"\0")  # 32 kbit/s, 48 kHz, mono
    whole = heard(uploads, frame * 250 if layer == 1 else bare("mp2"))
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(2.0 if layer == 1 else 3.0, abs=0.1)


@pytest.mark.parametrize("codec", ["adpcm_ms", "adpcm_ima_wav", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_f32le"])
def test_every_code_of_wav_is_heard(codec: str, uploads: Uploads) -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="wav") as file:
        stream = file.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(voice()[None], "s16", "mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.codec_context.format.name, "mono", RATE, stream.codec_context.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    whole = heard(uploads, out.getvalue())
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(3.0, abs=0.15)
    assert level(whole.pcm) == pytest.approx(level(voice()), rel=0.1)


def test_gsm_in_wav_is_heard(uploads: Uploads) -> None:
    """Blocks of 65 bytes are 320 samples at 8 kHz; these are noise, for nothing here encodes GSM."""
    blocks = random.Random(11).randbytes(65 * 75)
    form = struct.pack("<HHIIHHHH", 0x31, 1, 8_000, 1_625, 65, 0, 2, 320)
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"fact", struct.pack("<I", 24_000)) + chunk(b"data", blocks)
    whole = heard(uploads, b"RIFF" + struct.pack("<I", len(body)) + body)
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(3.0, abs=0.05)
    assert level(whole.pcm) > 100


@pytest.mark.parametrize(
    "before",
    [
        chunk(b"JUNK", bytes(28)),
        chunk(b"PAD ", bytes(100_000)),
        chunk(b"bext", bytes(603)),
        chunk(b"LIST", b"INFOx", padded=False),
        chunk(b"JUNK", bytes(33), padded=False) + chunk(b"LIST", b"INFO"),
    ],
)
def test_chunks_before_the_samples_are_stepped_over(before: bytes, uploads: Uploads) -> None:
    whole = heard(uploads, wav(voice(), before=before))
    assert whole.issues == ()
    assert np.array_equal(whole.pcm, voice())


def test_an_extensible_header_is_understood(uploads: Uploads) -> None:
    plain = wav(voice())
    guid = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, 2 * RATE, 2, 16, 22, 16, 4) + guid
    whole = heard(uploads, plain[:12] + chunk(b"fmt ", form) + plain[36:])
    assert whole.issues == ()
    assert np.array_equal(whole.pcm, voice())
