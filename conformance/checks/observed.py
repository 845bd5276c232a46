"""What generated requests showed that no requirement asks for: told in the report, and never a failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.checks.generated import fallen, generated, of_proxies, refusals_of, smallest
from conformance.checks.once import once
from conformance.checks.refusals import busy
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from scribe_data.fuzz import RefusalKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.evidence import Evidence, Exchange

#: Methods that any server may take for any address (RFC 9110 §9.3).
_GENERAL = ("HEAD", "OPTIONS")
#: Operations whose valid requests do not depend on what was done to a session before.
_STATELESS = (Operation.DISCOVERY, Operation.TEMPLATES, Operation.CREATE, Operation.GET)


@dataclass(frozen=True)
class Observation:
    """One kind of answer, how often it came, the smallest request that got it, and why nothing counts it."""

    judgement: str
    text: str
    count: int
    exchange: int
    reason: str


@once
def observations(evidence: Evidence) -> tuple[Observation, ...]:
    """The observations of a whole run, by the judgements that `fuzz.yaml` calls observed."""
    table = evidence.text.fuzz.judgements
    found: dict[tuple[str, str], list[Exchange]] = {}
    for view in evidence.views.values():
        for name, look in _LOOKS.items():
            if name in table and table[name].observed:
                for text, x in look(view):
                    found.setdefault((name, text), []).append(x)
    return tuple(
        Observation(name, text, len(cases), smallest(cases).number, table[name].reason or "")
        for (name, text), cases in found.items()
    )


def _said(x: Exchange) -> str:
    return f"{x.request.method} ({x.label.operation})"


def _answered(view: Evidence) -> list[Exchange]:
    return [x for x in generated(view) if x.response is not None and not busy(x)]


def _undocumented(view: Evidence) -> Iterable[tuple[str, Exchange]]:
    documented = _documented(view)
    for x in _answered(view):
        known = documented.get(x.label.operation)
        if known is not None and x.status < 500 and str(x.status) not in known:
            yield f"{_said(x)} is answered {x.status}, which the OpenAPI document does not show", x


def _documented(view: Evidence) -> Mapping[str, frozenset[str]]:
    """Operation -> the statuses that the OpenAPI document shows for it; uploads go where the target says."""
    paths = view.text.openapi["paths"]
    found = {}
    for endpoint in view.text.protocol.endpoints.values():
        operation = paths.get(endpoint.path, {}).get(endpoint.method.lower())
        if operation is not None:
            found[endpoint.name] = frozenset(operation["responses"])
    return found


def _refused_though_valid(view: Evidence) -> Iterable[tuple[str, Exchange]]:
    for x in _answered(view):
        if x.label.probe is None and x.label.operation in _STATELESS and 400 <= x.status < 500:
            yield f"{_said(x)} is answered {x.status}, though its schema takes the request", x


def _taken(odd: Probe, what: str, methods: tuple[str, ...] = ()) -> Callable[[Evidence], list[tuple[str, Exchange]]]:
    """Requests of one family of probes that were taken, but for those of some methods."""

    def look(view: Evidence) -> list[tuple[str, Exchange]]:
        return [
            (f"{_said(x)} is taken with {what}", x)
            for x in _answered(view)
            if x.accepted and odd.covers(x.label.probe) and x.request.method not in methods
        ]

    return look


def _open_body(view: Evidence) -> Iterable[tuple[str, Exchange]]:
    table = refusals_of(view.text)
    for x in _answered(view):
        entry = table.of(view, x) if x.accepted and x.label.probe else None
        if entry is not None and entry.kind is RefusalKind.OPEN:
            yield f"{_said(x)} is taken with a body the schema forbids ({entry.name})", x


def _open_syntax(view: Evidence) -> Iterable[tuple[str, Exchange]]:
    for x in _answered(view):
        probe = x.label.probe or ""
        told = Probe.ODD_SYNTAX.detail(probe) if Probe.ODD_SYNTAX.covers(probe) else ""
        known = view.text.fuzz.syntax.get(told)
        if known is not None and known.requirement is None and not known.json and x.accepted:
            yield f"{_said(x)} is taken with {known.name}", x


def _unanswered(view: Evidence) -> Iterable[tuple[str, Exchange]]:
    for x in fallen(view).silent:
        if of_proxies(x):
            yield f"{_said(x)} gets no answer ({x.label.probe})", x


def _broken(view: Evidence) -> Iterable[tuple[str, Exchange]]:
    for x in fallen(view).errors:
        yield f"{_said(x)} is answered {x.status}, twice in a row", x


_LOOKS: Mapping[str, Callable[[Evidence], Iterable[tuple[str, Exchange]]]] = {
    "not_a_server_error": _broken,
    "an_answer": _unanswered,
    "status_code_conformance": _undocumented,
    "positive_data_acceptance": _refused_though_valid,
    "negative_data_rejection": _open_body,
    "negative_path_rejection": _taken(Probe.ODD_PATH, "a path its schema forbids"),
    "negative_header_rejection": _taken(Probe.ODD_HEADER, "a header its schema forbids"),
    "unsupported_method": _taken(Probe.ODD_METHOD, "a method the text does not have", _GENERAL),
    "content_type_rejection": _taken(Probe.ODD_TYPE, "a media type the text does not have", ("GET",)),
    "syntax_rejection": _open_syntax,
}
