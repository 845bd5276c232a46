"""What a scenario can be told: typed, bounded, each with a default."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "str | int | float | bool | None"
Values: TypeAlias = "Mapping[str, Value]"

#: Bound: seconds a session's work is held back.
LONGEST_WORK_S: Final = 86_400


@dataclass(frozen=True)
class Parameter:
    """One parameter; `least` and `most` bound a number, or the length of a text in characters."""

    name: str
    sentence: str
    kind: Literal["number", "integer", "boolean", "text", "choice"]
    default: Value
    least: float = 0
    most: float = math.inf
    choices: tuple[str | int, ...] = ()
    #: What a text has to fit as a whole, as a regular expression.
    pattern: str | None = None
    #: Whether null is taken too; `sentence` says what it means.
    nullable: bool = False

    def read(self, given: Any) -> Value:
        """The value, as JSON has it; raises ValueError saying what would be right."""
        if given is None and self.nullable:
            return None
        if not self._fits(given):
            raise ValueError(f"The parameter {self.name!r} has to be {self.expected}.")
        found: Value = given
        return found

    def _fits(self, given: Any) -> bool:
        match self.kind:
            case "boolean":
                return isinstance(given, bool)
            case "choice":
                return not isinstance(given, bool) and isinstance(given, str | int) and given in self.choices
            case "text":
                long_enough = isinstance(given, str) and self.least <= len(given) <= self.most
                return long_enough and (self.pattern is None or re.fullmatch(self.pattern, given) is not None)
            case _:
                numeric = int if self.kind == "integer" else int | float
                # a comparison refuses what is infinite or no number, and holds for integers that no float can
                return not isinstance(given, bool) and isinstance(given, numeric) and self.least <= given <= self.most

    @property
    def expected(self) -> str:
        """What is taken, in words."""
        match self.kind:
            case "boolean":
                told = "true or false"
            case "choice":
                told = " or ".join(map(str, self.choices))
            case "text":
                fitting = f" that fits {self.pattern}" if self.pattern else ""
                told = f"a text of {self.least:.15g} to {self.most:.15g} characters{fitting}"
            case _:
                what = "an integer" if self.kind == "integer" else "a number"
                told = f"{what} from {self.least:.15g} to {self.most:.15g}"
        return f"{told}, or null" if self.nullable else told

    def described(self) -> dict[str, Any]:
        """As the catalogue tells it to programs."""
        bounded = self.kind in ("number", "integer", "text")
        return {
            "name": self.name,
            "description": self.sentence,
            "type": "number" if self.kind == "number" else self.kind,
            "default": self.default,
            **({"minimum": self.least, "maximum": self.most} if bounded else {}),
            **({"pattern": self.pattern} if self.pattern else {}),
            **({"choices": list(self.choices)} if self.choices else {}),
            "nullable": self.nullable,
        }


def seconds(sentence: str, default: float, most: float = LONGEST_WORK_S) -> Parameter:
    """The parameter that says how long something takes."""
    return Parameter("seconds", sentence, "number", default, 0, most)


def seconds_of(values: Values) -> float:
    """How long it takes by the values that were given."""
    return float(cast("float", values["seconds"]))
