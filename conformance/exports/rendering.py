"""The text of each file that leaves the kit, from the spec and the modules beside this one."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.exports.requests import is_socket, requests_of
from scribe_data.export import lifecycle_document
from scribe_data.model import Leaving

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scribe_data import Spec

#: A line of machine.py whose value the spec gives: a name, its type, and a value that stands for it.
_GIVEN = re.compile(r"^([A-Z]+): ([^=\n]+) = .*\n", re.MULTILINE)
#: What of machine.py is for profiles with or without something only: a line, or lines between two marks.
_LINE = re.compile(r"^(.*?)  # only (with|without) (\w+)\n", re.MULTILINE)
_LINES = re.compile(r"^ *# --- only (with|without) (\w+)\n(.*?)^ *# ---\n", re.MULTILINE | re.DOTALL)
#: What a profile has whose sessions last as long as their sockets; all else that one may have is an operation.
_SOCKET = "socket"
_TABLES = ("states", "aliases", "events", "transitions", "operations", "outsiders", "cells")


def openapi_of(text: Spec, base_url: str | None = None) -> dict[str, Any]:
    """The OpenAPI document in one piece; at a base URL, with discovery at the root of its host."""
    if base_url is None:
        return text.openapi
    parts = urlsplit(base_url.rstrip("/"))
    root, origin = {"url": base_url.rstrip("/")}, {"url": f"{parts.scheme}://{parts.netloc}"}
    paths = {
        path: {**item, "servers": [origin]} if "servers" in item else item
        for path, item in text.openapi["paths"].items()
    }
    return {**text.openapi, "servers": [root], "paths": paths}


def hooks() -> str:
    """The hooks for Schemathesis, as they lie here."""
    return _source("hooks.py")


def machine_of(text: Spec) -> str:
    """The state machine of a spec: its lifecycle, its requests and what else it says, in the place of their names."""
    has = {*text.protocol.endpoints, *([_SOCKET] if is_socket(text) else [])}

    def only(word: str, feature: str, lines: str) -> str:
        return lines if (feature in has) is (word == "with") else ""

    source = _LINE.sub(lambda found: only(found[2], found[3], f"{found[1]}\n"), _source("machine.py"))
    source = _LINES.sub(lambda found: only(found[1], found[2], found[3]), source)
    given = _given(text)
    return _GIVEN.sub(lambda found: f"{found[1]}: {found[2]} = {given[found[1]]}\n", source)


def _given(text: Spec) -> dict[str, str]:
    """What the lines of the machine are given, as Python."""
    credential = next(iter(text.protocol.credentials.values()))
    telling = tuple(each.name for each in text.lifecycle.states.values() if _names_state(text.schemas[each.schema]))
    values = {
        "CREDENTIAL": (credential.header, credential.value),
        "CODE": text.protocol.error.code,
        "TELLING": telling,
        "BEHIND": text.printed.upload_url == "relative",
        "NUMBERED": text.printed.files == "numbered",
    }
    if text.wire is not None and is_socket(text):
        told = text.wire.told
        values |= {"TAG": text.wire.tag, "END": text.wire.said[Leaving.END].word}
        values |= {"ENDED": told["ended"].word, "WRONG": told["error"].word}
    tables = {"LIFECYCLE": "".join(_literal(lifecycle_document(text))), "REQUESTS": _lines(requests_of(text).items())}
    return tables | {name: repr(value) for name, value in values.items()}


def _names_state(schema: Mapping[str, Any]) -> bool:
    return "status" in schema.get("required", ())


def _literal(document: Mapping[str, Any]) -> Iterator[str]:
    """The tables of the lifecycle as Python, a line an entry."""
    yield f"{{  # {document['profile']} {document['revision']}: data, not to be edited\n"
    for table in _TABLES:
        yield f'    "{table}": [\n'
        yield from (f"        {entry!r},  # noqa: E501\n" for entry in document[table])
        yield "    ],\n"
    yield "}"


def _lines(entries: Iterable[tuple[str, object]]) -> str:
    """A table of Python, a line an entry."""
    return "{\n" + "".join(f"    {name!r}: {value!r},  # noqa: E501\n" for name, value in entries) + "}"


def _source(name: str) -> str:
    return resources.files("conformance.exports").joinpath(name).read_text("utf-8")
