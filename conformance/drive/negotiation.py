"""Before the journeys: find the API, a spelling of the key that works, what is listed, and the dialect of uploads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from conformance.drive.driver import Driver
from conformance.drive.parcel import API_FORMS
from conformance.drive.patience import retry_after
from conformance.drive.wire import SPELLINGS
from conformance.evidence import Label
from conformance.target import CredentialsRefused, Target, TargetUnreachable, is_public, split_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.wire import Heard, Wire
    from conformance.evidence import Response
    from fixtures import Fixture

JOURNEY = "preparation"
WELL_KNOWN = "/.well-known/medscribealliance"
#: DISC-001 allows so many.
REDIRECTS = 5
#: Where an API lies whose discovery does not say: at the address given, or where the examples of the text have it.
USUAL_ROOTS = ("", "/v1")
#: 429 and 503 are waited out so often before the answer counts (rule 2).
WAITS = 3


@dataclass(frozen=True)
class _Found:
    """Discovery as far as it could be read; `answered` is the last answer, `document` empty when it is no object."""

    answered: Response
    document: Mapping[str, Any]


async def prepare(wire: Wire, audio: Mapping[str, Fixture]) -> Target:
    """What the target is, recorded as it is found out.

    Raises TargetUnreachable when nothing that could be the protocol answers, CredentialsRefused when no spelling of
    the key is let in. A service without discovery is still graded, from the address the operator gave.
    """
    found = await _discover(wire)
    base = await _base_url(wire, found)
    wire.trust(base)
    listed = await _sign_in(wire, base)
    target = _declared(wire, base, found.document, listed)
    return await _dialect(wire, target, audio)


async def _ask(wire: Wire, label: Label, url: str, headers: Mapping[str, str] | None = None) -> Heard:
    """A GET by rule 2, bounded as long as nothing of the target is known."""
    waits = repeats = 0
    while True:
        numbered = replace(label, attempt=1 + waits + repeats)
        heard = await wire.exchange(numbered, "GET", url, headers=headers, timeout=wire.options.first_timeout)
        if heard.exchange.status in (429, 503) and waits < WAITS:
            await wire.budget.pause(retry_after(heard.answer, waits))
            waits += 1
        elif heard.exchange.status >= 500 and heard.exchange.status != 503 and not repeats:
            repeats += 1
        else:
            return heard


async def _discover(wire: Wire) -> _Found:
    """GET the well-known document without any credential, over at most five redirects."""
    url = wire.options.target.rstrip("/") + WELL_KNOWN
    redirects = 0
    while True:
        heard = await _ask(wire, Label("discovery", JOURNEY), url)
        answer = heard.answer
        if answer is None:
            raise TargetUnreachable(_advice(wire.options.target, heard.exchange.trouble or ""))
        if answer.status in (401, 403):
            # That it needs a key is DISC-002's; what lies where is wanted all the same.
            label = Label("discovery", JOURNEY, probe="discovery with the key", graded=False)
            opened = (await _ask(wire, label, url, wire.credentials(url, "right"))).answer
            return _Found(answer, opened.document if opened and opened.status == 200 else {})
        location = answer.header("location")
        if not 300 <= answer.status < 400 or not location or redirects == REDIRECTS:
            return _Found(answer, answer.document if answer.status == 200 else {})
        url = urljoin(url, location)
        redirects += 1


def _advice(target: str, trouble: str) -> str:
    if "CERTIFICATE" in trouble.upper() or "SSL" in trouble.upper() or "TLS" in trouble.upper():
        return f"{target}: no secure connection ({trouble}); check the certificate, or whether the port speaks https"
    if "no complete answer" in trouble:
        return f"{target} accepts connections but does not answer ({trouble}); check that the service runs behind it"
    return f"{target} cannot be reached ({trouble}); check the address and that the service runs"


async def _base_url(wire: Wire, found: _Found) -> str:
    """endpoints.base_url; failing that the usual root whose template list answers, else the address given."""
    endpoints = found.document.get("endpoints")
    declared = endpoints.get("base_url") if isinstance(endpoints, dict) else None
    target = wire.options.target.rstrip("/")
    if isinstance(declared, str) and declared:
        absolute = urljoin(target + "/", declared)
        if split_origin(absolute) is not None:
            return absolute.rstrip("/")
    pages = _is_page(found.answered)
    for root in USUAL_ROOTS:
        url = f"{target}{root}/templates"
        label = Label("templates", JOURNEY, probe="looking for the API", graded=False)
        heard = await _ask(wire, label, url, wire.credentials(url, "right"))
        if heard.answer and heard.answer.document and (heard.exchange.accepted or heard.exchange.status in (401, 403)):
            return f"{target}{root}"
        pages = pages or bool(heard.answer and _is_page(heard.answer))
    if pages:
        raise TargetUnreachable(
            f"{target} answers with web pages, not with JSON; give the address below which {WELL_KNOWN} lies"
        )
    return target


def _is_page(answer: Response) -> bool:
    return answer.media_type == "text/html" or answer.body.lstrip()[:9].lower() in (b"<!doctype", b"<html>")


async def _sign_in(wire: Wire, base: str) -> tuple[str, ...]:
    """Try each spelling of the key on the template list (E47), go on with the first that works; the ids listed."""
    url = f"{base}/templates"
    heard: dict[str, Heard] = {}
    for spelling in SPELLINGS:
        label = Label("templates", JOURNEY, probe=f"credential: {spelling}")
        heard[spelling] = await _ask(wire, label, url, wire.credentials(url, "right", spelling))
    if all(each.answer is None for each in heard.values()):
        trouble = next(iter(heard.values())).exchange.trouble or ""
        raise TargetUnreachable(f"discovery of {wire.options.target} names a base_url: {_advice(base, trouble)}")
    if all(each.exchange.status in (401, 403) for each in heard.values()):
        said = ", ".join(f"{spelling}: {each.exchange.status}" for spelling, each in heard.items())
        raise CredentialsRefused(f"{url} refuses the key in every spelling ({said}); check --api-key")
    wire.spelling = next((s for s in SPELLINGS if heard[s].exchange.accepted), SPELLINGS[0])
    listing = await _ask(wire, Label("templates", JOURNEY), url, wire.credentials(url, "right"))
    entries = listing.answer.document.get("templates") if listing.answer else None
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    named = [value for value in ids if isinstance(value, str) and value]
    return tuple(sorted(dict.fromkeys(named), key=lambda value: value == "transcript"))


def _declared(wire: Wire, base: str, document: Mapping[str, Any], listed: tuple[str, ...]) -> Target:
    """What discovery says, as far as it has the types the text gives it."""
    capabilities = document.get("capabilities")
    told: Mapping[str, Any] = capabilities if isinstance(capabilities, dict) else {}
    models = tuple(m for m in _list(document.get("models")) if isinstance(m, dict) and isinstance(m.get("id"), str))
    english = [m for m in models if "en" in _list(m.get("languages"))]
    known = tuple(m for m in _list(told.get("upload_methods")) if m in ("chunked", "single"))
    methods = known or ("chunked", "single")
    limit = told.get("max_chunk_duration_seconds")
    return Target(
        base_url=base,
        discovery=document,
        templates=listed,
        models=models,
        model=(*english, *models, {})[0],
        audio_formats=tuple(f for f in _list(told.get("audio_formats")) if isinstance(f, str)),
        upload_methods=methods,
        upload_type="chunked" if "chunked" in methods else "single",
        max_chunk_seconds=float(limit) if isinstance(limit, int | float) and not isinstance(limit, bool) else None,
        second_key=wire.options.second_api_key is not None,
        public_host=is_public(base),
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


async def _dialect(wire: Wire, target: Target, audio: Mapping[str, Fixture]) -> Target:
    """Find out in a session of its own, never graded, which form of upload the target takes (E44, E82)."""
    drive = Driver(JOURNEY, wire, target, audio)
    handle = await drive.create("preparation", graded=False)
    if handle is None:
        return target
    if not wire.owns(handle.upload_url):
        return replace(target, api_target=False, upload_form="storage-put")
    fixture = min(audio, key=lambda name: (audio[name].kind != "short", len(audio[name].read())), default=None)
    if fixture is None:
        return replace(target, api_target=True)
    for form in API_FORMS:
        name = f"audio_0{audio[fixture].path.suffix}"
        sent = await drive.upload(handle, fixture, name=name, form=form, graded=False)
        if sent.accepted:
            url = drive.url("sessions", handle.session_id, "end")
            await drive.send("end", "POST", url, session=handle.key, graded=False)
            return replace(target, api_target=True, upload_form=form)
    return replace(target, api_target=True)
