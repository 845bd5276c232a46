"""Plain text and Markdown as passages, each with the line it begins on and the headings it stands under."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from mock_server.research.folder import Unreadable
from mock_server.research.letters import cut, line
from mock_server.research.passage import LONGEST, Document, Passage, bounded, passages

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r" {0,3}(#{1,6})\s")
#: What begins a passage of its own in Markdown: items of lists, rows of tables, quotations.
_ITEM = re.compile(r"\s*(?:[-*+]\s+|\d{1,3}[.)]\s+|\|)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_RULE = re.compile(r"[\s|:=*_-]+$")
_MARKUP = re.compile(r"^\s*(?:>\s*)*(?:[-*+]\s+|(?:\|\s*)+)?")
_NAMED = 80


def text_of(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 that says so."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        coding = "utf-16"
    elif b"\0" in data:
        raise Unreadable("holds zero bytes: it is no text")
    else:
        coding = "utf-8-sig"
    try:
        return data.decode(coding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"is no {coding.upper().removesuffix('-SIG')} text: wrong byte at {error.start:,}") from error


def plain(name: str, data: bytes) -> Document:
    """A text file as a document: a paragraph is what stands between empty lines."""
    return Document(name, name, bounded(_passages(text_of(data), markdown=False)))


def markdown(name: str, data: bytes) -> Document:
    """A Markdown file as a document: items of lists and rows of tables are passages of their own."""
    return Document(name, name, bounded(_passages(text_of(data), markdown=True)))


class _Paragraph:
    """Lines that follow each other, held until it is known where they end; their length is known at any time."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._length = 0
        self._since = 0

    def hold(self, number: int, said: str) -> None:
        if not self._lines:
            self._since = number
        self._lines.append(said)
        self._length += len(said) + 1

    @property
    def full(self) -> bool:
        """Whether it is as long as a passage, and ends like a sentence or is far longer."""
        if self._length <= LONGEST:
            return False
        return self._length > 2 * LONGEST or self._lines[-1].rstrip().endswith((".", "!", "?", ":", ";"))

    def end(self, under: str) -> Iterator[Passage]:
        if self._lines:
            place = f"line {self._since}"
            yield from passages(f"{under}, {place}" if under else place, " ".join(self._lines))
        self._lines, self._length = [], 0


def _passages(text: str, *, markdown: bool) -> Iterator[Passage]:
    headings: list[tuple[int, str]] = []
    under, fenced = "", False
    held = _Paragraph()
    for number, each in enumerate(text.splitlines(), 1):
        if markdown and _FENCE.match(each):
            fenced = not fenced
            yield from held.end(under)
            continue
        heading = _HEADING.match(each) if markdown and not fenced else None
        if heading:
            yield from held.end(under)
            level = len(heading[1])
            headings = [*(item for item in headings if item[0] < level), (level, cut(line(each.strip(" #")), _NAMED))]
            under = " › ".join(name for _, name in headings)
            continue
        said = _said(each, markdown=markdown)
        if not said or (markdown and _ITEM.match(each)):
            yield from held.end(under)
        if said:
            held.hold(number, said)
            if fenced or held.full:
                yield from held.end(under)
    yield from held.end(under)


def _said(each: str, *, markdown: bool) -> str:
    """What a line says without its markup: a rule, or the sign of a quotation alone, says nothing."""
    if not each.strip() or _RULE.match(each):
        return ""
    return _MARKUP.sub("", each, count=1).rstrip(" |") if markdown else each
