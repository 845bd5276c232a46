"""Audio without speech for tests of the kit: a tone a fixture, each of its own pitch and with a text of its own."""

from __future__ import annotations

import hashlib
import io
import math
import struct
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

#: name -> (kind, sequence, seconds, text)
_SCORE = {
    "short": ("short", None, 0.2, "Good morning, I have had a headache since Monday."),
    "knee": ("consultation", None, 0.3, "My left knee hurts on the stairs. Take ibuprofen twice a day after meals."),
    "cough": ("consultation", None, 0.3, "The dry cough keeps me awake. We will listen to your chest and wait a week."),
    "long": ("long", None, 0.5, "Doctor and patient speak for a long time about blood pressure, diet and walking."),
    "visit_0": ("chunk", 0, 0.2, "Doctor asks about the pressure in the chest."),
    "visit_1": ("chunk", 1, 0.2, "Patient reports amlodipine five milligrams every morning."),
    "visit_2": ("chunk", 2, 0.2, "Doctor plans an electrocardiogram on Thursday."),
    "marker_0": ("marker", 0, 0.2, "apple"),
    "marker_1": ("marker", 1, 0.2, "bridge"),
    "marker_2": ("marker", 2, 0.2, "candle"),
    "marker_3": ("marker", 3, 0.2, "dragon"),
    "noise": ("noise", None, 0.2, ""),
    "silence": ("silence", None, 0.2, ""),
}


@dataclass(frozen=True)
class Tone:
    """Looks like a fixture of the project: same members, and bytes that no microphone heard."""

    name: str
    path: Path
    media_type: str
    sha256: str
    seconds: float
    language: str
    text: str
    kind: str
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
    """Fixtures by name, made on the spot; typed loosely because a tone is no Fixture by descent."""
    made = {}
    for place, (name, (kind, sequence, seconds, text)) in enumerate(_SCORE.items()):
        data = _wav(seconds, 200 + 35 * place)
        digest = hashlib.sha256(data).hexdigest()
        path = Path(f"{name}.wav")
        made[name] = Tone(name, path, "audio/wav", digest, seconds, "en", text, kind, sequence, data)
    return cast("dict[str, Any]", made)
