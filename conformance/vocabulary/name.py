"""How names of a run are made and read: members with a sentence each, families of names, and repeats."""

from __future__ import annotations

from enum import StrEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What stands behind the name of something done once more.
_AGAIN = " again"


class Name(StrEnum):
    """A name that labels carry, with a sentence on what it means.

    A member with a `joint` is a family: `of` makes the names in it. A name is read by `meant`, never by its spelling.
    """

    sentence: str
    joint: str

    def __new__(cls, text: str, sentence: str, joint: str = "") -> Self:
        """A member from its text, its sentence and what joins its text to a detail."""
        member = str.__new__(cls, text)
        member._value_ = text
        member.sentence = sentence
        member.joint = joint
        return member

    def of(self, detail: object) -> str:
        """A name of this family; raises TypeError where the member is not one."""
        if not self.joint:
            raise TypeError(f"{self!r} takes no detail")
        return f"{self}{self.joint}{detail}"

    def detail(self, name: str) -> str:
        """What a name of this family has behind its joint, a repeat aside."""
        return original_of(name.removeprefix(self + self.joint))

    @classmethod
    def meant(cls, name: str | None) -> Self | None:
        """The member that a name is, repeats, or belongs to; None for a name nobody gave."""
        found = None if name is None else _meant(cls, name)
        return found if isinstance(found, cls) else None

    def covers(self, name: str | None) -> bool:
        """Whether a name is this one, repeats it, or belongs to its family."""
        return self.meant(name) is self


def repeat_of(name: str) -> str:
    """The name of the same, done once more."""
    return name + _AGAIN


def original_of(name: str) -> str:
    """The name of what a repeat repeats."""
    return name.removesuffix(_AGAIN)


@lru_cache(maxsize=4096)
def _meant(kind: type[Name], name: str) -> Name | None:
    members, families = _table(kind)
    bare = original_of(name)
    whole = members.get(name) or members.get(bare)
    if whole is not None and whole == name:
        return whole
    found = [member for prefix, member in families if name.startswith(prefix)]
    return max(found if whole is None else [*found, whole], key=len, default=None)


@cache
def _table(kind: type[Name]) -> tuple[Mapping[str, Name], tuple[tuple[str, Name], ...]]:
    """The members by their text, and the families with how their names begin."""
    families = tuple((member + member.joint, member) for member in kind if member.joint)
    return {member.value: member for member in kind}, families
