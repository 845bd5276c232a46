"""What is recorded of a session: the output that its caller gets, and of what the caller sent what is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mock_server.log.line import TIMEOUT, Line
from mock_server.schemas import SessionManagerEndOutput

if TYPE_CHECKING:
    from mock_server.log.window import Window
    from mock_server.schemas import BaseSchema

#: What a record keeps of its caller's own (E10).
_OF_INPUT: Final = ("schema_version", "record_id", "timestamp", "source", "end_time")
_VERSION: Final = "1.1.0"


def common(given: BaseSchema, record_id: str, at: str) -> dict[str, Any]:
    """What an output has of its input, and what is its own."""
    return {
        "schema_version": given.schema_version,
        "record_id": record_id,
        "user_id": given.user_id,
        "timestamp": at,
    }


def timed_out(window: Window, record_id: str, at: str) -> SessionManagerEndOutput:
    """The end of a session whose time was up."""
    return SessionManagerEndOutput(
        schema_version=_VERSION,
        record_id=record_id,
        user_id=window.user_id,
        timestamp=at,
        session_id=window.session_id,
        start_time=window.started_at,
        end_time=window.expires_at,
        end_reason=TIMEOUT,
    )


def line_of(kind: str, output: BaseSchema, given: BaseSchema | None = None) -> Line:
    """The line of an output, and of the input that it answers, if it answers one."""
    event = {"event_type": kind, **output.document()}
    if given is not None:
        sent = given.document()
        event["input"] = {name: sent[name] for name in _OF_INPUT if name in sent}
    return Line(output.timestamp, event)
