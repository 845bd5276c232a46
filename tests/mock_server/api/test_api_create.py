"""(6.2) POST /sessions: what is taken in which form, and what bad input gets."""

from __future__ import annotations

import json
import string
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mock_server.stage import BODY, HOST, code_of, keeps

ODD_DATA = {
    "nested": {"a": [1, {"b": None}], "": {}},
    "numbers": [0, -1, 1.5, 1.0, 1e300, 5e-324, 2**53 + 1, -(10**30)],
    "text": 'Zoë 𝕏 \u0000 " \\ / \u2028 ﷽',
    "long": "x" * 5000,
    "no": [None, False, [], {}],
}


def sessions_of(mock):
    return [seen for seen in mock.get("/_mock/v1/requests").json()["requests"] if seen["status"] == 201]


def test_a_session_is_created_with_five_members_and_a_place(mock):
    answer = mock.post("/v1/sessions", json=BODY)
    body = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert keeps("create_response", body)
    assert list(body) == ["session_id", "status", "created_at", "expires_at", "upload_url"]
    assert body["upload_url"] == f"{HOST}/v1/sessions/{body['session_id']}/audio"
    assert answer.headers["location"] == f"{HOST}/v1/sessions/{body['session_id']}"


@pytest.mark.parametrize(("model", "limit"), [("lite", 600), ("pro", 3600), (None, 600)])
def test_a_session_lives_exactly_as_long_as_its_model_allows(mock, model, limit):
    body = {name: value for name, value in BODY.items() if name != "model"} | ({"model": model} if model else {})
    session = mock.post("/v1/sessions", json=body).json()
    created, expires = (datetime.fromisoformat(session[name]) for name in ("created_at", "expires_at"))
    assert (expires - created).total_seconds() == limit


@pytest.mark.parametrize(
    "changes",
    [
        {"templates": ["soap", "medications", "vitals"]},
        {"templates": []},
        {"templates": ["soap", "soap"]},
        {"templates": ["nobody-lists-this"]},
        {"language_hint": "hi"},
        {"language_hint": ["hi", "EN"]},
        {"language_hint": []},
        {"transcript_language": "en"},
        {"transcript_language": ["en"]},
        {"upload_type": "single"},
        {"communication_protocol": "websocket"},
        {"additional_data": {}},
        {"session_mode": "x", "patient_details": {"age": 7}, "txn_id": None},
    ],
    ids=str,
)
def test_a_form_that_some_part_of_the_text_shows_is_taken(mock, changes):
    assert mock.create(**changes)["status"] == "created"


@pytest.mark.parametrize("member", ["upload_type", "communication_protocol", "model"])
def test_what_only_the_schema_requires_may_be_left_out(mock, member):
    body = {name: value for name, value in BODY.items() if name != member}
    assert mock.post("/v1/sessions", json=body).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"templates": None}, "templates"),
        ({"templates": "soap"}, "templates"),
        ({"templates": {"soap": True}}, "templates"),
        ({"templates": ["soap", 5]}, "templates"),
        ({"templates": [""]}, "templates"),
        ({"templates": ["x" * 129]}, "templates"),
        ({"templates": [f"t{n}" for n in range(33)]}, "templates"),
        ({"model": "no-such-model"}, "model"),
        ({"model": 5}, "model"),
        ({"model": None}, "model"),
        ({"model": ["lite"]}, "model"),
        ({"language_hint": "english"}, "language_hint"),
        ({"language_hint": ["toolong"]}, "language_hint"),
        ({"language_hint": [5]}, "language_hint"),
        ({"language_hint": {"en": 1}}, "language_hint"),
        ({"language_hint": None}, "language_hint"),
        ({"language_hint": ["en"] * 17}, "language_hint"),
        ({"transcript_language": 1}, "transcript_language"),
        ({"transcript_language": ["e\n"]}, "transcript_language"),
        ({"upload_type": "carrier-pigeon"}, "upload_type"),
        ({"upload_type": "stream"}, "communication_protocol"),
        ({"upload_type": ["chunked"]}, "upload_type"),
        ({"upload_type": None}, "upload_type"),
        ({"communication_protocol": "smoke"}, "communication_protocol"),
        ({"communication_protocol": True}, "communication_protocol"),
        ({"additional_data": ["a"]}, "additional_data"),
        ({"additional_data": "a"}, "additional_data"),
        ({"additional_data": 5}, "additional_data"),
        ({"additional_data": None}, "additional_data"),
        ({"additional_data": {"much": "x" * 65_536}}, "additional_data"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(mock, changes, field):
    answer = mock.post("/v1/sessions", json=BODY | changes)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert answer.json()["error"]["details"] == {"field": field}
    assert field in answer.json()["error"]["message"]
    assert not sessions_of(mock)


def test_a_missing_field_is_told_apart_and_named(mock):
    answer = mock.post("/v1/sessions", json={"upload_type": "chunked"})
    assert (answer.status_code, code_of(answer)) == (400, "missing_required_field")
    assert answer.json()["error"]["details"] == {"field": "templates"}


def deep(levels, opening='{"templates":["soap"],"additional_data":{"a":', closing="}}"):
    return (opening + "[" * levels + "]" * levels + closing).encode()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not valid JSON"),
        (b'{"templates": ["soap"', "not valid JSON"),
        (b'{"templates": ["soap"],}', "not valid JSON"),
        (b"{'templates': ['soap']}", "not valid JSON"),
        (b'{"templates": ["soap"]} x', "not valid JSON"),
        (b'\xef\xbb\xbf{"templates": ["soap"]}', "begins with a byte order mark"),
        (b'{"templates": ["soap"], "templates": ["vitals"]}', "'templates' more than once"),
        (b'{"templates": ["soap"], "templates": ["soap"]}', "'templates' more than once"),
        (b'{"templates": ["soap"], "additional_data": {"a": 1, "b": 2, "a": 3}}', "'a' more than once"),
        (b'{"templates": ["soap"], "additional_data": {"a": [{"b\xc3\xbc": 1, "b\\u00fc": 2}]}}', "more than once"),
        (b'["soap"]', "of type array"),
        (b'"soap"', "of type string"),
        (b"5", "of type number"),
        (b"true", "of type boolean"),
        (b"null", "of type null"),
        (b'{"templates": ["soap"], "additional_data": {"a": NaN}}', "NaN"),
        (b'{"templates": ["soap"], "additional_data": {"a": -Infinity}}', "Infinity"),
        (b'{"templates": ["soap"], "additional_data": {"a": 1e999}}', "range of a double"),
        (b'{"templates": ["soap"], "additional_data": {"a": 1' + b"0" * 5000 + b"}}", "too long"),
        (b'{"templates": ["\\ud800"]}', "surrogate"),
        (b'{"templates": ["soap"], "additional_data": {"\\udfff": 1}}', "surrogate"),
        (b'{"templates": ["so\x00ap"]}', "not valid JSON"),
        (b'{"templates": ["\xff"]}', "not UTF-8"),
        ('{"templates": ["soap"]}'.encode("utf-16"), "not UTF-8"),
        (deep(49), "deeper than 50"),
        (b"[" * 200_000, "deeper than 50"),
        (b'{"a":' * 100_000, "deeper than 50"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_json_object_is_refused_with_the_reason(mock, body, told):
    answer = mock.post("/v1/sessions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert told in answer.json()["error"]["message"]
    assert not sessions_of(mock)


def test_depth_is_counted_outside_of_strings_only(mock):
    data = {"brackets": "[" * 500, "quoted": '\\"[{' * 100}
    session = mock.create(additional_data=data)
    assert mock.read(session).json()["additional_data"] == data
    assert mock.post("/v1/sessions", content=deep(48)).status_code == 201


@pytest.mark.parametrize("label", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_media_type_is_refused(mock, label):
    answer = mock.post("/v1/sessions", content=json.dumps(BODY), headers={"Content-Type": label})
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert label in answer.json()["error"]["message"]


@pytest.mark.parametrize("label", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json", None])
def test_json_by_any_of_its_names_is_taken(mock, label):
    headers = {"Content-Type": label} if label else {}
    assert mock.post("/v1/sessions", content=json.dumps(BODY), headers=headers).status_code == 201


def test_a_body_over_the_limit_is_413_whether_it_says_so_or_not(mock):
    much = b" " * (mock.face.settings.max_json_bytes + 1)

    async def unannounced():
        yield much

    for content in (much, unannounced()):
        answer = mock.post("/v1/sessions", content=content)
        assert (answer.status_code, code_of(answer)) == (413, "invalid_request")
        assert answer.headers["connection"] == "close"


def test_additional_data_comes_back_as_it_was(mock):
    session = mock.create(additional_data=ODD_DATA)
    assert json.dumps(mock.read(session).json()["additional_data"]) == json.dumps(ODD_DATA)


def test_64_kilobytes_of_additional_data_are_taken(mock):
    data = {"much": "ü" * 32_000}
    assert mock.read(mock.create(additional_data=data)).json()["additional_data"] == data


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = [*BODY, "language_hint", "transcript_language", "additional_data", "unknown"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(st.sampled_from(MEMBERS), ANYTHING, max_size=4),
    gone=st.sets(st.sampled_from(list(BODY)), max_size=2),
)
def test_no_value_in_any_member_is_more_than_the_server_can_take(mock, changes, gone):
    body = {name: value for name, value in (BODY | changes).items() if name not in gone}
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    answer = mock.post("/v1/sessions", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (201, 400)
    assert answer.status_code == 201 or code_of(answer) in ("invalid_request", "missing_required_field")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(string.printable + '[]{}":,\\', max_size=200).map(str.encode))
def test_no_bytes_are_more_than_the_server_can_take(mock, content):
    answer = mock.post("/v1/sessions", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    # an object is well-formed, and only lacks what every part of the text requires
    lacking = content.lstrip().startswith(b"{") and code_of(answer) == "missing_required_field"
    assert lacking or code_of(answer) == "invalid_request"
