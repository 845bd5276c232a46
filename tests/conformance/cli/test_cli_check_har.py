"""`check-har`: what a browser or a proxy recorded is judged by the checks that are good for any traffic."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from conformance.given import LARGEST
from tests.conformance.checks.builders import BASE, discovery_with

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

BEGAN = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
SECRET = "sk_live_quite_unlikely_77"
ID = "ses_1f2e3d4c5b6a79880001"
ASKED = {
    "templates": ["soap"],
    "upload_type": "chunked",
    "communication_protocol": "http",
    "additional_data": {"visit": 7},
}
MADE = {
    "session_id": ID,
    "status": "created",
    "created_at": "2026-02-03T09:30:00Z",
    "expires_at": "2026-02-03T10:30:00Z",
    "upload_url": f"{BASE}/sessions/{ID}/audio",
}
READ = {**{name: MADE[name] for name in ("session_id", "created_at", "expires_at")}, "status": "recording"}
READ |= {"audio_files_received": 1, "audio_files": ["audio_0.webm"], "additional_data": {"visit": 7}}
ENDED = {"session_id": ID, "status": "processing", "message": "Working.", "audio_files_received": 1}
ENDED["audio_files"] = ["audio_0.webm"]


def heard(method: str, path: str, status: int, document: Any = None, *, asked: Any = None, **more: Any) -> Any:
    """An entry as browsers write it: no `_` members, nothing of the kit's."""
    url = path if path.startswith("http") else BASE + path
    request: dict[str, Any] = {"method": method, "url": url, "headers": [{"name": "X-API-Key", "value": SECRET}]}
    if asked is not None:
        request["postData"] = {"mimeType": "application/json", "text": json.dumps(asked)}
    request |= more
    content = {"mimeType": "application/json", "size": 9, "text": json.dumps(document)}
    return {"time": 12, "request": request, "response": {"status": status, "headers": [], "content": content}}


def uploaded(name: str = "audio_0.webm", status: int = 200) -> Any:
    form = {"mimeType": "multipart/form-data", "params": [{"name": "file", "fileName": name}]}
    return heard("POST", f"/sessions/{ID}/audio", status, {"status": "ok"}, postData=form)


def visit(**changes: Any) -> list[Any]:
    """A session from its discovery to its end; `changes` replace a document."""
    documents = {"made": MADE, "read": READ, "ended": ENDED} | changes
    return [
        heard("GET", "https://scribe.example/.well-known/medscribealliance", 200, discovery_with()),
        heard("POST", "/sessions", 201, documents["made"], asked=ASKED),
        uploaded(),
        heard("GET", f"/sessions/{ID}?t=1", 202, documents["read"]),
        heard("POST", f"/sessions/{ID}/end", 202, documents["ended"]),
        heard("GET", "https://scribe.example/logo.png", 200, "not of the protocol"),
    ]


def checked(folder: Path, entries: list[Any], *words: str, **log: Any) -> Result:
    for place, entry in enumerate(entries):
        if isinstance(entry, dict) and "startedDateTime" not in entry:
            entry["startedDateTime"] = (BEGAN + timedelta(seconds=10 * place)).isoformat()
    document = {"log": {"version": "1.2", "creator": {"name": "Firefox"}, "entries": entries} | log}
    (folder / "browser.har").write_text(json.dumps(document))
    return CliRunner().invoke(app, ["check-har", str(folder / "browser.har"), *words])


def told(folder: Path, entries: list[Any], *words: str) -> tuple[Any, dict[str, Any]]:
    document = json.loads(checked(folder, entries, "--json", *words).stdout)
    return document, {each["id"]: each for each in document["requirements"]}


def test_what_is_right_holds_and_what_was_not_shown_stays_open(tmp_path: Path) -> None:
    done = checked(tmp_path, visit())
    assert done.exit_code == 0, done.output
    document, found = told(tmp_path, visit())
    assert (document["entries"], document["mapped"]) == (6, 5)
    assert document["sessions"] == {"whole": 1, "partial": 0}
    assert document["summary"]["fail"] == 0
    for name in ("SES-CREATE-002", "SES-END-002", "SES-GET-024", "SES-DATA-001"):
        assert found[name]["verdict"] == "pass", found[name]
    for name in ("AUTH-001", "SES-EXP-001", "SES-END-008"):
        assert found[name]["verdict"] == "inconclusive", found[name]


@pytest.mark.parametrize(
    ("changes", "requirement", "entry"),
    [
        ({"read": READ | {"created_at": "2026-02-03T09:40:00Z"}}, "SES-GET-024", 4),
        ({"read": READ | {"additional_data": {"visit": "7"}}}, "SES-DATA-001", 4),
        ({"read": READ | {"audio_files": [], "audio_files_received": 0}}, "SES-GET-025", 4),
        ({"ended": ENDED | {"audio_files": [], "audio_files_received": 0}}, "SES-END-007", 5),
        ({"made": MADE | {"expires_at": "2026-02-03T09:00:00Z"}}, "SES-CREATE-008", 2),
    ],
)
def test_what_is_violated_is_told_with_its_entry(tmp_path: Path, changes: Any, requirement: str, entry: int) -> None:
    assert checked(tmp_path, visit(**changes)).exit_code == 1
    _, found = told(tmp_path, visit(**changes))
    broken = {name: each for name, each in found.items() if each["verdict"] == "fail"}
    assert requirement in broken, broken.keys()
    assert broken[requirement]["findings"][0]["entry"] == entry


@pytest.mark.parametrize("missing", [1, 2])
def test_a_session_that_is_shown_in_part_is_not_failed_for_what_is_missing(tmp_path: Path, missing: int) -> None:
    entries = visit()
    del entries[missing]
    done = checked(tmp_path, entries)
    assert done.exit_code == 0, done.output
    assert "0 sessions are shown whole, 1 in part" in done.stdout


DONE = READ | {
    "status": "completed",
    "completed_at": "2026-02-03T09:31:00Z",
    "model_used": "lite",
    "language_detected": "en",
    "audio_files_processed": 1,
    "templates": {"soap": {"status": "success", "data": {"subjective": "A cough."}}},
    "transcript": "Doctor: How are you?",
}
LOST = {
    "status": "partial",
    "processing_errors": [],
    "templates": {"soap": {"status": "failed", "error": {"code": "extraction_failed", "message": "Failed."}}},
}
WORKING = READ | {"status": "processing"}


def consultation(*reads: tuple[int, Any]) -> list[Any]:
    """A session that was ended and then read."""
    return visit()[:5] + [heard("GET", f"/sessions/{ID}", status, document) for status, document in reads]


def test_a_consultation_without_fault_has_results_that_hold(tmp_path: Path) -> None:
    entries = consultation((202, WORKING), (200, DONE), (200, DONE))
    done = checked(tmp_path, entries)
    assert done.exit_code == 0, done.output
    document, found = told(tmp_path, entries)
    assert document["summary"]["error"] == 0
    for name in ("SES-GET-003", "SES-GET-009", "EXT-006", "EXT-003", "CONF-004", "SES-ID-001"):
        assert found[name]["verdict"] == "pass", (name, found[name])
    assert checked(tmp_path, consultation((206, DONE | LOST))).exit_code == 0


@pytest.mark.parametrize(
    ("status", "document", "requirement"),
    [
        (200, WORKING, "SES-GET-003"),
        (202, DONE, "SES-GET-009"),
        (200, DONE | LOST, "SES-PART-001"),
        (200, DONE | {"templates": {"soap": {"status": "success"}}}, "EXT-006"),
        (200, {name: value for name, value in DONE.items() if name != "transcript"}, "CONF-004"),
        (200, DONE | {"templates": {}}, "EXT-007"),
        (200, DONE | {"created_at": None}, "EXT-001"),
    ],
)
def test_an_answer_that_is_wrong_in_itself_fails_whoever_sent_the_request(
    tmp_path: Path, status: int, document: Any, requirement: str
) -> None:
    listed = heard("GET", "/templates", 200, {"templates": [{"id": "soap", "name": "SOAP", "description": "Notes."}]})
    entries = [*consultation((status, document)), listed]
    assert checked(tmp_path, entries).exit_code == 1
    _, found = told(tmp_path, entries)
    assert found[requirement]["verdict"] == "fail", found[requirement]
    assert found[requirement]["findings"][0]["entry"] == 6


def test_what_no_recording_can_show_says_so_and_what_it_did_not_show_says_that(tmp_path: Path) -> None:
    document, found = told(tmp_path, visit())
    assert found["AUTH-006"]["reason"] == "needs_a_run"
    assert found["AUTH-006"]["findings"][0]["message"].startswith("Not judged from a recording: it needs requests")
    assert found["SES-GET-009"]["reason"] == "not_recorded"
    assert found["SES-GET-009"]["findings"][0]["message"].startswith("Nothing that was recorded shows this.")
    assert "Nothing in the run" not in json.dumps(document)
    assert "are not judged from a recording" in checked(tmp_path, visit()).stdout


@pytest.mark.parametrize("status", [429, 400, 503])
def test_an_upload_that_was_refused_needs_no_name(tmp_path: Path, status: int) -> None:
    refused = {"error": {"code": "rate_limit_exceeded", "message": "Wait."}}
    nameless = heard("POST", f"/sessions/{ID}/audio", status, refused)
    entries = [*visit()[:2], nameless, *visit()[2:]]
    assert "1 sessions are shown whole, 0 in part" in checked(tmp_path, entries).stdout
    entries[2] = heard("POST", f"/sessions/{ID}/audio", 200, {"status": "ok"})
    assert "0 sessions are shown whole, 1 in part" in checked(tmp_path, entries).stdout
    entries[2:4] = [heard("POST", f"/sessions/{ID}/audio", 200, {"original_filename": "audio_0.webm"})]
    assert "1 sessions are shown whole, 0 in part" in checked(tmp_path, entries).stdout


def test_a_session_that_was_changed_by_other_means_is_judged_in_part(tmp_path: Path) -> None:
    changed = READ | {"additional_data": {"visit": 8}}
    entries = [*visit()[:3], heard("PATCH", f"/sessions/{ID}", 200, {"status": "ok"})]
    entries += [heard("GET", f"/sessions/{ID}", 202, changed)]
    done = checked(tmp_path, entries)
    assert done.exit_code == 0, done.output
    assert "0 sessions are shown whole, 1 in part" in done.stdout


def test_an_archive_may_name_its_root_itself(tmp_path: Path) -> None:
    entries = visit()[1:]
    assert checked(tmp_path, entries).exit_code == 2
    document = json.loads((tmp_path / "browser.har").read_text())
    document["log"]["_base_url"] = BASE
    (tmp_path / "browser.har").write_text(json.dumps(document))
    assert CliRunner().invoke(app, ["check-har", str(tmp_path / "browser.har")]).exit_code == 0


def test_a_body_that_was_not_recorded_is_not_judged(tmp_path: Path) -> None:
    entries = visit()
    for entry in entries[1:]:
        entry["response"]["content"].pop("text")
    assert checked(tmp_path, entries).exit_code == 0


def test_a_key_that_was_refused_fails_nothing(tmp_path: Path) -> None:
    entries = visit()
    refused = {"error": {"code": "invalid_api_key", "message": "No."}}
    entries.insert(3, heard("GET", f"/sessions/{ID}", 401, refused))
    entries.insert(3, heard("POST", f"/sessions/{ID}/audio", 401, refused))
    entries.insert(3, heard("OPTIONS", f"/sessions/{ID}", 204))
    entries.insert(3, heard("GET", f"/sessions/{ID}", 0))
    assert checked(tmp_path, entries).exit_code == 0, checked(tmp_path, entries).output


def test_the_order_is_that_of_sending_and_not_that_of_the_file(tmp_path: Path) -> None:
    entries = visit(read=READ | {"created_at": "2026-02-03T09:40:00Z"})
    checked(tmp_path, entries)  # gives each its time
    _, found = told(tmp_path, entries[::-1])
    assert found["SES-GET-024"]["findings"][0]["entry"] == 3


def test_without_discovery_the_root_has_to_be_named(tmp_path: Path) -> None:
    done = checked(tmp_path, visit()[1:])
    assert done.exit_code == 2
    assert "--base-url" in done.stderr
    assert checked(tmp_path, visit()[1:], "--base-url", BASE + "/").exit_code == 0
    done = checked(tmp_path, visit()[1:], "--base-url", "https://elsewhere.example")
    assert done.exit_code == 2
    assert "none of its 5 entries" in done.stderr


def test_a_credential_in_it_is_not_told(tmp_path: Path) -> None:
    shown = READ | {"additional_data": {"visit": SECRET}}
    for words in ((), ("--json",)):
        done = checked(tmp_path, visit(read=shown), *words)
        assert done.exit_code == 1
        assert "comes back changed" in done.output
        assert SECRET not in done.output


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"\x89PNG", "no JSON"),
        (b"[]", "not an HTTP Archive"),
        (b'{"log": {"version": "1.2"}}', "no array log.entries"),
        (b'{"log": {"version": "2.0", "entries": []}}', "/log/version: is '2.0'"),
        (b'{"log": {"entries": []}}', "/log/version: is None"),
        (b'{"log": {"version": "1.2", "entries": []}}', "--base-url"),
        (b'{"log": {"version": "1.2", "entries": [{}]}}', "/log/entries/0: misses 'request'"),
        (b'{"log": {"version": "1.2", "entries": [7]}}', "/log/entries/0: cannot be read"),
        (b'{"log": {"version": "1.2", "entries": [' + b"7," * 60_000 + b"7]}}", "60001 entries"),
        (b'{"log":' * 100_000, "nested too deeply"),
        (b'{"info": {"_postman_id": 1}, "item": []}', "not an HTTP Archive"),
    ],
)
def test_a_file_of_another_kind_is_2_in_one_line(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "odd.har").write_bytes(content)
    done = CliRunner().invoke(app, ["check-har", str(tmp_path / "odd.har")])
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    assert "odd.har: " in line
    assert why in line


def test_a_file_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.har").open("wb") as file:
        file.truncate(2 * 1024**3)  # sparse: it takes no room
    done = CliRunner().invoke(app, ["check-har", str(tmp_path / "huge.har")])
    assert done.exit_code == 2
    assert f"has more than {LARGEST} bytes" in done.stderr


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("startedDateTime", "noon"),
        ("startedDateTime", 5),
        ("time", "long"),
        ("time", 1e300),
        ("time", float("nan")),
        ("request", None),
        ("response", []),
        ("response", {"status": "ok"}),
        ("response", {"status": 200, "content": {"encoding": "base64", "text": "%"}}),
    ],
)
def test_an_entry_that_is_none_is_told_with_its_place(tmp_path: Path, member: str, value: Any) -> None:
    entries = visit()
    entries[3][member] = value
    done = checked(tmp_path, entries)
    assert done.exit_code == 2, done.output
    assert "/log/entries/3: " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def sent_on(**changes: Any) -> list[Any]:
    """The visit with its file PUT by name, which is sent on to a storage; the session knows of it at its end."""
    there = "https://store.test/direct/a?X-Amz-Signature=1"
    asked = heard("PUT", f"/sessions/{ID}/audio/audio_0.webm", 307)
    asked["response"]["headers"] = [{"name": "Location", "value": there}]
    stored = heard("PUT", there, 200, headers=[])
    stored["response"]["content"] = {"mimeType": "", "size": 0, "text": ""}
    unknowing = READ | {"status": "created", "audio_files": [], "audio_files_received": 0}
    entries = visit(**{"read": unknowing} | changes)
    return [*entries[:2], asked, stored, *entries[3:]]


def test_a_file_that_was_sent_on_to_a_storage_is_one_of_its_session(tmp_path: Path) -> None:
    done = checked(tmp_path, sent_on())
    assert done.exit_code == 0, done.output
    document, found = told(tmp_path, sent_on())
    assert document["sessions"] == {"whole": 1, "partial": 0}
    assert found["SES-END-007"]["reason"] == "needs_a_run"
    nothing = {"audio_files": [], "audio_files_received": 0}
    late = sent_on(ended=ENDED | nothing)
    assert told(tmp_path, late)[1]["SES-END-007"]["verdict"] == "warn"  # it may know of it late (E46)
    late.append(heard("GET", f"/sessions/{ID}", 200, DONE | nothing))
    assert told(tmp_path, late)[1]["SES-END-007"]["verdict"] == "fail"
