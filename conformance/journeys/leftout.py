"""Files that a transcript leaves out are sent once more: what is heard then was lost by the service before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.vocabulary.session import Session
from conformance.vocabulary.words import shares_heard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.drive.driver import Driver
    from conformance.evidence import Exchange

#: Sent once more, at most: a service that stops at some length should not stop before these.
_MOST = 2


async def ask_again(drive: Driver, session: str, fixtures: Sequence[str], final: Exchange | None) -> None:
    """(9.5) A session of what the transcript leaves out, between two files it has; none where it has everything.

    `fixtures` are the files of the session in the order of their numbers.
    """
    if final is None or final.document.get("status") != "completed":
        return
    texts = [drive.audio[name].text for name in fixtures]
    shares = dict(zip(fixtures, shares_heard(texts, str(final.document.get("transcript") or "")), strict=True))
    lost = [name for name, share in shares.items() if share == 0]
    heard = [name for name, share in shares.items() if share]
    if lost and heard:
        await drive.consult(Session.LEFT_OUT.of(session), [heard[0], *lost[:_MOST], heard[-1]])
