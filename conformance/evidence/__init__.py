"""What was seen: exchanges with their labels, append-only while a run lasts, then frozen."""

from conformance.evidence.departure import Departure, Dimension
from conformance.evidence.exchange import (
    NOT_JSON,
    Exchange,
    Label,
    Request,
    Response,
)
from conformance.evidence.explored import Explored, Shown
from conformance.evidence.handshake import Certificate, Handshake, Offer
from conformance.evidence.layer import Layer
from conformance.evidence.record import Evidence, Facts, Note, Story

__all__ = [
    "NOT_JSON",
    "Certificate",
    "Departure",
    "Dimension",
    "Evidence",
    "Exchange",
    "Explored",
    "Facts",
    "Handshake",
    "Label",
    "Layer",
    "Note",
    "Offer",
    "Request",
    "Response",
    "Shown",
    "Story",
]
