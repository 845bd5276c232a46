"""One line of the log: when it was written, and the boundary event."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mock_server.clock import is_stamp
from scribe_data.nesting import DepthError, loads

if TYPE_CHECKING:
    from collections.abc import Mapping

START, END = "sessions.start", "sessions.end"
#: Of an end that nobody asked for.
TIMEOUT: Final = "timeout"
#: Longer than any line of ours: every text of an input is bounded where it is decoded.
LONGEST: Final = 64 * 1024
_TEXTS = ("event_type", "schema_version", "record_id", "user_id", "session_id", "timestamp", "source", "start_time")
_OF_KIND = {START: ("expires_at",), END: ("end_time", "end_reason")}
_STAMPS = ("timestamp", "start_time", "expires_at", "end_time")


class NotALine(ValueError):  # noqa: N818 - it is said of what was read
    """The text is no line of this log; the message says why."""


@dataclass(frozen=True)
class Line:
    """A boundary event, and when it was recorded by the clock of its namespace."""

    recorded_at: str
    event: Mapping[str, Any] = field(hash=False)
    #: The bytes it was read from.
    raw: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """Which boundary."""
        return str(self.event["event_type"])

    def document(self) -> dict[str, Any]:
        """The line as JSON has it."""
        return {"recorded_at": self.recorded_at, "event": dict(self.event)}

    def encoded(self) -> bytes:
        """The line as it is written, or was, its end included."""
        if self.raw is not None:
            return self.raw
        text = json.dumps(self.document(), ensure_ascii=False, separators=(",", ":"))
        return text.encode() + b"\n"


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise NotALine("an object has a member twice")
    return found


def _parsed(raw: bytes) -> Any:
    if len(raw) > LONGEST:
        raise NotALine(f"it is longer than {LONGEST} bytes")
    try:
        return loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise NotALine("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotALine(f"it is not JSON: {error.msg} at column {error.colno}") from None
    except DepthError:
        raise NotALine("it is nested too deep") from None


def decoded(raw: bytes) -> Line:
    """The line that these bytes are, without its end; raises NotALine."""
    value = _parsed(raw)
    if not isinstance(value, dict) or not isinstance(value.get("event"), dict):
        raise NotALine("it is not an object with an event")
    event, recorded_at = value["event"], value.get("recorded_at")
    kind = event.get("event_type")
    if kind not in (START, END):
        raise NotALine(f"its event_type is neither {START} nor {END}")
    for name in (*_TEXTS, *_OF_KIND[kind]):
        if not isinstance(event.get(name), str) or not event[name]:
            raise NotALine(f"its event has no {name}")
    for name, text in (("recorded_at", recorded_at), *((name, event[name]) for name in _STAMPS if name in event)):
        if not is_stamp(text):
            raise NotALine(f"{name} is not UTC with milliseconds and Z")
    return Line(str(recorded_at), event, raw + b"\n")
