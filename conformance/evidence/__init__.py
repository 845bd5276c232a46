"""What was seen: exchanges with their labels, append-only while a run lasts, then frozen."""

from conformance.evidence.departure import Departure, Dimension
from conformance.evidence.exchange import (
    NOT_JSON,
    Exchange,
    Label,
    Request,
    Response,
)
from conformance.evidence.record import Evidence, Facts, Note, Story

__all__ = [
    "NOT_JSON",
    "Departure",
    "Dimension",
    "Evidence",
    "Exchange",
    "Facts",
    "Label",
    "Note",
    "Request",
    "Response",
    "Story",
]
