"""Audio without speech for tests of the kit: a tone a fixture, each of its own pitch and with a text of its own."""

from __future__ import annotations

import hashlib
import io
import math
import struct
import wave
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, cast

_KNEE = ("My left knee hurts on the stairs.", "Take ibuprofen twice a day after meals.")
_COUGH = ("The dry cough keeps me awake.", "We will listen to your chest and wait a week.")
_VISIT = (
    "Doctor: how long has the pressure in your chest been there?",
    "Patient: since Easter, and I take amlodipine five milligrams every morning.",
    "Doctor: we plan an electrocardiogram on Thursday.",
)
_MARKERS = (
    "apple",
    "bridge",
    "candle",
    "dragon",
    "engine",
    "forest",
    "garden",
    "hammer",
    "island",
    "jungle",
    "kettle",
    "lemon",
)

#: Names and kinds as in `fixtures`: name, kind, text, chunk_of, sequence, seconds.
_SCORE: list[tuple[str, str, str, str | None, int | None, float]] = [
    ("short", "short", "Good morning, I have had a headache since Monday.", None, None, 0.2),
    ("visit", "speech", " ".join(_VISIT), None, None, 0.5),
    ("knee", "speech", " ".join(_KNEE), None, None, 0.3),
    ("cough", "speech", " ".join(_COUGH), None, None, 0.3),
    ("long", "long", "Doctor and patient speak for a long time about blood pressure and diet.", None, None, 31.0),
    *((f"visit_independent/audio_{n}", "chunk", text, "visit", n, 0.2) for n, text in enumerate(_VISIT)),
    *((f"knee_chunks/audio_{n}", "chunk", text, "knee", n, 0.2) for n, text in enumerate(_KNEE)),
    *((f"cough_chunks/audio_{n}", "chunk", text, "cough", n, 0.2) for n, text in enumerate(_COUGH)),
    *((f"markers/audio_{n}", "marker", text, None, n, 0.2) for n, text in enumerate(_MARKERS)),
    ("noise", "bad", "", None, None, 0.2),
    ("silence", "bad", "", None, None, 0.2),
]


@dataclass(frozen=True)
class Tone:
    """Looks like a fixture of the project: same members, and bytes that no microphone heard."""

    name: str
    path: PurePosixPath
    media_type: str
    sha256: str
    seconds: float
    language: str
    text: str
    kind: str
    chunk_of: str | None
    sequence: int | None
    data: bytes

    def read(self) -> bytes:
        return self.data


def _wav(seconds: float, pitch: float) -> bytes:
    rate = 8000
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        samples = (int(9000 * math.sin(2 * math.pi * pitch * i / rate)) for i in range(int(seconds * rate)))
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return held.getvalue()


def tones() -> dict[str, Any]:
    """Fixtures by name, made on the spot; typed loosely because a tone is not a Fixture by descent."""
    made = {}
    for place, (name, kind, text, chunk_of, sequence, seconds) in enumerate(_SCORE):
        # The bytes of a long recording are as few as those of the others: only its manifest says that it lasts.
        data = _wav(min(seconds, 0.5), 200 + 35 * place)
        digest = hashlib.sha256(data).hexdigest()
        path = PurePosixPath(f"{name}.wav")
        made[name] = Tone(name, path, "audio/wav", digest, seconds, "en", text, kind, chunk_of, sequence, data)
    return cast("dict[str, Any]", made)
