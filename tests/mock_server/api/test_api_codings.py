"""(RFC 9110 §8.4, §14.5) Bodies that are encoded, or a piece of something: taken whole, or refused at once."""

from __future__ import annotations

import base64
import gzip
import json
import random
import time
import zlib

import pytest

from tests.mock_server.stage import BODY, LIMITS, SHORT, code_of

WAV = SHORT.read()
OFFERED = "gzip, deflate"


def zipped(data, level=9):
    """The same bytes whenever it is made: those of the time would be in the names of tests, which workers compare."""
    return gzip.compress(data, level, mtime=0)


def bare(data):
    made = zlib.compressobj(wbits=-15)
    return made.compress(data) + made.flush()


def members(data, size=4096):
    return b"".join(zipped(data[at : at + size]) for at in range(0, len(data), size))


#: What the header says, and how a body is made to fit.
CODED = [
    ("gzip", zipped),
    ("GZip", lambda data: zipped(data, 0)),
    ("x-gzip", zipped),
    ("gzip", members),
    ("gzip", lambda data: zipped(b"") + zipped(data) + zipped(b"")),
    ("deflate", zlib.compress),
    ("deflate", bare),
    ("DEFLATE", lambda data: zlib.compress(data, 0)),
    ("identity", bytes),
    ("", bytes),
    ("gzip, identity", zipped),
    ("identity,x-gzip , ", zipped),
    ("deflate, gzip", lambda data: zipped(bare(data))),
    ("gzip, gzip", lambda data: zipped(zipped(data))),
]
SHOWN = [f"{number} {header}" for number, (header, _) in enumerate(CODED)]


def form(content=WAV, *lines):
    head = [
        "--XX",
        'Content-Disposition: form-data; name="file"; filename="visit.wav"',
        "Content-Type: audio/wav",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode() + content + b"\r\n--XX--\r\n"


def put(mock, session, content, name="visit.wav", label="audio/wav", **headers):
    sent = {"Content-Type": label, **{key.replace("_", "-"): value for key, value in headers.items()}}
    return mock.post(session["upload_url"] + (f"/{name}" if name else ""), content=content, headers=sent)


def put_form(mock, session, content, **headers):
    return put(mock, session, content, None, "multipart/form-data; boundary=XX", **headers)


def kept(mock):
    return [path.read_bytes() for path in (mock.face.settings.data_dir / "audio").rglob("*") if path.is_file()]


def refused(answer, status=400):
    assert (answer.status_code, code_of(answer)) == (status, "invalid_request"), answer.text
    return answer.json()["error"]["message"]


async def dribble(content, size=97):
    for at in range(0, len(content), size):
        yield content[at : at + size]


@pytest.mark.parametrize(("header", "made"), CODED, ids=SHOWN)
def test_an_encoded_body_is_kept_as_what_it_holds(mock, header, made):
    session = mock.create()
    sent = [
        put(mock, session, made(WAV), "a", Content_Encoding=header),
        put(mock, session, dribble(made(WAV)), "b", Content_Encoding=header),
        put_form(mock, session, made(form()), Content_Encoding=header),
        put_form(mock, session, form(made(WAV), f"Content-Encoding: {header}")),
    ]
    assert [(answer.status_code, answer.json().get("size_bytes")) for answer in sent] == [(200, len(WAV))] * 4
    assert set(kept(mock)) == {WAV}


@pytest.mark.parametrize(("header", "made"), CODED, ids=SHOWN)
def test_encoded_json_is_read_as_what_it_holds(mock, header, made):
    sent = {"Content-Type": "application/json", "Content-Encoding": header}
    created = mock.post("/v1/sessions", content=made(json.dumps(BODY).encode()), headers=sent)
    assert created.status_code == 201
    assert mock.upload(created.json()).status_code == 200
    assert mock.end(created.json(), content=made(b'{"audio_files_sent": 1}'), headers=sent).status_code == 202
    assert mock.post("/_mock/v1/clock", content=made(b'{"advance_seconds": 1}'), headers=sent).status_code == 200
    assert mock.settled(created.json()).json()["status"] == "completed"


@pytest.mark.parametrize(
    "header", ["br", "zstd", "compress", "x-compress", "gzip, br", "br, gzip", "aws-chunked", "utf-8", "gzip;q=1", "*"]
)
def test_a_coding_that_is_not_undone_is_415_at_once(mock, header):
    session, sent = mock.create(), {"Content-Type": "application/json", "Content-Encoding": header}
    answers = [
        put(mock, session, zipped(WAV), Content_Encoding=header),
        put_form(mock, session, zipped(form()), Content_Encoding=header),
        put_form(mock, session, form(zipped(WAV), f"Content-Encoding: {header}")),
        mock.post("/v1/sessions", json=BODY, headers=sent),
        mock.end(session, json={}, headers=sent),
        mock.post("/_mock/v1/clock", json={"advance_seconds": 1}, headers=sent),
    ]
    for answer in answers:
        assert repr(header.lower()) in refused(answer, 415)
        assert answer.headers["accept-encoding"] == OFFERED
        assert answer.json()["error"]["details"]["supported_encodings"] == OFFERED.split(", ")
    assert kept(mock) == []
    assert mock.read(session).json()["status"] == "created"


def test_more_codings_than_anybody_needs_are_415(mock):
    assert "gzip, gzip" in refused(put(mock, mock.create(), WAV, Content_Encoding="gzip" + ", gzip" * 4), 415)


@pytest.mark.parametrize(
    ("header", "body", "told"),
    [
        ("gzip", WAV, "member 1"),
        ("gzip", zlib.compress(WAV), "member 1"),
        ("gzip", zipped(WAV)[:-1], "before it is complete"),
        ("gzip", zipped(WAV)[:1000], "before it is complete"),
        ("gzip", b"\x1f", "before it is complete"),
        ("gzip", zipped(WAV) + b"more", "member 2"),
        ("gzip", zipped(WAV) + b"\0" * 512, "member 2"),
        ("gzip", zipped(WAV) + b"\x1f\x8b", "before it is complete"),
        ("gzip", zipped(WAV) + zipped(WAV)[:99], "before it is complete"),
        ("gzip", zipped(WAV)[:-8] + bytes(8), "incorrect data check"),
        ("gzip", zipped(WAV)[:5000] + b"oops" + zipped(WAV)[5004:], ""),
        ("gzip", zipped(b"") * 10_001, "members"),
        ("deflate", zipped(WAV), ""),
        ("deflate", zlib.compress(WAV)[:-2], "before it is complete"),
        ("deflate", bare(WAV)[:-2], "before it is complete"),
        ("deflate", zlib.compress(WAV) + b"x", "behind its end"),
        ("deflate", bare(WAV) * 2, "behind its end"),
        ("gzip, gzip", zipped(WAV), "member 1"),
    ],
)
def test_a_broken_coding_is_refused_with_the_reason_and_leaves_nothing(mock, header, body, told):
    session = mock.create()
    for answer in (
        put(mock, session, body, Content_Encoding=header),
        put(mock, session, dribble(body, 4999), Content_Encoding=header),
        put_form(mock, session, form(body, f"Content-Encoding: {header}")),
        mock.post("/v1/sessions", content=body, headers={"Content-Encoding": header}),
    ):
        message = refused(answer)
        assert told in message
        assert header.split(", ")[0] in message
    assert kept(mock) == []
    assert mock.read(session).json()["audio_files"] == []


def test_what_is_decoded_is_held_to_the_limits_of_what_is_not(mock):
    session, fits, over = mock.create(), bytes(LIMITS.upload_bytes), bytes(LIMITS.upload_bytes + 1)
    for made in (gzip.compress, zlib.compress, bare, lambda data: zipped(data, 0)):
        header = "gzip" if made(b"")[:1] == b"\x1f" else "deflate"
        assert put(mock, session, made(fits), Content_Encoding=header).json()["size_bytes"] == len(fits)
        assert refused(put(mock, session, made(over), "more", Content_Encoding=header), 413)
        assert refused(put_form(mock, session, made(form(over)), Content_Encoding=header), 413)
        assert refused(put_form(mock, session, form(made(over), f"Content-Encoding: {header}")), 413)
    much = zipped(b" " * (mock.face.settings.max_json_bytes + 1))
    assert refused(mock.post("/v1/sessions", content=much, headers={"Content-Encoding": "gzip"}), 413)
    assert kept(mock) == [fits]


def test_a_bomb_is_413_long_before_it_is_inflated(mock):
    session, bomb = mock.create(), zipped(zipped(bytes(2**26)))
    assert len(bomb) < 4096
    before = time.process_time()
    assert refused(put(mock, session, bomb, Content_Encoding="gzip, gzip"), 413)
    assert refused(mock.post("/v1/sessions", content=bomb, headers={"Content-Encoding": "gzip, gzip"}), 413)
    assert refused(put_form(mock, session, bomb, Content_Encoding="gzip, gzip"))
    assert time.process_time() - before < 0.5
    assert kept(mock) == []


def test_a_body_that_never_holds_anything_ends_at_the_limit_too(mock):
    empty = b"\0\0\0\xff\xff"  # a stored block of no bytes

    async def endless():
        while True:
            yield empty * 10_000

    for answer in (
        put(mock, mock.create(), endless(), Content_Encoding="deflate"),
        mock.post("/v1/sessions", content=endless(), headers={"Content-Encoding": "deflate"}),
    ):
        assert refused(answer, 413)
        assert answer.headers["connection"] == "close"


def test_an_encoded_upload_is_measured_by_what_it_holds_and_not_by_its_length(mock):
    """What does not shrink is longer on the wire than the session has room for, and fits."""
    session, noise = mock.create(), random.Random(1).randbytes(LIMITS.upload_bytes)
    body = zipped(noise)
    assert len(body) > len(noise)
    assert put(mock, session, body, Content_Encoding="gzip").json()["size_bytes"] == len(noise)


def test_nothing_is_nothing_in_every_coding(mock):
    session, sent = mock.create(), {"Content-Encoding": "gzip"}
    assert "empty" in refused(put(mock, session, b"", Content_Encoding="gzip"))
    assert "empty" in refused(put(mock, session, zipped(b""), Content_Encoding="gzip"))
    mock.upload(session)
    assert mock.end(session, headers=sent).status_code == 202


@pytest.mark.parametrize("how", ["base64", "quoted-printable", "BASE64 ", "x-uuencode", "gzip"])
def test_a_transfer_encoding_of_mail_is_refused_and_not_kept_as_it_is(mock, how):
    session, text = mock.create(), base64.b64encode(WAV)
    for answer in (
        put_form(mock, session, form(text, f"Content-Transfer-Encoding: {how}")),
        put(mock, session, text, Content_Transfer_Encoding=how.strip()),
    ):
        assert how.strip() in refused(answer)
    assert kept(mock) == []


@pytest.mark.parametrize("how", ["binary", "8bit", "7BIT", "Binary"])
def test_a_transfer_encoding_that_changes_nothing_is_taken(mock, how):
    session = mock.create()
    assert put_form(mock, session, form(WAV, f"Content-Transfer-Encoding: {how}")).status_code == 200
    assert put(mock, session, WAV, "raw", Content_Transfer_Encoding=how).status_code == 200
    assert set(kept(mock)) == {WAV}


SIZE = len(WAV)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Range": f"bytes 0-99/{SIZE}"},
        {"Content_Range": f"bytes 100-{SIZE - 1}/{SIZE}"},
        {"Content_Range": f"bytes 0-{SIZE - 1}/*"},
        {"Content_Range": f"bytes 0-{SIZE - 2}/{SIZE}"},
        {"Content_Range": f"bytes 0-{SIZE - 1}/{SIZE - 1}"},
        {"Content_Range": f"bytes 0-{SIZE}/{SIZE + 1}"},
        {"Content_Range": f"bytes */{SIZE}"},
        {"Content_Range": "bytes 9-0/10"},
        {"Content_Range": "bytes 0-99"},
        {"Content_Range": f"bytes=0-{SIZE - 1}/{SIZE}"},
        {"Content_Range": "items 0-1/2"},
        {"Content_Range": "bytes 0-" + "9" * 5000 + "/1"},
        {"Content_Range": "٠-٩"},
        {"Content_Range": ""},
        {"X_Content_Range": f"bytes 0-99/{SIZE}"},
        {"Upload_Offset": "100", "Tus_Resumable": "1.0.0", "Upload_Length": str(SIZE)},
        {"Upload_Offset": "0"},
        {"Upload_Offset": "0", "Upload_Length": str(SIZE + 1)},
        {"Upload_Offset": "-1"},
        {"Upload_Length": "many"},
        {"Upload_Length": str(SIZE * 2)},
        {"Upload_Length": str(SIZE), "Content_Range": f"bytes 0-{SIZE}/{SIZE + 1}"},
        {"Upload_Defer_Length": "1"},
        {"Upload_Complete": "?0"},
        {"Upload_Incomplete": "?1"},
        {"Upload_Concat": "partial"},
        {"X_Goog_Upload_Offset": "5"},
    ],
    ids=lambda headers: " ".join(f"{name}: {value}" for name, value in headers.items())[:60],
)
def test_a_piece_of_a_file_is_refused_with_the_reason_and_leaves_nothing(mock, headers):
    session, sent = mock.create(), {name: value.encode() for name, value in headers.items()}
    for answer in (put(mock, session, WAV, **sent), put_form(mock, session, form(), **sent)):
        assert len(refused(answer)) < 300
    assert kept(mock) == []
    assert mock.read(session).json()["status"] == "created"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Range": f"bytes 0-{SIZE - 1}/{SIZE}"},
        {"Content_Range": f"Bytes  0-{SIZE - 1}/{SIZE} "},
        {"X_Content_Range": f"bytes 0-{SIZE - 1}/{SIZE}", "Content_Range": f"bytes 0-{SIZE - 1}/{SIZE}"},
        {"Upload_Offset": "0", "Upload_Length": str(SIZE)},
        {"Upload_Complete": "?1", "Upload_Draft_Interop_Version": "6"},
        {"Upload_Offset": "0", "Upload_Complete": "?1"},
        {"Range": "bytes=0-99"},
    ],
    ids=str,
)
def test_a_piece_that_is_the_whole_is_taken(mock, headers):
    session = mock.create()
    assert put(mock, session, WAV, **headers).status_code == 200
    assert put_form(mock, session, form(), **headers).status_code == 200
    assert set(kept(mock)) == {WAV}


def test_a_range_may_count_the_file_or_the_body_it_came_in(mock):
    session, packed = mock.create(), zipped(WAV)
    for body, coding in ((form(), "identity"), (zipped(form()), "gzip")):
        ranged = f"bytes 0-{len(body) - 1}/{len(body)}"
        assert put_form(mock, session, body, Content_Range=ranged, Content_Encoding=coding).status_code == 200
    for size in (len(packed), SIZE):
        ranged = f"bytes 0-{size - 1}/{size}"
        assert put(mock, session, packed, Content_Range=ranged, Content_Encoding="gzip").status_code == 200


def test_a_range_of_a_part_is_a_piece_too(mock):
    session = mock.create()
    assert refused(put_form(mock, session, form(WAV, f"Content-Range: bytes 0-99/{SIZE}")))
    assert refused(put_form(mock, session, form(WAV, "Content-Range: bytes 0-99/100")))
    assert put_form(mock, session, form(WAV, f"Content-Range: bytes 0-{SIZE - 1}/{SIZE}")).status_code == 200


def test_two_ranges_that_disagree_are_refused(mock):
    session = mock.create()
    sent = [("X-API-Key", "sk_test_mine"), *(("Content-Range", f"bytes 0-{n - 1}/{n}") for n in (SIZE, SIZE + 1))]
    answer = mock.run(mock.client.put(session["upload_url"] + "/a", content=WAV, headers=sent))
    assert refused(answer)


def test_what_is_wrong_with_the_coding_matters_only_where_audio_is_taken(mock):
    nowhere = mock.create() | {"upload_url": mock.create()["upload_url"].replace("/ses_", "/ses_0")}
    late = mock.create()
    mock.advance(600)
    for headers in ({"Content_Encoding": "br"}, {"Content_Range": "bytes 0-1/5"}):
        assert code_of(put(mock, nowhere, WAV, **headers)) == "session_not_found"
        assert code_of(put(mock, late, WAV, **headers)) == "session_expired"
