"""How deep a body is nested is told before a parser sees it, as a look at each character tells it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.api.document import _is_deeper

TEXTS = st.text(alphabet='[]{}"\\a,:', max_size=12)
VALUES = st.recursive(
    st.none() | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


def depth(text):
    """By one look at each character."""
    deepest = level = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "[{":
            level += 1
            deepest = max(deepest, level)
        elif character in "]}":
            level -= 1
    return deepest


@given(VALUES, st.integers(0, 12))
def test_it_is_that_of_the_brackets_outside_of_strings(value, most):
    text = json.dumps(value)
    assert _is_deeper(text.encode(), most) is (depth(text) > most)


@pytest.mark.parametrize(
    ("body", "deeper"),
    [
        (b"[" * 50 + b"]" * 50, False),
        (b"[" * 51 + b"]" * 51, True),
        (b'{"a":' * 51 + b"1" + b"}" * 51, True),
        (b"[" * 1_000_000, True),
        (b"]" * 1_000_000, False),
        (b"[],{}," * 150_000, False),
        (b'"' + b'\\"[' * 300_000 + b'"', False),
        (b'["' + b"[" * 300_000, False),
    ],
    ids=["as deep as may be", "deeper", "objects", "never closed", "never opened", "wide", "a string", "cut off"],
)
def test_a_body_of_a_megabyte_is_told_as_any(body, deeper):
    assert _is_deeper(body, 50) is deeper
