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
        """The name under which a run follows one that was sent; of an address its last segment, see `followed`."""
        if self is Naming.NUMBER_ONLY:
            return sent.rpartition("_")[2]
        if self is Naming.WITHOUT_SUFFIX:
            return PurePosixPath(sent).stem
        return sent

    def followed(self, listed: object) -> object:
        """The name by which a run knows an entry of a list: what stands before a name in an address is the target's."""
        return _last_segment(listed) if self is Naming.LAST_SEGMENT and isinstance(listed, str) else listed


def naming_of(sent: str, listed: object) -> Naming:
    """The rule that leads from one name to the other; AS_SENT where none does."""
    if not isinstance(listed, str) or listed == sent:
        return Naming.AS_SENT
    for naming in (Naming.NUMBER_ONLY, Naming.WITHOUT_SUFFIX):
        if naming.listed(sent) == listed:
            return naming
    return Naming.LAST_SEGMENT if _last_segment(listed) == sent else Naming.AS_SENT


def _last_segment(address: str) -> str:
    """The end of an address or path, without its query; of a plain name the name itself."""
    try:
        path = urlsplit(address).path if "/" in address else ""
    except ValueError:  # a bracket that is never closed makes no address
        path = ""
    return unquote(PurePosixPath(path).name) or address
