"""A name is suggested where it is near, and where none is the refusal says which there are."""

from __future__ import annotations

import pytest

from mock_server.suggestion import hint, nearest, there

NAMES = ("throttled", "retry_after", "advance_seconds", "upload")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("throtled", "throttled"),
        ("uplod", "upload"),
        ("retry", "retry_after"),
        ("advance_secs", "advance_seconds"),
        ("up", None),
        ("nope", None),
        ("", None),
        (7, None),
        ("x" * 100_000, None),
    ],
)
def test_a_slip_or_a_beginning_is_near_and_another_word_is_not(word, meant):
    assert nearest(word, NAMES) == meant
    assert hint(word, NAMES) == (f" Did you mean {meant!r}?" if meant else "")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((), " There is none."),
        (("get",), " There is get."),
        (("get", "end"), " There are get, end."),
        (tuple(f"name{number}" for number in range(13)), " There are 13, such as name0, name1, name2."),
    ],
)
def test_where_none_is_near_it_is_told_which_there_are(names, told):
    assert there("", names) == told
