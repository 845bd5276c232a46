"""A session of its own, never graded, in which a run finds out how this target is created, fed, ended and read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.drive.forms import MOST_TRIED, STANDARD_TEMPLATES, Form, variants
from conformance.evidence import Departure, Dimension
from conformance.vocabulary.naming import Naming, naming_of
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Exchange
    from conformance.target import Target

_ENDS: tuple[Literal["none", "empty", "count"], ...] = ("none", "empty", "count")
_MEMBERS = ("transcript_language", "language_hint", "model", "communication_protocol", "upload_type", "template")


async def try_out(drive: Driver) -> Target:
    """The target with the ways it takes; as it was where no session can be made."""
    handle = await _create(drive)
    if handle is None:
        return drive.target
    await _upload(drive, handle)
    if handle.sent:
        await _names(drive, handle, handle.sent[0])
    await _end(drive, handle)
    return drive.target


def _forms(drive: Driver, said: str) -> Iterator[Form]:
    """What may be taken where the first form is refused: ids nobody listed included, where there is no list."""
    target = drive.target
    ids = target.templates or STANDARD_TEMPLATES
    yield from variants(target.form, templates=ids, upload_methods=target.upload_methods, said=said)


async def _create(drive: Driver) -> Handle | None:
    """A session by the first form of the body that is taken; sets it for the run."""
    usual = drive.target.form
    first = await drive.attempt(Session.TRIED_OUT, drive.body())
    if first.handle:
        return first.handle
    refused = first.exchange
    if refused.status >= 500 or refused.response is None:
        # Nothing is learned from a service that breaks: the usual patience, and the usual body.
        return await drive.create(Session.TRIED_OUT, graded=False)
    said = refused.response.body.decode("utf-8", "replace")
    for number, form in enumerate(_forms(drive, said)):
        if number == MOST_TRIED:
            break
        drive.target = replace(drive.target, form=form)
        tried = await drive.attempt(Session.TRIED_OUT, drive.body())
        if tried.handle:
            _depart(drive, refused, usual, form)
            return tried.handle
    drive.target = replace(drive.target, form=usual, refused=refused.status)
    reason = "no_template_known" if not drive.target.templates else "set_up_refused"
    drive.note(reason, f"Every form of the create body is refused: POST /sessions answered {refused.status}.")
    return None


def _depart(drive: Driver, refused: Exchange, usual: Form, taken: Form) -> None:
    """Say for each member in which form it goes and in which it does not."""
    for member in _MEMBERS:
        expected, actual = getattr(usual, member), getattr(taken, member)
        if expected != actual and not (member == "template" and not drive.target.templates):
            text = f"A create is taken with {member} {_shown(actual)}, and not with it {_shown(expected)}."
            drive.depart(Departure(Dimension.CREATE, text, member, expected, actual, refused.number))


def _shown(value: Any) -> str:
    words = {True: "present", False: "left out", "absent": "left out", "array": "as an array", "string": "as a string"}
    return words.get(value, f"{value!r}")


async def _upload(drive: Driver, handle: Handle) -> None:
    """Hand a short clip over in the first form that is taken (E44, E82)."""
    if handle.fields is not None or not drive.owns(handle.upload_url):
        drive.target = replace(drive.target, api_target=False, upload_form=_storage(handle))
        if handle.fields is None:
            return
    else:
        drive.target = replace(drive.target, api_target=True)
    if handle.departs:
        drive.depart(Departure(Dimension.UPLOAD_URL, handle.departs, "upload_url", exchange=handle.created.number))
    audio = drive.audio
    fixture = min(audio, key=lambda name: (audio[name].kind != "short", len(audio[name].read())), default=None)
    if fixture is None:
        return
    first: Exchange | None = None
    forms = drive.upload_forms
    for form in forms if drive.target.api_target else ("storage-form",):
        name = f"audio_0{audio[fixture].path.suffix}"
        sent = await drive.upload(handle, fixture, name=name, form=form, graded=False)
        first = first or sent
        if sent.accepted and not drive.owns(sent.request.url):
            # what takes audio is the storage behind the redirect, which is told as one already
            drive.target = replace(drive.target, api_target=False, upload_form="storage-put")
            return
        if sent.accepted:
            if sent is not first:
                text = f"Audio is taken as {form!r} and refused as {forms[0]!r} ({first.status})."
                drive.depart(Departure(Dimension.UPLOAD, text, form, forms[0], form, first.number))
            drive.target = replace(drive.target, upload_form=form)
            return


def _storage(handle: Handle) -> Literal["storage-put", "storage-form"]:
    return "storage-put" if handle.fields is None else "storage-form"


async def _names(drive: Driver, handle: Handle, name: str) -> None:
    """See under which name the file is listed, so that it can be followed under that one."""
    read = await drive.get(handle, graded=False)
    listed = read.document.get("audio_files")
    if not isinstance(listed, list) or len(listed) != 1 or listed == [name]:
        return
    naming = naming_of(name, listed[0])
    if naming is not Naming.AS_SENT:
        text = f"A file sent as {name!r} is listed as {listed[0]!r}."
        drive.depart(Departure(Dimension.FILE_NAME, text, naming.value, name, listed[0], read.number))
        drive.target = replace(drive.target, naming=naming)


async def _end(drive: Driver, handle: Handle) -> None:
    """End the session with the least that is taken: no body, an empty object, the count (E38)."""
    always = drive.options.printed.counted_end
    first: Exchange | None = None
    for form in ("count",) if always else _ENDS:
        drive.target = replace(drive.target, end_form=form)
        ended = await drive.end(handle, graded=False)
        first = first or ended
        if ended.accepted:
            if ended is not first:
                text = f"An end is taken with body {form!r} and refused without one ({first.status})."
                drive.depart(Departure(Dimension.END, text, form, "none", form, first.number))
            return
    drive.target = replace(drive.target, end_form="count" if always else "none")
