"""What the discovery document says, read without trusting its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.vocabulary.addresses import GONE, member
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from conformance.evidence import Evidence, Exchange


def missing(evidence: Evidence, name: str) -> Exchange | None:
    """The request that shows that an address discovery names leads nowhere, neither by GET nor by POST."""
    asked = [
        *evidence.select(Operation.OTHER, probe=Probe.DECLARED.of(name)),
        *evidence.select(Operation.OTHER, probe=repeat_of(Probe.DECLARED.of(name))),
    ]
    return asked[-1] if asked and all(x.status in GONE for x in asked) else None


def documents(evidence: Evidence) -> Iterator[Exchange]:
    """Discovery answers that were 200 with a JSON object."""
    for x in evidence.discoveries:
        if x.status == 200 and x.response is not None and isinstance(x.response.json, dict):
            yield x


def is_absolute(value: object, schemes: Collection[str] = ("http", "https")) -> bool:
    """Whether a value is an absolute URL, of http(s) unless other schemes are named."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


def listed(document: dict[str, Any], *path: str) -> list[Any]:
    """The array at a path; an empty one where anything else stands there."""
    found = member(document, *path)
    return found if isinstance(found, list) else []


def methods(evidence: Evidence) -> list[Any]:
    """authentication.supported_methods, or an empty list."""
    return listed(evidence.discovery, "authentication", "supported_methods")


def declares_webhooks(evidence: Evidence) -> bool:
    """Whether discovery declares webhooks in either of the two places the protocol has for it."""
    url = member(evidence.discovery, "endpoints", "webhooks_url")
    return url is not None or member(evidence.discovery, "capabilities", "webhook_delivery") is True


def webhook_declaration(evidence: Evidence) -> dict[str, Any]:
    """The declaration to quote where webhooks are not declared."""
    return {
        "endpoints.webhooks_url": member(evidence.discovery, "endpoints", "webhooks_url"),
        "capabilities.webhook_delivery": member(evidence.discovery, "capabilities", "webhook_delivery"),
    }
