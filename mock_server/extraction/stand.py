"""Whom a visit is for: the one who speaks, or a child or grown-up whom somebody else speaks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.person import BROUGHT, RELATIVES
from mock_server.extraction.phrase import phrases, vocabulary

if TYPE_CHECKING:
    from mock_server.extraction.sentence import Dialogue

#: A child whom the doctor asks about is the patient.
CHILDREN = vocabulary("son daughter child children kid kids baby boy girl toddler infant")
OWN_CHILD = vocabulary("boy girl lad lass toddler infant")
#: "My little lad here" is whom the visit is for.
_CHILD_HERE = re.compile(
    r"\bmy (?:\w+ )?(?:son|daughter|child|kid|baby|boy|girl|lad|lass|toddler)(?:'s)?(?: \w+)? here\b"
)
_CHILD_ASKED = re.compile(
    r"\b(?:your|the) (?:\w+ )?(?:son|daughter|child|kid|baby|boy|girl|toddler|infant)(?:'s)? (?:\w+ )?"
    r"(?:been|having|has|have|had|feel\w*|cough\w*|eat\w*|sick|ill|unwell|doing|today|here|hurt\w*|take|taking)\b"
)
_ASKS_HIM, _ASKS_HER, _ASKS_YOU = (
    re.compile(rf"(?<!\S){word}(?!\S)(?! (?:know|think))") for word in ("he", "she", "you")
)
_PARENT = re.compile(r"(?i)\b(?:parent|mother|father|mom|mum|dad|guardian|guest_family)\b")
#: The question about the child that the visit is for comes early.
_EARLY = 12
SECOND = vocabulary("you you're you've you'd you'll yourself")
#: "It runs in the family": an illness of all of them.
RUNS = phrases(
    r"""run(?:s|ning)? (?:in|on|through)|family history|family members?|family illness\w*|side of the family
    (?:in|of) (?:the|my|your|our|his|her|their) family
    (?:mother|mom|mum|father|dad)(?:'s)? side|(?:maternal|paternal) side"""
)


@dataclass(frozen=True, slots=True)
class Stand:
    """The patient of a visit where somebody else answers: the words for a child, and the pronoun."""

    names: frozenset[str] = frozenset()
    pronoun: str | None = None
    #: Whether one voice tells of the patient, and nobody is spoken to.
    dictated: bool = False


def stand(dialogue: Dialogue) -> Stand:
    """Whether the visit is about a child: the doctor asks for "your daughter", or of "he" more than of "you"."""
    sentences = dialogue.sentences
    asked = [one.plain for one in sentences if one.asks and one.role == "doctor" and not RUNS.search(one.plain)]
    early = [one.plain for one in sentences[:_EARLY] if one.asks and one.role != "patient"]
    he, she, you = (sum(1 for said in asked if form.search(said)) for form in (_ASKS_HIM, _ASKS_HER, _ASKS_YOU))
    if max(he, she) > you and not any(_named(said) for said in asked):
        return Stand(CHILDREN, "he" if he > she else "she")
    if any(turn.speaker and _PARENT.search(turn.speaker) for turn in dialogue.turns):
        return Stand(CHILDREN, None)
    brought = _brought(dialogue)
    if brought:
        return Stand(brought, None)
    if any(_CHILD_HERE.search(one.plain) for one in sentences[:_EARLY]):
        return Stand(CHILDREN | OWN_CHILD, None)
    if any(_CHILD_ASKED.search(said) for said in early if not RUNS.search(said)):
        return Stand(CHILDREN, None)
    alone = all(one.role != "patient" for one in sentences)
    return Stand(dictated=alone and not any(word.text in SECOND for one in sentences for word in one.words))


def _brought(dialogue: Dialogue) -> frozenset[str]:
    """The words for a patient whom a grown-up relative speaks for."""
    speakers = {turn.speaker.lower() for turn in dialogue.turns if turn.speaker}
    named = next((families for speaker, families in BROUGHT.items() if speaker in speakers), ())
    if len(named) < 2:
        return named[0] if named else frozenset()
    said = (word.text.removesuffix("'s") for sentence in dialogue.sentences for word in sentence.words)
    first = next((word for word in said if any(word in family for family in named)), None)
    return next((family for family in named if first in family), frozenset())


def _named(said: str) -> bool:
    """Whether a question names a relative other than a child."""
    return any(word in RELATIVES and word not in CHILDREN for word in said.split())
