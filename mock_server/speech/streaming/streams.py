"""All listenings of a server: places for them, shared among namespaces."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from mock_server.metrics.meter import Hearing
from mock_server.settings import SHARE
from mock_server.speech.streaming.format import Unoffered
from mock_server.speech.streaming.listener import Bounds, Listener
from mock_server.speech.streaming.seam import Busy
from mock_server.speech.streaming.timed import Timed

if TYPE_CHECKING:
    from mock_server.speech.streaming.format import Format, Wish
    from mock_server.speech.streaming.seam import Engine

#: Each costs two megabytes at most, and more of them speak at once than two cores can follow.
PLACES: Final = 32


class Streams:
    """A Streamer over one engine. A namespace may have three places for every one that is left."""

    def __init__(self, engine: Engine, bounds: Bounds | None = None, *, places: int = PLACES) -> None:
        self._engine = engine
        self._bounds = bounds or Bounds()
        self._places = places
        self._taken: Counter[str] = Counter()
        self._open: dict[Listener, str] = {}
        self.hearing = Hearing()

    @property
    def model(self) -> str:
        """The engine's name."""
        return self._engine.model

    @property
    def listened(self) -> int:
        """How many streams are listened to."""
        return len(self._open)

    @property
    def behind_s(self) -> float:
        """Seconds that the last of them is behind what was said."""
        return max((listener.behind_s for listener in self._open), default=0.0)

    @property
    def scripted(self) -> bool:
        """Whether it recognises nothing."""
        return self._engine.scripted

    @property
    def languages(self) -> tuple[str, ...]:
        """What the engine knows."""
        return self._engine.languages

    def listen(self, form: Format, wish: Wish, *, namespace: str = "") -> Listener:
        """Begin to listen; raises Busy and Unoffered."""
        if wish.language is not None and wish.language not in self.languages:
            raise Unoffered(f"{wish.language!r} is not among the languages: {', '.join(self.languages)}.")
        if wish.model not in (None, self.model):
            raise Unoffered(f"{wish.model!r} is not the model that hears here: {self.model}.")
        left = self._places - self._taken.total()
        if self._taken[namespace] >= SHARE * left:
            raise Busy("Every place is taken." if not left else "There are no more places for one client.")
        ear = Timed(self._engine.ear(namespace, wish), self.hearing)
        listener = Listener(form, wish, self._bounds, ear, self._engine.voice, self._leave)
        self._open[listener] = namespace
        self._taken[namespace] += 1
        self._engine.attend(len(self._open))
        return listener

    async def close(self) -> None:
        """End all of it."""
        for listener in list(self._open):
            await listener.close()
        await self._engine.close()

    def _leave(self, listener: Listener) -> None:
        namespace = self._open.pop(listener)
        self._taken[namespace] -= 1
        if not self._taken[namespace]:
            del self._taken[namespace]
        self._engine.attend(len(self._open))
