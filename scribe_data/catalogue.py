"""Requirements, errata, rules and revisions, read from their YAML files and checked against each other."""

from __future__ import annotations

import re
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .model import Basis, Erratum, Level, Matched, Requirement, Revision, Rule, SpecError, Subject, Testability
from .record import Record
from .table import table
from .waiver import matched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .files import Files

#: What may be a family: the whole beginning of an id, and its first word.
_ID = re.compile(r"(?:CLI-)?(([A-Z]+)(?:-[A-Z]+)?)-[0-9]{3}")


def _revision(record: Record) -> Revision:
    told = record.text("languages") if record.has("languages") else "array"
    if told not in ("array", "string"):
        record.refuse("languages is array or string")
    array = told == "array"
    return Revision(
        name=record.text("name"),
        short=record.text("short"),
        text=record.text("text"),
        languages="array" if array else "string",
        counted_end=record.flag("counted_end", default=False),
    )


def read_revisions(files: Files) -> dict[str, Revision]:
    """Return the texts of the protocol by name, oldest first."""
    path = "revisions.yaml"
    return table(
        f"{files.name}/{path}",
        files.yaml(path),
        _revision,
        lambda revision: revision.name,
        "name",
    )


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
    files: Files, errata: Iterable[str], revisions: Iterable[str], families: Mapping[str, int]
) -> dict[str, Requirement]:
    """Return the requirements of every revision by id, by chapter and then in the order of their file.

    families: what an id begins with -> its chapter.
    """
    found: dict[str, Requirement] = {}
    errata, revisions = frozenset(errata), frozenset(revisions)
    for path in files.list("requirements", ".yaml"):
        number = PurePosixPath(path).name.split("-")[0]
        if not number.isdecimal():
            raise SpecError(f"{files.name}/{path}: is not named NN-chapter.yaml")
        chapter = int(number)
        decode = partial(_requirement, chapter=chapter, errata=errata, revisions=revisions, families=families)
        entries = table(f"{files.name}/{path}", files.yaml(path), decode, lambda requirement: requirement.id)
        for name in found.keys() & entries.keys():
            raise SpecError(f"{files.name}/{path}: {name}: stands in another file too")
        found.update(entries)
    return found


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
