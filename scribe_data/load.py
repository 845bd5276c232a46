"""One way in: a profile and a revision become one frozen Spec, or a SpecError that names file and entry."""

from __future__ import annotations

import functools
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .catalogue import read_errata, read_requirements, read_revisions, read_rules
from .codes import read_codes
from .files import Files
from .fuzz import read_fuzz
from .layers import Layers
from .lifecycle import read_lifecycle
from .model import Contradiction, Example, Requirement, Spec, SpecError
from .origin import read_origins
from .place import folder
from .protocol import read_protocol, refuse_unknown_schemas
from .record import Record
from .stream import ASYNCAPI, read_stream, read_wire
from .table import table
from .waiver import read_waivers, refuse_unmatched

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from importlib.resources.abc import Traversable

    from .protocol import Protocol

#: What is loaded where nobody says otherwise.
PROFILE, REVISION = "medscribe", "2026-01-27"


def profiles(root: Traversable | None = None) -> tuple[str, ...]:
    """Return the names of the protocols that have a folder here."""
    where = root or folder("spec")
    return tuple(
        sorted(item.name for item in where.iterdir() if item.is_dir() and item.joinpath("revisions.yaml").is_file())
    )


def revisions(profile: str = PROFILE, *, root: Traversable | None = None) -> tuple[str, ...]:
    """Return the revisions of a profile that can be loaded, oldest first; SpecError for no such profile."""
    files = _files(profile, root)
    return tuple(name for name in read_revisions(files) if files.root.joinpath(name).is_dir())


def catalogue(profile: str = PROFILE, *, root: Traversable | None = None) -> Mapping[str, Requirement]:
    """Return the requirements of every revision of a profile by id, read once; SpecError as load."""
    return _catalogue(profile) if root is None else _listed(profile, root)


@functools.cache
def _catalogue(profile: str) -> Mapping[str, Requirement]:
    return _listed(profile, None)


def _listed(profile: str, root: Traversable | None) -> Mapping[str, Requirement]:
    files = _files(profile, root)
    families = read_protocol(files).families
    return MappingProxyType(read_requirements(files, read_errata(files), read_revisions(files), families))


def load(profile: str = PROFILE, revision: str | None = None, *, root: Traversable | None = None) -> Spec:
    """Return the spec of a revision, read once; SpecError for what does not exist or contradicts itself.

    Without a revision it is the one that the profile names.
    """
    named = _default(profile, root) if revision is None else revision
    return _load(profile, named) if root is None else read(profile, named, root)


def _default(profile: str, root: Traversable | None) -> str:
    return read_protocol(_files(profile, root)).revision if root else _named(profile)


@functools.cache
def _named(profile: str) -> str:
    return read_protocol(_files(profile, None)).revision


@functools.cache
def protocol(profile: str = PROFILE) -> Protocol:
    """Return what a profile says of its requests, in the revision that it names: a small part of `load`, read once."""
    files = _files(profile, None)
    return read_protocol(files, Layers(files, read_revisions(files), _named(profile)))


@functools.cache
def _load(profile: str, revision: str) -> Spec:
    return read(profile, revision, folder("spec"))


def read(profile: str, revision: str, root: Traversable) -> Spec:
    """Return the spec below a root folder, read afresh; SpecError as load."""
    files = _files(profile, root)
    known = read_revisions(files)
    available = revisions(profile, root=root)
    if revision not in available:
        why = "is catalogued but has no files in this release" if revision in known else "is unknown"
        raise SpecError(f"{profile}: revision {revision} {why}; known are {', '.join(available)}")
    layers = Layers(files, known, revision)
    errata = read_errata(files)
    said = read_protocol(files, layers)
    everything = read_requirements(files, errata, known, said.families, layers)
    rules = read_rules(files)
    schemas = {PurePosixPath(path).stem: layers.json(path) for path in layers.list("schemas", ".json")}
    refuse_unknown_schemas(files, said, schemas)
    requirements = {name: item for name, item in everything.items() if revision in item.revisions}
    _refuse_dangling_contracts(files, requirements, schemas)
    lifecycle = read_lifecycle(layers, errata=errata, schemas=schemas, requirements=requirements)
    waivers = read_waivers(layers, schemas=schemas, states=lifecycle.states, errata=errata, requirements=requirements)
    examples = _examples(files, layers.nearest("examples"), schemas, errata)
    openapi = _bundle(layers.yaml("openapi.yaml"), schemas)
    asyncapi = layers.yaml(ASYNCAPI) if layers.has(ASYNCAPI) else None
    wire = None if asyncapi is None else read_wire(layers.named(ASYNCAPI), asyncapi)
    # Where only clients speak, what they send is an upload.
    stream = read_stream(layers.named(ASYNCAPI), asyncapi) if wire is not None and not wire.told else None
    return Spec(
        profile=profile,
        revision=revision,
        revisions=MappingProxyType(known),
        requirements=MappingProxyType(requirements),
        errata=MappingProxyType(errata),
        rules=MappingProxyType(rules),
        protocol=said,
        codes=MappingProxyType(read_codes(files, errata)),
        lifecycle=lifecycle,
        waivers=waivers,
        origins=read_origins(files, catalogue=everything, operations=said.endpoints, families=said.families),
        fuzz=read_fuzz(layers, schemas=schemas, errata=errata, requirements=requirements),
        schemas=MappingProxyType(schemas),
        examples=MappingProxyType(examples),
        openapi=openapi,
        stream=stream,
        wire=wire,
        asyncapi=asyncapi,
        sha256=files.sha256,
    )


def _refuse_dangling_contracts(
    files: Files, requirements: Mapping[str, Requirement], schemas: Mapping[str, Any]
) -> None:
    for requirement in requirements.values():
        for clause in requirement.contract:
            record = Record(f"{files.name}/requirements", {"id": requirement.id})
            refuse_unmatched(record, clause, schemas)


def _files(profile: str, root: Traversable | None) -> Files:
    where = root or folder("spec")
    names = profiles(where)
    if profile not in names:
        raise SpecError(f"profile {profile} is unknown; known are {', '.join(names)}")
    return Files(where.joinpath(profile), profile)


def _examples(files: Files, folder: str, schemas: Collection[str], errata: Collection[str]) -> dict[str, Example]:
    path = f"{folder}/index.yaml"
    file = f"{files.name}/{path}"

    def decode(record: Record) -> Example:
        name = record.text("name")
        example = Example(
            name=name,
            lines=record.text("lines"),
            schema=_or_nothing(record, "schema"),
            status=record.integer("status") if record.has("status") else None,
            valid=record.flag("valid"),
            value=files.json(f"{folder}/{name}.json"),
            contradictions=tuple(_contradiction(record, item, errata) for item in record.items("contradictions")),
            repairs=record.texts("repairs"),
            errata=record.texts("errata"),
        )
        record.known("errata", example.errata, errata)
        record.known("schema", [example.schema] if example.schema else [], schemas)
        if example.valid == bool(example.contradictions):
            record.refuse("is valid exactly when it has no contradictions")
        return example

    found = table(file, files.yaml(path), decode, lambda example: example.name, "name")
    unlisted = {PurePosixPath(item).stem for item in files.list(folder, ".json")} - found.keys()
    if unlisted:
        raise SpecError(f"{file}: {', '.join(sorted(unlisted))}: not in the index")
    return found


def _or_nothing(record: Record, key: str) -> str | None:
    value = record.text(key)
    return None if value == "none" else value


def _contradiction(outer: Record, value: object, errata: Collection[str]) -> Contradiction:
    record = Record(outer.file, value)
    record.name = outer.name
    found = Contradiction(
        record.text("pointer", empty=True), record.text("keyword"), record.texts("errata", empty=False)
    )
    record.known("errata", found.errata, errata)
    record.done()
    return found


def _bundle(openapi: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Put the schema files into the document, so that it stands alone in memory as it does on disk."""

    def inward(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: f"#/components/schemas/{PurePosixPath(value).stem}"
                if key == "$ref" and isinstance(value, str) and value.startswith("schemas/")
                else inward(value)
                for key, value in node.items()
            }
        return [inward(item) for item in node] if isinstance(node, list) else node

    document: dict[str, Any] = inward(openapi)
    components = document.setdefault("components", {})
    own = components.get("schemas", {})
    if twice := sorted(own.keys() & schemas.keys()):
        raise SpecError(f"openapi.yaml: components/schemas: {', '.join(twice)}: there is a file of that name")
    components["schemas"] = {**schemas, **own}
    return document
