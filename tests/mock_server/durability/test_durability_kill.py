"""After kill -9 at any moment and a restart nothing acknowledged is missing, and what was ended ends by itself."""

from __future__ import annotations

import json
import random
import subprocess
import uuid
from collections import defaultdict
from pathlib import Path

import pytest

from mock_server.storage.place import place
from tests.mock_server.killing import killed, lives, started
from tests.mock_server.weed import unfinished_uploads
from tests.whole import WHOLE, costly

DRIVER = Path(__file__).with_name("driver.py")
TERMINAL = {"completed", "partial", "failed"}
#: Draws of the moments of kills.
SEEDS = range(5 if WHOLE else 1)


def start(mode, directory, errors=subprocess.PIPE):
    return started(DRIVER, mode, directory, errors=errors)


def checked(directory, names):
    process = start("check", directory)
    told, errors = process.communicate("\n".join(names), timeout=60)
    assert process.returncode == 0, errors[-2000:]
    return json.loads(told.splitlines()[-1])


def told(kind, lines):
    return [words[1] for words in lines if words[0] == kind]


def busy_until_killed(directory, moments):
    """What a server told that was killed four times, or more often: a busy machine gets less done."""
    lines: list[list[str]] = []

    def enough():
        return len(told("created", lines)) > 10 and len(set(told("ended", lines))) > 5

    for seconds in lives(moments, 0.05, 1.2, kills=4, enough=enough):
        lines += killed(DRIVER, "load", directory, seconds=seconds)
    return lines


def nothing_is_missing(directory, lines):
    """A server that begins now has all that others told until they were killed, and ends what was ended."""
    created, ended = told("created", lines), set(told("ended", lines))
    allowed: dict[tuple[str, str], list[str]] = defaultdict(list)
    acked = set()
    for kind, *words in lines:
        place = tuple(words[:2])
        if kind == "tried":
            allowed[place].append(words[2])
        elif kind == "acked":
            acked.add(place)
            allowed[place] = [words[2]]  # from here on this one, or one that is tried after it
    assert len(created) > 10
    assert len(ended) > 5

    found = checked(directory, created)

    for session_id, name in acked:
        assert name in found["sessions"][session_id]["files"], (session_id, name)
    for session_id, session in found["sessions"].items():
        for name, (listed, on_disk) in session["files"].items():
            assert listed == on_disk
            assert listed in allowed[session_id, name]
        assert session["order"] == sorted(session["order"])
        assert session["journal"][0] == "created"
        assert session["journal"].count("ended") <= 1
        assert sum(kind in TERMINAL for kind in session["journal"]) == session["journal"].count("ended")
        if session["journal"].count("ended"):
            assert session["state"] == "completed"
            assert session["results"] == ["success"]
            assert session["transcript"].split() == [session["files"][name][0] for name in session["order"]]
        else:
            assert session["state"] in {"created", "recording"}
    for session_id in ended:
        assert found["sessions"][session_id]["journal"].count("ended") == 1
    assert found["on_disk"] == found["listed"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_missing_after_kills(tmp_path, seed):
    nothing_is_missing(tmp_path, busy_until_killed(tmp_path, random.Random(seed)))


@costly
@pytest.mark.slow
def test_nothing_acknowledged_is_missing_after_kills_where_audio_lies_in_a_bucket(objects, tmp_path, monkeypatch):
    prefix = f"kills-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("SCRIBE_AUDIO_STORE", objects.url(prefix))
    monkeypatch.setenv("SCRIBE_SIZES", "100,20000,1500000,11000000")  # the largest goes in parts
    nothing_is_missing(tmp_path, busy_until_killed(tmp_path, random.Random(3)))
    assert unfinished_uploads(place(objects.url(prefix))) == []


@pytest.mark.slow
def test_a_second_process_on_the_directory_is_refused_in_one_line_and_the_first_goes_on(tmp_path):
    first = start("load", tmp_path)
    try:
        assert first.stdout.readline() == "open\n"
        second = start("load", tmp_path)
        told, errors = second.communicate(timeout=20)
        assert (second.returncode, told) == (1, "")
        assert errors.count("\n") == 1
        assert f"in use by process {first.pid}" in errors
        assert first.stdout.readline()
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()


@pytest.mark.slow
def test_a_database_that_is_none_is_refused_in_one_line(tmp_path):
    (tmp_path / "scribe.sqlite").write_bytes(b"something else entirely " * 50)
    process = start("load", tmp_path)
    told, errors = process.communicate(timeout=20)
    assert (process.returncode, told) == (1, "")
    assert errors.count("\n") == 1
    assert "scribe.sqlite cannot be used" in errors
