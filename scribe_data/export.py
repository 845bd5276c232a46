"""The lifecycle in forms that other tools read: Mermaid, and JSON with a schema of its own."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Any

from .model import NONE, Codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Lifecycle, Spec

#: What lifecycle.yaml calls a member that has another name in Python.
_NAMES = {"sources": "from", "source": "from", "target": "to"}


def lifecycle_mermaid(lifecycle: Lifecycle) -> str:
    """Return the state diagram in Mermaid's language."""
    return "\n".join([*_lines(lifecycle), ""])


def _lines(lifecycle: Lifecycle) -> Iterator[str]:
    yield "stateDiagram-v2"
    for step in lifecycle.transitions.values():
        if NONE in step.sources and step.target in lifecycle.states:
            yield f"    [*] --> {step.target}: {step.event}"
    for edge in lifecycle.edges:
        yield f"    {edge.source} --> {edge.target}: {edge.label}"
    for step in lifecycle.transitions.values():
        for source in step.sources:
            if source == step.target and source in lifecycle.states:
                yield f"    {source} --> {source}: {step.event}"
    for state in lifecycle.states.values():
        if state.terminal:
            yield f"    {state.name} --> [*]"


def lifecycle_document(spec: Spec) -> dict[str, Any]:
    """Return the lifecycle as JSON: the members of lifecycle.yaml under their names there, cells as a list."""
    lifecycle = spec.lifecycle
    return {
        "profile": spec.profile,
        "revision": spec.revision,
        "states": [_plain(state) for state in lifecycle.states.values()],
        "aliases": [_plain(alias) for alias in lifecycle.aliases.values()],
        "events": [_plain(event) for event in lifecycle.events.values()],
        "transitions": [_plain(step) for step in lifecycle.transitions.values()],
        "tolerated": [_plain(move) for move in lifecycle.tolerated],
        "operations": [_plain(operation) for operation in lifecycle.operations.values()],
        "outsiders": [_plain(outsider) for outsider in lifecycle.outsiders.values()],
        "cells": [_plain(cell) for cell in lifecycle.cells.values()],
        "invariants": [_plain(rule) for rule in lifecycle.invariants.values()],
    }


def lifecycle_schema() -> dict[str, Any]:
    """Return the JSON Schema of that document."""
    text = resources.files("scribe_data").joinpath("lifecycle.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _plain(value: object) -> Any:
    """A value of the model as JSON has it; members without a value are left out, codes stand as in lifecycle.yaml."""
    if isinstance(value, Codes):
        return [*value.codes, *(f"{digit}xx" for digit in value.classes)]
    if is_dataclass(value):
        members = ((_NAMES.get(each.name, each.name), getattr(value, each.name)) for each in fields(value))
        return {name: _plain(member) for name, member in members if member is not None}
    if isinstance(value, StrEnum):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
