"""Questions before anything of the target is known: bounded in time, repeated where that costs little."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.drive.parcel import Parcel
from conformance.drive.patience import retry_after
from conformance.drive.sender import Sender
from conformance.target import TargetUnreachable
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.wire import Heard, Wire
    from conformance.evidence import Label

#: A target that is starting says so for a while; one that never says anything else is not waited for.
LONGEST_PUT_OFF_S = 30.0


class Asking:
    """Asks by rule 2 (429 and 503 are waited out, another 5xx is repeated once) and counts what the waiting takes."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._put_off_s = 0.0
        self._sender = Sender(wire, timeout=wire.options.first_timeout)

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
        repeats = attempt = 0
        while True:
            attempt += 1
            asked = Parcel(method, url, dict(headers or {}), content, sealed=True)
            heard = await self._send(replace(label, attempt=attempt), asked)
            status = heard.exchange.status
            if status in (429, 503):
                await self._wait(heard, url)
            elif status >= 500 and not repeats:
                repeats += 1
            else:
                return heard

    async def _send(self, label: Label, asked: Parcel) -> Heard:
        if label.operation != Operation.DISCOVERY:  # whose redirects have rules of their own (DISC-001)
            return await self._sender.follow(label, asked)
        first = self.wire.options.first_timeout
        return await self.wire.exchange(label, asked.method, asked.url, headers=asked.headers, timeout=first)

    async def _wait(self, heard: Heard, url: str) -> None:
        if self._put_off_s >= LONGEST_PUT_OFF_S:
            raise TargetUnreachable(
                f"{url} answers {heard.exchange.status} again and again; nothing can be asked of the service now"
            )
        seconds = retry_after(heard.answer, 1)
        self._put_off_s += seconds
        await self.wire.budget.pause(seconds)
