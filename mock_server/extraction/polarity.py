"""Whether a finding was said to be there, not to be there, or only talked about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.extraction.lexicon import Match, Sign
    from mock_server.extraction.sentence import Sentence, Word

_NEGATORS = frozenset(
    """no not n't never without denies deny denied denying negative none nor neither cannot can't don't doesn't didn't
    isn't aren't wasn't weren't haven't hasn't hadn't won't free nothing nope""".split()
)
#: Negated forms that still say the thing is there, or that talk of something else.
_NOT_NEGATING = re.compile(
    r"\b(?:no (?:doubt|matter|change|wonder|question|problem|better|improvement|longer term)|not (?:only|sure|just|better|improv\w+|very long"
    r"|going away|getting better|well controlled|controlled|helping)|n't (?:go away|gone away|stop\w*|get(?:ting)? better|help\w*|sure|know"
    r"|improv\w+|think of)|(?:can't|cannot|ca n't|could n't|couldn't) \w+ (?:because|due|from|with) |isn't better|not too bad|n't too bad"
    r"|(?:can't|ca n't|cannot) (?:stop|control|shake|get rid of)|never (?:felt|had|been|experienced) \w+ like this)\b"
)
#: A new statement begins here, and negation does not reach over it.
_NEW_CLAUSE = re.compile(
    r"\b(?:but|however|except|although|though|because|'cause|cause|since|until|unless|which|then|just|only|apart from|other than"
    r"|so|when|while|if|some|did have|do have|does have|(?<!think )(?<!believe )(?<!thought )i(?:'ve| have) (?:had|a|some|been|got|gained)(?! no)"
    r"|i(?:'m| am) having|(?<!think )i get|i do|there(?:'s| is| are)(?! no))\b"
    r"|(?:, |and |; )(?:i|he|she|you|they|it|there|we|my|your|his|her|the|that)(?:'m|'s|'ve|'re|'d)? (?!(?:do|does|did|have|has|is|are|was|ca) (?:n't|not))"
)
_GONE_AFTER = re.compile(
    r"^(?:\S+ ){0,3}(?:(?:is|are|was|has|have|'s)(?: \w+)? (?:gone|resolved|negative|absent|went away|cleared)|went away|resolved|(?:is|are|was) (?:not|n't)"
    r"|(?:has|have|had) (?:not|n't)|(?:isn't|aren't|wasn't|hasn't)|: no\b|cleared up|: none\b|: negative\b|denied)"
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if (?:you|it|that|there|he|she|they|your|the|this|any|i)|should you|in case|side effects?|watch (?:out )?for|look out for"
    r"|risks?(?: of)?|can (?:cause|lead|be|get|sometimes|also|make)|could (?:cause|lead|be|get|mean|have)|may (?:cause|have|be|experience|get|feel)"
    r"|might (?:cause|be|have|get|feel|experience)|would (?:cause|be|have)|to prevent|prevents?|so that you|make sure|rule out|worr(?:y|ied) about"
    r"|concern(?:ed)? (?:for|about)|chance|(?:evaluate|exam(?:ine)?|look(?:s|ing)?|check (?:you|him|her)) for|screen(?:ing)? for|tested? for|check(?:ing)? for|likely to|used (?:for|to treat)|treats?"
    r"|let me know|call (?:me|us)|go to the (?:er|emergency)|come back|unless|until|signs of|symptoms of|complications?|whether|in order to"
    r"|(?:helps?|good|works?|medicine|medication|something|take it|use it|needed) for|causes?|people (?:with|who)|patients (?:with|who))\b"
)
_FAMILY = re.compile(
    r"\b(?:mother|father|mom|mum|dad|daddy|mommy|parents?|brothers?|sisters?|siblings?|aunts?|uncles?|cousins?|grand\w+|wife|husband|friends?"
    r"|coworkers?|neighbou?rs?|family history|in (?:the|your|my) family|family members?|runs in|relatives?|side of the family|anyone in)\b"
)
#: What follows a name and makes it a thing of its own: "flu shot", "pain medication", "stress test".
_COMPOUND = frozenset(
    """shot shots vaccine vaccines vaccination vaccinations booster test tests testing screening screen medication
    medications medicine medicines meds pill pills specialist clinic management center doctor killer killers reliever
    relievers scale prevention precautions treatment score syndrome-free hotline season control therapy""".split()
)
_NEGATION_REACH = 24


def hypothetical(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether the finding stands in a condition, a warning or an explanation."""
    said = sentence.words
    if match.end < len(said) and said[match.end].text in _COMPOUND:
        return True
    found = _HYPOTHETICAL.search(_text(said, 0, match.start))
    return found is not None


def of_family(sentence: Sentence) -> bool:
    """Whether the sentence is about a relative."""
    return _FAMILY.search(sentence.plain) is not None


def negated(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether the words around the finding say that it is not there."""
    said = sentence.words
    if _GONE_AFTER.search(_text(said, match.end, min(len(said), match.end + 8))):
        return True
    first = max(0, match.start - _NEGATION_REACH)
    before = _NOT_NEGATING.sub(" ", _text(said, first, match.start) + " ")
    if before.endswith(("non ", "non-")):
        return True
    clause = _NEW_CLAUSE.split(before)[-1]
    return any(word in _NEGATORS for word in clause.split())


def _text(said: tuple[Word, ...], first: int, last: int) -> str:
    return " ".join(word.text for word in said[first:last])
