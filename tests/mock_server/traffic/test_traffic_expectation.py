"""What a test expects of a client holds, or a sentence names the exchange that differs and how."""

from __future__ import annotations

import json

import pytest

from mock_server.traffic.expectation import Expectation, TooMuch, differences

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
        ({"at_most": 6}, ["any request came 7 times, and at most 6 were expected: create (#1, "]),
        ({"operation": "get", "times": 0}, ["get came 3 times, and none was expected: get (#5, "]),
        ({"operation": "upload", "at_least": 3}, ["upload came twice, and at least 3 were expected: upload (#2, "]),
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


def test_the_pace_of_what_has_no_session_yet_is_that_of_the_namespace():
    creates = [exchange(n, "create", n / 10, f"ses_{n}") for n in range(1, 4)]
    assert len(verify(creates, operation="create", not_faster_than=5)) == 2
    assert verify(creates, operation="create", not_faster_than=0.09) == []
    discoveries = [exchange(n, "discovery", n, None) for n in range(1, 3)]
    assert len(verify(discoveries, operation="discovery", not_faster_than=5)) == 1


def test_a_sentence_is_short_whatever_it_is_about():
    long = "x" * 20_000
    sent = json.dumps({"a": long, "b": [[long]], **{f"m{n}": "x" for n in range(40)}})
    odd = [exchange(n, "create", n, sent=sent, headers=[["h", long]]) for n in range(20)]
    found = verify(
        odd,
        operation="create",
        headers={long: None, "h": long},
        sent={long: 1, "a": long, "b": long, **{f"m{n}": n for n in range(40)}},
    )
    assert max(map(len, found)) < 400
    many = [exchange(n, "create", n, sent=sent, headers=[["h", long]]) for n in range(1000)]
    told = differences([Expectation(headers={"h": long}, sent={"a": 1})], many, 10_000)
    assert sum(map(len, told)) < 70_000


@pytest.mark.parametrize("depth", [40, 600, 980, 5000])
def test_what_is_deep_is_told_by_its_beginning(depth):
    deep = exchange(1, "create", 0, sent='{"a": ' + "[" * depth + "]" * depth + "}")
    (told,) = verify([deep], sent={"a": 1})
    assert "sends a = [[[" in told or "sends no a." in told


@pytest.mark.parametrize("place", ["9" * 5000, "²", "1000000", "-1", "٣"])
def test_a_place_that_no_list_has_is_none(place):
    listed = exchange(1, "create", 0, sent='{"a": [1, 2, 3, 4]}')
    (told,) = verify([listed], sent={f"a.{place}": 1})
    assert "sends no a." in told


def test_more_than_one_verification_looks_at_is_refused():
    many = [exchange(n, "create", n, sent="{}") for n in range(1000)]
    members = {f"m{n}": None for n in range(50)}
    assert len(differences([Expectation(operation="create", sent=members)], many, 200)) == 200
    with pytest.raises(TooMuch, match="2550000 looks"):
        differences([Expectation(operation="create", sent=members)] * 50, many, 200)
    assert differences([Expectation(operation="end", sent=members)] * 50, many, 200) == []
