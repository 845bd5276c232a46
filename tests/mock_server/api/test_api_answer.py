"""Documents as bytes: what is encoded in pieces, so that others have their turn, is what is encoded at once."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from mock_server.api import answer as answers
from mock_server.api.answer import Answer, render, rendered

REQUEST = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=40,
)


def bytes_of(body) -> bytes:
    return asyncio.run(rendered(Answer(200, body), REQUEST, readable=True)).body


@given(body=DOCUMENTS)
def test_pieces_give_the_same_bytes(body):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(answers, "_LONG", 2)
        assert bytes_of(body) == render(Answer(200, body), REQUEST, readable=True).body


def test_a_long_list_is_encoded_in_another_thread_and_a_short_one_is_not(monkeypatch):
    asked = []
    encoding = asyncio.to_thread
    monkeypatch.setattr(asyncio, "to_thread", lambda *given: asked.append(given) or encoding(*given))
    for number in (10, 5000):
        body = {"utterances": [{"id": each, "text": "so"} for each in range(number)]}
        assert json.loads(bytes_of({"detail": body})) == {"detail": body}
    assert len(asked) == 1
