"""Several takes in one file, and files that hold nothing that can be decoded."""

import re
import struct

import av
import pytest

from mock_server.speech import takes
from mock_server.speech.chunks import Assembly, assemble
from mock_server.speech.decode import Limits
from tests.mock_server.speech.making import FORMATS, cut, encode, named, voice, wav, with_ogg_sum
from tests.mock_server.speech.uploads import Uploads

FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}


def heard(uploads: Uploads, *pieces: bytes) -> Assembly:
    return assemble([uploads.data(name, data) for name, data in named(pieces)], Limits())


def take(form: str) -> bytes:
    if form == "fragments":
        return encode(voice(), form="m4a", options=FRAGMENTED)
    if form == "live":
        return encode(voice(), form="webm", options={"live": "1"})
    if form == "open wav":
        return wav(voice())[:40] + b"\xff\xff\xff\xff" + wav(voice())[44:]
    return encode(voice(), form=form)


@pytest.mark.parametrize("form", [*FORMATS, "fragments", "live", "open wav"])
def test_takes_of_one_kind_are_all_heard(form: str, uploads: Uploads) -> None:
    whole = heard(uploads, take(form) * 3)
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(9.0, abs=0.4)


@pytest.mark.parametrize("first", ["webm", "live", "ogg", "m4a", "fragments", "wav", "mp3"])
@pytest.mark.parametrize("second", ["webm", "ogg", "m4a", "wav", "flac", "mp3", "aac"])
def test_takes_of_different_kinds_are_all_heard(first: str, second: str, uploads: Uploads) -> None:
    whole = heard(uploads, take(first) + take(second))
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("form", ["mp3", "aac", "mp2"])
def test_frames_may_change_their_rate_in_mid_file(form: str, uploads: Uploads) -> None:
    high = encode(voice(), form=form, rate=32_000)
    whole = heard(uploads, take(form) + high + take(form))
    assert whole.issues == ()
    assert whole.seconds == pytest.approx(7.5, abs=0.4)


@pytest.mark.parametrize("form", ["webm", "ogg", "m4a", "wav", "flac", "mp3"])
def test_a_file_of_takes_may_be_cut_anywhere(form: str, uploads: Uploads) -> None:
    data = take(form) * 2
    whole = heard(uploads, *cut(data, 1000, len(data) // 2 + 100, len(data) - 50))
    assert whole.issues == ()
    assert len(whole.used) == 4
    assert whole.seconds == pytest.approx(6.0, abs=0.3)


def test_a_take_that_cannot_be_decoded_is_told_and_the_others_heard(uploads: Uploads) -> None:
    unknown = take("webm").replace(b"A_OPUS", b"A_XYZZ")
    whole = heard(uploads, take("webm") + unknown + take("webm"))
    assert [issue.code for issue in whole.issues] == ["audio_truncated"]
    assert "audio_0.bin holds 3 recordings, and one of them is not heard" in whole.issues[0].message
    assert whole.seconds == pytest.approx(6.0, abs=0.3)


def _unknown_ogg() -> bytes:
    data = take("ogg")
    second = data.find(b"OggS", 1)
    return with_ogg_sum(data[:second].replace(b"OpusHead", b"XpusHead")) + data[second:]


UNKNOWN = {
    "wav with a format nobody has": lambda: wav(voice())[:20] + b"\xff\xff" + wav(voice())[22:],
    "wav without channels": lambda: wav(voice())[:22] + b"\0\0" + wav(voice())[24:],
    "wav with more channels than are mixed": lambda: wav(voice())[:22] + struct.pack("<H", 255) + wav(voice())[24:],
    "webm with an unknown codec": lambda: take("webm").replace(b"A_OPUS", b"A_XYZZ"),
    "webm with a video codec": lambda: take("webm").replace(b"A_OPUS", b"V_MPEG"),
    "mp4 without stsd": lambda: take("m4a").replace(b"stsd", b"xxxx"),
    "mp4 without trak": lambda: take("m4a").replace(b"trak", b"xxxx"),
    "mp4 with an unknown sample entry": lambda: re.sub(rb"mp4a|esds", b"zzzz", take("m4a")),
    "ogg with an unknown codec": _unknown_ogg,
    "flac without stream information": lambda: take("flac")[:8] + bytes(34) + take("flac")[42:],
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_file_that_cannot_be_decoded_costs_itself(kind: str, uploads: Uploads) -> None:
    whole = heard(uploads, wav(voice()), UNKNOWN[kind](), wav(voice()))
    assert whole.used == ("audio_0.bin", "audio_2.bin")
    assert [(issue.name, issue.code) for issue in whole.issues] == [("audio_1.bin", "audio_undecodable")]
    assert whole.seconds == pytest.approx(6.0, abs=0.01)


def test_every_piece_of_what_cannot_be_decoded_is_told(uploads: Uploads) -> None:
    data = take("webm").replace(b"A_OPUS", b"A_XYZZ")
    whole = heard(uploads, wav(voice()), *cut(data, 2000, 5000))
    assert [(issue.name, issue.code) for issue in whole.issues] == [
        (f"audio_{place}.bin", "audio_undecodable") for place in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    "error",
    [KeyError("opus"), AttributeError("'NoneType' object at 0x7f00"), TypeError("x"), MemoryError(), RuntimeError("y")],
)
@pytest.mark.parametrize("where", ["mock_server.speech.decode.av.open", "mock_server.speech.hearing.lay_out"])
def test_whatever_a_library_raises_is_the_fault_of_that_file(
    error: Exception, where: str, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([False, True, False])
    real = takes.lay_out if where.endswith("lay_out") else av.open

    def fails(*args: object, **options: object) -> object:
        if next(calls):
            raise error
        return real(*args, **options)  # type: ignore[arg-type]

    files = [take("flac"), take("webm"), take("flac")]
    monkeypatch.setattr(where, fails)
    whole = heard(uploads, *files)
    assert whole.used == ("audio_0.bin", "audio_2.bin")
    assert [(issue.name, issue.code) for issue in whole.issues] == [("audio_1.bin", "audio_undecodable")]
    assert "audio_1.bin" in whole.issues[0].message
    assert not re.search(r"Error|object|0x|None|opus", whole.issues[0].message)
