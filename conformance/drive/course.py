"""What a run learns of its target on the way: moved addresses, a key that ceased, being put off, long polls."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from conformance.evidence.admission import REDIRECTS, refuses
from conformance.target import split_origin

if TYPE_CHECKING:
    from conformance.drive.parcel import Parcel
    from conformance.evidence import Exchange, Operation

#: Seconds for which a target may answer nothing but 429 and 503 before the run goes on without it.
LONGEST_PUT_OFF_S = 60.0
#: A read that takes longer holds its answer back until there is something to tell.
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


class Course:
    """Shared by all journeys of a run."""

    def __init__(self) -> None:
        self.ended: RunEnded | None = None
        #: Held while somebody finds out whether the key still opens.
        self.asking = asyncio.Lock()
        #: A request that the key opens and nothing comes of.
        self.door: Parcel | None = None
        #: The number of the last exchange in which the key was let in.
        self.let_in = 0
        #: Whether any answer of the run was 429 (polling was asked to slow down).
        self.throttled = False
        #: When the run may go on after it was asked to slow down (monotonic).
        self.resumed = 0.0
        self._slashes: dict[Operation, str] = {}
        self._put_off_since: float | None = None
        self._slow_reads = 0

    def check(self) -> None:
        """Raise RunEnded once the run is over for all."""
        if self.ended is not None:
            raise self.ended

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
        if exchange.status not in REDIRECTS or not location or refuses(exchange):
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
        if exchange.response is None:
            return
        if exchange.status in (429, 503):
            self._put_off_since = self._put_off_since or monotonic()
        else:
            self._put_off_since = None
        if exchange.label.credential == "right" and not refuses(exchange):
            self.let_in = max(self.let_in, exchange.number)

    def is_put_off_for_good(self) -> bool:
        """Whether the target has answered nothing but 429 and 503 for so long that waiting is no use."""
        return self._put_off_since is not None and monotonic() - self._put_off_since > LONGEST_PUT_OFF_S

    def first_void(self) -> int:
        """The number from which on refusals are the key's doing and not the target's."""
        return max(1, self.let_in - _ON_THEIR_WAY)

    # reads

    def read(self, exchange: Exchange) -> bool:
        """Count a read that was held back; True for the one that shows it to be a habit."""
        if exchange.elapsed > LONG_POLL_S and exchange.accepted:
            self._slow_reads += 1
            return self._slow_reads == _LONG_POLLS
        return False

    @property
    def long_polls(self) -> bool:
        """Whether reads hold their answers back: they then need places of their own."""
        return self._slow_reads >= _LONG_POLLS
