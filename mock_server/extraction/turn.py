"""The turns of a consultation, parsed from labelled or plain text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

#: "Doctor: ..." or "[doctor] ..." at the head of a line.
_LABEL = re.compile(
    r"[ \t]*(?:\[([A-Za-z][\w .\-]{0,30})\]:?|([A-Za-z][\w.\-]*(?: [\w.\-]+){0,2})[ \t]?:)(?:[ \t]+(?=\S)|[ \t]*$)"
)
_DOCTOR = re.compile(r"(?i)\b(?:doctor|dr|clinician|physician|provider|gp|nurse|guest_clinician)\b")
_PATIENT = re.compile(
    r"(?i)\b(?:patient|pt|client|caller|parent|mother|father|mom|mum|dad|carer|caregiver|guardian|relative|guest\w*"
    r"|wife|husband|daughter|son|sister|brother|spouse|partner)\b"
)
#: Labels of software that tells voices apart.
_NUMBERED = re.compile(r"(?i)(?:speaker|person|voice|spk)[ _]?(?:\d{1,2}|[a-z])")
#: What a broken encoding left between a word and its ending was an apostrophe; elsewhere nothing can be told of it.
_BROKEN_APOSTROPHE = re.compile("(?<=[A-Za-z])[\ufffd\x92]+(?=(?:s|t|m|d|re|ve|ll)\\b)", re.IGNORECASE)
_UNREADABLE = re.compile("[\ufffd\ud800-\udfff\x00-\x08\x0e-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker said without a break; speaker is None where the transcript does not tell."""

    speaker: str | None
    text: str

    @property
    def role(self) -> str | None:
        """ "doctor", "patient" or None."""
        if self.speaker is None:
            return None
        if _DOCTOR.search(self.speaker.replace("_", " ")):
            return "doctor"
        return "patient" if _PATIENT.search(self.speaker) else None


def turns(transcript: str) -> tuple[Turn, ...]:
    """Split a transcript into turns; lines without a label go on with the turn before them."""
    lines = [line for line in _readable(transcript).splitlines() if line.strip()]
    labels = [_label(line) for line in lines]
    often = Counter(name.lower() for name, _ in labels if name)
    found: list[tuple[str | None, list[str]]] = []
    for line, (name, said) in zip(lines, labels, strict=True):
        if name and (_is_role(name) or _NUMBERED.fullmatch(name) or often[name.lower()] > 1):
            found.append((name, [said]))
        elif found and found[-1][0] is not None:
            found[-1][1].append(line)
        else:
            found.append((None, [line.strip()]))
    joined = ((name, "\n".join(said).strip()) for name, said in found)
    return tuple(Turn(name, text) for name, text in joined if text)


def _readable(transcript: str) -> str:
    """A transcript without the characters that stand for none."""
    return _UNREADABLE.sub(" ", _BROKEN_APOSTROPHE.sub("'", transcript))


def _is_role(name: str) -> bool:
    return Turn(name, "").role is not None


def _label(line: str) -> tuple[str | None, str]:
    match = _LABEL.match(line)
    if match is None:
        return None, line
    return (match[1] or match[2]).strip(), line[match.end() :]
