"""Speech of several people written down without a mark between: where a question, an answer or an order begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A few of them: without a bound each place would look over all that follow it.
_LEAD = r"(?:(?:okay|ok|alright|all right|and|so|now|well) ){0,4}"
_QUESTION = (
    r"(?:do|have|are|did) you|does it|is (?:it|there)|any (?!more)|how (?:long|often|are|is|much|many|about)"
    r"|what (?:brings|about|can|is|does)|where|when did"
)
_ANSWER = (
    r"(?:no|yes|yeah|nope|yep) (?:i|it|so|not|just|we|you|the|a)\b"
    r"|(?:okay|ok|alright|all right) (?:i|it|let|so|we|you|the)\b"
)
_SAID = (
    r"let me|let's|i think (?:it|this|you|that)|i'll|we'll|i'm going to|i am going to|please|drink plenty"
    r"|take \w+ \d|on exam\w*|your (?:\w+ ){1,2}(?:is|are)"
)
_BREAK = re.compile(rf"(?i)\s(?={_LEAD}(?:{_QUESTION})\b|(?:{_ANSWER})|(?:{_SAID})\b)")
_MARK = re.compile(r"[.?!,;]")
#: Shorter pieces are left whole.
_FEWEST = 20
#: What a break leaves on either side has at least so many letters.
_SHORTEST = 4


def pieces(text: str) -> Iterator[str]:
    """The parts of a text without marks; a text with marks, or a short one, is one part."""
    if text.count(" ") < _FEWEST or _MARK.search(text):
        yield text
        return
    start = 0
    for match in _BREAK.finditer(text):
        if match.start() - start >= _SHORTEST:
            yield text[start : match.start()].strip()
            start = match.end()
    yield text[start:].strip()
