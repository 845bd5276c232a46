"""Which words of a sentence belong to a relative that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Word

_OWNERS = vocabulary("my your his her their our the a an both one")
_BETWEEN = vocabulary(
    "older younger oldest youngest elder late own twin maternal paternal biological great little big whole step half"
)
_CLAUSE_ENDS = vocabulary(", ; and but not so")


def owned_from(said: Sequence[Word], at: int) -> int:
    """Where the words for a relative begin: "my older brother"."""
    start = at
    while start and said[start - 1].text in _BETWEEN:
        start -= 1
    return start - 1 if start and said[start - 1].text in _OWNERS else start


def matter_from(said: Sequence[Word], owned: int, at: int) -> int:
    """Where the relative's matter begins, the whole clause where a thing is theirs: "the warfarin is my wife's"."""
    following = said[at + 1].text if at + 1 < len(said) else ","
    verb = said[owned - 1].text if owned else ""
    if not said[at].text.endswith("'s") or following not in _CLAUSE_ENDS or verb not in {"is", "are", "was", "were"}:
        return _finding_from(said, owned)
    start = owned - 1
    while start and said[start - 1].text not in _CLAUSE_ENDS:
        start -= 1
    return start


def _finding_from(said: Sequence[Word], owned: int) -> int:
    """Where the relative's matter begins: before the name in "diabetes in my mother"."""
    if not owned or said[owned - 1].text not in {"in", "on"}:
        return owned
    start = owned - 1
    while start and said[start - 1].text not in {",", ";", "and", "but", "i", "have"}:
        start -= 1
    return start
