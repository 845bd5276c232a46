"""What a run learns of its target on the way: moved addresses, a key that ceased, being put off, long polls."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from conformance.drive.lingering import Lingering
from conformance.drive.patience import LATER
from conformance.evidence import admission
from conformance.evidence.admission import refuses, turns_away
from conformance.target import split_origin
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from conformance.drive.parcel import Parcel
    from conformance.evidence import Exchange

#: An answer of whatever stands in front of a service, not of the service.
IN_FRONT = (502, 504)
#: DISC-001 allows so many for discovery; nothing else should need more.
REDIRECTS = 5
#: Seconds for which a target may answer nothing but 429 and 503 before the run goes on without it.
LONGEST_PUT_OFF_S = 60.0
#: A read that takes longer may be held back until there is something to tell.
LONG_POLL_S = 5.0
#: One may be chance.
_LONG_POLLS = 2
#: Requests that were on their way when a key ceased may have smaller numbers than the last that was let in.
_ON_THEIR_WAY = 16


class RunEnded(Exception):  # noqa: N818 - a fact of the run, not an error
    """Nothing more can be seen in this run; `reason` is the code of the notes that say why."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def sent_on(exchange: Exchange, asked: str) -> str | None:
    """Where a file is sent on to that was PUT with its name: an address of its own, mostly in a storage (E44).

    Whoever follows keeps its credentials to itself, as it does wherever another origin is asked.
    """
    label, location = exchange.label, exchange.response.header("location") if exchange.response else None
    kept = exchange.status in (307, 308) and exchange.request.method == "PUT"
    if label.operation != Operation.UPLOAD or label.credential != Credential.RIGHT or not kept or not location:
        return None
    target = urljoin(asked, location)
    return None if refuses(exchange) or split_origin(target) in (None, split_origin(asked)) else target


class Course:
    """Shared by all journeys of a run."""

    def __init__(self) -> None:
        self.ended: RunEnded | None = None
        #: Held while somebody finds out whether the key still opens.
        self.asking = asyncio.Lock()
        #: A request that the key opens and nothing comes of.
        self.door: Parcel | None = None
        #: The number of the last exchange in which the key was let in, and of the last that got an answer at all.
        self.let_in = self.answered = 0
        #: The number of the last exchange with the right key that was not put off.
        self.looked_at = 0
        #: The number of requests that had been sent when the target, which had gone, was back.
        self.returned = 0
        #: How many requests were lost on the way, and answered when they were sent again.
        self.lost = 0
        self.lingering = Lingering()
        #: What the target puts off for so long that nobody waits for it.
        self.exhausted: set[Operation] = set()
        #: Whether any answer of the run was 429 (polling was asked to slow down).
        self.throttled = False
        #: When the run may go on after it was asked to slow down (monotonic).
        self.resumed = 0.0
        self._slashes: dict[Operation, str] = {}
        self._put_off_since: dict[Operation, float] = {}
        self._slow_reads = 0

    def check(self) -> None:
        """Raise RunEnded once the run is over for all."""
        if self.ended is not None:
            raise self.ended

    def end(self, reason: str, text: str) -> RunEnded:
        """The end of the run for all journeys, to be raised by the one that found it."""
        self.ended = self.ended or RunEnded(reason, text)
        return self.ended

    # addresses

    def address(self, operation: Operation, url: str) -> str:
        """The URL as this target has it for an operation: with or without a slash at its end."""
        wanted = self._slashes.get(operation)
        if wanted is None:
            return url
        parts = urlsplit(url)
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + wanted))

    def moved(self, exchange: Exchange, asked: str, *, plain: bool) -> str | None:
        """Where a redirect within the origin leads; None where the answer is to be taken as it is.

        A request that is meant to be refused is followed over a slash at most: elsewhere the redirect is the answer.
        """
        location = exchange.response.header("location") if exchange.response else None
        if exchange.status not in admission.REDIRECTS or not location or refuses(exchange):
            return None
        target = urljoin(asked, location)
        slash = target.rstrip("/") == asked.rstrip("/") and target != asked
        if split_origin(target) != split_origin(asked) or target == asked or not (plain or slash):
            return None
        if slash:
            self._slashes[exchange.label.operation] = "/" if target.endswith("/") else ""
        return target

    # being put off

    def heard(self, exchange: Exchange) -> None:
        """Note what an answer says of the target as a whole."""
        if exchange.response is None or exchange.status in IN_FRONT:
            return
        self.answered = max(self.answered, exchange.number)
        label = exchange.label
        # who is not let in may be turned away before anybody counts what he asks
        if label.credential != Credential.RIGHT or turns_away(exchange):
            return
        if exchange.status in LATER:
            self._put_off_since.setdefault(label.operation, monotonic())
        else:
            self._put_off_since.pop(label.operation, None)
            self.exhausted.discard(label.operation)
            self.looked_at = max(self.looked_at, exchange.number)
        self.let_in = max(self.let_in, exchange.number)

    def is_put_off_for_good(self, operation: Operation) -> bool:
        """Whether the target has answered an operation with 429 and 503 for so long that waiting is no use."""
        since = self._put_off_since.get(operation)
        return since is not None and monotonic() - since > LONGEST_PUT_OFF_S

    def first_void(self, last: int) -> int:
        """The number from which on nothing counts that went wrong after the `last` exchange that went well."""
        return max(1, last - _ON_THEIR_WAY)

    # reads

    def read(self, exchange: Exchange) -> bool:
        """Count a read that may have been held back; True for the one that shows it to be a habit."""
        if exchange.elapsed > LONG_POLL_S and exchange.accepted:
            self._slow_reads += 1
            return self._slow_reads == _LONG_POLLS
        return False

    @property
    def long_polls(self) -> bool:
        """Whether reads take as long as held back ones: they then need places of their own."""
        return self._slow_reads >= _LONG_POLLS
