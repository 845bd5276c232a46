"""Lists of words and phrases, written one group a line."""

from __future__ import annotations

import re


def vocabulary(text: str) -> frozenset[str]:
    """The words of a list parted by white space."""
    return frozenset(text.split())


def alternatives(text: str) -> str:
    """A pattern for any of the phrases, parted by "|" and line breaks."""
    return "(?:" + "|".join(part for line in text.split("\n") if (part := line.strip().strip("|").strip())) + ")"


def phrases(text: str) -> re.Pattern[str]:
    """Finds any of the phrases (regular expressions) as whole words."""
    return re.compile(rf"\b{alternatives(text)}\b")
