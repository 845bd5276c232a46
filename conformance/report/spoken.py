"""A failure that a socket led to, as a Python script: the same is said and asked again, and what comes is printed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urljoin, urlsplit

from conformance.evidence.socket import SAMPLES
from conformance.report.phrase import Phrases, plain
from conformance.report.prologue import CALL, HEAD, MADE, READING
from conformance.report.repro import FOLDER, LONGEST_WAIT, Script, Writing, same_session, session_id_of
from conformance.report.sign import signs
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.evidence import Exchange
    from conformance.evidence.socket import Turn
    from scribe_data.stream import Wire

#: How a client leaves, by the probe of its end; without one it says the message for it.
_LEAVES: Final[Mapping[str, str]] = {Probe.DROPPED: "drop", Probe.HUNG_UP: "hang_up"}
#: Seconds without a step that a script waits as well, and as how many at most.
_NOTABLE_S: Final = 3.0
_LONGEST_S: Final = 60.0
#: Seconds that a script waits for a service to have done with what was said.
_LAST_S: Final = 180
#: And for one that has heard the end of a stream to close it.
_CLOSES_S: Final = 10


def is_spoken(x: Exchange) -> bool:
    """Whether a request is one for a socket, whatever it came to."""
    return urlsplit(x.request.url).scheme in ("ws", "wss")


def repeats(x: Exchange) -> bool:
    """Whether the evidence has what it takes to say again what was said over a socket."""
    refused = x.socket is None and x.status >= 400
    return _is_session(x) or refused or bool(x.socket and x.socket.turns)


def _is_session(x: Exchange) -> bool:
    """Whether a socket is a session, and not only the way of its audio."""
    return x.label.operation in (Operation.CREATE, Operation.END)


def _lasts(turn: Turn) -> float:
    """Seconds that a turn takes."""
    return turn.apart * -(-(turn.end - turn.begin) // turn.size) if turn.size else 0.0


def _pause(before: Exchange | None, y: Exchange, spoken_s: float) -> Iterator[str]:
    """Wait as long as the run did where it let time pass: what comes of that may be what is wrong."""
    rested = (y.sent - before.received).total_seconds() - spoken_s if before is not None else 0.0
    if rested >= _NOTABLE_S:
        yield f"time.sleep({min(round(rested, 1), _LONGEST_S)})"


@dataclass
class Spoken(Writing):
    """One script on its way."""

    #: Session -> the variable that holds its socket.
    calls: dict[str, str] = field(default_factory=dict)
    _phrases: Phrases | None = None

    @property
    def phrases(self) -> Phrases:
        """The expressions of the file."""
        if self._phrases is None:
            self._phrases = Phrases(self.address())
            self._phrases.known[self.address().replace("http", "ws", 1)] = "WS"
        return self._phrases

    @property
    def wire(self) -> Wire:
        """The messages of the text; raises TypeError where it has none."""
        wire = self.run.spec.wire
        if wire is None:
            raise TypeError(f"{self.run.spec.profile} has no socket")
        return wire

    def steps(self) -> list[Exchange]:
        """As ever, and what led to the sessions that the parameters of a socket name."""
        found = {y.number: y for y in super().steps()}
        for y in list(found.values()):
            for former in self._named_by(y) if is_spoken(y) else ():
                about = same_session(self.run, former)
                led = [z for z in about if z.label.operation != Operation.GET and self._matters(z)]
                later = [z for z in self._about(former) if z.number < y.number]
                found |= {z.number: z for z in (*led, *later)}
        return sorted(found.values(), key=lambda y: y.number)

    def _named_by(self, y: Exchange) -> list[Exchange]:
        """The sockets of other sessions whose ids stand among the parameters of a socket."""
        told = {value for values in parse_qs(urlsplit(y.request.url).query).values() for value in values}
        earlier = (z for z in self.run.evidence.everything if z.number < y.number and is_spoken(z))
        return [z for z in earlier if z.label.operation == Operation.CREATE and z.accepted and session_id_of(z) in told]

    def _about(self, opened: Exchange) -> list[Exchange]:
        """The ends of a session."""
        label = opened.label
        return [
            y
            for y in self.run.evidence.everything
            if (y.label.session, y.label.layer, y.label.operation) == (label.session, label.layer, Operation.END)
        ]

    def script(self) -> Script | None:
        """The script; None where a body is not there any more."""
        self._name_origins()
        body = list(self._body())
        if self.missing:
            return None
        name = f"{FOLDER}/{self.graded.requirement.id}.py"
        return Script(self.graded.requirement.id, "\n".join((*self._prologue(body), *body, "")), self.files, name)

    def _body(self) -> Iterator[str]:
        """What is said and asked, in its order, and the judgement."""
        said: list[tuple[tuple[int, int], Exchange | tuple[str, Exchange, Turn]]] = []
        for y in self.steps():
            said.append(((y.number, 0), y))
            if is_spoken(y) and y.label.operation == Operation.CREATE and y.socket is not None:
                turns = [turn for end in self._about(y) if end.socket for turn in end.socket.turns]
                told = [turn for turn in turns if turn.after < self.x.number]
                said += [((turn.after, place + 1), (y.label.session or "", y, turn)) for place, turn in enumerate(told)]
        before, spoken_s = None, 0.0
        for place, (_, each) in enumerate(sorted(said, key=lambda one: one[0]), 1):
            if isinstance(each, tuple):
                spoken_s += _lasts(each[2])
                yield from self._turn(*each)
                continue
            yield from _pause(before, each, spoken_s)
            before, spoken_s = each, 0.0
            if not is_spoken(each):
                yield from self._asked(each)
            elif not _is_session(each):
                yield from self._streamed(each, place)
            elif each.label.operation == Operation.CREATE:
                yield from self._opened(each, place)
            else:
                yield from self._left(each)
        yield from self.judgement()

    def _opened(self, y: Exchange, place: int) -> Iterator[str]:
        name = f"call_{place}"
        self.calls[y.label.session or ""] = name
        url = self.phrases.quoted(y.request.url)
        yield f"answer = {name} = Call({url}, {self.phrases.headers(y)})"
        session_id = session_id_of(y)
        if session_id and y is not self.x:
            self.phrases.known[session_id] = f"session_{place}"
            yield f"session_{place} = {name}.began()"

    def _streamed(self, y: Exchange, place: int) -> Iterator[str]:
        """A socket that audio of a session goes over, and nothing comes back."""
        name = self.calls[f"{y.number}"] = f"call_{place}"
        yield f"answer = {name} = Call({self.phrases.quoted(y.request.url)}, {self.phrases.headers(y)}, greets=False)"
        if y.socket is not None:
            for turn in y.socket.turns:
                yield from self._turn(f"{y.number}", y, turn)
            yield f"{name}.watch({_CLOSES_S})"

    def _turn(self, session: str, opened: Exchange, turn: Turn) -> Iterator[str]:
        name = self.calls.get(session)
        if name is None:
            return
        if turn.text:
            yield f"{name}.say({turn.text!r})"
            return
        if turn.begin >= turn.end:
            return  # the service had closed
        known = self.run.evidence.recordings.get(turn.recording or "")
        if turn.recording is None:
            told = f"bytes([{turn.fill}]) * {turn.end - turn.begin}"
        elif known is None:
            self.missing = True
            return
        else:
            file = f"{turn.recording.replace('/', '-')}{known.path.suffix}"
            self.files[f"{FOLDER}/{file}"] = known.read()
            told = f"samples({', '.join((repr(file), *self._form(opened)))})[{turn.begin}:{turn.end}]"
        inside = f", {turn.inside!r}" if turn.inside else ""
        yield f"{name}.speak({told}, {turn.size}, {turn.apart}{inside})"

    def _form(self, opened: Exchange) -> tuple[str, str]:
        """The encoding and the rate that the parameters of a socket tell, or that hold without them."""
        stream = self.run.spec.stream
        if stream is not None and not _is_session(opened):
            return repr(stream.encoding), str(stream.rate)
        query = parse_qs(urlsplit(opened.request.url).query)
        usual = self.wire.query["properties"]
        encoding, rate = (query.get(name, [usual[name]["default"]])[0] for name in ("encoding", "sample_rate"))
        return repr(encoding), str(int(rate))

    def _left(self, y: Exchange) -> Iterator[str]:
        name = self.calls.get(y.label.session or "")
        if name is None:
            return
        how = _LEAVES.get(y.label.probe or "")
        ends = json.dumps({self.wire.tag: self.wire.said["end"].word})
        yield f"{name}.{how}()" if how else f"{name}.end({ends!r})"
        yield f"answer = {name}"

    def _asked(self, y: Exchange) -> Iterator[str]:
        words = [repr(y.request.method), self.phrases.quoted(y.request.url), f"headers={self.phrases.headers(y)}"]
        words += self.phrases.content(y, self.file_of(y))
        waits = y.label.operation == Operation.GET and self.waited(y)
        yield f"answer = {'rest' if waits else 'ask'}({', '.join(words)})"
        if y.label.operation == Operation.CREATE and y.accepted and y is not self.x:
            yield from self._remembered(y)

    def _remembered(self, y: Exchange) -> Iterator[str]:
        """Take the id and the upload address out of a create's answer."""
        number = 1 + sum(name.startswith("session_") for name in self.phrases.known.values())
        if session_id := session_id_of(y):
            self.phrases.known[session_id] = f"session_{number}"
            yield f"session_{number} = made(answer, 'session_id')"
        url = y.document.get("upload_url")
        if isinstance(url, str) and url and url != session_id:
            self.phrases.known[urljoin(y.request.url, url)] = f"upload_{number}"
            yield f"upload_{number} = urljoin(TARGET + '/', made(answer, 'upload_url'))"

    def judgement(self) -> Iterator[str]:
        """The lines that say whether what was wrong is wrong again."""
        found = list(signs(self.x, self.finding))
        told, code = self.outcome(found)
        yield f"if {' and '.join(sign.python() for sign in found)}:"
        yield f"    print({plain(told)!r})"
        yield f"    sys.exit({code})"
        yield f"print({self.not_seen!r})"

    def _prologue(self, body: list[str]) -> Iterator[str]:
        """What a reader has to know, and what the lines use."""
        told, lines = "\n".join(map(plain, self.heading())), "\n".join(body)
        second, sampled, made = "SECOND_KEY" in lines, "samples(" in lines, "made(" in lines
        error = self.wire.told.get("error")
        lifecycle = self.run.spec.lifecycle
        words = [*(s.name for s in lifecycle.states.values() if not s.terminal), *lifecycle.aliases]
        needs = f"SCRIBE_API_KEY=... SCRIBE_TARGET={self.address()} python3 {self.graded.requirement.id}.py"
        yield f'"""{told}\n\nNeeds httpx and websockets. Run it so: {needs}\n"""\n'
        marks = {
            "@TARGET@": repr(self.address()),
            "@WAVE@": "import wave\nfrom array import array\n" if sampled else "",
            "@SECOND@": 'SECOND_KEY = given("SCRIBE_SECOND_API_KEY")\n' if second else "",
            "@WORKING@": repr(tuple(words)),
            "@WAIT@": str(LONGEST_WAIT),
            "@LAST@": str(_LAST_S),
            "@TAG@": repr(self.wire.tag),
            "@ERROR@": repr(error.word if error is not None else None),
            "@SAMPLES@": repr(SAMPLES),
            "@URLJOIN@": "from urllib.parse import urljoin\n" if made else "",
        }
        text = HEAD + (MADE if made else "") + CALL + (READING if sampled else "")
        for mark, value in marks.items():
            text = text.replace(mark, value)
        yield text.rstrip() + "\n\n"
