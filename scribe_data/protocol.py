"""What a profile says once for all its revisions: chapters, requests, credentials, the error envelope, its pages."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from .model import SpecError
from .record import Record
from .table import table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .files import Files
    from .layers import Layers

_PATH = "profile.yaml"
#: What can be made from a lifecycle: the source of a transition table, a page to read, and its drawing.
GENERATED = ("table", "page", "drawing")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter of the protocol; families are what the ids of its requirements begin with."""

    number: int
    title: str
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One request of the protocol: the schema of its body, if it has one, and of its answers by status."""

    name: str
    method: str
    path: str
    takes: str | None
    answers: Mapping[int, str]

    @property
    def taken(self) -> int:
        """The status of a request that is taken; ValueError where its answers depend on the state of a session."""
        return min(self.answers)


@dataclass(frozen=True, slots=True)
class Credential:
    """One way to send a key: the header, and its value with {key} for the key."""

    name: str
    header: str
    value: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """The body of an error: its schema, and the pointer to its code."""

    schema: str
    code: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a session as an implementer builds it; judged_by has chapters and beginnings of requirement ids."""

    name: str
    judged_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol by its chapters, endpoints, credentials, envelope and stages.

    `revision` is loaded where nobody names one; `generated` are the files made from its lifecycle, by their kind.
    """

    name: str
    revision: str
    chapters: Mapping[int, Chapter]
    endpoints: Mapping[str, Endpoint]
    credentials: Mapping[str, Credential]
    error: Envelope
    stages: Mapping[str, Stage]
    generated: Mapping[str, str]

    @property
    def families(self) -> dict[str, int]:
        """What an id begins with -> the number of its chapter."""
        return {family: chapter.number for chapter in self.chapters.values() for family in chapter.families}

    def answers(self, operation: str) -> Mapping[int, str]:
        """Status -> the schema of an answer to an operation; nothing for one that is no request of its own."""
        endpoint = self.endpoints.get(operation)
        return endpoint.answers if endpoint is not None else MappingProxyType({})

    @property
    def schemas(self) -> set[str]:
        """The names of the schemas that requests, answers and errors have."""
        named = {self.error.schema}
        for endpoint in self.endpoints.values():
            named |= {*endpoint.answers.values(), *([endpoint.takes] if endpoint.takes else [])}
        return named


def read_protocol(files: Files, layers: Layers | None = None) -> Protocol:
    """Return what profile.yaml says, in the layers of a revision if they are given.

    Raises SpecError for unknown keys, duplicates and families that two chapters claim.
    """
    file = layers.named(_PATH) if layers else f"{files.name}/{_PATH}"
    whole = Record(file, layers.yaml(_PATH) if layers else files.yaml(_PATH), "name")
    error = Record(file, whole.mapping("error"))
    error.name = "error"
    found = Protocol(
        name=whole.text("name"),
        revision=whole.text("revision"),
        chapters=MappingProxyType(
            table(file, whole.items("chapters"), _chapter, lambda chapter: chapter.number, "number")
        ),
        endpoints=MappingProxyType(table(file, whole.items("operations"), _endpoint, lambda item: item.name, "name")),
        credentials=MappingProxyType(
            table(file, whole.items("credentials"), _credential, lambda item: item.name, "name")
        ),
        error=Envelope(error.text("schema"), error.text("code")),
        stages=MappingProxyType(
            table(file, whole.items("stages") if whole.has("stages") else (), _stage, lambda stage: stage.name, "name")
        ),
        generated=MappingProxyType(_generated(whole)),
    )
    error.done()
    whole.done()
    claimed = [family for chapter in found.chapters.values() for family in chapter.families]
    for family in claimed:
        if claimed.count(family) > 1:
            raise SpecError(f"{file}: family {family} belongs to two chapters")
    return found


def refuse_unknown_schemas(files: Files, protocol: Protocol, schemas: Collection[str]) -> None:
    """Raise SpecError where the profile names a schema that the revision does not have."""
    for name in sorted(protocol.schemas):
        if name not in schemas:
            raise SpecError(f"{files.name}/{_PATH}: names the schema {name}, which does not exist")


def _generated(whole: Record) -> dict[str, str]:
    found = whole.mapping("generated") if whole.has("generated") else {}
    for kind, path in found.items():
        if kind not in GENERATED or not isinstance(path, str):
            whole.refuse(f"generated has {kind}: {path!r}; known are {', '.join(GENERATED)}, each with a path")
    return {kind: str(path) for kind, path in found.items()}


def _chapter(record: Record) -> Chapter:
    return Chapter(record.integer("number"), record.text("title"), record.texts("families", empty=False))


def _stage(record: Record) -> Stage:
    return Stage(record.text("name"), tuple(record.texts("judged_by", empty=False)))


def _endpoint(record: Record) -> Endpoint:
    answers = record.mapping("answers") if record.has("answers") else {}
    for status, schema in answers.items():
        if not (status.isdecimal() and len(status) == 3 and isinstance(schema, str)):
            record.refuse(f"answers {status}: {schema!r} is not a status with the name of a schema")
    return Endpoint(
        name=record.text("name"),
        method=record.text("method"),
        path=record.text("path"),
        takes=record.text_or_none("takes"),
        answers=MappingProxyType({int(status): str(schema) for status, schema in answers.items()}),
    )


def _credential(record: Record) -> Credential:
    found = Credential(record.text("name"), record.text("header"), record.text("value"))
    if "{key}" not in found.value:
        record.refuse("value has no place for {key}")
    return found
