"""A report as a Word file."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from docx import Document
from docx.shared import Mm

from mock_server.research.render.outline import Outline
from mock_server.research.render.picture import png

if TYPE_CHECKING:
    from docx.document import Document as Word

    from mock_server.research.render.outline import Meta
    from mock_server.research.report import Report
    from mock_server.research.table import Table

#: Archives know no earlier day; the file tells when it was made among its properties.
_DAY = (1980, 1, 1, 0, 0, 0)
_WIDTH = Mm(150)
_A4 = Mm(210), Mm(297)


def rendered(report: Report, meta: Meta) -> bytes:
    """The report as a Word file with its headings as such; the same report gives the same bytes."""
    outline = Outline.of(report, meta)
    word = Document()
    word.sections[0].page_width, word.sections[0].page_height = _A4
    _properties(word, outline, meta)
    word.add_heading(outline.title, 0)
    for name, value in outline.facts:
        word.add_paragraph(f"{name}: {value}")
    word.add_heading("Question", 1)
    word.add_paragraph(outline.prompt, style="Quote")
    word.add_heading("Summary", 1)
    for each in outline.summary:
        word.add_paragraph(each)
    for section in report.sections:
        word.add_heading(section.heading, 1)
        for said in section.statements:
            word.add_paragraph(str(said), style="List Bullet")
    for table in report.tables:
        _table(word, table)
    if report.chart:
        word.add_heading(report.chart.title, 1)
        word.add_picture(io.BytesIO(png(report.chart)), width=_WIDTH)
    if outline.references:
        word.add_heading("Citations", 1)
        for number, each in enumerate(outline.references, 1):
            word.add_paragraph(f"[{number}] {each}")
    if outline.raw:
        word.add_heading("Raw data", 1)
        word.add_paragraph(outline.raw)
    return _steady(word)


def _properties(word: Word, outline: Outline, meta: Meta) -> None:
    told = word.core_properties
    told.title, told.author, told.subject = outline.title[:255], "scribe-mock", f"Session {meta.session_id}"[:255]
    told.comments = ""
    told.created = told.modified = _moment(meta.completed_at or meta.created_at)


def _moment(stamp: str) -> datetime:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return datetime(*_DAY, tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _table(word: Word, table: Table) -> None:
    word.add_heading(table.title, 1)
    grid = word.add_table(rows=1 + len(table.rows), cols=len(table.columns), style="Light Grid Accent 1")
    for row, cells in zip(grid.rows, (table.columns, *table.rows), strict=True):
        for cell, said in zip(row.cells, cells, strict=True):
            cell.text = str(said)


def _steady(word: Word) -> bytes:
    """The file without the moment it was packed at."""
    packed, steady = io.BytesIO(), io.BytesIO()
    word.save(packed)
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            entry = zipfile.ZipInfo(member.filename, _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(member))
    return steady.getvalue()
