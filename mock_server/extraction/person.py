"""People who are not the patient: relatives, those around, and whoever speaks of himself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import phrases, vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Relative:
    """Somebody who is not the patient, by the word for them; the pronoun is he, she or they."""

    name: str
    pronoun: str
    #: Whether an illness of theirs is family history.
    kin: bool = True


_KIN = {
    "she": """mother mom mum mama mommy mam grandmother grandma granny gran nana nan sister aunt auntie niece
        wife girlfriend daughter granddaughter stepmum stepmom fiancee stepmother stepsister stepdaughter""",
    "he": """father dad daddy papa grandfather grandpa granddad grandad brother uncle nephew husband boyfriend
        son grandson stepdad gramps pop stepfather stepbrother stepson fiance""",
    "they": """parent sibling grandparent cousin partner ex child kid baby relative grandchild twin spouse children
        grandchildren kids""",
}
_AROUND = """lodger tenant landlord landlady manager supervisor teammate buddy friend coworker colleague neighbor
    neighbour roommate flatmate housemate mate boss classmate"""
RELATIVES = {name: Relative(name, pronoun) for pronoun, names in _KIN.items() for name in names.split()} | {
    name: Relative(name, "they", kin=False) for name in _AROUND.split()
}
#: Whom somebody brings, by the word for the one who speaks for the patient; of several the first who is named.
_MOTHER, _FATHER = vocabulary("mother mom mum mama mommy mam mummy"), vocabulary("father dad daddy papa pop")
BROUGHT: Mapping[str, tuple[frozenset[str], ...]] = {
    "daughter": (_MOTHER, _FATHER),
    "son": (_MOTHER, _FATHER),
    "wife": (vocabulary("husband partner"),),
    "husband": (vocabulary("wife partner"),),
    "sister": (vocabulary("sister"), vocabulary("brother")),
    "brother": (vocabulary("brother"), vocabulary("sister")),
}
CHILD = Relative("child", "they")
FAMILY = Relative("family", "they")
OTHERS = Relative("others", "they", kin=False)
DOCTOR = Relative("doctor", "they", kin=False)
PARENT = Relative("parent", "they")

#: "This lad at work", "a woman in the next bed".
_STRANGERS = {
    name: Relative(name, pronoun, kin=False)
    for pronoun, names in {"he": "lad guy bloke chap fella fellow man gentleman", "she": "woman lady girl"}.items()
    for name in names.split()
}
_ANY = vocabulary("this some another a the that one")
_SOMEWHERE = vocabulary("at in from next who who's down on upstairs across has had he's she's i")


#: "I had a chap in this morning": another patient, as the doctor tells.
_MET = vocabulary("had saw seen treated met know knew got see")


def other_patient(met: str, before: str, name: str) -> Relative | None:
    """Somebody whom the doctor saw, by the words that lead up: "had", "a"."""
    return _STRANGERS.get(name) if before in {"a", "another", "one"} and met in _MET else None


def stranger(before: str, name: str, after: str) -> Relative | None:
    """Somebody who is told by the words around: a word for anybody, and where they are met."""
    if name in _PETS:
        return _PETS[name] if before in _OWN and after in _DOES else None
    return _STRANGERS.get(name) if before in _ANY and after in _SOMEWHERE else None


#: What people in general take or have is nobody's in the room.
_PEOPLE = vocabulary(
    """people patients women men adults folk folks ones others children kids babies teenagers girls boys
    smokers diabetics"""
)
_OF_THEM = vocabulary(
    """on with who taking take took get got getting have had having has are were find found use using used develop
    developed often usually sometimes tend over under your in don't do go feel report reported swear start started"""
)
_SEVERAL = vocabulary("some many most others few")
_THEY_DO = vocabulary("take took get got have had use used find found develop developed prefer swear feel")
_CLAUSE_OPENS = vocabulary(", and but so ; because well")
#: "In the trial they gave", "the guidelines say".
_WRITTEN = vocabulary("trial trials study studies guideline guidelines guidance research literature textbook textbooks")
#: "Half the office has COVID".
_PLACES = vocabulary("office school nursery class team ward street village building department shift crew")
_HAVE = vocabulary("has had have got is was went gets")
_OWNED = vocabulary("my your our his her their these those two three")


def anybody(before: str, name: str, after: str) -> bool:
    """Whether a word is for people in general, by the words around it."""
    if name in _PEOPLE:
        return after in _OF_THEM and before not in _OWNED
    if name in _SEVERAL:
        return after in _THEY_DO and (not before or before in _CLAUSE_OPENS)
    if name in _WRITTEN:
        return before in {"the", "that", "a", "this", "big", "recent", "some"}
    return name in _PLACES and after in _HAVE and before == "the"


#: "My dog takes gabapentin": an animal somebody is allergic to takes nothing.
_PETS = {name: Relative(name, "it", kin=False) for name in ["dog", "cat", "puppy", "kitten", "horse", "pet"]}
_OWN = vocabulary("my our his her their the")
_DOES = vocabulary("takes took is was has had gets got uses needs")


#: Words without which nobody but the patient is told of by any of the above.
NAMING = frozenset(RELATIVES) | frozenset(_STRANGERS) | frozenset(_PETS) | _PEOPLE | _SEVERAL | _WRITTEN | _PLACES

#: The doctor tells of himself: "I myself take ramipril".
_DOCTORS_OWN = phrases(
    r"""i(?:'m|'ve| am| have)? (?:\w+ ){0,6}myself
    i (?:also|too) (?:take|suffer from)"""
)
#: A parent tells of himself where the child is the patient.
_PARENTS_OWN = re.compile(
    r"^i(?:'ve (?:got|had|always had)| have| get| got| had| suffer| take| used to (?:have|get|take)"
    r"| was (?:on|taking|put on)|'m (?:on|taking)| am (?:on|taking))"
    r"(?! (?:to|no|not|been|given|seen|taken|him|her|them|noticed|tried|brought|a feeling|\w+ed|n't)\b)\b"
)
_OWN_REACH = 9


def speaker(said: str, *, doctor: bool, child: bool) -> Relative | None:
    """Whom the words from an "I" on are about, where it is not the patient who speaks."""
    said = " ".join(said.split(" ", _OWN_REACH)[:_OWN_REACH])
    if doctor:
        return DOCTOR if _DOCTORS_OWN.match(said) else None
    return PARENT if child and _PARENTS_OWN.search(said) else None
