"""Speech that is recognised while it is spoken, in real time: how late finals and partials come, and how right."""

from __future__ import annotations

import asyncio
import io
import math
import tempfile
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.figure import Figure, Spread, at_most, plain
from bench.server import Broken
from bench.speech import Direct
from mock_server.speech import SpeechUnavailable, open_transcriber
from mock_server.speech.streaming import Final as Told
from mock_server.speech.streaming import Format, Partial, Pauses, SpeechStart, Wish, open_streamer
from mock_server.speech.whisper import WhisperTranscriber
from scribe_data import recordings
from tests.mock_server.speech.uploads import Uploads
from tests.mock_server.speech.wording import error_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.speech.streaming import Listening, Streamer

_STEP_S: Final = 0.1
_BYTES_A_SECOND: Final = 32_000
#: How many speak at once, and what: the first one long enough for a rate of errors.
_PLAYED: Final[dict[int, tuple[str, ...]]] = {
    1: ("visit",),
    2: ("cough", "knee"),
    4: ("cough", "knee", "cough", "knee"),
}
#: They do not pause together.
_APART_S: Final = 0.7
#: Of the issue, on two cores with one speaker: seconds from the end of an utterance to its Final, and between looks.
_FINAL_S, _PARTIAL_S = 0.7, 1.0
#: The pause that ends an utterance and one direct call are the least there is without a look at the pause itself.
_FACTOR: Final = 1.25
#: Points of a hundred words.
_WORSE: Final = 2.0
_CALLS: Final = 5


@dataclass
class _Played:
    """What one speaker was told, and when: seconds behind what had been spoken by then."""

    text: list[str] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)


def _pcm(name: str) -> bytes:
    with wave.open(io.BytesIO(recordings.load()[name].read())) as file:
        return file.readframes(file.getnframes())


async def _play(streamer: Streamer, name: str, number: int) -> _Played:
    await asyncio.sleep(number * _APART_S)
    listening = streamer.listen(Format(), Wish(), namespace=str(number))
    loop = asyncio.get_running_loop()
    played, began = _Played(), loop.time()
    reading = asyncio.create_task(_read(listening, played, began))
    samples = _pcm(name)
    size = round(_STEP_S * _BYTES_A_SECOND)
    for at in range(0, len(samples), size):
        # a piece can be sent once it has been spoken
        await asyncio.sleep(max(0.0, began + (at + size) / _BYTES_A_SECOND - loop.time()))
        await listening.hear(samples[at : at + size])
    await listening.end()
    await reading
    return played


async def _read(listening: Listening, played: _Played, began: float) -> None:
    loop = asyncio.get_running_loop()
    seen = 0.0
    async for event in listening:
        now = loop.time() - began
        if isinstance(event, SpeechStart):
            seen = event.at
        elif isinstance(event, Partial):
            played.gaps.append(now - seen)
            seen = now
        elif isinstance(event, Told):
            played.text.append(event.text)
            played.finals.append(now - event.end)


async def _crowd(streamer: Streamer, names: Sequence[str]) -> list[_Played]:
    return list(await asyncio.gather(*(_play(streamer, name, number) for number, name in enumerate(names))))


def _rank(values: Sequence[float], share: float) -> float:
    """Of what was told; where nothing was, it never came."""
    if not values:
        return math.inf
    return sorted(values)[math.ceil(share * len(values)) - 1]


async def _all(transcriber: WhisperTranscriber, folder: Path) -> tuple[dict[int, list[_Played]], float, float]:
    """What all of them were told, and the errors of the first one's recording as it is spoken and as it is uploaded."""
    (name,) = _PLAYED[1]
    said = recordings.load()[name].text
    upload = Uploads(folder).fixture(name)
    uploaded = await transcriber.transcribe([upload], language_hint=None)
    streamer = open_streamer(transcriber)
    try:
        # the first listening of all pays for the start of a process
        warm = streamer.listen(Format(), Wish())
        await warm.hear(_pcm("short"))
        await warm.end()
        async for _ in warm:
            pass
        told = {count: await _crowd(streamer, names) for count, names in _PLAYED.items()}
    finally:
        await streamer.close()
        await transcriber.close()
    streamed = error_rate(" ".join(told[1][0].text), said)
    return told, 100 * streamed, 100 * error_rate(uploaded.text, said)


def _figures(count: int, told: Sequence[_Played], least: float) -> list[Figure]:
    finals = [seconds for each in told for seconds in each.finals]
    gaps = [seconds for each in told for seconds in each.gaps]
    who = f"{count} speaker{'s' if count > 1 else ''}"
    final, gap = Spread.of([_rank(finals, 0.9)]), Spread.of([_rank(gaps, 0.9)])
    judged = (
        [
            at_most(f"live: final, {who}, p90 / (pause + direct call)", Spread.of([final.median / least]), _FACTOR, ""),
            at_most(f"live: final, {who}, p90", final, _FINAL_S, "s"),
            at_most(f"live: partial after partial, {who}, p90", gap, _PARTIAL_S, "s"),
        ]
        if count == 1
        else [plain(f"live: final, {who}, p90", final, "s"), plain(f"live: partial, {who}, p90", gap, "s")]
    )
    others = [
        plain(f"  {kind}, p{round(100 * share)}", Spread.of([_rank(values, share)]), "s")
        for kind, values in (("final", finals), ("partial", gaps))
        for share in (0.5, 0.99)
    ]
    return [*judged, *others]


def measure() -> list[Figure]:
    """One speaker, two, and four, each in real time: two and a half minutes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "short.wav").write_bytes(recordings.load()["short"].read())
        with Direct.started() as direct:
            direct.seconds(place / "short.wav")
            floor = Spread.of([direct.seconds(place / "short.wav") for _ in range(_CALLS)])
        try:
            transcriber = open_transcriber("whisper", "tiny.en", cache=place)
        except SpeechUnavailable as error:
            raise Broken(str(error)) from error
        assert isinstance(transcriber, WhisperTranscriber)
        told, streamed, uploaded = asyncio.run(_all(transcriber, place))
    least = Pauses().close + floor.median
    return [
        *(figure for count, each in told.items() for figure in _figures(count, each, least)),
        at_most("live: errors streamed - uploaded, of 100 words", Spread.of([streamed - uploaded]), _WORSE, ""),
        plain("  streamed", Spread.of([streamed]), ""),
        plain("  uploaded", Spread.of([uploaded]), ""),
        plain("  direct call, 5 s of speech", floor, "s"),
    ]
