"""The files of the log: names, lines, what a start makes of them, and what a disk does to them."""

from __future__ import annotations

import errno
import json
import logging
import os
import random
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.log import LogError, files
from mock_server.log.folder import LogFolder
from mock_server.log.line import END, START, Line, NotALine, decoded
from mock_server.log.place import file_of, name_of
from mock_server.log.window import Disorder, told

HOSTILE = [
    "..",
    ".",
    "/",
    "../../../etc/passwd",
    "a/b",
    "a\\b",
    "C:\\x",
    "~",
    "",
    " ",
    "a ",
    "A",
    "aB",
    "ab",
    "user-A",
    "user-a",
    "ａ",
    "con",
    "CON",
    "nul",
    "com1",
    "lpt9",
    "user\x00",
    "user\n",
    "-rf",
    "*",
    "?",
    "x" * 64,
    "x" * 65,
    "x" * 100_000,
    "é",
    unicodedata.normalize("NFD", "é"),
    "ß",
    "SS",
    "ı",
    "İ",
    "=",
    "=" + "0" * 64,
    ".jsonl",
    "a.jsonl",
    "a.",
    "👩‍⚕️",
    "\u202e",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_name_is_short_and_plain_whatever_it_is_made_of(text):
    name = name_of(text)
    assert 1 <= len(name) <= 65
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-=")
    assert name == name.casefold()
    assert name not in (".", "..", "con", "nul", "com1", "lpt9")


def test_no_two_texts_share_a_name():
    assert len({name_of(text) for text in HOSTILE}) == len(HOSTILE)


@given(st.lists(st.text(), min_size=2, max_size=40, unique=True))
def test_no_two_users_share_a_folder_on_any_file_system(texts):
    assert len({name_of(text).casefold() for text in texts}) == len(texts)


def test_a_plain_name_stays_readable(tmp_path):
    path = file_of(tmp_path, "user-17", "sess_0123456789abcdef")
    assert path.relative_to(tmp_path).as_posix() == "users/user-17/sessions/sess_0123456789abcdef.jsonl"


def line(kind=START, at="2026-01-27T09:00:00.000Z", **changes):
    event = {
        "event_type": kind,
        "schema_version": "1.1.0",
        "record_id": f"record-{random.random()}",
        "user_id": "user-17",
        "session_id": "sess_1",
        "timestamp": at,
        "source": "session_manager",
        "start_time": "2026-01-27T09:00:00.000Z",
    }
    more = {"expires_at": "2026-01-27T10:00:00.000Z"} if kind == START else {"end_time": at, "end_reason": "requested"}
    return Line(at, {**event, **more, **changes})


def test_a_line_is_read_as_it_was_written():
    written = line(user_id="Ärztin\n\u2028", input={"timestamp": "x"}).encoded()
    assert written.count(b"\n") == 1
    found = decoded(written[:-1])
    assert found.event["user_id"] == "Ärztin\n\u2028"
    assert found.encoded() == written


NOT_LINES = {
    "nothing": (b"", "not JSON"),
    "words": (b"session started", "not JSON"),
    "a list": (b"[]", "not an object with an event"),
    "no event": (b'{"recorded_at": "2026-01-27T09:00:00.000Z"}', "not an object with an event"),
    "not UTF-8": (b'{"\xff": 1}', "not UTF-8"),
    "deep": (b"[" * 30_000, "nested too deep"),
    "long": (b"x" * 100_000, "longer than"),
    "a member twice": (b'{"event": {}, "event": {}}', "twice"),
    "another event": (line("sessions.pause").encoded()[:-1], "neither sessions.start nor sessions.end"),
    "seconds": (line(timestamp="2026-01-27T09:00:00Z").encoded()[:-1], "timestamp is not UTC"),
    "no such day": (line(end_time="2026-02-30T09:00:00.000Z").encoded()[:-1], "end_time is not UTC"),
    "no reason": (line(END, end_reason="").encoded()[:-1], "has no end_reason"),
    "a number": (line(user_id=17).encoded()[:-1], "has no user_id"),
    "zeros": (b"\0" * 80, "not JSON"),
}


@pytest.mark.parametrize(("raw", "reason"), NOT_LINES.values(), ids=NOT_LINES)
def test_what_is_not_a_line_is_told_why(raw, reason):
    with pytest.raises(NotALine, match=reason):
        decoded(raw)


LATER = "2026-01-27T09:30:00.000Z"
DISORDERS = {
    "an end alone": ([line(END)], 1, "not a start"),
    "two starts": ([line(), line(at=LATER)], 2, "second start"),
    "two ends": ([line(), line(END, LATER), line(END, LATER)], 3, "behind the end"),
    "an end, then a timeout": ([line(), line(END, LATER), line(END, LATER, end_reason="timeout")], 3, "behind the end"),
    "backwards": ([line(at=LATER), line(END)], 2, "is before the record above"),
    "another session": ([line(), line(END, LATER, session_id="sess_2")], 2, "another session"),
    "another user": ([line(), line(END, LATER, user_id="user-18")], 2, "another session"),
    "a record twice": ([line(record_id="r"), line(END, LATER, record_id="r")], 2, "record_id of an earlier"),
}


@pytest.mark.parametrize(("lines", "number", "reason"), DISORDERS.values(), ids=DISORDERS)
def test_lines_that_no_session_leaves_are_told_by_their_number(lines, number, reason):
    with pytest.raises(Disorder, match=reason) as caught:
        told(lines)
    assert caught.value.number == number


@pytest.mark.parametrize("reason", ["requested", "timeout"])
def test_a_session_is_what_its_lines_tell(reason):
    window = told([line(), line(END, LATER, end_reason=reason)])
    assert (window.state, window.ended, window.end_reason, window.ended_at) == ("ended", True, reason, LATER)
    assert not told([line()]).ended


@pytest.fixture
def root(tmp_path):
    return tmp_path / "logs"


@pytest.fixture
def written(root):
    """A log of one ended and one open session, and the path of the open one."""
    log = LogFolder(root)
    assert log.open() == []
    for session, user in (("sess_1", "user-17"), ("sess_2", "Ärztin")):
        path = log.path("mine", user, session)
        size = log.begin(path, line(session_id=session, user_id=user))
        if session == "sess_1":
            assert log.append(path, line(END, LATER, session_id=session, user_id=user), size) == path.stat().st_size
    return path


def content(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_log_is_found_again_as_it_was(root, written):
    before = content(root)
    found = LogFolder(root).open()
    assert {(space, kept.window.session_id, kept.window.ended) for space, kept in found} == {
        ("mine", "sess_1", True),
        ("mine", "sess_2", False),
    }
    assert content(root) == before
    assert (written.stat().st_mode & 0o777, root.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("torn", [b"x", b'{"recorded_at":"2026', line(END, LATER).encoded()[:-1], b"\0" * 200])
def test_a_torn_last_line_is_set_aside_with_a_message_and_nothing_else_is_touched(root, written, caplog, torn):
    before = content(root)
    with written.open("ab") as file:
        file.write(torn)
    with caplog.at_level(logging.WARNING):
        found = LogFolder(root).open()
    aside = written.with_name(f"{written.name}.torn")
    assert content(root) == before | {aside: torn + b"\n"}
    assert len(found) == 2
    assert str(written) in caplog.text
    assert f"{len(torn)} bytes" in caplog.text
    caplog.clear()
    assert len(LogFolder(root).open()) == 2
    assert content(root) == before | {aside: torn + b"\n"}
    assert caplog.text == ""


@pytest.mark.parametrize("torn", [b"", b'{"recorded_at"'])
def test_a_session_whose_first_line_was_never_finished_is_none(root, written, torn):
    before = content(root)
    path = written.with_name("sess_3.jsonl")
    path.write_bytes(torn)
    assert len(LogFolder(root).open()) == 2
    assert content(root) == before | {path.with_name("sess_3.jsonl.torn"): torn + b"\n"}


SPOILED = {
    "another file's line": (
        lambda root, path: path.write_bytes(path.read_bytes() + b"hello\n"),
        r"line 2, is not of this log: it is not JSON",
    ),
    "an edited user": (
        lambda root, path: path.write_bytes(path.read_bytes().replace("Ärztin".encode(), b"Arzt")),
        "whose file lies elsewhere",
    ),
    "a line taken away": (
        lambda root, path: path.write_bytes(path.read_bytes().split(b"\n")[0][5:] + b"\n"),
        "line 1, is not of this log",
    ),
    "a file of another place": (
        lambda root, path: path.rename(path.with_name("sess_9.jsonl")),
        "whose file lies elsewhere",
    ),
    "a file without end": (lambda root, path: path.write_bytes(b"x" * 2_000_000), "more than"),
    "a link": (
        lambda root, path: (path.rename(root.parent / "x"), path.symlink_to(root.parent / "x")),
        "cannot be read",
    ),
    "a copy in another namespace": (
        lambda root, path: shutil.copytree(root / "mine", root / "other"),
        "has the session_id of",
    ),
    "no mark": (lambda root, path: (root / "log.json").unlink(), "is not a log of the session manager"),
    "another mark": (
        lambda root, path: (root / "log.json").write_text('{"log": "dalston", "version": 1}'),
        "does not say",
    ),
    "no JSON for a mark": (lambda root, path: (root / "log.json").write_text("hello"), "does not say"),
    "a newer version": (
        lambda root, path: (root / "log.json").write_text('{"log": "session_manager", "version": 2}'),
        "is a log of version 2",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILED.values(), ids=SPOILED)
def test_a_log_that_is_not_ours_is_refused_in_one_line_and_left_as_it_is(root, written, spoil, reason):
    torn = written.with_name("sess_0.jsonl")
    torn.write_bytes(b"never finished")
    spoil(root, written)
    before = content(root)
    with pytest.raises(LogError, match=reason) as caught:
        LogFolder(root).open()
    assert "\n" not in str(caught.value)
    assert content(root) == before


@pytest.mark.parametrize("there", ["a folder of others", "a file"])
def test_what_is_no_log_at_all_is_refused(root, there):
    if there == "a file":
        root.write_text("hello")
    else:
        root.mkdir()
        (root / "app.log").write_text("hello")
    before = root.read_text() if there == "a file" else content(root)
    with pytest.raises(LogError):
        LogFolder(root).open()
    assert (root.read_text() if there == "a file" else content(root)) == before


def test_a_mark_that_a_crash_left_empty_is_written_again(root):
    root.mkdir()
    (root / "log.json").touch()
    assert LogFolder(root).open() == []
    assert json.loads((root / "log.json").read_text()) == {"log": "session_manager", "version": 1}


class Disk:
    """Stands for os in the room that writes; fails as it is told, and counts what was made durable."""

    def __init__(self, monkeypatch):
        self.left, self.truncates, self.synced = None, True, []
        write, fsync, ftruncate = os.write, os.fsync, os.ftruncate

        def limited(handle, data):
            if self.left is None:
                return write(handle, data)
            if not self.left:
                raise OSError(errno.ENOSPC, "No space left on device")
            done = write(handle, bytes(data[: self.left]))
            self.left -= done
            return done

        def truncate(handle, size):
            if not self.truncates:
                raise OSError(errno.EIO, "Input/output error")
            ftruncate(handle, size)

        def sync(handle):
            self.synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
            fsync(handle)

        monkeypatch.setattr(files.os, "write", limited)
        monkeypatch.setattr(files.os, "ftruncate", truncate)
        monkeypatch.setattr(files.os, "fsync", sync)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.mark.parametrize("left", [0, 1, 100])
def test_a_full_disk_takes_nothing_and_leaves_nothing(root, written, disk, left):
    log, before = LogFolder(root), content(root)
    disk.left = left
    with pytest.raises(LogError, match="The disk is full"):
        log.append(written, line(END, LATER, session_id="sess_2", user_id="Ärztin"), written.stat().st_size)
    disk.left = left
    with pytest.raises(LogError, match="The disk is full"):
        log.begin(log.path("mine", "user-17", "sess_3"), line(session_id="sess_3"))
    disk.left = None
    assert content(root) == before
    assert len(LogFolder(root).open()) == 2
    log.append(written, line(END, LATER, session_id="sess_2", user_id="Ärztin"), written.stat().st_size)


def test_a_file_that_could_not_be_put_back_takes_nothing_until_the_next_start(root, written, disk):
    log, size = LogFolder(root), written.stat().st_size
    disk.left, disk.truncates = 10, False
    ending = line(END, LATER, session_id="sess_2", user_id="Ärztin")
    with pytest.raises(files.DamagedError, match="nor put back"):
        log.append(written, ending, size)
    disk.left, disk.truncates = None, True
    with pytest.raises(files.DamagedError, match="somebody else writes"):
        log.append(written, ending, size)
    assert written.stat().st_size == size + 10
    assert len(LogFolder(root).open()) == 2
    assert log.append(written, ending, size) == written.stat().st_size


def test_a_line_and_every_name_above_it_is_durable_before_it_counts(root, disk):
    log = LogFolder(root)
    log.open()
    path = log.path("mine", "user-17", "sess_1")
    disk.synced.clear()
    size = log.begin(path, line())
    space = root / "mine"
    assert set(disk.synced) == {
        str(each) for each in (root, space, space / "users", path.parents[1], path.parent, path)
    }
    disk.synced.clear()
    log.append(path, line(END, LATER), size)
    assert disk.synced == [str(path)]


def test_a_removed_namespace_is_gone_and_the_others_stay(root, written):
    log = LogFolder(root)
    path = log.path("other", "user-17", "sess_7")
    log.begin(path, line(session_id="sess_7"))
    log.forget("mine")
    log.forget("nobody")
    assert [kept.window.session_id for _, kept in LogFolder(root).open()] == ["sess_7"]
    log.begin(log.path("mine", "user-17", "sess_8"), line(session_id="sess_8"))
    assert len(LogFolder(root).open()) == 2


def test_what_a_killed_reset_left_is_removed_at_the_next_start(root, written):
    (root / "mine").rename(root / ".going-1")
    assert LogFolder(root).open() == []
    assert [path.name for path in root.iterdir()] == ["log.json"]
