"""Tables of sentences with what a note has to say of them, and what the server's notes made of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mock_server.extraction import Extraction, extract
from mock_server.extraction.lexicon import findings
from mock_server.extraction.sentence import words

FOLDER = Path(__file__).parent / "said"
_STRENGTH = re.compile(r"(\d[\d.,]*(?: to \d[\d.,]*)?) ?((?!(?:in|at|on|with|before|after)\b)[a-z%]+)", re.IGNORECASE)
#: Two spellings of one frequency.
_SPELT = {
    " a day": " daily",
    " a week": " weekly",
    "once daily": "daily",
    "every two ": "every 2 ",
    "every six ": "every 6 ",
}
_PARTS = ("subjective", "objective", "assessment", "plan")


@dataclass
class Score:
    """What came of the items of one kind; doses are counted one by one."""

    right: int = 0
    items: int = 0
    doses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the items that are right in all that is expected of them."""
        return self.right / max(1, self.items)


def measured(half: str, kind: str) -> Score:
    """Read one table and fill the templates from each of its items."""
    score = Score()
    for item in yaml.safe_load((FOLDER / half / f"{kind}.yaml").read_text(encoding="utf-8")):
        faults = list(_faults(item["said"], item["expect"], score.doses))
        score.items += 1
        score.right += not faults
        score.wrong += [f"{item['id']}: {fault}" for fault in faults]
    return score


def _data(template: str, said: str, empty: Any) -> Any:
    result = extract(template, said)
    return result.data if isinstance(result, Extraction) else empty


def _faults(said: str, expect: dict[str, Any], doses: Counter[str]) -> list[str]:
    note = _data("soap", said, {})
    found = {item["finding"]: item["polarity"] for item in note.get("findings", ())}
    faults = []
    for key, wanted in expect.items():
        if key == "medications":
            faults += _medicines(wanted, _data("medications", said, []), doses)
        elif key in {"present", "absent", "not_present"}:
            faults += _polarity(key, wanted, found)
        elif key == "allergies":
            listed = sorted(item["name"].lower() for item in note.get("allergies", ()))
            faults += [f"allergies are {listed}"] if listed != sorted(name.lower() for name in wanted) else []
        elif key in {"vitals", "units"}:
            field_of = {"vitals": "value", "units": "unit"}[key]
            read = {name: item.get(field_of) for name, item in _data("vitals", said, {}).items()}
            faults += (
                [f"{key} are {read}"]
                if read != wanted and (key == "vitals" or not wanted.items() <= read.items())
                else []
            )
        elif key in _PARTS:
            faults += [
                f"{key} lacks {piece!r}: {note.get(key)}" for piece in wanted if piece.lower() not in _part(note, key)
            ]
        elif key == "not_in":
            faults += [
                f"{part} has {piece!r}: {note.get(part)}"
                for part, pieces in wanted.items()
                for piece in pieces
                if piece.lower() in _part(note, part)
            ]
        elif key == "insufficient":
            told = isinstance(extract("soap", said), Extraction)
            faults += ["something is told"] if told is wanted else []
        else:
            raise ValueError(f"{key} is no key of expect")
    return faults


def _part(note: dict[str, Any], part: str) -> str:
    return str(note.get(part, "")).lower()


def _polarity(key: str, wanted: list[str], found: dict[str, str]) -> list[str]:
    faults = []
    for name in wanted:
        said: set[str | None]
        known = {match.entry.name for match in findings().find(words(name))} or {name}
        said = {found[one] for one in found if any(part in one for part in known)} or {None}
        right = "present" not in said if key == "not_present" else said == {key}
        faults += [] if right else [f"{name} is not {key.replace('_', ' ')}: {found}"]
    return faults


def _medicines(wanted: list[dict[str, Any]], listed: list[dict[str, Any]], doses: Counter[str]) -> list[str]:
    ours = {item["name"].lower(): item for item in listed}
    faults = []
    if ours.keys() != {item["name"].lower() for item in wanted}:
        faults.append(f"medicines are {sorted(ours)}")
    for item in wanted:
        seen = ours.get(item["name"].lower(), {})
        given, right = _doses(seen), [_strength(dose) for dose in item["doses"]]
        doses["right" if given == right else "none" if not given else "wrong"] += 1
        faults += [f"{item['name']} has the doses {given}"] if given != right else []
        if "frequency" in item and _often(seen.get("frequency", "")) != _often(item["frequency"]):
            faults.append(f"{item['name']} is taken {seen.get('frequency')}")
        if "action" in item and seen.get("action") != item["action"]:
            faults.append(f"{item['name']} has the action {seen.get('action')}")
        if "condition" in item and not _meets(item["condition"], seen.get("condition")):
            faults.append(f"{item['name']} is taken {seen.get('condition')}")
        if seen.get("recognised", True) != item.get("recognised", True):
            faults.append(f"{item['name']} is recognised: {seen.get('recognised', True)}")
    return faults


def _meets(wanted: str | None, seen: str | None) -> bool:
    """Whether the condition of an entry is the one that was said, or there is none."""
    return seen is None if wanted is None else wanted.lower() in (seen or "").lower()


def _doses(item: dict[str, Any]) -> list[str]:
    """Every dose of an entry once, in the order it is to be taken."""
    told = [item.get("dosage", "")]
    told += [one.get("dosage", "") for key in ("doses", "steps") for one in item.get(key, ())]
    found = [" ".join(match.groups()) for text in told for match in _STRENGTH.finditer(text)]
    return list(dict.fromkeys(_strength(one) for one in found))


def _strength(dose: str) -> str:
    number, _, unit = dose.rpartition(" ")
    return f"{number.replace(',', '')} {unit.lower().removesuffix('s')}"


def _often(frequency: str) -> str:
    for said, shown in _SPELT.items():
        frequency = frequency.replace(said, shown)
    return frequency
