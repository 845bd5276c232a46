"""What is missing of a recording, and what only seems to be."""

import random

import pytest

from mock_server.speech.chunks import Assembly, assemble
from mock_server.speech.decode import Limits
from tests.mock_server.speech.making import FORMATS, chunk, encode, voice, wav
from tests.mock_server.speech.uploads import Uploads


def heard(uploads: Uploads, data: bytes) -> Assembly:
    return assemble([uploads.data("visit.bin", data)], Limits())


def sparse(_track: int, time: float) -> float | None:
    """Most packets of a silence are not sent: one in 400 ms."""
    return time if not 1.0 < time < 3.5 or int(time * 50) % 20 == 0 else None


def muted(_track: int, time: float) -> float | None:
    """Nothing is sent while the track is muted."""
    return time if not 1.0 < time < 3.5 else None


def resumed(_track: int, time: float) -> float:
    """The clock ran on for ten seconds in which nothing was recorded."""
    return time if time < 2 else time + 10


def late(_track: int, time: float) -> float:
    return time + 30


def very_late(_track: int, time: float) -> float:
    return time + 600


GAPS = [
    (form, change) for form in ("webm", "ogg", "m4a", "mka") for change in (sparse, muted, resumed, late, very_late)
]


@pytest.mark.parametrize("form, change", GAPS)
def test_gaps_and_late_clocks_are_not_missing_audio(form: str, change: object, uploads: Uploads) -> None:
    data = encode(voice(5.0), form=form, change=change)  # type: ignore[arg-type]
    whole = heard(uploads, data)
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(2.5 if change in {sparse, muted} else 5.0, abs=0.4)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "m4a"])
def test_what_is_cut_off_is_told(form: str, uploads: Uploads) -> None:
    data = encode(voice(5.0), form=form)
    whole = heard(uploads, data[: len(data) * 6 // 10 + 7])
    assert [issue.code for issue in whole.issues] == ["audio_truncated"]
    assert 1 < whole.seconds < 4


@pytest.mark.parametrize(
    "options", [{"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}]
)
def test_a_cut_mp4_is_told(options: dict[str, str], uploads: Uploads) -> None:
    data = encode(voice(5.0), form="m4a", options=options)
    whole = heard(uploads, data[: len(data) * 6 // 10])
    assert [issue.code for issue in whole.issues] == ["audio_truncated"]
    assert 1 < whole.seconds < 4


@pytest.mark.parametrize("change", [late, sparse])
def test_what_is_cut_off_is_told_with_gaps_and_late_clocks(change: object, uploads: Uploads) -> None:
    data = encode(voice(5.0), form="webm", change=change)  # type: ignore[arg-type]
    whole = heard(uploads, data[: len(data) * 6 // 10])
    assert [issue.code for issue in whole.issues] == ["audio_truncated"]


@pytest.mark.parametrize("form", ["webm", "ogg", "mka", "flac", "aac"])
def test_damage_in_the_middle_is_told(form: str, uploads: Uploads) -> None:
    data = encode(voice(5.0), form=form)
    half = len(data) // 2
    whole = heard(uploads, data[:half] + random.Random(4).randbytes(500) + data[half + 500 :])
    assert {issue.code for issue in whole.issues} == {"audio_truncated"}
    assert all("visit.bin" in issue.message for issue in whole.issues)


@pytest.mark.parametrize(
    "behind",
    [
        b"",
        bytes(4096),
        b"TAG" + bytes(125),
        b"\r\n",
        chunk(b"LIST", b"INFO"),
        chunk(b"id3 ", b"ID3\x03" + bytes(29)),
        b"ID3\x03\0\0\0\0\0\x10" + b"x" * 16,
    ],
)
def test_what_stands_behind_the_samples_hides_none(behind: bytes, uploads: Uploads) -> None:
    whole = heard(uploads, wav(voice(), behind=behind))
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(3.0, abs=0.01)


def test_a_wrong_byte_rate_makes_no_audio_missing(uploads: Uploads) -> None:
    data = wav(voice())
    whole = heard(uploads, data[:28] + (8_000).to_bytes(4, "little") + data[32:])
    assert whole.issues == ()
