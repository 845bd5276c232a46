"""What a client has sent ahead of its answers: it waits as bytes, for a request that was parsed costs far more."""

from __future__ import annotations

from uvicorn.protocols.http.flow_control import FlowControl


class Backlog(FlowControl):
    """uvicorn's flow control, which reads nothing more while something that was read is not parsed."""

    _waiting = memoryview(b"")

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def keep(self, data: bytes) -> None:
        """Put what has arrived behind what waits."""
        self._waiting = memoryview(bytes(self._waiting) + data if self._waiting else data)

    def take(self, most: int) -> memoryview:
        """The next bytes to parse, so many at most."""
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return taken

    def drop(self) -> None:
        """Forget what waits: nobody will parse it."""
        self._waiting = memoryview(b"")

    def resume_reading(self) -> None:
        """Read on, unless something waits."""
        if not self:
            super().resume_reading()
