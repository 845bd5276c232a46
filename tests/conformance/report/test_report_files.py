"""The four files of a run: valid, whole, escaped, and without a key."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import httpx
import jsonschema
import pytest

from conformance.certification import certify
from conformance.report import document, files
from conformance.runner import Options

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk_test_veryunlikelykey42"
HOSTILE = '<script>alert("x")</script>\u0001'


async def _hostile(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers with an error that repeats the key it was sent, and a script; its /templates as a success."""
    sent = [value.decode() for name, value in scope["headers"] if name in (b"x-api-key", b"authorization")]
    body = json.dumps({"error": {"code": "oops", "message": HOSTILE + " ".join(sent)}}).encode()
    status = 200 if scope["path"] == "/templates" else 400
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    transport = httpx.ASGITransport(app=_hostile)
    options = Options(target="http://hostile.test", api_key=KEY, processing_timeout=1, examples=0, transport=transport)
    run = asyncio.run(certify(options))
    return {path.name: path for path in files.write(run, tmp_path_factory.mktemp("report"))}


def test_report_json_keeps_its_schema(written: dict[str, Path]) -> None:
    report = json.loads(written["report.json"].read_text())
    jsonschema.Draft202012Validator.check_schema(document.schema())
    jsonschema.validate(report, document.schema())
    assert report["overall"] != "conformant"


def test_the_page_is_self_contained_and_escapes_what_the_target_sent(written: dict[str, Path]) -> None:
    page = written["report.html"].read_text()
    assert '<script>alert("x")' not in page
    assert "alert(" in page
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []


def test_junit_is_well_formed_and_counts_its_failures(written: dict[str, Path]) -> None:
    root = ET.fromstring(written["junit.xml"].read_bytes())
    failed = root.findall(".//failure")
    assert len(failed) == sum(int(suite.get("failures", "0")) for suite in root) > 0


def test_the_archive_has_every_exchange(written: dict[str, Path]) -> None:
    archive = json.loads(written["evidence.har"].read_text())
    report = json.loads(written["report.json"].read_text())
    assert len(archive["log"]["entries"]) == report["requests"] > 0


@pytest.mark.parametrize("name", ["report.json", "report.html", "junit.xml", "evidence.har"])
def test_no_file_holds_the_key(written: dict[str, Path], name: str) -> None:
    assert KEY.encode() not in written[name].read_bytes()
