"""How much may be armed, and how much a session is bound to: what is beyond is refused before it is done."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from mock_server.conduct import Course
from mock_server.scenarios import roster
from mock_server.scenarios.bindings import MOST_BOUND, MOST_TEXT_BYTES
from mock_server.scenarios.courses import composed, template_failing
from mock_server.scenarios.tally import Tally
from mock_server.session.model import TemplateResult
from mock_server.storage.unit import JournalRow
from tests.mock_server.scenarios.test_scenarios_control import arm, kinds
from tests.mock_server.stage import OTHERS, code_of

TRANSCRIPTS = "/_mock/v1/transcripts"
#: A text that takes as much memory as one can: a letter of a wide plane makes every letter of it wide.
WIDEST = "\U0001f600" + "w" * 499_000
LONG = "w" * 400_000


def bind(mock, session, number):
    """Bind a session so many times, each time to something else."""
    for count in range(number):
        told = arm(mock, "ready_after_polls", {"polls": count + 1}, session=session["session_id"])
        assert told.status_code == 200, told.text


def test_a_session_is_bound_to_so_many_and_no_more(mock):
    session = mock.create()
    bind(mock, session, MOST_BOUND - 1)
    assert arm(mock, "slow_processing", session=session["session_id"]).status_code == 200
    again = arm(mock, "slow_processing", session=session["session_id"])
    assert again.status_code == 200, "what it is bound to already changes nothing"
    refused = arm(mock, "partial", session=session["session_id"])
    assert (refused.status_code, code_of(refused)) == (400, "invalid_request")
    assert refused.json()["error"]["details"]["limit"] == MOST_BOUND
    named = mock.upload(session, name="mock.refuses_audio_later.wav")
    amended = mock.send("PATCH", f"/v1/sessions/{session['session_id']}", json={"templates": ["mock.timeout"]})
    assert [each.status_code for each in (named, amended)] == [400, 400], "and nothing of it is done"
    assert mock.upload(session, name="plain.wav").status_code == 200
    shown = mock.read(session).json()
    assert shown["audio_files"] == ["plain.wav"]
    assert len(kinds(mock, session, "scenario_bound")) == MOST_BOUND


def test_the_texts_of_a_session_are_bounded_together(mock):
    session = mock.create()
    for number in range(MOST_TEXT_BYTES // len(LONG)):
        body = {"text": f"{number} {LONG}", "session": session["session_id"]}
        assert mock.post(TRANSCRIPTS, json=body).status_code == 200
    refused = mock.post(TRANSCRIPTS, json={"text": LONG, "session": session["session_id"]})
    assert (refused.status_code, refused.json()["error"]["details"]["limit"]) == (400, MOST_TEXT_BYTES)
    assert mock.post(TRANSCRIPTS, json={"text": WIDEST, "session": mock.create()["session_id"]}).status_code == 200


def test_what_a_session_has_no_room_for_waits_for_the_next(mock):
    for count in range(MOST_BOUND):
        arm(mock, "expires_early", {"seconds": 500 + count}, session="next")
    session = mock.create(templates=["mock.fails", "soap"])
    assert len(kinds(mock, session, "scenario_bound")) == MOST_BOUND
    assert len(kinds(mock, mock.create(), "scenario_bound")) == 1


def test_the_texts_that_wait_are_bounded_and_shown_by_their_length(mock):
    told = [mock.post(TRANSCRIPTS, json={"text": f"{number}{LONG}"}) for number in range(6)]
    assert [each.status_code for each in told] == [200] * 5 + [400]
    assert told[5].json()["error"]["details"]["limit"] == roster.MOST_TEXT_BYTES
    shown = mock.get("/_mock/v1/scenarios")
    assert len(shown.content) < 100_000
    assert shown.json()["armed"][0]["parameters"] == {"language": None, "characters": len(LONG) + 1}
    mock.create()
    assert mock.post(TRANSCRIPTS, json={"text": LONG}).status_code == 200, "what is taken leaves its room"
    mock.send("DELETE", TRANSCRIPTS)
    assert mock.post(TRANSCRIPTS, json={"text": WIDEST}).status_code == 200


def test_the_texts_of_all_namespaces_are_bounded_together(mock, monkeypatch):
    monkeypatch.setattr(roster, "MOST_TEXT_BYTES_IN_ALL", len(LONG) * 2)
    assert mock.post(TRANSCRIPTS, json={"text": LONG}).status_code == 200
    refused = mock.post(TRANSCRIPTS, json={"text": LONG}, key=OTHERS)
    assert (refused.status_code, code_of(refused)) == (503, "service_unavailable")
    assert "retry-after" in refused.headers
    assert arm(mock, "throttled", key=OTHERS).status_code == 200, "what has no text has room"
    mock.send("DELETE", "/_mock/v1/scenarios", key=OTHERS)


@pytest.mark.parametrize("number", [0, 1, 5000])
def test_courses_are_composed_however_many_there_are(number):
    last = template_failing("timeout", None)
    course = composed([*[Course()] * number, last])
    assert course.recordings([]) == []
    assert course.extraction((TemplateResult("soap", "success", data={}),))[0].error_code == "timeout"
    assert course.account([], "heard") == course.transcription("heard") == "heard"


def test_what_is_played_again_and_again_leaves_ever_fewer_lines(mock):
    session = mock.create()
    arm(mock, "throttled", operation="get")
    arm(mock, "throttled", operation="upload")
    assert {mock.read(session).status_code for _ in range(70)} == {429}
    assert mock.upload(session).status_code == 429
    told = [(each["operation"], each["times"]) for each in kinds(mock, session, "scenario_played")]
    assert told == [("get", number) for number in (1, 2, 4, 8, 16, 32, 64)] + [("upload", 1)]


class Journal:
    """The journal of one session."""

    def __init__(self):
        self.rows = []

    async def note(self, _namespace, _session_id, kind, detail):
        self.rows.append(JournalRow(len(self.rows) + 1, "ses_1", datetime.now(UTC), kind, detail))

    async def journal(self, _namespace, _session_id):
        return self.rows


def test_a_server_that_has_forgotten_a_session_counts_on_from_its_journal():
    kept, play = Journal(), ("throttled", "get", 429)

    async def played(number):
        tally = Tally()  # that of a new process
        for _ in range(number):
            await tally.note(kept, "clinic", "ses_1", play)

    for _ in range(2):
        asyncio.run(played(5))
    assert [row.detail["times"] for row in kept.rows] == [1, 2, 4, 8]


def test_counts_of_many_sessions_are_at_hand_and_no_more_than_that():
    kept, tally = Journal(), Tally()

    async def played():
        for number in range(5000):
            await tally.note(kept, "clinic", f"ses_{number}", ("throttled", "get", 429))

    kept.journal = lambda *_whose: nothing()

    async def nothing():
        return []

    asyncio.run(played())
    assert len(tally._known) == 4096
    assert len(kept.rows) == 5000
