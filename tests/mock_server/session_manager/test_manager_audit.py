"""`scribe-mock log`: the audit reader's commands."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mock_server.cli.commands import app
from mock_server.log.folder import LogFolder
from tests.mock_server.session_manager.test_manager_log import END, LATER, content, line


def run(*words):
    result = CliRunner().invoke(app, ["log", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def data_dir(tmp_path):
    """A data directory with the log of two users in two namespaces."""
    log = LogFolder(tmp_path / "logs")
    log.open()
    for namespace, session, user in (("mine", "sess_1", "user-17"), ("other", "sess_2", "Ärztin\x1b[31m")):
        path = log.path(namespace, user, session)
        size = log.begin(path, line(session_id=session, user_id=user))
        log.append(path, line(END, LATER, session_id=session, user_id=user), size)
    return tmp_path


@pytest.mark.parametrize("below", ["", "logs"])
def test_a_whole_log_holds(data_dir, below):
    before = content(data_dir)
    result = run("verify", data_dir / below)
    assert result.exit_code == 0
    assert "2 sessions hold (2 ended, 4 lines), 0 broken" in result.stdout
    assert content(data_dir) == before


def test_each_file_that_breaks_a_rule_is_told_with_its_line_and_the_others_hold(data_dir):
    (path,) = data_dir.glob("logs/mine/**/*.jsonl")
    path.write_bytes(path.read_bytes() * 2)
    (data_dir / "logs/other/users/x/sessions").mkdir(parents=True)
    (data_dir / "logs/other/users/x/sessions/y.jsonl").write_bytes(b"hello\n")
    result = run("verify", data_dir)
    assert result.exit_code == 1
    told = [each for each in result.stdout.splitlines() if each.startswith("broken")]
    assert len(told) == 2
    assert f"{path}, line 3, cannot stand there: a second start record." in told[0]
    assert "y.jsonl, line 1, is not of this log: it is not JSON" in told[1]
    assert "1 sessions hold" in result.stdout


def test_one_session_id_in_two_namespaces_is_told(data_dir):
    log = LogFolder(data_dir / "logs")
    log.begin(log.path("other", "user-18", "sess_1"), line(session_id="sess_1", user_id="user-18"))
    result = run("verify", data_dir)
    assert result.exit_code == 1
    assert "has the session_id of" in result.stdout


def test_what_is_worth_a_look_and_breaks_nothing_is_a_note(data_dir):
    (path,) = data_dir.glob("logs/mine/**/*.jsonl")
    with path.open("ab") as file:
        file.write(b"torn")
    (data_dir / "logs/stray.jsonl").write_bytes(b"")
    (path.parent / "sess_0.jsonl.torn").write_bytes(b"x\n")
    before = content(data_dir)
    result = run("verify", data_dir)
    assert result.exit_code == 0
    notes = [each for each in result.stdout.splitlines() if each.startswith("note")]
    assert len(notes) == 3
    assert "ends in 4 bytes that are no whole line" in notes[0]
    assert content(data_dir) == before


@pytest.mark.parametrize("command", ["verify", "replay"])
def test_what_is_no_log_is_refused_in_one_line(tmp_path, command):
    (tmp_path / "file").write_text("hello")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "log.json").write_text('{"log": "another"}')
    for where in (tmp_path / "nowhere", tmp_path / "file", tmp_path):
        result = run(command, where)
        assert (result.exit_code, result.stdout) == (3, "")
        assert len(result.stderr.strip().splitlines()) == 1


def test_a_replay_tells_what_happened_oldest_first_and_does_nothing_to_a_terminal(data_dir):
    result = run("replay", data_dir)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [each.split()[1] for each in lines] == ["sessions.start", "sessions.start", "sessions.end", "sessions.end"]
    assert "\x1b" not in result.stdout
    assert "\\x1b[31m" in result.stdout
    assert lines[-1].endswith("requested")


@pytest.mark.parametrize("words", [("--session", "sess_1"), ("--user", "user-17")])
def test_a_replay_of_one_session_or_user_is_of_nobody_else(data_dir, words):
    result = run("replay", data_dir, "--jsonl", *words)
    assert {json.loads(each)["event"]["session_id"] for each in result.stdout.splitlines()} == {"sess_1"}
    (path,) = data_dir.glob("logs/mine/**/*.jsonl")
    assert result.stdout_bytes == path.read_bytes()


@pytest.mark.parametrize("command", ["verify", "replay"])
def test_each_command_of_the_audit_reader_has_an_example(command):
    assert f"Example: scribe-mock log {command} scribe-mock-data" in " ".join(run(command, "--help").stdout.split())


def test_a_replay_of_somebody_unknown_says_so(data_dir):
    result = run("replay", data_dir, "--user", "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing of that session or user" in result.stderr


def test_a_replay_leaves_broken_files_out_and_says_so(data_dir):
    (path,) = data_dir.glob("logs/mine/**/*.jsonl")
    path.write_bytes(b"hello\n")
    result = run("replay", data_dir)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    assert "left out:" in result.stderr
    assert str(path) in "".join(result.stderr.splitlines())


def served(*arguments):
    result = CliRunner().invoke(app, ["serve", "--port", "0", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    (told,) = result.stderr.strip().splitlines()
    return result.exit_code, told


@pytest.mark.parametrize("profile", ["session_manager", "medscribe,session_manager"])
def test_a_server_does_not_start_on_a_log_that_is_not_ours(data_dir, profile):
    (path,) = data_dir.glob("logs/mine/**/*.jsonl")
    path.write_bytes(b"hello\n")
    before = content(data_dir / "logs")
    code, told = served("--data-dir", data_dir, "--profile", profile, "--transcriber", "scripted")
    assert code == 3
    assert f"{path}, line 1, is not of this log" in told
    assert content(data_dir / "logs") == before


@pytest.mark.parametrize(
    ("profile", "hint"),
    [("sessionmanager", "Did you mean 'session_manager'?"), ("prsn", "Did you mean 'prsm'?"),
     (",", "names no profile"), ("medscribe,x", "'x' is not served")],
)  # fmt: skip
def test_a_profile_that_is_not_served_is_answered_with_those_that_are(tmp_path, profile, hint):
    code, told = served("--data-dir", tmp_path / "data", "--profile", profile)
    assert code == 2
    assert hint in told
    assert not (tmp_path / "data").exists()
