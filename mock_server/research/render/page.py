"""A report as PDF."""

from __future__ import annotations

import io
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, ListFlowable, ListItem, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from mock_server.research.chart import GRID, INK, WIDTH, Box, Chart, Label
from mock_server.research.render import font
from mock_server.research.render.outline import Outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.research.render.outline import Meta
    from mock_server.research.report import Report
    from mock_server.research.table import Table

_MISSING = "\ufffd"
_NOTE = f"Letters that the font of this file lacks are shown as {_MISSING}; the other formats have them."
_MARGIN = 20 * mm
_ROOM = A4[0] - 2 * _MARGIN


def rendered(report: Report, meta: Meta) -> bytes:
    """The report as a PDF: A4, with its font within it; the same report gives the same bytes."""
    outline = Outline.of(report, meta)
    written = io.BytesIO()
    letters = _letters()
    template = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=outline.title,
        author="scribe-mock",
        subject=f"Session {meta.session_id}",
        invariant=1,
    )
    page = _Page(letters)
    story = list(page.story(report, outline))
    if page.lacked:
        story += page.paragraph(_NOTE, "small")
    template.build(story, onFirstPage=_numbered, onLaterPages=_numbered)
    return written.getvalue()


@cache
def _letters() -> frozenset[int]:
    """The letters that the font has; it is made known to the library first."""
    loaded = TTFont(font.NAME, str(font.path()))
    pdfmetrics.registerFont(loaded)
    return frozenset(loaded.face.charToGlyph)


def _numbered(canvas: Any, _template: Any) -> None:
    canvas.saveState()
    canvas.setFont(font.NAME, 8)
    canvas.setFillColor(colors.HexColor(INK))
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))
    canvas.restoreState()


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        name,
        fontName=font.NAME,
        fontSize=size,
        leading=size * 1.4,
        textColor=colors.HexColor(INK),
        alignment=TA_LEFT,
        **more,
    )


_STYLES = {
    "title": _style("title", 20, spaceAfter=8),
    "heading": _style("heading", 14, spaceBefore=12, spaceAfter=4, keepWithNext=1),
    "body": _style("body", 10, spaceAfter=4),
    "quoted": _style("quoted", 10, leftIndent=10, spaceAfter=4),
    "cell": _style("cell", 8),
    "small": _style("small", 8, spaceBefore=6),
}


class _Page:
    """Makes the parts of a page; `lacked` tells whether a letter was asked for that the font lacks."""

    def __init__(self, letters: frozenset[int]) -> None:
        self._letters = letters
        self.lacked = False

    def story(self, report: Report, outline: Outline) -> Iterator[Flowable]:
        yield from self.paragraph(outline.title, "title")
        for name, value in outline.facts:
            yield from self.paragraph(f"{name}: {value}", "small")
        yield from self.paragraph("Question", "heading")
        yield from self.paragraph(outline.prompt, "quoted")
        yield from self.paragraph("Summary", "heading")
        for each in outline.summary:
            yield from self.paragraph(each, "body")
        for section in report.sections:
            yield from self.paragraph(section.heading, "heading")
            yield self._points([str(each) for each in section.statements], "bullet")
        for table in report.tables:
            yield from self.paragraph(table.title, "heading")
            yield self._grid(table)
        if report.chart:
            yield Spacer(1, 12)
            yield _Drawing(report.chart, self)
        if outline.references:
            yield from self.paragraph("Citations", "heading")
            yield self._points(list(outline.references), "1")
        if outline.raw:
            yield from self.paragraph("Raw data", "heading")
            for each in outline.raw.split("\n"):
                yield from self.paragraph(each, "cell")

    def shown(self, text: str) -> str:
        """The text in letters that the font has."""
        kept = "".join(letter if ord(letter) in self._letters or letter.isspace() else _MISSING for letter in text)
        self.lacked |= kept != text
        return kept

    def paragraph(self, text: str, style: str) -> list[Paragraph]:
        return [Paragraph(escape(self.shown(text), quote=False), _STYLES[style])]

    def _points(self, texts: list[str], bullet: str) -> ListFlowable:
        items = [ListItem(self.paragraph(text, "body"), leftIndent=18) for text in texts]
        return ListFlowable(items, bulletType=bullet, bulletFontName=font.NAME, bulletFontSize=9, start=None)

    def _grid(self, table: Table) -> Grid:
        rows = [[self.paragraph(str(cell), "cell") for cell in row] for row in (table.columns, *table.rows)]
        first = 0.3 * _ROOM
        others = (_ROOM - first) / (len(table.columns) - 1)
        line = colors.HexColor(GRID)
        looks = [
            ("GRID", (0, 0), (-1, -1), 0.5, line),
            ("BACKGROUND", (0, 0), (-1, 0), line),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
        return Grid(
            rows, colWidths=[first, *[others] * (len(table.columns) - 1)], repeatRows=1, style=looks, splitInRow=1
        )


class _Drawing(Flowable):  # type: ignore[misc]  # the library tells no types
    """A chart, drawn by the lines of the page."""

    def __init__(self, chart: Chart, page: _Page) -> None:
        super().__init__()
        self._chart, self._page = chart, page
        self._scale = _ROOM / WIDTH
        self.width, self.height = _ROOM, chart.height * self._scale
        for shape in chart.shapes():
            if isinstance(shape, Label):
                page.shown(shape.text)

    def draw(self) -> None:
        self.canv.saveState()
        self.canv.scale(self._scale, self._scale)
        for shape in self._chart.shapes():
            self._box(shape) if isinstance(shape, Box) else self._label(shape)
        self.canv.restoreState()

    def _box(self, box: Box) -> None:
        self.canv.setFillColor(colors.HexColor(box.colour))
        self.canv.rect(box.x, self._chart.height - box.y - box.height, box.width, box.height, stroke=0, fill=1)

    def _label(self, label: Label) -> None:
        self.canv.setFillColor(colors.HexColor(INK))
        self.canv.setFont(font.NAME, label.size)
        draw = self.canv.drawRightString if label.ends else self.canv.drawString
        draw(label.x, self._chart.height - label.y, self._page.shown(label.text))
