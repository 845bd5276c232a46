"""What a server of live sessions does where their text leaves it open: one frozen value, asked of by namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable


def _same(value: str) -> str:
    return value


@dataclass(frozen=True)
class Usage:
    """Each field's default is what this server does unless it is told otherwise."""

    #: What the id drawn for a session is made into, and the id that a client means by the one it resumes (E1).
    new_id: Callable[[str], str] = _same
    meant: Callable[[str], str] = _same
    #: Whether a socket is refused as HTTP is, before it is opened, where its key or a parameter is wrong (E33).
    refuses_first: bool = False
    #: Whether key and parameters that are wrong are told by the code of RFC 6455 for what a policy forbids (E33).
    plain_codes: bool = False
    #: Whether a session begins without a link that resumes what cannot be resumed (E13).
    resumes_anew: bool = False
    #: Whether a parameter with a value that cannot be is as one that is not there (E18).
    forgives: bool = False
    #: What becomes of a session that is to be enhanced and keeps no audio (E21).
    unheard: Literal["refused", "not enhanced", "kept"] = "refused"
    #: Whether a session is completed whose client is gone without a word (E16).
    lost_completes: bool = False
    #: Whether a session is interrupted whose client closes the socket and says no end (E15).
    closed_interrupts: bool = False
    #: Seconds of audio by which the figures of an active session may be late (E28).
    figures_s: float = 5.0
    #: Whether a session stays that a later one goes on from (E4).
    keeps_former: bool = False
    #: Whether the transcript of an active session is given as far as it goes (E19).
    tells_early: bool = False


USUAL = Usage()
