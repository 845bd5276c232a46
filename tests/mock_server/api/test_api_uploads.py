"""(7) Audio in every form clients send it, and what bad input gets."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_server.api.header import parameters
from scribe_data import recordings
from tests.mock_server.stage import LIMITS, MINE, SHORT, code_of

WAV = SHORT.read()
OVER = LIMITS.upload_bytes + 1


def names(mock, session):
    body = mock.read(session).json()
    assert body["audio_files_received"] == len(body["audio_files"])
    return body["audio_files"]


def raw(mock, session, *, method="POST", name=None, content=WAV, label="audio/wav", **headers):
    url = session["upload_url"] + (f"/{name}" if name is not None else "")
    sent = {"Content-Type": label, **headers} if label else headers
    return mock.send(method, url, content=content, headers=sent)


def envelope(name="audio_0.webm", content=WAV, boundary="----WebKitFormBoundaryX", field="file", label="audio/wav"):
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    return (head + f"Content-Type: {label}\r\n\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()


def form(mock, session, body, boundary="----WebKitFormBoundaryX", **headers):
    label = f"multipart/form-data; boundary={boundary}"
    return mock.post(session["upload_url"], content=body, headers={"Content-Type": label, **headers})


def test_a_form_is_acknowledged_with_what_was_received(mock):
    session = mock.create()
    answer = mock.upload(session, name="audio_0.wav")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {
        "session_id": session["session_id"],
        "success": True,
        "status": "received",
        "original_filename": "audio_0.wav",
        "file_name": "audio_0.wav",
        "size_bytes": len(WAV),
        "audio_files_received": 1,
    }
    assert mock.read(session).json()["status"] == "recording"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_raw_body_is_named_by_its_path(mock, method):
    session = mock.create()
    assert raw(mock, session, method=method, name="Vis%C3%ADt%20%231%2541.wav").status_code == 200
    assert names(mock, session) == ["Visít #1%41.wav"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="audio_3.wav"', "audio_3.wav"),
        ("attachment; filename=audio_3.wav", "audio_3.wav"),
        ("attachment; filename=\"plain.wav\"; filename*=UTF-8''na%C3%AFve.wav", "naïve.wav"),
        ("attachment; filename*=UTF-8''na%C3%AFve.wav; filename=\"plain.wav\"", "naïve.wav"),
        ('attachment; filename="100%25.wav"', "100%25.wav"),
        ('attachment; filename="größe.wav"'.encode(), "größe.wav"),
        (b'attachment; filename="gr\xf6\xdfe.wav"', "größe.wav"),
    ],
)
def test_a_raw_body_is_named_by_its_disposition(mock, header, name):
    session = mock.create()
    assert raw(mock, session, **{"Content-Disposition": header}).status_code == 200
    assert names(mock, session) == [name]


def test_a_raw_body_is_named_by_its_index_and_else_by_its_arrival(mock):
    session = mock.create()
    assert raw(mock, session, **{"X-Chunk-Index": "7"}).status_code == 200
    assert raw(mock, session, label=None).status_code == 200
    assert raw(mock, session, **{"X-Chunk-Index": "-1"}).status_code == 200
    assert names(mock, session) == ["audio_7", "audio_1", "audio_2"]


def test_nameless_bodies_that_arrive_together_are_all_kept(mock):
    session = mock.create()

    async def together():
        sent = {"X-API-Key": MINE, "Content-Type": "audio/wav"}
        posts = (mock.client.post(session["upload_url"], content=WAV, headers=sent) for _ in range(6))
        return await asyncio.gather(*posts)

    assert {answer.status_code for answer in mock.run(together())} == {200}
    assert sorted(names(mock, session)) == [f"audio_{number}" for number in range(6)]


def test_a_form_under_an_audio_type_is_unwrapped(mock):
    session = mock.create()
    label = "audio/webm;codecs=opus"
    answer = raw(mock, session, name="audio_0.webm", content=envelope("blob"), label=label)
    assert (answer.status_code, answer.json()["size_bytes"]) == (200, len(WAV))
    answer = raw(mock, session, content=envelope("audio_1.webm"), label=label)
    assert names(mock, session) == ["audio_0.webm", "audio_1.webm"]


@pytest.mark.parametrize(
    "disposition",
    [
        'form-data; name="file"; filename="声 1.wav"',
        "form-data; name=file; filename*=UTF-8''%E5%A3%B0%201.wav",
        'form-data; filename="声 1.wav"; NAME="file"',
    ],
)
def test_a_name_in_a_form_may_be_of_any_script(mock, disposition):
    session = mock.create()
    boundary = "----WebKitFormBoundaryX"
    head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
    assert form(mock, session, head + WAV + f"\r\n--{boundary}--\r\n".encode()).status_code == 200
    assert names(mock, session) == ["声 1.wav"]


@pytest.mark.parametrize(
    "label", ["multipart/form-data; boundary*=UTF-8''%E2%80%AE", "multipart/form-data; boundary*0*=x"]
)
def test_a_boundary_in_a_form_of_its_own_is_no_trouble(mock, label):
    answer = raw(mock, mock.create(), label=label)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")


def test_a_form_that_comes_in_single_bytes_is_the_same_form(mock):
    session = mock.create()
    body = envelope(content=b"RIFF....WAVE--not\r\n--a boundary")

    async def dribble():
        for byte in body:
            yield bytes([byte])

    assert form(mock, session, dribble()).json()["size_bytes"] == 31
    assert raw(mock, session, content=dribble(), name="b").json()["size_bytes"] == 31


def test_the_same_name_again_replaces_the_file(mock):
    session = mock.create()
    for _ in range(2):
        assert mock.upload(session).json()["audio_files_received"] == 1
    assert names(mock, session) == ["audio_0.wav"]


@pytest.mark.parametrize("label", ["text/plain", "application/json", "image/png", "audio/x-nope", "multipart/mixed"])
def test_a_label_that_means_no_audio_is_refused_with_the_formats(mock, label):
    session = mock.create()
    for answer in (raw(mock, session, label=label, content=b"?"), mock.upload(session, label=label)):
        assert (answer.status_code, code_of(answer)) == (400, "invalid_audio_format")
        assert answer.json()["error"]["details"]["provided_format"] == label
        assert "audio/wav" in answer.json()["error"]["details"]["supported_formats"]
    assert names(mock, session) == []
    assert mock.read(session).json()["status"] == "created"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\x.wav",
        "a/b/c.wav",
        "..",
        "~",
        "con",
        "💥.wav",
        "👩\u200d⚕️.wav",
        "می\u200cخواهم.wav",
        "é.wav",
        "e\u0301.wav",
        "a.wav.",
        " a.wav ",
        "כ.wav",
    ],
)
def test_a_name_that_looks_like_a_path_is_kept_as_text_and_touches_no_file(mock, name):
    session = mock.create()
    header = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    assert raw(mock, session, **{"Content-Disposition": header}).status_code == 200
    assert names(mock, session) == [name]
    stored = [path.name for path in (mock.face.settings.data_dir / "audio").rglob("*") if path.is_file()]
    assert stored
    assert all(re.match(r"[0-9a-f]{32}", name) for name in stored)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a\u200b.wav", "U+200B"),
        ("\u202evaw.exe", "U+202E"),
        ("\ufeffa.wav", "U+FEFF"),
        ("\ue000", "U+E000"),
        ("a\u2028b", "U+2028"),
        ("a\x85b", "U+0085 at 1"),
        ("ab\x00", "U+0000 at 2"),
        ("\x1b[2J", "U+001B at 0"),
    ],
)
def test_the_refusal_of_a_name_says_which_mark_does_not_show(mock, name, told):
    answer = raw(mock, mock.create(), **{"Content-Disposition": f"a; filename*=UTF-8''{quote(name, safe='')}"})
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert told in answer.json()["error"]["message"]
    assert answer.json()["error"]["details"] == {"field": "filename"}


@pytest.mark.parametrize(
    "name", ["a%00b.wav", "a%0Ab", "%1B%5B2J", "%E2%80%AEvaw.exe", "x" * 256, "x" * 10_000, "a%C2%85b"]
)
def test_a_name_no_list_could_show_is_refused(mock, name):
    session = mock.create()
    by_header = raw(mock, session, **{"Content-Disposition": f"a; filename*=UTF-8''{name}"})
    assert (by_header.status_code, code_of(by_header)) == (400, "invalid_request")
    by_path = raw(mock, session, name=name)
    assert (by_path.status_code, code_of(by_path)) in ((400, "invalid_request"), (404, "invalid_request"))
    assert names(mock, session) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no part named 'file'"),
        (b"no form at all", "does not follow its boundary"),
        (envelope(field="audio"), "file"),
        (envelope()[:-60], "ends before"),
        (envelope()[:-4] + envelope()[len("------WebKitFormBoundaryX") :], "one part named 'file'"),
        (b"\r\n" * 40_000 + envelope(), "beside"),
        (envelope() + b"x" * 70_000, "beside"),
        (b"------WebKitFormBoundaryX\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "boundary"),
    ],
    ids=["nothing", "text", "other field", "cut off", "two files", "prologue", "epilogue", "endless header"],
)
def test_a_form_that_is_none_is_refused_and_leaves_no_trace(mock, body, told):
    session = mock.create()
    answer = form(mock, session, body)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert told in answer.json()["error"]["message"]
    assert names(mock, session) == []


@pytest.mark.parametrize("boundary", ["", "x" * 71])
def test_a_boundary_that_is_none_is_refused(mock, boundary):
    answer = form(mock, mock.create(), b"--x\r\n", boundary=boundary)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")


def test_an_empty_body_is_refused(mock):
    session = mock.create()
    for answer in (raw(mock, session, content=b""), mock.upload(session, b"")):
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert names(mock, session) == []


def test_a_file_over_the_limit_is_413_however_it_comes(mock):
    session, much = mock.create(), b"x" * OVER

    async def unannounced():
        for _ in range(OVER // 1000 + 1):
            yield b"x" * 1000

    for answer in (
        raw(mock, session, content=much),
        raw(mock, session, content=unannounced()),
        mock.upload(session, much),
        raw(mock, session, content=envelope(content=much)),
    ):
        assert (answer.status_code, code_of(answer)) == (413, "invalid_request")
        assert answer.headers["connection"] == "close"
        assert answer.json()["error"]["details"] == {"limit_bytes": LIMITS.upload_bytes}
    assert names(mock, session) == []


def test_a_file_that_the_session_has_no_room_for_is_told_so(mock):
    session = mock.create()
    fitting = LIMITS.session_bytes // LIMITS.upload_bytes
    for number in range(fitting):
        assert mock.upload(session, b"x" * LIMITS.upload_bytes, f"audio_{number}.wav").status_code == 200
    answer = mock.upload(session, b"xyz", "more.wav")
    assert (answer.status_code, code_of(answer)) == (413, "invalid_request")
    told = f"the session would hold {LIMITS.session_bytes + 3} bytes of audio; {LIMITS.session_bytes} are taken"
    assert told in answer.json()["error"]["message"]
    assert answer.json()["error"]["details"] == {"limit_bytes": LIMITS.session_bytes}
    assert mock.upload(session, b"xyz", "audio_0.wav").status_code == 200
    assert len(names(mock, session)) == fitting


def test_a_file_of_exactly_the_limit_is_taken(mock):
    session = mock.create()
    assert mock.upload(session, b"x" * LIMITS.upload_bytes).status_code == 200


def test_a_session_that_does_not_exist_is_told_before_what_is_wrong_with_the_upload(mock):
    session = mock.create() | {"upload_url": mock.create()["upload_url"].replace("/ses_", "/ses_0")}
    answers = [mock.upload(session), raw(mock, session, label="text/plain"), form(mock, session, b"no form")]
    assert [(answer.status_code, code_of(answer)) for answer in answers] == [(404, "session_not_found")] * 3


@pytest.mark.parametrize("label", ["audio/wav", "text/plain"])
def test_an_expired_session_accepts_no_audio(mock, label):
    session = mock.create()
    mock.advance(600)
    answer = raw(mock, session, label=label)
    assert (answer.status_code, code_of(answer)) == (410, "session_expired")
    assert answer.json()["error"]["details"]["expired_at"] == session["expires_at"]


def test_an_ended_session_accepts_no_audio(mock):
    session = mock.create()
    mock.upload(session)
    mock.end(session)
    answer = mock.upload(session, name="audio_1.wav")
    assert (answer.status_code, code_of(answer)) == (400, "session_ended")
    assert mock.settled(session).json()["audio_files"] == ["audio_0.wav"]


@pytest.mark.parametrize(
    "bad", [item for item in recordings.load().values() if item.kind == "bad"], ids=lambda i: i.name
)
def test_audio_that_is_none_ends_failed_with_the_reason_or_is_refused(mock, bad):
    session = mock.create()
    answer = mock.upload(session, bad.read(), "audio_0.wav", label=bad.media_type)
    if answer.status_code != 200:
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
        return
    mock.end(session)
    body = mock.settled(session).json()
    assert body["status"] in ("failed", "partial", "completed")
    if body["status"] == "failed":
        assert body["error"]["code"] in ("processing_failed", "audio_quality_poor", "audio_too_short")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300)
    | st.lists(
        st.sampled_from([b"--b", b"--", b"\r\n", b'Content-Disposition: form-data; name="file"', b": ", b"x"])
    ).map(b"".join),
    label=st.sampled_from(["multipart/form-data; boundary=b", "multipart/form-data", "audio/wav", "", ";", "a/b"]),
    disposition=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60),
)
def test_no_upload_is_more_than_the_server_can_take(mock, body, label, disposition):
    if not hasattr(mock, "fuzzed") or mock.read(mock.fuzzed).status_code == 404:
        mock.fuzzed = mock.create()
    headers = {"Content-Type": label, "Content-Disposition": disposition.encode("latin-1")}
    answer = mock.post(mock.fuzzed["upload_url"] + "/one", content=body, headers=headers)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or code_of(answer) in ("invalid_request", "invalid_audio_format")


@given(
    header=st.text(max_size=80)
    | st.builds("a; filename{}{}".format, st.text("*0123456789=", max_size=6), st.text())
    | st.builds("a; filename*=UTF-8''{}".format, st.text("%0123456789ABCDEF", max_size=20))
)
def test_any_header_has_parameters_or_none(header):
    value, options = parameters(header)
    assert isinstance(value, str)
    assert all(isinstance(part, str) for pair in options.items() for part in pair)
