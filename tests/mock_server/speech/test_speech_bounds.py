"""What the audio of a session may cost, whatever it claims."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mock_server.speech.chunks import assemble
from mock_server.speech.decode import Limits
from tests.mock_server.speech.making import encode, silence, voice, wav
from tests.mock_server.speech.uploads import Uploads

SMALL = Limits(seconds=600, samples=2_000_000)  # 3333 samples a second at that length: everything here is dense


def test_the_samples_of_all_channels_and_tracks_are_counted(uploads: Uploads) -> None:
    tracks = encode(voice(2.0), voice(2.0), form="mka")
    whole = assemble([uploads.data("a.mka", tracks), uploads.data("b.wav", wav([voice(1.0)] * 3))], Limits())  # type: ignore[arg-type]
    assert whole.samples == pytest.approx(2 * 2 * 16_000 + 3 * 16_000, abs=100)


def test_a_file_that_says_it_costs_too_much_costs_nothing(uploads: Uploads) -> None:
    """The good chunks around it count."""
    dear = silence(4, 192_000, 8)
    files = [
        ("audio_0.wav", wav(voice())),
        ("audio_1.flac", dear),
        ("audio_2.flac", dear),
        ("audio_3.wav", wav(voice())),
    ]
    whole = assemble([uploads.data(name, data) for name, data in files], SMALL)
    assert whole.used == ("audio_0.wav", "audio_3.wav")
    assert [(issue.name, issue.code) for issue in whole.issues] == [
        ("audio_1.flac", "audio_too_long"),
        ("audio_2.flac", "audio_too_long"),
    ]
    assert whole.samples == 2 * 3 * 16_000


def test_a_file_that_does_not_say_so_leaves_half_for_the_others(uploads: Uploads) -> None:
    dear = silence(4, 192_000, 8, told=False)
    files = [("audio_0.flac", dear), ("audio_1.flac", dear), ("audio_2.wav", wav(voice()))]
    whole = assemble([uploads.data(name, data) for name, data in files], SMALL)
    assert {issue.code for issue in whole.issues} == {"audio_too_long"}
    assert {issue.name for issue in whole.issues} == {"audio_0.flac", "audio_1.flac"}
    assert "audio_2.wav" in whole.used
    assert whole.samples < SMALL.samples


def test_packets_are_counted(uploads: Uploads) -> None:
    whole = assemble([uploads.data("a.webm", encode(voice(5.0)))], Limits(packets=100))
    assert [issue.code for issue in whole.issues] == ["audio_too_long"]
    assert whole.seconds < 3


def _named(kind: bytes, at: int, count: int) -> bytes:
    """An MP4 file whose index names so many samples at a place behind the name of a box."""
    fragments = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    data = encode(voice(), form="m4a", options=fragments if kind == b"trun" else None)
    place = data.find(kind) + at
    return data[:place] + struct.pack(">I", count) + data[place + 4 :]


@pytest.mark.parametrize("kind, at", [(b"stsz", 12), (b"trun", 8)])
def test_an_index_that_names_more_than_a_session_may_have_is_not_read(kind: bytes, at: int, uploads: Uploads) -> None:
    files = [("audio_0.m4a", _named(kind, at, 200_000_000)), ("audio_1.wav", wav(voice()))]
    whole = assemble([uploads.data(name, data) for name, data in files], Limits())
    assert [(issue.name, issue.code) for issue in whole.issues] == [("audio_0.m4a", "audio_too_long")]
    assert "its index names 200000000 packets" in whole.issues[0].message
    assert whole.used == ("audio_1.wav",)


def test_plain_samples_in_mp4_are_not_taken_for_packets(uploads: Uploads) -> None:
    whole = assemble([uploads.data("a.mov", encode(voice(), form="mov"))], Limits(packets=1_000))
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(3.0, abs=0.1)


COST = """
import resource, sys, time
from pathlib import Path
from mock_server.speech import Thresholds, quality
from mock_server.speech.chunks import assemble
from mock_server.speech.decode import Limits
from mock_server.speech.model import Recording
files = [Recording(f"audio_{n}.flac", Path(path), "", n) for n, path in enumerate(sys.argv[1:])]
whole = assemble(files, Limits())
quality.clipped(whole.pcm, Thresholds())
used = resource.getrusage(resource.RUSAGE_SELF)
# ru_maxrss begins with what the process that started this one had
held = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(held.split()[1]) // 1024, used.ru_utime + used.ru_stime, whole.seconds, whole.samples)
"""


def _cost(*paths: Path) -> tuple[int, float, float, int]:
    done = subprocess.run(
        [sys.executable, "-c", COST, *map(str, paths)],
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    megabytes, seconds, length, samples = done.stdout.split()
    return int(megabytes), float(seconds), float(length), int(samples)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel counts memory in other units")
def test_a_session_of_dense_silence_costs_neither_memory_nor_time(uploads: Uploads) -> None:
    """Seven files that would be 25 milliard samples by their headers, and one that does not say what it is."""
    minute = silence(60, 384_000, 8)
    total = (1200 * 384_000).to_bytes(4, "big")
    claims = uploads.data("a.flac", minute[:22] + total + minute[26:]).path
    hidden = uploads.data("b.flac", minute[:22] + bytes(4) + minute[26:]).path
    megabytes, seconds, length, samples = _cost(*[claims] * 7, hidden)
    assert length == pytest.approx(60, abs=1)
    assert samples == pytest.approx(60 * 384_000 * 8, rel=0.01)
    assert megabytes < 300
    assert seconds < 30  # of a machine with other work; 2 s on one without


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel counts memory in other units")
def test_the_longest_session_is_kept_once_in_memory(uploads: Uploads) -> None:
    path = uploads.data("a.flac", silence(4 * 3600, 8_000, 1)).path
    megabytes, _, length, _ = _cost(path)
    assert length == pytest.approx(4 * 3600, abs=1)
    assert megabytes < 650  # 460 are the samples
