"""What the server calls the session manager's operations: by their addresses, which a test holds to the spec."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

START: Final = "sessions.start"
END: Final = "sessions.end"
REPLAY: Final = "sessions.replay"
EXPORT: Final = "sessions.export"
MESSAGE: Final = "workers.message"
#: By the names that every profile has for what a request is for.
OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"create": START, "end": END, "get": REPLAY, "export": EXPORT, "message": MESSAGE}
)
