"""Choices of what the server does, as changes of its conduct."""

from __future__ import annotations

import asyncio
import hashlib
import string
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mock_server import problems
from mock_server.choices.dictation import SOCKET, listening
from mock_server.choices.discovery import OFFERS
from mock_server.choices.inquiry import SHARED_BY, STRANGER_UNKNOWN, UNCANCELLED, WITHOUT
from mock_server.choices.naming import renamed
from mock_server.prsm.refusal import not_accessible, not_possible
from mock_server.session.prsm.table import Event
from mock_server.session.prsm.table import State as Researched
from mock_server.session.step import AudioAccepted, EndRequested
from mock_server.session.table import State

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from mock_server.choices.choice import Taken
    from mock_server.conduct import Conduct
    from mock_server.session.model import Order, Session
    from mock_server.session.prsm.model import Inquiry
    from mock_server.session.step import Happening

_PREFIX: Final = "ses_"
_UNPROCESSABLE: Final = 422
_ALPHABETS: Final = {
    "lower case and digits": string.ascii_lowercase + string.digits,
    "both cases and digits": string.ascii_letters + string.digits,
    "digits": string.digits,
    "hyphen and underscore": string.ascii_lowercase + string.digits + "-_",
}
#: What is looked at here, by name: a draw that leaves all of it alone leaves the conduct alone.
BENT: Final = frozenset(
    {
        *("other_user", "shared_by", "without_pause", "early_cancel", "session_order"),
        *("id_length", "id_alphabet", "other_client", "models", "chunk_seconds", "work_delay_ms"),
        *("same_name", "second_single", "end_empty", "end_again", "end_again_done", "end_count"),
        *("window_id", "open_again"),
        *SOCKET,
    }
)


def bent(conduct: Conduct, taken: Taken) -> Conduct:
    """A conduct as the choices have it; what a fault does to it is done after them."""
    base = replace(
        conduct,
        outsider=_forbidden if taken.get("other_client") == 403 else conduct.outsider,
        oldest_first=conduct.oldest_first or taken.get("session_order") == "the first",
    )
    base = _researching(base, taken) if "other_user" in taken else base
    base = listening(base, taken) if "live_id" in taken else base
    if "window_id" in taken:
        base = replace(
            base,
            window_id=lambda drawn: conduct.window_id(renamed(drawn, taken["window_id"])),
            one_window=base.one_window or taken["open_again"] == "the open one's",
        )
    if "id_length" not in taken:  # the session manager alone is served
        return base
    base = replace(base, session_id=lambda drawn: conduct.session_id(_spelled(drawn, taken)))
    if "models" not in taken:  # nobody else is served
        return base
    offers, chunk_s, delay_ms = OFFERS.get(str(taken["models"])), taken["chunk_seconds"], int(taken["work_delay_ms"])

    def lifetime(order: Order, offered_s: float) -> float:
        return base.lifetime_s(order, offers.get(order.model, offered_s) if offers else offered_s)

    def admits(session: Session, state: State, happening: Happening) -> None:
        _admit(taken, session, state, happening)
        base.admits(session, state, happening)

    def holds(namespace: str, session_id: str) -> Awaitable[object] | None:
        return base.holds(namespace, session_id) or (asyncio.sleep(delay_ms / 1000) if delay_ms else None)

    return replace(
        base,
        lifetime_s=lifetime,
        admits=admits,
        longest_chunk_s=base.longest_chunk_s or float(chunk_s),
        holds=holds,
        wants_count=bool(taken.get("end_count", base.wants_count)),
    )


def _researching(conduct: Conduct, taken: Taken) -> Conduct:
    """What concerns research sessions."""
    early = UNCANCELLED.get(str(taken["early_cancel"]), frozenset[Researched]())

    def controls(inquiry: Inquiry, event: Event) -> None:
        if event is Event.CANCEL_REQUESTED and inquiry.state in early:
            raise not_possible(inquiry, event)
        conduct.controls(inquiry, event)

    strangers = {403: conduct.stranger, 404: _inaccessible, STRANGER_UNKNOWN: problems.session_not_found}
    return replace(
        conduct,
        stranger=strangers[taken["other_user"]],
        shared_by=SHARED_BY[str(taken["shared_by"])],
        without_pause=WITHOUT[str(taken["without_pause"])],
        controls=controls,
    )


def _inaccessible(session_id: str) -> problems.Problem:
    problem = not_accessible(session_id)
    problem.status = 404
    return problem


def _spelled(drawn: str, taken: Taken) -> str:
    """An id in the alphabet and the length of the choices, as hard to guess as that allows."""
    letters = _ALPHABETS[str(taken["id_alphabet"])]
    number, found = int.from_bytes(hashlib.sha256(drawn.encode()).digest()), []
    for _ in range(int(taken["id_length"]) - len(_PREFIX)):
        number, index = divmod(number, len(letters))
        found.append(letters[index])
    return _PREFIX + "".join(found)


def _forbidden(session_id: str) -> problems.Problem:
    told = f"Session {session_id!r} is another client's."
    return problems.Problem(403, "forbidden", told, {"session_id": session_id})


def _refuse(choice: object, told: str, session: Session) -> None:
    if isinstance(choice, int) and choice >= 400:
        # 422 has codes of its own (§11.2)
        code = "audio_too_short" if choice == _UNPROCESSABLE else "invalid_request"
        raise problems.Problem(choice, code, told, {"session_id": session.id})


def _admit(taken: Taken, session: Session, state: State, happening: Happening) -> None:
    """Refuse what the text lets a server refuse; whoever is too late is told that first."""
    match happening:
        case AudioAccepted(file) if state in (State.CREATED, State.RECORDING):
            if any(known.name == file.name for known in session.files):
                _refuse(taken["same_name"], "There is a file of this name already.", session)
            elif session.files and session.order.upload_type == "single":
                _refuse(taken.get("second_single"), "A single file was announced, and is there.", session)
        case EndRequested(audio_files_sent=sent):
            _admit_end(taken, session, state, sent)
        case _:
            return


def _admit_end(taken: Taken, session: Session, state: State, sent: int | None) -> None:
    if state in (State.CREATED, State.RECORDING):
        if taken.get("end_count") and sent is None:
            raise problems.missing_required_field("audio_files_sent")
        if not session.files:
            _refuse(taken["end_empty"], "There is no audio yet.", session)
    elif state is State.PROCESSING:
        _refuse(taken["end_again"], "The session was ended before.", session)
    elif state is not State.EXPIRED:
        _refuse(taken["end_again_done"], "The session was ended before, and is over.", session)
