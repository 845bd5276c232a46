"""What an operator lets a run ask of a service: so many requests a second, and so many in all."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from conformance.drive.course import RunEnded
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from conformance.evidence import Exchange, Label


class Allowance:
    """Counts what a run sends; of the requests in all it keeps one back for each open session, to end it with."""

    def __init__(self, rate: float | None, most: int | None) -> None:
        self._apart = 1 / rate if rate else 0.0
        self._next = 0.0
        self._most = most
        self._sent = 0
        #: Sessions that are open, and those that a request on its way may open.
        self._open = 0
        #: Where sessions were ended: one that is ended twice was open once.
        self._ended: set[str] = set()

    def wait(self) -> float:
        """Seconds until the next request may go out; who asks takes that place."""
        now = monotonic()
        place = max(now, self._next)
        self._next = place + self._apart
        return place - now

    def take(self, label: Label) -> None:
        """Count a request; raises RunEnded where none is left but those that end sessions."""
        creates = label.operation == Operation.CREATE
        kept = 0 if label.probe == Probe.CLOSING else self._open + creates
        if self._most is not None and self._sent + kept >= self._most:
            raise RunEnded(
                "max_requests", f"The run was allowed {self._most} requests; what they did not show is inconclusive."
            )
        self._sent += 1
        self._open += creates

    def give_back(self, label: Label, exchange: Exchange | None) -> None:
        """Note what became of a request: whether it left a session open, or ended one."""
        accepted = exchange is not None and exchange.accepted
        if label.operation == Operation.CREATE and not accepted:
            self._open -= 1
        elif label.operation == Operation.END and exchange is not None and accepted:
            url = exchange.request.url
            self._open -= url not in self._ended
            self._ended.add(url)
