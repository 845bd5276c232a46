"""Chapter 4, what discovery declares of audio, models, languages and delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.checks.declared import documents, listed
from conformance.checks.discovery import are_strings, is_integer
from conformance.checks.registry import check
from conformance.finding import holds, not_applicable, recorded, violates, warns
from conformance.vocabulary.addresses import member
from conformance.vocabulary.media import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


@check("DISC-011", recorded=True)
def audio_formats_are_media_types(evidence: Evidence) -> Iterable[Finding]:
    """(4.7) Each parses as a media type; another top level than audio is a warning."""
    for x in documents(evidence):
        named = [value for value in listed(x.document, "capabilities", "audio_formats") if isinstance(value, str)]
        pointer = "/capabilities/audio_formats"
        if not all(map(parse, named)):
            told = "capabilities.audio_formats lists something that is not a media type."
            yield violates(x, told, pointer=pointer, expected="e.g. audio/webm;codecs=opus", actual=named)
        elif any(not value.lower().startswith("audio/") for value in named):
            yield warns(x, "An audio format is of another top-level type than audio.", pointer=pointer, actual=named)


@check("DISC-013", recorded=True)
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


@check("DISC-014", recorded=True)
def some_model_is_described(evidence: Evidence) -> Iterable[Finding]:
    """(4.3) An empty list of models is a warning."""
    for x in documents(evidence):
        if x.document.get("models") == []:
            yield warns(x, "models is empty.", pointer="/models", actual=[])


@check("DISC-015", recorded=True)
def no_two_models_share_an_id(evidence: Evidence) -> Iterable[Finding]:
    """(4.5) The id of a model is unique."""
    for x in documents(evidence):
        ids = [m.get("id") for m in _models(x)]
        for at, name in enumerate(ids):
            if isinstance(name, str) and ids.count(name) > 1:
                told = "Two models have the same id."
                yield violates(x, told, pointer=f"/models/{at}/id", expected="a unique id", actual=name)
        if x.document.get("models") == []:
            yield not_applicable("Discovery lists no model (DISC-014 warns of it).", [])


@check("DISC-017", recorded=True)
def response_speed_may_be_left_out(evidence: Evidence) -> Iterable[Finding]:
    """(4.5) A model without it is fine."""
    for x in documents(evidence):
        yield from (holds(x) for model in _models(x) if "response_speed" not in model)
        if not listed(x.document, "models"):
            yield not_applicable("Discovery lists no model.", x.document.get("models"))


@check("DISC-020", recorded=True)
def some_model_names_a_language(evidence: Evidence) -> Iterable[Finding]:
    """(4.5, 4.6) Without any, nothing can be said of their codes."""
    for x in documents(evidence):
        if not any(listed(model, "languages") for model in _models(x)):
            yield not_applicable(
                "No model names a language (DISC-014 and DISC-015 judge that).", listed(x.document, "models")
            )


@check("DISC-021", recorded=True)
def service_languages_fit_the_models(evidence: Evidence) -> Iterable[Finding]:
    """(4.6) languages.supported, where it is given, has every model's languages."""
    for x in documents(evidence):
        supported = member(x.document, "languages", "supported")
        spoken = {code for m in _models(x) for code in listed(m, "languages") if isinstance(code, str)}
        if are_strings(supported) and spoken - set(supported):
            yield recorded(x, "Model languages that languages.supported lacks", sorted(spoken - set(supported)))
        elif supported is None:
            yield holds(x)


@check("DISC-023", recorded=True)
def upload_methods_are_chunked_and_single(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) Other items are recorded; without the list there is nothing to say."""
    for x in documents(evidence):
        value = member(x.document, "capabilities", "upload_methods")
        if value is None:
            yield holds(x)
        elif isinstance(value, list) and not set(map(str, value)) <= {"chunked", "single"}:
            yield recorded(x, "upload_methods lists more than chunked and single", value)


@check("DISC-024", recorded=True)
def delivery_flags_may_be_left_out(evidence: Evidence) -> Iterable[Finding]:
    """(4.4) A document without webhook_delivery and client_sdk_delivery is fine."""
    for x in documents(evidence):
        named = ("webhook_delivery", "client_sdk_delivery")
        if all(member(x.document, "capabilities", name) is None for name in named):
            yield holds(x)


@check("DISC-019", recorded=True)
def features_may_be_left_out(evidence: Evidence) -> Iterable[Finding]:
    """(4.5) A model without features is fine."""
    for x in documents(evidence):
        yield from (holds(x) for model in _models(x) if model.get("features") is None)
