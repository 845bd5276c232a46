"""Subtitles: one cue an utterance, whatever was said."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mock_server.dalston.transcript import srt, vtt
from mock_server.session.dalston.model import Utterance

_HEAD = re.compile(r"^\d\d:\d\d:\d\d[.,]\d{3} --> \d\d:\d\d:\d\d[.,]\d{3}$")


@given(texts=st.lists(st.text("ab -<>&\n\r", max_size=12), max_size=4))
def test_nothing_that_is_said_stands_for_the_times_of_a_cue(texts):
    said = [Utterance(at, float(at), at + 0.5, text, 1.0) for at, text in enumerate(texts)]
    for written in (srt(said), vtt(said)):
        arrows = [line for line in written.splitlines() if "-->" in line]
        assert len(arrows) == len(texts)
        assert all(map(_HEAD.match, arrows))
