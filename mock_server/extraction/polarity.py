"""Whether a finding was said to be there, not to be there, or only talked about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import phrases, vocabulary

if TYPE_CHECKING:
    from mock_server.extraction.lexicon import Match, Sign
    from mock_server.extraction.sentence import Sentence, Word

_NEGATORS = vocabulary(
    """no not n't never without denies deny denied denying negative none nor neither cannot can't don't doesn't didn't
    isn't aren't wasn't weren't haven't hasn't hadn't won't free nothing nope"""
)
#: Negated forms that still say the thing is there, or that talk of something else.
_NOT_NEGATING = phrases(
    r"""no (?:doubt|matter|change|wonder|question|problem|better|improvement|longer term)
    not (?:only|sure|just|better|improv\w+|very long|going away|getting better|well controlled|controlled|helping)
    n't (?:go away|gone away|stop\w*|get(?:ting)? better|help\w*|sure|know|improv\w+|think of)
    (?:can't|cannot|ca n't|could n't|couldn't) \w+ (?:because|due|from|with)
    (?:can't|ca n't|cannot) (?:stop|control|shake|get rid of)
    isn't better|not too bad|n't too bad
    never (?:felt|had|been|experienced) \w+ like this"""
)
#: A new statement begins here, and negation does not reach over it.
_NEW_CLAUSE = re.compile(
    phrases(
        r"""but|however|except|although|though|because|'cause|cause|since|until|unless|which|then|just|only|apart from
        other than|so|when|while|if|some|did have|do have|does have|i do|i(?:'m| am) having|(?<!think )i get
        (?<!think )(?<!believe )(?<!thought )i(?:'ve| have) (?:had|a|some|been|got|gained)(?! no)
        there(?:'s| is| are)(?! no)"""
    ).pattern
    + r"|(?:, |and |; )(?:i|he|she|you|they|it|there|we|my|your|his|her|the|that)(?:'m|'s|'ve|'re|'d)? "
    + r"(?!(?:do|does|did|have|has|is|are|was|ca) (?:n't|not))"
)
_GONE = re.compile(
    r"^(?:\S+ ){0,3}(?:(?:is|are|was|has|have|'s)(?: \w+)? (?:gone|resolved|negative|absent|went away|cleared)\b"
    r"|went away\b|resolved\b|cleared up\b|denied\b|(?:is|are|was|has|have|had) (?:not\b|n't)"
    r"|(?:isn't|aren't|wasn't|hasn't)\b)"
)
_HYPOTHETICAL = phrases(
    r"""if (?:you|it|that|there|he|she|they|your|the|this|any|i)|should you|in case|unless|until|whether|in order to
    side effects?|watch (?:out )?for|look out for|risks?(?: of)?|chance|signs of|symptoms of|complications?|causes?
    can (?:cause|lead|be|get|sometimes|also|make)|likely to
    could (?:just |also |still |possibly )?(?:cause|lead|be|get|mean|have)
    may (?:cause|have|be|experience|get|feel)|might (?:just |also )?(?:cause|be|have|get|feel|experience)
    would (?:cause|be|have)|worr(?:y|ied) (?:about|that|it|i|this|if)
    to prevent|prevents?|so that you|make sure|rule out|concern(?:ed)? (?:for|about)
    (?:evaluate|exam(?:ine)?|look(?:s|ing)?|check (?:you|him|her)) for|screen(?:ing)? for|tested? for
    check(?:ing)? for|used (?:for|to treat)|treats?|let me know|call (?:me|us)|go to the (?:er|emergency)|come back
    (?:helps?|good|works?|medicine|medication|something|take it|use it|needed) for|people (?:with|who)
    patients (?:with|who)"""
)
_FAMILY = phrases(
    r"""mother|father|mom|mum|dad|daddy|mommy|parents?|brothers?|sisters?|siblings?|aunts?|uncles?|cousins?|grand\w+
    wife|husband|friends?|coworkers?|neighbou?rs?|family history|in (?:the|your|my) family|family members?|runs in
    relatives?|side of the family|anyone in"""
)
#: What follows a name and makes it a thing of its own: "flu shot", "pain medication", "stress test".
_COMPOUND = vocabulary(
    """shot shots vaccine vaccines vaccination vaccinations booster test tests testing screening screen medication
    medications medicine medicines meds pill pills specialist clinic management center doctor killer killers reliever
    relievers scale prevention precautions treatment score hotline season control therapy"""
)
#: Lists are long ("no fever, chills, nausea, ..."), sentences without full stops longer.
_NEGATION_REACH = 24


def hypothetical(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether the finding stands in a condition, a warning or an explanation."""
    said = sentence.words
    if match.end < len(said) and said[match.end].text in _COMPOUND:
        return True
    return _HYPOTHETICAL.search(_text(said, 0, match.start)) is not None


def of_family(sentence: Sentence) -> bool:
    """Whether the sentence is about a relative."""
    return _FAMILY.search(sentence.plain) is not None


def negated(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether the words around the finding say that it is not there."""
    said = sentence.words
    if _GONE.search(_text(said, match.end, match.end + 8)):
        return True
    first = max(0, match.start - _NEGATION_REACH)
    before = _NOT_NEGATING.sub(" ", _text(said, first, match.start) + " ")
    if before.endswith("non "):
        return True
    clause = _NEW_CLAUSE.split(before)[-1]
    return any(word in _NEGATORS for word in clause.split())


def _text(said: tuple[Word, ...], first: int, last: int) -> str:
    return " ".join(word.text for word in said[first:last])
