import io
import socket
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest

from mock_server.session.chunk import sequence_of
from mock_server.speech.chunks import assemble
from mock_server.speech.decode import Limits, Undecodable, decode, riff_seconds
from mock_server.speech.model import by_sequence
from mock_server.speech.sniff import opens, unwrap
from scribe_data.recordings import load
from tests.mock_server.speech.uploads import Uploads, chunks

# name of the fixture, failure code if nothing is left, codes of the issues, seconds that can still be decoded
BAD = [
    ("empty", "audio_too_short", ["audio_too_short"], 0.0),
    ("header_only", "audio_too_short", ["audio_too_short"], 0.0),
    ("truncated_wav", None, ["audio_truncated"], 2.56),
    ("truncated_webm", None, ["audio_truncated"], 41.5),
    ("lying_size", None, ["audio_truncated"], 5.12),
    ("lying_rate", "processing_failed", ["audio_undecodable"], 0.0),
    ("headerless", "processing_failed", ["audio_undecodable"], 0.0),
    ("random", "processing_failed", ["audio_undecodable"], 0.0),
    ("json", "processing_failed", ["audio_undecodable"], 0.0),
    ("ffconcat", "processing_failed", ["audio_undecodable"], 0.0),
    ("playlist", "processing_failed", ["audio_undecodable"], 0.0),
    ("sdp", "processing_failed", ["audio_undecodable"], 0.0),
    ("picture", "processing_failed", ["audio_undecodable"], 0.0),
]


@pytest.mark.parametrize("name, failure, issues, seconds", BAD)
def test_bad_audio_is_judged_by_its_content(
    name: str, failure: str | None, issues: list[str], seconds: float, uploads: Uploads
) -> None:
    whole = assemble([uploads.fixture(name)], Limits())
    assert (whole.failure and whole.failure.code) == failure
    assert [issue.code for issue in whole.issues] == issues
    assert whole.seconds == pytest.approx(seconds, abs=0.3)


@pytest.mark.parametrize("name", [name for name in load() if load()[name].kind == "short"])
def test_every_format_decodes_whole_and_is_known_by_its_content(name: str, uploads: Uploads) -> None:
    whole = assemble([uploads.data("audio.xyz", load()[name].read())], Limits())
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(load()[name].seconds, abs=0.1)


FOLLOW = """
import sys
from pathlib import Path
from typing import get_args
from mock_server.speech.chunks import assemble
from mock_server.speech.decode import Limits, Undecodable, decode
from mock_server.speech.sniff import Container
from mock_server.speech.model import Recording
for path in sys.argv[1:]:
    assert assemble([Recording("audio_0.webm", Path(path), "", 0)], Limits()).seconds == 0, path
    for container in get_args(Container):
        try:
            assert decode(Path(path).read_bytes(), container, Limits()).seconds == 0, (path, container)
        except Undecodable:
            pass
"""


def test_a_file_that_names_others_leads_nowhere(tmp_path: Path, uploads: Uploads) -> None:
    """In a folder where the file lies that the playlist names, no sample is had and nobody is called."""
    (tmp_path / "secret.wav").write_bytes(load()["short"].read())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts"
    paths = [
        uploads.data("files", b"ffconcat version 1.0\nfile 'secret.wav'\n").path,
        uploads.data("hosts", f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n".encode()).path,
        uploads.fixture("sdp").path,
    ]
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW, *map(str, paths)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=15,  # a demuxer that believes the SDP would wait 20 s for packets
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with listener, pytest.raises(BlockingIOError):
        listener.accept()


def test_a_bomb_stops_at_the_limit(uploads: Uploads) -> None:
    """Two hours of silence, a megabyte of FLAC and 230 MB of samples, cost the minute that is allowed."""
    bomb = _flac(2 * 3600)
    assert len(bomb) < 4_000_000
    recording = uploads.data("bomb.flac", bomb)
    tracemalloc.start()
    whole = assemble([recording], Limits(seconds=60))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert whole.seconds == 60
    assert [issue.code for issue in whole.issues] == ["audio_too_long"]
    assert peak < 20_000_000


def test_the_limit_counts_the_whole_session(uploads: Uploads) -> None:
    whole = assemble(uploads.all("markers"), Limits(seconds=8))
    assert whole.seconds == 8
    assert whole.used == ("audio_0.wav", "audio_1.wav", "audio_2.wav")
    assert {issue.code for issue in whole.issues} == {"audio_too_long"}
    assert [issue.name for issue in whole.issues] == [f"audio_{number}.wav" for number in range(2, 12)]


def test_more_bytes_than_a_session_may_have_are_not_read(uploads: Uploads) -> None:
    files = uploads.all("markers")[:2]
    whole = assemble(files, Limits(file_bytes=120_000))
    assert whole.used == ("audio_0.wav",)
    assert [(issue.name, issue.code) for issue in whole.issues] == [("audio_1.wav", "audio_too_long")]


def test_a_rate_beyond_any_device_is_refused() -> None:
    whole = load()["short"].read()
    with pytest.raises(Undecodable, match="sample rate of 3999 Hz"):
        decode(whole[:24] + struct.pack("<I", 3999) + whole[28:], "wav", Limits())


def test_a_size_that_hides_audio_is_told(uploads: Uploads) -> None:
    whole = load()["short"].read()
    tenth = (len(whole) - 44) // 20 * 2
    lying = whole[:40] + struct.pack("<I", tenth) + whole[44:]
    assert riff_seconds(lying) == pytest.approx(load()["short"].seconds, abs=0.01)
    assert [issue.code for issue in assemble([uploads.data("a.wav", lying)], Limits()).issues] == ["audio_truncated"]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_whose_recorder_left_the_size_open_is_whole(size: int, uploads: Uploads) -> None:
    whole = load()["short"].read()
    streamed = whole[:40] + struct.pack("<I", size) + whole[44:]
    heard = assemble([uploads.data("a.wav", streamed)], Limits())
    assert heard.seconds == pytest.approx(load()["short"].seconds, abs=0.01)
    assert heard.issues == ()


def test_random_damage_raises_nothing(uploads: Uploads) -> None:
    chance = np.random.default_rng(7)
    for name in ("short.webm", "short.ogg", "short.mp3", "short.m4a", "short.flac", "short"):
        for _ in range(15):
            data = bytearray(load()[name].read())
            for place in chance.integers(0, min(len(data), 2000), 12):
                data[place] = chance.integers(0, 256)
            whole = assemble([uploads.data("audio_0.webm", bytes(data))], Limits(seconds=30))
            assert whole.seconds <= 30
            assert (whole.failure is None) == (whole.seconds > 0)


@pytest.mark.parametrize("recording", ["visit_independent", "visit_recording", "markers"])
def test_chunks_join_into_the_whole_recording(recording: str, uploads: Uploads) -> None:
    files = uploads.all(recording)
    whole = assemble(by_sequence(files[::-1]), Limits())
    assert whole.seconds == pytest.approx(sum(fixture.seconds for fixture in chunks(recording)), abs=0.01)
    assert whole.used == tuple(file.name for file in files)
    assert whole.issues == ()


def test_arbitrary_cuts_of_one_recording_join(uploads: Uploads) -> None:
    data = load()["visit.ogg"].read()
    files = [
        uploads.data(f"audio_{place}.ogg", data[place * 40_011 : (place + 1) * 40_011])
        for place in range(-(-len(data) // 40_011))
    ]
    whole = assemble(files, Limits())
    assert whole.seconds == pytest.approx(load()["visit.ogg"].seconds, abs=0.01)
    assert whole.issues == ()


def test_chunks_may_change_their_format(uploads: Uploads) -> None:
    names = ["short.webm", "short.mp3", "short", "short.m4a", "short.ogg", "short.flac"]
    files = [uploads.data(f"audio_{place}", load()[name].read()) for place, name in enumerate(names)]
    whole = assemble(files, Limits())
    assert whole.seconds == pytest.approx(6 * load()["short"].seconds, abs=0.2)
    assert whole.issues == ()


@pytest.mark.parametrize("container, codec", [("mp3", "libmp3lame"), ("adts", "aac")])
def test_chunks_of_bare_frames_may_change_their_rate(container: str, codec: str, uploads: Uploads) -> None:
    files = [
        uploads.data(f"audio_{place}", _tone(container, codec, rate)) for place, rate in enumerate((16_000, 32_000))
    ]
    assert len({opens(file.path.read_bytes()) for file in files} - {None}) == 1  # joined, not decoded one by one
    whole = assemble(files, Limits())
    assert whole.issues == ()
    assert whole.used == ("audio_0", "audio_1")
    assert whole.seconds == pytest.approx(2 * 1.3, abs=0.3)  # encoders pad the ends


def _tone(container: str, codec: str, rate: int) -> bytes:
    """1.3 s of a tone as bare frames: a tag or an index before them would begin a recording of its own."""
    out = io.BytesIO()
    bare = {"id3v2_version": "0", "write_xing": "0"} if container == "mp3" else {}
    with av.open(out, "w", format=container, options=bare) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        tone = np.sin(np.arange(round(1.3 * rate)) * 880 * np.pi / rate) * 8_000
        frame = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return out.getvalue()


def test_rubbish_between_chunks_is_named_and_costs_nothing(uploads: Uploads) -> None:
    files = uploads.all("visit_independent")
    files[4] = uploads.data("audio_4.webm", load()["random"].read())
    whole = assemble(files, Limits())
    assert [(issue.name, issue.code) for issue in whole.issues] == [("audio_4.webm", "audio_undecodable")]
    assert whole.used == tuple(file.name for file in files if file is not files[4])


def test_without_its_header_chunk_a_recording_is_lost(uploads: Uploads) -> None:
    whole = assemble(uploads.all("visit_recording")[1:], Limits())
    assert whole.failure is not None
    assert whole.failure.code == "processing_failed"
    assert "without a container header" in whole.issues[0].message


def test_a_gap_is_told_at_the_file_after_it(uploads: Uploads) -> None:
    files = uploads.all("markers")
    whole = assemble([files[0], files[1], files[5], files[6]], Limits())
    assert [(issue.name, issue.code) for issue in whole.issues] == [("audio_5.wav", "audio_chunk_missing")]
    assert "chunks 2 to 4" in whole.issues[0].message


def test_counting_may_begin_at_one(uploads: Uploads) -> None:
    assert assemble(uploads.all("markers")[1:4], Limits()).issues == ()


def test_an_absurd_number_is_one_issue(uploads: Uploads) -> None:
    data = load()["short"].read()
    files = [uploads.data("audio_0.wav", data), uploads.data("audio_999999999.wav", data)]
    assert len(assemble(files, Limits()).issues) == 1


def test_files_are_ordered_by_number_and_the_others_come_last(uploads: Uploads) -> None:
    data = load()["short"].read()
    names = ["notes.wav", "audio_10.wav", "audio_9.wav", "extra.wav", "audio_0.wav"]
    ordered = by_sequence([uploads.data(name, data) for name in names])
    assert [file.name for file in ordered] == [
        "audio_0.wav",
        "audio_9.wav",
        "audio_10.wav",
        "notes.wav",
        "extra.wav",
    ]


@pytest.mark.parametrize(
    "name, number",
    [
        ("audio_10.webm", 10),
        ("audio_3.mp3", 3),
        ("visit.mp3", None),
        ("2026-01-27-part-007.wav", 7),
        ("consultation", None),
        ("9" * 5000, None),
        ("../../audio_4.wav", 4),
    ],
)
def test_a_sequence_is_the_last_number_of_a_name(name: str, number: int | None) -> None:
    assert sequence_of(name) == number


def test_a_multipart_envelope_is_taken_off(uploads: Uploads) -> None:
    inner = load()["short.webm"].read()
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.webm"\r\n'
    head += b"Content-Type: audio/webm\r\n\r\n"
    assert unwrap(head + inner + b"\r\n--xyz--\r\n") == inner
    assert unwrap(inner) == inner
    assert opens(unwrap(head + inner)) == "matroska"
    assert assemble([uploads.data("a.webm", head + inner + b"\r\n--xyz--\r\n")], Limits()).issues == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfb",
        b"\xff\xfb\x90\x00" * 50,
        b"ID3",
        b"OggS\x00\x00",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"--x\r\n\r\n",
    ],
)
def test_what_only_resembles_a_signature_is_none(data: bytes) -> None:
    assert opens(data) is None


def _flac(seconds: int) -> bytes:
    sink = io.BytesIO()
    with av.open(sink, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000 * 60), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        for _ in range(seconds // 60):
            frame.pts = None
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getvalue()
