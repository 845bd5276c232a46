"""No two names of audio become one: what is not UTF-8 is refused in a path and told apart in a header."""

from __future__ import annotations

import pytest

from mock_server.api.header import parameters, text
from tests.mock_server.stage import HOST, MINE, SHORT, code_of

NOT_UTF_8 = [
    "%ff",
    "%fe",
    "%C3",
    "%C3%28",
    "%c0%af",
    "%c1%bf",
    "%e0%80%af",
    "%ed%a0%80",
    "%ed%bf%bf",
    "%f4%90%80%80",
    "%f8",
]


def put(mock, session, name):
    url = f"{HOST}/v1/sessions/{session['session_id']}/audio/{name}"
    return mock.send("PUT", url, content=SHORT.read(), headers={"Content-Type": "audio/wav"})


@pytest.mark.parametrize("escapes", NOT_UTF_8)
def test_a_name_that_is_not_utf_8_is_400_and_nothing_is_stored(mock, escapes):
    session = mock.create()
    for name in (f"{escapes}.wav", f"a/{escapes}", escapes.upper()):
        answer = put(mock, session, name)
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
        assert "UTF-8" in answer.json()["error"]["message"]
    told = mock.read(session).json()
    assert (told["status"], told["audio_files"]) == ("created", [])


@pytest.mark.parametrize(
    ("escaped", "name"),
    [("%C3%BF.wav", "ÿ.wav"), ("%EF%BF%BD.wav", "\ufffd.wav"), ("%F0%9F%92%A5", "💥"), ("100%25.wav", "100%.wav")],
)
def test_a_name_in_utf_8_is_stored_as_it_is(mock, escaped, name):
    session = mock.create()
    assert put(mock, session, escaped).json()["file_name"] == name


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/sessions/{}"),
        ("POST", "/v1/sessions/{}/end"),
        ("PUT", "/v1/sessions/{}/audio/x.wav"),
        ("DELETE", "/v1/sessions/{}"),
        ("GET", "/_mock/v1/journal/{}"),
        ("GET", "/{}"),
        ("GET", "/.well-known/{}"),
    ],
)
def test_no_route_has_a_path_that_is_not_utf_8(mock, method, path):
    for escapes in NOT_UTF_8:
        answer = mock.send(method, path.format(escapes), headers={"Origin": HOST})
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
        assert answer.headers["access-control-allow-origin"] == HOST


def sent(mock, session, disposition):
    headers = {"X-API-Key": MINE, "Content-Type": "audio/wav", "Content-Disposition": disposition}
    url = f"{HOST}/v1/sessions/{session['session_id']}/audio"
    answer = mock.run(mock.client.post(url, content=SHORT.read(), headers=headers))
    assert answer.status_code == 200, answer.text
    return answer.json()["file_name"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'attachment; filename="\xff.wav"', b'attachment; filename="\xfe.wav"'),
        (b"attachment; filename*=UTF-8''%ff.wav", b"attachment; filename*=UTF-8''%fe.wav"),
        (b"attachment; filename*=UTF-8''%ed%bf%bf.wav", b"attachment; filename*=UTF-8''%ed%bf%be.wav"),
        (b"attachment; filename*=US-ASCII''%ff.wav", b"attachment; filename*=US-ASCII''%fe.wav"),
        (b"attachment; filename*=nobody''%ff.wav", b"attachment; filename*=nobody''%fe.wav"),
        (b"attachment; filename*=%ff.wav", b"attachment; filename*=%fe.wav"),
        (
            b"attachment; filename*0*=UTF-8''%ff; filename*1=.wav",
            b"attachment; filename*0*=UTF-8''%fe; filename*1=.wav",
        ),
    ],
)
def test_two_names_in_a_header_stay_two(mock, one, other):
    session = mock.create()
    names = [sent(mock, session, disposition) for disposition in (one, other)]
    assert names[0] != names[1]
    assert mock.read(session).json()["audio_files"] == names


def test_a_name_is_the_clients_in_either_coding(mock):
    assert parameters(text(b'a; filename="\xff.wav"')) == parameters(text('a; filename="ÿ.wav"'.encode()))


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "base64", "hex", "unicode_escape", "utf-16", "a\x00b", "ä", "x" * 999]
)
def test_no_charset_breaks_a_header(charset):
    assert isinstance(parameters(f"a; filename*={charset}''%ff.wav")[1]["filename"], str)
