"""The floor for speech: a warm process that calls faster-whisper itself; a path in, a line of JSON out."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from faster_whisper import WhisperModel

from mock_server.speech import weights


def main() -> None:
    """Load tiny.en, then transcribe each file named on stdin with the worker's options."""
    with tempfile.TemporaryDirectory() as cache:
        found = weights.find("tiny.en", Path(cache))
    # as mock_server/speech/whisper.py and worker.py call it: threads, type, beam, temperature, VAD, word times
    model = WhisperModel(str(found.folder), device="cpu", compute_type="int8", cpu_threads=2)
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        segments, _ = model.transcribe(
            line.strip(),
            language="en",
            beam_size=5,
            condition_on_previous_text=False,
            temperature=0.0,
            vad_filter=True,
            vad_parameters={"min_silence_duration_ms": 500},
            word_timestamps=True,
        )
        text = "".join(segment.text for segment in segments)
        print(json.dumps({"seconds": time.perf_counter() - began, "text": text}), flush=True)


if __name__ == "__main__":
    main()
