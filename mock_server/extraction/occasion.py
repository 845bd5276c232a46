"""Whether an amount of medicine is to be taken now, was taken before, may be taken later, or is a limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from mock_server.extraction.amount import Amount, amounts, counts_else
from mock_server.extraction.phrase import alternatives, phrases, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence


class Occasion(Enum):
    """When an amount counts."""

    NOW = "now"
    PERHAPS = "perhaps"
    NOT = "not"


#: What may stand between such a phrase and its amount.
_THEN = (
    r"(?: (?:a|an|the|your|my|his|her|their|about|around|that|those|this|dose|of|old|current|usual|initial|at|only|just"
    r"|to|on|taking|total|daily|day|is|be|was|should|like|uh|um|it|per|for|in|'s|,)){0,5}$"
)
_NEVER = r"(?:not|cannot|\w*n't|never)"
_LIMIT = re.compile(
    rf"\b(?:(?:no|nothing|{_NEVER})(?: \S+)? more than|{_NEVER}(?: \S+)? exceed\w*|exceed(?:ing)?"
    r"|maximum|max|limit\w*|ceiling|cap(?:ped)?)(?: [^\s,]+){0,5}$"
    r"|\b(?:until(?: \S+){1,3}? (?:reach\w*|hit|get|are|is)"
    rf"|more than|less than|at (?:the )?most|under|below|beyond|{_NEVER}(?: \S+){{0,3}} (?:over|above|past))" + _THEN
)
_LIMIT_AFTER = re.compile(
    r"^(?:(?:a|per|each|every) day |daily |total |in total |is |as |, )*"
    r"(?:(?:the |your |a |an )?(?:absolute |daily |upper )?(?:maximum|max|limit|most|ceiling)|at (?:the )?most|tops)\b"
)
#: "Go up to 20 mg" is a new dose, "take up to 20 mg" a limit.
_UP_TO = re.compile(r"\bup to" + _THEN)
_GO_UP = re.compile(
    r"\b(?:go|going|goes|went|gone|bump\w*|increas\w+|rais\w+|mov\w+|bring\w*|titrat\w+|back|work\w*|get|push\w*|step\w*"
    r"|build\w*|dose|you|it|him|her)(?: \S+){0,3}? up to"
)
_TAKE_UP = re.compile(r"\b(?:tak\w+|use|using|have|allowed|need)(?: \S+){0,3}? up to")
_OLD = re.compile(
    r"\b"
    + alternatives(
        r"""(?:(?:down|up) from|from|instead of|(?:rather )?than|in place of|previously|formerly|originally|no longer
        (?:were|was) (?:only |already |previously |just )?(?:on|taking|using)|used to (?:take|be on|use|be|have)
        (?:had|'d) been (?:on|taking|using|getting)|old dose(?: of| was)?)(?: \w+)?
        (?:would|could|might|should)(?:n't| not)?(?: have|'ve) (?:been |given |put |had |started )(?:\S+ ){0,2}?\S+
        stop(?:ped)?(?: taking| using)?|replac(?:e|es|ing)|(?:not|\w*n't)(?: (?:take|taking|be|do|on))?"""
    )
    + _THEN
)
_OLD_AFTER = re.compile(
    r"^(?:[^\s,]+ ){0,3}?(?:previously|originally|formerly|last (?:year|month|time|week|visit)|in the past"
    r"|until (?:now|today|recently)|before(?! \w+(?:ing|s)\b| (?:bed|food|breakfast|lunch|dinner|supper|sleep|surgery"
    r"|the|your|my|a|you|i|each|every|any)\b))\b"
)
#: "It was 100 mg but now it's 50".
_WAS = re.compile(r"\b(?:was|were)(?: (?:on|at|only|just))?$")
_NOW = 5
#: "I'd planned on 50 mg but let's make it 25".
_MEANT = re.compile(r"\b(?:planned|supposed|meant|intended|hoped|hoping|thought of|thinking of|wanted)(?: \S+){0,6}$")
_BUT = 8
#: "Swapping warfarin 3 mg for apixaban 5 mg".
_SWAPPED = (re.compile(r"\b(?:swap|replac|exchang|substitut)\w*(?: \S+){0,4}$"), re.compile(r"^(?:for|with|by)\b"))
#: "Half of the 50 mg": so much is not to be taken.
_SHARE = re.compile(
    r"\b(?:half|a third|a quarter|part|some|none|most) of (?:the|your|a|an|my|his|her|those|each)(?: old)?$"
)
#: So much more or less.
_BY = re.compile(r"(?:(?<!followed )\bby|\banother|\ban? extra|\bextra|\badditional|\bincrease of)" + _THEN)
_CHANGE = phrases(
    r"""go|going|goes|get|increas\w+|rais\w+|bump\w*|mov\w+|titrat\w+|need|step|come|drop|reduc\w+|decreas\w+|switch
    chang\w+|tr(?:y|ied)|consider|double|taper\w*|work|build|advance"""
)
_MAY = phrases("may|might|perhaps|possibly|eventually|potentially")
_COULD = phrases("can|could|would|if|unless|then|maybe")
_LATER = phrases(
    r"""next (?:visit|time|month|week|year|appointment)|later(?: on)?|eventually|in the future|down the (?:road|line)
    at some point|if (?:needed|necessary|required)|following (?:week|month)
    (?:in|after|within) (?:a|one|two|three|four|six|eight|\d+|a few|a couple(?: of)?) (?:more )?(?:day|week|month)s?"""
)
#: "Start at 25 mg and work up to 100 mg".
_STARTS = phrases("start|starting|begin|beginning")
_NEXT = re.compile(r"\bif\b|\bthen\b(?! (?:\S+ )?(?:they|went|got|had|was|were|came|put|bumped|increased))")
_TOMORROW = re.compile(
    r"^(?:from |starting )?(?:tomorrow|the (?:next|following) (?:day|week|morning|night)|the (?:day|night) after)\b"
)
#: "Instead of the 6 mg and 8 mg": the second counts as the first does.
_JOINING = frozenset({"and", "or", "the"})
_CLAUSE_ENDS = vocabulary(", ; and but then so")
_REACH_BEFORE, _REACH_AFTER = 14, 8
#: "From 5 to 10" is a range, or the old dose and the new one after a word of change.
_CHANGING = re.compile(
    r"\b(?:increas|decreas|reduc|rais|lower|chang|switch|bump|go|going|went|mov|titrat|step|taper|cut|drop)\w*"
    r"(?: \S+){0,7}?$"
)


@dataclass(frozen=True, slots=True)
class Said:
    """An amount with when it counts; its neighbours end at words[after] and begin at words[before]."""

    amount: Amount
    occasion: Occasion
    after: int
    before: int


@lru_cache(maxsize=64)
def occasions(texts: tuple[str, ...]) -> tuple[Said, ...]:
    """Every amount in the texts of words with when it counts."""
    found = [amount for amount in amounts(texts) if not counts_else(texts, amount)]
    said: list[Said] = []
    for at, amount in enumerate(found):
        after = found[at - 1].end if at else 0
        before = found[at + 1].start if at + 1 < len(found) else len(texts)
        when = _occasion(texts, amount, after, before)
        between = set(texts[after : amount.start])
        if said and said[-1].occasion is Occasion.NOT and between and between <= _JOINING:
            when = Occasion.NOT
        if said and said[-1].occasion is Occasion.PERHAPS and between == {"add"}:  # "if it is over 130 add two units"
            when = Occasion.PERHAPS
        said.append(Said(amount.high() if _changed(texts, amount, after) else amount, when, after, before))
    return tuple(said)


def _occasion(texts: Sequence[str], amount: Amount, after: int, before: int) -> Occasion:
    ahead = " ".join(texts[max(after, amount.start - _REACH_BEFORE) : amount.start])
    behind = " ".join(texts[amount.end : clause_end(texts, amount.end, before)])
    by = _BY.search(ahead) and not (amount.number.high is not None and ahead.endswith("by"))
    was = _WAS.search(ahead) and "now" in texts[amount.end : amount.end + _NOW]
    was = was or (_MEANT.search(ahead) and "but" in texts[amount.end : amount.end + _BUT])
    if _limits(ahead, behind) or _shared(texts, amount) or _OLD_AFTER.search(behind) or by or was:
        return Occasion.NOT
    if _OLD.search(ahead) and not (amount.number.high is not None and ahead.endswith("from")):
        return Occasion.NOT
    if _SWAPPED[0].search(ahead) and _SWAPPED[1].search(behind):
        return Occasion.NOT
    clause = ahead[max(ahead.rfind(f" {end} ") for end in ("and", "but", ";")) + 1 :]
    changes = _CHANGE.search(clause) is not None
    if changes and (_MAY.search(clause) or _LATER.search(clause) or _LATER.search(behind)):
        return Occasion.NOT
    led_up = changes and _STARTS.search(" ".join(texts[: amount.start])) is not None and after > 0
    if led_up or (changes and _COULD.search(clause)) or _NEXT.search(clause) or _TOMORROW.search(behind):
        return Occasion.PERHAPS
    return Occasion.NOW


def _shared(texts: Sequence[str], amount: Amount) -> bool:
    """Whether only a part of a strength is to be taken; of a tablet the part is told beside it."""
    solid = any(text.startswith(("tablet", "pill")) for text in texts[amount.start : amount.end + 2])
    return not solid and _SHARE.search(" ".join(texts[max(0, amount.start - 4) : amount.start])) is not None


def _limits(ahead: str, behind: str) -> bool:
    if _LIMIT.search(ahead) or _LIMIT_AFTER.search(behind):
        return True
    return bool(_UP_TO.search(ahead)) and (bool(_TAKE_UP.search(ahead)) or not _GO_UP.search(ahead))


_MOVES = re.compile(
    r"\b(?:we'll|we will|let's|i'll|i will|i'd like to|i want to|i want you to|going to|gon na|gonna)(?: \S+){0,3}?"
    r" (?:go|get|increas|decreas|reduc|rais|lower|chang|switch|bump|mov|titrat|drop|cut)\w*(?: \S+){0,3}? to$"
)


def moves(said: Sequence[str]) -> bool:
    """Whether the words before a number say that a dose is to become it: "we'll go up to"."""
    return _MOVES.search(" ".join(said)) is not None


def clause_end(texts: Sequence[str], start: int, stop: int) -> int:
    """Where the clause ends that words[start:stop] begin in."""
    last = min(stop, start + _REACH_AFTER, len(texts))
    return next((at for at in range(start, last) if texts[at] in _CLAUSE_ENDS), last)


def clause_start(texts: Sequence[str], amount: Amount, after: int) -> int:
    """Where the clause of an amount begins, after the amount that ends at `after`."""
    first = max(after, amount.start - _REACH_BEFORE)
    return next((at + 1 for at in range(amount.start - 1, first - 1, -1) if texts[at] in _CLAUSE_ENDS), first)


def _changed(texts: Sequence[str], amount: Amount, after: int) -> bool:
    """Whether "X to Y" tells the old and the new amount, not a range: "increase it from 5 to 10"."""
    ahead = [*texts[max(after, amount.start - _REACH_BEFORE) : amount.start]]
    if amount.number.high is None or (ahead and ahead[-1] in {"to", "at", "between"}):
        return False
    if ahead[-1:] == ["by"]:  # "by 25 to 75 micrograms"
        return True
    return "or" not in texts[amount.start : amount.end] and _CHANGING.search(" ".join(ahead)) is not None
