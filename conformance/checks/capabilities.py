"""Chapter 4, what discovery declares of audio, models, languages and delivery."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.checks.declared import documents, listed, member
from conformance.checks.discovery import are_strings, is_integer, judge_each
from conformance.checks.media import parse
from conformance.checks.registry import check
from conformance.finding import departs, holds, not_applicable, recorded, violates, warns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


_CODE = re.compile(r"[a-z]{2}\Z")
_TAG = re.compile(r"[A-Za-z-]{2,5}\Z")
_SPEEDS = ("fast", "standard", "thorough")


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
    yield from judge_each(evidence, path, lambda v: is_integer(v, 1), told, "integer above 0")


@check("DISC-013")
def the_chunk_limit_is_at_most_twenty_seconds(evidence: Evidence) -> Iterable[Finding]:
    """(7.7) The recommended value."""
    for x in documents(evidence):
        value = member(x.document, "capabilities", "max_chunk_duration_seconds")
        if is_integer(value, 1):
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
        "languages": are_strings(model.get("languages")),
        "max_session_duration_seconds": is_integer(model.get("max_session_duration_seconds"), 1),
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
            if not are_strings(codes) or not codes:
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
        if supported is not None and not are_strings(supported):
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
