"""Lines as JSON: one object each, with what there is to say, and without a credential in any spelling."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import quote

import httpx
import pytest

from mock_server.cli.logs import JsonLines

KEY, PLAIN = "sk_test_mine_7Qz", "hush-hush-1"
PATIENCE_S = 60.0


def line(message, *arguments, level=logging.WARNING, error=None, **more):
    record = logging.LogRecord("scribe.mock", level, "", 0, message, arguments, error and (type(error), error, None))
    vars(record).update(more)
    return json.loads(JsonLines({KEY, PLAIN}).format(record))


def test_a_line_has_time_level_logger_and_message():
    told = line("%s of %d", "one", 2)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    assert told == {"level": "warning", "logger": "scribe.mock", "message": "one of 2"}


def test_fields_stand_beside_the_message_and_never_in_the_place_of_what_each_line_has():
    told = line(
        "x", fields={"status": 404, "took": 0.5, "on": True, "names": ["a", "b"], "level": "mine", "none": None}
    )
    assert (told["status"], told["took"], told["on"], told["names"], told["none"]) == (404, 0.5, True, ["a", "b"], None)
    assert told["level"] == "warning"


def test_an_exception_is_one_member():
    try:
        raise ValueError(f"no {KEY}\nhere")
    except ValueError as error:
        caught = error
    record = logging.LogRecord("a", logging.ERROR, "", 0, "fell", (), (ValueError, caught, caught.__traceback__))
    text = JsonLines({KEY}).format(record)
    assert "\n" not in text
    told = json.loads(text)["exception"]
    assert set(told) == {"type", "message", "stack"}
    assert (told["type"], told["message"]) == ("ValueError", "no [hidden]\nhere")
    assert "test_cli_logs.py" in told["stack"]
    assert KEY not in text


@pytest.mark.parametrize(
    "spelled",
    [
        KEY,
        PLAIN,
        "sk_live_somebodys_own",
        quote(KEY, safe="").replace("_", "%5F"),
        quote(quote(PLAIN.replace("h", "%68"), safe=""), safe=""),
        "".join(f"\\u{ord(letter):04x}" for letter in KEY),
        f"Authorization: Bearer {PLAIN}",
        "X-API-Key: of-nobody-known",
        '{"token": "of-nobody-known"}',
        "postgresql://scribe:password=of-nobody-known@db/scribe",
    ],
)
def test_no_line_has_a_credential_however_it_is_spelled(spelled):
    error = RuntimeError(spelled)
    text = json.dumps(
        line("given %s", spelled, error=error, fields={"given": spelled, "each": [spelled], "api_key": spelled})
    )
    for letters in (KEY, PLAIN, "somebodys_own", "of-nobody-known", spelled if "%" in spelled else KEY):
        assert letters not in text


def test_a_line_has_a_bound_and_what_is_no_text_does_not_break_it():
    assert len(line("x" * 1_000_000, fields={"a": "y" * 1_000_000})["message"]) == 4000
    assert line("%d", "no number")["message"] == "%d"
    assert line("\ud800\x1b[2J\u2028")["message"] == "\ud800\x1b[2J\u2028"
    assert line("x", fields=7)["message"] == "x"


class Server:
    def __init__(self, directory, *arguments):
        command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--transcriber", "scripted"]
        command += ["--data-dir", str(directory), "--log-format", "json", *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.lines = []
        self._new = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self):
        for each in self.process.stderr:
            with self._new:
                self.lines.append(each)
                self._new.notify_all()

    def told(self, mark):
        """The first line with a mark, as the object that it is."""
        until = time.monotonic() + PATIENCE_S
        with self._new:
            while not (found := [each for each in self.lines if mark in each]):
                assert self._new.wait(until - time.monotonic()), self.lines
        return json.loads(found[0])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)
        self._reading.join(PATIENCE_S)


def test_a_server_tells_everything_as_json_from_its_start_to_its_end(tmp_path):
    server = Server(tmp_path, "-v", "--api-key", KEY, "--api-key", PLAIN)
    try:
        url = server.told("listens on")["url"]
        httpx.post(f"{url}/v1/sessions?api_key={PLAIN}", headers={"X-API-Key": KEY}, json={})
        told = server.told("missing_required_field")
        assert {name: told[name] for name in ("level", "logger", "method", "status", "code", "field")} == {
            "level": "info",
            "logger": "scribe.mock.requests",
            "method": "POST",
            "status": 400,
            "code": "missing_required_field",
            "field": "templates",
        }
        httpx.get(f"{url}/v1/sessions/{quote(PLAIN).replace('h', '%68')}", headers={"X-API-Key": KEY})
        assert server.told("session_not_found")["status"] == 404
        assert server.told("scripted")["level"] == "warning"
    finally:
        server.stop()
    for each in server.lines:
        assert {"time", "level", "logger", "message"} <= json.loads(each).keys()
        assert KEY not in each
        assert "hush" not in each


def test_a_refusal_to_start_is_a_line_too(tmp_path):
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--log-format", "json", "--in-memory"]
    ended = subprocess.run([*command, "--data-dir", str(tmp_path)], capture_output=True, text=True, check=False)
    (told,) = map(json.loads, ended.stderr.splitlines())
    assert (ended.returncode, told["level"], told["exit_code"]) == (2, "error", 2)
    assert told["message"].startswith("--in-memory keeps nothing")


def test_what_falls_in_a_thread_is_a_line(tmp_path):
    script = "import threading, logging, warnings\nfrom mock_server.cli.logs import begin_json, whole\n"
    script += "begin_json(['sk_test_x'])\ndef fall(): raise OSError('sk_test_x_9')\n"
    script += "thread = threading.Thread(target=fall, name='t'); thread.start(); thread.join()\n"
    script += "warnings.warn('beware')\nwith whole(): raise KeyError('gone')\n"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    thread, warned, fell = map(json.loads, ended.stderr.splitlines())
    assert (thread["thread"], thread["exception"]["message"]) == ("t", "[hidden]")
    assert "beware" in warned["message"]
    assert (fell["level"], fell["exception"]["type"], ended.returncode) == ("critical", "KeyError", 1)
