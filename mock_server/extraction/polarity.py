"""Whether a finding was said to be there, not to be there, or only talked about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction.clause import clauses
from mock_server.extraction.phrase import phrases, vocabulary

if TYPE_CHECKING:
    from mock_server.extraction.lexicon import Match, Sign
    from mock_server.extraction.sentence import Sentence, Word

_NEGATORS = vocabulary(
    """no not n't never without denies deny denied denying negative none nor neither nobody cannot can't don't
    doesn't didn't isn't aren't wasn't weren't haven't hasn't hadn't won't free nothing nope"""
)
#: Negated forms that still say the thing is there, or that talk of something else.
_NOT_NEGATING = phrases(
    r"""no (?:doubt|way|matter|change|wonder|question|problem|better|improvement|longer term|let up|end|use)
    (?:no|not much|\w*n't (?:get|have|had|got) (?:any|much)|without) (?:\w+ )?(?:relief|improvement|help) (?:from|of|in)
    nothing (?:really |seems to |ever )?(?:help|work|reliev|touch|eas|stop|mak|tak|improv|control|shift|clear)\w*
    (?:do|does|did|done|doing) nothing (?:for|to)|yet to (?:\w+ ){1,4}without
    (?:no|none of the) (?:medic\w+|pills?|painkillers?|tablets?|creams?) (?:\w+ )?(?:help|work|reliev|touch|eas|stop)\w*
    (?:not|\w*n't|never|cannot|can't) (?:\w+ ){1,3}(?:due to|because of)
    (?:not|\w*n't|never|cannot|can't|hardly|barely|rarely|no (?:day|night|week|hour|morning|meal)) (?:\w+ ){0,6}without
    (?:not|\w*n't|never|cannot) den(?:y|ied|ying)
    (?:not|\w*n't|never) (?:really |even |quite )?(?:touch|reliev|eas|control|shift|sort|cur|fix|clear)(?:e|ed|ing)?
    (?:not|\w*n't|never) (?:budg|lift)(?:e|ed|ing)?|no difference (?:to|in|with)
    (?:not|\w*n't) (?:let up|stand|bear|tolerate|take|got(?:ten)? rid of|get(?:ting)? rid of)
    (?:not|\w*n't|never) (?:made?|making|makes) (?:any|a|much) (?:\w+ )?(?:difference|dent) (?:to|in|with)
    (?:not|\w*n't|never) (?:sleep|walk|work|eat|stand|move|concentrate|focus|function)\w*(?: \w+)? (?:with|from|for)
    not (?:only|sure|just|better|improv\w+|very long|going away|getting better|well controlled|controlled)
    not (?:really |much )?help\w*
    not (?:gone|going|stopped|resolved|cleared|settled|eased|responding|responded)
    \w*n't (?:go away|gone away|stop\w*|get(?:ting)? better|help\w*|sure|know|improv\w+|think of)
    (?:can't|cannot|ca n't|could n't|couldn't) \w+ (?:because|due|from|with)
    (?:can't|ca n't|cannot) (?:stop|control|shake|get rid of)
    isn't better|not too bad|\w*n't too bad
    never used to (?:get|have|be|feel|suffer)
    never (?:felt|had|been|experienced) \w+ like this"""
)
#: A new statement begins here, and negation does not reach over it.
_NEW_CLAUSE = re.compile(
    phrases(
        r"""but|however|except|although|though|because|'cause|cause|since|until|unless|which|then|just|only|apart from
        more (?:of|like) an?
        other than|so|when|while|if|some|did have|do have|does have|i do|i(?:'m| am) having|(?<!think )i get
        still|instead|yes|yeah|well (?:, )?actually
        (?<!think )(?<!believe )(?<!thought )i(?:'ve| have) (?:had|a|some|been|got|gained)(?! no)
        there(?:'s| is| are)(?! no)"""
    ).pattern
    + r"|(?:, |and |; )(?:i|he|she|you|they|it|there|we|my|your|his|her|the|that)(?:'m|'s|'ve|'re|'d)? "
    + r"(?!(?:do|does|did|have|has|is|are|was|ca) (?:n't|not))"
    + r"|(?<=no )\w+(?: \w+)? and (?:a|an) |, (?:has|have|had|reports|positive for) |(?:and |but )positive for "
)
#: What follows a name and says that the thing is there all the same, or that it is a matter of how it goes.
_STAYS = re.compile(
    r"^(?:\S+ ){0,2}?(?:(?:has|have|had|is|are|was|does|do|did|would|will|wo|ca|can|could)(?: not|n't| n't)"
    r"|hasn't|haven't|isn't|aren't|wasn't|doesn't|don't|didn't|won't|can't|cannot|never)(?: \w+)? "
    r"(?:gone|go|goes|going|went|resolv\w*|clear\w*|improv\w*|better|get|gets|getting|stop\w*|settl\w*|eas\w*|let\w*"
    r"|change\w*|changing|help\w*|respond\w*|budge\w*|controlled|as bad|that bad|too bad|so bad|bad|new|been)\b"
    r"(?! there)|^not (?:really |quite |yet )?(?:gone|going|better|settled|cleared|resolved|improved|stopped|eased)\b"
    r"|^(?:hasn't|haven't|(?:has|have)(?: not| n't))$"
)
_NAMED = r"(?:i|you|he|she|it|they|there|we)(?:'(?:m|s|ve|d|re))?"
#: "It's not like I have a fever", "not that I get headaches": what is denied begins behind such words.
_ROUNDABOUT = re.compile(
    rf"(?:\bnot|n't|\bnever|\bhardly|\bscarcely)(?: really| exactly| even)? (?:like|as if|as though|that) {_NAMED}"
    r"(?: (?:am|is|are|was|do|does|have|has|had|get|gets|got|feel|been|be|really|any|a|an))*(?= )"
)
#: "I wouldn't call it dizziness", "not what you'd call a cough".
_NOT_SO_CALLED = re.compile(
    r"(?:\bnot|n't)(?: \w+)? (?:call|describe) (?:it|that|this|them|myself)(?: as)?(?: (?:a|an|exactly|really))*(?= )"
)
#: "I'd be lying if I said I wasn't anxious": two denials again.
_LIAR = re.compile(r"\blying if i said(?: that)? (?:i|it|there)(?: \w+)? ?(?:not|n't|\w+n't)\b")
#: "It isn't that I'm not breathless": two denials are none.
_TWICE = re.compile(
    r"(?:\bnot|n't|\bnever) (?:\w+ ){0,2}?(?:say|think|believe|that|as if|as though|like)(?: that)? "
    r"(?:i|i'm|i've|it|it's|there|there's|he|she|he's|she's|they)(?: (?:am|is|are|do|does|have|has|been|really))? ?"
    r"(?:\bnot|n't|\w+n't|\bno|\bnever|\bwithout)\b"
)
#: "I wouldn't say the nausea's gone" denies the end of it.
_NOT_SAID = re.compile(
    r"(?:\bnot|n't|\bnever|\bhardly)(?: \w+){0,2}? (?:say|think|believe|feel|claim|that|like|as if|as though)"
    r"(?: \w+){0,3}? $|\bwish(?: \S+){0,6}? $"
)
#: "Neither the pain nor the stiffness has let up".
_NONE_OF = re.compile(r"\b(?:neither|nor|none of|nothing of)(?: \S+){0,5}? $")
_ENDED = re.compile(
    r"^(?:(?:nor|or|and) (?:\S+ ){1,4}?)?(?:has|have|had|is|are|was|were|'s|did)(?: (?:really|ever|quite|even))? "
    r"(?:let up|gone|go|improv\w*|better|got\w*|eased?|easing|settl\w*|cleared|resolved|stopp?\w*|chang\w*|lift\w*)\b"
)
_GONE = re.compile(
    r"^(?:(?!but\b|and\b|i\b)\S+ ){0,3}?(?:(?:is|are|was|were|has|have|had|'s|'ve)(?: (?!not\b)\w+){0,2}? "
    r"(?:gone|resolved|negative|absent|went away|cleared|stopped|disappeared|excluded|ruled out|settled)\b"
    r"|(?:gone|settled)\b(?! down but)|ever (?:stops?|goes?|gone|eases?|lets up|settles?)\b|went away\b|resolved\b"
    r"|cleared up\b|denied\b|stopped\b|disappeared\b|has gone\b"
    r"|(?:is|are|was|were|seems?|looks?|very|highly) (?:\w+ )?unlikely\b"
    r"|(?:, )?(?:and|but) (?:i|he|she) (?:don't|haven't|didn't|doesn't|hasn't|(?:do|have|did|does|has) (?:n't|not))$"
    r"|, (?:no|nope|not really)$"
    r"|(?:is|are|was|has|have|had) (?:not\b|n't)|(?:isn't|aren't|wasn't|hasn't)\b(?! (?:it|there|he|she|they)\b))"
)
_EXCLUDED = phrases(r"""ruled out|rules out|excludes|got over|excluded
    no longer|stopped (?:having|getting)|do(?:es)? n't look like|unlikely to be
    (?:got|gotten|get) rid of|free of|free from|clear of|negative for|against""")
_HYPOTHETICAL = phrases(
    r"""if (?:you|it|that|there|he|she|they|your|the|this|any)|should (?:you|the)|in case|unless|whether
        until(?! (?:last|yesterday|now|recently|today|about|this|i|we)\b)
        in order to
    side effects?|watch (?:out )?for|look out for|risks?(?: of)?|chance|signs of|symptoms of|complications?|causes?
    can (?:cause|lead|be|get|sometimes|also|make)|likely to|exclud(?:e|ing)|rul(?:e|ing) out
    (?:could|can|ca|do)(?: ?n't|not) (?:tell you|remember|recall|say|think) when|when i last (?:had|got|felt)
    (?:google|internet|leaflet|website|web|article|online|nhs|app)(?: \S+){0,3}? (?:says?|said|lists?|listed|mentions?)
    googled (?:it|this|that|my \w+)(?: \S+){0,2}? (?:says?|said)|googl\w+
    what if|test(?:ing)? for|thought (?:it|this|that) (?:was|might)|thought (?:i|he|she) (?:had|might)
    you'd (?:normally|usually|typically|often|generally|expect|expect to)
    you (?:typically|normally|usually) (?:see|find)
    (?:this|it|that) (?:could|might|may) be|possib(?:le|ly|ility of)|afraid (?:of|that|it)|scared (?:of|that|it)
    dream(?:t|ed)(?: that)? i|nightmares? (?:that|of|about)
    emergency room|emergency department|call (?:\d+|nine one one|an ambulance)|differential|wonder\w*
    keep an eye|expect|there (?:may|might|could) be
    could (?:just |also |still |possibly )?(?:cause|lead|be|get|mean|have)
    may (?:cause|have|be|experience|get|feel)|might (?:just |also )?(?:cause|be|have|get|feel|experience)
    would (?:cause|be|have)|worr(?:y|ied) (?:about|that|it|i|this|if)
    (?:not sure|\w*n't (?:sure|know|tell)|unsure|not know|no idea) (?:if|whether)
    to prevent|prevents?|so that you|make sure|rule out|concern(?:ed)? (?:for|about)
    (?:evaluate|exam(?:ine)?|look(?:s|ing)?|check (?:you|him|her)) for|screen(?:ing)? for|tested? for
    check(?:ing)? for|used (?:for|to treat)|treats?|let me know|call (?:me|us)|go to the (?:er|emergency)|come back
    (?:helps?|good|works?|medicine|medication|something|take it|use it|needed) for|people (?:with|who)
    patients (?:with|who)"""
)
#: What follows a name and makes it a thing of its own: "flu shot", "pain medication", "stress test".
_COMPOUND = vocabulary(
    """jab jabs
    shot shots vaccine vaccines vaccination vaccinations booster test tests testing screening screen medication
    medications medicine medicines meds pill pills specialist clinic management center doctor killer killers reliever
    relievers scale prevention precautions treatment score hotline season control therapy"""
)
#: Lists are long ("no fever, chills, nausea, ..."), sentences without full stops longer.
_NEGATION_REACH = 24


#: "No fever, cough is bad": what is said of a finding begins a statement of its own.
_PREDICATE = re.compile(r"^(?:is|are|has been|have been|started|began|keeps?|comes?|gets?|hurts?)\b")
#: "Any trouble breathing, come straight back" warns of it.
_ANY_OF = re.compile(
    r"^(?:(?:and|but|so|,) )*any .* , (?:then |please |just |you )*(?:come|call|ring|go|phone|see|stop|let)\b"
)
_HYPOTHETICAL_AFTER = re.compile(
    r"^(?:(?:and|or|,) \S+ ){0,2}(?:\S+ )?"
    r"(?:(?:is|are) (?:a |an )?(?:\w+ )?(?:possible|common|rare|expected|side effects?)\b"
    r"|(?:can|could|may|might|would) (?:happen|occur|develop|be a|mean)\b)"
)
#: "Something for my cough" says that there is one.
_OWNED = frozenset(["my", "this", "these"])
_IF = re.compile(r"\b(?:if|unless|in case)\b")
#: A contrast ends a condition or a warning.
_CONTRAST = re.compile(
    r"\b(?:but|however|whereas) (?:, )?(?=i(?:'ve|'m| have| had| do| am| get| feel)\b|my |you(?:'ve"
    r"| (?:do )?have) |there(?:'s| is) no )"
    r"|\bbut (?:it|that|this) (?:isn't|wasn't|(?:is|was|'s) (?:not|n't))(?= ,)"
)
#: "The pharmacist asked me did I have asthma".
_ASKED_OF = re.compile(
    r"\b(?:asked|asks|asking|wanted to know)(?: \S+){0,2}? (?:did|do|does|if|whether|was|am|have|had|has) (?:i|he"
    r"|she|we)\b(?: \S+){0,4} $"
)
#: What was once is told as past where it is said when, and not that it goes on.
_ONCE = phrases(
    r"""(?:years?|decades?) ago|as a (?:child|kid|teenager|baby|student|boy|girl|young \w+)
        (?<!never )used to (?:have|get|suffer|be)
    when i was (?:a|in|at|little|young|younger|small|\w+teen|twenty|about)
    in my (?:\w+ )?(?:childhood|teens|twenties|thirties)
    last (?:year|winter|summer|spring|fall|autumn)|in (?:nineteen|twenty|19\d\d|20\d\d)|back in|once had|had \w+ once
    in the past|previously"""
)
_ONGOING = phrases(
    r"""since|still|started|began|diagnos\w+|been|have had|has had|'ve had|ever since|found out|told|developed|again
    on and off|every|now|now"""
)
_WAS = phrases("had|was|were|got|used to|suffered|went through|came down|broke|fell|fractured|tore")


def hypothetical(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether the finding stands in a condition, a warning or an explanation."""
    said = sentence.words
    if match.end < len(said) and said[match.end].text in _COMPOUND:
        return True
    if _ANY_OF.search(sentence.plain) or _HYPOTHETICAL_AFTER.search(_text(said, match.end, match.end + 7)):
        return True
    if (
        sentence.role == "patient"
        and match.start
        and said[match.start - 1].text in _OWNED
        and not _IF.search(sentence.plain)
    ):
        return False
    before = _CONTRAST.split(_text(said, 0, match.start))[-1]
    if sentence.role != "patient" and "if i" in before:
        return True
    if _ASKED_OF.search(before + " "):
        return not gone(sentence, match)
    return _HYPOTHETICAL.search(before) is not None


def gone(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether what follows the finding says that it is over: "the cough has settled"."""
    after = _text(sentence.words, match.end, match.end + 8)
    return _GONE.search(after) is not None and not _STAYS.search(after)


def negated(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether the words around the finding say that it is not there."""
    said = sentence.words
    after = _text(said, match.end, match.end + 8)
    first = max(0, match.start - _NEGATION_REACH)
    before = _text(said, first, match.start) + " "
    if _STAYS.search(after) or (_ENDED.search(after) and _NONE_OF.search(before)):
        return False
    if _GONE.search(after):
        return _NOT_SAID.search(before) is None
    before = _LIAR.sub(" ", _TWICE.sub(" ", before))
    before = _NOT_NEGATING.sub(" ", _NOT_SO_CALLED.sub(" not", _ROUNDABOUT.sub(" not", before)))
    if before.endswith("non "):
        return True
    clause = _NEW_CLAUSE.split(before)[-1]
    if _PREDICATE.search(after):
        clause = clause.rpartition(" , ")[2]
    return (
        any(word in _NEGATORS or word.endswith("n't") for word in clause.split())
        or _EXCLUDED.search(clause) is not None
    )


def once(text: str) -> bool:
    """Whether words, lower case, put something into a time that is over."""
    return _ONCE.search(text) is not None


def past(sentence: Sentence, match: Match[Sign]) -> bool:
    """Whether the clause of a finding tells of a time that is over."""
    if not _ONCE.search(sentence.plain):
        return False
    text = next((clause.plain for clause in clauses(sentence) if match.start < clause.end), sentence.plain)
    return bool(_ONCE.search(text) and _WAS.search(text) and not _ONGOING.search(text))


def _text(said: tuple[Word, ...], first: int, last: int) -> str:
    return " ".join(word.text for word in said[first:last])
