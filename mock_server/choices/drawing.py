"""How choices are made: drawn from a seed, or taken by name."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, Literal

from mock_server import problems
from mock_server.choices.catalogue import catalogue, defaults, revisions_of
from mock_server.served import Served
from mock_server.suggestion import hint, nearest, there

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.choices.choice import Choice, Taken, Value

_USUAL = Served()
#: Characters of a name or a value that a refusal repeats.
_SHOWN = 80
_KINDS = {bool: "boolean", int: "number", float: "number with a fraction", str: "text"}


def drawn(
    seed: int, reading: Literal["lenient", "strict"] = "lenient", served: Served = _USUAL, *, everywhere: bool = True
) -> Taken:
    """The choices of a seed: of values that no reading fails, and in the lenient reading those that it alone passes.

    A choice that comes later leaves the draws of the others alone. `everywhere` is for a whole server; for a namespace
    what discovery tells, and what is about strangers, is left out.
    """
    found = {}
    for choice in catalogue(*served).values():
        if everywhere or choice.scope == "namespace":
            values = choice.values if reading == "strict" else choice.all_values
            # S311: a draw that everybody can repeat
            found[choice.name] = random.Random(f"{seed}/{choice.name}").choice(values)  # noqa: S311
    return found


def made(*layers: Mapping[str, Value], served: Served = _USUAL) -> Taken:
    """Every choice there is, later layers before earlier ones, and one that another rules out made to fit it."""
    found = dict(defaults(*served))
    for layer in layers:
        found |= layer
    if found.get("named") == "with a name" and found.get("target") in ("signed", "capability in the query"):
        found["target"] = "exact"  # a name behind a query is no address (E44)
    if found.get("upload_methods") == "single":
        found["needs_upload_type"] = True  # without one a session is chunked, or refused (E10)
    return found


def named(given: Any, served: Served) -> Mapping[str, Value]:
    """Choices by name, as a body has them; raises 400 with those there are and the nearest."""
    if not isinstance(given, dict):
        raise problems.invalid_request('"choices" has to be a JSON object of names and values.', field="choices")
    return {name: _value(_known(name, served), value) for name, value in given.items()}


def spoken(text: str, served: Served) -> Mapping[str, Value]:
    """NAME=VALUE of a command line; raises 400 as `named` does."""
    name, equals, value = text.partition("=")
    choice = _known(name, served)
    if not equals:
        raise problems.invalid_request(f"{text[:_SHOWN]!r} is not NAME=VALUE.", field=choice.name)
    found = next((each for each in choice.all_values if value in (str(each), json.dumps(each))), value)
    return {name: _value(choice, found)}


def check_needs(given: Mapping[str, Value], found: Taken, served: Served) -> None:
    """Refuse a choice by name that nobody would see; raises 400 with the other one that it needs."""
    for name, value in given.items():
        choice = catalogue(*served)[name]
        if choice.needs is None or value == choice.default or found[choice.needs[0]] in choice.needs[1]:
            continue
        other, values = choice.needs
        needed = f"{other!r} is {' or '.join(map(json.dumps, values))}"
        told = f"{name!r} {json.dumps(value)} is seen only where {needed}: choose both, or that one first."
        raise problems.invalid_request(told, field=f"choices.{name}", needs={other: list(values)})


def _known(name: str, served: Served) -> Choice:
    names = catalogue(*served)
    if name in names:
        return names[name]
    if others := revisions_of(name):
        told = f"{name!r} is a choice of {' and '.join(others)}; {served.named} leaves nothing open there."
        raise problems.invalid_request(told, field="choices", known=list(names))
    near = nearest(name, names)
    details: dict[str, Any] = {"nearest": near} if near else {}
    told = f"There is no choice {name[:_SHOWN]!r}.{there(name, names)}"
    raise problems.invalid_request(told, field="choices", known=list(names), **details)


def _value(choice: Choice, given: Any) -> Value:
    """The value of the catalogue that is meant; true is not 1 there."""
    for value in choice.all_values:
        if type(value) is type(given) and value == given:
            return value
    told = f"{choice.name!r} is {' or '.join(json.dumps(each) for each in choice.all_values)}."
    told += _kind(choice, given) or hint(given, [each for each in choice.all_values if isinstance(each, str)])
    field = f"choices.{choice.name}"
    raise problems.invalid_request(told, field=field, known=list(choice.all_values))


def _kind(choice: Choice, given: Any) -> str:
    """What is wrong with a value that only looks like one of them."""
    for value in choice.all_values:
        if str(given) in (str(value), json.dumps(value)):
            return f" It has to be a {_KINDS[type(value)]}, {json.dumps(value)}, and no {_kind_of(given)}."
    return ""


def _kind_of(given: Any) -> str:
    return _KINDS.get(type(given), "other value")
