"""Corpora that tests share: the built-in one, and a folder of four kinds of files and some that are broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mock_server.research import Corpus
from tests.mock_server.research.files import bomb, docx, pdf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = """\
Ferns on the roof

Ferns grow on damp slate. They must not be watered before April, because frost splits the roots.

A gardener of the old school waters ferns every 3 days.
"""
MARKDOWN = """\
# Garden manual

## Watering

- Ferns must be watered before April in mild years.
- Moss needs no watering at all.

| plant | days |
|-------|------|
| Ferns | A gardener waters ferns every 7 days. |
"""
PAGES = ("Ferns in pots: a gardener waters ferns every 7 days.", "Orchids dislike tap water. They want rain.")


@pytest.fixture(scope="session")
def builtin() -> Iterator[Corpus]:
    corpus = Corpus.open(None)
    yield corpus
    corpus.close()


@pytest.fixture(scope="session")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("garden")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    elsewhere.write_text("Ferns are told of elsewhere.", encoding="utf-8")
    (folder / "deep").mkdir()
    files = {
        "ferns.txt": TEXT.encode(),
        "manual.md": MARKDOWN.encode(),
        "pots.pdf": pdf(*PAGES),
        "deep/soil.docx": docx(),
        "wide.txt": "Ferns grow tall.".encode("utf-16"),
        "binary.txt": b"ferns\0\1\2",
        "latin.txt": "Fougères".encode("latin-1"),
        "cut.pdf": pdf(*PAGES)[:600],
        "named.pdf": b"ferns, and no PDF at all",
        "named.docx": b"ferns, and no archive",
        "bomb.docx": bomb(),
        "empty.md": b"",
        "picture.png": b"\x89PNG",
        ".hidden.txt": b"Ferns hide.",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "out.txt").symlink_to(elsewhere)
    (folder / "outer").symlink_to(elsewhere.parent)
    (folder / "again.txt").symlink_to(folder / "ferns.txt")
    return folder


@pytest.fixture(scope="session")
def gardening(garden: Path) -> Iterator[Corpus]:
    corpus = Corpus.open(None, garden)
    yield corpus
    corpus.close()
