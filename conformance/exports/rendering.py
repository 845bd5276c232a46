"""The text of each file that leaves the kit, from the spec and the modules beside this one."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scribe_data.export import lifecycle_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scribe_data import Spec

#: The line of machine.py that the lifecycle takes the place of.
_PLACE = "LIFECYCLE: dict[str, Any] = {}\n"
#: The lines that say in what a text differs from others beside its lifecycle.
_FLAGS = ("COUNTED", "BEHIND", "NUMBERED")
_TABLES = ("states", "aliases", "transitions", "cells")


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
    """The state machine with the lifecycle of a spec in it."""
    before, found, after = _source("machine.py").partition(_PLACE)
    assert found, "machine.py has lost the place of its lifecycle"
    printed = text.printed
    values = (_counts_files(text), printed.upload_url == "relative", printed.files == "numbered")
    told = dict(zip(_FLAGS, values, strict=True))
    for name, value in told.items():
        assert f"{name} = False\n" in after, f"machine.py has lost the place of {name}"
        after = after.replace(f"{name} = False\n", f"{name} = {value}\n")
    return "".join([before, *_literal(lifecycle_document(text)), after])


def _counts_files(text: Spec) -> bool:
    """Whether the text wants the number of files from whoever ends a session."""
    return "audio_files_sent" in text.schemas.get("end_request", {}).get("required", ())


def _literal(document: Mapping[str, Any]) -> Iterator[str]:
    """The tables of the lifecycle as Python, a line an entry."""
    yield f"#: The lifecycle of {document['profile']} {document['revision']}: data, not to be edited.\n"
    yield "LIFECYCLE: dict[str, Any] = {\n"
    for table in _TABLES:
        yield f'    "{table}": [\n'
        yield from (f"        {entry!r},  # noqa: E501\n" for entry in document[table])
        yield "    ],\n"
    yield "}\n"


def _source(name: str) -> str:
    return resources.files("conformance.exports").joinpath(name).read_text("utf-8")
