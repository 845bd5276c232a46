"""What lists of sessions share, whichever profile has them: the query that was asked, and the entries of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from conformance.evidence import Exchange


def query_of(x: Exchange) -> dict[str, str]:
    """The parameters in the address of a request; of one that stands twice the last."""
    return dict(parse_qsl(urlsplit(x.request.url).query))


def entries_of(x: Exchange) -> list[dict[str, Any]]:
    """The entries of a page that are objects."""
    found = x.document.get("sessions")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
