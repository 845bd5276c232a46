"""Steps of a live session: what they keep, what they count, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mock_server.session.dalston.model import Spoken, Utterance, Wanted
from mock_server.session.dalston.step import Enhancing, Kept, Measured, Opened, Over, Said, Store, Taken, TakeOver, step
from mock_server.session.dalston.table import DALSTON_2026_02_11, Event, State
from mock_server.session.effect import Journal
from mock_server.session.happening import Refused

NOW = datetime(2026, 1, 29, 9, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
WANTED = Wanted("auto", "fast", "pcm_s16le", 16_000, store_transcript=True, store_audio=True, enhance_on_end=True)
OPENED = Opened("sess_1", "ns", WANTED, "tiny.en", "worker", None)


def said(number, text="No fever.", words=()):
    return Utterance(number, 0.5, 1.5, text, 0.9, "en", words)


def run(*events, opened=OPENED, at=LATER):
    found, effects = step(DALSTON_2026_02_11, None, opened, NOW)
    for event in events:
        found, more = step(DALSTON_2026_02_11, found, event, at)
        effects += more
    return found, effects


def kinds(effects):
    return [each.kind for each in effects if isinstance(each, Journal)]


def test_finals_are_counted_and_kept_where_the_transcript_is():
    words = (Spoken("No", 0.5, 0.7, 0.9), Spoken("fever.", 0.8, 1.5, 0.9), Spoken("Good.", 1.5, 1.5, 0.9))
    found, effects = run(Said(said(0), 2.0), Said(said(1, "x", words), 3.0))
    assert (found.utterances, found.words, found.audio_s, found.language) == (2, 5, 3.0, "en")
    assert [each.utterance.number for each in effects if isinstance(each, Store)] == [0, 1]
    _, effects = run(Said(said(0), 2.0), opened=replace(OPENED, wanted=replace(WANTED, store_transcript=False)))
    assert not [each for each in effects if isinstance(each, Store)]


def test_what_came_never_gets_less_and_no_moment_is_before_the_last():
    found, _ = run(Measured(4.0), Measured(3.0))
    assert found.audio_s == 4.0
    found, _ = step(DALSTON_2026_02_11, found, Measured(5.0), NOW)
    assert found.updated_at == LATER


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Event.END_REQUESTED, State.COMPLETED),
        (Event.CONNECTION_LOST, State.INTERRUPTED),
        (Event.WORK_FAILED, State.ERROR),
    ],
)
def test_an_end_is_told_and_nothing_happens_behind_it(event, state):
    found, effects = run(Kept("ab", 44, "cd"), Over(event, "why"))
    assert (found.state, found.ended_at, found.error, found.final, found.has_transcript) == (
        *(state, LATER, "why"),
        *(True, True),
    )
    assert kinds(effects) == ["created", state.value]
    for late in (Said(said(0), 9.0), Measured(9.0), Kept("ab", 1, ""), Over(event)):
        with pytest.raises(Refused):
            step(DALSTON_2026_02_11, found, late, LATER)


def test_a_batch_session_is_due_only_where_there_is_audio():
    without, _ = run(Over(Event.END_REQUESTED))
    assert not without.job_due
    found, effects = run(Kept("ab", 44, "cd"), Over(Event.END_REQUESTED), Enhancing("ses_1", due=True))
    assert (found.job_due, found.job_id) == (True, "ses_1")
    done, more = step(DALSTON_2026_02_11, found, Enhancing("ses_1", due=False), LATER)
    assert not done.job_due
    assert kinds((*effects, *more)) == ["created", "completed", "enhancing"]


def test_a_session_that_goes_on_takes_over_what_was_said():
    opened = replace(OPENED, previous_id="sess_0", continued_at=1.5, taken=Taken(2, 4, "en"))
    found, effects = run(opened=opened)
    assert (found.utterances, found.words, found.audio_s, found.previous_id) == (2, 4, 1.5, "sess_0")
    assert (found.language, effects[1:]) == ("en", (TakeOver("sess_0"),))
    assert effects[0].detail["continued_at"] == 1.5
    assert kinds(run(opened=replace(opened, taken=Taken()))[1]) == ["created"]


def test_what_happens_to_nothing_and_what_begins_twice_is_no_step():
    with pytest.raises(TypeError):
        step(DALSTON_2026_02_11, None, Measured(1.0), NOW)
