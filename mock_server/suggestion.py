"""The name that somebody may have meant, told only where it is near."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from mock_server.served import Served

#: How much alike two names are of which one is a slip of the other; less alike is another word.
_ALIKE: Final = 0.75
#: Characters of a name that are looked at, and those that are enough for the beginning of one.
_LONGEST, _BEGINNING = 100, 3
#: So many names are listed; of more, the first few.
_LISTED, _FEW = 12, 3


def nearest(word: object, names: Collection[str]) -> str | None:
    """The name that a word is a slip of, or the beginning of; None where none is near."""
    if not isinstance(word, str):
        return None
    near = difflib.get_close_matches(word[:_LONGEST], names, 1, _ALIKE)
    longer = sorted((name for name in names if len(word) >= _BEGINNING and name.startswith(word)), key=len)
    return next(iter([*near, *longer]), None)


def hint(word: object, names: Collection[str]) -> str:
    """A sentence with the nearest name, behind another one; nothing where none is near."""
    near = nearest(word, names)
    return f" Did you mean {near!r}?" if near else ""


def there(word: object, names: Collection[str]) -> str:
    """The nearest name, or which there are, as a sentence behind one that says that a name is none of them."""
    if near := hint(word, names):
        return near
    if not names:
        return " There is none."
    if len(names) > _LISTED:
        return f" There are {len(names)}, such as {', '.join(list(names)[:_FEW])}."
    return f" There {'is' if len(names) == 1 else 'are'} {', '.join(names)}."


def listed(what: str, served: Served) -> str:
    """The command that lists what a server has, as a sentence behind one that says that a name is none."""
    return f" `scribe-mock {what}{served.options}` lists them."
