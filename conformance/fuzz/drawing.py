"""Schemathesis draws requests for every operation of an OpenAPI document: a program of its own, from stdin to stdout.

It computes for seconds, takes memory, and sets what belongs to a whole process (the seed of `random` among it), and so
is kept out of the process of a run: `conformance.fuzz.drawn` starts it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from conformance.fuzz.case import NAMED, SESSION, UPLOAD, Case, encoded
from conformance.fuzz.offer import NAMED as NAMED_BY
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import schemathesis
    from schemathesis.schemas import APIOperation

#: Where Schemathesis believes the target to be: nothing is sent by it.
_BASE = "http://scribe.invalid/v1"
#: Operation id -> where it goes, for those of which only the target knows.
_GIVEN = {"upload_audio": UPLOAD, "put_audio": NAMED, "post_audio": NAMED}
#: What a parameter location, or the scenario of the coverage phase, means here.
_PLACES = {
    "path": Probe.ODD_PATH,
    "header": Probe.ODD_HEADER,
    "query": Probe.ODD_QUERY,
    "cookie": Probe.ODD_HEADER,
    "body": Probe.ODD_BODY,
}
_SCENARIOS = {
    "unspecified_http_method": Probe.ODD_METHOD,
    "malformed_content_type": Probe.ODD_TYPE,
    "unsupported_content_type": Probe.ODD_TYPE,
}
#: Bodies longer than this show nothing that a shorter one does not, and cost the target more.
_LONGEST_BODY = 65_536
#: A path segment of these characters means the same to every proxy on the way; others are its affair.
_SEGMENT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!$&'()*+,;=:@ ")
_LONGEST_SEGMENT = 200
_BOUNDARY = re.compile(r"boundary=([0-9a-f]{32})")


def draw(document: Mapping[str, Any], *, seed: int, examples: int) -> tuple[Case, ...]:
    """Cases for every operation, the same for the same seed; `examples` bounds the random ones of each."""
    schema = _schema(document, seed, examples)
    found: dict[Case, None] = {}
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # of a document of our own, every operation is
        for drawn in _drawn(operation, examples):
            case = _case(operation, drawn)
            if case is not None:
                found.setdefault(case)
    return tuple(found)


def _schema(document: Mapping[str, Any], seed: int, examples: int) -> schemathesis.schemas.BaseSchema:
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    # Said in full: without it, Schemathesis reads whatever schemathesis.toml lies in the current folder or above.
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": _BASE,
            "generation": {"max-examples": max(examples, 1), "database": "none", "allow-x00": False, "mode": "all"},
            "phases": {"stateful": {"enabled": False}, "fuzzing": {"enabled": examples > 0}},
            "output": {"sanitization": {"enabled": False}, "truncation": {"enabled": False}},
            "cache": {"enabled": False},
        }
    )
    return schemathesis.openapi.from_dict(dict(document), config=config)


def _drawn(operation: APIOperation[Any, Any, Any, Any], examples: int) -> list[Any]:
    """Schemathesis' cases for an operation, in the order it makes them."""
    import hypothesis
    from schemathesis.generation.feedback import FeedbackSources
    from schemathesis.pytest._test_builder import build_operation_test

    made: list[Any] = []

    def keep(case: Any) -> None:
        made.append(case)

    test: Callable[[], None] = build_operation_test(
        config=operation.schema.config,
        operation=operation,
        test_func=keep,
        given_kwargs={},
        feedback=FeedbackSources(),
    )
    phases = [hypothesis.Phase.explicit, *([hypothesis.Phase.generate] if examples else [])]
    # Each said again: what is not, comes from the profile that happens to be loaded (a CI's, or another test suite's).
    settings = hypothesis.settings(
        max_examples=max(examples, 1),
        deadline=None,
        database=None,
        derandomize=False,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
        print_blob=False,
    )
    test._hypothesis_internal_use_settings = settings  # type: ignore[attr-defined]  # noqa: SLF001 - the place @settings writes to
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # What was drawn before it found no more is as good.
        test()
    return made


def _case(operation: APIOperation[Any, Any, Any, Any], drawn: Any) -> Case | None:
    """What the kit sends for a case; None for one that would test a proxy and not the service."""
    name = _operation(operation.definition.raw)
    request = _prepared(drawn)
    if name is None or request is None:
        return None
    headers = _headers(drawn, request)
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body
    if headers is None or not isinstance(content, bytes) or len(content) > _LONGEST_BODY:
        return None
    headers, content = _rebound(headers, content)
    odd, where, how = _changed(drawn)
    path = _path(operation, drawn, request.url, odd)
    if path is None:
        return None
    if odd is Probe.ODD_METHOD:
        name = Operation.OTHER
    elif name is Operation.UPLOAD and odd is None:
        odd, how = Probe.ODD_BODY, "bytes that are no audio"
    query = urlsplit(request.url).query
    phase = drawn.meta.phase.name.value
    return Case(name, request.method, path, headers, query, content, odd, where, how, phase)


def _operation(definition: Mapping[str, Any]) -> Operation | None:
    """The kit's name for an operation: that of the profile, or an upload where only the target knows where it goes."""
    if definition.get("operationId") in _GIVEN:
        return Operation.UPLOAD
    return Operation(definition[NAMED_BY]) if NAMED_BY in definition else None


def _prepared(drawn: Any) -> Any:
    """The request as an HTTP library makes it; None where it refuses to."""
    import requests

    try:
        return requests.Request(**drawn.as_transport_kwargs(base_url=_BASE)).prepare()
    except (ValueError, TypeError, requests.RequestException):
        return None


def _headers(drawn: Any, request: Any) -> tuple[tuple[str, str], ...] | None:
    """The headers that were drawn, and the type of the body; None for a value that HTTP libraries differ about."""
    wanted = {name.lower() for name in drawn.headers or {}} | ({"content-type"} if request.body else set())
    found = [(name, value) for name, value in request.headers.items() if name.lower() in wanted]
    text = [(name, value.decode("latin-1") if isinstance(value, bytes) else value) for name, value in found]
    plain = all(value.isascii() and value.isprintable() and value == value.strip() for _, value in text)
    return tuple(text) if plain else None


def _rebound(headers: tuple[tuple[str, str], ...], content: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """The same form with a boundary of its own making: that of the HTTP library is another one in every run."""
    found = next((match for _, value in headers if (match := _BOUNDARY.search(value))), None)
    if found is None:
        return headers, content
    old = found[1]
    new = f"scribe-{hashlib.sha256(content.replace(old.encode(), b'')).hexdigest()[:24]}"
    return tuple((name, value.replace(old, new)) for name, value in headers), content.replace(
        old.encode(), new.encode()
    )


def _changed(drawn: Any) -> tuple[Probe | None, str, str]:
    """What is not as the document has it: the kind, the place in it, and what became of it."""
    meta = drawn.meta
    data = meta.phase.data
    if not meta.generation.mode.is_negative:
        return None, "", ""
    told = " ".join((data.description or "changed").split())
    scenario = getattr(data, "scenario", None)
    if scenario is not None and scenario.value in _SCENARIOS:
        return _SCENARIOS[scenario.value], "", told
    spoiled = [location.value for location, info in meta.components.items() if info.mode.is_negative]
    location = data.parameter_location.value if data.parameter_location else next(iter(spoiled), "body")
    odd = _PLACES.get(location, Probe.ODD_BODY)
    if odd is Probe.ODD_BODY:
        return odd, (data.location or "").removeprefix("/properties").removesuffix("/type"), told
    return odd, data.parameter or "", told


def _path(operation: APIOperation[Any, Any, Any, Any], drawn: Any, url: str, odd: Probe | None) -> str | None:
    """The path below base_url, with a place for what the target gives where the case leaves it valid."""
    template = str(operation.path)
    wild = odd is Probe.ODD_PATH
    given = _GIVEN.get(operation.definition.raw.get("operationId", ""))
    if given is not None:
        # Only the target knows where audio goes: an address made up for it shows nothing (E44).
        return None if wild else given
    if SESSION not in template:
        return template
    if not wild and drawn.meta.phase.name.value != "fuzzing":
        return template
    segment = unquote(urlsplit(url).path.removeprefix("/v1").split("/")[2:3][0])
    if not segment.strip(" .") or len(segment) > _LONGEST_SEGMENT or not _SEGMENT.issuperset(segment):
        return None
    return template.replace(SESSION, segment)


def main() -> None:
    """Read what to draw as JSON, and write the cases as JSON, one a line."""
    asked = json.load(sys.stdin)
    for case in draw(asked["document"], seed=asked["seed"], examples=asked["examples"]):
        sys.stdout.write(json.dumps(encoded(case)) + "\n")


if __name__ == "__main__":
    main()
