"""Servers that take one form of the two language members: the string of the field table, or the array of the schema."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .honest import Honest

if TYPE_CHECKING:
    from .admission import Admission


class StringsOnly(Honest):
    """An array is refused with 400; the string that example and field table print is taken."""

    def admission(self) -> Admission:
        return replace(super().admission(), languages=("string",))


class ArraysOnly(Honest):
    """A string is refused with 400; the array of the schema is taken."""

    def admission(self) -> Admission:
        return replace(super().admission(), languages=("array",))
