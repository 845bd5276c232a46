"""Strict reading of one YAML mapping: every key is asked for once, and none is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from .model import Codes, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

Choice = TypeVar("Choice", bound="StrEnum")


class Record:
    """One mapping of a spec file, which knows where it stands."""

    def __init__(self, file: str, value: object, key: str = "id") -> None:
        self.file = file
        self.name = "?"
        if not isinstance(value, dict):
            self.refuse(f"is {type(value).__name__}, not a mapping")
        self._values: dict[object, object] = dict(value)
        self.name = str(value.get(key, f"entry without {key}"))

    def refuse(self, problem: str) -> NoReturn:
        """Raise SpecError with file and entry."""
        raise SpecError(f"{self.file}: {self.name}: {problem}")

    def text(self, key: str, *, empty: bool = False) -> str:
        """Take a string, which may be empty only where that says something."""
        value = self._values.pop(key, None)
        if value is None:
            self.refuse(f"has no {key}")
        if not isinstance(value, str) or not (value.strip() or empty):
            self.refuse(f"{key} is {value!r}, not text (quote it?)")
        return value.strip()

    def text_or_none(self, key: str) -> str | None:
        """Take a string that may be absent."""
        return self.text(key) if key in self._values else None

    def texts(self, key: str, *, empty: bool = True) -> tuple[str, ...]:
        """Take a list of distinct strings; absent means empty."""
        value = self._values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.refuse(f"{key} is not a list of text (quote dates)")
        if len(set(value)) != len(value):
            self.refuse(f"{key} names something twice")
        if not value and not empty:
            self.refuse(f"has no {key}")
        return tuple(value)

    def has(self, key: str) -> bool:
        """Tell whether the key is there and has not been taken."""
        return key in self._values

    def integer(self, key: str) -> int:
        """Take an integer."""
        value = self._values.pop(key, None)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(f"{key} is {value!r}, not an integer")
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """Take a list of integers."""
        value = self._values.pop(key, None)
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            self.refuse(f"{key} is not a list of integers")
        return tuple(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        """Take a boolean; without a default it has to be there."""
        value = self._values.pop(key, default)
        if not isinstance(value, bool):
            self.refuse(f"{key} is {value!r}, not true or false")
        return value

    def choice(self, key: str, kind: type[Choice]) -> Choice:
        """Take a member of an enumeration."""
        value = self.text(key)
        try:
            return kind(value)
        except ValueError:
            self.refuse(f"{key} {value!r} is unknown, known are {', '.join(kind)}")

    def codes(self, key: str) -> Codes:
        """Take status codes, single (404) or as a class (4xx); absent means none."""
        value = self._values.pop(key, [])
        if not isinstance(value, list):
            self.refuse(f"{key} is not a list of codes")
        classes = tuple(int(item[0]) for item in value if item in ("1xx", "2xx", "3xx", "4xx", "5xx"))
        single = tuple(item for item in value if type(item) is int and 100 <= item <= 599)
        if len(single) + len(classes) != len(value):
            self.refuse(f"{key} {value!r} holds something that is no status code")
        return Codes(single, classes)

    def mapping(self, key: str) -> dict[str, object]:
        """Take a mapping with text keys."""
        value = self._values.pop(key, None)
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value):
            self.refuse(f"{key} is not a mapping")
        return value

    def items(self, key: str) -> list[object]:
        """Take a list of anything; absent means empty."""
        value = self._values.pop(key, [])
        if not isinstance(value, list):
            self.refuse(f"{key} is not a list")
        return value

    def known(self, key: str, names: Iterable[str], allowed: Iterable[str]) -> None:
        """Refuse names that do not exist."""
        for name in names:
            if name not in allowed:
                self.refuse(f"{key} names {name}, which does not exist")

    def done(self) -> None:
        """Refuse keys nobody asked for."""
        if self._values:
            self.refuse(f"unknown key {', '.join(map(str, self._values))}")
