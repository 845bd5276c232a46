"""Faults of audio that comes over a socket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.answer import envelope
from mock_server.faults.making import fault, strictly
from mock_server.session.model import STREAM
from mock_server.stream.tape import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked
    from mock_server.speech.model import Recording


def _refused(asked: Asked, answer: Answer) -> Answer:
    order: Any = asked.document
    streamed = asked.operation == "create" and isinstance(order, dict) and order.get("upload_type") == STREAM
    return envelope(problems.invalid_request("Streams are not served.", field="upload_type")) if streamed else answer


def _without_streams(recordings: Sequence[Recording]) -> list[Recording]:
    return [recording for recording in recordings if recording.name != NAME]


FAULTS = (
    fault("promises_streams", "a create with upload_type stream is refused", "AUD-034", rewrite=_refused),
    strictly(
        fault(
            "wastes_streams",
            "what came over a socket is not worked on",
            "AUD-036",
            conduct=lambda c: replace(c, recordings=_without_streams),
        )
    ),
    strictly(
        fault(
            "streams_for_nobody",
            "a socket for an id that was never given out takes audio",
            "AUD-038",
            conduct=lambda c: replace(c, turns_strangers_away=False),
        )
    ),
    strictly(
        fault(
            "streams_after_the_end",
            "a socket of a session that was ended takes audio",
            "AUD-040",
            conduct=lambda c: replace(c, closes_late_streams=False),
        )
    ),
)
