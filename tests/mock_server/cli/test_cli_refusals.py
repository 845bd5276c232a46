"""What `scribe-mock` refuses at start: one line that says what to do, no traceback, and an exit code."""

from __future__ import annotations

import json
import socket
import sqlite3

import pytest
from typer.testing import CliRunner

from mock_server.cli.commands import app
from mock_server.faults.catalogue import CATALOGUE, DIRECT, overlooked
from mock_server.storage.keeping import open_keeping
from mock_server.storage.lock import DirectoryLock


def refused(*arguments):
    """Exit code and message of a `serve` that does not get as far as serving."""
    result = CliRunner().invoke(app, ["serve", "--port", "0", "--transcriber", "scripted", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return result.exit_code, lines[0]


def test_a_data_directory_in_use_names_who_uses_it(tmp_path):
    lock = DirectoryLock(tmp_path)
    try:
        code, line = refused("--data-dir", tmp_path)
    finally:
        lock.release()
    assert code == 3
    assert "in use" in line
    assert "--data-dir" in line


def test_a_corrupt_database_is_refused(tmp_path):
    (tmp_path / "scribe.sqlite").write_bytes(b"no database at all" * 100)
    code, line = refused("--data-dir", tmp_path)
    assert code == 3
    assert str(tmp_path / "scribe.sqlite") in line


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "scribe.sqlite") as connection:
        connection.execute("CREATE TABLE scribe_meta (key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("INSERT INTO scribe_meta VALUES ('schema_version', '999')")
    connection.close()
    code, line = refused("--data-dir", tmp_path)
    assert code == 3
    assert "newer version" in line


def test_a_file_where_the_data_directory_should_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("here I am")
    code, line = refused("--data-dir", tmp_path / "file")
    assert code == 3
    assert "cannot be used" in line


def test_a_model_that_is_not_there_is_refused_and_not_replaced_by_script(tmp_path):
    code, line = refused("--data-dir", tmp_path, "--transcriber", "whisper", "--model", tmp_path / "nowhere")
    assert code == 3
    assert "nowhere" in line


def test_a_damaged_model_is_refused(tmp_path):
    damaged = tmp_path / "model"
    damaged.mkdir()
    (damaged / "config.json").write_text("{}")
    code, line = refused("--data-dir", tmp_path / "data", "--transcriber", "whisper", "--model", damaged)
    assert code == 3
    assert "model" in line


def test_a_port_in_use_is_refused(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, line = refused("--data-dir", tmp_path, "--port", taken.getsockname()[1])
    assert code == 3
    assert "Cannot listen" in line
    assert "--port" in line


def test_a_host_that_is_none_is_refused(tmp_path):
    code, line = refused("--data-dir", tmp_path, "--host", "no.such.host.invalid")
    assert code == 3
    assert "Cannot listen on no.such.host.invalid" in line
    assert "--port" not in line


def test_an_address_of_another_machine_is_not_said_to_be_a_taken_port(tmp_path):
    code, line = refused("--data-dir", tmp_path, "--host", "192.0.2.1")
    assert code == 3
    assert "--host is no address of this machine" in line
    assert "--port" not in line


def test_memory_and_a_directory_to_keep_things_in_are_refused_together(tmp_path):
    code, line = refused("--data-dir", tmp_path / "data", "--in-memory")
    assert code == 2
    assert "--in-memory" in line
    assert "--data-dir" in line


def test_an_unknown_fault_is_refused_with_the_one_that_was_meant(tmp_path):
    name = next(iter(CATALOGUE))
    code, line = refused("--data-dir", tmp_path, "--fault", name[:-1])
    assert code == 2
    assert f"Did you mean {name!r}?" in line
    assert "`scribe-mock faults` lists them" in line


@pytest.mark.parametrize("key", ["", " ", "two words", "schlüssel", "a\nb", "x" * 513])
def test_a_key_that_no_header_can_carry_is_refused(tmp_path, key):
    code, line = refused("--data-dir", tmp_path, "--api-key", key)
    assert code == 2
    assert "--api-key" in line
    assert not key.strip() or key not in line


@pytest.mark.parametrize(
    "url", ["example.org", "ftp://x", "http://", "http://x y", "http://a/?b", "javascript:alert(1)"]
)
def test_a_base_url_that_is_none_is_refused(tmp_path, url):
    code, line = refused("--data-dir", tmp_path, "--base-url", url)
    assert code == 2
    assert "--base-url" in line


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "",
            "null",
            "*",
            "localhost",
            "localhost:3000",
            "http://",
            "//a",
            "ftp://a",
            "file:///x",
            "http://a/b",
            "http://a//",
        ),
        *(
            "http://a?b",
            "http://a#b",
            "http://u@a",
            "http://a:0",
            "http://a:70000",
            "http://a:b",
            "http://a b",
            "http://[::g]",
        ),
        *("http://a,http://b", "http://a\n", "http://*.a", "javascript:alert(1)", "http://ä.example"),
    ],
)
def test_a_console_origin_that_is_none_is_refused(tmp_path, origin):
    code, line = refused("--data-dir", tmp_path, f"--console-origin={origin}")
    assert code == 2
    assert "--console-origin" in line
    assert "https://host:port" in line


def test_a_refusal_leaves_the_data_directory_free(tmp_path):
    assert refused("--data-dir", tmp_path, "--fault", "nobody-knows-this")[0] == 2
    DirectoryLock(tmp_path).release()


def test_faults_lists_every_fault_with_what_it_breaks():
    result = CliRunner().invoke(app, ["faults"], env={"COLUMNS": "60"})  # into a pipe, which has no width
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    for fault in CATALOGUE.values():
        (line,) = [line for line in lines if line.split("  ")[0] == fault.name]
        assert fault.vice in line
        assert ", ".join(fault.breaks) in line


def test_faults_are_told_to_programs_as_json():
    result = CliRunner().invoke(app, ["faults", "--json"])
    told = json.loads(result.stdout)
    known = {**CATALOGUE, **DIRECT}
    assert [entry["name"] for entry in told] == list(known)
    assert all(tuple(entry["breaks"]) == known[entry["name"]].breaks for entry in told)


def test_faults_that_a_quick_run_overlooks_are_marked_and_those_nobody_tried_are_not():
    lines = CliRunner().invoke(app, ["faults"], env={"COLUMNS": "60"}).stdout.splitlines()
    marked = {line.split("  ")[0] for line in lines if line.rstrip().endswith("overlooks it")}
    assert marked == overlooked()
    assert "rounds_numbers" in marked
    assert len(CATALOGUE) == len(marked) + sum(line.rstrip().endswith("finds it") for line in lines)
    untried = json.loads(CliRunner().invoke(app, ["faults", "--json", "--profile", "session_manager"]).stdout)
    assert {entry["quick"] for entry in untried} == {None}


def test_help_names_every_option_of_the_contract():
    result = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    options = (
        *("host", "port", "data-dir", "api-key", "transcriber", "model", "templates-shape"),
        *("open-namespaces", "fault", "faithful", "console-origin"),
    )
    for option in options:
        assert f"--{option}" in result.output


def test_a_data_directory_of_another_revision_is_refused(tmp_path):
    open_keeping(tmp_path, "2026-01-19").close()
    code, line = refused("--data-dir", tmp_path)
    assert code == 3
    assert "holds sessions of revision '2026-01-19', and this server speaks 2026-01-27" in line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--revision", "2026-01-28"], "2026-01-19, 2026-01-27, 2026-01-29 are. Did you mean '2026-01-2"),
        (["--revision", "r0"], "Revision 'r0' is not served"),
        (["--revision", "2026-01-19", "--templates-shape", "array"], "shows templates as an object"),
        (["--revision", "2026-01-19", "--fault", "ends_with_200"], "There is no fault 'ends_with_200' in revision"),
    ],
)
def test_a_revision_that_is_not_served_or_does_not_have_what_is_asked_is_refused(tmp_path, arguments, told):
    code, line = refused("--data-dir", tmp_path / "data", *arguments)
    assert code == 2
    assert told in line
    assert not (tmp_path / "data").exists()
