"""PDF and Word files as passages: their libraries are called here alone, in a process that may be killed."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from mock_server.extra import install
from mock_server.research.folder import Unreadable
from mock_server.research.letters import cut, line
from mock_server.research.passage import Document, Passage, bounded, passages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.document import Document as Word

#: Pages of a PDF and paragraphs of a Word file that are read: a thick book.
_PAGES = 1_000
_PARAGRAPHS = 20_000
#: What a Word file may unfold to; its text is a small part of it.
_UNFOLDED_BYTES = 256 << 20
_MEMBERS = 4_000
_MEMBER_BYTES = 64 << 20
_NAMED = 80
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _TABLE = f"{_W}p", f"{_W}tbl"
_MISSING = f"needs the libraries of research sessions: {install('prsm')}"


def pdf(name: str, data: bytes) -> tuple[Document, str]:
    """A PDF as a document, and what is to be told of it."""
    if b"%PDF-" not in data[:1024]:
        raise Unreadable("is no PDF by its first bytes")
    try:
        from pypdf import PdfReader
    except ImportError as error:
        raise Unreadable(_MISSING) from error
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        raise Unreadable("is encrypted")
    count = len(reader.pages)
    found = bounded(
        passage
        for number in range(min(count, _PAGES))
        for passage in passages(f"page {number + 1}", reader.pages[number].extract_text())
    )
    if not found:
        raise Unreadable("holds no text: its pages are pictures, or empty")
    note = f"only the first {_PAGES:,} of its {count:,} pages are read" if count > _PAGES else ""
    return Document(name, name, found), note


def docx(name: str, data: bytes) -> tuple[Document, str]:
    """A Word file as a document, and what is to be told of it."""
    _bounded(data)
    try:
        import docx as library
    except ImportError as error:
        raise Unreadable(_MISSING) from error
    word = library.Document(io.BytesIO(data))
    found: list[Passage] = []
    note = ""
    for number, passage in enumerate(_word(word)):
        if number == _PARAGRAPHS:
            note = f"only its first {_PARAGRAPHS:,} paragraphs are read"
            break
        found.append(passage)
    if not found:
        raise Unreadable("holds no text")
    return Document(name, name, tuple(found)), note


def _bounded(data: bytes) -> None:
    """Refuse what is no Word file, and what unfolds beyond its bounds: an archive is cut where it says it ends."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Unreadable("is no Word file: it is no archive, or a broken one") from error
    if "word/document.xml" not in {member.filename for member in members}:
        raise Unreadable("is no Word file: it has no word/document.xml")
    sizes = [member.file_size for member in members]
    if len(sizes) > _MEMBERS or sum(sizes) > _UNFOLDED_BYTES or max(sizes) > _MEMBER_BYTES:
        raise Unreadable(f"unfolds to {sum(sizes):,} bytes in {len(sizes):,} members: more than a Word file may")


def _word(word: Word) -> Iterator[Passage]:
    """Its paragraphs and the cells of its tables, read off the tree: the library asks for a style at each by search."""
    names = {style.style_id: style.name or "" for style in word.styles}
    heading, number, tables = "", 0, 0
    for block in _blocks(word.element.body):
        if block.tag == _TABLE:
            tables += 1
            yield from _cells(block, tables)
            continue
        number += 1
        said = line(block.text)
        if names.get(block.style, "").startswith(("Heading", "Title")):
            heading = cut(said, _NAMED)
        else:
            where = f"paragraph {number}"
            yield from passages(f"{heading}, {where}" if heading else where, said)


def _blocks(parent: Any) -> Iterator[Any]:
    """The paragraphs and tables below an element, those in boxes for forms included."""
    for child in parent.iterchildren(_PARAGRAPH, _TABLE, f"{_W}sdt", f"{_W}sdtContent"):
        if child.tag in (_PARAGRAPH, _TABLE):
            yield child
        else:
            yield from _blocks(child)


def _cells(table: Any, number: int) -> Iterator[Passage]:
    for at, row in enumerate(table.tr_lst, 1):
        for cell in row.tc_lst:
            said = " ".join(paragraph.text for paragraph in cell.iter(_PARAGRAPH))
            yield from passages(f"table {number}, row {at}", said)
