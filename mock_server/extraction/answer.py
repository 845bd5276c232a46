"""What a question was answered with."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Sentence


class Answer(Enum):
    """Yes, no, or neither."""

    YES = "yes"
    NO = "no"


_LEAD = r"(?:(?:um|uh|oh|well|so|hmm|hm|okay|ok|ah|er|erm|like|you know|honestly|actually|i mean|doctor|sir|ma'am|,) )*"
_NO = re.compile(
    rf"^{_LEAD}(?:no|nope|nah|none|not|never|negative|nothing|neither|uh uh|i (?:do|did|have|am|was|ca|could)(?: not|n't| n't)"
    r"|i(?:'m| am) not|i(?:'ve| have) not|i(?:'ve| have)? never|i don't|i haven't|i didn't|denies|he doesn't|she doesn't"
    r"|it (?:does|has|is)(?:n't| n't| not)|(?:he|she) (?:does|has|is)(?:n't| n't| not)|that's not)\b"
)
_YES = re.compile(
    rf"^{_LEAD}(?:yes|yeah|yep|yup|yah|ya|mm hmm|mhm|uh huh|correct|right|sure|definitely|absolutely|certainly|exactly"
    r"|a little|a bit|a lot|some|somewhat|sometimes|occasionally|kind of|kinda|sort of|i do|i have|i did|i am|i was|it does"
    r"|it is|it has|it did|he does|she does|he has|she has|he is|she is|just|maybe|probably|a few|a couple|once|often"
    r"|that's (?:right|correct|true)|unfortunately|of course|indeed|once in a while|every|mostly|usually)\b"
)
_BUT = re.compile(
    r"^(?:yeah|yes|yep|right|okay|well|mm hmm) ,? ?(?:no|not|none|nope|i(?: have| do|'ve|)(?:n't| n't| not))\b"
)


def answer(text: str) -> Answer | None:
    """How a reply begins: "yeah, no" is a no."""
    if _NO.search(text) or _BUT.search(text):
        return Answer.NO
    return Answer.YES if _YES.search(text) else None


def reply_to(sentences: Sequence[Sentence], index: int) -> int | None:
    """The sentence that answers the question at index: the next one, or the first of the next turn."""
    asked = sentences[index]
    for at in range(index + 1, min(index + 8, len(sentences))):
        later = sentences[at]
        if not later.words:
            continue
        if later.turn != asked.turn:
            return at if later.turn <= asked.turn + 2 and (later.role != asked.role or later.role is None) else None
        if asked.role is None and not later.asks:
            return at
        if answer(later.plain) is not None and not later.asks and asked.role is None:
            return at
    return None


def answer_to(sentences: Sequence[Sentence], index: int) -> Answer | None:
    """Yes or no to the question at index, None where neither was said."""
    at = reply_to(sentences, index)
    return None if at is None else answer(sentences[at].plain)
