"""Verbs of the first and second person, put into the third."""

from __future__ import annotations

from mock_server.extraction.phrase import vocabulary

_IRREGULAR = {
    "have": "has", "'ve": "has", "do": "does", "am": "is", "are": "is", "'m": "is", "'re": "is", "go": "goes",
    "don't": "does not", "do n't": "does not", "haven't": "has not", "aren't": "is not",
    "weren't": "was not", "were": "was",
}  # fmt: skip
_UNCHANGED = vocabulary(
    """can could will would shall should may might must cannot can't couldn't won't wouldn't didn't wasn't hadn't had
    was did took went felt got came ate drank slept woke fell broke saw told said thought gave ran hit put cut let
    lost found made left kept stood sat lay bought brought caught knew began became spent sent met read heard held
    wore threw swam paid chose drove flew forgot grew hid led meant rode rang rose sang sank shook shot spoke
    stuck stung swelled swore tore understood won wrote is has does gets takes used been being done gone seen
    taken given ended happened hurt bent slid bit bled dealt dreamt dug fed fought froze lent lit quit set shut
    slipped spread split strained i we he she it they"""
)
#: What looks like a past and is none.
_BASE = vocabulary("need feed bleed speed exceed proceed succeed breed bring sing ring swing cling")
#: Adverbs stand between the subject and its verb.
ADVERBS = vocabulary(
    """also just really usually always never still sometimes often only even actually already currently normally
    probably definitely mostly mainly occasionally rarely generally recently finally then now kinda last first"""
)


def third(verb: str) -> str:
    """The form that goes with "the patient"; forms of the past and auxiliaries stay."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb in _UNCHANGED or not verb.isalpha():
        return verb
    if verb.endswith(("ed", "ing")) and verb not in _BASE:
        return verb
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2:-1] not in set("aeiou"):
        return verb[:-1] + "ies"
    return verb + "s"


_BASES = {
    form: base
    for base, form in (
        pair.split("/")
        for pair in [
            "refer/referring",
            "start/starting",
            "prescribe/prescribing",
            "give/giving",
            "add/adding",
            "stop/stopping",
            "order/ordering",
            "send/sending",
            "put/putting",
            "increase/increasing",
            "decrease/decreasing",
            "reduce/reducing",
            "change/changing",
            "keep/keeping",
            "continue/continuing",
            "book/booking",
            "arrange/arranging",
            "switch/switching",
            "swap/swapping",
            "bring/bringing",
            "request/requesting",
            "schedule/scheduling",
            "recommend/recommending",
            "move/moving",
            "take/taking",
        ]
    )
}


def base(verb: str) -> str | None:
    """What is to be done, of "referring" and the like; None for words that order nothing."""
    return _BASES.get(verb)
