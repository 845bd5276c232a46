"""The face of revision 2026-01-29: what ends a session says how many files were sent, and another number is a loss."""

from __future__ import annotations

import asyncio

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import scribe_data
from tests.mock_server.stage import Mock, code_of, started

SPEC = scribe_data.load("medscribe", "2026-01-29")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with asyncio.Runner() as runner:
        server = started(tmp_path_factory.mktemp("data"), revision=SPEC.revision)
        app, client = runner.run(server.__aenter__())
        yield Mock(runner, app, client)
        runner.run(server.__aexit__(None, None, None))


@pytest.mark.parametrize("body", [None, {}, {"audio_files_uploaded": 1}])
def test_an_end_without_a_count_is_refused_and_leaves_the_session_open(mock, body):
    session = mock.create()
    mock.upload(session)
    answer = mock.end(session, **({} if body is None else {"json": body}))
    assert (answer.status_code, code_of(answer)) == (400, "missing_required_field")
    assert answer.json()["error"]["details"] == {"field": "audio_files_sent"}
    assert mock.read(session).json()["status"] == "recording"
    assert mock.end(session, json={"audio_files_sent": 1}).status_code == 202


@pytest.mark.parametrize("count", ["1", 1.5, -1, True, [1], None])
def test_a_count_that_is_none_is_refused(mock, count):
    session = mock.create()
    for _ in range(2):
        answer = mock.end(session, json={"audio_files_sent": count})
        assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "audio_files_sent")
        mock.end(session, json={"audio_files_sent": 0})


@pytest.mark.parametrize(("sent", "state"), [(1, 200), (3, 206), (0, 206)])
def test_another_count_than_what_arrived_is_a_loss(mock, sent, state):
    session = mock.create()
    mock.upload(session)
    mock.end(session, json={"audio_files_sent": sent})
    answer = mock.settled(session)
    assert answer.status_code == state
    losses = [loss["type"] for loss in answer.json().get("processing_errors", ())]
    assert losses == ([] if state == 200 else ["audio_files_missing"])


def test_what_is_ended_unknown_or_expired_is_told_before_the_missing_count(mock):
    ended, late = mock.create(), mock.create()
    mock.end(ended, json={"audio_files_sent": 0})
    assert mock.end(ended).status_code in (202, 400)
    assert code_of(mock.end({"session_id": "ses_unknown000000000"})) == "session_not_found"
    mock.advance(4000)
    assert code_of(mock.end(late)) == "session_expired"


def test_discovery_has_what_the_schema_of_the_revision_wants(mock):
    found = mock.get("/.well-known/medscribealliance", key=None).json()
    assert [error.message for error in Draft202012Validator(SPEC.schemas["discovery"]).iter_errors(found)] == []


def test_the_openapi_document_is_that_of_the_revision(mock):
    given = mock.get("/openapi.json", key=None).json()
    OpenAPIV31SpecValidator(given).validate()
    assert given["info"]["description"].startswith("Revision 2026-01-29.")
    assert "audio_files_sent" in str(given["components"]["schemas"]["end_request"])
