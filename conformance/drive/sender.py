"""Sends a request as often as it takes: put off, redirected, broken off, or with a key that has ceased."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.drive.course import LONGEST_PUT_OFF_S, RunEnded
from conformance.drive.patience import retry_after
from conformance.evidence import Departure, Dimension, Label
from conformance.evidence.admission import refuses
from conformance.target import BadOption
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from conformance.drive.parcel import Parcel
    from conformance.drive.wire import Heard, Wire

#: How often 429 and 503 are waited out before the answer is taken as final (rule 2).
WAITS = 6
#: The same for a probe, whose answer may just as well be that the service does not look at it.
PROBE_WAITS = 4
#: DISC-001 allows so many for discovery; nothing else should need more.
REDIRECTS = 5
#: An answer of whatever stands in front of a service, not of the service.
_IN_FRONT = (502, 504)
_KEY_PAUSE_S = 1.0
#: A key may cease while a request that carries it is on its way; one that ceases again and again is of no use.
_RENEWALS = 2


def _plain(label: Label) -> bool:
    """Whether a label is that of a valid request, which a service that works takes."""
    return label.probe is None and label.credential == Credential.RIGHT


class Sender:
    """One journey's way to the wire; `timeout` bounds an exchange, in seconds, where the wire's own bound does not."""

    def __init__(self, wire: Wire, *, timeout: float | None = None) -> None:
        self._wire = wire
        self._course = wire.course
        self._timeout = timeout

    async def once(self, label: Label, asked: Parcel) -> Heard:
        """One exchange, again where a new key took the place of its own; RunEnded when the key has ceased to open."""
        for again in range(_RENEWALS + 1):
            heard = await self.follow(replace(label, attempt=label.attempt + again), asked)
            if not (self._doubts(label, asked) and refuses(heard.exchange)) or await self._opens(heard):
                break
        return heard

    def _doubts(self, label: Label, asked: Parcel) -> bool:
        """Whether a refusal may be the key's doing: a key that a command renews makes probes fail, too."""
        if self._wire.options.token_command is None or asked.sealed:
            return _plain(label)
        return label.credential == Credential.RIGHT and self._wire.owns(asked.url)

    async def patiently(self, label: Label, asked: Parcel) -> Heard:
        """Rule 2: 429 and 503 are waited out; a gateway's error, a valid request's 5xx, a lost read: once more."""
        waits = repeats = 0
        while True:
            heard = await self.once(replace(label, attempt=label.attempt + waits + repeats), asked)
            status, plain = heard.exchange.status, _plain(label)
            if status in (429, 503):
                if waits == (WAITS if plain else PROBE_WAITS):
                    return heard
                await self.wait_out(heard, waits)
                waits += 1
            elif not repeats and (
                status in _IN_FRONT or (plain and (status >= 500 or (status == 0 and asked.method == "GET")))
            ):
                repeats += 1
            else:
                return heard

    async def wait_out(self, heard: Heard, waited: int) -> None:
        """Wait as a 429 or 503 says; a 429 is meant for all of the run. Raises RunEnded when nothing else is said."""
        if self._course.is_put_off_for_good():
            text = f"The target has answered nothing but {heard.exchange.status} for {LONGEST_PUT_OFF_S:g} s."
            self._course.ended = self._course.ended or RunEnded("put_off", text)
        self._course.check()
        seconds = retry_after(heard.answer, waited)
        if heard.exchange.status == 429:
            self._wire.hold(seconds)
        await self._wire.budget.pause(seconds)

    async def follow(self, label: Label, asked: Parcel) -> Heard:
        """One exchange, over redirects within the origin."""
        self._course.check()
        url = self._course.address(label.operation, asked.url)
        for _ in range(REDIRECTS):
            heard = await self._send(label, asked, url)
            moved = self._course.moved(heard.exchange, url, plain=_plain(label))
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
            text = f"Reads are held back for {heard.exchange.elapsed:.0f} s and more until there is something to tell."
            self._wire.recorder.depart(Departure(Dimension.READ, text, exchange=heard.exchange.number))
        return heard

    async def _opens(self, heard: Heard) -> bool:
        """Whether the key still opens what it opened, so that a refusal is the target's answer to this request.

        A key that has ceased is the operator's affair and no fault of the target: the run ends, and nothing that was
        sent since it ceased counts. False when it opens again: then the request is worth another try.
        """
        door = self._course.door
        if door is None:
            return True
        async with self._course.asking:
            self._course.check()
            if heard.renewals != self._wire.renewals:  # a new key came while this was on its way
                self._wire.recorder.discount(heard.exchange.number)
                return False
            for again in range(2):
                if again:
                    await self._wire.budget.pause(_KEY_PAUSE_S)
                if await self._is_open(door):
                    return not again
            if self._wire.options.token_command is not None:
                why = await self._renewed()
                if not why and await self._is_open(door):
                    self._wire.recorder.discount(heard.exchange.number)
                    return False
            else:
                why = "has it expired?"
        since = self._course.first_void()
        self._wire.recorder.void(since)
        text = (
            f"The key ceased to be accepted after request {self._course.let_in}: {why or 'the new one is not either.'}"
            f" What was sent since is not graded ({heard.exchange.status} at request {heard.exchange.number})."
        )
        self._course.ended = RunEnded("credential_ended", text)
        raise self._course.ended

    async def _is_open(self, door: Parcel) -> bool:
        label = Label(Operation.OTHER, JourneyName.PREPARATION, probe=Probe.KEY_STILL_OPENS, graded=False)
        return not refuses((await self._send(label, door, door.url)).exchange)

    async def _renewed(self) -> str:
        """Why there is no new key; empty when there is one."""
        try:
            await self._wire.renew()
        except BadOption as wrong:
            return f"{wrong}."
        return ""
