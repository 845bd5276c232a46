"""Rule 2 for deliberate departures, which the driver sends once: "not now" says nothing about what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.finding import inconclusive

if TYPE_CHECKING:
    from conformance.evidence import Exchange
    from conformance.finding import Finding

#: Statuses that put a request off without having judged it.
PUT_OFF = (429, 503)


def put_off(x: Exchange) -> Finding | None:
    """The finding for a request that was only put off; None for one that was answered."""
    if x.status not in PUT_OFF:
        return None
    what = x.label.probe or x.label.operation
    return inconclusive("throttled", f"{x.request.method} ({what}) was put off with {x.status}.", x)
