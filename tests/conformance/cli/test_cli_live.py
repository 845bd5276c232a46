"""`demo --live`: what is spoken, what is shown of it on a terminal and elsewhere, and how it ends."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import re
import subprocess
import sys

import pytest
from rich.console import Console

import scribe_data
from conformance.cli import live
from conformance.cli.live import Screen, Unheard, speak
from conformance.drive.socket import Closed
from scribe_data import recordings

SHORT = recordings.load()["short"]
WIRE = scribe_data.load("dalston").wire
BEGUN = {"type": "session.begin", "session_id": "sess_1"}
ENDED = {"type": "session.end", "session_id": "sess_1"}
COMMAND = [sys.executable, "-m", "conformance.cli", "demo", "--live", "--transcriber", "scripted"]


class Service:
    """Says what it is given once all is said, and closes."""

    def __init__(self, *says, code=1000, reason=""):
        self.said, self._says, self._closed = [], list(says), Closed(code, reason)
        self._over = asyncio.Event()

    async def say(self, message):
        self.said.append(message)
        if isinstance(message, str):
            self._over.set()

    async def hear(self):
        await self._over.wait()
        if not self._says:
            raise self._closed
        return json.dumps(self._says.pop(0))


class Hasty(asyncio.SelectorEventLoop):
    """An event loop in which nobody sleeps: its clock goes on by as much as somebody wants to, up to a second."""

    ahead = 0.0

    def time(self):
        return super().time() + self.ahead

    def call_at(self, when, callback, *args, context=None):
        Hasty.ahead += max(0.0, when - self.time()) if when - self.time() < 1 else 0.0
        return super().call_at(when, callback, *args, context=context)


def screen(*, terminal=False):
    return Screen(Console(file=io.StringIO(), force_terminal=terminal, width=200))


def spoken(service, shown):
    with asyncio.Runner(loop_factory=Hasty) as runner:
        return runner.run(speak(service, WIRE, SHORT, shown))


def final(text, **more):
    return {"type": "transcript.final", "text": text, "start": 0.0, "end": 5.0} | more


def test_a_recording_is_said_in_tenths_of_a_second_and_ended():
    service = Service(BEGUN, final("Take one tablet."), ENDED)
    heard = spoken(service, screen())
    *pieces, last = service.said
    assert b"".join(pieces) == SHORT.read()[44:]
    assert {len(piece) for piece in pieces[:-1]} == {3200}
    assert json.loads(last) == {"type": "end"}
    assert heard.finals == ["Take one tablet."]


def test_lateness_is_counted_from_the_end_of_the_last_word():
    words = [{"word": "one", "start": 1.0, "end": 1.5}, {"word": "tablet", "start": 1.6, "end": 2.0}]
    heard = spoken(Service(final("a"), final("b", words=words), final("c", words=[]), ENDED), screen())
    whole, to_the_word, wordless = heard.late
    assert to_the_word - whole == pytest.approx(3.0, abs=0.5)
    assert wordless == pytest.approx(whole, abs=0.5)
    assert whole >= SHORT.seconds - 5.0


def test_elsewhere_than_on_a_terminal_every_look_has_a_line():
    shown = screen()
    shown.so_far(1.25, "[take] one")
    shown.final(2.0, "Take one tablet.")
    assert shown.console.file.getvalue() == "   1.2 s  [take] one …\n   2.0 s  Take one tablet.\n"


@pytest.mark.parametrize(
    ("service", "says"),
    [
        (Service(BEGUN, {"type": "error", "code": "no_capacity", "message": "Busy."}, code=4503), "4503: Busy."),
        (Service(BEGUN, ENDED, code=1011, reason="broke"), "1011: broke."),
        (Service(BEGUN, code=1006), "1006: it said no more."),
        (Service(BEGUN, code=1000), "1000: it said no more."),
    ],
)
def test_a_session_that_does_not_come_to_its_end_is_told(service, says):
    with pytest.raises(Unheard, match=re.escape(says)):
        spoken(service, screen())


def test_a_service_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(live, "_LAST_S", 0.01)
    service = Service(BEGUN)
    service.hear = asyncio.Event().wait
    with pytest.raises(Unheard, match="did not end"):
        spoken(service, screen())


def test_the_command_shows_words_as_they_come_says_who_heard_them_and_ends_by_itself():
    done = subprocess.run([*COMMAND, "--recording", "short"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the engine is scripted" in done.stdout
    looks = re.findall(r"(?m)^ +[\d.]+ s  (The patient .+)$", done.stdout)
    assert len(looks) >= 3
    assert looks[-1] == SHORT.text
    assert all(SHORT.text.startswith(look.removesuffix(" …")) for look in looks)
    assert re.search(r"the final came \d\.\d s after the last word", done.stdout)


def test_on_a_terminal_what_is_heard_so_far_is_overwritten():
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([*COMMAND, "--recording", "short"], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65_536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
        assert process.wait(60) == 0
    told = shown.decode()
    erased = "\x1b[2K"
    looks = re.findall(r"The patient came[^\r\n\x1b]*…", told)
    assert len(looks) >= 3
    first = told.index(looks[0])
    assert told.count(erased, first, told.index("what was heard")) >= len(looks)
    assert "\n" not in told[first : told.index(looks[-1])]


@pytest.mark.parametrize("arguments", [["--recording", "lecture"], ["--live", "--recording", "bad/noise"]])
def test_a_recording_that_there_is_not_is_a_usage_error(arguments):
    command = [sys.executable, "-m", "conformance.cli", "demo", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "knee, cough, visit" in done.stderr


def test_a_server_that_does_not_start_is_a_failure_of_the_kit():
    command = [*COMMAND[:-1], "whisper-that-is-not-there"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 5
    assert "did not start" in done.stdout


def test_a_server_that_runs_already_is_neither_told_how_to_hear_nor_spoken_to():
    words = [*COMMAND, "--target", "http://127.0.0.1:1"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "runs already" in " ".join(told.stderr.split())
