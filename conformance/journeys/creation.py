"""Creates that no part of the text calls valid, and those only one part does: as data, each sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.drive.driver import REMOVE, spoken_by
from conformance.drive.recording import fitting
from conformance.journeys.registry import journey
from conformance.vocabulary.scripts import SCRIPTS

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
BODIES: dict[str, dict[str, Any]] = {
    "templates missing": {"templates": REMOVE},
    "templates a string": {"templates": "soap"},
    "templates an object": {"templates": {"soap": True}},
    "templates with a number": {"templates": ["soap", 5]},
    "templates empty": {"templates": []},
    "model unknown": {"model": UNKNOWN_MODEL},
    "language_hint a string": {"language_hint": SPOKEN},
    "language_hint too long": {"language_hint": ["toolong"]},
    "language_hint unlisted": {"language_hint": [UNKNOWN_LANGUAGE]},
    "transcript_language a string": {"transcript_language": SPOKEN},
    "transcript_language unlisted": {"transcript_language": [UNKNOWN_LANGUAGE]},
    "upload_type missing": {"upload_type": REMOVE},
    "upload_type unknown": {"upload_type": "carrier-pigeon"},
    "upload_type stream": {"upload_type": "stream"},
    "communication_protocol missing": {"communication_protocol": REMOVE},
    "communication_protocol unknown": {"communication_protocol": "smoke"},
    "communication_protocol websocket": {"communication_protocol": "websocket"},
    "communication_protocol rpc": {"communication_protocol": "rpc"},
    "additional_data an array": {"additional_data": ["a"]},
    "additional_data a string": {"additional_data": "a"},
    "additional_data a number": {"additional_data": 5},
    "additional_data null": {"additional_data": None},
    "unknown member": {"x_member_nobody_knows": {"a": 1}},
}
#: Probe -> bytes sent as application/json.
RAW: dict[str, bytes] = {
    "body broken JSON": b'{"templates": ["soap"',
    "body an array": b'["soap"]',
    "body empty": b"",
}


@journey("creation/defects")
async def defects(drive: Driver) -> None:
    """(6.2) Every departure from a valid body, one at a time."""

    spoken = spoken_by(drive.target.model)

    async def changed(probe: str, change: dict[str, Any]) -> None:
        asked = drive.body(**{member: spoken if value is SPOKEN else value for member, value in change.items()})
        await drive.send("create", "POST", drive.url("sessions"), probe=probe, json=asked)

    async def raw(probe: str, content: bytes) -> None:
        typed = {"Content-Type": "application/json"}
        await drive.send("create", "POST", drive.url("sessions"), probe=probe, content=content, headers=typed)

    unlisted = [kind for kind in ("chunked", "single") if kind not in drive.target.upload_methods]
    await drive.together(
        *(changed(probe, change) for probe, change in BODIES.items()),
        *(raw(probe, content) for probe, content in RAW.items()),
        *(changed("upload_type not listed", {"upload_type": kind}) for kind in unlisted),
    )


@journey("creation/variants")
async def variants(drive: Driver) -> None:
    """(6.2, 6.5) Valid creates: each model, each upload type, without optional members, two and three templates."""
    await drive.together(
        *(_of_model(drive, model, place) for place, model in enumerate(drive.target.models[:_MODELS_TRIED]))
    )
    for kind in drive.target.upload_methods:
        if kind in ("chunked", "single"):
            await drive.create(f"creation/upload {kind}", drive.body(upload_type=kind))
    await drive.create("creation/no hint", drive.body(language_hint=REMOVE))
    await drive.create("creation/no transcript language", drive.body(transcript_language=REMOVE))
    await drive.create("creation/no model", drive.body(model=REMOVE))
    await drive.create("creation/two templates", drive.body(templates=list(drive.target.templates[:2])))
    if len(drive.target.templates) >= 3:
        await drive.create(
            "creation/three templates", drive.body(templates=list(drive.target.templates[:3])), probe="three templates"
        )


async def _of_model(drive: Driver, model: Mapping[str, Any], place: int) -> None:
    """A session of a model, and for the first few their results: the model used is the one asked for."""
    session, asked = f"creation/model {model['id']}", drive.body(model=model["id"])
    if place < _MODELS_USED and spoken_by(model) == "en":
        await drive.consult(session, ["short"], asked)
    else:
        await drive.create(session, asked)


@journey("creation/independent")
async def independent(drive: Driver) -> None:
    """(6.2) Two sessions of the very same body: what happens to one leaves the other alone."""
    body = drive.body(additional_data={"who": "one and the same"})
    one, other = await drive.create("creation/one", body), await drive.create("creation/other", body)
    if one is None or other is None:
        return
    await drive.get(other)
    await drive.upload(one, "short", name="audio_0.wav")
    await drive.until(one, lambda x: x.document.get("audio_files_received") == 1)
    await drive.get(other)


@journey("creation/other script")
async def other_script(drive: Driver) -> None:
    """(6.2) English speech with a transcript asked for in a language of another script, where a model lists both."""
    for model in drive.target.models:
        languages = model.get("languages")
        codes = languages if isinstance(languages, list) else []
        foreign = [code for code in codes if isinstance(code, str) and code in SCRIPTS]
        if "en" in codes and foreign:
            asked = drive.body(model=model["id"], language_hint=["en"], transcript_language=foreign[:1])
            await drive.consult("creation/other script", ["short"], asked)
            return


@journey("creation/by default")
async def by_default(drive: Driver) -> None:
    """(6.2) Without upload_type the session takes chunks; without model it still ends with one."""
    handle = await drive.create(
        "creation/default upload", drive.body(upload_type=REMOVE), probe="upload_type missing, used"
    )
    # The default is chunked: a service that only takes single files, or no format of the kit's, owes nothing here.
    if handle and "chunked" in drive.target.upload_methods and fitting(drive.audio, "short", drive.target):
        await drive.upload(handle, "short", name="audio_0.wav", probe="chunk into a session without upload_type")
    await drive.send(
        "create",
        "POST",
        drive.url("sessions"),
        probe="unknown templates only",
        json=drive.body(templates=[UNKNOWN_TEMPLATE]),
    )
