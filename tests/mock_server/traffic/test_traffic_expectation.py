"""What a test expects of a client holds, or a sentence names the exchange that differs and how."""

from __future__ import annotations

import json

import pytest

from mock_server.traffic.expectation import Expectation, differences

AT = 1_769_500_800.0  # 2026-01-27T08:00:00Z


def exchange(number, operation, came, session="ses_1", **more):
    told = {
        "at": AT + came,
        "ms": 0,
        "came": AT + came,
        "operation": operation,
        "session": session,
        "status": 200,
        "headers": [["x-timezone", "IST"]],
        "sent": "",
        "answered": "",
    }
    return number, {**told, **more}


VISIT = [
    exchange(1, "create", 0, status=201, sent=json.dumps({"templates": ["soap"], "a": {"b": [1, True]}})),
    exchange(2, "upload", 1),
    exchange(3, "upload", 2),
    exchange(4, "end", 3, status=202, answered=json.dumps({"status": "processing"})),
    exchange(5, "get", 4, status=202),
    exchange(6, "get", 4.4, status=202),
    exchange(7, "get", 6, headers=[]),
]
END = "end (#4, 2026-01-27T08:00:03.000Z)"


def verify(exchanges=VISIT, **expected):
    return differences([Expectation(**expected)], exchanges, 50)


@pytest.mark.parametrize(
    "expected",
    [
        {"operation": "end", "times": 1, "after": "upload", "before": "get", "status": "202"},
        {"operation": "upload", "at_least": 2, "at_most": 2, "refused": False, "status": "2xx"},
        {"operation": "get", "not_faster_than": 0.4},
        {"operation": "amend", "times": 0},
        {"times": 7, "refused": False},
        {"operation": "create", "sent": {"templates": ["soap"], "templates.0": "soap", "a.b.1": True}},
        {"operation": "end", "answered": {"status": "processing"}, "headers": {"X-Timezone": None}},
        {"operation": "end", "headers": {"X-TIMEZONE": "IST"}},
        {"operation": "end", "after": "amend"},
    ],
)
def test_what_is_as_expected_differs_in_nothing(expected):
    assert verify(**expected) == []


@pytest.mark.parametrize(
    ("expected", "sentences"),
    [
        ({"operation": "end", "times": 2}, [f"end came once, and exactly twice was expected: {END}."]),
        ({"operation": "amend", "at_least": 1}, ["amend came not at all, and at least once was expected."]),
        ({"at_most": 6}, ["any request came 7 times, and at most 6 times was expected: create (#1, "]),
        (
            {"operation": "upload", "after": "end"},
            [f"upload (#2, 2026-01-27T08:00:01.000Z) did not come after the last end, which is {END}.", "upload (#3, "],
        ),
        ({"operation": "get", "before": "end"}, ["get (#5, ", "get (#6, ", "get (#7, "]),
        (
            {"operation": "get", "not_faster_than": 1},
            ["get (#6, 2026-01-27T08:00:04.400Z) came 0.400 s after get (#5, 2026-01-27T08:00:04.000Z);"],
        ),
        ({"operation": "end", "status": "200"}, [f"{END} was answered 202, and 200 was expected."]),
        ({"operation": "end", "refused": True}, [f"{END} was not refused (202)."]),
        (
            {"operation": "get", "headers": {"X-Timezone": None}},
            ["get (#7, 2026-01-27T08:00:06.000Z) has no"],
        ),
        (
            {"operation": "end", "headers": {"X-Timezone": "CET"}},
            [f"{END} has the header X-Timezone: IST, and CET"],
        ),
        (
            {"operation": "create", "sent": {"a.b.0": True, "a.c": 1, "templates": []}},
            ["sends a.b.0 = 1, and true was", "sends no a.c.", 'sends templates = ["soap"], and [] was expected.'],
        ),
        (
            {"operation": "upload", "answered": {"success": True}},
            ["is answered no success."] * 2,
        ),
    ],
)
def test_what_differs_is_told_with_number_and_time(expected, sentences):
    found = verify(**expected)
    assert len(found) == len(sentences)
    assert [told for told, part in zip(found, sentences, strict=True) if part not in told] == []


def test_a_refusal_is_told_with_its_reason():
    refused = exchange(8, "end", 7, status=409, message="Session 'ses_1' is completed and cannot be ended again.")
    assert verify([*VISIT, refused], refused=False) == [
        "end (#8, 2026-01-27T08:00:07.000Z) was refused (409): Session 'ses_1' is completed and cannot be ended again."
    ]


def test_order_and_pace_are_those_of_a_session():
    other = [exchange(8, "upload", 3.5, "ses_2"), exchange(9, "get", 4.2, "ses_2")]
    assert verify([*VISIT, *other], operation="end", after="upload") == []
    assert verify([*VISIT, *other], operation="get", not_faster_than=0.4) == []
    assert verify([*VISIT, *other], operation="get", times=4) == []


def test_exchanges_are_looked_at_in_the_order_in_which_they_came():
    late = [exchange(4, "end", 3), exchange(5, "upload", 2.5)]  # answered later than the end that came after it
    assert verify(late, operation="end", after="upload") == []
    assert verify([exchange(4, "end", 3), exchange(5, "upload", 3.5)], operation="end", after="upload")


def test_only_so_many_exchanges_are_named_in_a_sentence():
    (told,) = verify([exchange(n, "get", n) for n in range(1, 9)], operation="get", times=1)
    assert told.endswith("get (#5, 2026-01-27T08:00:05.000Z) and 3 more.")


def test_no_more_than_so_many_sentences_are_told_and_each_once():
    expected = [Expectation(operation="get", status="404")] * 3
    assert len(differences(expected, VISIT, 50)) == 3
    assert differences(expected, VISIT, 2) == differences(expected, VISIT, 50)[:2]
