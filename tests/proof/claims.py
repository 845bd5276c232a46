"""What is claimed of the runs of a profile that is proven over a socket, and how such a run is made."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from conformance.certification import certify
from conformance.evidence import Layer
from conformance.selection import choose, forecast
from conformance.target import Options
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.run import Run
    from conformance.verdict import Reading
    from scribe_data import Spec


def binding(text: Spec) -> set[str]:
    """The requirements that bind a service, show on the wire and are checked: each has a fault."""
    return {
        each.id
        for each in text.requirements.values()
        if each.subject == "service" and each.checks and each.level in ("MUST", "SCHEMA")
        if each.testability == "black-box"
    }


def graded(
    text: Spec,
    target: str,
    keys: tuple[str, str],
    reading: Reading,
    examples: int = 0,
    *,
    only: Collection[str] = (),
    **more: Any,
) -> Run:
    """A run against a mock, or one of a part of the requirements; without `examples` nothing is generated."""
    options = Options(
        target,
        *keys,
        profile=text.profile,
        revision=text.revision,
        reading=reading,
        test_clock=f"{target}/_mock/v1/clock",
        examples=examples,
        **more,
    )
    return asyncio.run(certify(options, reading=reading, only=only))


def asked(request: pytest.FixtureRequest) -> set[str]:
    """The faults and readings that the chosen tests of a module are about: the others need no run.

    A test that names none is about the honest server in the strict reading.
    """
    about = request.module.__name__
    own = [
        item for item in request.session.items if isinstance(item, pytest.Function) and item.module.__name__ == about
    ]
    told = [item.callspec.params if hasattr(item, "callspec") else {"reading": "strict"} for item in own]
    return {str(each) for params in told for each in params.values()}


def failed(run: Run) -> set[str]:
    return {each.requirement.id for each in run.graded if each.verdict is Verdict.FAIL}


def driven_by_every_layer(run: Run) -> None:
    assert set(run.evidence.views) >= {Layer.JOURNEY, Layer.WALK, Layer.FUZZ, Layer.MUTATION, Layer.RACE}
    assert run.evidence.explored is not None
    assert run.evidence.explored.examples > 0
    assert not run.evidence.explored.violations
    assert not [note for note in run.evidence.notes if note.reason in ("not_driven", "kit_error", "no_overlap")]


def foretold(run: Run, examples: int) -> None:
    """That a plan says what the run cost."""
    told, spent = forecast(choose(run.spec), examples=examples), run.cost
    assert told is not None
    assert spent is not None
    came = (spent.requests, spent.bad_requests, spent.bytes_sent, len(spent.sessions) + spent.made_apart)
    for name, seen in zip(asdict(told), came, strict=True):
        assert getattr(told, name) == pytest.approx(seen, rel=0.25, abs=6), name
