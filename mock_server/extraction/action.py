"""What is done to a medicine: started, stopped, held, continued, raised or lowered."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import alternatives
from mock_server.extraction.unlisted import nameable

if TYPE_CHECKING:
    from mock_server.extraction.sentence import Sentence

_ACTIONS = {
    "hold": "hold off(?: on)?|hold|pause|skip",
    "stop": """stop(?:ped|ping)?|discontinu(?:e|ed|ing)|come off|came off|get (?:you |him |her )?off|take you off
        (?:took|taken|switched|moved|weaned) (?:me |him |her |you )?off|off of|quit
        wean(?:ing)? (?:you |him |her )?off|used to (?:take|be on|use)""",
    "increase": """increas(?:e|ed|ing)|go up|going up|bump(?:ed)? (?:up|it|your|the)|up your|double|raise|uptitrate""",
    "decrease": """decreas(?:e|ed|ing)|reduc(?:e|ed|ing)|lower(?:ing)? (?:your|the|it)|cut (?:back|down)|taper
        wean(?:ing)?|go down""",
    "start": """start(?:ed|ing)?|prescri(?:be|bed|bing|ption for|ption of)|put(?:ting)? you (?:back )?on|place you on
        add(?:ing)?|begin|(?:give|gave|order|write|get|send) (?:you|him|her|in|out|over)(?: a| some| out| for)?
        onto|initiate|call(?:ing)? in|try you on|switch you to|(?:in (?:its|their) (?:place|stead)|instead)(?! of )""",
    "continue": """continu(?:e|ed|ing)|keep (?:taking|you|on|up|using|going)|stay (?:on|at)|carry(?:ing)? on
        refill(?:ed|s)?|remain on|maintain|leave (?:you|him|her) on""",
}
_ACTION = re.compile("|".join(rf"(?P<{name}>\b{alternatives(said)}(?!\w))" for name, said in _ACTIONS.items()))
_WILL = r"(?:will|can|should|must|shall|may|to)(?: just| now| then)? "
_BE = (
    r"(?:(?:dose |one )?(?:is|are|was|were|will|should|can|must|has|needs?|'s)"
    r"(?: (?:going|to|be|been|now|just|only|then))* )"
)
#: "The losartan remains at 50 mg": what comes after a name says more closely than what comes before what is done.
_AFTER = re.compile(
    "|".join(
        rf"(?P<{name}>^(?:\d[\d.,]* \w+ )?(?:{said}))\b"
        for name, said in {
            "stop": rf"stops|comes off|{_WILL}(?:stop|come off)"
            rf"|{_BE}(?:stopp(?:ed|ing)|discontinued|coming off|taken off|cancelled)",
            "hold": rf"{_BE}(?:paused|withheld|on hold)",
            "increase": rf"(?:goes|moves|comes) up|rises|increases|{_WILL}(?:go up|increase)"
            rf"|(?:going|coming) up|{_BE}(?:(?:going|gone|moving|put) up|increas(?:ed|ing)|raised|doubled)",
            "decrease": rf"(?:goes|moves|comes) down|drops|decreases|{_WILL}(?:go down|come down|drop|decrease)"
            rf"|(?:going|coming) down|{_BE}(?:(?:going|gone|brought|moving) down|reduced|lowered|halved|decreased)",
            "start": rf"{_BE}(?:started|added|given|begun|prescribed)",
            "continue": rf"remains|stays|carries on|continues|{_WILL}(?:remain|stay|carry on|continue)"
            rf"|staying|carrying on|{_BE}(?:staying|carrying on|continu(?:ed|ing)|unchanged|the same)",
        }.items()
    )
)
#: "We shall leave it at 5 mg".
_LEFT = re.compile(r"\b(?:leav|keep|hold)(?:e|ing)? (?:it|that|this|things|them|the dose) (?:at|on|as|where)\b")
#: "Stop metoprolol and take amlodipine": what is to be taken is not what is to be stopped.
_INSTEAD = re.compile(
    r"(?:\b(?:and|then|but|instead)|,) "
    r"(?:(?=in (?:its|their) (?:place|stead)\b)|(?:you can |please |just |i want you to )?(?:take|use)\b)"
)
#: "Swapping your warfarin for apixaban": the first ends, the second begins.
_SWAP = re.compile(r"\b(?:swap|switch|chang|replac|exchang)\w* (?:you )?(?:from )?(?:your|the|his|her)? ?$")
_SWAPPED = re.compile(r"\b(?:swap|switch|chang|replac|exchang)\w* .*\b(?:for|to|with|by)(?: the| some)? ?$")
_EXCHANGED = frozenset(["for", "to", "with", "by"])
#: What is swapped for it comes within so many words.
_NEAR = 7
#: "Keep the ramipril where it is".
_UNCHANGED = re.compile(r"\bno changes? (?:to|in|with|for) (?:your |the |his |her )?$")
_KEPT = re.compile(r"\b(?:keep|keeping|leave|leaving|hold|holding) (?:your |the |his |her )?$")
_WHERE = frozenset({"at", "as", "where", "going", "unchanged"})
#: "Bring the furosemide down", "put the dose up".
_MOVED = re.compile(r"\b(?:bring|take|cut|put|move|turn|push)\w* (?:your |the |his |her )?$")
#: "He was on amlodipine but it made his ankles swell".
_WAS_ON = re.compile(r"\b(?:was|were) (?:on|taking|put on|given|started on)(?: the| some)? $")
_UNDONE = re.compile(
    r"^(?:for \S+ \S+ |, |once |before )*but (?:it|that|they) (?:made|gave|caused|upset|didn't|did n't|did not)\b"
)
_REVERSED = re.compile(r"(?:\bnot|n't|\bnever|\bno need to|\bwithout)(?: \w+){0,3} $")
#: "Let's go up to 100 mg", said of what was named before.
_MOVE = re.compile(
    r"\b(?:(?P<increase>go(?:ing)? up|(?:increase|double) (?:it|that|this|the dose))|(?P<decrease>go(?:ing)? down"
    r"|(?:reduce|halve) (?:it|that|this|the dose)|drop (?:it|that)))\b"
)


#: "We will not start it" leaves it untaken; "don't stop it" does not.
_BEGINS = frozenset(["start", "continue"])


def acts(text: str) -> bool:
    """Whether anything is done to a medicine that comes after these words."""
    return any(
        found.lastgroup not in _BEGINS or not _REVERSED.search(text[: found.start()])
        for found in _ACTION.finditer(text)
    )


def moved(text: str) -> str | None:
    """Whether a sentence raises or lowers the dose of what was named before."""
    match = _MOVE.search(text)
    return match.lastgroup if match else None


def action(sentence: Sentence, start: int, end: int, last: int) -> str | None:
    """What is done to the medicine in words[start:end], which is spoken of as far as words[last].

    None where nothing is told or something is asked.
    """
    if sentence.asks:
        return None
    before = " ".join(word.text for word in sentence.words[:start])
    before = _INSTEAD.split(before)[-1] + " "
    if _UNCHANGED.search(before) or (_KEPT.search(before) and _text_at(sentence, end) in _WHERE):
        return "continue"
    swapped = _SWAP.search(before) and _for_another(sentence, end)
    if swapped or _SWAPPED.search(before):
        return "stop" if swapped else "start"
    after = _text_at(sentence, end)
    if after in {"up", "down", "back"} and _MOVED.search(before):
        return "increase" if after == "up" else "decrease"
    behind = " ".join(word.text for word in sentence.words[end:last])
    if _WAS_ON.search(before) and _UNDONE.search(behind):
        return "stop"
    told = _AFTER.search(behind)
    return told.lastgroup if told else _last(before) or ("continue" if _LEFT.search(behind) else None)


def _last(before: str) -> str | None:
    """What the words before a medicine say last is done to it."""
    found: str | None = None
    for match in _ACTION.finditer(before):
        found = match.lastgroup if not _REVERSED.search(before[: match.start()]) else None
    return found


def _text_at(sentence: Sentence, at: int) -> str:
    return sentence.words[at].text if at < len(sentence.words) else ""


def _for_another(sentence: Sentence, end: int) -> bool:
    """Whether the name of something else follows "for" or "to", soon after a medicine."""
    near = [word.text for word in sentence.words[end : end + _NEAR]]
    return any(text in _EXCHANGED and nameable(name) for text, name in pairwise(near))
