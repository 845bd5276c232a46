"""Amounts: whole hundredths of a credit here, decimals with two digits in answers."""

from __future__ import annotations

import re
from typing import Final

#: What one is told in.
CURRENCY: Final = "credits"
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(?:[.][0-9]{1,12})?\Z")
_DIGITS: Final = 2


def shown(hundredths: int) -> str:
    """An amount as the document's decimals are written here (E27)."""
    sign, rest = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{rest // 100}.{rest % 100:02}"


def hundredths(given: object) -> int | None:
    """What a number or a decimal in a string comes to, rounded down; None for anything else."""
    text = repr(given) if type(given) in (int, float) else given
    if not isinstance(text, str) or not _DECIMAL.match(text):
        return None
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(_DIGITS, "0")[:_DIGITS])
