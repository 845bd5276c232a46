"""The target's own clock, where its operator offers one: read it, move it forward."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from conformance.evidence import Label
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from conformance.drive.wire import Wire


class ClockTrouble(Exception):  # noqa: N818 - a fact about the target
    """The clock did not answer as agreed."""


class TestClock:
    """GET answers {"now": "…Z"}; POST {"advance_seconds": n} moves the clock and answers the same."""

    __test__ = False  # pytest: the name is the option's, not a test's

    def __init__(self, wire: Wire, url: str) -> None:
        self._wire = wire
        self._url = url
        #: Seconds this run has moved the clock by.
        self.advanced = 0.0
        wire.trust(url)

    async def now(self) -> datetime:
        """The target's time; raises ClockTrouble."""
        return await self._ask("GET", b"")

    async def advance(self, seconds: float) -> datetime:
        """Move the clock forward (never back) and answer the time it shows then; raises ClockTrouble."""
        if seconds <= 0:
            return await self.now()
        whole = int(seconds) if float(seconds).is_integer() else seconds
        now = await self._ask("POST", json.dumps({"advance_seconds": whole}).encode())
        self.advanced += seconds
        return now

    async def _ask(self, method: str, content: bytes) -> datetime:
        headers = self._wire.credentials(self._url, Credential.RIGHT)
        if content:
            headers["Content-Type"] = "application/json"
        label = Label(Operation.OTHER, JourneyName.CLOCK, graded=False)
        asked_at = datetime.now(UTC)
        heard = await self._wire.exchange(label, method, self._url, headers=headers, content=content)
        if heard.answer is None and method == "GET":  # a connection kept alive may have been closed meanwhile
            heard = await self._wire.exchange(label, method, self._url, headers=headers, content=content)
        if heard.answer is None:
            raise ClockTrouble(f"the test clock gave no answer: {heard.exchange.trouble}")
        now = _instant(heard.answer.document.get("now"))
        if now is None or not 200 <= heard.answer.status < 300:
            raise ClockTrouble(f"the test clock answered {heard.answer.status} without a readable `now`")
        heard_at = datetime.now(UTC)
        # it was `now` somewhere between the two moments, which a busy machine sets apart
        noted = {"clock_offset": (now - heard_at).total_seconds(), "clock_slack": (heard_at - asked_at).total_seconds()}
        self._wire.recorder.ambient.update(noted)
        return now


def _instant(told: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return read.replace(tzinfo=read.tzinfo or UTC) if read else None
