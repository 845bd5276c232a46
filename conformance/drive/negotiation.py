"""Before the journeys: a way that the target takes in every dimension in which it may differ from the text.

Whatever differs is recorded once, as a departure; everything after it uses the way that was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.drive.asking import Asking
from conformance.drive.doors import Found, canonical, discover, root
from conformance.drive.driver import Driver
from conformance.drive.forms import STANDARD_TEMPLATES, printed
from conformance.drive.signing import sign_in, sign_in_second
from conformance.drive.trial import try_out
from conformance.evidence import Departure, Dimension, Label
from conformance.target import Target, is_public
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.drive.wire import Wire
    from scribe_data.recordings import Fixture

__all__ = ["enter", "explore", "prepare"]


async def prepare(wire: Wire, audio: Mapping[str, Fixture]) -> Target:
    """What the target is and takes, recorded as it is found out; raises as `enter` does."""
    return await explore(wire, await enter(wire), audio)


async def explore(wire: Wire, target: Target, audio: Mapping[str, Fixture]) -> Target:
    """The target with the ways it takes in a session of its own."""
    return await try_out(Driver(JourneyName.PREPARATION, wire, target, audio))


async def enter(wire: Wire) -> Target:
    """What the target says of itself, once the key has opened it; no session is made.

    Raises TargetUnreachable when nothing that could be the protocol answers, CredentialsRefused when no spelling of
    the key, or not the second client's, is let in.
    """
    asking = Asking(wire)
    wire.trust(canonical(wire.options))
    found = await discover(asking)
    if found.url:
        wire.trust(found.url)
    base = await root(asking, found)
    wire.trust(base)
    await sign_in(asking, base)
    await sign_in_second(asking, base)
    listed = await _templates(asking, base, found.document)
    return _declared(wire, base, found, listed)


async def _templates(asking: Asking, base: str, document: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids the target lists, in whatever shape, at /templates or where discovery says."""
    wire = asking.wire
    url = f"{base}/templates"
    listing = await asking.ask(
        Label(Operation.TEMPLATES, JourneyName.PREPARATION), url, headers=wire.credentials(url, Credential.RIGHT)
    )
    if wire.options.template:
        return (wire.options.template,)
    plain = _ids(listing.answer.document.get("templates")) if listing.answer and listing.exchange.accepted else []
    if plain:
        return _transcript_last(plain)
    told = listing.answer.json if listing.answer and listing.exchange.accepted else None
    shown, at = listing, url
    endpoints = document.get("endpoints")
    named = endpoints.get("templates_url") if isinstance(endpoints, dict) else None
    found = _ids_anywhere(told)
    if not found and isinstance(named, str) and named:
        label = Label(Operation.TEMPLATES, JourneyName.PREPARATION, probe=Probe.TEMPLATES_URL, graded=False)
        shown, at = await asking.ask(label, named, headers=wire.credentials(named, Credential.RIGHT)), named
        found = _ids_anywhere(shown.answer.json if shown.answer and shown.exchange.accepted else None)
    if found:
        text = f"Template ids are read from {at}, where they do not stand as objects below `templates`."
        wire.recorder.depart(Departure(Dimension.TEMPLATES, text, actual=found[:8], exchange=shown.exchange.number))
    return _transcript_last(found)


def _transcript_last(ids: Iterable[str]) -> tuple[str, ...]:
    """A session that asks for the transcript alone shows little of what notes are."""
    return tuple(sorted(dict.fromkeys(ids), key=lambda value: value == "transcript"))


def _ids(entries: object) -> list[str]:
    """Ids of a list of objects, as chapter 8 has it."""
    if not isinstance(entries, list):
        return []
    found = (entry.get("id") for entry in entries if isinstance(entry, dict))
    return [value for value in found if isinstance(value, str) and value]


def _ids_anywhere(told: object) -> list[str]:
    """Ids of a list in any shape that has them: bare words, objects by another name, a list below another member."""
    if isinstance(told, dict):
        told = next((told[name] for name in ("templates", "items", "data", "results") if name in told), None)
    if isinstance(told, dict):
        return [name for name in told if name]
    if not isinstance(told, list):
        return []
    names = ("id", "template_id", "key", "slug", "name")
    found = [
        next((entry[name] for name in names if isinstance(entry.get(name), str)), "")
        if isinstance(entry, dict)
        else entry
        for entry in told
    ]
    return [value for value in found if isinstance(value, str) and value]


def _declared(wire: Wire, base: str, found: Found, listed: tuple[str, ...]) -> Target:
    """What discovery says, as far as it has the types the text gives it."""
    document = found.document
    capabilities = document.get("capabilities")
    told: Mapping[str, Any] = capabilities if isinstance(capabilities, dict) else {}
    models = tuple(m for m in _list(document.get("models")) if isinstance(m, dict) and isinstance(m.get("id"), str))
    english = [m for m in models if "en" in _list(m.get("languages"))]
    known = tuple(m for m in _list(told.get("upload_methods")) if m in ("chunked", "single"))
    methods = known or ("chunked", "single")
    limit = told.get("max_chunk_duration_seconds")
    upload_type = "chunked" if "chunked" in methods else "single"
    return Target(
        base_url=base,
        discovery_url=found.url if document else None,
        discovery=document,
        templates=listed,
        models=models,
        model=(*english, *models, {})[0],
        audio_formats=tuple(f for f in _list(told.get("audio_formats")) if isinstance(f, str)),
        upload_methods=methods,
        streams="stream" in _list(told.get("upload_methods")),
        form=printed(wire.options.text, template=(listed or STANDARD_TEMPLATES)[0], upload_type=upload_type),
        max_chunk_seconds=float(limit) if isinstance(limit, int | float) and not isinstance(limit, bool) else None,
        second_key=wire.options.second_api_key is not None,
        public_host=is_public(base),
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
