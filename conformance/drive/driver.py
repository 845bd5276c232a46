"""What a journey drives with: one labelled exchange at a time, and the steps that sessions share."""

from __future__ import annotations

import asyncio
import json as jsonlib
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urljoin

from conformance.drive.handle import Handle, at_rest
from conformance.drive.parcel import Parcel, parcel
from conformance.drive.patience import Pace, retry_after
from conformance.drive.recording import fitting, named_by, too_long
from conformance.evidence import Exchange, Label, Note
from conformance.target import split_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from conformance.drive.clock import TestClock
    from conformance.drive.wire import Heard, Wire
    from conformance.evidence import Credential, Operation
    from conformance.target import Target
    from fixtures import Fixture

__all__ = ["REMOVE", "UNSET", "Driver", "Handle", "at_rest"]


class _Sentinel:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


#: `body(templates=REMOVE)` leaves the member out.
REMOVE: Final = _Sentinel("REMOVE")
#: No JSON body; distinct from a body of null.
UNSET: Final = _Sentinel("UNSET")

#: Creates until the kit gives up on a session whose service fails now and then.
CREATE_ATTEMPTS = 6
#: Refusing a valid create is a decision, not an accident: once more, then it counts.
REFUSAL_ATTEMPTS = 2
#: How often 429 and 503 are waited out before the answer is taken as final (rule 2).
WAITS = 6
#: The same for a probe, whose answer may just as well be that the service does not look at it.
PROBE_WAITS = 4
#: The probe that marks a recording the kit has in no listed format.
UNLISTED = "audio in a format that is not listed"
#: The probe that marks a chunk longer than the target takes, where the kit has none that is short enough.
OVERLONG = "a chunk over the limit"
#: A read may lag so many seconds behind a write (rule 3).
READ_LAG = 5.0
#: Answers that may mean "an end needs a body" (E38).
_BODY_WANTED = (400, 411, 415, 422)


class Driver:
    """One journey's hands. Every exchange is labelled and recorded; nothing is judged here."""

    def __init__(
        self,
        journey: str,
        wire: Wire,
        target: Target,
        audio: Mapping[str, Fixture],
        *,
        clock: TestClock | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.journey = journey
        self.target = target
        self.audio = audio
        self.clock = clock
        self.options = wire.options
        self.seed = wire.options.seed
        self._wire = wire
        self._tell = tell or (lambda _: None)

    @property
    def throttled(self) -> bool:
        """Whether any answer of the run so far was 429."""
        return self._wire.throttled

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._wire.budget.elapsed

    def later(self, moment: datetime, since: float) -> datetime:
        """A moment of the target's, moved on by what has passed here since `elapsed()` showed `since`."""
        return moment + timedelta(seconds=self.elapsed() - since)

    def note(self, reason: str, text: str, *requirements: str) -> None:
        """Say why (part of) the journey could not be done, and what stays unobserved because of it."""
        self._wire.recorder.note(Note(self.journey, reason, text, requirements))

    def url(self, *parts: str) -> str:
        """An address below base_url."""
        return "/".join((self.target.base_url.rstrip("/"), *(quote(part, safe="") for part in parts)))

    def body(self, **changes: Any) -> dict[str, Any]:
        """The smallest create body valid in all readings (rule 6), with changes; REMOVE deletes a member."""
        first = self.options.revision == "2026-01-19"
        language = spoken_by(self.target.offer(changes.get("model")) or self.target.model)
        body: dict[str, Any] = {
            "templates": [self.target.templates[0] if self.target.templates else "soap"],
            "language_hint": language if first else [language],
            "transcript_language": language if first else [language],
            "upload_type": self.target.upload_type,
            "communication_protocol": "http",
        }
        if self.target.model:
            body["model"] = self.target.model["id"]
        body.update(changes)
        return {name: value for name, value in body.items() if value is not REMOVE}

    async def send(
        self,
        operation: Operation,
        method: str,
        url: str,
        *,
        session: str | None = None,
        probe: str | None = None,
        credential: Credential = "right",
        headers: Mapping[str, str] | None = None,
        json: Any = UNSET,
        content: bytes | None = None,
        file: str | None = None,
        fixture: str | None = None,
        graded: bool = True,
    ) -> Exchange:
        """One labelled exchange; the last attempt, where rule 2 asks for more than one."""
        label = Label(operation, self.journey, session, probe, credential, file, fixture, graded=graded)
        typed = {} if json is UNSET else {"Content-Type": "application/json"}
        data = (content or b"") if json is UNSET else jsonlib.dumps(json).encode()
        return (await self._patiently(label, Parcel(method, url, typed | dict(headers or {}), data))).exchange

    async def _once(self, label: Label, asked: Parcel) -> Heard:
        headers = self._wire.credentials(asked.url, label.credential) | asked.headers
        return await self._wire.exchange(label, asked.method, asked.url, headers=headers, content=asked.content)

    async def _patiently(self, label: Label, asked: Parcel) -> Heard:
        """Rule 2: 429 and 503 are waited out; for valid requests another 5xx or a lost read is repeated once."""
        waits = repeats = 0
        while True:
            heard = await self._once(replace(label, attempt=label.attempt + waits + repeats), asked)
            status = heard.exchange.status
            plain = label.probe is None and label.credential == "right"
            if status in (429, 503):
                if waits == (WAITS if plain else PROBE_WAITS):
                    return heard
                await self._wait_out(heard, waits)
                waits += 1
            elif plain and (status >= 500 or (status == 0 and asked.method == "GET")) and not repeats:
                repeats += 1
            else:
                return heard

    async def _wait_out(self, heard: Heard, waited: int) -> None:
        """Wait as a 429 or 503 says; a 429 is meant for all of the run."""
        seconds = retry_after(heard.answer, waited)
        if heard.exchange.status == 429:
            self._wire.hold(seconds)
        await self.pause(seconds)

    async def create(
        self, session: str, body: Mapping[str, Any] | None = None, *, probe: str | None = None, graded: bool = True
    ) -> Handle | None:
        """Create a session; a valid create is tried up to six times, every bad answer recorded.

        None, with a note `set_up_refused`, when no session came of it; a probe is sent once and leaves no note.
        """
        asked = dict(body) if body is not None else self.body()
        wanted = _posting(self.url("sessions"), asked)
        label = Label("create", self.journey, session, probe, graded=graded)
        for attempt in range(1, CREATE_ATTEMPTS + 1):
            heard = await self._once(replace(label, attempt=attempt), wanted)
            handle = self._handle(session, heard, asked)
            if handle or probe is not None:
                return handle
            status = heard.exchange.status
            if status in (429, 503):
                await self._wait_out(heard, attempt - 1)
            elif 400 <= status < 500 and attempt >= REFUSAL_ATTEMPTS:
                break
        last = heard.exchange
        said = f"answered {last.status}" if last.response else f"got no answer ({last.trouble})"
        self.note("set_up_refused", f"No session came of a valid create for {session!r}: POST /sessions {said}.")
        return None

    def _handle(self, session: str, heard: Heard, asked: Mapping[str, Any]) -> Handle | None:
        answer = heard.answer
        session_id = answer.document.get("session_id") if answer and 200 <= answer.status < 300 else None
        if answer is None or not isinstance(session_id, str) or not session_id:
            return None
        given = answer.document.get("upload_url")
        target = urljoin(self.url("sessions"), given) if isinstance(given, str) and given else ""
        if split_origin(target) is None:
            # The README's construction; what the answer lacks is judged by its own checks.
            target = self.url("sessions", session_id, "audio")
        model = self.target.offer(asked.get("model")) or self.target.model
        return Handle(session, session_id, target, heard.exchange, model, asked.get("upload_type") == "single")

    async def upload(
        self,
        handle: Handle,
        fixture: str | None = None,
        *,
        name: str,
        content: bytes | None = None,
        media_type: str | None = None,
        form: str | None = None,
        probe: str | None = None,
        credential: Credential = "right",
        graded: bool = True,
    ) -> Exchange:
        """Hand over a fixture, or `content`, under a name: in the dialect the target takes unless `form` says other.

        A fixture without `media_type` goes in a format the target lists and within its chunk limit, if the kit has
        one like it: the label then names that one and its file. What the kit has not is a probe, whatever was asked.
        To a foreign origin (storage) it is a PUT without any credential, whatever was asked (rule 8).
        """
        recording = self.audio[fixture] if fixture else None
        if recording and content is None and media_type is None:
            listed = fitting(self.audio, recording.name, self.target, single=handle.single)
            if listed is None:
                # Rule 6 binds the kit to listed formats: what comes of another one is nobody's failure.
                probe = UNLISTED
                self.note("no_such_audio", f"The kit has no {recording.name!r} in any of the formats the target lists.")
            elif listed is not recording:
                recording = listed
                name = f"{name.rpartition('.')[0] or name}{recording.path.suffix}"
            media_type = named_by(recording, self.target)
            if too_long(recording, self.target, single=handle.single):
                probe = OVERLONG
                limit = self.target.max_chunk_seconds
                self.note("no_such_audio", f"The kit has no clip of speech within the target's chunks of {limit:g} s.")
        data = content if content is not None else recording.read() if recording else b""
        typed = media_type or (recording.media_type if recording else "application/octet-stream")
        usual = (self.target.upload_form or "multipart") if self._wire.owns(handle.upload_url) else "storage-put"
        sent = parcel(form or usual, handle.upload_url, name, typed, data, single=handle.single)
        spoken = recording.name if recording else None
        label = Label("upload", self.journey, handle.key, probe, credential, name, spoken, graded=graded)
        heard = await self._patiently(label, sent)
        if heard.exchange.accepted and name not in handle.sent:
            handle.sent.append(name)
        return heard.exchange

    async def end(self, handle: Handle, *, probe: str | None = None, credential: Credential = "right") -> Exchange:
        """End a session: without a body, with the count once more if that is refused (E38); always with it in r2."""
        always = self.options.revision == "2026-01-29"
        label = Label("end", self.journey, handle.key, probe, credential)
        url = self.url("sessions", handle.session_id, "end")
        counted = _posting(url, {"audio_files_sent": len(handle.sent)})
        heard = await self._patiently(label, counted if always else Parcel("POST", url, {}, b""))
        plain = probe is None and credential == "right" and not always
        if plain and heard.exchange.status in _BODY_WANTED:
            heard = await self._patiently(replace(label, attempt=heard.exchange.label.attempt + 1), counted)
        if probe is None and credential == "right":
            handle.refused = not heard.exchange.accepted
        return heard.exchange

    async def get(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = "right",
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Read a session once."""
        return (await self._read(handle, probe=probe, credential=credential, headers=headers)).exchange

    async def _read(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = "right",
        headers: Mapping[str, str] | None = None,
    ) -> Heard:
        label = Label("get", self.journey, handle.key, probe, credential)
        url = self.url("sessions", handle.session_id)
        return await self._patiently(label, Parcel("GET", url, dict(headers or {}), b""))

    async def until(self, handle: Handle, seen: Callable[[Exchange], bool], *, within: float = READ_LAG) -> Exchange:
        """Read until `seen` holds or the seconds are over; the last read either way."""
        end = monotonic() + within
        return await self._poll(handle, seen, lambda: end - monotonic())

    async def _poll(self, handle: Handle, seen: Callable[[Exchange], bool], left: Callable[[], float]) -> Exchange:
        pace = Pace()
        while True:
            heard = await self._read(handle)
            rest = left()
            if seen(heard.exchange) or rest <= 0:
                return heard.exchange
            await self.pause(min(rest, pace.next(heard.answer)))

    async def finish(self, handle: Handle) -> Exchange | None:
        """Read until the session rests; else None and a note `deadline`.

        It has --processing-timeout, and again as long whenever the target finishes another session of the run: the
        kit has many wait at once, and a target that works them off one by one is not late.
        """
        # A session whose end was refused has nothing to wait for; one read shows where it stands.
        allowed = 0.0 if handle.refused else self.options.processing_timeout
        self._tell(f"waiting for the results of {handle.key!r}")
        budget, began = self._wire.budget, monotonic()
        last = await self._poll(handle, at_rest, lambda: allowed - budget.idle(began))
        if at_rest(last):
            budget.finished()
            return last
        shown = last.document.get("status", last.status or last.trouble)
        if handle.refused:
            waited = "when its end had been refused"
        else:
            waited = f"after {allowed:g} s (--processing-timeout) in which no other session came to its end either"
        self.note("deadline", f"Session {handle.key!r} still showed {shown} {waited}.")
        return None

    async def consult(
        self, session: str, fixtures: Sequence[str], body: Mapping[str, Any] | None = None
    ) -> Handle | None:
        """A whole consultation: create, upload every fixture as audio_0, audio_1, …, end, wait for the results."""
        handle = await self.create(session, body)
        if handle is None:
            return None
        for place, fixture in enumerate(fixtures):
            await self.upload(handle, fixture, name=f"audio_{place}{self.audio[fixture].path.suffix}")
        await self.end(handle)
        await self.finish(handle)
        return handle

    def stranger(self, handle: Handle) -> Handle | None:
        """A session nobody made, its id of the same shape; None where its upload URL cannot be guessed (AUD-022)."""
        return handle.stranger() if self._wire.owns(handle.upload_url) else None

    async def together(self, *walks: Coroutine[Any, Any, object]) -> None:
        """Side by side; what stops one of them stops all, and is raised as if it had been alone."""
        try:
            async with asyncio.TaskGroup() as group:
                for walk in walks:
                    group.create_task(walk)
        except BaseExceptionGroup as stopped:
            raise stopped.exceptions[0] from None

    async def pause(self, seconds: float) -> None:
        """Wait, within the run's budget."""
        await self._wire.budget.pause(seconds)


def _posting(url: str, document: Mapping[str, Any]) -> Parcel:
    return Parcel("POST", url, {"Content-Type": "application/json"}, jsonlib.dumps(document).encode())


def spoken_by(model: Mapping[str, Any]) -> str:
    """English, which the kit's fixtures speak, else the model's first language (rule 6)."""
    spoken = [code for code in model.get("languages") or () if isinstance(code, str)]
    return "en" if "en" in spoken or not spoken else spoken[0]
