"""Short sentences in the third person, made of what was said; what no rule knows stays as it was said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction.figure import figures
from mock_server.extraction.language import empty
from mock_server.extraction.opening import of_doctor, of_patient
from mock_server.extraction.phrase import alternatives
from mock_server.extraction.verb import ADVERBS, base, third

if TYPE_CHECKING:
    from mock_server.extraction.part import Part

_I = re.IGNORECASE
_PLAIN_WORD = re.compile(r"[\w']+")
#: Transcripts that part every word from its neighbours are put together again.
_TIDY = (
    (re.compile(r"\s+"), " "),
    (re.compile("\u2019"), "'"),
    (re.compile(r"\b(\w+) n't\b", _I), r"\1n't"),
    (re.compile(r"\b(gon|wan) na\b", _I), r"\1na"),
    (re.compile(r" ([.,;:?!])"), r"\1"),
    (re.compile(r"(\w)-(?=\s|$)"), r"\1"),
)
_FILLER = re.compile(
    r"(?<![\w'])"
    + alternatives(
        r"""u+m+|u+h+|e+rm*|h+m+|m+hm+|m+-hm+|mm+|uh-huh|you know(?: what)?|i mean|honestly|to be honest
        basically|i guess|thing is,|not that i(?:'ve| have) noticed
        not that i know of|as far as i know
        i'm afraid|(?:if that's|is that) (?:okay|ok|all right|alright)(?: with you)?|(?:as|like) i (?:said|mentioned)
        o+h+|gosh|goodness(?: me)?|blimey|oh my (?:god|goodness|word)|my goodness
        (?:what happened|the thing) (?:was|is)(?=,? )
        what's (?:it called|that one|the name)|what do you call it|if i may(?: say)?|if you (?:know|see) what i mean
        excuse (?:the expression|my language)|if you wouldn't mind|(?<=, )(?:okay|yeah|what|you see)(?=,)
        obviously|or (?:something|anything)(?: like that)?|and (?:stuff|things)(?: like that)|and everything|for now
        at this (?:time|point)|right now|as well|of course|go ahead and
        just|really|a little bit of(?: a)?|kind of|sort of|kinda"""
    )
    + r"(?![\w'])",
    _I,
)
#: Whom the words are said to, and what is said with them for good manners or luck.
_ADDRESS = re.compile(
    r"(?:^|,\s*|(?<=\w) (?=bless|touch wood|knock on wood|thank god))"
    + alternatives(
        r"""my (?:dear|love|friend)|dear|love|sir|madam|ma'am|mate|doc|please|pal|darling|sweetheart|sweetie|honey
        beta|buddy
        (?:god )?bless (?:him|her|them|you)|touch wood|knock on wood|poor (?:thing|man|woman|lamb)|thank god|god willing
        fingers crossed|(?:will|would|could|can|won't) you|if you (?:will|would|like|please)|all right|alright"""
    )
    + r"(?=\s*(?:[,.!?;]|$))",
    _I,
)
_LIKE = re.compile(
    r"\b(?:like|kind of|sort of|kinda|really|just) (?=(?:\d|a |an |one|two|three|four|five|six"
    r"|about|maybe|every|really|like)\b|\d)",
    _I,
)
#: "Was, like, reaching up", "in my chest like, since Thursday".
_LIKE_ALONE = re.compile(
    r"(?:, like,|(?<!feels)(?<!looks)(?<!sounds)(?<!tastes)(?<!it's)(?<!\bis)(?<!\bwas)"
    r"(?<!feel)(?<!look)(?<!be)(?<!would)(?<!'d)(?<!you) like(?=,))",
    _I,
)
#: "In me chest": mine, as some say it.
_ME_AS_MY = re.compile(
    r"\bme (?=(?:chest|back|head|pains?|legs?|knees?|arms?|belly|stomach|tummy|neck|foot|feet|hands?|heart|eyes?"
    r"|ears?|nose"
    r"|throat|shoulders?|hips?|tablets|pills|breath|mum|dad)\b)",
    _I,
)
_LETTERS = re.compile(r"\w+")
_REPEATED = re.compile(r"\b(\w[\w']*(?: \w[\w']*){0,4}?)(?:[ ,]+\1\b)+", _I)
#: What a filler leaves between a verb and what it has.
_PARTED = re.compile(
    r"(?:(?<=^)|(?<=\band )|(?<=, ))((?:i|we|it|he|she)(?:'ve|'m|'s|'ll| have| am| is| was| will| got"
    r"| had){0,2}), (?=\w)",
    _I,
)
_MARKS = ((re.compile(r"(?:\s*,)+"), ","), (re.compile(r",(?=\s*[.!?;])"), ""), (re.compile(r"\s{2,}"), " "))
_LEAD = re.compile(
    r"^(?:[\s,.;:!?-]+|(?:yes|yeah|yep|yup|nope|nah|okay|ok|oh|ah|alright|all right|and|but|then|also|because|although"
    r"|though|hi|hello|hey|good (?:morning|afternoon|evening)|thanks|thank you|anyway|perfect"
    r"|which is why|now|that said)\b(?!')"
    r"|(?:no|nope|right|well|sure|great|good|fine|sorry|lovely|doctor|so)\s*[,.!]+"
    r"|so\b(?! (?:much|many|far|long|bad|that))"
    r"|(?:no|right|well|good)(?= (?:i|i'm|i've|it|it's|we|my|your|the|no|not|you|that|that's|this"
    r"|there|there's|on|in|for|what|she|he|let's)\b)"
    r"|no(?= (?:just|but|only|nothing)\b))+",
    _I,
)
_TAIL = re.compile(
    r"(?:[\s,.;:!?-]+(?:okay|ok|alright|all right|yeah|(?<=, )(?:yes|no)|to me|thanks|thank you"
    r"|though|please|that would be (?:great|good|grand|lovely|fine)|so|and|but|or|doctor"
    r"|isn't it)\b)*[\s,.;:!?-]*$",
    _I,
)
_RELATIVE = (
    r"(?:mother|mom|mum|father|dad|brother|sister|son|daughter|wife|husband|aunt|uncle|grand\w+|parents|family|cousin)"
)
_ADVERB = "(?:" + "|".join(sorted(ADVERBS)) + ")"


def worded(text: str, role: str | None, part: Part) -> str:
    """A clause as a note has it, with a capital and a full stop; empty where nothing is left of it."""
    plain = _spoken(text)
    by_patient = role == "patient" or (role is None and part == "subjective")
    plain = _of_patient(plain) if by_patient else _of_doctor(plain, part)
    plain = figures(plain)
    return "" if empty(_PLAIN_WORD.findall(plain.lower())) else _closed(plain)


def _spoken(text: str) -> str:
    for pattern, note in _TIDY:
        text = pattern.sub(note, text)
    text = _LIKE_ALONE.sub("", _ME_AS_MY.sub("my ", text))
    text = _LIKE.sub("", _ADDRESS.sub("", _FILLER.sub("", text)))
    for pattern, note in _MARKS:
        text = pattern.sub(note, text)
    text = text.strip()
    pieces = _LETTERS.findall(text.lower())
    if len(set(pieces)) < len(pieces):  # to look for what is repeated is the dearest of all
        text = _REPEATED.sub(r"\1", text)
    return _PARTED.sub(r"\1 ", _TAIL.sub("", _LEAD.sub("", text)))


def _closed(text: str) -> str:
    text = _MARKS[2][0].sub(" ", text).strip(" ,;:-")
    if not any(letter.isalnum() for letter in text):
        return ""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


_SUBJECT = (
    rf"(?P<short>'\w+)?(?P<adverbs>(?: {_ADVERB})*)(?: (?P<verb>[a-z]+(?:'t)?))?\b(?!')",
    r"(?P<lead>^|\b(?:and|but|or|then),? )?\b",
)
_I_VERB = re.compile(f"{_SUBJECT[1]}(?P<who>i|we){_SUBJECT[0]}", _I)
_YOU_VERB = re.compile(f"{_SUBJECT[1]}(?P<who>you){_SUBJECT[0]}", _I)
_SHORT = {"'m": "is", "'ve": "has", "'ll": "will", "'d": "would", "'re": "is", "'s": "is"}
#: Before "you" as a subject; elsewhere it is an object, whose verb is another's.
_BEFORE_SUBJECT = re.compile(
    r"(?:^|[,;] |\b(?:that|if|when|because|while|which|as|think|believe|otherwise|until|since|where|how|what|unless"
    r"|whenever|after|before|so|and|but|or) )$",
    _I,
)


_TO_YOU = re.compile(r"\b(to|by|with|from|for|tell|told|saw|seen|see|ask|asked) you\b", _I)
#: What the doctor did, as the patient tells it.
_YOU_DID = re.compile(
    r"\byou(?= (?:gave|told|said|put|prescribed|started|asked|sent|wanted|mentioned|recommended)\b)", _I
)
#: "I'm referring you to": what is to be done is told by the verb.
_ORDERED = re.compile(r"(?:i|we)(?:'m| am|'re| are) (?:also |just )?(\w+ing) (?:you(?: on)? |your )?", _I)


#: Speech without full stops orders several things in one clause.
_PLANNED_TOO = re.compile(
    r"(?<=[ ,])(?:(?:i|we)(?:'m| am|'re| are) (?:gonna|going to)|(?:i|we)(?:'ll| will)|i wanna|i(?:'d| would) like to"
    r"|i want (?:you )?to),? (?:go ahead and )?",
    _I,
)


def _of_patient(text: str) -> str:
    text = of_patient(text)
    text = _TO_YOU.sub(r"\1 the doctor", _YOU_DID.sub("the doctor", text))
    text = _I_VERB.sub(lambda match: _third_person(match, "the patient"), text)
    text = re.sub(rf"\bmy (?={_RELATIVE}\b)", "", text, flags=_I)
    text = re.sub(r"\bmyself\b", "the patient", text, flags=_I)
    text = re.sub(r"\bmine\b", "the patient's", text, flags=_I)
    text = re.sub(r"\bmy ", "", text, flags=_I)
    return re.sub(r"\bme\b", "the patient", text, flags=_I)


def _of_doctor(text: str, part: Part) -> str:
    ordered = _ORDERED.match(text)
    order = base(ordered[1].lower()) if ordered else None
    opened = f"{order} {text[ordered.end() :]}" if ordered and order else of_doctor(of_doctor(text, part), part)
    text = re.sub(r"^(?:your|the) (?=\w)", "", opened, flags=_I)
    if part == "plan":
        text = _PLANNED_TOO.sub("", re.sub(r" for me$", "", text, flags=_I))
    text = _YOU_VERB.sub(_of_you, text)
    text = re.sub(rf"\byour (?={_RELATIVE}\b)", "", text, flags=_I)
    text = re.sub(r"\byourself\b", "the patient", text, flags=_I)
    text = re.sub(r"\bme\b", "the doctor", text, flags=_I)
    return re.sub(r"\byour ", "", text, flags=_I)


def _of_you(match: re.Match[str]) -> str:
    if match["short"] or _BEFORE_SUBJECT.search(match.string[: match.start("who")]):
        return _third_person(match, "the patient")
    return match[0].replace(match["who"], "the patient", 1)


def _third_person(match: re.Match[str], who: str) -> str:
    lead, adverbs = match["lead"] or "", match["adverbs"] or ""
    begins = match.start() == 0
    first = match["who"].lower() != "you"
    subject = "" if begins or (lead and first) else who
    verb = match["verb"] or ""
    if match["short"]:
        helper = _SHORT.get(match["short"].lower(), "")
        helper = "" if begins and helper == "is" else helper
        rest = f"{helper}{adverbs} {verb}"
    elif verb:
        rest = f"{adverbs} {_conjugated(verb.lower())}"
    else:
        return match[0] if not subject else f"{lead}{who}{adverbs}"
    return f"{lead}{subject} {rest}".strip() if not lead else f"{lead}{f'{subject} {rest}'.strip()}"


def _conjugated(verb: str) -> str:
    return {"don't": "does not", "didn't": "did not", "haven't": "has not", "can't": "cannot"}.get(verb, third(verb))
