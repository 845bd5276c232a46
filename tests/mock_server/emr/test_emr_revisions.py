"""Both fixtures serve the revision that pytest.ini names, in a project of its own."""

from __future__ import annotations

from tests.mock_server.emr.test_emr_docs import pytest_in

TESTS = """
import httpx
import pytest


def session_of(url, key):
    client = httpx.Client(base_url=url, headers={"X-API-Key": key})
    made = client.post("/v1/sessions", json={"templates": ["soap"], "metadata": {"who": "me"}})
    assert made.json()["upload_url"].startswith("/sessions/")
    return client, made.json()["session_id"]


@pytest.mark.parametrize("name", ["scribe_mock", "scribe_respx"])
def test_the_first_revision_is_served_with_its_scenarios(request, name):
    mock = request.getfixturevalue(name)
    mock.scenario("template.timeout")
    mock.transcript("Patient: I take ramipril, 5 mg.")
    client, session = session_of(mock.url, mock.api_key)
    assert client.post(f"/v1/sessions/{session}/end").status_code == 200
    mock.wait_for(session, "completed")
    read = client.get(f"/v1/sessions/{session}").json()
    assert [each["error"] for each in read["template_errors"]] == ["timeout"]
    assert read["metadata"] == {"who": "me"}


def test_what_it_has_no_place_for_is_refused_with_what_works(scribe_mock):
    from mock_server.emr.mock import Refused

    with pytest.raises(Refused, match="'template.extraction_failed' works"):
        scribe_mock.scenario("partial")
"""


def test_pytest_ini_names_the_revision_of_both_fixtures(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nscribe_mock_revision = 2026-01-19\n")
    (tmp_path / "test_client.py").write_text(TESTS)
    done = pytest_in(tmp_path, "-q")
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_a_revision_that_there_is_none_of_is_told_in_one_line(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nscribe_mock_revision = 2026-01-20\n")
    (tmp_path / "test_client.py").write_text("def test_it(scribe_respx):\n    pass\n")
    done = pytest_in(tmp_path, "-q")
    assert "The mock did not start. Revision '2026-01-20' is not served" in done.stdout
    assert done.returncode == 1
