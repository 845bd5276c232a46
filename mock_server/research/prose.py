"""Plain text and Markdown as passages, each with the line it begins on and the headings it stands under."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from mock_server.research.folder import Unreadable
from mock_server.research.letters import cut, line
from mock_server.research.passage import LONGEST, Document, Passage, passages

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
    return Document(name, name, tuple(_passages(text_of(data), markdown=False)))


def markdown(name: str, data: bytes) -> Document:
    """A Markdown file as a document: items of lists and rows of tables are passages of their own."""
    return Document(name, name, tuple(_passages(text_of(data), markdown=True)))


def _passages(text: str, *, markdown: bool) -> Iterator[Passage]:
    headings: list[tuple[int, str]] = []
    held: list[str] = []
    since = 0
    fenced = False

    def flush() -> Iterator[Passage]:
        if held:
            under = " › ".join(name for _, name in headings)
            yield from passages(f"{under}, line {since}" if under else f"line {since}", " ".join(held))
            held.clear()

    for number, each in enumerate(text.splitlines(), 1):
        if markdown and _FENCE.match(each):
            fenced = not fenced
            yield from flush()
            continue
        heading = _HEADING.match(each) if markdown and not fenced else None
        if heading or _RULE.match(each) or not each.strip() or (markdown and _ITEM.match(each)):
            yield from flush()
        if heading:
            level = len(heading[1])
            headings = [*(item for item in headings if item[0] < level), (level, cut(line(each.strip(" #")), _NAMED))]
        elif each.strip() and not _RULE.match(each):
            since = since if held else number
            held.append(_MARKUP.sub("", each, count=1).rstrip(" |") if markdown else each)
            if fenced or _full(held):
                yield from flush()
    yield from flush()


def _full(held: list[str]) -> bool:
    length = sum(map(len, held))
    return length > LONGEST and (length > 2 * LONGEST or held[-1].rstrip().endswith((".", "!", "?", ":", ";")))
