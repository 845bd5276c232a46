"""Why a request was refused: a line each for whoever watches, outlines for the namespace, and no secret in either."""

from __future__ import annotations

import logging
from base64 import b64encode, urlsafe_b64encode

import pytest

from mock_server.api.redaction import HIDDEN, query, shown
from mock_server.api.trail import trail
from tests.mock_server.stage import BODY, LIVE, MINE, OTHERS, code_of

#: Not the key of anybody here.
STRANGE = "Zx81-9f3c2b7d"


@pytest.fixture
def lines(mock, caplog):
    """The lines printed so far."""
    with caplog.at_level(logging.INFO, logger=trail.name):
        yield lambda: [record.getMessage() for record in caplog.records if record.name == trail.name]


def b64(text):
    return b64encode(text.encode()).decode()


def b64url(text):
    return urlsafe_b64encode(text.encode()).decode()


def hexadecimal(text):
    return text.encode().hex()


def last(mock, key=MINE):
    return mock.get("/_mock/v1/requests", key=key).json()["requests"][-1]


@pytest.mark.parametrize(
    ("method", "path", "given", "told"),
    [
        ("GET", "/v1/templates", {}, "GET /v1/templates 200 - -"),
        ("GET", "/v1/templates", {"key": None}, "401 authentication_failed - A credential is required."),
        ("GET", "/v1/templates", {"key": "sk_test_nobody"}, "401 invalid_api_key - The API key is not valid."),
        ("GET", "/nowhere", {}, "GET /nowhere 404 invalid_request - There is no resource at '/nowhere'."),
        ("PUT", "/v1/sessions", {}, "PUT /v1/sessions 405 invalid_request - PUT is not offered"),
        ("OPTIONS", "/v1/sessions", {"key": None}, "OPTIONS /v1/sessions 204 - -"),
        ("POST", "/v1/sessions", {"json": {}}, "400 missing_required_field - [templates] The required field"),
        ("GET", "/v1/sessions/ses_x", {}, "404 session_not_found ses_x There is no session 'ses_x'."),
        ("GET", "/v1/templates?version=2&x=1&y", {}, f"GET /v1/templates?version=2&x=…&{HIDDEN} 200"),
    ],
)
def test_every_request_has_a_line_that_says_why(mock, lines, method, path, given, told):  # noqa: PLR0917 - a table
    mock.send(method, path, **given)
    (line,) = lines()
    assert told in line


def test_a_line_names_the_session_that_was_made_and_how_it_stands(mock, lines):
    session = mock.create()
    mock.read(session)
    assert [line.split()[2:5] for line in lines()] == [
        ["201", "created", session["session_id"]],
        ["202", "created", session["session_id"]],
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/a%1b%5b2J",
        "/a%0d%0aGET%20/forged%20200",
        "/%e2%80%ae%e2%80%a8x",
        "/%c2%85%c2%9b",
        "/" + "x" * 5000,
        "/?a%0ab=%1b&%1b",
    ],
)
def test_a_line_is_one_line_whatever_it_is_about(mock, lines, path):
    mock.get(path)
    (line,) = lines()
    assert line.isprintable()
    assert len(line) < 700


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/templates?api_key={STRANGE}",
        f"/v1/templates?token={STRANGE}&a=b",
        f"/v1/templates?X-API-Key={STRANGE}",
        f"/v1/templates?{STRANGE}",
        f"/v1/templates?template_id=key:{STRANGE}",
        f"/v1/templates?q=%7B%22key%22%3A%22{STRANGE}%22%7D",
        f"/v1/nowhere;api_key={STRANGE}",
        f"/v1/api_key/{STRANGE}",
        f"/v1/Bearer%20{STRANGE}",
        f"/v1/Authorization%3A%20Bearer%20{STRANGE}",
        f"/v1/access_token%3D{STRANGE}",
        f"/v1/access_token%253D{STRANGE}",
    ],
)
@pytest.mark.parametrize("key", [None, MINE])
def test_no_secret_is_in_a_line_or_an_outline_however_it_came(mock, lines, path, key):
    mock.get(path, key=key)
    assert STRANGE not in "".join(lines())
    assert STRANGE not in mock.get("/_mock/v1/requests").text


@pytest.mark.parametrize(
    "path", ["/v1/{}", "/v1/sessions/{}", "/x%20{}", "/v1/sessions/x/audio/{}.wav", "/docs?version={}"]
)
@pytest.mark.parametrize("secret", [MINE, LIVE, OTHERS, STRANGE, "sk_test_strangers_9", "eyJhbGciOi.eyJzdWIi.c2ln"])
def test_no_key_is_shown_where_it_does_not_belong(mock, lines, path, secret):
    key = STRANGE if secret == STRANGE else MINE  # what nobody could know for a key is one by its place in the header
    mock.get(path.format(secret), key=key)
    mock.get(path.format(secret.replace("_", "%255F")), key=key)
    assert secret not in "".join(lines())
    assert secret not in mock.get("/_mock/v1/requests").text


def test_nothing_is_printed_unless_somebody_watches(mock, caplog):
    mock.get("/v1/templates")
    assert [record for record in caplog.records if record.name == trail.name] == []


@pytest.mark.parametrize("spelling", [b64, b64url, hexadecimal, lambda text: hexadecimal(text).upper()])
def test_no_key_of_a_request_is_shown_as_an_encoder_writes_it(mock, lines, spelling):
    said = spelling(MINE)
    for path in (f"/v1/sessions/{said}", f"/v1/sessions/x{said}y", f"/v1/templates?template_id={said}"):
        mock.get(path)
    told = "".join(lines()) + mock.get("/_mock/v1/requests").text + mock.get("/_mock/v1/traffic").text
    assert said.rstrip("=")[: len(MINE) // 3 * 4] not in told


@pytest.mark.parametrize("text", ["/v1/sessions/ses_0123456789abcdef/audio/key_1.wav", "/docs", "/ünïcode 1.wav"])
def test_ordinary_text_is_shown_as_it_is(text):
    assert shown(text, {MINE, "k"}, 200) == text


def test_a_text_is_cut_only_after_its_secrets_are_out_of_it():
    for place in range(150, 205):
        assert "sk_test_ab" not in shown("x" * place + "/sk_test_abcdefghijklmnop", set(), 200)


def test_a_query_is_bounded():
    assert len(query(b"&".join(b"a%d=%s" % (n, b"x" * 100) for n in range(1000)), set())) < 300


@pytest.mark.parametrize(
    ("method", "path", "given", "code", "field"),
    [
        ("POST", "/v1/sessions", {"json": {}}, "missing_required_field", "templates"),
        ("POST", "/v1/sessions", {"json": BODY | {"model": "huge"}}, "invalid_request", "model"),
        ("POST", "/v1/sessions", {"content": b"{"}, "invalid_request", None),
        ("GET", "/v1/sessions/ses_x", {}, "session_not_found", None),
        ("GET", "/v1/templates", {"headers": {"MSA-Version": "9"}}, "unsupported_version", None),
        ("GET", "/nowhere", {}, "invalid_request", None),
        ("DELETE", "/v1/sessions/x", {}, "invalid_request", None),
        ("DELETE", "/docs", {}, "invalid_request", None),
        ("DELETE", "/_mock/v1/clock", {}, "invalid_request", None),
    ],
)
def test_a_namespace_sees_its_refusals_with_their_reason(mock, method, path, given, code, field):  # noqa: PLR0917 - a table
    answer = mock.send(method, path, **given)
    seen = last(mock)
    assert (seen["method"], seen["path"], seen["status"]) == (method, path, answer.status_code)
    assert (seen["code"], seen["field"], seen["message"]) == (code, field, answer.json()["error"]["message"])
    assert code_of(answer) == code
    assert mock.get("/_mock/v1/requests", key=OTHERS).json()["requests"] == []


def test_what_was_not_refused_has_no_reason(mock):
    mock.create()
    assert {name: last(mock)[name] for name in ("code", "message", "field")} == dict.fromkeys(
        ("code", "message", "field")
    )


@pytest.mark.parametrize("key", [None, "sk_test_nobody"])
def test_a_stranger_is_in_nobodys_list(mock, key):
    for path in ("/v1/templates", "/nowhere"):
        mock.get(path, key=key)
    assert mock.get("/_mock/v1/requests").json()["requests"] == []
