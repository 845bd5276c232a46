"""Servers that lose something and say nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .hearing import Heard, listen
from .honest import Honest

if TYPE_CHECKING:
    from .session import Result, Session


class UnknownTemplateUnsaid(Honest):
    """A template that does not exist is dropped: the session ends completed and nothing tells of it."""

    def result(self, session: Session) -> Result:
        asked = [template for template in session.templates if template in self.templates]
        return self.processing().run(replace(session, templates=asked), self.read_order(session))


class UploadCutShort(Honest):
    """Of an upload the first 200 kB are kept; the answer is that of a whole one."""

    formats: tuple[str, ...] = ("audio/wav", "audio/flac")  # where a minute is more than 200 kB
    kept_bytes = 200_000

    def hear(self, content: bytes) -> Heard:
        whole = listen(content)
        if len(content) <= self.kept_bytes or not whole.decodable:
            return whole
        # The length stays that of the whole file, so that the limit of a chunk holds as before.
        return replace(listen(content[: self.kept_bytes]), seconds=whole.seconds)
