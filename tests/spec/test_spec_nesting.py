"""How deep a document is nested is told before a parser sees it, as a look at each character tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scribe_data.nesting import DEEPEST, DepthError, is_deeper, loads

ROOT = Path(__file__).parents[2]
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
    assert is_deeper(text.encode(), most) is (depth(text) > most)


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
    assert is_deeper(body, 50) is deeper


def nested(levels):
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "form", [str, str.encode, lambda text: text.encode("utf-16"), lambda text: text.encode("utf-32")]
)
def test_what_is_nested_deeper_than_a_parser_may_go_is_never_parsed(form, monkeypatch):
    assert loads(form(nested(DEEPEST))) == json.loads(nested(DEEPEST))
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    for levels in (DEEPEST + 1, 20_000):
        with pytest.raises(DepthError, match=f"deeper than {DEEPEST} levels"):
            loads(form(nested(levels)))


@pytest.mark.parametrize(
    "content", ['{"a":1}', '"\\ud800"', "NaN", "[1,", "\ufeff[]", b"\xef\xbb\xbf[]", b"\xff", b"", "1e999"]
)
def test_anything_else_is_read_as_json_loads_reads_it(content):
    def outcome(read):
        try:
            return repr(read(content, parse_float=str))
        except ValueError as error:
            return str(error)

    assert outcome(loads) == outcome(json.loads)


def test_nobody_lets_the_interpreter_tell_how_deep_is_too_deep():
    packages = [ROOT / name for name in ("conformance", "mock_server", "scribe_data")]
    found = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in package.rglob("*.py")
        if "RecursionError" in path.read_text("utf-8")
    }
    # the operator's own TOML, a file where Schemathesis runs, and what a process of its own raises
    assert found == {
        "conformance/configuration.py",
        "conformance/exports/hooks.py",
        "mock_server/research/reading.py",
    }
