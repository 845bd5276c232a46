"""Where a requirement stands, for readers who know the protocol by chapters and revisions and not our short names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scribe_data import Spec

#: Words that sources of requirements have for one text of the protocol; revisions.yaml says which each belongs to.
_MARKS = re.compile(r"\b(?:seed \d{3}|upstream HEAD)\b|@[0-9a-f]{7}\b")
#: What separates two places, outside brackets.
_BETWEEN = re.compile(r"\s*[;,]\s*(?![^(]*\))")
_PLACELESS = re.compile(r"^spec\s+")


def cited(source: str, spec: Spec, revision: str) -> str:
    """The places of a source as sections; those of another revision only where the revision at hand has none."""
    if source.startswith("undefined"):
        return plain(f"the text does not say{source.removeprefix('undefined')}", spec)
    here: list[str] = []
    elsewhere: list[str] = []
    for part in re.split(r";\s*(?![^(]*\))", source):
        named: str | None = None
        for place in _BETWEEN.split(part.strip()):
            marks = _MARKS.findall(place)
            named = "" if _PLACELESS.match(place) else named
            told = " ".join(_PLACELESS.sub("", _MARKS.sub("", place)).split())
            # a document named once holds for the rest of its part, a commit for the one place before it
            named = next((mark for mark in marks if not mark.startswith("@")), named)
            other = _revision(marks[0] if marks else named, spec)
            if other in (None, revision):
                here.append(told)
            else:
                elsewhere.append(f"{told} (revision {other})")
    return ", ".join(dict.fromkeys(here or elsewhere))


def plain(text: str, spec: Spec) -> str:
    """A text of ours with the days of revisions instead of their short names."""
    for each in spec.revisions.values():
        text = re.sub(rf"\b[rR]{re.escape(each.short.removeprefix('r'))}\b", each.name, text)
    return _MARKS.sub(lambda found: f"revision {_revision(found[0], spec)}", text)


def _revision(mark: str | None, spec: Spec) -> str | None:
    """The day of the text that a mark stands for; None where it stands for all of them."""
    if not mark:
        return None
    if mark == "upstream HEAD":
        return max(spec.revisions)
    return next((each.name for each in spec.revisions.values() if mark in each.text), None)
