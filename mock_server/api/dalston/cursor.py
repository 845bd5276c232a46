"""Where a page of live sessions begins: behind the last one of the page before, told as a text that means nothing."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_server import problems

if TYPE_CHECKING:
    from mock_server.session.dalston.model import Dictation

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: A moment, in as many microseconds as any calendar has, and an id.
_SPOT: Final = re.compile(r"([0-9]{1,17}) (.{1,128})\Z", re.ASCII)
#: Characters of a cursor: none that was told here is longer.
_LONGEST: Final = 400


class Spot(NamedTuple):
    """A place in the list."""

    created_at: datetime
    id: str


def told(last: Dictation) -> str:
    """The cursor behind a session."""
    moment = (last.created_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{moment} {last.id}".encode()).decode().rstrip("=")


def read(cursor: str) -> Spot:
    """Where a cursor leads; 400 for one that no page has told."""
    try:
        text = base64.b64decode(cursor[:_LONGEST] + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    found = _SPOT.match(text)
    if found is None:
        raise problems.invalid_request("'cursor' is none that a page of this list has told.", field="cursor")
    return Spot(_EPOCH + timedelta(microseconds=int(found[1])), found[2])
