"""What a question was answered with."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import alternatives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Sentence


class Answer(Enum):
    """Yes or no."""

    YES = "yes"
    NO = "no"


_LEAD = (
    r"^(?:(?:um|uh|oh|well|so|hmm|hm|okay|ok|ah|er|erm|like|you know|honestly|actually|i mean|doctor|sir|oh my"
    r"|my|goodness|god|gosh|word|blimey|,) ){0,6}"
)
_NO = re.compile(
    _LEAD
    + alternatives(
        r"""no|nope|nah|none|not|never|negative|nothing|neither|uh uh|that's not|denies
        (?:i|he|she|it) (?:do|does|did|have|has|is|am|was|ca|could)(?: not|n't| n't)(?! (?:know|remember|recall)\b)
        i(?:'m| am) not|i(?:'ve| have) not|i(?:'ve| have)? never"""
    )
    + r"\b"
)
_YES = re.compile(
    _LEAD
    + alternatives(
        r"""yes|yeah|yep|yup|yah|ya|mm hmm|mhm|uh huh|correct|right|sure|definitely|absolutely|certainly|exactly|indeed
        a little|a bit|a lot|some|somewhat|sometimes|occasionally|kind of|kinda|sort of|just|maybe|probably|a few|once
        only (?:when|if|at|after|in|on|with|a)|from time to time|now and then|mainly|mostly at
        a couple|often|mostly|usually|every|unfortunately|of course|that's (?:right|correct|true)
        i (?:do|have|did|am|was)|(?:it|he|she) (?:does|is|has|did)"""
    )
    + r"\b"
)
#: "Yeah, no" is a no.
_AFTER_ALL = re.compile(
    r"^(?:yeah|yes|yep|right|okay|well|mm hmm) ,? ?(?:no|not|none|nope|i(?: have| do|'ve|)(?:n't| n't| not))\b"
)
#: "No, well, yes, I am" is a yes.
_BETTER = re.compile(
    r"^no (?:(?:um|uh|well|oh|wait|sorry|actually|i mean|,) )+(?:yes|yeah|i (?:do|have|am))\b(?! (?:not|n't)\b)"
)
#: "On the stairs, yes."
_LAST = re.compile(r"(?:^|, )(?:yes|yeah|yep|it does|i do)$")
#: "Sick, no." answers for what it names.
_LAST_NO = re.compile(r"^(?:\S+ ){1,3}, (?:no|nope|not really)$")
#: An answer follows within so many sentences and turns, or was never given.
_SENTENCES, _TURNS = 8, 2


def answer(text: str) -> Answer | None:
    """How a reply begins; None where it is neither yes nor no."""
    if _BETTER.search(text):
        return Answer.YES
    if _NO.search(text) or _AFTER_ALL.search(text) or for_one(text):
        return Answer.NO
    return Answer.YES if _YES.search(text) or _LAST.search(text) else None


def for_one(text: str) -> bool:
    """Whether a reply says no to the one thing it names: "chills, no"."""
    return _LAST_NO.search(text) is not None


def reply_to(sentences: Sequence[Sentence], index: int) -> int | None:
    """The sentence that answers the question at index: the other speaker's next, or the next where none is known."""
    asked = sentences[index]
    for at in range(index + 1, min(index + _SENTENCES, len(sentences))):
        later = sentences[at]
        if not later.words:
            continue
        if later.turn != asked.turn and asked.role is not None:
            near = later.turn <= asked.turn + _TURNS
            return at if near and later.role != asked.role else None
        if asked.role is None and not later.asks:
            return at
    return None


def answer_to(sentences: Sequence[Sentence], index: int) -> Answer | None:
    """Yes or no to the question at index, None where neither was said."""
    at = reply_to(sentences, index)
    return None if at is None else answer(sentences[at].plain)
