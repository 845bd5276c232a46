"""Chapter 4: the discovery document."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from conformance.checks.declared import documents, is_absolute, listed, member, methods
from conformance.checks.media import parse
from conformance.checks.refusals import put_off
from conformance.checks.registry import check
from conformance.finding import departs, holds, not_applicable, recorded, violates, warns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_MAX_AGE = re.compile(r"\b(?:s-maxage|max-age)\s*=\s*\"?(\d+)", re.IGNORECASE)
_CODE = re.compile(r"[a-z]{2}\Z")
_TAG = re.compile(r"[A-Za-z-]{2,5}\Z")
_SPEEDS = ("fast", "standard", "thorough")


def _answers(evidence: Evidence) -> Iterator[Exchange]:
    return evidence.select("discovery", valid=True)


def _last(evidence: Evidence) -> Exchange | None:
    """The answer that ended the redirects, if any."""
    return next(reversed(list(_answers(evidence))), None)


def _judge(
    evidence: Evidence, path: tuple[str, ...], good: Callable[[Any], bool], told: str, expected: str
) -> Iterator[Finding]:
    """One member of the document; nothing is judged where there is no document (DISC-001 says so)."""
    for x in documents(evidence):
        value = member(x.document, *path)
        pointer = "/" + "/".join(path)
        yield holds(x) if good(value) else violates(x, told, pointer=pointer, expected=expected, actual=value)


def _integer(value: object, least: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (isinstance(value, int) or value.is_integer()) and value >= least


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


@check("DISC-001")
def discovery_is_served(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) GET /.well-known/medscribealliance ends in 200."""
    x = _last(evidence)
    if x is not None:
        yield _served(x, "GET /.well-known/medscribealliance is not 200.")


def _served(x: Exchange, told: str) -> Finding:
    return holds(x) if x.status == 200 else put_off(x) or violates(x, told, expected=200, actual=x.status)


@check("DISC-002")
def discovery_needs_no_credential(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) Without any credential 200."""
    x = _last(evidence)
    bare = x is not None and not any(x.request.header(name) for name in ("authorization", "x-api-key", "cookie"))
    if x is not None and bare:
        yield _served(x, "Discovery without a credential is not 200.")


@check("DISC-003")
def discovery_is_json(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) application/json, and a JSON object."""
    for x in _answers(evidence):
        if x.status != 200 or x.response is None:
            continue
        if x.response.media_type == "application/json" and isinstance(x.response.json, dict):
            yield holds(x)
        else:
            told = "The discovery document is no JSON object, or not labelled application/json."
            yield violates(x, told, expected="application/json", actual=x.response.media_type)


@check("DISC-004")
def discovery_is_cacheable(evidence: Evidence) -> Iterable[Finding]:
    """(4.1) A positive lifetime, or a validator."""
    for x in documents(evidence):
        assert x.response is not None, "a document is an answer"
        control = ", ".join(value for name, value in x.response.headers if name.lower() == "cache-control")
        lives = any(age.strip("0") for age in _MAX_AGE.findall(control))
        valid = any(x.response.header(name) for name in ("etag", "last-modified"))
        fresh = "no-store" not in control.lower() and (lives or valid or _expires_later(x))
        yield holds(x) if fresh else warns(x, "The discovery document cannot be cached.", actual=control, erratum="E58")


def _expires_later(x: Exchange) -> bool:
    told = x.response.header("expires") if x.response else None
    date = x.response.header("date") if x.response else None
    try:
        return bool(told and date and parsedate_to_datetime(told) > parsedate_to_datetime(date))
    except (TypeError, ValueError):
        return False


@check("DISC-005")
def protocol_is_named(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) protocol is medscribealliance."""
    told = "protocol is not the literal the protocol names."
    yield from _judge(evidence, ("protocol",), lambda v: v == "medscribealliance", told, "medscribealliance")


@check("DISC-006")
def protocol_version_is_a_string(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) protocol_version is required."""
    told = "protocol_version is missing or no string."
    yield from _judge(evidence, ("protocol_version",), lambda v: isinstance(v, str), told, "string")


@check("DISC-007")
def supported_versions_are_strings(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) A non-empty array of strings."""
    told = "supported_versions is no array of strings with an entry."
    yield from _judge(evidence, ("supported_versions",), lambda v: bool(v) and _strings(v), told, "array of strings")


@check("DISC-008")
def base_url_is_the_root(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) An absolute URL below which POST /sessions exists."""
    told = "endpoints.base_url is no absolute http(s) URL."
    yield from _judge(evidence, ("endpoints", "base_url"), is_absolute, told, "absolute URL")
    creates = list(evidence.select("create", valid=True))
    there = [x for x in creates if x.status not in (404, 405, 501)]
    for x in there[:1] or creates[:1]:
        told = "POST /sessions does not exist below base_url."
        yield holds(x) if there else violates(x, told, expected="not 404, 405 or 501", actual=x.status)


@check("DISC-009")
def declared_webhooks_have_a_url(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) webhook_delivery true needs endpoints.webhooks_url."""
    for x in documents(evidence):
        if member(x.document, "capabilities", "webhook_delivery") is not True:
            declared = member(x.document, "capabilities", "webhook_delivery")
            yield not_applicable("capabilities.webhook_delivery is not true.", declared)
            continue
        url = member(x.document, "endpoints", "webhooks_url")
        told = "Webhooks are declared without an absolute webhooks_url."
        yield holds(x) if is_absolute(url) else violates(x, told, pointer="/endpoints/webhooks_url", actual=url)


@check("DISC-010")
def authentication_methods_are_listed(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) api_key, oidc or both."""

    def good(value: object) -> bool:
        return isinstance(value, list) and bool(value) and all(item in ("api_key", "oidc") for item in value)

    told = "authentication.supported_methods is no list of api_key and oidc."
    yield from _judge(evidence, ("authentication", "supported_methods"), good, told, "api_key, oidc or both")


@check("DISC-011")
def audio_formats_are_media_types(evidence: Evidence) -> Iterable[Finding]:
    """(4.7) A non-empty array of media types; another top level than audio is a warning."""
    for x in documents(evidence):
        value = member(x.document, "capabilities", "audio_formats")
        pointer = "/capabilities/audio_formats"
        sound = isinstance(value, list) and bool(value) and all(isinstance(v, str) and parse(v) for v in value)
        if not sound:
            told = "capabilities.audio_formats is no array of media types."
            yield violates(x, told, pointer=pointer, expected="e.g. audio/webm;codecs=opus", actual=value)
        elif any(not v.lower().startswith("audio/") for v in value):
            yield warns(x, "An audio format is of another top-level type than audio.", pointer=pointer, actual=value)
        else:
            yield holds(x)


@check("DISC-012")
def the_chunk_limit_is_an_integer(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) capabilities.max_chunk_duration_seconds, above 0."""
    told = "max_chunk_duration_seconds is no integer above 0."
    path = ("capabilities", "max_chunk_duration_seconds")
    yield from _judge(evidence, path, lambda v: _integer(v, 1), told, "integer above 0")


@check("DISC-013")
def the_chunk_limit_is_at_most_twenty_seconds(evidence: Evidence) -> Iterable[Finding]:
    """(7.7) The recommended value."""
    for x in documents(evidence):
        value = member(x.document, "capabilities", "max_chunk_duration_seconds")
        if _integer(value, 1):
            told = "The chunk limit is above the recommended twenty seconds."
            yield holds(x) if value <= 20 else warns(x, told, expected="<= 20", actual=value, erratum="E59")


def _models(x: Exchange) -> list[dict[str, Any]]:
    found = member(x.document, "models")
    return [m for m in found if isinstance(m, dict)] if isinstance(found, list) else []


@check("DISC-014")
def models_are_described(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) An array of objects; an empty one is a warning."""
    for x in documents(evidence):
        value = member(x.document, "models")
        if not isinstance(value, list) or not all(isinstance(m, dict) for m in value):
            yield violates(x, "models is no array of objects.", pointer="/models", actual=value)
        else:
            yield holds(x) if value else warns(x, "models is empty.", pointer="/models", actual=value)


@check("DISC-015")
def models_have_their_members(evidence: Evidence) -> Iterable[Finding]:
    """(4.5) A unique id, display_name, languages, max_session_duration_seconds."""
    for x in documents(evidence):
        ids = [m.get("id") for m in _models(x)]
        for at, model in enumerate(_models(x)):
            wrong = _model_faults(model)
            if ids.count(model.get("id")) > 1:
                wrong["id"] = model.get("id")
            for name, value in wrong.items():
                told = f"{name} of a model is missing, of another type, or not unique."
                yield violates(x, told, pointer=f"/models/{at}/{name}", expected=_MEMBERS[name], actual=value)
            if not wrong:
                yield holds(x)
        if x.document.get("models") == []:
            yield not_applicable("Discovery lists no model (DISC-014 warns of it).", [])


_MEMBERS = {
    "id": "unique non-empty string",
    "display_name": "string",
    "languages": "array of strings",
    "max_session_duration_seconds": "integer above 0",
}


def _model_faults(model: dict[str, Any]) -> dict[str, Any]:
    good = {
        "id": isinstance(model.get("id"), str) and bool(model.get("id")),
        "display_name": isinstance(model.get("display_name"), str),
        "languages": _strings(model.get("languages")),
        "max_session_duration_seconds": _integer(model.get("max_session_duration_seconds"), 1),
    }
    return {name: model.get(name) for name, fine in good.items() if not fine}


@check("DISC-017")
def response_speed_is_one_of_three(evidence: Evidence) -> Iterable[Finding]:
    """(4.5) fast, standard or thorough, where it is given."""
    for x in documents(evidence):
        for at, model in enumerate(_models(x)):
            speed, pointer = model.get("response_speed", _SPEEDS[0]), f"/models/{at}/response_speed"
            if speed is None:
                yield warns(x, "response_speed is null, which counts as absent (rule 4).", pointer=pointer)
                continue
            told = "response_speed is none of the three words."
            yield holds(x) if speed in _SPEEDS else violates(x, told, pointer=pointer, expected=_SPEEDS, actual=speed)
        if not listed(x.document, "models"):
            yield not_applicable("Discovery lists no model.", x.document.get("models"))


@check("DISC-019")
def features_are_booleans(evidence: Evidence) -> Iterable[Finding]:
    """(4.5) The three named ones, where they are given."""
    for x in documents(evidence):
        for at, model in enumerate(_models(x)):
            features = model.get("features")
            for name in ("realtime_transcription", "speaker_diarization", "custom_templates"):
                value = features.get(name) if isinstance(features, dict) else None
                fine = value is None or isinstance(value, bool)
                told = f"features.{name} is no boolean."
                yield holds(x) if fine else violates(x, told, pointer=f"/models/{at}/features/{name}", actual=value)


@check("DISC-020")
def model_languages_are_two_letter_codes(evidence: Evidence) -> Iterable[Finding]:
    """(4.5, 4.6) ISO 639-1; leniently tags of up to five characters."""
    for x in documents(evidence):
        for at, model in enumerate(_models(x)):
            codes = model.get("languages")
            if not _strings(codes) or not codes:
                continue  # DISC-015 says so; an empty list names no code.
            pointer, told = f"/models/{at}/languages", "A model language is no two-letter code."
            if all(_CODE.match(code) for code in codes):
                yield holds(x)
            elif all(_TAG.match(code) for code in codes):
                yield departs(x, "E16", told, pointer=pointer, actual=codes)
            else:
                yield violates(x, told, pointer=pointer, expected="e.g. en", actual=codes)
        if not any(listed(model, "languages") for model in _models(x)):
            yield not_applicable(
                "No model names a language (DISC-014 and DISC-015 judge that).", listed(x.document, "models")
            )


@check("DISC-021")
def service_languages_fit_the_models(evidence: Evidence) -> Iterable[Finding]:
    """(4.6) languages.supported is a list that has every model's languages, auto_detection a boolean."""
    for x in documents(evidence):
        supported = member(x.document, "languages", "supported")
        automatic = member(x.document, "languages", "auto_detection")
        spoken = {code for m in _models(x) for code in listed(m, "languages") if isinstance(code, str)}
        if supported is not None and not _strings(supported):
            yield violates(x, "languages.supported is no array of strings.", actual=supported)
        elif automatic is not None and not isinstance(automatic, bool):
            yield violates(x, "languages.auto_detection is no boolean.", actual=automatic)
        elif supported is not None and spoken - set(supported):
            yield recorded(x, "Model languages that languages.supported lacks", sorted(spoken - set(supported)))
        else:
            yield holds(x)


@check("DISC-023")
def upload_methods_are_chunked_and_single(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) An array, where it is given; other items are recorded."""
    for x in documents(evidence):
        value = member(x.document, "capabilities", "upload_methods")
        if value is None or (isinstance(value, list) and set(map(str, value)) <= {"chunked", "single"}):
            yield holds(x)
        elif isinstance(value, list):
            yield recorded(x, "upload_methods lists more than chunked and single", value)
        else:
            yield violates(x, "upload_methods is no array.", pointer="/capabilities/upload_methods", actual=value)


@check("DISC-024")
def delivery_flags_are_booleans(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) webhook_delivery and client_sdk_delivery."""
    for x in documents(evidence):
        for name in ("webhook_delivery", "client_sdk_delivery"):
            value = member(x.document, "capabilities", name)
            fine = value is None or isinstance(value, bool)
            told = f"capabilities.{name} is no boolean."
            yield holds(x) if fine else violates(x, told, pointer=f"/capabilities/{name}", actual=value)


@check("DISC-025")
def oidc_endpoints_are_published(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) With oidc: authorization_endpoint and token_endpoint, under either parent."""
    if "oidc" not in methods(evidence):
        yield not_applicable("authentication.supported_methods does not list oidc.", methods(evidence))
        return
    for x in documents(evidence):
        for name in ("authorization_endpoint", "token_endpoint"):
            found = [member(x.document, "authentication", "oidc", name), member(x.document, "endpoints", name)]
            told = f"OIDC is declared without an absolute {name}."
            yield holds(x) if any(map(is_absolute, found)) else violates(x, told, actual=found)


@check("DISC-027")
def service_members_are_sound(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) service.name a string, documentation_url a URL, support_email an address."""
    for x in documents(evidence):
        name = member(x.document, "service", "name")
        url = member(x.document, "service", "documentation_url")
        mail = member(x.document, "service", "support_email")
        fine = {
            "name": (name, name is None or isinstance(name, str)),
            "documentation_url": (url, url is None or is_absolute(url)),
            "support_email": (mail, mail is None or (isinstance(mail, str) and "@" in mail.strip("@"))),
        }
        for label, (value, good) in fine.items():
            told, pointer = f"service.{label} is not what its name says.", f"/service/{label}"
            yield holds(x) if good else violates(x, told, pointer=pointer, actual=value)
