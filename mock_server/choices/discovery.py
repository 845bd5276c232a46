"""Choices that the discovery document and the list of templates tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.discovery import caching
from mock_server.choices.choice import Choice
from mock_server.choices.clause import leaves_out, lenient_where, orders, requires, streams, where, worded
from mock_server.choices.editing import headed, merged, refused
from mock_server.session.model import STREAM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

#: Lists of formats by the words of the choice.
FORMATS: Final = {
    "wav, webm": ("audio/wav", "audio/webm;codecs=opus"),
    "webm with a blank, ogg": ("audio/webm; codecs=opus", "audio/ogg;codecs=opus"),
    "mp4, webm, wav": ("audio/mp4", "audio/webm;codecs=opus", "audio/wav"),
}
#: Ids of models and the seconds that a session of each may last.
OFFERS: Final = {
    "lite": {"lite": 600},
    "pro": {"pro": 3600},
    "lite 15 min, pro 30 min": {"lite": 900, "pro": 1800},
    "pro 60 min, lite 10 min": {"pro": 3600, "lite": 600},
}
_ALL_MODELS, _ALL_METHODS = ("lite", "pro"), ("chunked", "single")
METHODS: Final = {"both": ("chunked", "single"), "unsaid": None, "chunked": ("chunked",), "single": ("single",)}
_FEWER = ("soap", "medications", "vitals")
_ETAG = "ETag only"


def _refuse(field: str, taken: Iterable[str]) -> problems.Problem:
    return problems.invalid_request(f"The field {field!r} has to be one of {', '.join(taken)}.", field=field)


def _method(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    taken = METHODS[str(asked.taken["upload_methods"])] or _ALL_METHODS
    # whoever names none means the first, and says so where that is not taken (E10)
    if document.get("upload_type", _ALL_METHODS[0]) in [each for each in _ALL_METHODS if each not in taken]:
        raise _refuse("upload_type", taken)
    return document


def modelled(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    """A create with a model that is offered; 400 for one that is not."""
    offers = list(OFFERS.get(str(asked.taken["models"]), _ALL_MODELS))
    if "model" not in document:
        usual = asked.taken["default_model"] == _ALL_MODELS[0] and _ALL_MODELS[0] in offers
        return {**document, "model": _ALL_MODELS[0] if usual else offers[-1]}
    if document["model"] in _ALL_MODELS and document["model"] not in offers:
        raise _refuse("model", offers)
    return document


def _told(answer: Answer) -> bool:
    return answer.status == 200 and isinstance(answer.body, dict)


def _based(asked: Asked, answer: Answer) -> Answer:
    """Addresses below the chosen base, wherever an answer tells one."""
    root = asked.face.root(asked.call.request)
    usual, chosen = f"{root}/v1", f"{root}{asked.taken['base']}"

    def moved(address: str) -> str:
        return chosen + address[len(usual) :] if address == usual or address.startswith(usual + "/") else address

    if answer.headers.get("Location"):
        answer = headed(answer, Location=moved(answer.headers["Location"]))
    if not isinstance(answer.body, dict):
        return answer
    if asked.of("discovery") and "endpoints" in answer.body:
        return merged(answer, endpoints={name: moved(url) for name, url in answer.body["endpoints"].items()})
    url = answer.body.get("upload_url")
    return merged(answer, upload_url=moved(url)) if isinstance(url, str) else answer


async def _below(asked: Asked, onward: Onward) -> Answer:
    path = asked.call.path
    if asked.of("discovery") and not path.startswith("/v1/"):
        return refused(problems.route_not_found(path[:200]))
    return await onward()


def _capable(asked: Asked, answer: Answer, **changes: Any) -> Answer:
    if not (asked.of("discovery") and _told(answer)):
        return answer
    found = {**answer.body["capabilities"], **changes}
    return merged(answer, capabilities={name: value for name, value in found.items() if value is not None})


def _formats(asked: Asked, answer: Answer) -> Answer:
    return _capable(asked, answer, audio_formats=list(FORMATS[str(asked.taken["formats"])]))


def _chunks(asked: Asked, answer: Answer) -> Answer:
    return _capable(asked, answer, max_chunk_duration_seconds=asked.taken["chunk_seconds"])


def _methods(asked: Asked, answer: Answer) -> Answer:
    found = METHODS[str(asked.taken["upload_methods"])]
    sockets = [STREAM] if asked.taken.get("streams") else []
    return _capable(asked, answer, upload_methods=[*found, *sockets] if found else None)


def _stream(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    if not asked.taken["streams"] and document.get("upload_type") == STREAM:
        raise _refuse("upload_type", METHODS[str(asked.taken["upload_methods"])] or _ALL_METHODS)
    return document


def _models(asked: Asked, answer: Answer) -> Answer:
    if not (asked.of("discovery") and _told(answer)):
        return answer
    known = {model["id"]: model for model in answer.body["models"]}
    offers = OFFERS[str(asked.taken["models"])]
    listed = [{**known[name], "max_session_duration_seconds": seconds} for name, seconds in offers.items()]
    return merged(answer, models=listed)


def _each_model(asked: Asked, answer: Answer, *left_out: str) -> Answer:
    if not (asked.of("discovery") and _told(answer)):
        return answer
    kept = [{name: value for name, value in model.items() if name not in left_out} for model in answer.body["models"]]
    return merged(answer, models=kept)


def _features(asked: Asked, answer: Answer) -> Answer:
    if not (asked.of("discovery") and _told(answer)):
        return answer
    # who labels speakers says so (EXT-011)
    kept = [
        {**model, "features": {name: True for name, has in model["features"].items() if has}}
        for model in answer.body["models"]
    ]
    shown = [{name: value for name, value in model.items() if name != "features" or value} for model in kept]
    return merged(answer, models=shown)


def _without(*names: str) -> Any:
    def rewrite(asked: Asked, answer: Answer) -> Answer:
        if not (asked.of("discovery") and _told(answer)):
            return answer
        return replace(answer, body={name: value for name, value in answer.body.items() if name not in names})

    return rewrite


def _named_only(asked: Asked, answer: Answer) -> Answer:
    if not (asked.of("discovery") and _told(answer)):
        return answer
    return merged(answer, service={"name": answer.body["service"]["name"]})


def _listed(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("templates") or not _told(answer):
        return answer
    found = answer.body["templates"]
    if asked.taken["template_list"] == "reversed":
        return merged(answer, templates=found[::-1])
    return merged(answer, templates=[template for template in found if template["id"] in _FEWER])


def _cached(asked: Asked, answer: Answer) -> Answer:
    if not (asked.of("discovery") and _told(answer)):
        return answer
    chosen = asked.taken["discovery_cache"]
    if chosen == _ETAG:
        return headed(answer, Cache_Control=None)
    return headed(answer, ETag=None, Cache_Control=str(chosen))


def revalidated(answer: Answer, presented: str) -> Answer:
    """A discovery document as it has become, with the validator of that; 304 for a client that has it."""
    if not _told(answer) or "ETag" not in answer.headers:
        return answer
    answer = headed(answer, ETag=caching(answer.body)["ETag"])
    has_it = answer.headers["ETag"] in [each.strip() for each in presented.split(",")]
    return replace(answer, status=304, body=None) if has_it else answer


CHOICES = (
    Choice(
        "base",
        "The path below which operations are told to lie; /v1 goes on being served.",
        "E55: everything lies below base_url, wherever that is",
        ("/v1", "", "/scribe/api/v1"),
        scope="discovery",
        rewrites=_based,
    ),
    Choice(
        "discovery_at",
        "Where the discovery document is, besides below /v1.",
        "E90: at the origin; leniently below a usual prefix only",
        ("the origin",),
        ("/v1",),
        scope="discovery",
        around=_below,
    ),
    Choice(
        "formats",
        "Which audio formats are listed; the others go on being taken.",
        "§4.3, CONF-007: two at least. E72: white space is free. E60: what is not listed may be judged by its content",
        ("all", *FORMATS),
        scope="discovery",
        rewrites=_formats,
    ),
    Choice(
        "chunk_seconds",
        "Seconds a chunk may last.",
        "E59, DISC-013: at most 20 is recommended",
        (20, 16, 18),
        scope="discovery",
        rewrites=_chunks,
    ),
    Choice(
        "upload_methods",
        "Which upload types are listed, and taken.",
        "DISC-023, CONF-003: the member is optional, and one of the two is enough",
        tuple(METHODS),
        scope="discovery",
        reads=_method,
        rewrites=_methods,
        in_text=worded(
            lambda spec: not orders("upload_type")(spec),
            ("both", "unsaid"),
            (),
            "DISC-023: the member is optional",
            lenient_where(requires("upload_methods", "capabilities"), "unsaid"),
        ),
    ),
    Choice(
        "streams",
        "Whether audio may come over a socket while it is spoken.",
        "E11, DISC-023: optional",
        (True, False),
        scope="discovery",
        reads=_stream,
        rewrites=_methods,
        needs=("upload_methods", ("both", "chunked", "single")),
        in_text=where(streams),
    ),
    Choice(
        "models",
        "Which models there are, in which order, and how long their sessions may last.",
        "E13, §4.5: lite, pro or both, each with a limit of its own",
        ("lite 10 min, pro 60 min", *OFFERS),
        scope="discovery",
        reads=modelled,
        rewrites=_models,
    ),
    Choice(
        "languages",
        "Whether discovery tells languages beside those of each model.",
        "DISC-021: optional",
        ("listed", "with the models alone"),
        scope="discovery",
        rewrites=_without("languages"),
        in_text=lenient_where(requires("languages"), "with the models alone"),
    ),
    Choice(
        "features",
        "Which features of models are told.",
        "DISC-019: optional booleans",
        ("all", "those it has"),
        scope="discovery",
        rewrites=_features,
    ),
    Choice(
        "response_speed",
        "Whether models tell how fast they are.",
        "DISC-017: optional",
        (True, False),
        scope="discovery",
        rewrites=lambda asked, answer: _each_model(asked, answer, "response_speed"),
        in_text=where(leaves_out("response_speed", "models", "items")),
    ),
    Choice(
        "service",
        "What discovery says of the service.",
        "VER-014, SEC-017: links are a SHOULD",
        ("with links", "its name"),
        scope="discovery",
        rewrites=_named_only,
    ),
    Choice(
        "template_list",
        "Which templates are listed, in which order; the others go on being filled.",
        "§8.2, TPL-005: no order, and no template has to be there",
        ("all", "reversed", "three"),
        rewrites=_listed,
    ),
    Choice(
        "discovery_cache",
        "How discovery may be kept.",
        "E58, DISC-004: any positive life, or a validator",
        ("public, max-age=3600", "max-age=60", _ETAG),
        scope="discovery",
        rewrites=_cached,
    ),
)
