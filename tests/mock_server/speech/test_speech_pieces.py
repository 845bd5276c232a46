"""One recording in pieces, of which some hold no audio of their own."""

import random

import pytest

from mock_server.speech.chunks import Assembly, assemble
from mock_server.speech.decode import Limits
from scribe_data.recordings import load
from tests.mock_server.speech.making import FORMATS, box, chunk, cut, encode, named, voice, wav
from tests.mock_server.speech.uploads import Uploads

FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}


def heard(uploads: Uploads, *pieces: bytes) -> Assembly:
    return assemble([uploads.data(name, data) for name, data in named(pieces)], Limits())


def _m4a_index_last() -> list[bytes]:
    data = encode(voice(), form="m4a")
    return cut(data, len(data) // 2, box(data, b"moov"))


def _m4a_index_first() -> list[bytes]:
    data = encode(voice(), form="m4a", options={"movflags": "faststart"})
    return cut(data, box(data, b"mdat"), len(data) // 2)


def _fragments() -> list[bytes]:
    data = encode(voice(), form="m4a", options=FRAGMENTED)
    return cut(data, data.find(b"moof") - 4, len(data) // 2, box(data, b"mfra"))


def _webm_header_and_cues() -> list[bytes]:
    data = encode(voice(), form="webm")
    return cut(data, data.find(b"\x1f\x43\xb6\x75"), data.rfind(b"\x1c\x53\xbb\x6b"))


def _ogg_header_pages() -> list[bytes]:
    data = encode(voice(), form="ogg")
    second = data.find(b"OggS", 1)
    return cut(data, second, data.find(b"OggS", second + 1), len(data) * 2 // 3)


def _flac_metadata() -> list[bytes]:
    data = encode(voice(), form="flac")
    return cut(data, data.find(b"\xff\xf8"), len(data) // 2)


def _mp3_tags() -> list[bytes]:
    data = encode(voice(), form="mp3")
    apes = b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(4) + b"\0\0\0\x80" + bytes(8)
    return [*cut(data, len(data) // 2), apes, b"TAG" + b"visit".ljust(125, b"\0")]


def _cover_art() -> list[bytes]:
    """A picture that fills the first piece and reaches into the second."""
    picture = random.Random(1).randbytes(50_000)
    size = bytes(len(picture) >> 7 * place & 0x7F for place in (3, 2, 1, 0))
    bare = encode(voice(), form="mp3", options={"id3v2_version": "0", "write_xing": "0"})
    return cut(b"ID3\x03\0\0" + size + picture + bare, 20_000, 40_000, 55_000)


def _wav_chunks() -> list[bytes]:
    data = wav(voice(), behind=chunk(b"LIST", b"INFOICMT" + (400).to_bytes(4, "little") + b"x" * 400))
    return cut(data, 44, len(data) // 2, data.rfind(b"LIST"))


def _padding() -> list[bytes]:
    data = encode(voice(), form="ogg")
    return [*cut(data, len(data) // 2), bytes(5000)]


PIECES = {
    "m4a, index last": _m4a_index_last,
    "m4a, index first": _m4a_index_first,
    "fragmented mp4, header first and mfra last": _fragments,
    "webm, header first and cues last": _webm_header_and_cues,
    "ogg, two header pages": _ogg_header_pages,
    "flac, metadata first": _flac_metadata,
    "mp3, tags last": _mp3_tags,
    "mp3, picture first": _cover_art,
    "wav, header first and LIST last": _wav_chunks,
    "ogg, padding last": _padding,
}


@pytest.mark.parametrize("kind", PIECES)
def test_a_piece_with_a_header_or_an_index_is_part_of_the_whole(kind: str, uploads: Uploads) -> None:
    pieces = PIECES[kind]()
    whole = heard(uploads, *pieces)
    assert whole.issues == ()
    assert whole.used == tuple(name for name, _ in named(pieces))
    assert whole.seconds == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("form", FORMATS)
def test_a_recording_may_be_cut_anywhere(form: str, uploads: Uploads) -> None:
    chance = random.Random(form)
    data = encode(voice(), form=form)
    pieces = cut(data, *sorted(chance.sample(range(1, len(data)), 12)))
    whole = heard(uploads, *pieces)
    assert whole.issues == ()
    assert len(whole.used) == 13
    assert whole.seconds == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("form", ["webm", "ogg", "m4a", "flac", "mp3", "aac", "wav"])
def test_rubbish_behind_a_recording_is_told_by_its_name(form: str, uploads: Uploads) -> None:
    whole = heard(uploads, encode(voice(), form=form), random.Random(2).randbytes(30_000))
    assert whole.used == ("audio_0.bin",)
    assert ("audio_1.bin", "audio_undecodable") in [(issue.name, issue.code) for issue in whole.issues]


@pytest.mark.parametrize("form", ["ogg", "mp3", "aac"])
def test_rubbish_within_a_recording_costs_no_other_piece(form: str, uploads: Uploads) -> None:
    data = encode(voice(), form=form)
    half = len(data) // 2
    whole = heard(uploads, data[:half], random.Random(3).randbytes(30_000), data[half:])
    assert whole.used == ("audio_0.bin", "audio_2.bin")
    assert ("audio_1.bin", "audio_undecodable") in [(issue.name, issue.code) for issue in whole.issues]


def test_a_tag_alone_begins_no_recording(uploads: Uploads) -> None:
    """The file behind it opens on its own, although the tag claims more bytes than it has."""
    whole = heard(uploads, b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + b"x" * 500, load()["short.webm"].read())
    assert whole.used == ("audio_1.bin",)
    assert [issue.name for issue in whole.issues] == ["audio_0.bin"]
