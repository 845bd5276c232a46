"""Names looked up in word lists: drugs and findings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Generic, TypeVar

from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.sentence import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mock_server.extraction.sentence import Word

T = TypeVar("T")

#: Words that may stand in a name's gap: "pain ~ chest" is said "pain in the left side of my chest".
_SMALL = vocabulary(
    """a an the my your his her their any some this that of in on at to around down up both left right lower upper
    side from with through along across all over it i you he she they area inside into"""
)
_GAP = "~"
_WIDEST_GAP = 6


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug by the name it is said with."""

    name: str
    generic: str
    needs_cue: bool
    #: Whether a list has it; a medicine that none has is told as it was said.
    recognised: bool = True


@dataclass(frozen=True, slots=True)
class Sign:
    """A finding (a symptom, a sign or a condition), or what somebody is allergic to."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """An entry found in words[start:end]."""

    entry: T
    start: int
    end: int


class Lexicon(Generic[T]):
    """Finds the longest names in a sequence of words, in time linear in its length."""

    def __init__(self, names: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for name, entry in names:
            parts = tuple(part for piece in name.split() for part in _stems(piece))
            self._by_first.setdefault(parts[0], []).append((parts, entry))
        for known in self._by_first.values():
            known.sort(key=lambda item: -len(item[0]))

    def find(self, said: Sequence[Word]) -> Iterator[Match[T]]:
        """Every name, from left to right, the longest first, without overlaps."""
        at = 0
        while at < len(said):
            match = self._at(said, at)
            if match is None:
                at += 1
            else:
                yield match
                at = match.end

    def _at(self, said: Sequence[Word], at: int) -> Match[T] | None:
        for parts, entry in self._by_first.get(said[at].stem, ()):
            end = _fits(parts, said, at)
            if end is not None:
                return Match(entry, at, end)
        return None


#: What may stand within a name that is said haltingly, and before the verb of one: "my back's been, um, hurting".
_HALTING = vocabulary("um uh er erm ,")
_HELPERS = vocabulary("is are was has have had been really still always keeps started just so")
_HURTS = "hurt"
_SMALLEST = _HALTING | _HELPERS
_LONGEST_HALT = 5


def _halted(part: str, said: Sequence[Word], at: int) -> int:
    """Where the next part of a name stands behind hesitation, at the place itself where there is none."""
    small = _SMALLEST if part == _HURTS else _HALTING
    end = at
    while end < min(at + _LONGEST_HALT, len(said)) and said[end].text in small:
        end += 1
    passed = {word.text for word in said[at:end]}
    told = passed & {"um", "uh", "er", "erm"} or (part == _HURTS and "," not in passed)
    return end if told and end < len(said) and said[end].stem == part else at


def _fits(parts: tuple[str, ...], said: Sequence[Word], at: int) -> int | None:
    for place, part in enumerate(parts):
        if place and part != _GAP and at < len(said) and said[at].text in _SMALLEST:
            at = _halted(part, said, at)
        if part == _GAP:
            limit = min(at + _WIDEST_GAP, len(said))
            while at < limit and said[at].text in _SMALL:
                at += 1
        elif at < len(said) and said[at].stem == part:
            at += 1
        else:
            return None
    return at


def _stems(piece: str) -> tuple[str, ...]:
    return (_GAP,) if piece == _GAP else tuple(word.stem for word in words(piece))


def _rows(name: str) -> Iterator[list[str]]:
    text = (files("mock_server.extraction.data") / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


@cache
def drug_names() -> dict[str, Drug]:
    """Every drug by spoken name; our own list wins over the exported one."""
    known = {row[0]: Drug(row[0], row[1], needs_cue=False) for row in _rows("drugs.tsv")}
    known |= {row[0]: Drug(row[0], row[1], needs_cue=row[2:] == ["cue"]) for row in _rows("drugs_own.tsv")}
    kinds = {drug.generic for drug in known.values() if _is_kind(drug.generic, known)}
    return known | {name: Drug(name, name, needs_cue=False) for name in kinds}


def _is_kind(generic: str, known: Mapping[str, Drug]) -> bool:
    """Whether a generic name is a closer one for a drug that is said alone too: "insulin glargine"."""
    parts = generic.split()
    return (
        len(parts) > 1
        and generic not in known
        and parts[0] in known
        and all(part.isalpha() for part in parts)
        and "and" not in parts
    )


@cache
def drugs() -> Lexicon[Drug]:
    """The drugs, ready to be looked for."""
    return Lexicon(drug_names().items())


@cache
def findings() -> Lexicon[Sign]:
    """The findings, ready to be looked for."""
    return Lexicon(_named("findings.tsv"))


@cache
def allergens() -> Lexicon[Sign]:
    """What people are allergic to beside single drugs, ready to be looked for."""
    return Lexicon(_named("allergens.tsv"))


def _named(file: str) -> Iterator[tuple[str, Sign]]:
    for name, kind, others in _rows(file):
        for spoken in (name, *others.split("|")):
            yield spoken, Sign(name, kind)
