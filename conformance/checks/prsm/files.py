"""Whether a file opens as what it says it is: its frame, and as much of its inside as takes no program."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from conformance.evidence.admission import is_page
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.evidence import Response

#: Format -> its media types, the usual one first.
TYPES: Mapping[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    "markdown": ("text/markdown", "text/x-markdown"),
    "json": ("application/json",),
}
#: A type that says nothing of a file, and one that says nothing wrong of Markdown.
UNSAID: Mapping[str, tuple[str, ...]] = {
    "pdf": ("application/octet-stream",),
    "docx": ("application/octet-stream", "application/zip"),
    "markdown": ("text/plain", "application/octet-stream"),
    "json": ("application/octet-stream", "text/plain"),
}
#: Where readers look for the two ends of a PDF.
_ENDS = 1024
#: What a document may hold at most, unpacked: more is looked at by nobody.
_LARGEST, _MOST = 64 * 1024 * 1024, 2_000
_PARTS = ("[Content_Types].xml", "word/document.xml")


def trouble(form: str, answer: Response) -> str | None:
    """Why a body does not open as a file of a format; None where it does."""
    return _OPEN[form](answer)


def _pdf(answer: Response) -> str | None:
    body = answer.body
    if b"%PDF-" not in body[:_ENDS]:
        return "it has no header of a PDF"
    if b"%%EOF" not in body[-_ENDS:]:
        return "it has no end of a PDF"
    return None if b"startxref" in body[-_ENDS:] else "its end does not say where its table is"


def _docx(answer: Response) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            known = archive.infolist()
            if len(known) > _MOST or sum(each.file_size for each in known) > _LARGEST:
                return "it holds more than any document of words"
            lacking = [part for part in _PARTS if part not in archive.namelist()]
            if lacking:
                return f"it has no part {lacking[0]}"
            text = archive.read(_PARTS[1])
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, NotImplementedError) as error:
        return f"it is no archive that opens ({error})"
    if b"<!DOCTYPE" in text:
        return "its text declares entities"
    try:
        ElementTree.fromstring(text)  # noqa: S314 - nothing in it is declared, and its length is bounded
    except ElementTree.ParseError as error:
        return f"its text is no XML ({error})"
    return None


def _markdown(answer: Response) -> str | None:
    try:
        told = answer.body.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8"
    if is_page(answer):
        return "it is a web page"
    return None if told.strip() else "it is empty"


def _json(answer: Response) -> str | None:
    try:
        loads(answer.body)
    except ValueError:
        return "it is not JSON"
    return None


_OPEN: Mapping[str, Callable[[Response], str | None]] = {
    "pdf": _pdf,
    "docx": _docx,
    "markdown": _markdown,
    "json": _json,
}
