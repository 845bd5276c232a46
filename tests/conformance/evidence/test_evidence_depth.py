"""What a service says may be nested as deep as it likes: readers of the kit go as far as each other, and no further."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from conformance.checks.prsm.files import _json
from conformance.checks.session_manager.timeline import _line
from conformance.evidence.exchange import NOT_JSON, Request, Response
from conformance.evidence.recorded import _is_json
from conformance.evidence.redaction import _parsed
from conformance.evidence.socket import Frame
from conformance.exports.hooks import _code
from conformance.fuzz.mutations import json_or_none
from conformance.given import Unreadable, json_of
from scribe_data.nesting import DEEPEST


def nested(levels):
    """An object that is so deep."""
    return ('{"x":' * levels + "0" + "}" * levels).encode()


def taken_from_a_file(tmp_path, content):
    try:
        return json_of(tmp_path / "told.json", content) is not None
    except Unreadable as error:
        return "is nested too deeply" not in str(error)


READERS = {
    "a request": lambda _, body: Request("POST", "http://127.0.0.1:1/", (), body).json is not NOT_JSON,
    "an answer": lambda _, body: Response(200, (), body).json is not NOT_JSON,
    "a message of a socket": lambda _, body: Frame("server", "text", len(body), body, 0.0).json is not None,
    "a recorded body": lambda _, body: _is_json(body),
    "a body without secrets": lambda _, body: _parsed(body) is not None,
    "a file": taken_from_a_file,
    "an exported report": lambda _, body: _json(Response(200, (), body)) is None,
    "a line of a log": lambda _, body: _line(body.decode()).value is not None,
    "a body that is drawn": lambda _, body: json_or_none(body) is not None,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_of_the_kit_goes_so_far_and_no_further(reader, tmp_path):
    read = READERS[reader]
    assert read(tmp_path, nested(DEEPEST))
    assert not read(tmp_path, nested(DEEPEST + 1))
    assert not read(tmp_path, nested(20_000))


def test_a_refusal_that_schemathesis_shows_to_the_hooks_may_be_deep(monkeypatch):
    def exhausted(_):
        raise RecursionError

    monkeypatch.setattr(json, "loads", exhausted)
    assert _code(SimpleNamespace(status_code=400, content=nested(20_000))) is None
