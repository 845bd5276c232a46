"""Uploads in parts that nobody finished: S3 keeps their bytes, and lists them nowhere else, until they are given up.

The library lists none of them, so these two requests are signed here, where the keys are known. For other credentials
and stores a rule of the bucket's life cycle does it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from mock_server.storage.signing import Signing, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.storage.place import Place

log = logging.getLogger("scribe.mock")

#: Uploads that are looked at in one go; what is more is left to the next.
_MOST: Final = 1000


class Unfinished:
    """The uploads in parts below a place; whatever fails here is only logged, for it costs room and nothing else."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._signing = Signing(place, place.keys) if place.keys else None

    def give_up(self, folder: str, wanted: Callable[[str], bool]) -> int:
        """End the uploads in a folder whose last name is wanted; returns how many."""
        if self._signing is None:
            return 0
        ended = 0
        try:
            query = {"uploads": "", "prefix": f"{self._place.path(folder)}/", "max-uploads": str(_MOST)}
            for each in told(self._signing.ask("GET", "", query), "Upload"):
                key, upload = each.get("Key", ""), each.get("UploadId", "")
                if key and upload and wanted(key.rpartition("/")[2]):
                    self._signing.ask("DELETE", key, {"uploadId": upload})
                    ended += 1
        except (OSError, ValueError, ElementTree.ParseError) as error:
            log.warning("unfinished uploads in %s could not be looked for: %s", self._place, type(error).__name__)
        return ended
