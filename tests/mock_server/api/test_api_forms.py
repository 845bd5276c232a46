"""(7.2, RFC 2046 §5.1) Forms as hand-written and mail-based clients send them."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mock_server.api.form import Form
from mock_server.problems import Problem
from tests.mock_server.stage import SHORT, code_of

WAV = SHORT.read()
NAMED = b'Content-Disposition: form-data; name="file"; filename="visit.wav"\r\n'
TYPED = NAMED + b"Content-Type: audio/wav\r\n"
PART = TYPED + b"\r\n" + WAV
NOTE = b'Content-Disposition: form-data; name="note"\r\n\r\na word'
END = b"\r\n--XX--\r\n"


def form(mock, session, body, boundary="XX"):
    label = f"multipart/form-data; boundary={boundary}"
    return mock.post(session["upload_url"], content=body, headers={"Content-Type": label})


def pieces(body, size):
    async def given_in_pieces():
        for at in range(0, len(body), size):
            yield body[at : at + size]

    return given_in_pieces()


LEGAL = {
    "plain": b"--XX\r\n" + PART + END,
    "no end of line at its end": b"--XX\r\n" + PART + b"\r\n--XX--",
    "an empty line first": b"\r\n--XX\r\n" + PART + END,
    "a preamble of text": b"This is a multi-part message in MIME format.\r\n--XX\r\n" + PART + END,
    "a preamble of lines": b"one\r\n\r\n-- two\r\n--X\r\n--XY\r\n---XX\r\n --XX\r\n\r\n--XX\r\n" + PART + END,
    "a preamble of headers": b"MIME-Version: 1.0\r\nContent-Type: x\r\n\r\n--XX\r\n" + PART + END,
    "a preamble that ends in LF": b"one\ntwo\n--XX\r\n" + PART + END,
    "a preamble with a boundary inside a line": b"not --XX\r\n--XX and more\r\n--XX\r\n" + PART + END,
    "a preamble of 60 KB": b"x" * 60_000 + b"\r\n--XX\r\n" + PART + END,
    "a preamble of 30000 lines": b"\r\n" * 30_000 + b"--XX\r\n" + PART + END,
    "blanks and tabs after boundaries": b"--XX \t \r\n" + NOTE + b"\r\n--XX\t\r\n" + PART + b"\r\n--XX-- \t\r\n",
    "a field behind, after a blank": b"--XX\r\n" + PART + b"\r\n--XX \r\n" + NOTE + END,
    "an epilogue": b"--XX\r\n" + PART + END + b"bye\r\n--XX\r\n",
    "folded headers": (
        b'--XX\r\nContent-Disposition: form-data;\r\n name="file";\r\n\t filename="visit.wav"\r\n'
        b"Content-Type:\r\n\taudio/wav;\r\n  codec=1\r\n\r\n" + WAV + END
    ),
    "folded headers in the second part": (
        b"--XX\r\nContent-Disposition: form-data;\r\n name=note\r\n\r\nfolded\r\n as data\r\n--XX \r\n"
        b'Content-Disposition: form-data;\r\n name="file"; filename="visit.wav"\r\n\r\n' + WAV + END
    ),
    "headers in other cases and other company": (
        b"--XX\r\nMIME-Version: 1.0\r\nContent-ID: <1>\r\nCONTENT-TYPE: Audio/WAV\r\nX-A:\r\nContent-Length: 5\r\n"
        b'content-disposition:form-data;name=file;filename="visit.wav"\r\n'
        b"X-B: " + b"b" * 5000 + b"\r\nX-C: c\r\nX-D: d\r\nX-E: e\r\n\r\n" + WAV + END
    ),
    "a part without headers first": b"--XX\r\n\r\nno headers\r\n--XX\r\n" + PART + END,
    "an empty field first": b"--XX\r\n" + NOTE[:-6] + b"\r\n--XX\r\n" + PART + END,
}


@pytest.mark.parametrize("body", LEGAL.values(), ids=LEGAL)
def test_a_form_that_rfc_2046_allows_is_taken_in_pieces_of_any_size(mock, body):
    session = mock.create()
    for size in (len(body), 1000, 61, 1) if len(body) < 60_000 else (len(body), 1000, 61):
        answer = form(mock, session, pieces(body, size))
        assert (answer.status_code, answer.json().get("size_bytes")) == (200, len(WAV)), (size, answer.text)
        assert answer.json()["file_name"] == "visit.wav"
    stored = [path.read_bytes() for path in (mock.face.settings.data_dir / "audio").rglob("*") if path.is_file()]
    assert stored == [WAV]


@pytest.mark.parametrize(
    ("told", "body"),
    [
        ("CRLF", (b"--XX\r\n" + TYPED + b"\r\nRIFF" + END).replace(b"\r\n", b"\n")),
        ("CRLF", b"--XX \t\n" + PART + END),
        ("CRLF", b"--XX\r\n" + TYPED.replace(b"\r\n", b"\n", 1) + b"\r\n" + WAV + END),
        ("CRLF", b"--XX\r\n" + PART + b"\r\n--XX\n" + NOTE + END),
        ("boundary", b"--XY\r\n" + PART + b"\r\n--XY--\r\n"),
        ("boundary", b"--XX and more\r\n" + PART + b"\r\n"),
        ("boundary", b"a--XX\r\n" + PART + b"\r\n"),
        ("boundary", b"--XX" + b" " * 1000 + b"\r\n" + PART),
        ("boundary", b"--XX\r\nno header\r\n\r\n" + WAV + END),
        ("more than 32 headers", b"--XX\r\n" + b"X-A: a\r\n" * 33 + PART + END),
        ("behind a boundary", b"--XX\r\nX-A: " + b"a" * 17_000 + b"\r\n" + PART + END),
        ("behind a boundary", b"--XX\r\nX-A: " + b"a\r\n " * 5_000 + b"\r\n" + PART + END),
        ("beside", b"x" * 66_000 + b"\r\n--XX\r\n" + PART + END),
        ("ends before", b"--XX\r\n" + PART),
        ("ends before", b"--XX\r\n" + PART + b"\r\n--XX"),
        ("ends before", b"--XX\r\n" + PART + b"\r\n--XX-"),
        ("none at all", b"--XX--\r\n" + PART[:1000] + END),
        ("none at all", b"preamble\r\n--XX--\r\n"),
        ("none at all", b""),
    ],
)
def test_a_form_that_it_does_not_allow_is_refused_with_the_reason(mock, told, body):
    session = mock.create()
    for size in (len(body) + 1, 61):
        answer = form(mock, session, pieces(body, size))
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
        assert told in answer.json()["error"]["message"]
    assert mock.read(session).json()["audio_files"] == []


@pytest.mark.parametrize(("header", "told"), [("", "no boundary"), ("x" * 71, "has 71"), ("x" * 200, "has 200")])
def test_a_boundary_that_is_none_is_refused_with_what_is_wrong_with_it(mock, header, told):
    answer = form(mock, mock.create(), b"--" + header.encode() + b"\r\n" + PART, header)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ('"XX"', "XX"),
        ('"two words and more"', "two words and more"),
        ('"' + "x" * 70 + '"', "x" * 70),
        ("x" * 70, "x" * 70),
        ("----=_Part_1_23.45", "----=_Part_1_23.45"),
        ('"=_(a)+b,c/d:e?\'"', "=_(a)+b,c/d:e?'"),
        ("XX; charset=utf-8", "XX"),
        ("-", "-"),
    ],
)
def test_a_boundary_may_be_all_that_rfc_2046_lets_it_be(mock, header, boundary):
    line = b"--" + boundary.encode()
    content = WAV + b"\r\n" + line[:-1] + b"\r\r\n" + line + b"?"
    for begins, between in ((b"", b""), (b"preamble\r\n", b" \t")):
        body = begins + line + between + b"\r\n" + TYPED + b"\r\n" + content + b"\r\n" + line + b"--\r\n"
        answer = form(mock, mock.create(), body, header)
        assert (answer.status_code, answer.json().get("size_bytes")) == (200, len(content)), answer.text


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["audio"], "found 'audio'."),
        (["audio", "meta"], "found 'audio', 'meta'."),
        (["File"], "found 'File'."),
        (["file[]", "файл"], "found 'file[]', 'файл'."),
        ([f"n{number}" for number in range(9)], "found 'n0', 'n1', 'n2', 'n3', 'n4' and 4 more."),
        (["x" * 1000], f"found '{'x' * 40}'."),
        (["a\x1b[2J\u202e"], r"found 'a\x1b[2J\u202e'."),
        ([""], "found a part without a name."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_form_without_a_file_is_told_what_it_has_instead(mock, names, told):
    session = mock.create()
    for content in (b"short", bytes(100_000 // len(names))):
        parts = (f'--XX\r\nContent-Disposition: form-data; name="{name}"; filename="a.wav"\r\n\r\n' for name in names)
        answer = form(mock, session, b"\r\n".join(part.encode() + content for part in parts) + END)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
        message = answer.json()["error"]["message"]
        assert message.startswith("The form has no part named 'file'")
        assert message.endswith(told) if content == b"short" else f"found {told[6:10]}" in message
    assert mock.read(session).json()["audio_files"] == []


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('filename=""', "audio_0"),
        ("x=y", "audio_0"),
        ("filename*=UTF-8''na%C3%AFve.wav", "naïve.wav"),
        ("filename=\"a.wav\"; filename*=UTF-8''b.wav", "b.wav"),
        ('filename="../../x"', "../../x"),
        ('filename="/etc/passwd"', "/etc/passwd"),
    ],
)
def test_a_part_is_named_by_its_filename_and_else_by_its_arrival(mock, parameters, name):
    session = mock.create()
    body = f'--XX\r\nContent-Disposition: form-data; name="file"; {parameters}\r\n\r\n'.encode() + WAV + END
    assert form(mock, session, body).json()["file_name"] == name


def test_a_path_of_windows_in_a_filename_is_text(mock):
    session = mock.create()
    body = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="C:\\fake\\visit.wav"\r\n\r\n' + WAV + END
    answer = form(mock, session, body)
    assert answer.status_code == 200
    assert answer.json()["file_name"].endswith("visit.wav")


def taken(body, cuts, boundary=b"b"):
    """The file in a form that comes cut at these places, or None for none."""
    found, form, last = b"", Form(boundary), 0
    try:
        for cut in (*sorted(cut % (len(body) + 1) for cut in cuts), len(body)):
            form.feed(body[last:cut])
            found += b"".join(form.take())
            last = cut
    except Problem:
        return None
    return found if form.done else None


NEARLY = st.sampled_from([b"\r\n--b", b"--b", b"--", b"-", b"\r", b"\n", b"\r\n", b" ", b"x", b"\t", b"\r\n--c", b":"])


@settings(max_examples=300, deadline=None)
@given(st.lists(NEARLY, max_size=20).map(b"".join), st.lists(st.integers(0, 999), max_size=8))
@example(b"\r\n--", [70, 71, 72, 73, 74])
def test_a_form_is_the_same_however_it_is_cut(content, cuts):
    body = b"pre\r\n--b \r\n" + NAMED + b"\r\n" + content + b"\r\n--b--\r\n"
    assert taken(body, cuts) == taken(body, [])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.lists(NEARLY, max_size=20).map(b"".join).filter(lambda content: b"\r\n--b" not in b"\r\n" + content),
    st.lists(st.integers(0, 999), max_size=8),
)
def test_every_byte_between_two_boundaries_is_the_files(content, cuts):
    body = b"--b\r\n" + NAMED + b"\r\n" + content + b"\r\n--b--\r\n"
    assert taken(body, cuts) == content


def test_a_large_file_passes_as_it_is():
    content = random.Random(2).randbytes(3_000_000)
    body = b"--b\r\n" + NAMED + b"\r\n" + content + b"\r\n--b--\r\n"
    assert taken(body, range(0, len(body), 65_536)) == content
