"""What a sequence of the machine is made of: one step about one of its sessions, in words a person can follow."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from conformance.vocabulary.operation import Operation

#: Files of somebody who may not send any have names of their own, so that a list shows whose it is.
FOREIGN: Final = 90
#: The requests of a sequence that are about no session.
TEMPLATES: Final = "templates"
LIST: Final = "list"
ASIDE: Final = frozenset({TEMPLATES, LIST})
#: Audio goes over the socket of a session.
SPEAK: Final = "speak"
#: More sessions than letters no sequence has.
_LETTERS: Final = ascii_uppercase


@dataclass(frozen=True)
class Step:
    """One step: an operation about a session of the sequence, by its owner or, as `caller`, an outsider.

    `session` counts the creates of a sequence from 0, also those of which no session came. An upload sends `count`
    files one after the other, numbered from `first`. `variant` says which create body.
    `aim` is the operation that a wait is to make possible.
    """

    operation: str
    session: int = 0
    caller: str | None = None
    first: int = 0
    count: int = 1
    variant: int = 0
    aim: str = ""

    @property
    def letter(self) -> str:
        """The session's name in words."""
        return _LETTERS[self.session % len(_LETTERS)]

    def __str__(self) -> str:
        told = {
            "create": f"create session {self.letter}",
            "get": f"read {self.letter}",
            "upload": f"upload {self._files} to {self.letter}",
            "end": f"end {self.letter}",
            "wait": f"read {self.letter} until {f'a {self.aim} may be taken' if self.aim else 'it rests'}",
            TEMPLATES: "list the templates",
            LIST: "list the sessions",
            SPEAK: f"speak into {self.letter}",
            "drop": f"break {self.letter} off",
            "flush": f"say flush in {self.letter}",
            "clear": f"say clear in {self.letter}",
            "message": f"send a message of {self.letter}",
        }.get(self.operation, f"{self.operation} {self.letter}")
        if self.operation == Operation.CREATE and self.variant:
            told += f" (form {self.variant + 1})"
        return told if self.caller is None else f"{told} as {self.caller.replace('_', ' ')}"

    @property
    def _files(self) -> str:
        if self.count == 1:
            return f"audio_{self.first}"
        return f"audio_{self.first} to audio_{self.first + self.count - 1}"


def in_words(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The steps as a person counts them."""
    return tuple(f"{place}. {step}" for place, step in enumerate(steps, 1))
