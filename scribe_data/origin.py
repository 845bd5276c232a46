"""At what many failures may have their origin: read from origins.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .model import SpecError
from .record import Record
from .table import table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .files import Files
    from .model import Requirement

_PATH = "origins.yaml"


class Lack(StrEnum):
    """What a run may never come to see."""

    ENVELOPE = "envelope"  # an error answer with a code where the envelope has it
    RESULTS = "results"  # a session that was ended and came to rest
    CONTENT = "content"  # one that came to rest with something in it


@dataclass(frozen=True, slots=True)
class Origin:
    """One thing that may be wrong at the root of others; at most one of refused, lacking and departure is its sign.

    at_fault: the requirements that say so, the closest first. hides: ids, or what ids begin with.
    """

    name: str
    text: str
    at_fault: tuple[str, ...]
    shows_in: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    refused: str | None = None
    lacking: Lack | None = None
    departure: str | None = None

    @property
    def has_sign(self) -> bool:
        """Whether it can be seen otherwise than by a failure of the requirements at fault."""
        return bool(self.refused or self.lacking or self.departure)

    def covers(self, requirement: str) -> bool:
        """Whether it may hide a requirement."""
        return any(requirement == named or requirement.startswith(f"{named}-") for named in self.hides)


@dataclass(frozen=True, slots=True)
class Origins:
    """All of them, what comes first in a session standing first.

    revision: requirements that name the cause where a target speaks another revision, the first that failed first.
    roll_ups: requirements that name no cause where another can. form, code, listed: those that ask for the form of an
    error's body, for its code, and for a code of the list; empty where the protocol says nothing of errors.
    """

    entries: tuple[Origin, ...]
    revision: tuple[str, ...]
    roll_ups: frozenset[str]
    form: str
    code: str
    listed: str


def read_origins(
    files: Files, *, catalogue: Mapping[str, Requirement], operations: Collection[str], families: Collection[str]
) -> Origins:
    """Return the origins of a profile; SpecError for ids that no revision knows and for what does not exist."""
    file = f"{files.name}/{_PATH}"
    whole = Record(file, files.yaml(_PATH))
    whole.name = _PATH
    beginnings = {requirement.rpartition("-")[0] for requirement in catalogue} | {*families}

    def decode(record: Record) -> Origin:
        found = _origin(record)
        record.known("at_fault", found.at_fault, catalogue)
        record.known("shows_in", found.shows_in, catalogue)
        record.known("hides", found.hides, {*catalogue, *beginnings})
        record.known("refused", [found.refused] if found.refused else [], operations)
        return found

    entries = table(file, whole.items("origins"), decode, lambda origin: origin.name, "name")
    revision = whole.texts("revision")
    whole.known("revision", revision, catalogue)
    roll_ups = whole.texts("roll_ups")
    form, code, listed = _of_errors(file, whole.mapping("errors"), catalogue) if whole.has("errors") else ("", "", "")
    whole.known("roll_ups", roll_ups, catalogue)
    whole.done()
    earlier: set[str] = set()
    for origin in entries.values():
        if not set(origin.after) <= earlier:
            raise SpecError(f"{file}: {origin.name}: after names an entry that does not stand before it")
        earlier.add(origin.name)
    return Origins(tuple(entries.values()), revision, frozenset(roll_ups), form, code, listed)


def _of_errors(file: str, values: object, catalogue: Collection[str]) -> tuple[str, str, str]:
    record = Record(file, values)
    record.name = "errors"
    form, code, listed = (record.text(key) for key in ("form", "code", "list"))
    record.known("ids", (form, code, listed), catalogue)
    record.done()
    return form, code, listed


def _origin(record: Record) -> Origin:
    found = Origin(
        name=record.text("name"),
        text=record.text("text"),
        at_fault=record.texts("at_fault", empty=False),
        shows_in=record.texts("shows_in"),
        hides=record.texts("hides"),
        after=record.texts("after"),
        refused=record.text_or_none("refused"),
        lacking=record.choice("lacking", Lack) if record.has("lacking") else None,
        departure=record.text_or_none("departure"),
    )
    if sum(sign is not None for sign in (found.refused, found.lacking, found.departure)) > 1:
        record.refuse("has more than one sign")
    return found
