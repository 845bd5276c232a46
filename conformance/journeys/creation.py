"""Creates that no part of the text calls valid, and those only one part does: as data, each sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.drive.hands import REMOVE, spoken_by
from conformance.drive.recording import fitting
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.scripts import SCRIPTS
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.driver import Driver

#: An id no service lists, a model no service offers, a word no list has.
UNKNOWN_TEMPLATE = "template-that-nobody-lists"
UNKNOWN_MODEL = "no-such-model"
#: A two-letter code that ISO 639-1 does not assign.
UNKNOWN_LANGUAGE = "zz"

#: Stands for the language of the kit's requests.
SPOKEN = "(spoken)"
#: Sessions of so many models are brought to their results; the rest are only created, up to a bound.
_MODELS_USED, _MODELS_TRIED = 3, 12

#: Probe -> what changes in the smallest valid body.
BODIES: dict[Probe, dict[str, Any]] = {
    Probe.TEMPLATES_MISSING: {"templates": REMOVE},
    Probe.TEMPLATES_STRING: {"templates": "soap"},
    Probe.TEMPLATES_OBJECT: {"templates": {"soap": True}},
    Probe.TEMPLATES_NUMBER: {"templates": ["soap", 5]},
    Probe.TEMPLATES_EMPTY: {"templates": []},
    Probe.MODEL_UNKNOWN: {"model": UNKNOWN_MODEL},
    Probe.HINT_STRING: {"language_hint": SPOKEN},
    Probe.HINT_ARRAY: {"language_hint": [SPOKEN]},
    Probe.HINT_TOO_LONG: {"language_hint": ["toolong"]},
    Probe.HINT_UNLISTED: {"language_hint": [UNKNOWN_LANGUAGE]},
    Probe.LANGUAGE_STRING: {"transcript_language": SPOKEN},
    Probe.LANGUAGE_UNLISTED: {"transcript_language": [UNKNOWN_LANGUAGE]},
    Probe.UPLOAD_TYPE_MISSING: {"upload_type": REMOVE},
    Probe.UPLOAD_TYPE_UNKNOWN: {"upload_type": "carrier-pigeon"},
    Probe.UPLOAD_TYPE_STREAM: {"upload_type": "stream"},
    Probe.PROTOCOL_MISSING: {"communication_protocol": REMOVE},
    Probe.PROTOCOL_UNKNOWN: {"communication_protocol": "smoke"},
    Probe.PROTOCOL_WEBSOCKET: {"communication_protocol": "websocket"},
    Probe.PROTOCOL_RPC: {"communication_protocol": "rpc"},
    Probe.DATA_ARRAY: {"additional_data": ["a"]},
    Probe.DATA_STRING: {"additional_data": "a"},
    Probe.DATA_NUMBER: {"additional_data": 5},
    Probe.DATA_NULL: {"additional_data": None},
    Probe.MEMBER_UNKNOWN: {"x_member_nobody_knows": {"a": 1}},
}
#: How a text prints languages -> the probe that is that form.
_PRINTED = {"array": Probe.HINT_ARRAY, "string": Probe.HINT_STRING}
#: Probe -> bytes sent as application/json.
RAW: dict[Probe, bytes] = {
    Probe.BODY_BROKEN: b'{"templates": ["soap"',
    Probe.BODY_ARRAY: b'["soap"]',
    Probe.BODY_EMPTY: b"",
}


def _said(value: object, spoken: str) -> object:
    """A value of `BODIES` with the language of the kit's requests in it."""
    if isinstance(value, list):
        return [_said(each, spoken) for each in value]
    return spoken if value is SPOKEN else value


@journey(JourneyName.CREATION_DEFECTS)
async def defects(drive: Driver) -> None:
    """(6.2) Every departure from a valid body, one at a time."""

    spoken = spoken_by(drive.target.model)

    plain = drive.worded(drive.body())

    async def changed(probe: Probe, change: dict[str, Any]) -> None:
        asked = drive.body(**{member: _said(value, spoken) for member, value in change.items()})
        if drive.worded(asked) == plain or probe is (_PRINTED[drive.options.printed.languages]):
            return  # the text has no such member, or prints this form
        await drive.send(Operation.CREATE, "POST", drive.url("sessions"), probe=probe, json=asked)

    async def raw(probe: str, content: bytes) -> None:
        typed = {"Content-Type": "application/json"}
        await drive.send(Operation.CREATE, "POST", drive.url("sessions"), probe=probe, content=content, headers=typed)

    unlisted = [kind for kind in ("chunked", "single") if kind not in drive.target.upload_methods]
    await drive.together(
        *(changed(probe, change) for probe, change in BODIES.items()),
        *(raw(probe, content) for probe, content in RAW.items()),
        *(changed(Probe.UPLOAD_TYPE_UNLISTED, {"upload_type": kind}) for kind in unlisted),
    )


@journey(JourneyName.CREATION_VARIANTS)
async def variants(drive: Driver) -> None:
    """(6.2, 6.5) Valid creates: each model, each upload type, without optional members, two and three templates."""
    await drive.together(
        *(_of_model(drive, model, place) for place, model in enumerate(drive.target.models[:_MODELS_TRIED]))
    )
    for kind in drive.target.upload_methods:
        if kind in ("chunked", "single"):
            await drive.create(Session.UPLOAD_TYPE.of(kind), drive.body(upload_type=kind))
    await drive.create(Session.NO_HINT, drive.body(language_hint=REMOVE))
    await drive.create(Session.NO_TRANSCRIPT_LANGUAGE, drive.body(transcript_language=REMOVE))
    await drive.create(Session.NO_MODEL, drive.body(model=REMOVE))
    await drive.create(Session.TWO_TEMPLATES, drive.body(templates=list(drive.target.templates[:2])))
    if len(drive.target.templates) >= 3:
        await drive.create(
            Session.THREE_TEMPLATES, drive.body(templates=list(drive.target.templates[:3])), probe=Probe.TEMPLATES_THREE
        )


async def _of_model(drive: Driver, model: Mapping[str, Any], place: int) -> None:
    """A session of a model, and for the first few their results: the model used is the one asked for."""
    session, asked = Session.MODEL.of(model["id"]), drive.body(model=model["id"])
    if place < _MODELS_USED and spoken_by(model) == "en":
        await drive.consult(session, ["short"], asked)
    else:
        await drive.create(session, asked)


@journey(JourneyName.CREATION_INDEPENDENT)
async def independent(drive: Driver) -> None:
    """(6.2) Two sessions of the very same body: what happens to one leaves the other alone."""
    body = drive.body(additional_data={"who": "one and the same"})
    one, other = await drive.create(Session.ONE, body), await drive.create(Session.OTHER, body)
    if one is None or other is None:
        return
    await drive.get(other)
    await drive.upload(one, "short", name="audio_0.wav")
    await drive.until(one, lambda x: x.document.get("audio_files_received", 1) == 1)
    await drive.get(other)


@journey(JourneyName.CREATION_OTHER_SCRIPT)
async def other_script(drive: Driver) -> None:
    """(6.2) English speech with a transcript asked for in a language of another script, where a model lists both."""
    for model in drive.target.models if "transcript_language" not in drive.target.form.lacks else ():
        languages = model.get("languages")
        codes = languages if isinstance(languages, list) else []
        foreign = [code for code in codes if isinstance(code, str) and code in SCRIPTS]
        if "en" in codes and foreign:
            asked = drive.body(model=model["id"], language_hint=["en"], transcript_language=foreign[:1])
            await drive.consult(Session.OTHER_SCRIPT, ["short"], asked)
            return


@journey(JourneyName.CREATION_BY_DEFAULT)
async def by_default(drive: Driver) -> None:
    """(6.2) Without upload_type the session takes chunks; without model it still ends with one."""
    handle = await drive.create(Session.DEFAULT_UPLOAD, drive.body(upload_type=REMOVE), probe=Probe.UPLOAD_TYPE_USED)
    # The default is chunked: a service that only takes single files, or no format of the kit's, owes nothing here.
    if handle and "chunked" in drive.target.upload_methods and fitting(drive.audio, "short", drive.target):
        await drive.upload(handle, "short", name="audio_0.wav", probe=Probe.UPLOAD_DEFAULT)
    await drive.send(
        Operation.CREATE,
        "POST",
        drive.url("sessions"),
        probe=Probe.TEMPLATES_UNKNOWN,
        json=drive.body(templates=[UNKNOWN_TEMPLATE]),
    )
