"""What was seen: exchanges with their labels, append-only while a run lasts, then frozen."""

from conformance.evidence.departure import Departure, Dimension
from conformance.evidence.exchange import (
    NOT_JSON,
    Credential,
    Exchange,
    Label,
    Operation,
    Request,
    Response,
)
from conformance.evidence.explored import Explored, Shown
from conformance.evidence.layer import Layer
from conformance.evidence.record import Evidence, Facts, Note, Story

__all__ = [
    "NOT_JSON",
    "Credential",
    "Departure",
    "Dimension",
    "Evidence",
    "Exchange",
    "Explored",
    "Facts",
    "Label",
    "Layer",
    "Note",
    "Operation",
    "Request",
    "Response",
    "Shown",
    "Story",
]
