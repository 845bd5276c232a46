"""An item an operation: it fails with the smallest generated case, and is skipped where none was sent."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.run import grade
from conformance.suite.generated import settle_operation
from tests.conformance.checks.builders import error
from tests.conformance.checks.test_generated import BODY, REFUSED, evidence

if TYPE_CHECKING:
    from conformance.evidence import Evidence


def run_of(seen: Evidence) -> Any:
    return SimpleNamespace(evidence=seen, graded=grade(seen, seen.text, "lenient"), reading="lenient", coverage=None)


def fallen(templates: Any) -> list[tuple[Any, int, Any, str | None]]:
    return [({**BODY, "templates": templates}, 500, error("internal_error"), f"body: {templates}")] * 2


def test_it_fails_with_the_smallest_case() -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        settle_operation("POST /sessions", run_of(evidence(*fallen("long enough"), *fallen("x"), *fallen("longer"))))
    told = str(failed.value)
    assert "ERR-020" in told
    assert "3 of 3" in told
    assert "body: x" in told
    assert "curl " in told


def test_it_passes_where_everything_was_right() -> None:
    settle_operation("POST /sessions", run_of(evidence(({**BODY, "templates": 5}, 400, REFUSED, "body: odd"))))


def test_it_is_skipped_where_nothing_was_sent() -> None:
    with pytest.raises(pytest.skip.Exception, match="no request to GET /templates was generated"):
        settle_operation("GET /templates", run_of(evidence(*fallen("x"))))


def test_every_operation_is_an_item() -> None:
    asked = ["--collect-only", "-q", "--pyargs", "conformance", "-m", "fuzz", "-p", "no:cacheprovider"]
    done = subprocess.run([sys.executable, "-m", "pytest", *asked], capture_output=True, text=True, check=False)
    items = [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    assert len(items) == 9
    assert {"test_schema[POST /sessions]", "test_schema[GET /sessions/{session_id}]"} <= set(items)
