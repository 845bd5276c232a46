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
from conformance.evidence.handshake import Certificate, Handshake, Offer
from conformance.evidence.layer import Layer
from conformance.evidence.record import Evidence, Facts, Note, Story

__all__ = [
    "NOT_JSON",
    "Certificate",
    "Credential",
    "Departure",
    "Dimension",
    "Evidence",
    "Exchange",
    "Facts",
    "Handshake",
    "Label",
    "Layer",
    "Note",
    "Offer",
    "Operation",
    "Request",
    "Response",
    "Story",
]
