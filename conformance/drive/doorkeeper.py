"""What a run asks of its target when an answer may not be one to the request: does the key open, is anybody there."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from conformance.drive.course import IN_FRONT, LONGEST_PUT_OFF_S, REDIRECTS
from conformance.drive.patience import LATER, named_wait
from conformance.evidence import Label, Note
from conformance.evidence.admission import turns_away
from conformance.target import BadOption
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from conformance.drive.parcel import Parcel
    from conformance.drive.wire import Heard, Wire
    from conformance.evidence import Exchange

_KEY_PAUSE_S = 1.0
#: Seconds for which a target that gives no answer is asked again: a service that is deployed anew takes about as long.
LONGEST_AWAY_S = 20.0
_AWAY_PAUSE_S = 2.0
#: A window of requests lasts minutes at most; who asks for more speaks of a quota, which no run waits for.
LONGEST_WINDOW_S = 300.0


def lost(exchange: Exchange) -> bool:
    """Whether no answer of the service's own came: none at all, or that of a gateway before it."""
    return exchange.response is None or exchange.status in IN_FRONT


class Doorkeeper:
    """Asks at the door of a run, a request that the key opens and nothing comes of; one journey at a time asks."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._course = wire.course

    async def still_opens(self, heard: Heard) -> bool:
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
                    if again:
                        self._wire.recorder.discount(heard.exchange.number)
                    return not again
            if self._wire.options.token_command is not None:
                why = await self._renewed()
                if not why and await self._is_open(door):
                    self._wire.recorder.discount(heard.exchange.number)
                    return False
            else:
                why = "has it expired?"
        self._wire.recorder.void(self._course.first_void(self._course.let_in))
        text = (
            f"The key ceased to be accepted after request {self._course.let_in}: {why or 'the new one is not either.'}"
            f" What was sent since is not graded ({heard.exchange.status} at request {heard.exchange.number})."
        )
        raise self._course.end("credential_ended", text)

    async def was_away(self, heard: Heard) -> bool:
        """Whether the target gave no answer to anybody and gives some again, so that a request is worth another try.

        False when it answers others: then what became of this request is the target's doing. A target that stays away
        ends the run, and what was sent since it went does not count.
        """
        door = self._course.door
        if door is None:
            return False
        async with self._course.asking:
            self._course.check()
            if heard.exchange.number <= self._course.returned:
                return True
            if heard.exchange.number < self._course.answered:  # others were answered meanwhile
                return False
            began = monotonic()
            while lost((await self._ask(door)).exchange):
                if monotonic() - began >= LONGEST_AWAY_S:
                    break
                await self._wire.budget.pause(_AWAY_PAUSE_S)
            else:
                if monotonic() - began < _AWAY_PAUSE_S:
                    return False
                self._course.returned = self._wire.recorder.sent
                return True
        self._wire.recorder.void(self._course.first_void(self._course.answered))
        what = heard.exchange.trouble or f"it is answered {heard.exchange.status} by what stands in front of it"
        text = (
            f"The target gives no answer any more after request {self._course.answered} ({what}); what was sent since"
            " is not graded. Run again when the service is back."
        )
        raise self._course.end("unreachable", text)

    async def puts_off_for_good(self, heard: Heard) -> bool:
        """Whether waiting for this kind of request is no use; raises RunEnded where the target puts off all of them."""
        exchange = heard.exchange
        operation, named = exchange.label.operation, named_wait(heard.answer) or 0.0
        if operation in self._course.exhausted:
            return True
        if named > LONGEST_WINDOW_S:
            why = f"answers {exchange.status} and asks to come back in {named:.0f} s"
        elif self._course.is_put_off_for_good(operation):
            why = f"has answered nothing but {exchange.status} for {LONGEST_PUT_OFF_S:g} s"
        else:
            return False
        async with self._course.asking:
            self._course.check()
            if self._course.door is None or (await self._ask(self._course.door)).exchange.status in LATER:
                # what stands in front of a service may count its requests, and has words of its own
                self._wire.recorder.void(self._course.first_void(self._course.looked_at))
                text = (
                    f"The target {why}: a quota may be used up, or it is under repair. What was put off is not graded;"
                    " run again when the service takes requests."
                )
                raise self._course.end("put_off", text)
            if operation not in self._course.exhausted:
                self._course.exhausted.add(operation)
                text = f"The target {why} ({exchange.request.method}, {operation}): a quota may be used up."
                self._wire.recorder.note(Note("run", "quota", text))
        return True

    async def _is_open(self, door: Parcel) -> bool:
        return not turns_away((await self._ask(door)).exchange)

    async def _ask(self, door: Parcel) -> Heard:
        label = Label(Operation.OTHER, JourneyName.PREPARATION, probe=Probe.KEY_STILL_OPENS, graded=False)
        url, first = door.url, self._wire.options.first_timeout
        for _ in range(REDIRECTS + 1):
            headers = self._wire.credentials(url, Credential.RIGHT) | door.headers
            heard = await self._wire.exchange(
                label, door.method, url, headers=headers, content=door.content, timeout=first
            )
            moved = self._course.moved(heard.exchange, url, plain=True)
            if moved is None:
                break
            url = moved
        self._course.heard(heard.exchange)
        return heard

    async def _renewed(self) -> str:
        """Why there is no new key; empty when there is one."""
        try:
            await self._wire.renew()
        except BadOption as wrong:
            return f"{wrong}."
        return ""
