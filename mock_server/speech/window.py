"""Whisper whose window ends soon behind the sound. Imports faster-whisper: only where a model is loaded."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from faster_whisper import WhisperModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from ctranslate2 import StorageView

#: Whisper was taught on half a minute, which silence makes full; its encoder halves the frames, so they are even.
_WHOLE_SECONDS: Final = 30.0
_FRAMES_A_SECOND: Final = 100


class Model(WhisperModel):  # type: ignore[misc]  # the library has no types
    """The library's model; of a short sound the silence behind it need not all be gone over."""

    _frames = round(_WHOLE_SECONDS * _FRAMES_A_SECOND)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Hear windows of so many seconds only, of thirty at most."""
        before, self._frames = self._frames, _even(min(_WHOLE_SECONDS, seconds))
        try:
            yield
        finally:
            self._frames = before

    def encode(self, features: np.ndarray[Any, Any]) -> StorageView:
        """What the library calls with a whole window of the spectrum."""
        return super().encode(features[..., : self._frames])


def _even(seconds: float) -> int:
    return math.ceil(seconds * _FRAMES_A_SECOND / 2) * 2
