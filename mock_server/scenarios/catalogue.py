"""Every scenario of a revision by its name: states, codes and where they belong are read off its spec."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING

import scribe_data
from mock_server.scenarios import outcomes, troubles
from scribe_data import PROFILE, REVISION
from scribe_data.codes import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mock_server.scenarios.scenario import Absent, Scenario
    from scribe_data import Spec
    from scribe_data.codes import ErrorCode


def _belonging(spec: Spec) -> dict[str, list[str]]:
    """Error code -> the operations whose answers in the OpenAPI document name it."""
    found: dict[str, list[str]] = {}
    ours = {theirs: name for name, listed in troubles.OPERATIONS.items() for theirs in listed}
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
    belonging = _belonging(spec)
    for code in spec.codes.values():
        if Place.ANSWER in code.places:
            yield troubles.refused(code, belonging.get(code.name, []), _cited(code, "§11.2"))
        if Place.FAILURE in code.places:
            yield outcomes.failing(code, _cited(code, "§9.7"))
        if Place.TEMPLATE in code.places:
            yield outcomes.template_failing(code, _cited(code, "§9.6"))


@functools.cache
def catalogue(revision: str = REVISION) -> Mapping[str, Scenario]:
    """The scenarios of a revision; read once, and not before somebody asks."""
    spec = scribe_data.load(PROFILE, revision)
    found = [
        *troubles.refusals(spec.codes),
        *troubles.deliveries(),
        *outcomes.progress(),
        *outcomes.results(spec),
        *_of_codes(spec),
    ]
    return MappingProxyType({scenario.name: scenario for scenario in found})


@functools.cache
def absent(revision: str) -> Mapping[str, Absent]:
    """The scenarios of other revisions that this one has no place for, with the reason."""
    return MappingProxyType({each.name: each for each in outcomes.absent(scribe_data.load(PROFILE, revision))})
