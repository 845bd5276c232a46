"""The reports show the lifecycle's table as the run saw it: a cell each, with its verdict or why it has none."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from conformance.certification import certify
from conformance.report import document, matrix, page, terminal
from scribe_data import recordings
from tests.conformance.miniature import Answer, Asked, Miniature, Session
from tests.conformance.stage import options

if TYPE_CHECKING:
    from conformance.run import Run


class Late(Miniature):
    """Takes audio after the end."""

    def upload(self, session: Session, asked: Asked, named: list[str]) -> Answer:
        if self.state(session) in ("processing", "completed", "partial", "failed"):
            return Answer(200, {"stored": "nothing"})
        return super().upload(session, asked, named)


@pytest.fixture(scope="module")
def run() -> Run:
    texts = {fixture.sha256: fixture.text for fixture in recordings.load().values()}
    return asyncio.run(certify(options(Late(texts, processing=0.3)), quick=True))


@pytest.fixture(scope="module")
def told(run: Run) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(document.render(run))
    return read


def test_the_document_has_a_valid_entry_for_each_cell(run: Run, told: dict[str, Any]):
    jsonschema.validate(told, document.schema())
    assert [(cell["row"], cell["operation"]) for cell in told["matrix"]] == list(run.spec.lifecycle.cells)


def test_a_seen_cell_has_its_requests_and_any_other_says_why(told: dict[str, Any]):
    for cell in told["matrix"]:
        if cell["outcome"] == "seen":
            assert cell["sequence"][-1]["number"] == cell["exchange"]
            assert cell["sequence"][-1]["status"] == cell["status"]
        else:
            assert cell["why"]
    late = next(cell for cell in told["matrix"] if (cell["row"], cell["operation"]) == ("completed", "upload"))
    assert (late["verdict"], late["requirement"], late["status"]) == ("fail", "SES-END-008", 200)


def test_the_page_colours_each_cell_and_leads_to_its_requests(run: Run, told: dict[str, Any]):
    text = page.render(run)
    for cell in told["matrix"]:
        if cell["outcome"] == "seen":
            assert f'id="cell-{cell["row"]}-{cell["operation"]}"' in text
            assert f'href="#cell-{cell["row"]}-{cell["operation"]}"' in text
    assert '<td class="v-fail seen"><a href="#cell-completed-upload"' in text


def test_the_terminal_counts_them_in_one_line(run: Run, capsys: pytest.CaptureFixture[str]):
    outcomes = Counter(square.outcome.value for square in run.matrix)
    terminal.summary(terminal.printer(), run)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Lifecycle table: ")]
    assert line == matrix.line(run)
    assert f"{outcomes['seen']} of {len(run.matrix)} cells seen" in line
    assert f"{outcomes['unreachable']} out of reach" in line
    assert "4 fail" in line
