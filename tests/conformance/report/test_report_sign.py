"""What tells by itself that a failure is seen again, and what also an honest answer shows."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace

import pytest

from conformance.evidence.socket import SAMPLES, UNCLOSED, Socket, Turn
from conformance.finding import violates
from conformance.report.sign import signs
from tests.conformance.checks.builders import Tape, error


def decides(status, document, **finding):
    x = Tape().heard("get", status, document, session="one")
    return any(sign.decides for sign in signs(x, violates(x, "It is wrong.", **finding)))


@pytest.mark.parametrize(
    ("status", "document", "finding"),
    [
        (200, {}, {"expected": "202", "actual": 200}),
        (400, error("invalid_request"), {"expected": [200], "actual": 400}),
        (401, {"detail": "no"}, {"expected": "401 authentication_failed", "actual": "401 without a code"}),
        (401, error("forbidden"), {"expected": "401 authentication_failed", "actual": "401 forbidden"}),
        (401, error("forbidden"), {"expected": "authentication_failed", "actual": "forbidden"}),
        (200, {"status": "failed"}, {"expected": "200 and error", "actual": 200, "pointer": "/error"}),
    ],
)
def test_what_an_honest_answer_does_not_show_decides(status, document, finding):
    assert decides(status, document, **finding)


@pytest.mark.parametrize(
    ("status", "document", "finding"),
    [
        (200, {"status": "failed"}, {"expected": "200 and error", "actual": 200}),
        (401, error("forbidden"), {"expected": "401 with details", "actual": 401}),
        (404, error("session_not_found"), {"expected": ["404", "410"], "actual": "404"}),
    ],
)
def test_a_status_that_would_be_right_too_does_not(status, document, finding):
    assert not decides(status, document, **finding)


def shown(seen, **finding):
    x = Tape().heard("other", 101, session="one", probe="audio over a socket", socket=seen, graded=False)
    return {sign.python(): sign.decides for sign in signs(x, violates(x, "It is wrong.", **finding))}


def test_a_code_that_is_wrong_decides_and_one_that_is_right_beside_what_is_wrong_does_not():
    closed = Socket((), 52, 0, "server", 1000)
    assert shown(closed, expected=4000, actual=1000)["answer.code == 1000"]
    assert not shown(replace(closed, heard=2), expected=0, actual=2)["answer.code == 1000"]


def test_a_socket_that_nobody_closes_is_told_by_that():
    assert shown(Socket((), 52, 0), expected=1000, actual=UNCLOSED)["answer.code == None"]


def test_samples_go_as_they_are_or_inside_a_message():
    turn = Turn(0, recording="short", begin=2, end=8, size=4)
    assert list(turn.messages(b"0123456789")) == [b"2345", b"67"]
    inside = replace(turn, inside=f'{{"payload": "{SAMPLES}"}}')
    assert [b64decode(json.loads(each)["payload"]) for each in inside.messages(b"0123456789")] == [b"2345", b"67"]
    assert list(Turn(0, "over").messages(b"")) == ["over"]
    assert Turn(**inside.document()) == inside
