"""What a journey drives with: one labelled exchange at a time, and the steps that sessions share."""

from __future__ import annotations

import json as jsonlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.drive.handle import Handle, at_rest
from conformance.drive.hands import UNSET
from conformance.drive.parcel import API_FORMS, NUMBERED_FORMS, Parcel, parcel
from conformance.drive.recording import fitting, named_by, too_long
from conformance.drive.upload_address import upload_address
from conformance.drive.watcher import Watcher
from conformance.evidence import Exchange, Label
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.drive.wire import Heard
    from conformance.target import EndForm, UploadForm
    from scribe_data.model import Leaving

__all__ = ["Driver", "Handle", "at_rest"]

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


class Driver(Watcher):
    """One journey's hands, and the steps of a session."""

    async def create(
        self, session: str, body: Mapping[str, Any] | None = None, *, probe: str | None = None, graded: bool = True
    ) -> Handle | None:
        """Create a session; a valid create is tried up to six times, every bad answer recorded.

        None, with a note `set_up_refused`, when no session came of it; a probe is sent once and leaves no note.
        """
        asked = dict(body) if body is not None else self.body()
        wanted = self._creating(asked)
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
        path = self.options.text.protocol.endpoints[Operation.CREATE].path
        self.note("set_up_refused", f"No session came of a valid create for {session!r}: POST {path} {said}.")
        return None

    async def attempt(self, session: str, body: Mapping[str, Any]) -> Attempt:
        """One create that is never graded, whatever it comes to."""
        label = self._label(Operation.CREATE, session, graded=False)
        heard = await self._sender.patiently(label, self._creating(body))
        return Attempt(heard.exchange, self._handle(session, heard, body))

    def _creating(self, body: Mapping[str, Any]) -> Parcel:
        """The request that makes a session."""
        return posting(self.url("sessions"), self.worded(dict(body)))

    @staticmethod
    def _session_id(heard: Heard) -> str | None:
        told = heard.answer.document.get("session_id") if heard.answer and heard.exchange.accepted else None
        return told if isinstance(told, str) and told else None

    def _handle(self, session: str, heard: Heard, asked: Mapping[str, Any]) -> Handle | None:
        answer, session_id = heard.answer, self._session_id(heard)
        if answer is None or session_id is None:
            return None
        url, fields, departs = upload_address(
            self.target,
            self.url("sessions"),
            self.url("sessions", session_id, "audio"),
            answer.document.get("upload_url"),
            relative=self.options.printed.upload_url == "relative",
        )
        model = self.target.offer(asked.get("model")) or self.target.model
        single = asked.get("upload_type") == "single"
        given = answer.document.get("upload_url")
        handle = Handle(
            session,
            session_id,
            url,
            heard.exchange,
            model,
            single,
            fields=fields,
            departs=departs,
            told_url=given if isinstance(given, str) else "",
        )
        self._wire.made.append(handle)
        return handle

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
        how: dict[str, Any] = {"single": handle.single, "fields": handle.fields, "index": len(handle.sent)}
        sent = parcel(usual, handle.upload_url, name, typed, data, **how)
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
        usual = self.target.upload_form or self.upload_forms[0]
        return usual if self._wire.owns(handle.upload_url) else "storage-put"

    @property
    def upload_forms(self) -> tuple[UploadForm, ...]:
        """The forms of an upload to the service itself, in the order in which they are tried."""
        return NUMBERED_FORMS if self.options.printed.files == "numbered" else API_FORMS

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
        heard = await self._sender.patiently(label, self._ending_of(handle, credential))
        if plain and self.target.end_form == "none" and heard.exchange.status in _BODY_WANTED and not heard.unsure:
            again = replace(label, attempt=heard.exchange.label.attempt + 1)
            heard = await self._sender.patiently(again, self._ending(handle.session_id, len(handle.sent), "count"))
        if plain:
            handle.refused = not (heard.exchange.accepted or heard.unsure)
        return heard.exchange

    def _ending_of(self, handle: Handle, credential: Credential) -> Parcel:  # noqa: ARG002 - some name the user
        """The request that ends a session of the run, whoever sends it."""
        return self._ending(handle.session_id, len(handle.sent), self.target.end_form)

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
        return Parcel("POST", url, {}, b"") if made is None else posting(url, made(sent))

    async def own(
        self,
        operation: str,  # noqa: ARG002 - a profile's hands know some
        handle: Handle,  # noqa: ARG002
        *,
        probe: str | None = None,  # noqa: ARG002
        credential: Credential = Credential.RIGHT,  # noqa: ARG002
    ) -> Exchange | None:
        """An operation of the table that only one profile has; None for one that these hands do not have."""
        return None

    async def leave(self, handle: Handle, how: Leaving) -> Exchange | None:  # noqa: ARG002 - a profile's hands know some
        """Leave a session that lasts as long as its socket; None where sessions have none."""
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


def posting(url: str, document: Mapping[str, Any]) -> Parcel:
    """A request with a JSON body."""
    return Parcel("POST", url, {"Content-Type": "application/json"}, jsonlib.dumps(document).encode())
