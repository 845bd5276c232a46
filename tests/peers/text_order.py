"""Servers that order files as text, so that 10 comes before 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .honest import Honest

if TYPE_CHECKING:
    from .session import Session


class TextOrderInLists(Honest):
    """The lists are in the order of text; the transcript is in the order of the numbers."""

    def listed(self, session: Session) -> list[str]:
        return sorted(session.files)


class TextOrderInTranscripts(TextOrderInLists):
    """The transcript is in the order of text too."""

    def read_order(self, session: Session) -> list[str]:
        return sorted(session.files)
