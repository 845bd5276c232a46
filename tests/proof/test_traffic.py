"""The mock's record of what an EMR sent, over a real socket and across a restart, is an archive that the kit judges."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import httpx
import pytest

from scribe_data import recordings
from tests.proof.process import serving

KEY = {"X-API-Key": "sk_test_a"}
SESSIONS = "/api/v1/sessions"


def consult(address):
    """What an EMR does; returns the session's id."""
    with httpx.Client(base_url=address, headers=KEY) as emr:
        base = emr.get("/.well-known/medscribealliance").json()["endpoints"]["base_url"]
        session = emr.post(f"{base}/sessions", json={"templates": ["soap"]}).raise_for_status().json()
        for number in range(2):
            file = (f"audio_{number}.wav", recordings.load()["short"].read(), "audio/wav")
            emr.post(session["upload_url"], files={"file": file}).raise_for_status()
        emr.post(f"{base}/sessions/{session['session_id']}/end").raise_for_status()
        wait = {"session": session["session_id"], "state": "completed"}
        emr.get("/_mock/v1/wait", params=wait).raise_for_status()
        assert emr.get(f"{base}/sessions/{session['session_id']}").status_code == 200
        return session["session_id"]


def checked(file, *more):
    command = [sys.executable, "-m", "conformance.cli", "check-har", str(file), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def windowed(address):
    """What a client of a session manager does, wrong ids included."""
    with httpx.Client(base_url=address, headers=KEY) as client:
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {"schema_version": "1.1.0", "user_id": "user-1", "timestamp": stamp}

        def sent(path, **more):
            return client.post(path, json={**told, "record_id": str(uuid.uuid4()), **more})

        for _ in range(2):
            session = sent("/sessions.start").raise_for_status().json()["session_id"]
            client.get("/sessions.replay", params={"session_id": session}).raise_for_status()
            client.get("/sessions.export", params={"user_id": "user-1"}).raise_for_status()
            sent("/workers.message", session_id=session, message={"text": "Which?"}).raise_for_status()
            assert [sent("/sessions.end", session_id=session).status_code for _ in range(2)] == [200, 409]
        assert sent("/sessions.end", session_id="sess_0").status_code == 404
        client.get("/sessions.replay", params={"session_id": session}).raise_for_status()
        client.get("/sessions.export", params={"user_id": "user-1"}).raise_for_status()


@pytest.mark.slow
@pytest.mark.parametrize(("faults", "broken"), [((), set()), (("rewrites_its_log",), {"SM-LOG-002"})])
def test_the_kit_grades_the_record_of_a_session_manager(faults, broken, tmp_path):
    archive, words = tmp_path / "windows.har", ["--profile", "session_manager"]
    with serving(tmp_path, *faults, more=words) as address:
        windowed(address)
        archived(address, archive)
    code, judged = checked(archive, *words)
    assert {each["id"] for each in judged["requirements"] if each["verdict"] == "fail"} == broken
    assert code == bool(broken)
    assert judged["mapped"] == judged["entries"] == 15
    assert judged["summary"]["pass"] >= 13


def researched(address):
    """What a client of research sessions does, wrong words and the URL of a share included."""
    with httpx.Client(base_url=address, headers=KEY) as client:
        made = client.post(
            SESSIONS, json={"prompt": "What is answered after a session has expired?", "session_type": "research"}
        )
        session = made.raise_for_status().json()["session_id"]
        wait = {"session": session, "state": "completed"}
        client.get("/_mock/v1/wait", params=wait).raise_for_status()
        client.get(f"{SESSIONS}/{session}").raise_for_status()
        for query in ({}, {"include_metadata": "false"}, {"format": "markdown"}, {"format": "pdf"}):
            client.get(f"{SESSIONS}/{session}/results", params=query).raise_for_status()
        for query in ({"format": "docx"}, {"format": "json", "include_raw_data": "true"}):
            client.get(f"{SESSIONS}/{session}/export", params=query).raise_for_status()
        client.get(SESSIONS, params={"status": "completed", "limit": 5, "date_from": "2026-01-01"}).raise_for_status()
        assert client.get(f"{SESSIONS}/{session}/results", params={"format": "xls"}).status_code == 400
        assert client.post(f"{SESSIONS}/{session}/pause").status_code == 400
        order = {"recipients": ["lee@example.com"], "permissions": "edit"}
        url = client.post(f"{SESSIONS}/{session}/share", json=order).raise_for_status().json()["share_url"]
        httpx.post(f"{url}/comments", json={"content": "Is this so?"}).raise_for_status()


@pytest.mark.slow
@pytest.mark.parametrize(("faults", "broken"), [((), set()), (("lists_without_a_summary",), {"PRSM-LIST-001"})])
def test_the_kit_grades_the_record_of_research_sessions(faults, broken, tmp_path):
    archive, words = tmp_path / "research.har", ["--profile", "prsm"]
    with serving(tmp_path, *faults, more=[*words, "--research-seconds", "0.2"]) as address:
        researched(address)
        told = archived(address, archive)
    code, judged = checked(archive, *words)
    assert {each["id"] for each in judged["requirements"] if each["verdict"] == "fail"} == broken
    assert code == bool(broken)
    # what comes by the URL of a share is none of the document's requests
    assert (judged["entries"], judged["mapped"]) == (13, 12)
    queries = {
        each["name"]: each["value"] for entry in told["log"]["entries"] for each in entry["request"]["queryString"]
    }
    assert queries["include_metadata"] == "false"
    assert "…" not in queries.values()


def archived(address, file):
    file.write_bytes(httpx.get(f"{address}/_mock/v1/traffic", headers=KEY).raise_for_status().content)
    return json.loads(file.read_text())


@pytest.mark.slow
def test_the_kit_grades_the_record_of_what_an_emr_and_a_service_did_across_a_restart(tmp_path):
    honest, faulty = tmp_path / "honest.har", tmp_path / "faulty.har"
    with serving(tmp_path) as address:
        session = consult(address)
        before = archived(address, honest)
    with serving(tmp_path, "spaces_its_stamps") as address:
        assert archived(address, honest)["log"]["entries"] == before["log"]["entries"]
        consult(address)
        archived(address, faulty)
        root = f"{address}/v1"  # another port than the first discovery in the archive told
    code, judged = checked(honest)
    assert (code, judged["summary"]["fail"], judged["entries"], judged["mapped"]) == (0, 0, 6, 6)
    assert judged["sessions"] == {"whole": 1, "partial": 0}
    assert judged["summary"]["pass"] > 30
    assert session in honest.read_text()
    code, judged = checked(faulty, "--base-url", root)
    verdicts = {each["id"]: each["verdict"] for each in judged["requirements"]}
    assert (code, verdicts["SES-CREATE-006"]) == (1, "fail")
