"""Requirements, errata, rules and revisions, read from their YAML files and checked against each other."""

from __future__ import annotations

import re
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .model import Basis, Erratum, Level, Matched, Requirement, Revision, Rule, SpecError, Subject, Testability
from .overlay import overlaid
from .record import Record
from .table import table
from .waiver import matched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .files import Files
    from .layers import Layers

#: What a revision says otherwise of requirements, in its folder.
_WORDS = "requirements.yaml"
#: What may be a family: the whole beginning of an id, and its first word.
_ID = re.compile(r"(?:CLI-)?(([A-Z]+)(?:-[A-Z]+)?)-[0-9]{3}")


def _one_of(record: Record, key: str, first: str, second: str) -> bool:
    """Take one of two words; whether it is the first, which a protocol that knows neither means."""
    told = record.text(key) if record.has(key) else first
    if told not in (first, second):
        record.refuse(f"{key} is {first} or {second}")
    return told == first


def _revision(record: Record) -> Revision:
    return Revision(
        name=record.text("name"),
        short=record.text("short"),
        text=record.text("text"),
        languages="array" if _one_of(record, "languages", "array", "string") else "string",
        counted_end=record.flag("counted_end", default=False),
        passed=record.text_or_none("passed") or "",
        files="named" if _one_of(record, "files", "named", "numbered") else "numbered",
        transcript="always" if _one_of(record, "transcript", "always", "asked") else "asked",
        templates="entries" if _one_of(record, "templates", "entries", "bare") else "bare",
        upload_url="absolute" if _one_of(record, "upload_url", "absolute", "relative") else "relative",
        based_on=record.text_or_none("based_on"),
        without=record.texts("without"),
    )


def read_revisions(files: Files) -> dict[str, Revision]:
    """Return the texts of the protocol by name, oldest first; SpecError for one based on a text that is not there."""
    path = "revisions.yaml"
    file = f"{files.name}/{path}"
    found = table(file, files.yaml(path), _revision, lambda revision: revision.name, "name")
    for revision in found.values():
        if revision.based_on is not None and revision.based_on not in found:
            raise SpecError(f"{file}: {revision.name}: is based on {revision.based_on}, which does not exist")
    return found


def read_rules(files: Files) -> dict[int, Rule]:
    """Return the rules for judging by number."""
    path = "rules.yaml"
    return table(
        f"{files.name}/{path}",
        files.yaml(path),
        lambda record: Rule(record.integer("number"), record.text("name"), record.text("text")),
        lambda rule: rule.number,
        "name",
    )


def read_errata(files: Files) -> dict[str, Erratum]:
    """Return the errata by id."""
    path = "errata.yaml"

    def decode(record: Record) -> Erratum:
        return Erratum(
            id=record.text("id"),
            title=record.text("title"),
            topic=record.text("topic"),
            places=record.texts("places", empty=False),
            note=record.text("note"),
            strict=record.text("strict"),
            lenient=record.text("lenient"),
            also=record.texts("also"),
            recommended=record.flag("recommended", default=False),
        )

    return table(f"{files.name}/{path}", files.yaml(path), decode, lambda erratum: erratum.id)


def read_requirements(
    files: Files,
    errata: Iterable[str],
    revisions: Iterable[str],
    families: Mapping[str, int],
    layers: Layers | None = None,
) -> dict[str, Requirement]:
    """Return the requirements of every revision by id, by chapter and then in the order of their file.

    families: what an id begins with -> its chapter. layers: those of a revision, which may word an entry otherwise.
    """
    words = _words(layers)
    found: dict[str, Requirement] = {}
    errata, revisions = frozenset(errata), frozenset(revisions)
    for path in files.list("requirements", ".yaml"):
        number = PurePosixPath(path).name.split("-")[0]
        if not number.isdecimal():
            raise SpecError(f"{files.name}/{path}: is not named NN-chapter.yaml")
        chapter = int(number)
        decode = partial(_requirement, chapter=chapter, errata=errata, revisions=revisions, families=families)
        values = _worded(files.yaml(path), words, f"{files.name}/{path}")
        entries = table(f"{files.name}/{path}", values, decode, lambda requirement: requirement.id)
        for name in found.keys() & entries.keys():
            raise SpecError(f"{files.name}/{path}: {name}: stands in another file too")
        found.update(entries)
    for name in words:
        if name not in found:
            raise SpecError(f"{files.name}/{_WORDS}: {name}: words a requirement that does not exist")
    return found


def _words(layers: Layers | None) -> dict[str, dict[str, object]]:
    """Id -> what a revision says otherwise of a requirement."""
    if layers is None or not layers.has(_WORDS):
        return {}
    file, values = layers.named(_WORDS), layers.yaml(_WORDS)
    if not isinstance(values, list):
        raise SpecError(f"{file}: is not a list of entries")
    found: dict[str, dict[str, object]] = {}
    for value in values:
        record = Record(file, value)
        if "id" not in value or value["id"] in found:
            record.refuse("has no id, or stands twice")
        found[value["id"]] = value
    return found


def _worded(values: object, words: Mapping[str, dict[str, object]], file: str) -> object:
    """The entries of a file, those that a revision words otherwise in its words."""
    if not isinstance(values, list):
        return values
    changed = [words[value["id"]] for value in values if isinstance(value, dict) and value.get("id") in words]
    return overlaid(values, changed, file) if changed else values


def _requirement(
    record: Record, *, chapter: int, errata: frozenset[str], revisions: frozenset[str], families: Mapping[str, int]
) -> Requirement:
    requirement = Requirement(
        id=record.text("id"),
        chapter=chapter,
        level=record.choice("level", Level),
        basis=record.choice("basis", Basis),
        subject=record.choice("subject", Subject),
        source=record.text("source"),
        statement=record.text("statement"),
        observable=record.text("observable"),
        feature=record.text("feature"),
        testability=record.choice("testability", Testability),
        revisions=record.texts("revisions", empty=False),
        errata=record.texts("errata"),
        checks=record.texts("checks"),
        untested=record.text_or_none("untested"),
        contract=tuple(_clause(record, value) for value in record.items("contract")),
    )
    shape = _ID.fullmatch(requirement.id)
    if shape is None or families.get(shape[1], families.get(shape[2])) != chapter:
        record.refuse(f"is no id of chapter {chapter}")
    record.known("errata", requirement.errata, errata)
    record.known("revisions", requirement.revisions, revisions)
    if requirement.level is Level.SCHEMA and not requirement.contract:
        record.refuse("is of level SCHEMA and names no schema: contract is missing")
    if bool(requirement.checks) == (requirement.untested is not None):
        record.refuse("needs either checks or untested with a reason, not both and not none")
    return requirement


def _clause(outer: Record, value: object) -> Matched:
    record = Record(outer.file, value)
    record.name = f"{outer.name}: contract"
    found = matched(record)
    record.done()
    return found
