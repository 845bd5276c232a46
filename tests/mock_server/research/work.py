"""Carries a plan out to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.research import Findings, Plan, Report

if TYPE_CHECKING:
    from mock_server.research import Corpus, Kind


def findings(corpus: Corpus, plan: Plan) -> Findings:
    state = Findings.empty()
    for step in plan.steps:
        state = step.carry_out(corpus, state)
    return state


def report(corpus: Corpus, prompt: str, kind: Kind) -> Report:
    plan = Plan.of(prompt, kind)
    return Report.of(plan, findings(corpus, plan))
