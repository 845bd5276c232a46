"""What a client is told that asks for it: how many of its samples are safe, so that another socket goes on there."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from mock_server.stream import closing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scribe_data.stream import Resumable

#: The member of both events that has the number.
_OFFSET: Final = "offset"
#: A client that does not read is waited for so many seconds at the end; what it was told last is what it knows.
_LAST_S: Final = 1.0


class Resumption:
    """One socket whose client is told what is kept; offsets are bytes of the session's samples.

    Nobody waits until the client has read: of several acknowledgements that wait to go out, the last one goes.
    """

    def __init__(self, wire: Resumable, sample_bytes: int, say: Callable[[str], Awaitable[object]]) -> None:
        """`say` sends a message of text; an OSError of it says that the client is gone."""
        self._wire = wire
        self._sample_bytes = sample_bytes
        self._say = say
        self._saying: asyncio.Task[None] | None = None
        self._safe = self._again = 0
        self._begun = False
        #: The subprotocol that the client offered.
        self.protocol = wire.protocol
        #: Bytes that came and had been kept before.
        self.repeated = 0

    def tell(self, safe: int) -> None:
        """Tell that so many bytes are kept for good."""
        self._safe = safe
        if self._saying is None or self._saying.done():
            self._saying = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        told = None
        try:
            while told != self._safe:
                told = self._safe
                await self._say(json.dumps({"event": self._wire.kept, self._wire.kept: {_OFFSET: told}}))
        except OSError:  # the messages that are still to be received tell how the client left
            return

    async def over(self) -> None:
        """Nothing more is told; returns once the last was, or after a moment."""
        if self._saying is not None:
            await asyncio.wait({self._saying}, timeout=_LAST_S)
            self._saying.cancel()

    def understood(self, said: dict[str, Any]) -> bool:
        """Whether a message says where the client goes on; raises the Closing of one that cannot be."""
        if said.get("event") != self._wire.goes_on:
            return False
        inner = said.get(self._wire.goes_on)
        offset = inner.get(_OFFSET) if isinstance(inner, dict) else None
        if type(offset) is not int or offset < 0 or offset % self._sample_bytes:
            raise closing.bad(f"{self._wire.goes_on}.{_OFFSET} has to be bytes of whole samples.")
        if self._begun:
            raise closing.bad(f"{self._wire.goes_on} comes once, before the samples of a socket.")
        if offset > self._safe:
            raise closing.gap(self._wire.gap, offset, self._safe)
        self._begun = True
        self._again = self._safe - offset
        return True

    def fresh(self, samples: bytes) -> bytes:
        """Of samples that came those that are not kept yet."""
        self._begun = self._begun or bool(samples)
        known = min(self._again, len(samples))
        self._again -= known
        self.repeated += known
        return samples[known:]
