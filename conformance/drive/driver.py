"""What a journey drives with: one labelled exchange at a time, and the steps that sessions share."""

from __future__ import annotations

import asyncio
import json as jsonlib
from copy import copy
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from conformance.drive.handle import Handle, at_rest, form_of
from conformance.drive.parcel import Parcel, parcel
from conformance.drive.patience import Pace
from conformance.drive.recording import fitting, named_by, too_long
from conformance.drive.sender import Sender
from conformance.evidence import Exchange, Label, Layer, Note
from conformance.target import split_origin
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.stamps import LAG

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from conformance.drive.clock import TestClock
    from conformance.drive.wire import Heard, Wire
    from conformance.evidence import Departure, Offer
    from conformance.evidence.recorder import Recorder
    from conformance.target import EndForm, Target, UploadForm
    from scribe_data.recordings import Fixture

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
#: Answers that may mean "an end needs a body" (E38).
_BODY_WANTED = (400, 411, 415, 422)
#: What an end carries, by its form; None for no body.
_END_BODIES: Mapping[str, Callable[[int], dict[str, int]] | None] = {
    "none": None,
    "empty": lambda _sent: {},
    "count": lambda sent: {"audio_files_sent": sent},
}


@dataclass(frozen=True)
class Attempt:
    """One create: what came back, and the session if one came of it."""

    exchange: Exchange
    handle: Handle | None


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
        layer: Layer = Layer.JOURNEY,
    ) -> None:
        self.journey = journey
        self.layer = layer
        #: The rows of the lifecycle's table that apply to what is sent next; none where nobody foretells them.
        self.states: tuple[str, ...] = ()
        self.target = target
        self.audio = audio
        self.clock = clock
        self.options = wire.options
        self.seed = wire.options.seed
        self._wire = wire
        self._sender = Sender(wire)
        self._tell = tell or (lambda _: None)

    @property
    def key(self) -> str:
        """The tester's key as it is now: where a command gives it, it changes during a run."""
        return self._wire.key

    @property
    def recorder(self) -> Recorder:
        """Where what this driver sends is kept."""
        return self._wire.recorder

    def apart(self, recorder: Recorder) -> Self:
        """The same hands with a record of their own: what they send is no part of the run's evidence."""
        other = copy(self)
        other._wire = self._wire.apart(recorder)  # noqa: SLF001 - a copy of this very class
        other._sender = Sender(other._wire)  # noqa: SLF001
        return other

    @property
    def made(self) -> Sequence[Handle]:
        """Every session that was made over this driver's wire."""
        return self._wire.made

    @property
    def left(self) -> float:
        """Seconds that remain of the run."""
        return self._wire.budget.left

    @property
    def throttled(self) -> bool:
        """Whether any answer of the run so far was 429."""
        return self._wire.throttled

    def owns(self, url: str) -> bool:
        """Whether a URL lies on an origin of the service."""
        return self._wire.owns(url)

    @property
    def networked(self) -> bool:
        """Whether the run goes over a network, and does not stay in one process."""
        return self.options.transport is None

    @property
    def upload_urls(self) -> tuple[str, ...]:
        """Where the sessions made so far take their audio."""
        return tuple(dict.fromkeys(handle.upload_url for handle in self._wire.made))

    def depart(self, departure: Departure) -> None:
        """Say where the target departs from the text in a way the run goes along with."""
        self._wire.recorder.depart(departure)

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._wire.budget.elapsed

    def later(self, moment: datetime, since: float) -> datetime:
        """A moment of the target's, moved on by what has passed here since `elapsed()` showed `since`."""
        return moment + timedelta(seconds=self.elapsed() - since)

    def note(self, reason: str, text: str, *requirements: str, rows: tuple[str, ...] = ()) -> None:
        """Say why (part of) the journey could not be done, and what stays unobserved because of it."""
        self._wire.recorder.note(Note(self.journey, reason, text, requirements, rows))

    def url(self, *parts: str) -> str:
        """An address below base_url."""
        return "/".join((self.target.base_url.rstrip("/"), *(quote(part, safe="") for part in parts)))

    def body(self, **changes: Any) -> dict[str, Any]:
        """The create body in the form this target takes (rule 6), with changes; REMOVE deletes a member."""
        language = spoken_by(self.target.offer(changes.get("model")) or self.target.model)
        body = self.target.form.body(model=self.target.model, language=language)
        body.update(changes)
        return {name: value for name, value in body.items() if value is not REMOVE}

    def foretelling(self, *states: str) -> Self:
        """The same hands; their requests say in which states their session may be, or which outsider asks."""
        other = copy(self)
        other.states = states
        return other

    def _label(  # noqa: PLR0917 - in the order of Label
        self,
        operation: Operation,
        session: str | None,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        file: str | None = None,
        fixture: str | None = None,
        *,
        graded: bool = True,
    ) -> Label:
        return Label(
            operation,
            self.journey,
            session,
            probe,
            credential,
            file,
            fixture,
            graded=graded,
            layer=self.layer,
            states=self.states,
        )

    async def send(
        self,
        operation: Operation,
        method: str,
        url: str,
        *,
        session: str | None = None,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        headers: Mapping[str, str] | None = None,
        json: Any = UNSET,
        content: bytes | None = None,
        file: str | None = None,
        fixture: str | None = None,
        graded: bool = True,
    ) -> Exchange:
        """One labelled exchange; the last attempt, where rule 2 asks for more than one."""
        label = self._label(operation, session, probe, credential, file, fixture, graded=graded)
        typed = {} if json is UNSET else {"Content-Type": "application/json"}
        data = (content or b"") if json is UNSET else jsonlib.dumps(json).encode()
        return (await self._sender.patiently(label, Parcel(method, url, typed | dict(headers or {}), data))).exchange

    async def look(self, url: str, probe: str, offer: Offer | None) -> Exchange:
        """See how an address is secured: a GET without anything secret, sent once and never graded.

        `offer` is what is offered of TLS; None for an address of plain HTTP.
        """
        return await self._wire.look(
            Label(Operation.OTHER, self.journey, None, probe, Credential.NONE, graded=False), url, offer
        )

    async def create(
        self, session: str, body: Mapping[str, Any] | None = None, *, probe: str | None = None, graded: bool = True
    ) -> Handle | None:
        """Create a session; a valid create is tried up to six times, every bad answer recorded.

        None, with a note `set_up_refused`, when no session came of it; a probe is sent once and leaves no note.
        """
        asked = dict(body) if body is not None else self.body()
        wanted = _posting(self.url("sessions"), asked)
        label = self._label(Operation.CREATE, session, probe, graded=graded)

        def worth(heard: Heard, tries: int) -> bool:
            refused = 400 <= heard.exchange.status < 500
            most = REFUSAL_ATTEMPTS if refused else CREATE_ATTEMPTS
            return probe is None and tries + 1 < most and self._session_id(heard) is None

        heard = await self._sender.patiently(label, wanted, worth=worth)
        handle = self._handle(session, heard, asked)
        if handle or probe is not None:
            return handle
        last = heard.exchange
        said = f"answered {last.status}" if last.response else f"got no answer ({last.trouble})"
        self.note("set_up_refused", f"No session came of a valid create for {session!r}: POST /sessions {said}.")
        return None

    async def attempt(self, session: str, body: Mapping[str, Any]) -> Attempt:
        """One create that is never graded, whatever it comes to."""
        label = self._label(Operation.CREATE, session, graded=False)
        heard = await self._sender.patiently(label, _posting(self.url("sessions"), body))
        return Attempt(heard.exchange, self._handle(session, heard, body))

    @staticmethod
    def _session_id(heard: Heard) -> str | None:
        told = heard.answer.document.get("session_id") if heard.answer and heard.exchange.accepted else None
        return told if isinstance(told, str) and told else None

    def _handle(self, session: str, heard: Heard, asked: Mapping[str, Any]) -> Handle | None:
        answer, session_id = heard.answer, self._session_id(heard)
        if answer is None or session_id is None:
            return None
        url, fields, departs = self._upload_url(session_id, answer.document.get("upload_url"))
        model = self.target.offer(asked.get("model")) or self.target.model
        single = asked.get("upload_type") == "single"
        handle = Handle(session, session_id, url, heard.exchange, model, single, fields=fields, departs=departs)
        self._wire.made.append(handle)
        return handle

    def _upload_url(self, session_id: str, given: object) -> tuple[str, Mapping[str, str] | None, str]:
        """Where audio goes, the form fields that go along, and what is odd about what the answer has.

        What the answer lacks is judged by its own checks; the README of the protocol tells how to build it.
        """
        built = self.url("sessions", session_id, "audio")
        form = form_of(given)
        if form is not None:
            return urljoin(self.url("sessions"), form[0]), form[1], "upload_url is an object with form fields."
        if not isinstance(given, str) or not given:
            return (
                built,
                None,
                f"upload_url is {'missing' if given is None else 'not a string'}; {built} is used instead.",
            )
        url = urljoin(self.url("sessions"), given)
        if split_origin(url) is None:
            return built, None, f"upload_url is not an http(s) address; {built} is used instead."
        if split_origin(url) == self._unreachable:
            at, moved = urlsplit(self.target.base_url), urlsplit(url)
            url = urlunsplit((at.scheme, at.netloc, moved.path, moved.query, ""))
            return url, None, f"upload_url names a host that cannot be reached; {at.netloc} is used instead."
        return url, None, "" if urlsplit(given).scheme else "upload_url is relative."

    @property
    def _unreachable(self) -> tuple[str, str, int] | None:
        """The origin of the declared base_url, where the run had to use another."""
        endpoints = self.target.discovery.get("endpoints")
        declared = endpoints.get("base_url") if isinstance(endpoints, dict) else None
        origin = split_origin(declared) if isinstance(declared, str) else None
        return origin if origin != split_origin(self.target.base_url) else None

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
        credential: Credential = Credential.RIGHT,
        graded: bool = True,
    ) -> Exchange:
        """Hand over a fixture, or `content`, under a name: in the dialect the target takes unless `form` says other.

        A fixture without `media_type` goes in a format the target lists and within its chunk limit, if the kit has
        one like it: the label then names that one and its file. Where the kit has none, the upload is a probe,
        whatever was asked.
        To a foreign origin (storage) it is a PUT without any credential, whatever was asked (rule 8).
        """
        recording = self.audio[fixture] if fixture else None
        if recording and content is None and media_type is None:
            listed = fitting(self.audio, recording.name, self.target, single=handle.single)
            if listed is None:
                # Rule 6 binds the kit to listed formats: what comes of another one is nobody's failure.
                probe = Probe.UPLOAD_FORMAT
                self.note("no_such_audio", f"The kit has no {recording.name!r} in any of the formats the target lists.")
            elif listed is not recording:
                recording = listed
                name = f"{name.rpartition('.')[0] or name}{recording.path.suffix}"
            media_type = named_by(recording, self.target)
            if too_long(recording, self.target, single=handle.single):
                probe = Probe.UPLOAD_OVERLONG
                limit = self.target.max_chunk_seconds
                self.note("no_such_audio", f"The kit has no clip of speech within the target's chunks of {limit:g} s.")
        data = content if content is not None else recording.read() if recording else b""
        typed = media_type or (recording.media_type if recording else "application/octet-stream")
        usual = form or self._upload_form(handle)
        sent = parcel(usual, handle.upload_url, name, typed, data, single=handle.single, fields=handle.fields)
        spoken = recording.name if recording else None
        shown = self.target.naming.listed(name)
        label = self._label(Operation.UPLOAD, handle.key, probe, credential, shown, spoken, graded=graded)
        heard = await self._sender.patiently(label, sent)
        if (heard.exchange.accepted or heard.unsure) and shown not in handle.sent:
            handle.sent.append(shown)
        return heard.exchange

    def _upload_form(self, handle: Handle) -> UploadForm:
        if handle.fields is not None:
            return "storage-form"
        return (self.target.upload_form or "multipart") if self._wire.owns(handle.upload_url) else "storage-put"

    async def end(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        graded: bool = True,
    ) -> Exchange:
        """End a session with the least this target takes; with the count once more where that is refused (E38)."""
        label = self._label(Operation.END, handle.key, probe, credential, graded=graded)
        plain = probe is None and credential == Credential.RIGHT and graded
        heard = await self._sender.patiently(
            label, self._ending(handle.session_id, len(handle.sent), self.target.end_form)
        )
        if plain and self.target.end_form == "none" and heard.exchange.status in _BODY_WANTED and not heard.unsure:
            again = replace(label, attempt=heard.exchange.label.attempt + 1)
            heard = await self._sender.patiently(again, self._ending(handle.session_id, len(handle.sent), "count"))
        if plain:
            handle.refused = not (heard.exchange.accepted or heard.unsure)
        return heard.exchange

    def end_body(self) -> Any:
        """What an end of a session nobody knows carries, in the form this target takes; UNSET for no body."""
        made = _END_BODIES[self.target.end_form]
        return UNSET if made is None else made(0)

    async def close(self, session_id: str, sent: int) -> None:
        """End a session that nobody needs any more: never graded, and no part of its story."""
        label = Label(Operation.END, self.journey, None, Probe.CLOSING, graded=False)
        await self._sender.follow(label, self._ending(session_id, sent, self.target.end_form))

    def _ending(self, session_id: str, sent: int, form: EndForm) -> Parcel:
        """The request that ends a session to which so many files were sent."""
        url, made = self.url("sessions", session_id, "end"), _END_BODIES[form]
        return Parcel("POST", url, {}, b"") if made is None else _posting(url, made(sent))

    async def get(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        headers: Mapping[str, str] | None = None,
        graded: bool = True,
    ) -> Exchange:
        """Read a session once."""
        read = await self._read(handle, probe=probe, credential=credential, headers=headers, graded=graded)
        return read.exchange

    async def _read(
        self,
        handle: Handle,
        *,
        probe: str | None = None,
        credential: Credential = Credential.RIGHT,
        headers: Mapping[str, str] | None = None,
        graded: bool = True,
    ) -> Heard:
        label = self._label(Operation.GET, handle.key, probe, credential, graded=graded)
        url = self.url("sessions", handle.session_id)
        return await self._sender.patiently(label, Parcel("GET", url, dict(headers or {}), b""))

    async def until(self, handle: Handle, seen: Callable[[Exchange], bool], *, within: float = LAG) -> Exchange:
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
            named = self.options.named("processing-timeout")
            waited = f"after {allowed:g} s ({named}) in which no other session came to its end either"
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
