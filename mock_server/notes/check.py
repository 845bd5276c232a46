"""Somebody else's notes, held against the transcript: what was not said is dropped, and told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mock_server.extraction.finding import Finding
from mock_server.extraction.lexicon import Sign
from mock_server.extraction.sentence import words
from mock_server.extraction.statement import Statement
from mock_server.notes.asked import PARTS
from mock_server.notes.said import Said, doses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mock_server.extraction.allergy import Allergy
    from mock_server.extraction.reading import Reading

#: Characters that no note has: controls, marks that turn the direction, markup, and what stands for a lost character.
_BROKEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069<>]")
#: What else is told of taking a medicine, in words that have to be said beside it.
_TOLD_OF_TAKING = ("frequency", "route", "duration")
_STATED = 2


@dataclass
class Checked:
    """What is left of a document as the reading that templates are filled from, and what is not, with the reason."""

    reading: Reading
    unsaid: list[str] = field(default_factory=list)


def checked(document: Mapping[str, Any], read: Reading) -> Checked:
    """Hold a document of the asked form against what was said; `read` is the rules' own reading."""
    desk = _Desk(read)
    left = replace(
        read,
        statements=tuple(desk.statements(document)),
        findings=tuple(desk.findings(document["findings"])),
        medications=list(desk.medications(document["medications"])),
        allergies=replace(read.allergies, known=tuple(desk.allergies(document["allergies"]))),
        vitals=dict(desk.vitals(document["vitals"])),
    )
    return Checked(left, desk.unsaid)


class _Desk:
    """Goes through a document, piece by piece."""

    def __init__(self, read: Reading) -> None:
        self.unsaid: list[str] = []
        self._read = read
        self._said = Said(read)

    def _drop(self, what: str, why: str) -> None:
        self.unsaid.append(f"{_BROKEN.sub('?', what)}: {_BROKEN.sub('?', why)}")

    def _placed(self, given: list[dict[str, Any]], name: str) -> Iterator[tuple[dict[str, Any], int]]:
        """The pieces whose quote was said, with the sentence it is of."""
        for piece in given:
            what = str(piece[name])
            at = self._said.place(piece["quote"])
            if _BROKEN.search(what):
                self._drop(what, "it has characters that no note has")
            elif at is None:
                self._drop(what, f"nobody said {piece['quote']!r}")
            else:
                yield piece, at

    def statements(self, document: Mapping[str, Any]) -> Iterator[Statement]:
        """The sentences of a note."""
        for part in PARTS:
            for piece, at in self._placed(document[part], "text"):
                text = piece["text"].strip()
                if (why := self._said.unsaid(text, at, planned=part == "plan")) is not None:
                    self._drop(text, why)
                elif words(text):
                    yield Statement(part, text, (at,))

    def findings(self, given: list[dict[str, Any]]) -> Iterator[Finding]:
        """Findings that the rules give the same polarity; of one that no list has nobody can tell that."""
        once: set[str] = set()
        for piece, at in self._placed(given, "finding"):
            sign, polarity = self._said.sign(piece["finding"]), piece["polarity"]
            if sign is None or self._said.polarity(sign) != polarity:
                self._drop(piece["finding"], f"the patient was not said to have it {polarity}")
            elif sign not in once:
                once.add(sign)
                yield Finding(Sign(sign, "named"), polarity, at, _STATED)

    def medications(self, given: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Medicines of the patient by the rules, with what was said of taking them."""
        taken: dict[str, dict[str, Any]] = {}
        for entry in self._read.medications:
            taken |= {entry["name"].lower(): entry, entry.get("generic", entry["name"]).lower(): entry}
        once: set[str] = set()
        for piece, at in self._placed(given, "name"):
            name = piece["name"]
            key = (self._said.drug(name) or name).lower()
            if key not in taken:
                self._drop(name, "it was not said to be a medicine of the patient")
            elif key not in once:
                once.add(key)
                yield self._medicine(piece, taken[key], at)

    def _medicine(self, piece: dict[str, Any], ours: dict[str, Any], at: int) -> dict[str, Any]:
        name = piece["name"]
        entry: dict[str, Any] = {
            key: ours[key] for key in ("name", "generic", "recognised", "condition") if key in ours
        }
        if dosage := piece["dosage"]:
            given = doses(words(dosage))
            if given and given <= self._said.doses(at) and self._said.unsaid(dosage, at) is None:
                entry["dosage"] = dosage
            else:
                self._drop(f"{name} {dosage}", "the dose was not said there")
        for key in _TOLD_OF_TAKING:
            if told := piece[key]:
                why = self._said.unsaid(told, at)
                if why is None and not _BROKEN.search(told):
                    entry[key] = told
                else:
                    self._drop(f"{name} {told}", why or "it has characters that no note has")
        if piece["action"] and piece["action"] == ours.get("action"):
            entry["action"] = piece["action"]
        elif piece["action"]:
            self._drop(f"{name} {piece['action']}", "this was not said to be done to it")
        return {**entry, "source": self._read.dialogue.sentences[at].source}

    def allergies(self, given: list[dict[str, Any]]) -> Iterator[Allergy]:
        """What the rules find not to be borne."""
        known = {one.name.lower(): one for one in self._read.allergies.known}
        for piece, _ in self._placed(given, "name"):
            found = known.pop(piece["name"].lower(), None)
            if found is None:
                self._drop(piece["name"], "it was not said not to be borne")
            else:
                yield found

    def vitals(self, given: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Values that the rules read too: of a number alone nobody knows what it measures."""
        for piece, _ in self._placed(given, "name"):
            mine = self._read.vitals.get(piece["name"])
            if mine is not None and str(mine["value"]) == piece["value"].strip().split(" ")[0]:
                yield piece["name"], mine
            else:
                self._drop(f"{piece['name']} {piece['value']}", "it was not said to be measured")
