"""A target that repeats the keys it is sent, in every spelling and place, gets none of them into what a run leaves."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

import scribe_data
from conformance.evidence.redaction import placeholder_of
from conformance.journeys import all_journeys
from conformance.report import files, terminal
from conformance.run import Run, conclude, grade
from conformance.runner import TargetUnreachable, drive_all
from tests.conformance import miniature as mini
from tests.conformance.evidence.spellings import WAYS, tells
from tests.conformance.miniature import HOST, Answer, Asked
from tests.conformance.stage import AUDIO, miniature, options

KEYS = ("sk_live+Tenant/93&quite", "sk_live.Other=77%long")
PASSWORD = "clock-password-55"


def echo(_operation: str, asked: Asked, answer: Answer) -> Answer:
    """The key a request came with, in body, headers, cookie and address, in all spellings."""
    key = asked.headers.get("x-api-key") or asked.headers.get("authorization", "").rpartition(" ")[2]
    if key not in KEYS:
        key = KEYS[0]
    spelled = {way: spell(key) for way, spell in WAYS.items()}
    lines = {way: text.encode("utf-8", "replace").decode("latin-1") for way, text in spelled.items()}
    told = {f"x-echo-{number}": text for number, text in enumerate(lines.values())}
    told |= {"set-cookie": f"key={spelled['address']}; Path=/", "x-reason": spelled["base64"]}
    if answer.status >= 400:
        told["location"] = f"{HOST}/{spelled['address, all']}?key={spelled['form']}#{key}"
        number = len(asked.path) % 3
        if number == 0:
            page = "<html>" + "<p>".join(spelled.values()) + "</html>"
            return Answer(
                answer.status, headers={**answer.headers, **told, "content-type": "text/html"}, raw=page.encode()
            )
        answer.document = {
            "error": {"code": spelled["html, named"], "message": " ".join(spelled.values()), "details": spelled}
        }
    elif isinstance(answer.document, dict):
        answer.document = answer.document | {"echo": spelled, key: json.dumps(spelled)}
        answer.document |= {"message": key} if "message" in answer.document else {}
    return Answer(answer.status, answer.document, answer.headers | told, answer.raw)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All that a run of the kit against such a target leaves or shows."""
    patch = pytest.MonkeyPatch()
    patch.setattr(mini, "KEY", KEYS[0])
    patch.setattr(mini, "OTHER_KEY", KEYS[1])
    logged, progress = io.StringIO(), []
    handler = logging.StreamHandler(logged)
    loggers = [logging.getLogger(name) for name in ("httpx", "httpcore")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    # Enough to meet every operation, answer and credential; the others only add to what is looked through.
    journeys = [each for each in all_journeys() if each.name.split("/")[0] in ("sessions", "authentication", "errors")]
    clock = f"{HOST}/scribe/api/tick".replace("://", f"://name:{PASSWORD}@")
    chosen = options(miniature(twist=echo), api_key=KEYS[0], second_api_key=KEYS[1], test_clock=clock)
    try:
        evidence = asyncio.run(drive_all(chosen, progress.append, audio=AUDIO, journeys=journeys))
    finally:
        patch.undo()
        for logger in loggers:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
    text = scribe_data.load("medscribe", chosen.revision)
    graded = grade(evidence, text, "strict")
    named: dict[str, Any] = {"profile": "medscribe", "revision": chosen.revision, "reading": "strict", "seed": 0}
    facts: dict[str, Any] = {"suite_version": "0", "spec_sha256": text.sha256, "started": datetime.now(UTC)}
    facts |= {"duration_s": 1.0, "requests": len(evidence.exchanges), "graded": graded, "evidence": evidence}
    run = Run(overall=conclude(graded), target=chosen.redactor.text(chosen.target), spec=text, **named, **facts)
    shown = io.StringIO()
    terminal.summary(Console(file=shown, width=300), run)
    found = {path.name: path.read_text() for path in files.write(run, tmp_path_factory.mktemp("report"))}
    return found | {
        "terminal": shown.getvalue(),
        "log": logged.getvalue(),
        "progress": repr(progress),
        "options": repr(chosen),
        "evidence": repr(evidence),
    }


OUTPUTS = (
    "report.json",
    "report.html",
    "junit.xml",
    "evidence.har",
    "terminal",
    "log",
    "progress",
    "options",
    "evidence",
)


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("secret", [*KEYS, PASSWORD])
def test_nothing_that_a_run_leaves_tells_a_secret(written: dict[str, str], name: str, secret: str) -> None:
    assert written[name]
    assert not tells(written[name], secret, depth=1)
    # A string of the outer document, such as the body of an answer in the archive, may be a document itself.
    for part in written[name].split("\n"):
        if "\\" in part or "%" in part or "&" in part:
            assert not tells(part[:20_000], secret, depth=2)


def test_what_was_taken_out_is_named(written: dict[str, str]) -> None:
    for name in ("report.json", "evidence.har", "evidence"):
        assert "<key>" in written[name]
        assert "<second-key>" in written[name]
    assert "SCRIBE_API_KEY" in written["junit.xml"]
    assert placeholder_of("test clock") in written["evidence.har"]
    assert "HTTP Request: GET" in written["log"]


def test_the_target_is_told_that_it_repeats_keys(written: dict[str, str]) -> None:
    report = json.loads(written["report.json"])
    (leak,) = (found for found in report["requirements"] if found["id"] == "SEC-019")
    assert leak["verdict"] == "warn"


def test_an_error_about_the_target_names_no_key() -> None:
    """A discovery that asks for the key, and then sends whoever gave it to an address made of it."""

    def moved(operation: str, asked: Asked, answer: Answer) -> Answer:
        if operation == "discovery":
            if "x-api-key" not in asked.headers:
                return Answer(401, {})
            return Answer(200, {"endpoints": {"base_url": f"{HOST}/{WAYS['address, all'](mini.KEY)}/{mini.KEY}"}})
        return Answer(200, raw=b"<html></html>", headers={"content-type": "text/html"})

    told = []
    try:
        asyncio.run(drive_all(options(miniature(twist=moved)), told.append, audio=AUDIO, journeys=()))
    except TargetUnreachable as error:
        told.append(error)
    assert told
    assert not tells(repr(told), mini.KEY)
