"""Audio for tests, made with PyAV and by hand."""

import io
import itertools
import struct
import tempfile
import wave
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from scribe_data.recordings import load

Samples = NDArray[np.int16]
RATE = 16_000
LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 6: "5.1", 8: "7.1"}
# What the containers are written with: format of PyAV, codec.
FORMATS = {
    "webm": ("webm", "libopus"),
    "ogg": ("ogg", "libopus"),
    "m4a": ("ipod", "aac"),
    "mka": ("matroska", "flac"),
    "flac": ("flac", "flac"),
    "mp3": ("mp3", "libmp3lame"),
    "aac": ("adts", "aac"),
    "mp2": ("mp2", "mp2"),
    "wav": ("wav", "pcm_s16le"),
    "oga": ("ogg", "flac"),
}


# QuickTime with plain samples, whose index has an entry a sample; it is not among those that are cut everywhere.
QUICKTIME = {"mov": ("mov", "pcm_s16le")}


def voice(seconds: float = 3.0, recording: str = "short") -> Samples:
    """Somebody speaking."""
    with wave.open(io.BytesIO(load()[recording].read())) as file:
        return np.frombuffer(file.readframes(round(seconds * file.getframerate())), np.int16)


def encode(
    *tracks: Samples,
    form: str = "webm",
    options: dict[str, str] | None = None,
    change: Callable[[int, float], float | None] = lambda _track, time: time,
    rate: int = RATE,
) -> bytes:
    """A file with these tracks, each of one or several rows; `change` moves packets in time or leaves them out."""
    name, codec = {**FORMATS, **QUICKTIME}[form]
    with tempfile.TemporaryDirectory() as folder:  # an index is moved to the front by opening the file again
        path = Path(folder) / "audio"
        with av.open(str(path), "w", format=name, options=options or {}) as file:
            _write(file, codec, tracks, change, rate)
        return path.read_bytes()


def _write(
    file: av.container.OutputContainer,
    codec: str,
    tracks: Sequence[Samples],
    change: Callable[[int, float], float | None],
    rate: int,
) -> None:
    streams = []
    for track in tracks:
        layout = LAYOUTS[np.atleast_2d(track).shape[0]]
        streams.append(file.add_stream(codec, rate=48_000 if codec == "libopus" else rate, layout=layout))
    packets = []
    for place, (stream, track) in enumerate(zip(streams, tracks, strict=True)):
        rows = np.atleast_2d(track)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(rows.T.reshape(1, -1)), "s16", LAYOUTS[len(rows)])
        frame.sample_rate, frame.pts = rate, 0
        context = stream.codec_context
        resampler = av.AudioResampler(context.format.name, LAYOUTS[len(rows)], context.sample_rate)
        made = [one for part in [*resampler.resample(frame), *resampler.resample(None)] for one in stream.encode(part)]
        for packet in [*made, *stream.encode(None)]:
            time = float(packet.pts * packet.time_base)
            there = change(place, time)
            if there is not None:
                packet.pts += round((there - time) / float(packet.time_base))
                packet.dts = packet.pts
                packets.append((there, packet))
    for _, packet in sorted(packets, key=lambda entry: entry[0]):
        file.mux(packet)


def wav(samples: Samples, *, rate: int = RATE, before: bytes = b"", behind: bytes = b"") -> bytes:
    """A WAV file of 16 bits with rows as channels, and chunks before and behind the samples."""
    rows = np.atleast_2d(samples)
    channels = len(rows)
    data = rows.T.astype("<i2").tobytes()
    form = struct.pack("<IHHIIHH", 16, 1, channels, rate, 2 * rate * channels, 2 * channels, 16)
    body = b"WAVEfmt " + form + before + b"data" + struct.pack("<I", len(data)) + data + behind
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(kind: bytes, data: bytes, *, padded: bool = True) -> bytes:
    """A chunk of a RIFF file."""
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2 if padded else 0)


def cut(data: bytes, *places: int) -> list[bytes]:
    """The pieces between these places."""
    edges = [0, *places, len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def box(data: bytes, kind: bytes) -> int:
    """Where the last top-level MP4 box of a kind begins."""
    at, found = 0, -1
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        found = at if name == kind else found
        at += size
    assert found >= 0
    return found


def with_ogg_sum(page: bytes) -> bytes:
    """A page of Ogg with the checksum it should have."""
    bits = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
    bare = page[:22] + bytes(4) + page[26:]
    told = zlib.crc32(bare.translate(bits), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return page[:22] + told.to_bytes(4, "big").translate(bits) + page[26:]


def likeness(heard: Samples, said: Samples) -> float:
    """How much of what was said is in what was heard, wherever it lies: 1 is all and nothing else."""
    size = 1 << (len(heard) + len(said)).bit_length()
    one, two = (np.fft.rfft(part.astype(np.float64), size) for part in (heard, said))
    energy = np.sqrt(np.square(heard.astype(np.float64)).sum() * np.square(said.astype(np.float64)).sum())
    return float(np.abs(np.fft.irfft(one * np.conj(two))).max() / energy) if energy else 0.0


def level(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.square(samples.astype(np.float64)).mean()))


def silence(seconds: int, rate: int, channels: int, *, told: bool = True) -> bytes:
    """FLAC of nothing, which says how long it is or does not."""
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as file:
        stream = file.add_stream("flac", rate=rate, layout=LAYOUTS[channels])
        frame = av.AudioFrame.from_ndarray(np.zeros((1, rate * channels), np.int16), "s16", LAYOUTS[channels])
        frame.sample_rate = rate
        for _ in range(seconds):
            frame.pts = None
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    data = bytearray(out.getvalue())
    if not told:
        data[21] &= 0xF0
        data[22:26] = bytes(4)
    return bytes(data)


def named(pieces: Sequence[bytes], extension: str = "bin") -> list[tuple[str, bytes]]:
    """Pieces with the names a client gives them."""
    return [(f"audio_{place}.{extension}", piece) for place, piece in enumerate(pieces)]
