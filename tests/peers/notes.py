"""Notes that a peer writes from a transcript: every word of them was said."""

from __future__ import annotations

import re
from typing import Any

_DRUGS = re.compile(r"\b(ibuprofen|metformin|penicillin|paracetamol|amoxicillin|salbutamol|aspirin)\b", re.IGNORECASE)
_SIGNS = re.compile(r"pressure|temperature|heart rate|look|lungs|chest|swollen|examine", re.IGNORECASE)
_PLANS = re.compile(r"take|rest|drink|order|see you|come back|weeks|x-ray|avoid", re.IGNORECASE)
_FINDINGS = re.compile(r"i think|this is|it is a|likely|migraine|infection|sprain|asthma", re.IGNORECASE)


def write(template: str, transcript: str) -> Any:
    """The data of one template: an object, or an array of objects where a template is a list by nature."""
    sentences = [sentence.strip() for sentence in re.split(r"(?<=[.?!])\s+", transcript) if sentence.strip()]
    if template == "soap":
        return _soap(sentences)
    if template == "medications":
        return [{"name": hit.group(1).lower(), "said": line} for line in sentences if (hit := _DRUGS.search(line))]
    if template == "vitals":
        return {"said": [line for line in sentences if _SIGNS.search(line)]}
    return {"text": transcript, "sentences": len(sentences)}


def _soap(sentences: list[str]) -> dict[str, str]:
    note: dict[str, list[str]] = {"subjective": [], "objective": [], "assessment": [], "plan": []}
    for line in sentences:
        if _SIGNS.search(line):
            note["objective"].append(line)
        elif _FINDINGS.search(line):
            note["assessment"].append(line)
        elif _PLANS.search(line):
            note["plan"].append(line)
        else:
            note["subjective"].append(line)
    return {part: " ".join(lines) for part, lines in note.items()}
