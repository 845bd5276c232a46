"""A report as a file: Markdown, JSON, PDF or Word, of the right name and type."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from mock_server.research.render.data import rendered as json
from mock_server.research.render.outline import Meta, Unavailable
from mock_server.research.render.text import rendered as markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.research.report import Report

__all__ = ["FORMATS", "Format", "Meta", "Unavailable", "docx", "json", "markdown", "pdf"]


def pdf(report: Report, meta: Meta) -> bytes:
    """A report as PDF; Unavailable where the extra `prsm` is not installed."""
    try:
        from mock_server.research.render.page import rendered
    except ImportError as error:
        raise Unavailable("PDF") from error
    return rendered(report, meta)


def docx(report: Report, meta: Meta) -> bytes:
    """A report as a Word file; Unavailable where the extra `prsm` is not installed."""
    try:
        from mock_server.research.render.word import rendered
    except ImportError as error:
        raise Unavailable("Word") from error
    return rendered(report, meta)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: what makes it, its media type and the ending of its name."""

    render: Callable[[Report, Meta], bytes]
    media_type: str
    ending: str

    def file_name(self, meta: Meta) -> str:
        """The name of a session's file."""
        return f"session-{meta.session_id}{self.ending}"


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": Format(json, "application/json", ".json"),
        "markdown": Format(markdown, "text/markdown; charset=utf-8", ".md"),
        "pdf": Format(pdf, "application/pdf", ".pdf"),
        "docx": Format(docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    }
)
