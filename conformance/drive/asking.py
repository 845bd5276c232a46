"""Questions before anything of the target is known: bounded in time, repeated where that costs little."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from conformance.drive.doorkeeper import LONGEST_WINDOW_S, lost
from conformance.drive.parcel import Parcel
from conformance.drive.patience import named_wait, retry_after
from conformance.drive.sender import Sender
from conformance.target import FIRST_TIMEOUT_S, TargetUnreachable
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.wire import Heard, Wire
    from conformance.evidence import Label

#: A target that is starting says so for a while; one that never says anything else is not waited for.
LONGEST_PUT_OFF_S = 30.0
#: Seconds between two tries at a service that is not awake.
_ASLEEP_PAUSE_S = 1.0


class Asking:
    """Asks by rule 2 and counts what the waiting takes."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._began = monotonic()
        self._awake = False
        self._put_off_s = 0.0
        self._sender = Sender(wire, timeout=wire.options.first_timeout, wait=self._wait)

    async def ask(
        self,
        label: Label,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Heard:
        """One exchange; raises TargetUnreachable for a target that only ever puts off."""
        # redirects of discovery have rules of their own (DISC-001)
        asked = Parcel(
            method, url, dict(headers or {}), content, sealed=True, direct=label.operation == Operation.DISCOVERY
        )
        while True:
            heard = await self._sender.patiently(label, asked, worth=_error)
            self._awake = self._awake or not lost(heard.exchange)
            if not lost(heard.exchange) or not self._may_wake(heard):
                return heard
            for each in self.wire.recorder.exchanges:  # nothing else has answered yet
                self.wire.recorder.discount(each.number)
            label = replace(label, attempt=heard.exchange.label.attempt + 1)
            await self.wire.budget.pause(_ASLEEP_PAUSE_S)

    def _may_wake(self, heard: Heard) -> bool:
        """Whether a service that has not answered yet is still waited for, as --first-timeout asks."""
        patience = self.wire.options.first_timeout
        if self._awake or patience <= FIRST_TIMEOUT_S or "certificate" in (heard.exchange.trouble or "").lower():
            return False
        return monotonic() - self._began + _ASLEEP_PAUSE_S < patience

    async def _wait(self, heard: Heard, waited: int) -> bool:
        url, status, named = heard.exchange.request.url, heard.exchange.status, named_wait(heard.answer) or 0.0
        if named > LONGEST_WINDOW_S:
            raise TargetUnreachable(
                f"{url} answers {status} and asks to come back in {named:.0f} s: a quota may be used up, or the service"
                " is under repair; run again after that"
            )
        if self._put_off_s >= max(LONGEST_PUT_OFF_S, self.wire.options.first_timeout):
            raise TargetUnreachable(f"{url} answers {status} again and again; nothing can be asked of the service now")
        seconds = retry_after(heard.answer, min(waited, 1))
        self._put_off_s += seconds
        await self.wire.budget.pause(seconds)
        return True


def _error(heard: Heard, tries: int) -> bool:
    """A server error is worth one more try: nothing comes of what is asked here."""
    return heard.exchange.status >= 500 and tries == 0
