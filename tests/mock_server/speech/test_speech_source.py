"""What is looked for in a recording is found wherever it lies, and nothing else is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.speech import source
from mock_server.speech.sniff import BEGINNING
from mock_server.speech.source import literal, places, search
from mock_server.speech.structure import _RESYNC

HEADS = (
    b"RIFF\x01\x02\x03\x04WAVE",
    b"RF64\x00\x00\x00\x00WAVE",
    b"OggS\x00\x02",
    b"\x00\x00\x00\x18ftyp",
    b"fLaC\x00\x00\x00\x22",
    b"\x1a\x45\xdf\xa3\x42\x86\x81\x01\x42\x82\x84webm",
)
ALIKE = (
    b"RIFF",
    b"WAVE",
    b"OggS\x00\x09",
    b"ftyp",
    b"fLaC",
    b"\x1a\x45\xdf\xa3",
    b"\xff",
    b"\x1f\x43\xb6\x75",
    b"mfhd",
)
DATA = st.lists(st.one_of(st.sampled_from(HEADS + ALIKE), st.binary(max_size=40)), max_size=12).map(b"".join)


@given(DATA, st.integers(1, 64))
def test_what_is_passed_over_holds_nothing_that_the_pattern_would_find(data: bytes, searched: int) -> None:
    for sought in (BEGINNING, *_RESYNC.values()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(source, "_SEARCHED", searched)
            found = set(places(data, sought, 0))
        assert {match.start() for match in sought.pattern.finditer(data)} <= found
        assert all(sought.pattern.match(data, place) for place in found)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("before", [0, 1, (1 << 20) - 3, 1 << 20])
def test_a_beginning_is_found_across_the_edge_of_a_stretch(head: bytes, before: int) -> None:
    assert search(bytes(before) + head, BEGINNING, 0) == before


def test_a_literal_is_taken_as_it_stands() -> None:
    assert search(b"a.b a+b", literal(b"a+b"), 0) == 4
    assert search(b"aab", literal(b"a.b"), 0) is None
    assert re.match(literal(b"(").pattern, b"(")
