"""A report as Markdown."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from mock_server.research.render.outline import Outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.research.render.outline import Meta
    from mock_server.research.report import Report
    from mock_server.research.table import Table

#: What would be read as markup, HTML included.
_MARKUP = re.compile(r"([\\`*_\[\]<>|~#&])")
_CITED = re.compile(r"((?:\[\d+\])*)$")


def rendered(report: Report, meta: Meta) -> bytes:
    """The report as a page of Markdown in UTF-8; the chart is an SVG image within it."""
    return ("\n".join(_lines(report, Outline.of(report, meta))) + "\n").encode("utf-8", "replace")


def _lines(report: Report, outline: Outline) -> Iterator[str]:
    yield f"# {_plain(outline.title)}\n"
    yield from (f"- {_plain(name)}: {_plain(value)}" for name, value in outline.facts)
    yield f"\n## Question\n\n> {_plain(outline.prompt)}\n"
    yield "## Summary\n"
    yield from (f"{_cited(each)}\n" for each in outline.summary)
    for section in report.sections:
        yield f"## {_plain(section.heading)}\n"
        yield from (f"- {_cited(str(each))}" for each in section.statements)
        yield ""
    for table in report.tables:
        yield from _table(table)
    if report.chart:
        data = b64encode(report.chart.svg().encode("utf-8", "replace")).decode("ascii")
        yield f"## {_plain(report.chart.title)}\n\n![{_plain(report.chart.title)}](data:image/svg+xml;base64,{data})\n"
    if outline.references:
        yield "## Citations\n"
        yield from (f"{number}. {_plain(each)}" for number, each in enumerate(outline.references, 1))
    if outline.raw:
        longest = max((len(run) for run in re.findall("`+", outline.raw)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"\n## Raw data\n\n{fence}json\n{outline.raw}\n{fence}"


def _table(table: Table) -> Iterator[str]:
    yield f"## {_plain(table.title)}\n"
    yield _row(table.columns)
    yield _row(["---"] * len(table.columns))
    yield from map(_row, table.rows)
    yield ""


def _row(cells: tuple[str | int, ...] | list[str]) -> str:
    return f"| {' | '.join(str(cell) if str(cell) == '---' else _plain(str(cell)) for cell in cells)} |"


def _cited(statement: str) -> str:
    """A sentence as it reads; the numbers behind it stay as they are."""
    numbers = _CITED.search(statement)
    end = numbers.start() if numbers else len(statement)
    return _plain(statement[:end]) + statement[end:]


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
