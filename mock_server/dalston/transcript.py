"""What was said in a session, as its stored transcript has it, as text, and as subtitles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mock_server.session.dalston.model import Dictation, Utterance


#: What stands between the times of a cue, however long its shaft is.
_ARROW: Final = re.compile("-{2,}>")


def text(said: Iterable[Utterance]) -> str:
    """All utterances, one after the other."""
    return " ".join(each.text for each in said if each.text)


def transcript(dictation: Dictation, said: Sequence[Utterance]) -> dict[str, Any]:
    """The stored transcript (Transcript Persistence)."""
    return {
        "session_id": dictation.id,
        "language": dictation.language or dictation.wanted.language,
        "model": dictation.wanted.model,
        "duration_seconds": round(dictation.audio_s, 3),
        "text": text(said),
        "utterances": [_utterance(each) for each in said],
        "metadata": {
            "created_at": stamp(dictation.ended_at or dictation.updated_at),
            "worker_id": dictation.worker,
            "encoding": dictation.wanted.encoding,
            "sample_rate": dictation.wanted.sample_rate,
        },
    }


def _utterance(said: Utterance) -> dict[str, Any]:
    return {
        "id": said.number,
        "start": said.start,
        "end": said.end,
        "text": said.text,
        "confidence": said.confidence,
        "words": [
            {"word": each.text, "start": each.start, "end": each.end, "confidence": each.confidence}
            for each in said.words
        ],
    }


def _clock(seconds: float, mark: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, seconds_left = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds_left:02}{mark}{milliseconds:03}"


def _line(said: Utterance) -> str:
    """One line, in which no arrow stands for the end of a cue's head."""
    return _ARROW.sub("->", " ".join(said.text.split()))


def srt(said: Sequence[Utterance]) -> str:
    """SubRip: numbered cues with commas before the milliseconds."""
    return "\n".join(
        f"{number}\n{_clock(each.start, ',')} --> {_clock(each.end, ',')}\n{_line(each)}\n"
        for number, each in enumerate(said, 1)
    )


def vtt(said: Sequence[Utterance]) -> str:
    """WebVTT, in which two characters begin markup."""
    cues = (
        f"{_clock(each.start, '.')} --> {_clock(each.end, '.')}\n"
        f"{_line(each).replace('&', '&amp;').replace('<', '&lt;')}\n"
        for each in said
    )
    return "\n".join(("WEBVTT\n", *cues))


def txt(said: Sequence[Utterance]) -> str:
    """An utterance a line."""
    return "".join(f"{' '.join(each.text.split())}\n" for each in said)


#: Format -> media type, and how it is written.
EXPORTS: Mapping[str, tuple[str, Callable[[Sequence[Utterance]], str]]] = {
    "srt": ("application/x-subrip", srt),
    "vtt": ("text/vtt", vtt),
    "txt": ("text/plain", txt),
}
