"""What tells by itself that a failure is seen again, and what also an honest answer shows."""

from __future__ import annotations

import pytest

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
