"""What statements begin with when they are spoken, and what a note has instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction.verb import ADVERBS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.part import Part

_I = re.IGNORECASE
_Rules = tuple[tuple[re.Pattern[str], str], ...]


def _rules(pairs: Sequence[tuple[str, str]]) -> _Rules:
    return tuple((re.compile(pattern, _I), note) for pattern, note in pairs)


_ADVERB = "(?:" + "|".join(sorted(ADVERBS)) + ")"
_ARTICLE = r"(?:(?:a|an|the|some|this|these|my|your|any)\b ?)?"

#: What a patient's statement begins with, and what a note has for it.
_PATIENT = _rules(
    (
        (r"^i(?:'ve| have) (?:had|got) (?:it|this|that|them|these) (?=for |since )", ""),
        (r"^(?:i|we)(?:'ve| have)(?: got| had)? no ", "No "),
        (
            (
                r"^i (?:(?:do|did)(?: not|n't) (?:really )?(?:have|get|notice)|have(?: not"
                r"|n't) (?:really )?(?:had|got|noticed))"
                r" (?!to\b|time\b|it\b)(?:any |a |an )?"
            ),
            "No ",
        ),
        (r"^i(?:'ve| have) not (?:had|got|noticed) (?:any |a |an )?", "No "),
        (
            (
                rf"^(?:i|we)(?:(?:'ve| have) (?:{_ADVERB} )?(?:been (?:having|getting|experiencing"
                rf"|suffering from)|had|got|noticed)"
                rf"|(?:'m| am) (?:{_ADVERB} )?(?:having|getting|experiencing)| do have"
                rf"| (?:also|just|still) have) (?!to\b|been\b|it\b|better|worse|rid|used)" + _ARTICLE
            ),
            "",
        ),
        (rf"^i have (?!to\b|been\b|never\b|not\b|had\b|got\b|n't|\w+(?:ed|en)\b|{_ADVERB} ){_ARTICLE}", ""),
        (rf"^i had (?!to\b|been\b|never\b|not\b|n't){_ARTICLE}", "Had "),
        (r"^(?:it|there)(?:'s| has) been ", "Has been "),
        (r"^i(?:'m| am) ", ""),
        (r"^i(?:'ve| have) been ", "Has been "),
        (rf"^(?:there(?:'s| is| are| has been)|it(?:'s| is)|this is) (?:(?:just|only|like|really) )?{_ARTICLE}", ""),
        (r"^(?:my|the|this|these|that) (?=\w)", ""),
        (r"^i was ", "Was "),
    )
)
_PLANNED = (
    r"(?:(?:i|we)(?:(?:'ll| will| shall)|(?:'m| am|'re| are) (?:going to|gonna)"
    r"|(?:'d| would) (?:also |really |probably )?(?:like|recommend|suggest|want)(?: for)?(?: you)?(?: to)?"
    r"| (?:do )?(?:also )?(?:want|need)(?: for)?(?: you)? to| wanna| can| should| recommend| suggest"
    r"| advise(?: you to)?)"
    r"|let's|let us|let me|you(?:'ll| will)? (?:should|need to|must|have to|ought to)"
    r"|you're going to(?: need to| have to| want to)?|please|what)"
    r"(?: (?:also|just|then|probably|now|definitely|still))*(?: (?:go ahead and|try and"
    r"|start by))?(?: (?:also|just|then))* "
)
_SEEN = r"(?:hear|see|feel|appreciate|notice|note|find|found|heard|saw)"
_SURELY = r"(?: (?:just|really|actually|going to be|mostly))*"
#: What the doctor says of his doubt is told in his words.
_HEDGE = r"(?P<hedge>(?:most |more |very )?(?:likely|probably|possibly|presumably)|almost certainly)"
_CERTAIN = "(?:certain|sure|confident|convinced)"
_SEEMS = "(looks|sounds|seems|appears)(?: to me)?((?: more| most| rather| very| much)*)"
_WOULD_SAY = r"i(?:'d| would) say(?: that)?(?: (?:this is|it's|you have|you've got))?"
_THINKS = r"(?:i|we) (?:really |do |also |still )?(?:think|believe|reckon|figure|feel)(?: that)? "
_OF_IT = (
    r"(?:what (?:you have|we're seeing) is|(?:this|it|that)(?:'s| is| was)"
    r"|you(?:'ve got| have got|'ve| do have| have| are having|'re having)|s?he has|there's|there is)"
)
#: What a doctor's statement begins with, by the part it belongs to.
_DOCTOR: dict[str, _Rules] = {
    part: _rules(rules)
    for part, rules in {
        "plan": (
            (
                (
                    r"^what (?:i|we)(?:'d like| would like| want|'m going to|'m gonna|'re going to|'ll"
                    r"| will)(?: you)?(?: to)? do(?:,[^,]*,)?,? is(?: that)?(?: to)? "
                ),
                "",
            ),
            (r"^(?:the |my )?plan(?: is|:)(?: to| that)? ", ""),
            (rf"^(?:{_PLANNED})+", ""),
            (r"^have you (?=\w)", ""),
            (r"^i(?:'d| would) (?=(?:cut|avoid|keep|stop|leave|try|use|take|stay|start) )", ""),
            (r"^if you (?:could|would|can)(?: just| please)? (?=\w)", ""),
            (r"^you (?:just )?(?=(?:put|take|use|apply|rub) )", ""),
            (r"^(?:start|put|place) you (?:back )?on ", "Start "),
            (
                (
                    r"^(see|refer|send|give|start|get|write|order|prescribe|switch|move|keep|call|book|treat"
                    r"|set) you (up )?"
                ),
                r"\1 \2",
            ),
        ),
        "assessment": (
            (rf"^i(?:'m| am) (?=not (?:\w+ )?{_CERTAIN}\b)", ""),
            (rf"^{_THINKS}{_OF_IT}{_SURELY} {_HEDGE}(?: to be)?{_SURELY} {_ARTICLE}", r"\g<hedge> "),
            (rf"^{_THINKS}(?:this|it|that|you) (?:could|may|might)(?: well)? (?:be|have) {_ARTICLE}", "Possible "),
            (rf"^{_THINKS}{_OF_IT}{_SURELY} {_ARTICLE}", "Thought to be "),
            (rf"^{_THINKS}(?=(?:you|it|this|that|we|the|your|he|she|they)\b)", "Thought: "),
            (
                rf"^i(?:'m| am) (?P<how>(?:\w+ )?{_CERTAIN})(?: that)? {_OF_IT}{_SURELY} {_ARTICLE}",
                r"\g<how>: ",
            ),
            (rf"^(?:i|we) suspect(?: that)?(?: (?:this is|it's|you have))? {_ARTICLE}", "Suspected "),
            (rf"^(?:this|it|that)(?:'s| is){_SURELY} {_HEDGE}(?: to be)?{_SURELY} {_ARTICLE}", r"\g<hedge> "),
            (
                rf"^(?:this|it|that|yours) {_SEEMS}(?: to me)? (like|to be|as if)(?: you have| you've got)? {_ARTICLE}",
                r"\1\2 \3 ",
            ),
            (rf"^(?:(?:this|it|that) )?(?:could|might|may) (?:well |also )?be {_ARTICLE}", "Possible "),
            (rf"^in my opinion,? (?:you have|you've got|it's|it is|this is)? ?{_ARTICLE}", "Thought to be "),
            (rf"^{_HEDGE},? (?:it's|it is|this is|you have) {_ARTICLE}", r"\g<hedge> "),
            (rf"^i wonder (?:if|whether) (?:this|it|that) (?:is|could be|might be) {_ARTICLE}", "Possible "),
            (rf"^(?:the )?(?:working )?(?:impression|diagnosis)(?: is|:)? {_ARTICLE}", ""),
            (rf"^you (?:may|might|could) (?:well |also )?have {_ARTICLE}", "Possible "),
            (rf"^(looks|sounds|seems) (like )?{_ARTICLE}", r"\1 \2"),
            (
                rf"^{_WOULD_SAY}{_SURELY} {_HEDGE} {_ARTICLE}",
                r"\g<hedge> ",
            ),
            (
                rf"^{_WOULD_SAY} {_ARTICLE}",
                "Thought to be ",
            ),
            (r"^i(?:'m| am) (?:\w+ )?(?:worried|concerned) (?:about|that) ", "Concern: "),
            (
                (
                    rf"^my (?:\w+ )?(?:impression|diagnosis|feeling) is(?: that)?"
                    rf"(?: (?:it|this) is| it's| you have)? {_ARTICLE}"
                ),
                "",
            ),
            (rf"^(?:this|it|that)(?:'s| is) (?:just |really )?{_ARTICLE}", ""),
            (rf"^you (?:do |also |probably |still )?(?:have(?: got)?) {_ARTICLE}|^you've got {_ARTICLE}", ""),
        ),
        "objective": (
            (rf"^(?:i|we) (?:do not|don't|can't|cannot|did not|didn't) (?:really )?{_SEEN} (?:any |a |an )?", "No "),
            (rf"^(?:i|we) (?:can |do |also |still )*{_SEEN} {_ARTICLE}", ""),
            (rf"^(?:there(?:'s| is| are)|you (?:do |also |still )?have|you've got) {_ARTICLE}", ""),
            (r"^(?:it|this|that)(?:'s| is| looks| shows) ", ""),
        ),
    }.items()
}


def of_patient(text: str) -> str:
    """A statement of the patient without its "I have" and the like."""
    return _begun(text, _PATIENT)


#: What the doctor knows, hears or reads of the patient.
_KNOWN = re.compile(
    r"^(?:i|we) (?:do )?(?:know|see|hear|heard|understand|saw|read|noticed|mean|notice|remember)(?: here)?(?: that)? "
    r"(?=you|the|your|it|he|she|there|that)",
    _I,
)


def of_doctor(text: str, part: Part) -> str:
    """A statement of the doctor without its "I would like you to", "it looks like" or "I can hear"."""
    return _begun(_KNOWN.sub("", text), _DOCTOR.get(part, ()))


def _begun(text: str, rules: _Rules) -> str:
    for pattern, note in rules:
        changed, times = pattern.subn(note, text, count=1)
        if times and changed.strip():
            return changed
    return text
