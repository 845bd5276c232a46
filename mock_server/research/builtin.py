"""The corpus that is always there: the requirements and errata of every profile that `spec/` has."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import scribe_data
from mock_server.research.passage import Document, passages

if TYPE_CHECKING:
    from collections.abc import Iterator


def edition() -> str:
    """What tells one state of the texts from another."""
    told = "".join(scribe_data.load(profile).sha256 for profile in scribe_data.profiles())
    return hashlib.sha256(told.encode("ascii")).hexdigest()


def documents() -> Iterator[Document]:
    """A document a chapter of requirements, and one for the errata of each profile."""
    for profile in scribe_data.profiles():
        text = scribe_data.load(profile)
        for number, chapter in sorted(text.protocol.chapters.items()):
            found = [
                passage
                for item in scribe_data.catalogue(profile).values()
                if item.chapter == number
                for place, said in ((item.id, item.statement), (f"{item.id}, observable", item.observable))
                for passage in passages(place, said)
            ]
            if found:
                yield Document(f"{profile}/requirements/{number}", f"{profile}: {chapter.title}", tuple(found))
        errata = [
            passage
            for item in text.errata.values()
            for place, said in (
                (f"{item.id}, title", item.title),
                (f"{item.id}, note", item.note),
                (f"{item.id}, strict reading", item.strict),
                (f"{item.id}, lenient reading", item.lenient),
            )
            for passage in passages(place, said)
        ]
        yield Document(f"{profile}/errata", f"{profile}: Errata", tuple(errata))
