"""The script of a failure that a socket led to says and asks the same again, in its order and with nothing secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conformance.evidence.socket import Turn, socket_of
from conformance.report.scripts import scripts
from conformance.run import Run, conclude, grade
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from scribe_data import recordings
from tests.conformance.checks.dictations import KEPT, TEXT, Tape

KEY = Session.DICTATED.of("kept")
HALF = Turn(1, "", "short", 0, 0, 64_000, 3200, 0.05)
REST = Turn(2, "", "short", 0, 64_000, 128_000, 3200, 0.05)


class Spoken(Tape):
    """A tape on which it stands what the client said."""

    def turns(self, *turns: Turn) -> None:
        """What was said over the socket whose end came last."""
        x = self.exchanges[-1]
        self.exchanges[-1] = replace(x, socket=replace(x.socket, turns=turns))

    def run(self) -> Run:
        """A run that saw this."""
        told = tuple(
            replace(x, request=replace(x.request, url=x.request.url.replace("http", "ws", 1))) if x.socket else x
            for x in self.exchanges
        )
        evidence = replace(self.evidence, exchanges=told, recordings=recordings.load())
        graded = grade(evidence, TEXT, "lenient")
        now = datetime.now(UTC)
        said = (self.facts.base_url, TEXT.profile, TEXT.revision, "lenient", 0, "0", "0", now, 0.0, 0)
        return Run(conclude(graded), *said, graded, evidence, TEXT)

    def lines(self, requirement: str) -> list[str]:
        """The lines of the script of a requirement behind its functions."""
        script = next(each for each in scripts(self.run()) if each.requirement == requirement)
        assert script.name == f"repro/{requirement}.py"
        compile(script.text, script.name, "exec")
        return script.text.partition("        self.line.socket.shutdown(socket.SHUT_RDWR)\n")[2].strip().splitlines()


def test_speech_is_cut_where_something_else_was_asked_and_read_from_a_file_beside_the_script():
    tape = Spoken()
    tape.socket(KEY, KEPT)
    tape.get(KEY, "active")
    tape.left(KEY)
    tape.turns(HALF, REST)
    tape.get(KEY, language="de", word_count=7)
    lines = tape.lines("RT-STAT-002")
    told = [line for line in lines if "samples(" in line and not line.startswith("def")]
    assert told == [
        "call_1.speak(samples('short.wav', 'pcm_s16le', 16000)[0:64000], 3200, 0.05)",
        "call_1.speak(samples('short.wav', 'pcm_s16le', 16000)[64000:128000], 3200, 0.05)",
    ]
    assert 'call_1.end(\'{"type": "end"}\')' in lines
    assert any(line.startswith("answer = rest('GET', ") for line in lines)
    assert lines[-1].startswith("print('Not seen: RT-STAT-002")
    (script,) = (each for each in scripts(tape.run()) if each.requirement == "RT-STAT-002")
    assert script.files == {"repro/short.wav": recordings.load()["short"].read()}
    assert len(script.text) < 12_000


def test_what_was_said_behind_the_failure_is_not_said_again():
    tape = Spoken()
    tape.socket(KEY, KEPT)
    tape.get(KEY, "completed")
    tape.left(KEY)
    tape.turns(HALF, replace(REST, after=3))
    lines = tape.lines("RT-DATA-002")
    assert sum("speak(" in line for line in lines) == 1
    assert not any("call_1.end(" in line for line in lines)
    assert any('"status":"completed"' in line and line.startswith("if ") for line in lines)


@pytest.mark.parametrize(("probe", "call"), [(Probe.DROPPED, "drop"), (Probe.HUNG_UP, "hang_up")])
def test_a_client_that_is_gone_is_gone_again_in_its_way(probe, call):
    tape = Spoken()
    tape.socket(KEY, KEPT)
    tape.left(KEY, probe=probe, code=None)
    tape.get(KEY, "active")
    assert f"call_1.{call}()" in tape.lines("RT-DATA-002")


def test_silence_is_made_and_time_that_passed_passes_again():
    tape = Spoken()
    name = str(Session.WATCHED)
    tape.socket(name)
    tape.later(18)
    tape.get(name, "active", audio_duration_seconds=0.0)
    tape.left(name, [], samples=12 * 32_000)
    tape.turns(Turn(1, "", None, 0, 0, 12 * 32_000, 3200, 0.05))
    lines = tape.lines("RT-STAT-003")
    spoken = lines.index("call_1.speak(bytes([0]) * 384000, 3200, 0.05)")
    assert lines[spoken + 1] == "time.sleep(12.5)"  # of 18.5 seconds six went by in speech
    assert any('"audio_duration_seconds":0.0' in line for line in lines)


def test_a_session_that_is_resumed_is_made_first_and_named_by_the_id_of_this_time():
    tape = Spoken()
    former = str(Session.PREDECESSOR)
    tape.socket(former, KEPT, first={"type": "session.begin", "session_id": "sess_17"})
    tape.left(former)
    tape.turns(HALF)
    tape.socket("later", KEPT | {"resume_session_id": "sess_17"})
    lines = tape.lines("RT-WS-004")
    assert [line.split(" = ")[0] for line in lines if "call_" in line and " = " in line][:2] == ["answer", "session_1"]
    (resumed,) = (line for line in lines if "resume_session_id" in line)
    assert resumed.startswith("answer = call_")
    assert "session_1" in resumed
    assert "sess_17" not in resumed
    assert any("resumed_from" in line and "not has" in line for line in lines)


def test_a_first_message_in_other_words_is_looked_for():
    tape = Spoken()
    tape.socket(KEY, KEPT, first={"type": "session.started", "session_id": "a"})
    lines = tape.lines("RT-WS-001")
    assert any('"type":"session.started"' in line and line.startswith("if ") for line in lines)


def test_a_recording_that_the_kit_does_not_have_leaves_no_script():
    tape = Spoken()
    tape.socket(KEY, KEPT)
    tape.left(KEY)
    tape.turns(replace(HALF, recording="of somebody else"))
    tape.get(KEY, word_count=7)
    assert "RT-STAT-002" not in {each.requirement for each in scripts(tape.run())}


def test_turns_come_back_from_an_archive():
    tape = Spoken()
    tape.socket(KEY, KEPT)
    tape.left(KEY)
    tape.turns(HALF, Turn(3, '{"type": "flush"}'))
    socket = tape.exchanges[-1].socket
    assert socket_of(socket.document()) == socket
