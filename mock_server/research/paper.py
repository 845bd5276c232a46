"""PDF and Word files as passages: their libraries are called here alone, in a process that may be killed."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from mock_server.research.folder import Unreadable
from mock_server.research.letters import cut, line
from mock_server.research.passage import Document, Passage, passages

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
_MISSING = "needs what `pip install 'scribe-conformance[prsm]'` brings"


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
    found = [
        passage
        for number in range(min(count, _PAGES))
        for passage in passages(f"page {number + 1}", reader.pages[number].extract_text())
    ]
    if not found:
        raise Unreadable("holds no text: its pages are pictures, or empty")
    note = f"only the first {_PAGES:,} of its {count:,} pages are read" if count > _PAGES else ""
    return Document(name, name, tuple(found)), note


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
    from docx.table import Table

    heading, number, tables = "", 0, 0
    for block in word.iter_inner_content():
        if isinstance(block, Table):
            tables += 1
            for at, row in enumerate(block.rows, 1):
                for cell in row.cells:
                    yield from passages(f"table {tables}, row {at}", cell.text)
            continue
        number += 1
        said = line(block.text)
        style = block.style.name if block.style is not None else None
        if (style or "").startswith(("Heading", "Title")):
            heading = cut(said, _NAMED)
        else:
            where = f"paragraph {number}"
            yield from passages(f"{heading}, {where}" if heading else where, said)
