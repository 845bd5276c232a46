"""Under which name a target lists what it was sent: followed where it renames, so that one fault shows once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit


class Naming(StrEnum):
    """How the name in a list comes from the name in the request."""

    AS_SENT = "as sent"
    #: `audio_0.webm` is listed as `0.webm`.
    NUMBER_ONLY = "the part behind the last underscore"
    #: `audio_0.webm` is listed as `audio_0`.
    WITHOUT_SUFFIX = "without its suffix"
    #: Listed by an address or path that ends in the name.
    LAST_SEGMENT = "as the end of an address"

    def listed(self, sent: str) -> str:
        """The name that stands for one that was sent; of an address its last segment."""
        if self is Naming.NUMBER_ONLY:
            return sent.rpartition("_")[2]
        if self is Naming.WITHOUT_SUFFIX:
            return PurePosixPath(sent).stem
        return sent


def naming_of(sent: str, listed: object) -> Naming:
    """The rule that leads from one name to the other; AS_SENT where none does."""
    if not isinstance(listed, str) or listed == sent:
        return Naming.AS_SENT
    for naming in (Naming.NUMBER_ONLY, Naming.WITHOUT_SUFFIX):
        if naming.listed(sent) == listed:
            return naming
    segment = unquote(PurePosixPath(urlsplit(listed).path).name) if "/" in listed else ""
    return Naming.LAST_SEGMENT if segment == sent else Naming.AS_SENT
