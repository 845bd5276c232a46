"""What is armed for a namespace: a scenario, its parameters, and which requests or sessions it meets."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mock_server import problems
from mock_server.clock import FURTHEST, stamp
from mock_server.extraction import TEMPLATES
from mock_server.scenarios.bindings import Binding
from mock_server.scenarios.catalogue import absent, catalogue
from mock_server.suggestion import listed, nearest, there
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mock_server.api.answer import Answer
    from mock_server.scenarios.parameter import Value
    from mock_server.scenarios.scenario import Scenario
    from mock_server.served import Served

#: The session that is created next.
NEXT: Final = "next"
_MEMBERS: Final = ("scenario", "parameters", "on")
_ON: Final = ("operation", "session", "times", "every", "from", "until")
#: Bounds of counts, and characters of a session's id.
_MOST_TIMES, _MOST_EVERY, _LONGEST_ID = 10_000, 1_000, 128
#: Seconds until a scenario begins or ends, at most: as far ahead as a clock may be.
_FURTHEST_S: Final = int(FURTHEST.total_seconds())
_STAMP: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z\Z")
#: A time, or seconds from another.
Moment: TypeAlias = "datetime | int | float"


def _refuse(message: str, field: str, **details: Any) -> problems.Problem:
    return problems.invalid_request(message, field=field, **details)


def known(what: str, name: object, names: Collection[str], field: str, of: str = "") -> str:
    """A name among those there are; raises 400 with the nearest, or which there are."""
    if isinstance(name, str) and name in names:
        return name
    near = nearest(name, names)
    told = f"There is no {what} {json.dumps(name)[:80]}{of and f' of {of!r}'}.{there(name, names)}"
    raise _refuse(told, field, known=list(names), **({"nearest": near} if near else {}))


def refuse_absent(served: Served, name: object, field: str, spelled: Callable[[str], str] = str) -> None:
    """Raise 400 for the name of a scenario that only other texts have, with the reason and what works instead.

    `spelled` is how the client spells the names of scenarios.
    """
    found = absent(*served).get(name) if isinstance(name, str) else None
    if found is not None:
        near = spelled(found.nearest)
        told = f"{served.named} has no scenario {found.name!r}: {found.because}. {near!r} works."
        raise _refuse(told, field, nearest=near)


@dataclass
class Armed:
    """One scenario that waits for its requests or sessions; `left` None is without end."""

    scenario: Scenario
    values: dict[str, Value]
    operation: str | None = None
    session: str | None = None
    left: int | None = None
    every: int = 1
    #: From when on, and until when, by the namespace's clock; seconds count from when it is armed.
    start: Moment | None = None
    until: Moment | None = None
    _met: int = field(default=0, repr=False)

    def meets(self, operation: str, session_id: str | None) -> bool:
        """Whether a request is one of those it is armed for, at a time when it acts at all."""
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

    def begun(self, now: datetime) -> Armed:
        """The same for a namespace, which counts for itself, and by its own time, which is `now`."""
        return replace(self, start=_moment(self.start, now), until=_moment(self.until, now), _met=0)

    @property
    def instead(self) -> Answer | None:
        """What is answered that is no envelope, if anything is."""
        return self.scenario.instead(self.values) if self.scenario.instead else None

    @property
    def binding(self) -> Binding:
        """What a session is bound to by it."""
        return Binding(self.scenario, self.values)

    def acts(self, now: datetime) -> bool:
        """Whether it is between its times."""
        return _reached(self.start, now, default=True) and not _reached(self.until, now, default=False)

    def over(self, now: datetime) -> bool:
        """Whether it will never act again."""
        return self.left == 0 or _reached(self.until, now, default=False)

    def described(self) -> dict[str, Any]:
        """As the control plane tells it."""
        on: dict[str, Any] = {"operation": self.operation, "session": self.session, "times": self.left}
        on |= {"every": self.every, "from": _shown(self.start), "until": _shown(self.until)}
        return {"scenario": self.scenario.name, "parameters": self.scenario.shown(self.values), "on": on}


def _moment(given: Moment | None, now: datetime) -> datetime | None:
    return now + timedelta(seconds=given) if isinstance(given, int | float) else given


def _reached(given: Moment | None, now: datetime, *, default: bool) -> bool:
    """Whether a time is there; seconds from when it is armed have no place before that."""
    return default if given is None else isinstance(given, datetime) and now >= given


def _shown(given: Moment | None) -> str | float | None:
    return stamp(given) if isinstance(given, datetime) else given


def _time(on: dict[str, Any], name: str) -> Moment | None:
    """A stamp, or seconds from when it is armed."""
    value = on.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _FURTHEST_S:
        return value
    if isinstance(value, str) and _STAMP.match(value):
        with contextlib.suppress(ValueError):  # a day that no calendar has
            return datetime.fromisoformat(value)
    told = f"{name!r} has to be a number of seconds from now, 0 to {_FURTHEST_S}, or a stamp such as"
    raise _refuse(f"{told} 2026-01-27T09:00:00Z, by the namespace's clock.", f"on.{name}")


def _times(on: dict[str, Any]) -> tuple[Moment | None, Moment | None]:
    start, until = _time(on, "from"), _time(on, "until")
    known_order = isinstance(start, datetime) == isinstance(until, datetime)
    if start is not None and until is not None and known_order and until <= start:  # type: ignore[operator]  # same kind
        raise _refuse("'until' has to come after 'from'.", "on.until")
    return start, until


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


def ordered(body: dict[str, Any], served: Served) -> Armed:
    """What a POST body or a command line arms; raises 400 naming what is wrong and what would be right."""
    for name in _ON:
        if name in body:
            raise _refuse(f'"{name}" belongs in "on": {{"on": {{"{name}": …}}}}.', name)
    _members(body, _MEMBERS, "")
    asked, names = body.get("scenario"), catalogue(*served)
    refuse_absent(served, asked, "scenario")
    scenario = names[known("scenario", asked, names, "scenario")]
    values = _values(body, scenario)
    on = _on(body, scenario)
    session = on.get("session")
    if session is not None and not (isinstance(session, str) and 0 < len(session) <= _LONGEST_ID):
        raise _refuse('"session" has to be the id of a session, or "next".', "on.session")
    times = _count(on, "times", _MOST_TIMES, 1 if scenario.of_sessions and session is not None else None)
    every = _count(on, "every", _MOST_EVERY, 1) or 1
    start, until = _times(on)
    return Armed(scenario, values, on.get("operation"), session, times, every, start, until)


def _values(body: dict[str, Any], scenario: Scenario) -> dict[str, Value]:
    given = {} if (sent := body.get("parameters")) is None else sent
    if isinstance(given, dict):
        names = [parameter.name for parameter in scenario.parameters]
        for name in given:
            if name in _ON and name not in names:
                raise _refuse(
                    f'"{name}" is no parameter, it belongs in "on": {{"{name}": …}}.', f"parameters.{name[:40]}"
                )
            known("parameter", name, names, "parameters", scenario.name)
    try:
        values = scenario.values(given)
    except ValueError as error:
        raise _refuse(str(error), "parameters", known=[p.described() for p in scenario.parameters]) from None
    if values.get("template") is not None:  # another one is not found, whatever is played
        known("template", values["template"], TEMPLATES, "parameters")
    return values


def _on(body: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    given = {} if (sent := body.get("on")) is None else sent
    on = {"operation": given} if isinstance(given, str) else given
    if not isinstance(on, dict):
        raise _refuse('"on" has to be an operation, or a JSON object.', "on", known=list(_ON))
    _members(on, _ON, "on.")
    if on.get("operation") is not None:
        if scenario.of_sessions:
            told = f'{scenario.name!r} meets sessions, whatever the operation: "on" is {{"session": "next"}} or an id.'
            raise _refuse(told, "on.operation")
        known("operation", on["operation"], scenario.operations, "on.operation", scenario.name)
    return on


def spoken(text: str, served: Served) -> Armed:
    """NAME[:param=value,...] of a command line; raises 400 as `ordered` does.

    The words of `on` are words of it too, beside the scenario's own parameters.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _refuse(f"It is not UTF-8 (character {error.start + 1}).", "scenario") from None
    name, _, rest = text.partition(":")
    parameters: dict[str, Any] = {}
    on: dict[str, Any] = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise _refuse(f"{pair[:80]!r} is not param=value.", "parameters")
        (on if key in _ON else parameters)[key] = _literal(value)
    return ordered({"scenario": name, "parameters": parameters, "on": on}, served)


def begun_with(text: str, served: Served) -> Armed:
    """What --scenario arms for everybody; raises ValueError in one line where `spoken` refuses it."""
    try:
        return spoken(text, served)
    except problems.Problem as problem:
        raise ValueError(f"--scenario {text!r}: {problem.message}{listed('scenarios', served)}") from None


def _literal(text: str) -> Any:
    try:
        found = loads(text)
    except ValueError:
        return text
    return found if found is None or isinstance(found, bool | int | float | str) else text
