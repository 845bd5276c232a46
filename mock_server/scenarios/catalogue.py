"""Every scenario of what is served by its name: states, codes and where they belong are read off the spec."""

from __future__ import annotations

import functools
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import scribe_data
from mock_server.api.session_manager.address import OPERATIONS as WINDOW_OPERATIONS
from mock_server.api.session_manager.address import REPLAY
from mock_server.scenarios import dictations, inquiries, outcomes, streams, troubles, windows
from mock_server.served import LIVE, LIVE_REVISION, RESEARCH, WINDOWS
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
    if spec.stream is not None:
        yield from streams.hitches()
    yield from _of_codes(spec)


def _named(spec: Spec, ours: Mapping[str, str]) -> dict[str, list[str]]:
    """Error code -> the operations that may answer it; `ours` are the server's names for those of the profile."""
    ids = {
        spec.openapi["paths"][each.path][each.method.lower()]["operationId"]: ours[name]
        for name, each in spec.protocol.endpoints.items()
    }
    return _belonging(spec, ids)


def _of_research() -> Iterable[Scenario]:
    """Those of research sessions."""
    spec = scribe_data.load(RESEARCH)
    known = tuple(inquiries.OPERATIONS.values())
    yield from troubles.refusals(spec.codes, known, "PRSM E39")
    yield from troubles.deliveries(known, inquiries.OPERATIONS["get"])
    yield from inquiries.progress()
    yield from inquiries.results()
    belonging = _named(spec, inquiries.OPERATIONS)
    for code in spec.codes.values():
        cited = ", ".join(["PRSM Error Responses", *code.errata])
        if Place.ANSWER in code.places:
            yield troubles.refused(code, belonging.get(code.name, []), cited, known, known)
        if Place.FAILURE in code.places:
            yield inquiries.failing(code.name, cited)


def _of_windows() -> Iterable[Scenario]:
    """Those of the session manager."""
    spec = scribe_data.load(WINDOWS)
    known = tuple(WINDOW_OPERATIONS.values())
    yield from troubles.refusals(spec.codes, known, "Session manager E22")
    yield from troubles.deliveries(known, REPLAY)
    yield from windows.boundaries()
    belonging = _named(spec, WINDOW_OPERATIONS)
    for code in spec.codes.values():
        cited = f"Session manager {', '.join(code.errata or ('E22',))}"
        yield troubles.refused(code, belonging.get(code.name, []), cited, known, known)


def _of_dictations(revision: str = LIVE_REVISION) -> Iterable[Scenario]:
    """Those of live sessions."""
    spec = scribe_data.load(LIVE, revision)
    known = tuple(dictations.OPERATIONS.values())
    yield from troubles.refusals(spec.codes, known, "Realtime E31")
    for each in troubles.deliveries(dictations.DELIVERED, dictations.OPERATIONS["get"]):
        if each.name in dictations.OPENING:
            yield replace(each, operations=(*each.operations, dictations.CREATE))
        elif not each.stale:
            yield each
    yield from dictations.sockets()
    yield from dictations.sessions()
    yield from dictations.remains()
    belonging = _named(spec, dictations.OPERATIONS)
    for code in spec.codes.values():
        cited = f"Realtime {', '.join(code.errata)}"
        operations = belonging.get(code.name, [])
        if dictations.OPERATIONS["transcript"] in operations:
            operations = [*operations, dictations.OPERATIONS["export"]]
        yield troubles.refused(code, operations, cited, known, known)


#: Whose scenarios are joined with those before them, where a server has several profiles.
_JOINED: Final = {RESEARCH: _of_research, WINDOWS: _of_windows, LIVE: _of_dictations}


@functools.cache
def catalogue(
    revision: str = REVISION, profiles: tuple[str, ...] = (PROFILE,), live: str = LIVE_REVISION
) -> Mapping[str, Scenario]:
    """The scenarios of what is served; read once, and not before somebody asks."""
    found: dict[str, Scenario] = {}
    if PROFILE in profiles:
        found = {scenario.name: scenario for scenario in _of_sessions(revision)}
    for profile, those in _JOINED.items():
        listed = _of_dictations(live) if profile == LIVE else those()
        for each in listed if profile in profiles else ():
            own = replace(each, profiles=(profile,))
            found[own.name] = found[own.name].joined(own) if own.name in found else own
    return MappingProxyType(found)


@functools.cache
def absent(revision: str, profiles: tuple[str, ...] = (PROFILE,), live: str = LIVE_REVISION) -> Mapping[str, Absent]:
    """The scenarios of other texts that what is served has no place for, with the reason."""
    if PROFILE not in profiles:
        own = catalogue(REVISION, profiles, live)
        if RESEARCH in profiles:
            missing = inquiries.absent({**catalogue(), **catalogue(REVISION, (WINDOWS,))}, own)
        elif WINDOWS in profiles:
            missing = windows.absent({**catalogue(), **catalogue(REVISION, (RESEARCH,))}, own)
        else:
            beside = (catalogue(REVISION, (name,)) for name in (RESEARCH, WINDOWS))
            missing = dictations.absent(dict.fromkeys(name for each in (catalogue(), *beside) for name in each), own)
        return MappingProxyType({each.name: each for each in missing})
    spec = scribe_data.load(PROFILE, revision)
    found = [*outcomes.absent(spec), *(streams.absent() if spec.stream is None else ())]
    return MappingProxyType({each.name: each for each in found})
