"""Every scenario of what is served by its name: states, codes and where they belong are read off the spec."""

from __future__ import annotations

import functools
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import scribe_data
from mock_server.scenarios import inquiries, outcomes, troubles
from mock_server.served import RESEARCH
from scribe_data import PROFILE, REVISION
from scribe_data.codes import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mock_server.scenarios.scenario import Absent, Scenario
    from scribe_data import Spec
    from scribe_data.codes import ErrorCode


def _belonging(spec: Spec, ours: Mapping[str, str]) -> dict[str, list[str]]:
    """Error code -> the operations whose answers in the OpenAPI document name it; `ours` are its names for them."""
    found: dict[str, list[str]] = {}
    for item in spec.openapi["paths"].values():
        for entry in item.values():
            if not isinstance(entry, dict) or "responses" not in entry:
                continue
            for given in entry["responses"].values():
                answer = spec.openapi["components"]["responses"].get(given.get("$ref", "").rpartition("/")[2], given)
                for code in answer.get("x-error-codes", ()):
                    operation = ours[entry["operationId"]]
                    if operation not in found.setdefault(code, []):
                        found[code].append(operation)
    return found


def _cited(code: ErrorCode, clause: str) -> str:
    return ", ".join([f"{clause} {code.name}", *code.errata])


def _of_codes(spec: Spec) -> Iterable[Scenario]:
    ours = {theirs: name for name, listed in troubles.OPERATIONS.items() for theirs in listed}
    belonging = _belonging(spec, ours)
    for code in spec.codes.values():
        if Place.ANSWER in code.places:
            yield troubles.refused(code, belonging.get(code.name, []), _cited(code, "§11.2"))
        if Place.FAILURE in code.places:
            yield outcomes.failing(code, _cited(code, "§9.7"))
        if Place.TEMPLATE in code.places:
            yield outcomes.template_failing(code, _cited(code, "§9.6"))


def _of_sessions(revision: str) -> Iterable[Scenario]:
    """Those of medscribe."""
    spec = scribe_data.load(PROFILE, revision)
    yield from troubles.refusals(spec.codes)
    yield from troubles.deliveries()
    yield from outcomes.progress()
    yield from outcomes.results(spec)
    yield from _of_codes(spec)


def _of_research() -> Iterable[Scenario]:
    """Those of research sessions."""
    spec = scribe_data.load(RESEARCH)
    known = tuple(inquiries.OPERATIONS.values())
    yield from troubles.refusals(spec.codes, known, "PRSM E39")
    yield from troubles.deliveries(known, inquiries.OPERATIONS["get"])
    yield from inquiries.progress()
    yield from inquiries.results()
    ours = {
        spec.openapi["paths"][each.path][each.method.lower()]["operationId"]: inquiries.OPERATIONS[name]
        for name, each in spec.protocol.endpoints.items()
    }
    belonging = _belonging(spec, ours)
    for code in spec.codes.values():
        cited = ", ".join(["PRSM Error Responses", *code.errata])
        if Place.ANSWER in code.places:
            yield troubles.refused(code, belonging.get(code.name, []), cited, known, known)
        if Place.FAILURE in code.places:
            yield inquiries.failing(code.name, cited)


@functools.cache
def catalogue(revision: str = REVISION, profiles: tuple[str, ...] = (PROFILE,)) -> Mapping[str, Scenario]:
    """The scenarios of what is served; read once, and not before somebody asks."""
    found: dict[str, Scenario] = {}
    if PROFILE in profiles:
        found = {scenario.name: scenario for scenario in _of_sessions(revision)}
    if RESEARCH in profiles:
        for each in _of_research():
            own = replace(each, profiles=(RESEARCH,))
            found[own.name] = found[own.name].joined(own) if own.name in found else own
    return MappingProxyType(found)


@functools.cache
def absent(revision: str, profiles: tuple[str, ...] = (PROFILE,)) -> Mapping[str, Absent]:
    """The scenarios of other texts that what is served has no place for, with the reason."""
    if PROFILE not in profiles:
        return MappingProxyType(
            {each.name: each for each in inquiries.absent(catalogue(), catalogue(REVISION, profiles))}
        )
    return MappingProxyType({each.name: each for each in outcomes.absent(scribe_data.load(PROFILE, revision))})
