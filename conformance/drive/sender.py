"""Sends a request as often as it takes: put off, redirected, lost on the way, or with a key that has ceased."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.drive.course import REDIRECTS, sent_on
from conformance.drive.doorkeeper import Doorkeeper, lost
from conformance.drive.patience import LATER, retry_after
from conformance.evidence import Departure, Dimension, Label
from conformance.evidence.admission import turns_away
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.drive.parcel import Parcel
    from conformance.drive.wire import Heard, Wire

#: How often 429 and 503 are waited out before the answer is taken as final (rule 2).
WAITS = 6
#: The same for a probe, whose answer may just as well be that the service does not look at it.
PROBE_WAITS = 4
#: A key may cease while a request that carries it is on its way; one that ceases again and again is of no use.
_RENEWALS = 2
#: How often a request that is lost on the way is sent again without a word about it.
_REPEATS = 2
#: A target that goes away again and again is judged by what it answers.
_LOSSES = 4
#: Doors at which a refusal is doubted, each of them once: that of the address asked, and one behind a redirect.
_DOORS = 2


def _plain(label: Label) -> bool:
    """Whether a label is that of a valid request, which a service that works takes."""
    return label.probe is None and label.credential == Credential.RIGHT


def _error_of_valid(heard: Heard, tries: int) -> bool:
    """Whether a server error is worth one more try: that of a valid request is (rule 2)."""
    return tries == 0 and heard.exchange.status >= 500 and _plain(heard.exchange.label)


class Sender:
    """One journey's way to the wire; `timeout` bounds an exchange, in seconds, where the wire's own bound does not.

    `wait` waits out a 429 or 503 after so many earlier ones; False when the answer is to be taken as it is.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        timeout: float | None = None,
        wait: Callable[[Heard, int], Awaitable[bool]] | None = None,
    ) -> None:
        self._wire = wire
        self._course = wire.course
        self._keeper = Doorkeeper(wire)
        self._timeout = timeout
        self._wait = wait or self.wait_out

    async def patiently(
        self, label: Label, asked: Parcel, *, worth: Callable[[Heard, int], bool] = _error_of_valid
    ) -> Heard:
        """One request by rule 2, its last answer: 429 and 503 are waited out, what was lost on the way is sent again.

        `worth` says of any other answer, by how many of them there were before, whether to ask once more. What came
        between target and kit (a gateway's error, a connection that broke, a refusal that the next try takes back) is
        not graded where the repeat is answered.
        """
        waits = tries = 0
        passing: list[Heard] = []
        attempt = label.attempt
        while True:
            heard = await self.once(replace(label, attempt=attempt), asked)
            attempt = heard.exchange.label.attempt + 1
            if heard.exchange.status in LATER:
                if not await self._wait(heard, waits):
                    break
                waits += 1
            elif await self._is_passing(heard, asked, passing):
                passing.append(heard)
            elif worth(heard, tries):
                tries += 1
            else:
                break
        return self._settled(heard, asked, passing)

    async def _is_passing(self, heard: Heard, asked: Parcel, passing: list[Heard]) -> bool:
        """Whether an answer may be gone the next time, as it came from between the target and the kit."""
        exchange = heard.exchange
        if not lost(exchange):
            if asked.direct:  # discovery, which is open to all
                return not passing and exchange.status in (401, 403)
            # behind a redirect stands another door, which may have a whim of its own
            known = any(each.exchange.request.url == exchange.request.url for each in passing)
            doubted = known or len(passing) >= _DOORS
            return not doubted and self._may_be_whim(exchange.label, asked) and turns_away(exchange)
        # what a target is silent about takes its time: only a read is worth that twice
        silent = exchange.response is None and not heard.broke
        allowed = _REPEATS if not silent else _plain(exchange.label) and asked.method == "GET"
        if len(passing) < allowed:
            return True
        return len(passing) < _LOSSES and await self._keeper.was_away(heard)

    def _may_be_whim(self, label: Label, asked: Parcel) -> bool:
        """Whether a refusal may be gone the next time: the key opens, or none was asked for."""
        if self._course.door is None:
            return False
        return self._doubts(label, asked) or (label.credential == Credential.RIGHT and not self._wire.owns(asked.url))

    def _settled(self, heard: Heard, asked: Parcel, passing: list[Heard]) -> Heard:
        """The last answer, once it is clear what of the earlier ones counts."""
        exchange = heard.exchange
        if not passing or lost(exchange) or (turns_away(exchange) and turns_away(passing[-1].exchange)):
            return heard
        for each in passing:
            self._wire.recorder.discount(each.exchange.number)
        gone = [each for each in passing if lost(each.exchange)]
        self._course.lost += len(gone)
        refused = exchange.status == 409 or (_plain(exchange.label) and 400 <= exchange.status < 500)
        if gone and refused and asked.method != "GET" and exchange.label.operation in (Operation.UPLOAD, Operation.END):
            # the target may have done the first time what it refuses to do twice
            self._wire.recorder.discount(exchange.number)
            return replace(heard, unsure=True)
        return heard

    async def once(self, label: Label, asked: Parcel) -> Heard:
        """One exchange, again where a new key took the place of its own; RunEnded when the key has ceased to open."""
        for again in range(_RENEWALS + 1):
            heard = await self.follow(replace(label, attempt=label.attempt + again), asked)
            doubtful = self._doubts(label, asked) and turns_away(heard.exchange)
            if not doubtful or await self._keeper.still_opens(heard):
                break
        return heard

    def _doubts(self, label: Label, asked: Parcel) -> bool:
        """Whether a refusal may be the key's doing."""
        if asked.sealed:
            return _plain(label) and not asked.direct
        return label.credential == Credential.RIGHT and self._wire.owns(asked.url)

    async def wait_out(self, heard: Heard, waited: int) -> bool:
        """Wait as a 429 or 503 says; a 429 is meant for all of the run. Raises RunEnded when nothing else is said."""
        self._course.check()
        plain = _plain(heard.exchange.label)
        if waited >= (WAITS if plain else PROBE_WAITS) or await self._keeper.puts_off_for_good(heard):
            return False
        seconds = retry_after(heard.answer, waited)
        if heard.exchange.status == 429:
            self._wire.hold(seconds)
        await self._wire.budget.pause(seconds)
        return True

    async def follow(self, label: Label, asked: Parcel) -> Heard:
        """One exchange, over redirects within the origin, and those of a file to a storage."""
        self._course.check()
        if asked.direct:
            return await self._send(label, asked, asked.url)
        url = self._course.address(label.operation, asked.url)
        for _ in range(REDIRECTS):
            heard = await self._send(label, asked, url)
            moved = self._course.moved(heard.exchange, url, plain=_plain(label)) or sent_on(heard.exchange, url)
            if moved is None:
                return heard
            self._wire.recorder.discount(heard.exchange.number)
            text = f"{asked.method} {label.operation} is served behind a redirect ({heard.exchange.status})."
            self._wire.recorder.depart(
                Departure(Dimension.REDIRECT, text, label.operation, url, moved, heard.exchange.number)
            )
            url = moved
        return await self._send(label, asked, url)

    async def _send(self, label: Label, asked: Parcel, url: str) -> Heard:
        headers = asked.headers if asked.sealed else self._wire.credentials(url, label.credential) | asked.headers
        renewals = self._wire.renewals
        polls = label.operation == Operation.GET and self._course.long_polls
        heard = await self._wire.exchange(
            label, asked.method, url, headers=headers, content=asked.content, timeout=self._timeout, aside=polls
        )
        heard = replace(heard, renewals=renewals)
        self._course.heard(heard.exchange)
        if label.operation == Operation.GET and self._course.read(heard.exchange):
            took = f"{heard.exchange.elapsed:.0f} s and more"
            text = f"Reads take {took}, as they do where answers are held back until there is something to tell."
            self._wire.recorder.depart(Departure(Dimension.READ, text, exchange=heard.exchange.number))
        return heard
