"""The process Whisper lives in: it decodes, transcribes and labels; the server only waits for it."""

from __future__ import annotations

import contextlib
import os
import resource
import threading
import time
from typing import TYPE_CHECKING, Any

from mock_server.speech import quality, speakers
from mock_server.speech.chunks import join
from mock_server.speech.model import Failure, Recording, Segment, Transcription

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

#: Address space for model, samples and libraries: far above what two hours of audio need, far below the machine.
_MOST_MEMORY = 8 * 1024**3
#: Words further apart than this belong to different turns, in seconds; flowing speech pauses less.
_TURN_GAP = 0.35
_WATCH_S = 1.0

_model: Any = None
_name = ""
_multilingual = False


def _die_with(parent: int) -> None:
    """A server killed by -9 cannot stop its workers; each looks after itself."""
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)


def load(folder: str, name: str, *, multilingual: bool, threads: int, parent: int) -> None:
    """Bound the process and load the model; runs once, at the start of the process."""
    global _model, _name, _multilingual  # noqa: PLW0603 - a worker process has exactly one model
    os.environ["HF_HUB_OFFLINE"] = "1"
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    from faster_whisper import WhisperModel

    _model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads)
    _name, _multilingual = name, multilingual


def heard(recordings: Sequence[Recording], hint: str | None, engine: str) -> Transcription:
    """Transcribe all recordings as one consultation."""
    joined = join(recordings)
    language = "en"
    if not joined.used:
        return Transcription(
            engine, language, issues=tuple(joined.issues), failure=nothing_usable(recordings, joined.issues)
        )
    facts: dict[str, Any] = {"seconds": joined.seconds, "used": tuple(joined.used), "issues": tuple(joined.issues)}
    failure = quality.too_short(joined.seconds)
    if failure is None:
        segments, confidences, language, sure = _recognise(joined.samples, hint)
        failure = quality.untrustworthy(confidences)
        if failure is None and _multilingual and not hint and sure < quality.DEFAULT.least_language:
            failure = Failure("language_unsupported", "The language spoken could not be told.")
        if failure is None:
            labelled = speakers.label(segments, joined.samples)
            unheard = joined.without_speech(segments)
            facts["used"] = tuple(name for name in joined.used if name not in unheard)
            facts["issues"] = (*joined.issues, *(quality.unheard(name) for name in unheard))
            return Transcription(engine, language, labelled, speakers.told(labelled), **facts)
    return Transcription(engine, language, failure=failure, **facts)


def nothing_usable(recordings: Sequence[Recording], issues: Iterable[Any]) -> Failure:
    if not recordings:
        return Failure("audio_too_short", "No audio arrived before the session was ended.")
    codes = {issue.code for issue in issues}
    if codes == {"audio_too_short"}:
        return Failure("audio_too_short", "The audio is too short to hear a word in.")
    return Failure("processing_failed", "None of the audio files can be decoded.")


def _recognise(
    samples: NDArray[np.float32], hint: str | None
) -> tuple[list[Segment], list[quality.Confidence], str, float]:
    """Segments split where a turn may change, what Whisper thinks of each, and the language with its probability."""
    found, info = _model.transcribe(
        samples,
        language=hint if _multilingual else "en",
        beam_size=5,
        condition_on_previous_text=False,
        temperature=[0.0, 0.4],
        vad_filter=True,
        vad_parameters={"min_silence_duration_ms": 500},
        word_timestamps=True,
    )
    segments: list[Segment] = []
    confidences: list[quality.Confidence] = []
    for segment in found:
        confidences.append(
            quality.Confidence(
                segment.end - segment.start, segment.avg_logprob, segment.temperature or 0.0, segment.compression_ratio
            )
        )
        segments += _turns(segment.words or [])
    return segments, confidences, info.language, info.language_probability


def _turns(words: Sequence[Any]) -> list[Segment]:
    pieces: list[list[Any]] = []
    for word in words:
        if pieces and word.start - pieces[-1][-1].end < _TURN_GAP:
            pieces[-1].append(word)
        else:
            pieces.append([word])
    return [Segment(p[0].start, p[-1].end, "".join(word.word for word in p).strip()) for p in pieces]
