"""Which part of a note a clause belongs to, if any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mock_server.extraction import examination
from mock_server.extraction.phrase import phrases, vocabulary

if TYPE_CHECKING:
    from mock_server.extraction.clause import Clause

Part = Literal["subjective", "objective", "assessment", "plan"]

_PLEASANTRY = phrases(
    r"""take a seat|have a seat|sit down|come (?:on )?in|good (?:morning|afternoon|evening)|nice to (?:see|meet)
    good to see|how are you|take care|bye|goodbye|you're welcome|no problem|make yourself|sorry about|sorry to|welcome
    thank(?:s| you)|see you later|have a (?:good|nice|great|lovely)|weather|parking|half[- ]time|football|the match
    telly|weekend|holiday|christmas
    congratulations|hear (?:me|you)|the recording|any questions|does that (?:sound|make)
    (?:that|this|it) sounds (?:good|okay|like a plan)
    okay sounds|makes? sense
    (?:that|this|it)(?:'s| is| was) (?:such |quite )?a (?:great |huge |big )?(?:relief|pity|shame|pleasure)
        hey dragon
    let me (?:just )?(?:see|think|pull|check the|open|finish|get your chart)|how's (?:the|your)|what can i do
        bear with"""
)
_SAFETY = re.compile(
    r"\b(?:if|unless|should (?:you|it|this|that|things|he|she)|any(?:thing| sign)?)\b"
    r".*\b(?:come (?:straight |right )?back|call|ring|go (?:straight )?(?:to"
    r"|back)|emergency|a and e|see (?:me|us|your|a|the)"
    r"|let (?:me|us) know|return|seek|nine one one|911|999|111|urgent|hospital|stop taking|contact|phone)\b"
    r"|\b(?:come back|call|ring|go (?:straight )?(?:to|back)|emergency|see (?:me|us|a doctor)|let (?:me"
    r"|us) know|return|seek|contact|phone)\b.*\b(?:if|unless|in case|should)\b"
)
_PLAN = phrases(
    r"""i(?:'ll| will|'m (?:just )?going to|'m gon na|'m gonna|'d like to| wan na| want (?:to|you)| would like)|refill
    we(?:'ll| will|'re going to|'re gon na|'re gonna| can)|order(?:ing)?|prescri\w+|refer(?:ral|ring|red)?|follow up
    let's (?:get|do|order|start|go ahead|have you|schedule|check|repeat|increase|try|go up|go down|put|add)
    let's (?:keep|stop|see|book|arrange|send|refer|give|switch|cut|change|leave|wait|hold|sort|organi[sz]e|step)
    i can (?:get|give|send|refer|offer|arrange|book|prescribe) you|if you (?:could|would|can)
    (?:physio\w*|nurse|pharmacist|specialist|consultant|surgeons?|dietitian) (?:will|can|'ll)(?! be (?:in|back)\b)
    continue (?:with|your|you|taking|the|on)|increase|decrease|start (?:you|on|taking)|go ahead and|recommend
    send you|repeat|physical therapy|see you (?:back|in|again|on|next)|return in|please (?:rest|take|drink|avoid|use)
    keep taking|stop taking|you should(?:n't| not| n't)?|you must(?:n't| not)|(?:don't|do n't) want you to
    (?:wo n't|won't|don't|do n't|do not) need|you're going to (?:need|have|want)|make sure|come back|schedule
    i(?:'d| would) like (?:for )?(?:you|an?|the|another|some|one|your|his|her|it|this|that|those|these)
    i(?:'d| would) like to (?!know|hear|ask|say|think)
        i(?:'m| am) \w+ing (?:you|your|the)
    carry on|we need to|i(?:'d| would) (?:cut|avoid|keep|stop|leave|try|use|take|stay|start|advise|suggest)
    keep an eye|monitor|(?:will|would|should) help|you(?:'ll| will)? need|no need (?:for|to)
    you'd (?:be best|better)|should (?:settle|clear|improve|get better|go away|be fine)
    antibiotics
    (?:plenty of |lots of )?fluids|bed rest|you can (?:have|take|use|try|stop|start|go)
    we should|you (?:must|have to)
    to (?:exclude|rule out)"""
)
_ORDERS = re.compile(
    r"^(?:(?:so|and|okay|,) )*(?:the |my |our )?plan (?:is|will be|would be) |"
    r"^(?:(?:and|so|then|please|kindly|just|do|also|now|,|but|okay|or|meanwhile|in the meantime"
    r"|you can) )*(?:take|stop"
    r"|start|continue|rest|drink"
    r"|avoid|keep|come back|go to|call|use|hold"
    r"|increase|decrease|reduce|apply|wear|return|follow up|repeat|carry on|stay (?:on|off|at|home|in)"
    r"|try|eat|book|cut (?:down|back)|put|ice|elevate|walk|exercise|sleep|finish|complete|limit|lose|wash|clean|change"
    r"|soak|stretch|mobili[sz]e|check|measure|weigh|monitor|record|bring|switch|swap|come|ring|phone|contact|mind|skip|chew|gargle"
    r"|x-ray|order|get|have (?:a|some|two|one)|do not|do n't|don't|never|no more) "
)
#: "You put it on twice a day".
_YOU_DO = re.compile(
    r"^(?:(?:and|so|then|,|okay) )*you (?:just )?(?:put|take|use|apply|rub) (?:it|them|that|this|one|two|some)\b"
    r"(?! (?:already|yesterday|last|before|now)\b)"
)
#: "Stitches out on Thursday": what has no verb and a time to come.
_DUE = re.compile(
    r"^(?!.*\b(?:is|are|was|were|has|have|had|been|am|'s|i|you|he|she|it|we|they|did|no|\w+ed|came|went"
    r"|saw|told|said|rang|gave|took)\b)(?:\S+ ){1,7}?"
    r"(?:on (?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|next (?:week|month|visit|time|year)"
    r"|in (?:an?|\w+)(?: or \w+)? (?:days?|weeks?|months?)(?: time)?|in the morning|this (?:afternoon|evening))"
    r"(?: please)?(?:$| ,)"
)
#: "Physio twice a week": what has no verb and a time it is done, and is no complaint.
_COURSE = re.compile(
    r"^(?!.*\b(?:is|are|was|were|has|have|had|been|i|you|he|she|it|we|they|no|(?:smok|drink|exercis|work|liv|tak|us|sleep"
    r"|eat)\w*)\b)(?:\S+ ){1,5}?(?:(?:once|twice|\w+ times) (?:an?|per) (?:day|week|month)"
    r"|every (?:other )?(?:day|week)|for (?:an?|\w+) (?:days?|weeks?|months?))(?: please)?$"
)
_SURE_ASSESSMENT = re.compile(
    r"\b(?:i|we) (?:really |do |also |still )?(?:think|suspect|believe|reckon|figure) (?!about|we (?:should|need|could"
    r"|can)|you (?:should|need|could|can)|it would|it's (?:best|worth|time|a good)|that'll|i (?:should|will|would|can))"
    r"|\bi(?:'m| am) (?:\w+ )?(?:certain|sure|confident|convinced) (?:that )?(?:this|it|that|you)(?:'s|'ve| is| have)\b"
    r"|\b(?:my|the) (?:working |main )?(?:impression|diagnosis|assessment) (?:is|would be|of)\b|\b(?:most likely"
    r"|consistent with"
    r"|in keeping with|suggestive of|secondary to)\b"
    r"|^(?:(?:and|so|but|okay|well|now|,) )*(?:this|it|that)(?: is|'s)(?: (?:most likely|probably|likely"
    r"|just|really|definitely|clearly|more likely))* (?:a|an|the|your|gout|due)\b"
    r"|^(?:(?:and|so|but|okay|well|,) )*"
    r"(?:from what (?:\S+ ){1,6})?(?:this|it|that|yours) (?:looks|sounds|seems|appears|feels)"
    r"(?: (?:to me|more|most|rather|very much|much more|a bit|just|really))* (?:like|to be|viral|bacterial|muscular)\b"
    r"|^(?:(?:and|so|okay|well|right|,) )*(?:most |almost certainly |very )?"
    r"(?:likely|probably|probable|possible|possibly|suspected|presumed|presumably|certainly)"
    r" (?!(?:the )?(?:start|take|best)\b)"
    r"|\b(?:this|it|that)(?: is|'s) (?:most likely|probably|likely|likely)\b"
)
_OPINION = phrases(
    r"""i'd say|i would say|i wonder (?:if|whether)|impression
    i(?:'m| am) (?:\w+ )?(?:worried|concerned) (?:about|that|it|you)|(?:could|may|might) (?:well )?be
    you (?:may|might|could) have|in my opinion
    (?:it |this |that )?(?:looks|sounds|seems) (?:viral|bacterial|infected|allergic|benign|harmless)
    (?:it|this|that)(?:'s| is) (?:just |only |not )(?:bruised|broken|sprained|torn|strained|dislocated|fractured|pulled)
    (?:working|likely|provisional) diagnosis|points? to|suggests?|explains?|accounts? for|i doubt
    we(?:'re| are) (?:dealing with|looking at|seeing) (?:an?|the|your)|fits? with|in line with|typical of
    (?:it|this|that)(?:'s| is) (?:just |probably )?(?:viral|bacterial|allergic|muscular|benign|nothing serious)"""
)
#: "The lump is a lipoma": something seen or felt is named.
_IS_A = re.compile(
    r"\b(?:lump|rash|spots?|mole|swelling|mass|lesion|growth|bump|sore|ulcer|pain|ache|cough|numbness|tingling|bleeding"
    r"|discharge|itch\w*|fever|tiredness|dizziness|headaches?)"
    r" (?:is|are|'s)(?: (?:just|only|simply|probably|likely|almost"
    r"|certainly|most|really))* (?:an?|your|due to|from|caused by|coming from) (?!(?:bit|little|lot|touch|few)\b)"
)
#: "Diabetes is poorly controlled": how a condition goes.
_STATUS = re.compile(
    r"\b(?:is|are|'s|remains?|looks?|seems?)(?: (?:now|still|very|quite|really|nicely|not|currently|a bit|much))* "
    r"(?:(?:poorly|well|badly|under|un|better)[ -]?control\w*|controlled|stable|in remission|flaring|worsening"
    r"|progressing|improving|resolving|active|out of control|getting (?:worse|better))\b"
)
#: "It's tonsillitis", "you've got shingles": a condition is named.
_NAMED = phrases(
    r"""(?:it|this|that)(?:'s| is)|(?:it|this|that) (?:isn't|is n't|is not)|you(?:'ve| have)(?: got)?|you do have
    (?:she|he)(?:'s| has) got"""
)
_ASSESSMENT = phrases(
    r"""for your (?:\w+ )?(?:problem|issue|diagnosis)|(?:first|second|third|next|last) (?:problem|issue)|diagnos\w+
    impression|assessment|(?:looks|sounds|seems) like|i (?:think|believe|suspect)|consistent with|likely|this is
    you (?:do )?have|in terms of your|regarding your|for your|because of your|secondary to|due to
        you've (?:got|torn|broken|sprained)"""
)
_HISTORY = phrases(
    r"""history of|feel(?:s|ing)?|felt|hurts?|worried|worries me|diagnosed|surgery|surgeries
    operation|smok\w+|drink\w*|alcohol|allerg\w+|pack
    (?:mak|giv|keep|stop|wak|bother|help|kill|driv)\w* me|beers?|wine|pints?|glass(?:es)? of|spirits|cigarettes?
    vap(?:e|ing)
    work(?:s|ing)? (?:as|at)|live[sd]?|married|family|started|began|ago|since|worse|better
    for (?:the )?(?:past|last|about)|yesterday|last (?:week|night|month|year)|days?|weeks?|months?"""
)
_TAKING_NOW = phrases(
    r"you(?:'re| are)(?: still)? (?:on|taking)|you take|been (?:on|taking)|i take|i'm on|are on|were on|was on"
)
_SMALL_TALK = vocabulary(
    """okay ok all right alright yeah yes no sure hm mhm huh oh ah er great good mm hmm thank you thanks perfect um
    uh bye so , and well sorry i am to hear that 'm i'm morning afternoon hi hello hey doctor dr please lovely
    nice fine evening for watching"""
)
#: "There's wheeze on both sides."
_THERE = re.compile(r"^(?:(?:and|so|,|okay|now) )*there(?:'s| is| are)\b")
#: Shorter statements of the doctor are talk; a patient's history takes a few words more.
_FEWEST_DOCTOR, _FEWEST_PATIENT = 4, 3


#: A question that stands in the middle of what was said, a heading without its matter, words to a machine.
_ASIDE = re.compile(
    r"^(?:(?:so|and|okay|but|now|well|,|then|alright|all right) )*(?:how (?:are|is|do|did|about|long"
    r"|often|much|many|has|have)"
    r"|what (?:about|are|do|is|does|did|brings|can|kind|else)|(?:do|did|are|have|can|could|would"
    r"|will) you|has (?:it|he|she)"
    r"|is (?:it|there|that|this)|does (?:it|that|the|this)|any (?:other|history|problems|questions)"
    r"|tell me|when did|where)\b"
    r"|\b(?:show me|dragon|tell \w+ a (?:little )?bit|my assessment and|(?:the|your) next step)\b"
    r"|^(?:(?:so|and|um|uh|okay|now|,) )*(?:on|for|in|with|as for|in terms of|regarding)"
    r" (?:your |the |my )?(?:\w+ ){0,3}\w+ ?,?$"
)
_INTRODUCED = re.compile(
    r"\byears?[- ]old\b|\bpast medical history\b|^(?:(?:so|and|,) )*(?:he|she|the patient|patient) (?:has|had|is|was"
    r"|does|denies|reports|takes|took|drinks|smokes|works|lives|says|said|went|tried|states|complains)\b"
)


#: "My assessment, we've got a fifty-year-old woman with a likely UTI".
_HEADED = re.compile(r"\b(?:my|the) (?:assessment|impression|diagnosis)\b|\ba (?:likely|probable|possible|suspected)\b")


@dataclass(frozen=True, slots=True)
class Told:
    """What a clause names: anything a note is about, a condition, a medicine with its dose."""

    about: bool
    condition: bool = False
    dosed: bool = False


def small_talk(plain: str) -> bool:
    """Whether a sentence says nothing of the patient."""
    return all(word in _SMALL_TALK for word in plain.split())


def part(clause: Clause, role: str | None, told: Told) -> Part | None:
    """The part of a note for a clause that asks nothing."""
    text = clause.plain
    if small_talk(text) or (not told.about and _pleasant(text, role)) or (role != "patient" and _ASIDE.search(text)):
        return None
    if role == "doctor":
        return _of_doctor(text, told)
    if role == "patient":
        return _of_patient(text, about=told.about)
    return _of_either(text, told)


def _pleasant(text: str, role: str | None) -> bool:
    """Whether a clause is courtesy, and not a patient's "I'm feeling fine, thanks"."""
    return _PLEASANTRY.search(text) is not None and not (role == "patient" and _HISTORY.search(text))


def _of_patient(text: str, *, about: bool) -> Part | None:
    if _RETURNS.search(text):
        return "plan"
    if not about and _PROMISE.search(text):
        return None
    long = text.count(" ") + 1
    history = long >= _FEWEST_PATIENT and (_HISTORY.search(text) or (long >= _FEWEST_DOCTOR and _OWN.search(text)))
    return "subjective" if about or history else None


def _of_doctor(text: str, told: Told) -> Part | None:
    if examination.LOOKING.search(text) and not _SAFETY.search(text):
        return None
    if _INTRODUCED.search(text) and not _HEADED.search(text) and not examination.SURE.search(text):
        return "subjective"
    ordered = (
        _ORDERS.search(text) or _YOU_DO.search(text) or _DUE.search(text) or (not told.about and _COURSE.search(text))
    )
    if _SAFETY.search(text) or ordered or (told.dosed and not _TAKING_NOW.search(text)):
        return "plan"
    if _thinks(text, told) and not examination.SURE.search(text) and not _TAKING_NOW.search(text):
        return "assessment"
    if examination.BODY.search(text) and not _PLAN.search(text):
        return "objective"
    return _by_words(text, told) if told.about or text.count(" ") + 1 >= _FEWEST_DOCTOR else None


def _thinks(text: str, told: Told) -> bool:
    """Whether a clause says what the doctor makes of it."""
    if _HEADED.search(text) and told.about:
        return True
    stated = told.condition and (_NAMED.search(text) or _STATUS.search(text))
    return bool(stated or _SURE_ASSESSMENT.search(text) or _OPINION.search(text) or _IS_A.search(text))


def _by_words(text: str, told: Told) -> Part | None:
    if examination.SURE.search(text) or (told.about and _THERE.search(text)):
        return "objective"
    if _PLAN.search(text):
        return "plan"
    if examination.PERHAPS.search(text):
        return "objective"
    if not told.about:
        return None
    return "assessment" if _ASSESSMENT.search(text) else "subjective"


#: What a patient tells of himself; thanks, promises and doubts are none of it.
_OWN = re.compile(
    r"^(?:(?:and|so|but|well|yes|yeah|no|,|um|uh|oh|ooh|ah|er|also|because|then|every time|whenever|when) )*(?:i"
    r"|i've|i'm|my|it|it's|we've|there's|they)\b"
    r"(?! (?:see|understand|will|know|hope|think so|guess|do n't know|don't know|appreciate|mean|would like|can do"
    r"|suppose|sounds|makes sense|did|do|am|was wondering)\b)"
)
_PROMISE = re.compile(r"^(?:(?:and|so|but|well|yes|okay|,|thank you|thanks|doctor|then) )*i(?:'ll| will)\b")
#: "I'll come back in two weeks if it's no better".
_RETURNS = re.compile(
    r"\b(?:i|we|she|he)(?:'ll| will) (?:\w+ )?(?:come back|be back|return|ring|call|book"
    r"|make an(?:other)? appointment|be seen)\b"
    r".*\b(?:if|in (?:an?|\w+) (?:days?|weeks?|months?)|next (?:week|month|time)|on (?:mon|tues|wednes|thurs|fri"
    r"|satur|sun)day"
    r"|tomorrow)\b|^(?:(?:and|so|,) )*will (?:come back|return|be seen|be back)\b"
)
_FIRST_PERSON = re.compile(r"\b(?:i(?:'ve|'m| have| had| am| take| feel| get| was| use| do| did| don't)|my|me)\b")


def _of_either(text: str, told: Told) -> Part | None:
    """Whose clause it is tells the wording alone."""
    own = _FIRST_PERSON.search(text) is not None and not _PLAN.search(text)
    if own and not examination.SURE.search(text):
        return _of_patient(text, about=told.about)
    return _of_doctor(text, told) or _of_patient(text, about=told.about)
