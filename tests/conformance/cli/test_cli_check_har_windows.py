"""`check-har` of a session manager: the archive has no discovery, and sessions are named in queries and bodies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from tests.conformance.checks.windows import BASE, USER, line, output, stamp

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ID = "sess_0123456789abcdef"
KEY = "sk_quite_unlikely_88"


def entry(at: int, method: str, path: str, answer: Any, asked: Any = None, *, key: str = KEY) -> dict[str, Any]:
    """An entry as a proxy writes it; `answer` is lines where it is a list."""
    told = "".join(f"{json.dumps(each)}\n" for each in answer) if isinstance(answer, list) else json.dumps(answer)
    headers = [{"name": "Authorization", "value": f"Bearer {key}"}]
    request: dict[str, Any] = {"method": method, "url": BASE + path, "headers": headers}
    if asked is not None:
        request["postData"] = {"mimeType": "application/json", "text": json.dumps(asked)}
    content = {"mimeType": "application/json", "size": len(told), "text": told}
    response = {"status": 200, "headers": [], "content": content}
    return {"startedDateTime": stamp(at), "time": 9, "request": request, "response": response}


def asked(**more: Any) -> dict[str, Any]:
    base = {"schema_version": "1.1.0", "record_id": "7b1d5f0a-2f4e-4c1b-8b57-0c9c5a3de2a2", "user_id": USER}
    return {**base, "timestamp": stamp(0), **more}


OTHER_RECORD = "5e0b8f0c-1d7a-4a35-8a46-9b7d2c4f6a44"
RECORDS = [line("start", ID, 0), line("end", ID, 2)]


def window(*, ended: str = ID, exported: Any = RECORDS, asked_for: str = USER) -> list[dict[str, Any]]:
    """A session from its start to a look at its log."""
    end = output(ended, record_id=OTHER_RECORD)
    shown = {"session_id": ID, "user_id": USER, "status": "open", "timeline": RECORDS[:1]}
    return [
        entry(0, "POST", "/sessions.start", output(ID), asked()),
        entry(1, "GET", f"/sessions.replay?session_id={ID}", shown),
        entry(2, "POST", "/sessions.end", end, asked(session_id=ID)),
        entry(3, "GET", f"/sessions.export?user_id={asked_for}", exported),
        entry(4, "GET", "/favicon.ico", "no part of the protocol"),
    ]


def checked(folder: Path, entries: list[dict[str, Any]], *words: str) -> Result:
    archive = folder / "proxy.har"
    archive.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "proxy"}, "entries": entries}}))
    return CliRunner().invoke(app, ["check-har", str(archive), "--profile", "session_manager", "--json", *words])


def verdicts(result: Result) -> dict[str, str]:
    return {each["id"]: each["verdict"] for each in json.loads(result.stdout)["requirements"]}


def test_a_session_without_discovery_is_read_and_held_right(tmp_path: Path) -> None:
    result = checked(tmp_path, window())
    assert result.exit_code == 0, result.output
    document, found = json.loads(result.stdout), verdicts(result)
    assert (document["base_url"], document["mapped"]) == (BASE, 4)
    assert document["sessions"] == {"whole": 1, "partial": 0}
    held = {name for name, verdict in found.items() if verdict == "pass"}
    assert {"SM-START-001", "SM-END-001", "SM-OUT-001", "SM-LOG-001", "SM-LOG-004", "SM-LOG-007"} <= held
    assert KEY not in result.stdout


@pytest.mark.parametrize(
    ("changes", "requirement"),
    [
        ({"ended": "sess_another"}, "SM-OUT-001"),
        ({"exported": RECORDS[:1]}, "SM-LOG-007"),
        ({"exported": [*RECORDS, RECORDS[1]]}, "SM-LOG-004"),
        ({"exported": [line("start", ID, 3), RECORDS[1]]}, "SM-LOG-003"),
    ],
)
def test_what_a_service_did_wrong_is_told(changes: dict[str, Any], requirement: str, tmp_path: Path) -> None:
    result = checked(tmp_path, window(**changes))
    assert result.exit_code == 1, result.output
    assert verdicts(result)[requirement] == "fail"


def test_a_name_that_somebody_hid_is_no_name_of_anybodys(tmp_path: Path) -> None:
    entries = window(exported=[], asked_for="%E2%80%A6")
    entries[1]["request"]["url"] = f"{BASE}/sessions.replay?session_id=***"
    result = checked(tmp_path, entries)
    assert result.exit_code == 0, result.output


def test_two_clients_with_a_user_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    other = entry(5, "GET", f"/sessions.export?user_id={USER}", [], key="sk_another_client")
    result = checked(tmp_path, [*window(), other])
    assert result.exit_code == 0, result.output


def test_an_archive_of_something_else_is_refused_with_what_would_show_the_root(tmp_path: Path) -> None:
    result = checked(tmp_path, window()[4:])
    assert result.exit_code == 2
    assert "no POST /sessions.start was recorded: name the root of the operations (--base-url)" in result.output
