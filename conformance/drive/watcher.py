"""Hands that read a session, and wait for what comes of it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from conformance.drive.handle import Handle, at_rest
from conformance.drive.hands import Hands
from conformance.drive.parcel import Parcel
from conformance.drive.patience import Pace
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.stamps import LAG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.drive.wire import Heard
    from conformance.evidence import Exchange


class Watcher(Hands):
    """Reads sessions, once or until something shows."""

    async def get(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        headers: Mapping[str, str] | None = None,
        graded: bool = True,
    ) -> Exchange:
        """Read a session once."""
        read = await self._read(handle, probe=probe, credential=credential, headers=headers, graded=graded)
        return read.exchange

    async def _read(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        headers: Mapping[str, str] | None = None,
        graded: bool = True,
    ) -> Heard:
        label = self._label(Operation.GET, handle.key, probe, credential, graded=graded)
        parcel = Parcel("GET", self.address(handle.session_id), dict(headers or {}), b"")
        return await self._sender.patiently(label, parcel)

    def address(self, session_id: str) -> str:
        """Where a session is read."""
        return self.url("sessions", session_id)

    async def until(
        self, handle: Handle, seen: Callable[[Exchange], bool], *, within: float = LAG, graded: bool = True
    ) -> Exchange:
        """Read until `seen` holds, or a read that was sent when the seconds were over is answered; the last read."""
        end = monotonic() + within
        return await self._poll(handle, seen, lambda _, asked: end - asked, graded=graded)

    async def _poll(
        self,
        handle: Handle,
        seen: Callable[[Exchange], bool],
        left: Callable[[Exchange, float], float],
        *,
        graded: bool = True,
    ) -> Exchange:
        """Read until `seen` holds or nothing is `left` of the time, by a read and when it was asked for (monotonic).

        What an answer takes counts for whoever sends it: the last word is that of a read after the time.
        """
        pace = Pace()
        while True:
            asked = monotonic()
            heard = await self._read(handle, graded=graded)
            rest = left(heard.exchange, asked)
            if seen(heard.exchange) or rest <= 0:
                return heard.exchange
            # what the answer took has passed already
            await self.pause(max(0.0, min(rest - (monotonic() - asked), pace.next(heard.answer))))

    async def finish(self, handle: Handle) -> Exchange | None:
        """Read until the session rests; else None and a note `deadline`.

        It has --processing-timeout, and again as long whenever the target finishes another session of the run: the
        kit has many wait at once, and a target that works them off one by one is not late. Where a session has stayed
        at a word that no text has for a state, others that show it are waited for a moment only.
        """
        # A session whose end was refused has nothing to wait for; one read shows where it stands.
        allowed = 0.0 if handle.refused else self.options.processing_timeout
        self._tell(f"waiting for the results of {handle.key!r}")
        budget, began, wait = self._wire.budget, monotonic(), self._wire.course.lingering.wait(allowed)
        last = await self._poll(handle, at_rest, lambda x, asked: wait.seconds(x) - budget.idle(began, asked))
        if at_rest(last):
            budget.finished()
            wait.rested()
            return last
        shown = last.document.get("status", last.status or last.trouble)
        waited = (
            "when its end had been refused"
            if handle.refused
            else wait.stayed(last, self.options.named("processing-timeout"))
        )
        self.note("deadline", f"Session {handle.key!r} still showed {shown} {waited}.")
        return None
