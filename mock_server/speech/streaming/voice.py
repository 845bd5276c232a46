"""How likely somebody speaks, 32 ms after 32 ms."""

from __future__ import annotations

import importlib.util
import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from mock_server.speech.model import SpeechUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mock_server.speech.mix import Pcm

#: Samples that are judged at once, and those before them that silero looks at too.
WINDOW: Final = 512
_CONTEXT: Final = 64
_STATE: Final = (1, 1, 128)
_FULL: Final = np.float32(32_768)
#: Of a window in which every sample is as large as can be.
_FULL_ENERGY: Final = WINDOW * float(_FULL) ** 2


def _decibels(number: float) -> float:
    """How many times as much energy that is."""
    return float(10 ** (number / 10))


#: Speech stands so much out of the quiet and is above the least; the quiet rises so much a window until something
#: quieter comes. Energies are compared and no levels: a logarithm would cost as much as all the rest.
_OUT_OF_QUIET: Final = _decibels(10.0)
_LEAST: Final = _FULL_ENERGY * _decibels(-60.0)
_QUIETEST: Final = _FULL_ENERGY * _decibels(-90.0)
_RISE: Final = _decibels(0.2)


class Voice(Protocol):
    """Judges the windows of one stream, one after the other."""

    def __call__(self, windows: Pcm) -> Sequence[float]:
        """The probability that somebody speaks in each of these rows of WINDOW samples."""


class Silero:
    """The detector that faster-whisper ships, with the state it has after each window."""

    def __init__(self) -> None:
        """Raises SpeechUnavailable where it is not installed."""
        self._session = _silero()
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._input: NDArray[np.float32] = np.zeros((1, _CONTEXT + WINDOW), np.float32)

    def __call__(self, windows: Pcm) -> list[float]:
        """Judge the next windows."""
        return [self._judge(window) for window in windows]

    def _judge(self, window: Pcm) -> float:
        self._input[0, :_CONTEXT] = self._input[0, -_CONTEXT:].copy()
        self._input[0, _CONTEXT:] = window / _FULL
        found, self._h, self._c = self._session.run(None, {"input": self._input, "h": self._h, "c": self._c})
        return float(found.flat[0])


@cache
def _silero() -> Any:
    """One session for all streams. Only the model's file is taken: its package would bring Whisper into the server."""
    try:
        import onnxruntime

        spec = importlib.util.find_spec("faster_whisper")
        if spec is None or spec.origin is None:
            raise SpeechUnavailable("faster-whisper is not installed.")
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        file = Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except (ImportError, RuntimeError, OSError) as error:
        raise SpeechUnavailable(f"The voice activity detector of faster-whisper cannot be run: {error}") from error


class Loudness:
    """An energy gate for an engine without a detector: speech comes and goes, silence and steady noise do not."""

    def __init__(self) -> None:
        self._quiet = math.inf

    def __call__(self, windows: Pcm) -> list[float]:
        """1.0 where a window stands out of the quiet, else 0.0."""
        return [self._stands_out(float(np.dot(samples, samples))) for samples in windows.astype(np.float32)]

    def _stands_out(self, energy: float) -> float:
        level = max(_QUIETEST, energy)
        risen = self._quiet * _RISE
        self._quiet = quiet = min(risen, level)
        return 1.0 if level > _LEAST and level > quiet * _OUT_OF_QUIET else 0.0
