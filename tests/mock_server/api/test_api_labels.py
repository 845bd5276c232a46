"""(4.7, 7.6, 11.4) What an upload is called: the listed formats by all their names, and names that name nothing."""

from __future__ import annotations

import pytest

from mock_server.api.label import FORMATS
from scribe_data import recordings
from tests.mock_server.stage import SHORT, code_of

WAV = SHORT.read()
NAMELESS = (
    *("application/octet-stream", "binary/octet-stream", "application/x-binary", "application/binary"),
    *("application/unknown", "unknown/unknown", "application/x-www-form-urlencoded", "multipart/form-data"),
    *("audio/*", "video/*", "*/*", "application/*", "application/force-download", "undefined", "null"),
)
ALIASES = (
    *("audio/wave", "audio/x-wave", "audio/vnd.wave", "audio/x-pn-wav", "video/webm", "audio/x-matroska"),
    *("video/x-matroska", "application/ogg", "audio/x-ogg", "video/ogg", "audio/opus", "audio/vorbis"),
    *("audio/mp3", "audio/x-mp3", "audio/x-mpeg", "audio/mpeg3", "audio/x-mpeg-3", "audio/mpg", "audio/mpga"),
    *("audio/m4a", "audio/x-m4a", "audio/mp4a-latm", "video/mp4", "video/quicktime", "audio/aac"),
    *("audio/x-aac", "audio/aacp", "audio/x-hx-aac-adts", "audio/3gpp", "audio/3gpp2", "video/3gpp"),
    *("video/3gpp2", "audio/x-flac"),
)
NONE = (
    *("text/plain", "text/html", "application/json", "image/png", "image/*", "text/*", "application/pdf"),
    *("application/zip", "application/gzip", "video/x-msvideo", "video/x-ms-wmv", "video/mpeg", "audio/amr"),
    *("audio/basic", "audio/midi", "audio/x-aiff", "audio/x-caf", "audio/x-ms-wma", "audio/x-nope"),
    *("audio/L16", "audio/pcm", "multipart/mixed", "multipart/related", "message/rfc822", "font/woff", "wav"),
    *("x", "audio/", "/wav", "application/x-www-form-urlencoded-not", "application/offset+octet-stream"),
)


def raw(mock, session, label, content=WAV):
    headers = {"Content-Type": label.encode()}
    return mock.send("PUT", session["upload_url"] + "/visit", content=content, headers=headers)


def part(mock, session, label, content=WAV):
    head = f'--XX\r\nContent-Disposition: form-data; name="file"; filename="visit"\r\nContent-Type: {label}\r\n\r\n'
    sent = {"Content-Type": "multipart/form-data; boundary=XX"}
    return mock.post(session["upload_url"], content=head.encode() + content + b"\r\n--XX--\r\n", headers=sent)


@pytest.mark.parametrize("label", [*NAMELESS, *ALIASES, *FORMATS])
def test_another_name_of_a_format_and_a_name_of_none_are_taken(mock, label):
    session = mock.create()
    ways = (part,) if label == "multipart/form-data" else (part, raw)
    for way in ways:
        answer = way(mock, session, label)
        assert (answer.status_code, answer.json().get("size_bytes")) == (200, len(WAV)), answer.text


@pytest.mark.parametrize("label", NONE)
def test_a_name_of_what_is_no_listed_format_is_refused_with_the_formats(mock, label):
    session = mock.create()
    for way in (part, raw):
        answer = way(mock, session, label)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_audio_format")
        details = {"provided_format": label, "supported_formats": list(FORMATS)}
        assert answer.json()["error"]["details"] == details
    assert mock.read(session).json()["audio_files"] == []


@pytest.mark.parametrize("base", ["audio/webm", "audio/x-wave", "*/*", "multipart/form-data"])
@pytest.mark.parametrize(
    "spelt",
    [
        "{};codecs=opus",
        '{}; rate=48000 ;  CODECS="opus,pcm"; x',
        "{};",
        '"{}"',
        '"{}; codecs=opus"',
        "  {}\t",
        "{}, audio/wav",
        "{};name=gr\u00f6\u00dfe",
        "{};" + "x" * 5000,
    ],
)
def test_a_label_is_told_by_its_type_alone_in_any_spelling(mock, base, spelt):
    session = mock.create()
    for label in (spelt.format(base), spelt.format(base.title()), spelt.format(base.upper())):
        assert part(mock, session, label).status_code == 200, label
        assert "multipart" in base or raw(mock, session, label).status_code == 200, label


def test_no_label_at_all_is_taken(mock):
    session = mock.create()
    assert mock.send("PUT", session["upload_url"] + "/a", content=WAV).status_code == 200
    assert part(mock, session, "").status_code == 200
    assert mock.read(session).json()["audio_files"] == ["a", "visit"]


@pytest.mark.parametrize(
    "item", [i for i in recordings.load().values() if i.name.startswith("short")], ids=lambda i: i.name
)
def test_what_is_taken_under_no_name_is_heard_by_its_content(mock, item):
    session = mock.create()
    assert part(mock, session, "audio/*", item.read()).status_code == 200
    mock.end(session)
    assert mock.settled(session).json()["status"] == "completed"


def test_a_label_with_control_characters_is_stored_without_them(mock):
    session = mock.create()
    assert part(mock, session, "audio/wav; x=\x00\x1b[2J").status_code == 200
    stored = mock.run(mock.face.service.get("mine", session["session_id"]))[0].files[0].content_type
    assert stored == "audio/wav; x=  [2J"
