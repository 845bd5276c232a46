"""`scribe-conformance demo --live`: a consultation is spoken into a socket, and its words are shown as they come."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import wave
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from rich.live import Live
from rich.rule import Rule
from rich.text import Text

import scribe_data
from conformance.drive.socket import Closed, networked
from conformance.drive.wire import spell, spellings
from conformance.vocabulary.words import coverage
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from conformance.drive.socket import Line
    from scribe_data.recordings import Fixture
    from scribe_data.stream import Wire

_PROFILE: Final = "dalston"
_QUERY: Final = {"store_transcript": "true", "word_timestamps": "true"}
#: Seconds of audio in a message, as browsers send them.
_MESSAGE_S: Final = 0.1
#: Once all is said: the last utterance is heard within this, on a busy machine too.
_LAST_S: Final = 180.0


class Unheard(Exception):  # noqa: N818 - says what became of the session
    """The session did not come to its end; the message says why."""


@dataclass
class Screen:
    """Shows words: with a `live` display what is heard so far stays in one place until it is final, else in lines."""

    console: Console
    live: Live | None = None

    def so_far(self, at: float, text: str) -> None:
        """An utterance is not over, and sounds like this."""
        if self.live is not None:
            self.live.update(Text(f"{at:6.1f} s  {text} …", style="dim"), refresh=True)
        else:
            self.console.print(Text(f"{at:6.1f} s  {text} …"), soft_wrap=True)

    def final(self, at: float, text: str) -> None:
        """An utterance is over, and this was said."""
        if self.live is not None:
            self.live.update(Text(), refresh=True)
        self.console.print(Text(f"{at:6.1f} s  {text}"), soft_wrap=True)


@dataclass
class Heard:
    """What a service told of a session: finals, and how many seconds each came after its last word was over."""

    finals: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    #: Whether the service ended the session in order.
    ended: bool = False
    error: str = ""


async def speak(line: Line, wire: Wire, fixture: Fixture, screen: Screen) -> Heard:
    """Say a recording as fast as it was spoken, show what is heard, and say when it is over; raises Unheard.

    The recording is a WAV file of one channel with 16 bit samples, at the rate that the socket was opened with.
    """
    loop = asyncio.get_running_loop()
    heard, began = Heard(), loop.time()
    hearing = asyncio.create_task(_hear(line, wire, heard, screen, began))
    try:
        with wave.open(io.BytesIO(fixture.read())) as file, contextlib.suppress(Closed):
            size, spoken = round(file.getframerate() * _MESSAGE_S), 0
            while piece := file.readframes(size):
                spoken += len(piece) // file.getsampwidth()
                # a piece can be sent once it has been spoken
                await asyncio.sleep(began + spoken / file.getframerate() - loop.time())
                await line.say(piece)
            await line.say(json.dumps({wire.tag: wire.said["end"].word}))
        closed = await asyncio.wait_for(hearing, _LAST_S)
    except TimeoutError:
        raise Unheard(f"The session did not end within {_LAST_S:.0f} s after all was said.") from None
    finally:
        hearing.cancel()
    if not heard.ended or closed.code != wire.closes["done"]:
        told = heard.error or closed.reason or "it said no more"
        raise Unheard(f"The service closed the socket with {closed.code}: {told}.")
    return heard


async def _hear(line: Line, wire: Wire, heard: Heard, screen: Screen, began: float) -> Closed:
    """Take messages until the service closes."""
    clock = asyncio.get_running_loop().time
    words = {message.word: name for name, message in wire.told.items()}
    while True:
        try:
            told: dict[str, Any] = loads(await line.hear())
        except Closed as closed:
            return closed
        at = clock() - began
        match words.get(told[wire.tag]):
            case "partial":
                screen.so_far(at, told["text"])
            case "final":
                screen.final(at, told["text"])
                heard.finals.append(told["text"])
                heard.late.append(at - told["words"][-1]["end"] if told.get("words") else at - told["end"])
            case "error":
                heard.error = told["message"].rstrip(".")
            case "ended":
                heard.ended = True


def stream(console: Console, address: str, key: str, fixture: Fixture) -> None:
    """Open a socket at a server, speak into it, and show words, transcript and times; raises Unheard."""
    heard = asyncio.run(_streamed(console, address, key, fixture))
    transcript = " ".join(heard.finals)
    console.print(Rule("what was heard"))
    console.print(Text(transcript), soft_wrap=True)
    if not heard.finals:
        raise Unheard("Nothing was heard.")
    found = coverage(fixture.text, transcript)
    share = sum(found.heard) / max(sum(found.said), 1)
    console.print(f"[dim]{share:.0%} of the content words that were said are in the transcript[/]")
    told = f"the final came [bold]{heard.late[-1]:.1f} s[/] after the last word"
    if len(heard.late) > 1:
        told += f"; of {len(heard.late)} finals the latest came {max(heard.late):.1f} s after its own"
    console.print(told, highlight=False, soft_wrap=True)


async def _streamed(console: Console, address: str, key: str, fixture: Fixture) -> Heard:
    spec = scribe_data.load(_PROFILE)
    if spec.wire is None:
        raise TypeError(f"{_PROFILE} has no socket")
    entrance = spec.protocol.endpoints["create"].path
    url = f"{address.replace('http', 'ws', 1)}{entrance}?{urlencode(_QUERY)}"
    headers = dict([spell(spec, spellings(spec)[0], key)])
    try:
        async with networked(url, headers, verify=True) as line:
            with _screen(console) as screen:
                return await speak(line, spec.wire, fixture, screen)
    except OSError as error:
        raise Unheard(f"No socket came about: {error}.") from None


@contextlib.contextmanager
def _screen(console: Console) -> Iterator[Screen]:
    if not console.is_terminal:
        yield Screen(console)
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield Screen(console, live)
