"""Amounts: whole hundredths of a credit here, decimals with two digits in answers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

#: What one is told in.
CURRENCY: Final = "credits"
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(?:[.][0-9]{1,12})?\Z")
_MOST: Final = 10**12


def shown(hundredths: int) -> str:
    """An amount as the document's decimals are written here (E27)."""
    sign, rest = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{rest // 100}.{rest % 100:02}"


def hundredths(given: Any) -> int | None:
    """What a number or a decimal in a string comes to, rounded down; None for anything else."""
    if type(given) in (int, float) and 0 <= given <= _MOST:
        return int(Decimal(repr(given)) * 100)
    if not isinstance(given, str) or not _DECIMAL.match(given):
        return None
    return int(Decimal(given) * 100)
