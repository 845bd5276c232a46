"""How what generated requests showed of an operation becomes the outcome of a pytest item."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from conformance.checks.generated import generated
from conformance.evidence.curl import curl
from conformance.grading.mending import failing
from conformance.suite.item import settle_known
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Exchange
    from conformance.finding import Finding
    from conformance.run import Run


def settle_operation(operation: str, run: Run) -> None:
    """Fail with the smallest case that shows a requirement broken; skip where no request to the operation was sent."""
    method, _, path = operation.partition(" ")
    sent = {x.number: x for view in run.evidence.views.values() for x in generated(view) if _is_of(x, method, path)}
    if not sent:
        pytest.skip(f"inconclusive (not_generated): no request to {operation} was generated in this run")
    broken = sorted(_broken(run, sent), key=lambda each: each[2].request.size)
    if broken:
        requirement, finding, x = broken[0]
        more = f"\n{len(broken) - 1} more: {', '.join(name for name, _, _ in broken[1:])}" if broken[1:] else ""
        settle_known([name for name, _, _ in broken], run, finding.message)
        pytest.fail(
            f"{operation}, {len(sent)} generated requests: {requirement}: {finding.message}\n{curl(x)}{more}",
            pytrace=False,
        )


def _broken(run: Run, sent: dict[int, Exchange]) -> Iterator[tuple[str, Finding, Exchange]]:
    for graded in run.graded:
        for finding in failing(graded.findings, graded.requirement, run.reading):
            x = sent.get(finding.exchange or 0)
            if x is not None:
                yield graded.requirement.id, finding, x


def _is_of(x: Exchange, method: str, path: str) -> bool:
    """Whether a request went to an operation: by its method, and by its address behind whatever base_url has."""
    if x.request.method != method:
        return False
    here = urlsplit(x.request.url).path.rstrip("/")
    if x.label.operation == Operation.UPLOAD:  # wherever the upload_url leads
        named = here.rpartition("/")[2].startswith("audio_0.")
        return "/audio" in path and ("{file_name}" in path) == named
    shape = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path))
    return re.search(f"{shape}$", here) is not None
