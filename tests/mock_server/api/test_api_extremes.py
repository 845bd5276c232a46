"""(E81) Every field at its extremes: refused by its name, or kept as it was sent; never an error of the server."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import quote

import pytest

from tests.mock_server.stage import BODY, MINE, SHORT, code_of

WAV = SHORT.read()


def nested(levels):
    return "[" * levels + "]" * levels


#: As JSON text: numbers no column holds, strings no column or encoding holds, and shapes.
EXTREMES = {
    "2^53": str(2**53),
    "2^63 - 1": str(2**63 - 1),
    "2^63": str(2**63),
    "2^64": str(2**64),
    "-2^63 - 1": str(-(2**63) - 1),
    "400 digits": "1" * 400,
    "4300 digits": "9" * 4300,
    "4301 digits": "9" * 4301,
    "minus 5000 digits": "-" + "9" * 5000,
    "2^63 as a double": "9223372036854775808.0",
    "1e19": "1e19",
    "1e300": "1e300",
    "-1e308": "-1e308",
    "1e400": "1e400",
    "-1e400": "-1e400",
    "1e999999999999": "1e999999999999",
    "tiny": "5e-324",
    "less": "1e-400",
    "-0": "-0",
    "-0.0": "-0.0",
    "NUL": '"\\u0000"',
    "NUL inside": '"a\\u0000b"',
    "control": '"\\u001b[2J\\u0085\\u202e"',
    "surrogate": '"\\ud800"',
    "surrogates the wrong way": '"\\udc00\\ud800"',
    "a pair": '"\\ud834\\udd1e"',
    "no character": '"\\uffff"',
    "100 kB": json.dumps("x" * 100_000),
    "900 kB": json.dumps("ü" * 450_000, ensure_ascii=False),
    "40 deep": nested(40),
    "60 deep": nested(60),
    "10000 deep": nested(10_000),
    "100000 long": "[" + "0," * 100_000 + "0]",
    "strings": json.dumps(["\0", "x" * 128]),
    "keys": json.dumps({"\0": 1, "__proto__": 2, "": 3, "k" * 1000: 4}),
    "a surrogate as key": '{"\\ud800": 1}',
}
extreme = pytest.mark.parametrize("value", EXTREMES.values(), ids=EXTREMES)


def put_json(mock, path, members, method="POST"):
    text = "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in members.items()) + "}"
    return mock.send(method, path, content=text.encode(), headers={"Content-Type": "application/json"})


def refusal(answer, field=None):
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request"), answer.text[:300]
    assert len(answer.content) < 1000
    told = answer.json()["error"].get("details")
    assert told is None or field is None or told["field"] == field
    return answer.json()["error"]["message"]


def well(mock, session):
    """Whether everything that shows a session can show it."""
    journal = mock.get(f"/_mock/v1/journal/{session['session_id']}")
    assert (journal.status_code, mock.get("/_mock/v1/requests").status_code) == (200, 200)
    assert mock.read(session).status_code in (200, 202, 206)
    return True


@pytest.mark.parametrize("field", [*BODY, "language_hint", "transcript_language", "additional_data", "unknown"])
@extreme
def test_any_member_of_an_order_is_kept_or_refused(mock, field, value):
    answer = put_json(mock, "/v1/sessions", {name: json.dumps(v) for name, v in BODY.items()} | {field: value})
    if answer.status_code == 201:
        assert well(mock, answer.json())
        # the rest of JSON has no value that is kept for a member of the protocol
        assert field in ("unknown", "additional_data", "templates", "language_hint", "transcript_language")
    else:
        refusal(answer, field)


@pytest.mark.parametrize("shape", ['{"a": %s}', '{"a": {"b": [1, %s]}}'])
@extreme
def test_a_value_in_additional_data_comes_back_as_it_was_or_is_refused(mock, shape, value):
    sent = shape % value
    body = {name: json.dumps(v) for name, v in BODY.items()} | {"additional_data": sent}
    answer = put_json(mock, "/v1/sessions", body)
    if answer.status_code == 400:
        refusal(answer, "additional_data")
        return
    back = mock.read(answer.json()).json()["additional_data"]
    assert json.dumps(back) == json.dumps(json.loads(sent))


@pytest.mark.parametrize("shape", ["auto", "array"])
@pytest.mark.parametrize("field", ["audio_files_sent", "audio_files_uploaded"])
@extreme
def test_a_count_is_a_number_of_files_or_refused(mock, field, value, shape):
    mock.set(templates_shape=shape)
    session = mock.create()
    answer = put_json(mock, f"/v1/sessions/{session['session_id']}/end", {field: value})
    taken = value in ("-0", "-0.0", "1e-400")
    assert answer.status_code == (202 if taken else 400)
    assert taken or refusal(answer, field)
    assert well(mock, session)
    assert mock.read(session).json()["status"] != "created" if taken else mock.upload(session).status_code == 200


@pytest.mark.parametrize("field", ["audio_files_sent", "audio_files_uploaded"])
@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("0", 0), ("-0.0", 0), ("1.0", 1), ("1e0", 1), ("10e-1", 1), ("1E+0", 1), ("0.1e1", 1), ("3e2", 300)),
        *((str(2**53 - 1), 2**53 - 1), ("9007199254740991.0", 2**53 - 1), ("null", None)),
    ],
)
def test_a_whole_number_is_an_integer_however_it_is_written(mock, field, written, number):
    session = mock.create()
    mock.upload(session)
    assert put_json(mock, f"/v1/sessions/{session['session_id']}/end", {field: written}).status_code == 202
    stored = mock.run(mock.face.service.get("mine", session["session_id"]))[0]
    assert stored.audio_files_sent == (number if field == "audio_files_sent" else None)
    assert mock.settled(session).status_code in (200, 206)
    shown = mock.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]
    assert [line["detail"]["audio_files_sent"] for line in shown if line["kind"] == "ended"] == [
        number if field == "audio_files_sent" else None
    ]


@pytest.mark.parametrize("field", ["audio_files_sent", "audio_files_uploaded"])
@pytest.mark.parametrize("written", ["1.5", "-1", "-1.0", "1e-1", '"1"', '"1.0"', "true", "false", "[1]", "{}", '""'])
def test_what_is_no_whole_number_is_refused_by_its_field(mock, field, written):
    session = mock.create()
    answer = put_json(mock, f"/v1/sessions/{session['session_id']}/end", {field: written})
    assert "integer" in refusal(answer, field)
    assert answer.json()["error"]["details"] == {"field": field}
    assert mock.read(session).json()["status"] == "created"


@extreme
def test_a_clock_is_moved_or_the_number_is_refused(mock, value):
    before = mock.get("/_mock/v1/clock").json()
    answer = put_json(mock, "/_mock/v1/clock", {"advance_seconds": value})
    if value not in ("-0", "-0.0", "5e-324", "1e-400"):
        refusal(answer, "advance_seconds")
    assert mock.get("/_mock/v1/clock").json()["now"][:15] == before["now"][:15]


@pytest.mark.parametrize("seconds", ["1.0", "1e0", "60", "0.5"])
def test_a_clock_takes_seconds_however_they_are_written(mock, seconds):
    assert put_json(mock, "/_mock/v1/clock", {"advance_seconds": seconds}).status_code == 200


@pytest.mark.parametrize("name", ["x" * 60_000, "%00", "a%00b", "..", "%0D%0A", "%F0%9D%84%9E", "\u202e", "ses_" * 99])
@pytest.mark.parametrize("rest", ["", "/end", "/audio", "/audio/a.wav"])
def test_an_id_of_no_session_is_404_and_goes_no_further(mock, name, rest):
    path = f"/v1/sessions/{name if name.isascii() else quote(name)}{rest}"
    answer = mock.send("POST" if rest else "GET", path, content=b"{}" if rest else None)
    assert answer.status_code in (404, 405)
    assert len(answer.content) < 2000
    told = mock.get("/_mock/v1/requests")
    assert len(told.content) < 5000


@pytest.mark.parametrize("where", ["part", "part*", "path", "disposition", "index"])
@pytest.mark.parametrize(
    "name", ["\0", "a\0b", "\ud800", "\x1b[2J", "x" * 255, "x" * 256, "x" * 60_000, "𝄞" * 255, " ", "\uffff", "9" * 200]
)
def test_a_file_name_is_shown_as_it_was_or_refused(mock, where, name):
    session, encoded = mock.create(), quote(name.encode("utf-8", "surrogatepass"), safe="")
    url, text = session["upload_url"], name.encode("utf-8", "surrogatepass")
    if where.startswith("part"):
        named = b"filename*=UTF-8''" + encoded.encode() if "*" in where else b'filename="' + text + b'"'
        body = b'--XX\r\nContent-Disposition: form-data; name="file"; ' + named + b"\r\n\r\n" + WAV + b"\r\n--XX--\r\n"
        answer = mock.post(url, content=body, headers={"Content-Type": "multipart/form-data; boundary=XX"})
    else:
        headers = {
            "disposition": {"Content-Disposition": b"attachment; filename*=UTF-8''" + encoded.encode()},
            "index": {"X-Chunk-Index": text},
        }.get(where, {})
        answer = mock.send("PUT", f"{url}/{encoded}" if where == "path" else url, content=WAV, headers=headers)
    if answer.status_code == 200:
        shown = answer.json()["file_name"]
        # what is not text in UTF-8 is not a name: another is found for it, or its bytes are read in an older way
        assert shown in (name, "audio_0", name.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
        assert mock.read(session).json()["audio_files"] == [shown]
    else:
        refusal(answer)
        assert mock.read(session).json()["audio_files"] == []
    assert well(mock, session)


@pytest.mark.parametrize("label", ["audio/wav; x=" + "y" * 60_000, "audio/wav; \0", "audio/wav; \ud800", "z" * 60_000])
def test_a_label_is_stored_no_longer_than_it_has_to_be(mock, label):
    session, sent = mock.create(), label.encode("utf-8", "surrogatepass")
    answer = mock.send("PUT", session["upload_url"] + "/a", content=WAV, headers={"Content-Type": sent})
    assert answer.status_code in (200, 400)
    assert len(answer.content) < 1000
    stored = mock.run(mock.face.service.get("mine", session["session_id"]))[0].files
    assert all(re.fullmatch(r"[^\x00-\x1f\x7f-\x9f]{1,200}", file.content_type) for file in stored)


def test_ids_of_templates_at_their_extremes_are_answered_by_their_own_names(mock):
    ids = ["\0", "a\0b", "x" * 128, "𝄞" * 128, "\u202e", "__proto__", '"', "\uffff"]
    body = mock.processed(WAV, templates=ids).json()
    assert sorted(body["templates"]) == sorted(ids)


def test_a_count_too_large_of_one_client_costs_no_other_its_end(mock):
    """Changes that wait at once are committed as one: a number the database refuses would take the others with it."""
    sessions = [mock.create() for _ in range(8)]

    async def together():
        ends = (f"http://mock.example/v1/sessions/{session['session_id']}/end" for session in sessions)
        sent = ({"audio_files_sent": 2**64 if number % 2 else 1} for number in range(8))
        asked = (
            mock.client.post(end, json=body, headers={"X-API-Key": MINE}) for end, body in zip(ends, sent, strict=True)
        )
        return await asyncio.gather(*asked)

    assert [answer.status_code for answer in mock.run(together())] == [202, 400] * 4
