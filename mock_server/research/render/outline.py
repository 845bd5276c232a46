"""What all products have: the lines they begin with, and what stands where in them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server.extra import install
from mock_server.research.letters import cut, legible, line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.research.report import Report

#: Letters of a prompt that a product repeats, and of the raw data it shows for people: JSON has all of it.
_PROMPT = 2_000
_RAW = 30_000


class Unavailable(RuntimeError):  # noqa: N818  (named for the state)
    """A product that needs libraries which are not there."""

    def __init__(self, product: str) -> None:
        """Say what to install."""
        super().__init__(f"{product} products need libraries that are not there: {install('prsm')}")


@dataclass(frozen=True, slots=True)
class Meta:
    """What a product tells of its session beside the report; `execution` are JSON values, `raw` adds the raw data."""

    session_id: str
    prompt: str
    created_at: str
    completed_at: str | None = None
    execution: Mapping[str, Any] = field(default_factory=dict)
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """A report as people read it, in this order; the products say how each of it looks."""

    title: str
    facts: tuple[tuple[str, str], ...]
    prompt: str
    summary: tuple[str, ...]
    references: tuple[str, ...]
    raw: str

    @classmethod
    def of(cls, report: Report, meta: Meta) -> Outline:
        """The texts of a product: without what cannot be shown, and bounded."""
        prompt = line(meta.prompt[: 2 * _PROMPT])
        shown = cut(prompt, _PROMPT)
        score = report.confidence
        parts = f"coverage {score.coverage:.2f}, independence {score.independence:.2f}, agreement {score.agreement:.2f}"
        facts = [
            ("Session", meta.session_id),
            ("Kind", report.kind.value),
            ("Created", meta.created_at),
            ("Completed", meta.completed_at or ""),
            ("Confidence", f"{score.score:.2f} ({parts})"),
            ("Not found", ", ".join(report.unanswered)),
            *((name.replace("_", " ").capitalize(), _told(value)) for name, value in meta.execution.items()),
        ]
        return cls(
            title=report.title,
            facts=tuple((legible(name), legible(value)) for name, value in facts if value),
            prompt=shown if shown == line(meta.prompt[: 4 * _PROMPT]) else f"{shown}…",
            summary=tuple(map(str, report.said)) if report.found else (report.plain,),
            references=tuple(f"{each.title}, {each.place}: “{each.quote}”" for each in report.citations),
            raw=_raw(report) if meta.raw else "",
        )


def _told(value: object) -> str:
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return cut(line(told), _PROMPT)


def _raw(report: Report) -> str:
    told = json.dumps(report.raw, ensure_ascii=False, indent=1)
    return told if len(told) <= _RAW else f"{told[:_RAW]}\n… (the JSON product has all of it)"
