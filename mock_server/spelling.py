"""How the address of a server is spelled, whichever option takes it."""

from __future__ import annotations

import re
from typing import Final

#: Longer than any such address that somebody writes.
_LONGEST: Final = 2048
_PRINTABLE = re.compile(r"[!-~]+\Z")
#: Codes of an encoded letter; a "%" that begins none is the letter itself in no two programs alike.
_CODES = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*\Z")


def check_spelling(option: str, form: str, given: str, names: str) -> None:
    """Raise ValueError for what no two programs read alike, repeating nothing of it, for a password may stand there.

    `form` shows what the option takes, `names` tells which parts of it may hold any letter.
    """
    if len(given) > _LONGEST or not _PRINTABLE.match(given) or not _CODES.match(given):
        raise ValueError(
            f"{option} takes {form}, at most {_LONGEST} printable ASCII characters; another one, and each of"
            f" % / ? # @ : in {names}, is written as %25, %2F and so on."
        )
