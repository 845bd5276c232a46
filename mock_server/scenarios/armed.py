"""What is armed for a namespace: a scenario, its parameters, and which requests or sessions it meets."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.scenarios.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Collection

    from mock_server.scenarios.parameter import Value
    from mock_server.scenarios.scenario import Scenario

#: The session that is created next.
NEXT: Final = "next"
_MEMBERS: Final = ("scenario", "parameters", "on")
_ON: Final = ("operation", "session", "times", "every")
#: Bounds of counts, and characters of a session's id.
_MOST_TIMES, _MOST_EVERY, _LONGEST_ID = 10_000, 1_000, 128


def _refuse(message: str, field: str, **details: Any) -> problems.Problem:
    return problems.invalid_request(message, field=field, **details)


def known(what: str, name: object, names: Collection[str], field: str) -> str:
    """A name among those there are; raises 400 with all of them and the nearest."""
    if isinstance(name, str) and name in names:
        return name
    near = difflib.get_close_matches(name[:100], names, 1, 0.4) if isinstance(name, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    told = f"There is no {what} {json.dumps(name)[:80]}.{hint}"
    raise _refuse(told, field, known=list(names), **({"nearest": near[0]} if near else {}))


@dataclass
class Armed:
    """One scenario that waits for its requests or sessions; `left` None is without end."""

    scenario: Scenario
    values: dict[str, Value]
    operation: str | None = None
    session: str | None = None
    left: int | None = None
    every: int = 1
    _met: int = field(default=0, repr=False)

    def meets(self, operation: str, session_id: str | None) -> bool:
        """Whether a request is one of those it is armed for."""
        if operation not in self.scenario.operations or self.operation not in (None, operation):
            return False
        return self.session is None or (session_id is not None and self.session == session_id)

    def take(self) -> bool:
        """Count one that it meets; True when it acts on this one."""
        if self.left == 0:
            return False
        self._met += 1
        if self._met % self.every:
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def copy(self) -> Armed:
        """The same for another namespace, which counts for itself."""
        return Armed(self.scenario, self.values, self.operation, self.session, self.left, self.every)

    def described(self) -> dict[str, Any]:
        """As the control plane tells it."""
        on = {"operation": self.operation, "session": self.session, "times": self.left, "every": self.every}
        return {"scenario": self.scenario.name, "parameters": self.values, "on": on}


def _count(on: dict[str, Any], name: str, most: int, default: int | None) -> int | None:
    value = on.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise _refuse(f"{name!r} has to be an integer from 1 to {most}.", f"on.{name}")
    return value


def _members(body: dict[str, Any], names: Collection[str], within: str) -> None:
    for name in body:
        known("member", name, names, f"{within}{name[:40]}")


def ordered(body: dict[str, Any]) -> Armed:
    """What a POST body or a command line arms; raises 400 naming what is wrong and what would be right."""
    _members(body, _MEMBERS, "")
    scenario = catalogue()[known("scenario", body.get("scenario"), catalogue(), "scenario")]
    given = {} if (sent := body.get("parameters")) is None else sent
    if isinstance(given, dict):
        names = [parameter.name for parameter in scenario.parameters]
        for name in given:
            known(f"parameter of {scenario.name!r}", name, names, "parameters")
    try:
        values = scenario.values(given)
    except ValueError as error:
        raise _refuse(str(error), "parameters", known=[p.described() for p in scenario.parameters]) from None
    on = {} if (sent := body.get("on")) is None else sent
    if not isinstance(on, dict):
        raise _refuse('"on" has to be a JSON object.', "on", known=list(_ON))
    _members(on, _ON, "on.")
    if on.get("operation") is not None:
        if scenario.of_sessions:
            raise _refuse(f"{scenario.name!r} meets sessions, whatever the operation.", "on.operation")
        known(f"operation of {scenario.name!r}", on["operation"], scenario.operations, "on.operation")
    session = on.get("session")
    if session is not None and not (isinstance(session, str) and 0 < len(session) <= _LONGEST_ID):
        raise _refuse('"session" has to be the id of a session, or "next".', "on.session")
    times = _count(on, "times", _MOST_TIMES, 1 if scenario.of_sessions and session is not None else None)
    every = _count(on, "every", _MOST_EVERY, 1) or 1
    return Armed(scenario, values, on.get("operation"), session, times, every)


def spoken(text: str) -> Armed:
    """NAME[:param=value,...] of a command line; raises 400 as `ordered` does.

    `operation`, `session`, `times` and `every` are words of it too, beside the scenario's own parameters.
    """
    name, _, rest = text.partition(":")
    parameters: dict[str, Any] = {}
    on: dict[str, Any] = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise _refuse(f"{pair[:80]!r} is not param=value.", "parameters")
        (on if key in _ON else parameters)[key] = _literal(value)
    return ordered({"scenario": name, "parameters": parameters, "on": on})


def _literal(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if found is None or isinstance(found, bool | int | float | str) else text
