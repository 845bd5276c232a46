"""What the patient says of himself by pointing at what a relative has: "my mum has it, but I don't"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeVar

from mock_server.extraction.phrase import phrases

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_ONE = r"(?:it|that|the same(?: thing)?)"
_ALL = r"(?:them|those|any of (?:it|that|those|them)|either(?: of (?:them|those))?|both)"
_TOO = phrases(r"so (?:do|have|am) i|me too|as (?:do|have) i|i (?:do|have) too|i also (?:do|have)")
_HAVE = re.compile(
    rf"\bi(?:'ve| have)?(?: also| still| now)* (?:get|got|have|had|having) (?:{_ONE}|{_ALL})"
    r"(?=$| (?:,|too|also|as well|now|every|most|all|sometimes|often|myself|and|but|since|for)\b| ,)"
)
_NOT = re.compile(
    rf"\bi(?:'ve)? (?:haven't|don't|didn't|have not|do not|never|(?:do|have|did) n't)(?: ever| yet)?"
    rf"(?: (?:got|had|have|get|suffer from))? (?:{_ONE}|{_ALL})(?! before\b)"
    r"|\bi (?:haven't|don't|have not|do not)$|\bnot me$"
)


def compared(plain: str, theirs: Sequence[T]) -> tuple[Literal["present", "absent"], Sequence[T]] | None:
    """Which of the things told last of others the patient says to have, or not to have."""
    denied = _NOT.search(plain)
    if denied:
        return "absent", _meant(denied[0], theirs)
    had = _HAVE.search(plain)
    if had or _TOO.search(plain):
        return "present", _meant(had[0], theirs) if had else theirs
    return None


def _meant(said: str, theirs: Sequence[T]) -> Sequence[T]:
    """What is meant by "it" is the last, by "them" or by nothing said all."""
    return theirs[-1:] if re.search(rf"{_ONE}$", said) else theirs
